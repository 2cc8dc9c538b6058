/**
 * Finding messages in the mail log, and the way of one of them.
 *
 * The log is the one record of what was done: nothing is written down a second time for this, so it costs mail nothing, and what is found is
 * as old as the rotated files. Both searches go back from the youngest line: what became of a message is seen before its beginning, and a
 * search ends as soon as it has enough.
 *
 * @module
 */
import type { OpenLog } from "./backwards.ts";
import { LineReader, type LogLine, numbersOf } from "./line.ts";
import { readableSubject } from "./subject.ts";

/** What is looked for; everything that is given has to fit. Texts fit anywhere in the field, upper or lower case. */
export interface Wanted {
  mid?: number;
  sender?: string;
  recipient?: string;
  subject?: string;
  messageId?: string;
  /** Wall milliseconds at which the message began, at the earliest and at the latest. */
  since?: number;
  until?: number;
  /** Messages with lower numbers only: goes on behind a page. */
  before?: number;
}

/**
 * What became of a message, as far as the log tells. `open`: it waits, or is on its way;
 * `mixed`: not the same for all recipients; `finished`: nothing is left of it, and nobody got it: it was thrown away.
 */
export type MessageState = "delivered" | "bounced" | "aborted" | "deleted" | "open" | "mixed" | "finished";

/** A message that was found. */
export interface FoundMessage {
  mid: number;
  /** The connection that it came by; absent for what the gateway made itself. */
  icid?: number;
  /** Wall milliseconds of its beginning. */
  at: number;
  from?: string;
  /** At most {@linkcode recipientsShown}. */
  to: string[];
  /** How many there are. */
  recipients: number;
  subject?: string;
  messageId?: string;
  octets?: number;
  state: MessageState;
  /** Attempts that ended in a delay. */
  delays: number;
}

/** What a search gave. */
export interface Found {
  /** The youngest first. */
  messages: FoundMessage[];
  /** There are more: go on with `before` set to the last message's MID. */
  more: boolean;
  /** The search was ended by its time; wall milliseconds that it came back to. */
  endedAt?: number;
}

/** How far a search goes. */
export interface Bounds {
  /** Messages, at most. */
  limit: number;
  /** The search ends when this says so; asked between blocks. */
  enough(): boolean;
}

/** Recipients that are kept of one message. */
export const recipientsShown = 20;
/** Messages whose end was seen and whose beginning was not yet: more than wait in any queue that is well. The oldest are forgotten. */
const openMax = 200_000;

/** What is known of a message whose beginning was not read yet. */
interface Draft {
  from?: string;
  to: string[];
  recipients: number;
  fits: boolean;
  subject?: string;
  messageId?: string;
  octets?: number;
  finished: boolean;
  aborted: boolean;
  deleted: boolean;
  delivered: number;
  bounced: number;
  delays: number;
}

/** Finds messages, the youngest first. */
export function findMessages(log: OpenLog, { wanted, bounds }: { wanted: Wanted; bounds: Bounds }): Found {
  const reader = new LineReader();
  const drafts = new Map<number, Draft>();
  const found: Found = { messages: [], more: false };
  const needle = lowered(wanted);
  let at = 0;
  for (const lines of log.blocks()) {
    for (const line of lines) {
      const read = reader.read(line);
      if (read === undefined) continue;
      at = read.at;
      const heard = hear(read, { drafts, needle });
      if (heard === undefined || !heard.fits || !isWanted(heard.message, wanted)) continue;
      const { message } = heard;
      if (found.messages.length === bounds.limit) return { ...found, more: true };
      found.messages.push(message);
      if (wanted.mid !== undefined) return found;
    }
    // A clock that was set back by a little puts later lines below.
    if (wanted.since !== undefined && at < wanted.since - graceMs) return found;
    if (bounds.enough()) return { ...found, endedAt: at };
  }
  return found;
}

const graceMs = 60_000;

type Needle = Pick<Wanted, "sender" | "recipient" | "subject" | "messageId">;

