/**
 * The SSL configuration, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { ssl as english } from "../en/ssl.ts";

/** See the module. */
export const ssl: Catalogue<typeof english> = {
  "ssl.about": "各服务使用的 TLS 方法与密码",
  "ssl.gui": "GUI HTTPS",
  "ssl.gui.about":
    "本页及其 API。确认更改后，本页会暂时断开连接并自动恢复；若更改使您的浏览器无法连接，两分钟后会自动撤回。",
  "ssl.inbound": "入站 SMTP",
  "ssl.inbound.about": "侦听程序提供给发送端的设置",
  "ssl.outbound": "出站 SMTP",
  "ssl.outbound.about": "投递邮件时提供给其他服务器的设置",
  "ssl.other": "其他 TLS 客户端服务",
  "ssl.other.about": "LDAP、更新程序、SMTP 提前呼叫和远程 syslog。密码与出站 SMTP 相同。",
  "ssl.methods": "方法",
  "ssl.methods.hint": "只能连续启用：两个已启用的方法之间不可跳过任何方法。",
  "ssl.ciphers": "要使用的 SSL 密码",
  "ssl.ciphers.hint": "OpenSSL 密码字符串，适用于 TLS 1.2 及以下。TLS 1.3 固定使用其三个套件。",
  "ssl.renegotiation": "允许客户端进行 TLS 重新协商",
  "ssl.renegotiation.hint": "仅适用于 TLS 1.2 及以下",
  "ssl.selected": "已选择 {count} 个套件",
  "ssl.method_suites": "{method}：{count} 个",
  "ssl.method_none": "{method}：没有可用的所选密码",
  "ssl.method_level": "{method}：字符串中的 @SECLEVEL 禁止使用",
  "ssl.key": "{kind} 证书：{methods}",
  "ssl.key_none": "无法使用 {kind} 证书",
  "ssl.list": "套件列表，最佳者在前",
  "ssl.suite": "套件",
  "ssl.exchange": "密钥交换",
  "ssl.authentication": "身份验证",
  "ssl.encryption": "加密",
  "ssl.warnings": "请注意",
  "ssl.peer": "对等证书",
  "ssl.peer.about": "对其他服务器所出示证书的额外检查。未通过者视为未验证。",
  "ssl.fqdn": "验证 FQDN",
  "ssl.fqdn.hint": "证书中的名称必须为完全限定域名：至少两个标签，且不能是地址。",
  "ssl.x509": "验证 X.509",
  "ssl.x509.hint": "版本 3、112 位以上的签名和密钥，且基本约束和密钥用法相符。",
  "ssl.unchanged": "没有任何更改。",
};
