/**
 * One's own account, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { account as english } from "../en/account.ts";

/** See the module. */
export const account: Catalogue<typeof english> = {
  "account.about": "您是 {user}（{role}）",
  "account.password": "密码",
  "account.present": "当前密码",
  "account.fresh": "新密码，至少 {count} 个字符",
  "account.again": "再次输入新密码",
  "account.differs": "与上方不同",
  "account.change": "更改密码",
  "account.changed": "密码已更改，其他会话已结束。",
  "account.factor": "双重身份验证",
  "account.factor_off": "已关闭。开启后，登录时还需要验证器应用显示的验证码。",
  "account.factor_on": "自 {time} 起开启；剩余 {count} 个恢复码。",
  "account.factor_begin": "开启",
  "account.factor_remove": "关闭",
  "account.factor_removed": "双重身份验证已关闭。",
  "account.scan": "请用验证器应用扫描，或输入密钥，然后输入应用显示的验证码。",
  "account.qr": "密钥的二维码",
  "account.secret": "密钥",
  "account.code": "验证码",
  "account.confirm": "确认",
  "account.codes": "恢复码",
  "account.codes_about": "应用丢失时，每个恢复码可登录一次。仅显示这一次，请妥善保存。",
  "account.done": "双重身份验证已开启。",
  "account.sessions": "会话",
  "account.from": "来源",
  "account.began": "开始时间",
  "account.used": "上次使用",
  "account.this": "当前会话",
  "account.end": "结束",
  "account.ended": "会话已结束。",
};
