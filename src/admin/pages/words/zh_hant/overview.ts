/**
 * The overview, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { overview as english } from "../en/overview.ts";

/** See the module. */
export const overview: Catalogue<typeof english> = {
  "overview.about": "過去 24 小時的郵件，以及目前需要處理的事項",
  "overview.messages_in": "收入郵件",
  "overview.messages_out": "送出郵件",
  "overview.an_hour": "目前每小時 {count} 封",
  "overview.queue": "佇列中",
  "overview.oldest": "最舊的已等待 {span}",
  "overview.queue_empty": "沒有等待中的郵件",
  "overview.encrypted_in": "收入加密比例",
  "overview.encrypted_out": "送出加密比例",
  "overview.of_connections": "共 {count} 個連線",
  "overview.sessions": "開啟中的工作階段",
  "overview.out_now": "{count} 個對外連線",
  "overview.attention": "需要處理",
  "overview.all_well": "目前一切正常。",
  "overview.pressure": "過載（{kind}）：{text}",
  "overview.suspended_listeners": "接聽程式已暫停：{names}",
  "overview.suspended_delivery": "傳遞已暫停：{names}",
  "overview.everything": "全部",
  "overview.listener_down": "接聽程式 {name}（{address}）未在接聽",
  "overview.certificate_expires": "憑證 {name} 將於 {span}後到期",
  "overview.certificate_expired": "憑證 {name} 已到期",
  "overview.config_refused": "組態檔案於 {time} 遭拒，原因請見郵件記錄。先前的設定仍然生效。",
  "overview.failing_hosts": "{count} 部主機近期連線失敗，暫時不再嘗試",
  "overview.alerts": "過去 24 小時內有 {count} 項警示，最近一項：{title}",
  "overview.flow": "每小時郵件量",
  "overview.in": "收入",
  "overview.out": "送出",
  "overview.deferred": "延遲",
  "overview.bounced": "退回",
  "overview.certificates": "使用中的憑證",
  "overview.expires": "到期日",
  "overview.subject": "主體",
  "overview.listeners": "接聽程式",
  "overview.state": "狀態",
  "overview.listening": "接聽中",
  "overview.down": "未接聽",
  "overview.sessions_short": "工作階段",
  "overview.version": "Postern {version}，已執行 {span}",
  "overview.no_statistics": "目前無法讀取統計資料，原因請見郵件記錄。",
};
