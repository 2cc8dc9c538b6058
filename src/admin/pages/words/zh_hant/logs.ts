/**
 * Log settings, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { logs as english } from "../en/logs.ts";

/** See the module. */
export const logs: Catalogue<typeof english> = {
  "logs.about": "記錄的內容、格式與保留方式",
  "logs.level_hint": "所記錄的最詳細層級",
  "logs.format": "格式",
  "logs.rotate_size": "檔案輪替的大小",
  "logs.rotate_hint": "大小，例如 100M。",
  "logs.keep": "保留的輪替檔案數",
};
