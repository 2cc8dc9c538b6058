/**
 * `findevent`, as the command line knows it: it reads the mail log itself and needs no gateway.
 *
 * @module
 */
import type { CliCommand } from "../command.ts";
import type { FindItem } from "../findevent.ts";
import { findLines } from "../findevent_text.ts";

/** See the module. */
export const trackingCommands: readonly CliCommand[] = [
  {
    name: "findevent",
    usage: "[MID] [--from TEXT] [--to TEXT] [--subject TEXT] [OPTION]…",
    summary: "find messages in the mail log; with a MID, the way of that message",
    options: {
      "from": "value",
      "to": "value",
      "subject": "value",
      "message-id": "value",
      "since": "value",
      "limit": "value",
    },
    operands: { name: "mid", min: 0, max: 1 },
    details: [
      "  MID               every line about this message: from the connection that it came by to the last reply",
      "  --from TEXT       the envelope sender has this in it; upper and lower case are the same here and below",
      "  --to TEXT         a recipient has this in it",
      "  --subject TEXT    the subject has this in it",
      "  --message-id TEXT the Message-ID has this in it",
      "  --since TIME      begun no longer ago than this: 30m, 24h, 7d",
      "  --limit N         messages shown, the youngest first: 20 where it is left out, 1000 at most",
      "",
      "The log is what logs.level, logs.rotate_size and logs.keep leave of it: below level info it tells nothing of",
      "messages. Exit code: 0 something was found, 1 nothing, 2 the words or the file make no sense.",
    ],
    here: async (args, world) => await (await import("../findevent.ts")).findHere(args, world),
    view: (item: FindItem, index) => findLines(item, index).join("\n"),
  },
];
