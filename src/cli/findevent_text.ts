/**
 * What `postern findevent` found, as lines. Texts of peers come from the log, where they were made printable.
 *
 * @module
 */
import { logTime } from "../base/log.ts";
import type { FindItem } from "./findevent.ts";
import { sizeText, spanText } from "./format.ts";

/** See the module. */
export function findLines(item: FindItem, index: number): string[] {
  if ("trail" in item) {
    const { lines, cut, parent, children } = item.trail;
    return [
      ...cut ? ["(earlier lines are left out: there are too many)"] : [],
      ...lines.map(({ at, text }) => `${logTime(at)}  ${text}`),
      ...parent === undefined ? [] : [`made because of MID ${parent}`],
      ...children.length === 0 ? [] : [`made because of it: ${children.map((mid) => `MID ${mid}`).join(", ")}`],
    ];
  }
  const { message: { mid, at, from = "?", to, recipients, subject, octets, state, delays }, now } = item;
  const head = index === 0 ? ["MID       AGE   SIZE   STATE      SENDER → RECIPIENTS"] : [];
  const columns = [
    String(mid).padEnd(9),
    spanText(Math.max(0, now - at)).padEnd(5),
    (octets === undefined ? "-" : sizeText(octets)).padEnd(6),
    (delays > 0 && state === "open" ? "delayed" : state).padEnd(10),
  ];
  const more = recipients > to.length ? ` and ${recipients - to.length} more` : "";
  return [
    ...head,
    `${columns.join(" ")} <${from}> → ${to.map((each) => `<${each}>`).join(" ") || "nobody"}${more}`,
    ...subject === undefined ? [] : [`${" ".repeat(34)}${subject}`],
  ];
}
