/**
 * Login and set-up, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { entrance as english } from "../en/entrance.ts";

/** See the module. */
export const entrance: Catalogue<typeof english> = {
  "entrance.login": "登录",
  "entrance.user": "用户",
  "entrance.password": "密码",
  "entrance.code": "验证码（若已启用双重身份验证）",
  "entrance.no_user": "尚无用户。请打开设置链接：在网关主机上执行 postern setup-link 即可获取。",
  "entrance.certificate": "使用证书登录",
  "entrance.setup": "首位管理员",
  "entrance.setup.about": "此链接只能使用一次。之后请在管理页面创建用户。",
  "entrance.new_password": "密码，至少 {count} 个字符",
  "entrance.again": "再次输入密码",
  "entrance.make": "创建管理员",
  "entrance.there_is": "已有管理员。",
};