function lowered({ sender, recipient, subject, messageId }: Wanted): Needle {
  const lower = (text: string | undefined) => text === undefined || text === "" ? undefined : text.toLowerCase();
  return { sender: lower(sender), recipient: lower(recipient), subject: lower(subject), messageId: lower(messageId) };
}

function isWanted({ mid, at }: FoundMessage, wanted: Wanted): boolean {
  return (wanted.mid === undefined || mid === wanted.mid) &&
    (wanted.before === undefined || mid < wanted.before) && (wanted.since === undefined || at >= wanted.since) &&
    (wanted.until === undefined || at <= wanted.until);
}

/** What a line says about a message behind its numbers. */
const saying =
  /^MID \d+ (?:ICID \d+ )?(?:(From: <)|(RID \d+ To: <)|(Subject ')|(Message-ID ')|ready (\d+) bytes|RID \[[\d, ]*\] (deleted) by)/;
const done = /\[([\d, ]*)\]$/;
/** `ICID …`, `New SMTP …`, `Connection Error …`: lines that are about no message begin so. */
const aboutNone = /^[INC]/;

/** A message whose beginning was read. `fits`: its texts are what is looked for. */
interface Heard {
  message: FoundMessage;
  fits: boolean;
}

/** Takes a line in; gives the message where the line is its beginning. */
function hear(
  { at, text }: LogLine,
  { drafts, needle }: { drafts: Map<number, Draft>; needle: Needle },
): Heard | undefined {
  if (aboutNone.test(text)) return undefined;
  const { mid, icid } = numbersOf(text);
  if (mid === undefined) return undefined;
  if (text.startsWith("Start MID ")) {
    const draft = drafts.get(mid) ?? newDraft();
    drafts.delete(mid);
    return finished(draft, { mid, icid, at, needle });
  }
  let draft = drafts.get(mid);
  if (draft === undefined) {
    drafts.set(mid, draft = newDraft());
    if (drafts.size > openMax) drafts.delete(drafts.keys().next().value!);
  }
  if (text.startsWith("MID ")) hearMid(draft, { text, needle });
  else if (text.startsWith("Message done")) draft.delivered += (done.exec(text)?.[1] ?? "").split(",").length;
  else if (text.startsWith("Message finished")) draft.finished = true;
  else if (text.startsWith("Message aborted")) draft.aborted = true;
  else if (text.startsWith("Bounced:")) draft.bounced++;
  else if (text.startsWith("Delayed:")) draft.delays++;
  return undefined;
}

function newDraft(): Draft {
  return {
    to: [],
    recipients: 0,
    fits: false,
    finished: false,
    aborted: false,
    deleted: false,
    delivered: 0,
    bounced: 0,
    delays: 0,
  };
}

function hearMid(draft: Draft, { text, needle }: { text: string; needle: Needle }): void {
  const found = saying.exec(text);
  if (found === null) return;
  const [{ length }, from, to, subject, messageId, octets] = found;
  /** What is quoted: the line ends with the quotation. */
  const quoted = text.slice(length, -1);
  if (from !== undefined) {
    draft.from = quoted;
  } else if (to !== undefined) {
    draft.recipients++;
    // Lines come backwards.
    draft.to.unshift(quoted);
    if (draft.to.length > recipientsShown) draft.to.pop();
    if (needle.recipient !== undefined && quoted.toLowerCase().includes(needle.recipient)) draft.fits = true;
  } else if (subject !== undefined) {
    draft.subject ??= readableSubject(quoted.replaceAll("\\'", "'"));
  } else if (messageId !== undefined) {
    draft.messageId ??= quoted.replaceAll("\\'", "'");
  } else if (octets !== undefined) {
    draft.octets = +octets;
  } else {
    draft.deleted = true;
  }
}

