/**
 * Message tracking, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { tracking as english } from "../en/tracking.ts";

/** See the module. */
export const tracking: Catalogue<typeof english> = {
  "tracking.about": "由郵件記錄查詢郵件的來源與結果",
  "tracking.sender": "寄件者包含",
  "tracking.recipient": "收件者包含",
  "tracking.subject": "主旨包含",
  "tracking.message_id": "Message-ID 包含",
  "tracking.mid": "MID",
  "tracking.since": "起始於",
  "tracking.hour": "過去一小時",
  "tracking.day": "過去 24 小時",
  "tracking.week": "過去 7 天",
  "tracking.ever": "記錄中的全部",
  "tracking.found": "郵件",
  "tracking.time": "時間",
  "tracking.from": "寄件者",
  "tracking.to": "收件者",
  "tracking.subject_column": "主旨",
  "tracking.state": "結果",
  "tracking.state.delivered": "已傳遞",
  "tracking.state.bounced": "已退回",
  "tracking.state.aborted": "已中止",
  "tracking.state.deleted": "已刪除",
  "tracking.state.open": "傳遞中",
  "tracking.state.mixed": "各收件者結果不同",
  "tracking.state.finished": "已丟棄",
  "tracking.empty": "找不到郵件",
  "tracking.empty.hint": "請使用其他條件或較長的時間。記錄保留到輪替檔案為止，且層級須為 info 才會記錄郵件。",
  "tracking.cut_short": "搜尋時間過長，僅回溯至 {time}。縮短時間範圍或指定 MID 可找到更多。",
  "tracking.busy": "其他搜尋正在執行，請稍後再試。",
  "tracking.way": "郵件 {mid} 的過程",
  "tracking.not_known": "郵件記錄中沒有 MID {mid}",
  "tracking.lines_cut": "行數過多，省略較早的記錄。",
  "tracking.parent": "因 MID {mid} 而產生",
  "tracking.children": "因此郵件而產生",
  "tracking.in_queue": "在佇列中",
};
