/**
 * Destination controls, and forms of keys that inherit, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { destinations as english } from "../en/destinations.ts";

/** See the module. */
export const destinations: Catalogue<typeof english> = {
  "keys.built_in": "內建值：{value}",
  "keys.empty": "留空：{inherited}。",
  "keys.list_from": "清單取自",
  "keys.own_list": "以下清單",
  "keys.entries": "項目，每行一個",
  "keys.time": "數字加上 s、m、h 或 d。",
  "keys.candidate_faults": "您的變更有錯誤，目前顯示的是生效中的值：",
  "keys.warnings": "提交前請先檢視：",
  "destinations.about": "郵件如何送出（依目的地）：加密、憑證、限制與退信",
  "destinations.settings": "全域設定",
  "destinations.settings.certificate.hint": "向要求憑證的每台伺服器出示；目的地可另行指定。",
  "destinations.alert": "必要的 TLS 連線失敗時傳送警示",
  "destinations.alert.hint": "傳送給系統警示的收件者。",
  "destinations.default": "預設項目",
  "destinations.default.about": "適用於未另行指定的所有目的地",
  "destinations.levels": "各 TLS 等級的作用",
  "destinations.entries": "目的地",
  "destinations.filter": "網域包含",
  "destinations.empty": "尚未個別設定任何目的地",
  "destinations.no_match": "沒有名稱相符的目的地",
  "destinations.empty.hint": "寄往其他所有網域的郵件依預設項目處理。",
  "destinations.add": "新增目的地",
  "destinations.edit": "目的地 {domain}",
  "destinations.edit.about": "留空的欄位繼承自預設項目",
  "destinations.delete.ask": "要刪除目的地 {domain} 嗎？之後其郵件將依預設項目處理。",
  "destinations.domain": "網域",
  "destinations.domain.hint": "example.com；或以 .example.com 代表其所有子網域。以最長相符者為準。",
  "destinations.exists": "已有項目；請編輯該項目",
  "destinations.gone": "項目已不存在；請重新新增",
  "destinations.group.certificates": "憑證",
  "destinations.group.limits": "限制與傳送",
  "destinations.tls": "TLS 等級",
  "destinations.level.none": "不使用 TLS。即使伺服器提供加密，郵件仍以明文傳送。",
  "destinations.level.preferred":
    "伺服器提供 TLS 時使用，但不驗證其憑證；未提供時以明文傳送。交握失敗時郵件將等候重試。",
  "destinations.level.required": "必須使用 TLS，但不驗證憑證。未提供或失敗時郵件將等候，最終退信；絕不以明文傳送。",
  "destinations.level.preferred-verify":
    "伺服器提供 TLS 時使用並驗證其憑證，結果會記錄並列入報告。驗證未通過時仍會傳送；未提供 TLS 時以明文傳送。",
  "destinations.level.required-verify":
    "必須使用 TLS，且憑證必須通過驗證：受信任的憑證授權單位、正確的名稱、在有效期內且未撤銷。否則郵件將等候，最終退信。",
  "destinations.verify_names": "憑證上採認的名稱",
  "destinations.verify_names.hint": "適用於需驗證的等級。",
  "destinations.verify.domain": "目的地網域",
  "destinations.verify.mx": "網域，或其 MX 主機名稱",
  "destinations.verify.hosted": "網域、MX 主機，或路由的主機",
  "destinations.certificate": "向伺服器出示的憑證",
  "destinations.certificate.hint": "僅向要求憑證的伺服器出示。",
  "destinations.certificate.global": "採用全域設定",
  "destinations.certificate.none": "無",
  "destinations.ip_preference": "主機位址",
  "destinations.family.prefer_v6": "先 IPv6，後 IPv4",
  "destinations.family.require_v6": "僅 IPv6",
  "destinations.family.prefer_v4": "先 IPv4，後 IPv6",
  "destinations.family.require_v4": "僅 IPv4",
  "destinations.max_connections": "並行連線數",
  "destinations.max_messages": "每個連線的郵件數",
  "destinations.max_recipients": "每個時段的收件者數",
  "destinations.max_recipients.hint": "0：無限制。超出的部分在佇列中等候。",
  "destinations.recipients_interval": "收件者計數時段",
  "destinations.limit_apply_to": "限制套用於",
  "destinations.apply.domain": "整個網域",
  "destinations.apply.mx_address": "其主機的每個位址",
  "destinations.bounce_profile": "退信設定檔",
};
