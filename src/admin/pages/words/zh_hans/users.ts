/**
 * Users, tokens and one's own account, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { users as english } from "../en/users.ts";

/** See the module. */
export const users: Catalogue<typeof english> = {
  "users.about": "谁可以使用本页及其 API，以及具备的角色",
  "users.list": "用户",
  "users.name": "用户名",
  "users.role": "角色",
  "users.login": "登录方式",
  "users.password": "密码",
  "users.certificate": "证书",
  "users.nothing": "无：无法登录",
  "users.disabled": "已停用：无法登录",
  "users.disable": "停用",
  "users.disable_hint": "立即无法登录，会话和 API 令牌一并失效；其余数据保留，可随时重新启用。",
  "users.factor": "双重身份验证",
  "users.you": "您",
  "users.new": "添加用户",
  "users.new_password": "密码，至少 {count} 个字符",
  "users.other_password": "新密码",
  "users.other_password_hint": "留空则保持不变。更改后该用户的会话会结束。",
  "users.password_hint": "使用证书登录者可留空",
  "users.no_password": "移除密码",
  "users.certificate_name": "客户端证书上的名称",
  "users.certificate_hint": "与用户名不同时填写",
  "users.create": "创建",
  "users.created": "已创建用户 {name}。",
  "users.changed": "已更改用户 {name}。",
  "users.deleted": "已删除用户 {name}。",
  "users.delete_sure": "要删除 {name} 及其会话、令牌和双重身份验证吗？",
  "users.reset_factor": "重置双重身份验证",
  "users.reset_about": "例如手机丢失时：用户仅用密码登录，再重新设置。",
  "users.reset_done": "{name} 的双重身份验证已关闭。",
  "users.at_once": "用户的更改立即生效，无需确认。",
  "users.tokens": "API 令牌",
  "users.tokens_none": "没有令牌",
  "users.tokens_none_hint": "使用 API 的程序（例如监控）需要令牌：请在下面创建。",
  "users.token_name": "用途",
  "users.token_owner": "所有者",
  "users.token_created": "创建时间",
  "users.token_expires": "到期日",
  "users.token_expired": "已过期",
  "users.token_used": "上次使用",
  "users.token_days": "有效天数，1 至 {max}",
  "users.token_days_wrong": "不是 1 至 {max} 的数字",
  "users.token_name_wrong": "为空、超过 100 个字符，或含有控制字符",
  "users.token_new": "添加令牌",
  "users.token_made": "令牌已创建。仅显示这一次，请立即复制。",
  "users.revoke": "撤销",
  "users.revoke_sure": "要撤销令牌 {name} 吗？使用它的程序将无法访问。",
  "users.revoked": "令牌已失效。",
};