function finished(
  draft: Draft,
  { mid, icid, at, needle }: { mid: number; icid: number | undefined; at: number; needle: Needle },
): Heard {
  const { from, to, recipients, subject, messageId, octets, delays } = draft;
  const has = (text: string | undefined, part: string | undefined) =>
    part === undefined || text !== undefined && text.toLowerCase().includes(part);
  const message: FoundMessage = {
    mid,
    ...icid === undefined ? {} : { icid },
    at,
    ...from === undefined ? {} : { from },
    to,
    recipients,
    ...subject === undefined ? {} : { subject },
    ...messageId === undefined ? {} : { messageId },
    ...octets === undefined ? {} : { octets },
    state: stateOf(draft),
    delays,
  };
  const fits = has(from, needle.sender) && has(subject, needle.subject) && has(messageId, needle.messageId) &&
    (needle.recipient === undefined || draft.fits);
  return { message, fits };
}

function stateOf({ finished, aborted, deleted, delivered, bounced }: Draft): MessageState {
  if (aborted) return "aborted";
  if (!finished) return "open";
  if (delivered > 0) return bounced > 0 || deleted ? "mixed" : "delivered";
  if (bounced > 0) return deleted ? "mixed" : "bounced";
  return deleted ? "deleted" : "finished";
}

/** The way of one message. */
export interface Trail {
  mid: number;
  icid?: number;
  /** From the connection that it came by to the last reply, in the order of the log. At most {@linkcode trailLinesMax}, the youngest. */
  lines: LogLine[];
  /** There were more lines than are kept. */
  cut: boolean;
  /** Messages that were made because of this one: bounces, reports. */
  children: number[];
  /** The message that this one was made because of. */
  parent?: number;
}

/** Lines kept of one message's way. */
export const trailLinesMax = 2_000;
const generated = /^MID (\d+) was generated for .+ of MID (\d+)$/;
/** Connections that are followed at a time. */
const connectionsMax = 2_000;

/** The way of a message, with the connections that it came and went by; nothing where the log does not know it. */
export function trailOf(
  log: OpenLog,
  { mid, bounds }: { mid: number; bounds: Pick<Bounds, "enough"> },
): Trail | undefined {
  const reader = new LineReader();
  const trail: Trail = { mid, lines: [], cut: false, children: [] };
  /** Outbound connections that carried it and whose beginning was not seen yet. */
  const dcids = new Set<number>();
  let started = false;
  /** The beginning of the connection that it came by was seen. */
  let arrived = false;
  const keep = (line: LogLine) => {
    if (trail.lines.length < trailLinesMax) trail.lines.push(line);
    else trail.cut = true;
  };
  read: for (const lines of log.blocks()) {
    for (const line of lines) {
      const read = reader.read(line);
      if (read === undefined) continue;
      const { text } = read;
      const numbers = numbersOf(text);
      const made = generated.exec(text);
      if (made !== null && +made[2] === mid) trail.children.unshift(+made[1]);
      if (made !== null && +made[1] === mid) trail.parent = +made[2];
      if (numbers.mid === mid) {
        keep(read);
        // DCID 0 is an attempt that came to no connection.
        if (numbers.dcid !== undefined && numbers.dcid > 0 && dcids.size < connectionsMax) dcids.add(numbers.dcid);
        if (numbers.icid !== undefined) trail.icid = numbers.icid;
        if (text.startsWith("Start MID ")) started = true;
      } else if (numbers.mid !== undefined) {
        continue;
      } else if (numbers.dcid !== undefined && dcids.has(numbers.dcid)) {
        keep(read);
        if (text.startsWith("New SMTP DCID ")) dcids.delete(numbers.dcid);
      } else if (started && trail.icid !== undefined && numbers.icid === trail.icid) {
        keep(read);
        if (text.startsWith("New SMTP ICID ")) arrived = true;
      }
      if (started && dcids.size === 0 && (arrived || trail.icid === undefined)) break read;
    }
    if (bounds.enough()) break;
  }
  if (trail.lines.length === 0) return undefined;
  trail.lines.reverse();
  return trail;
}
