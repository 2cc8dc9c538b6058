/**
 * Log settings, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { logs as english } from "../en/logs.ts";

/** See the module. */
export const logs: Catalogue<typeof english> = {
  "logs.about": "记录的内容、格式与保留方式",
  "logs.level_hint": "所记录的最详细级别",
  "logs.format": "格式",
  "logs.rotate_size": "文件轮转的大小",
  "logs.rotate_hint": "大小，例如 100M。",
  "logs.keep": "保留的轮转文件数",
};
