/**
 * `postern findevent`: the words of the command line as a search of the mail log.
 *
 * @module
 */
import { causeOf, printable } from "../base/text.ts";
import { parseDuration } from "../config/values.ts";
import { storageDirectoryOf } from "../config/where.ts";
import type { CommandArgs } from "../control/protocol.ts";
import { openLog } from "../tracking/backwards.ts";
import { findMessages, type FoundMessage, type Trail, trailOf, type Wanted } from "../tracking/find.ts";
import type { HereWorld } from "./command.ts";

/** What the command gives: messages, or the way of one. */
export type FindItem = { message: FoundMessage; now: number } | { trail: Trail };

const limitUsual = 20;
const limitMax = 1_000;
/** MIDs have no more digits. */
const midDigitsMax = 15;

/** Words that cannot be understood. */
class Misused extends Error {
  override name = "Misused";
}

/** Runs the command. */
export async function findHere(args: CommandArgs, { file, clock, item, err }: HereWorld): Promise<0 | 1 | 2> {
  try {
    const mid = midOf(args);
    const now = clock.now();
    const wanted = wantedOf(args, now);
    const limit = countOf(args);
    if (mid !== undefined && Object.keys(args).some((name) => name !== "mid")) {
      throw new Misused("Cannot search and show the way of a message at once: a MID stands alone");
    }
    const directory = `${await storageDirectoryOf(file)}/logs`;
    using log = openLog(directory);
    if (log.octets === 0) err(`There is no mail log in ${directory}`);
    // Whoever waits at a terminal ends it himself.
    const enough = () => false;
    if (mid !== undefined) {
      const trail = trailOf(log, { mid, bounds: { enough } });
      if (trail === undefined) {
        err(`Cannot find MID ${mid}: the mail log knows nothing of it`);
        return 1;
      }
      item({ trail } satisfies FindItem);
      return 0;
    }
    const { messages, more } = findMessages(log, { wanted, bounds: { limit, enough } });
    for (const message of messages) item({ message, now } satisfies FindItem);
    if (messages.length === 0) err("No message was found");
    if (more) err(`There are more than ${limit}; --limit shows more, other words find less`);
    return messages.length === 0 ? 1 : 0;
  } catch (error) {
    err(causeOf(error));
    return 2;
  }
}

function textOf(args: CommandArgs, name: string): string | undefined {
  const value = Object.hasOwn(args, name) ? args[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

function midOf(args: CommandArgs): number | undefined {
  const text = textOf(args, "mid");
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text) || text.length > midDigitsMax) {
    throw new Misused(`Cannot look for ${printable(text)}: a MID is a number`);
  }
  return Number(text);
}

function wantedOf(args: CommandArgs, now: number): Wanted {
  const since = textOf(args, "since");
  const parsed = since === undefined ? undefined : parseDuration(since);
  if (parsed?.ok === false) {
    throw new Misused(`Cannot use --since ${printable(since!)}: it ${parsed.what}; ${parsed.right}`);
  }
  return {
    sender: textOf(args, "from"),
    recipient: textOf(args, "to"),
    subject: textOf(args, "subject"),
    messageId: textOf(args, "message-id"),
    ...parsed === undefined ? {} : { since: now - parsed.value },
  };
}

function countOf(args: CommandArgs): number {
  const text = textOf(args, "limit") ?? String(limitUsual);
  if (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= limitMax) return Number(text);
  throw new Misused(`Cannot use --limit ${printable(text)}: a whole number from 1 to ${limitMax}`);
}
