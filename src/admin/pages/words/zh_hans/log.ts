/**
 * The mail log, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { log as english } from "../en/log.ts";

/** See the module. */
export const log: Catalogue<typeof english> = {
  "log.about": "符合条件的最近 {count} 行，最新的在前；自动更新",
  "log.level": "级别",
  "log.level.critical": "严重",
  "log.level.warning": "警告",
  "log.level.info": "信息",
  "log.level.debug": "调试",
  "log.level.trace": "跟踪",
  "log.text": "文本",
  "log.text_hint": "例如 MID 7",
  "log.none": "最近没有符合的日志",
};
