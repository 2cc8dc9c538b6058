/**
 * The SSL configuration, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { ssl as english } from "../en/ssl.ts";

/** See the module. */
export const ssl: Catalogue<typeof english> = {
  "ssl.about": "各服務使用的 TLS 方法與加密套件",
  "ssl.gui": "GUI HTTPS",
  "ssl.gui.about":
    "本頁與其 API。確認變更後，本頁會暫時中斷連線並自動恢復；若變更使您的瀏覽器無法連線，兩分鐘後會自動撤回。",
  "ssl.inbound": "入站 SMTP",
  "ssl.inbound.about": "接聽程式提供給寄件端的設定",
  "ssl.outbound": "出站 SMTP",
  "ssl.outbound.about": "傳遞郵件時提供給其他伺服器的設定",
  "ssl.other": "其他 TLS 用戶端服務",
  "ssl.other.about": "LDAP、更新程式、SMTP 提前呼叫與遠端 syslog。加密套件與出站 SMTP 相同。",
  "ssl.methods": "方法",
  "ssl.methods.hint": "只能連續啟用：兩個已啟用的方法之間不可略過任何方法。",
  "ssl.ciphers": "要使用的 SSL 加密套件",
  "ssl.ciphers.hint": "OpenSSL 加密套件字串，適用於 TLS 1.2 以下。TLS 1.3 固定使用其三個套件。",
  "ssl.renegotiation": "允許用戶端進行 TLS 重新協商",
  "ssl.renegotiation.hint": "僅適用於 TLS 1.2 以下",
  "ssl.selected": "已選取 {count} 個套件",
  "ssl.method_suites": "{method}：{count} 個",
  "ssl.method_none": "{method}：沒有可用的所選套件",
  "ssl.method_level": "{method}：字串中的 @SECLEVEL 禁止使用",
  "ssl.key": "{kind} 憑證：{methods}",
  "ssl.key_none": "無法使用 {kind} 憑證",
  "ssl.list": "套件清單，最佳者在前",
  "ssl.suite": "套件",
  "ssl.exchange": "金鑰交換",
  "ssl.authentication": "驗證",
  "ssl.encryption": "加密",
  "ssl.warnings": "請注意",
  "ssl.peer": "對等憑證",
  "ssl.peer.about": "對其他伺服器所出示憑證的額外檢查。未通過者視為未驗證。",
  "ssl.fqdn": "驗證 FQDN",
  "ssl.fqdn.hint": "憑證中的名稱必須為完整網域名稱：至少兩個標籤，且不可為位址。",
  "ssl.x509": "驗證 X.509",
  "ssl.x509.hint": "版本 3、112 位元以上的簽章與金鑰，且基本限制與金鑰用途相符。",
  "ssl.unchanged": "沒有任何變更。",
};
