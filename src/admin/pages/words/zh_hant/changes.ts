/**
 * Changes that wait, and commits, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { changes as english } from "../en/changes.ts";

/** See the module. */
export const changes: Catalogue<typeof english> = {
  "changes.title": "變更",
  "changes.about": "等待確認的變更。確認之前不會生效。",
  "changes.own": "您的變更",
  "changes.of": "{who} 的變更",
  "changes.none": "沒有待確認的變更",
  "changes.none_about": "您在其他頁面提交的設定會顯示在這裡。",
  "changes.last": "上次變更：{time}",
  "changes.outdated": "檔案在此期間已變更",
  "changes.faults": "以下問題使變更無法確認：",
  "changes.warnings": "警告",
  "changes.comment": "註解",
  "changes.comment_hint": "寫入歷程記錄，可留空",
  "changes.abandon": "放棄變更",
  "changes.abandon_sure": "要放棄所有待確認的變更嗎？",
  "changes.abandoned": "您的變更已放棄。",
  "changes.committed": "已確認並生效。",
  "changes.same": "檔案內容原本就是如此。",
  "changes.not_applied": "無法生效，檔案維持原狀：",
  "changes.other_waits": "{who} 的變更正等待連線驗證；請等到它通過驗證或撤回",
  "changes.other_candidate": "您的變更已有不同，可能來自另一個視窗。請再次檢視。",
  "changes.changed": "檔案在此期間已變更",
  "changes.merge_about": "您的變更涉及其他鍵，兩者可以合併。",
  "changes.merge": "合併並確認",
  "changes.conflicts": "雙方變更了相同的鍵。請放棄您的變更，或修改後再確認：",
  "changes.confirm_title": "等待連線驗證",
  "changes.confirm_about":
    "{who} 的變更 {id} 會改變本頁的連線方式（{keys}）。除非有人經由新連線證明仍可連到本頁，否則將自動撤回。",
  "changes.left": "剩餘 {seconds} 秒",
  "changes.trying": "本頁將暫時中斷連線，並自動重新連線。",
  "changes.confirmed": "已通過驗證，變更繼續生效。",
  "changes.over": "已不再等待：已在別處通過驗證，或已撤回。",
  "changes.nothing_waits": "沒有這項等待中的變更：已通過驗證或已撤回。",
  "changes.old_connection": "此連線早於該變更，無法作為證明。請再按一次按鈕，瀏覽器會開啟新連線。",
  "changes.elsewhere": "本頁現在位於",
  "changes.confirm": "我能連到本頁：保留變更",
};
