/**
 * The mail log, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { log as english } from "../en/log.ts";

/** See the module. */
export const log: Catalogue<typeof english> = {
  "log.about": "符合條件的最近 {count} 行，最新的在前；自動更新",
  "log.level": "層級",
  "log.level.critical": "嚴重",
  "log.level.warning": "警告",
  "log.level.info": "資訊",
  "log.level.debug": "偵錯",
  "log.level.trace": "追蹤",
  "log.text": "文字",
  "log.text_hint": "例如 MID 7",
  "log.none": "最近沒有符合的記錄",
};
