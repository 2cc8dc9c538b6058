/**
 * Alerts, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { alerts as english } from "../en/alerts.ts";

/** See the module. */
export const alerts: Catalogue<typeof english> = {
  "alerts.about": "啟動以來的異常，以及通知對象",
  "alerts.board": "啟動以來",
  "alerts.none": "沒有警示",
  "alerts.none.hint": "出現問題時會列在這裡，並寄給下方的收件者。",
  "alerts.severity": "嚴重性",
  "alerts.severity.critical": "嚴重",
  "alerts.severity.warning": "警告",
  "alerts.severity.info": "資訊",
  "alerts.severities": "嚴重性",
  "alerts.what": "內容",
  "alerts.classes": "類別",
  "alerts.class.system": "系統",
  "alerts.class.tls": "TLS 與憑證",
  "alerts.last": "最近一次",
  "alerts.first": "第一次",
  "alerts.count": "次數",
  "alerts.recipients": "收件者",
  "alerts.nobody": "沒有通知對象",
  "alerts.nobody.hint": "請在下方新增位址；否則警示只顯示在此頁與郵件記錄中。",
  "alerts.all": "全部",
  "alerts.address": "位址",
  "alerts.boxes_hint": "未勾選代表全部",
  "alerts.settings": "設定",
  "alerts.from": "寄件者",
  "alerts.repeat_after": "相同警示的最短重複間隔",
  "alerts.max_repeat": "間隔加倍的上限",
  "alerts.server": "伺服器",
  "alerts.server_hint": "host:port。",
  "alerts.server_none": "依收件者的路由或 MX",
  "alerts.tls": "TLS 層級",
  "alerts.test": "傳送測試",
  "alerts.test_sent": "已向所有對象傳送測試。",
  "alerts.test_failed": "測試未送達所有對象。",
};
