/**
 * Sender groups as the file has them, and senders as lines of text.
 *
 * @module
 */
import type { Path } from "../../../config/faults.ts";
import type { Candidate } from "../candidate.ts";

/** An entry of `senders`. */
export type Sender = string | number | { sender?: unknown; comment?: unknown };

/** A row of `sender_groups`. What the file says may be anything. */
export interface Group {
  name?: unknown;
  senders?: readonly Sender[];
  conditions?: readonly unknown[];
  comment?: unknown;
  policy?: unknown;
}

/** Where the table of a listener is. */
export function groupsPath(listener: string): Path {
  return ["listeners", listener, "sender_groups"];
}

/** The table of a listener; `undefined`: the file has none. */
export function groupsOf({ said }: Candidate, listener: string): readonly Group[] | undefined {
  const rows = said(groupsPath(listener));
  if (!Array.isArray(rows)) return undefined;
  return rows.filter((row): row is Group => typeof row === "object" && row !== null);
}

/** A sender as a line: `10.0.0.0/8 # branch office`. */
export function senderText(entry: Sender): string {
  if (typeof entry !== "object" || entry === null) return String(entry);
  return entry.comment === undefined ? String(entry.sender) : `${entry.sender} # ${entry.comment}`;
}

/** Lines as entries. Those that were there stay as the file has them. */
export function sendersOf(lines: readonly string[], before: readonly Sender[] = []): Sender[] {
  const known = new Map(before.map((entry) => [senderText(entry), entry]));
  return lines.map((line) => {
    const entry = known.get(line);
    if (entry !== undefined) return entry;
    const mark = /\s+#\s*|^#\s*/.exec(line);
    if (mark === null) return line;
    const comment = line.slice(mark.index + mark[0].length);
    const sender = line.slice(0, mark.index);
    return comment === "" ? sender : { sender, comment };
  });
}
