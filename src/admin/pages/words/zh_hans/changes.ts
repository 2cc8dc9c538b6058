/**
 * Changes that wait, and commits, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { changes as english } from "../en/changes.ts";

/** See the module. */
export const changes: Catalogue<typeof english> = {
  "changes.title": "更改",
  "changes.about": "等待确认的更改。确认之前不会生效。",
  "changes.own": "您的更改",
  "changes.of": "{who} 的更改",
  "changes.none": "没有待确认的更改",
  "changes.none_about": "您在其他页面提交的设置会显示在这里。",
  "changes.last": "上次更改：{time}",
  "changes.outdated": "文件在此期间已更改",
  "changes.faults": "以下问题使更改无法确认：",
  "changes.warnings": "警告",
  "changes.comment": "注释",
  "changes.comment_hint": "写入历史记录，可留空",
  "changes.abandon": "放弃更改",
  "changes.abandon_sure": "要放弃所有待确认的更改吗？",
  "changes.abandoned": "您的更改已放弃。",
  "changes.committed": "已确认并生效。",
  "changes.same": "文件内容原本就是如此。",
  "changes.not_applied": "无法生效，文件保持原样：",
  "changes.other_waits": "{who} 的更改正等待连接验证；请等到它通过验证或撤回",
  "changes.other_candidate": "您的更改已有不同，可能来自另一个窗口。请再次查看。",
  "changes.changed": "文件在此期间已更改",
  "changes.merge_about": "您的更改涉及其他键，两者可以合并。",
  "changes.merge": "合并并确认",
  "changes.conflicts": "双方更改了相同的键。请放弃您的更改，或修改后再确认：",
  "changes.confirm_title": "等待连接验证",
  "changes.confirm_about":
    "{who} 的更改 {id} 会改变本页的连接方式（{keys}）。除非有人通过新连接证明仍可访问本页，否则将自动撤回。",
  "changes.left": "剩余 {seconds} 秒",
  "changes.trying": "本页将暂时断开连接，并自动重新连接。",
  "changes.confirmed": "已通过验证，更改继续生效。",
  "changes.over": "已不再等待：已在别处通过验证，或已撤回。",
  "changes.nothing_waits": "没有这项等待中的更改：已通过验证或已撤回。",
  "changes.old_connection": "此连接早于该更改，无法作为证明。请再点击一次按钮，浏览器会打开新连接。",
  "changes.elsewhere": "本页现在位于",
  "changes.confirm": "我能访问本页：保留更改",
};
