/**
 * Commands about the admin page, as the command line knows them. What they do stands in `src/admin/commands.ts`.
 *
 * @module
 */
import { logTime } from "../../base/log.ts";
import { printable } from "../../base/text.ts";
import type { CliCommand } from "../command.ts";

/** See the module. */
export const adminCommands: readonly CliCommand[] = [
  {
    name: "setup-link",
    usage: "",
    summary: "make a new link under which the first administrator of the admin page is made",
    details: [
      "  It counts once, for 30 minutes, and only while admin.users is empty; the link before is worth nothing then.",
    ],
    view: ({ url, expires }: { url: string; expires: number }) => `${url}\nIt counts once, until ${logTime(expires)}`,
  },
  {
    name: "forget-second-factor",
    usage: "USER",
    summary: "take a user's second factor away, as when the telephone is lost",
    operands: { name: "user", min: 1, max: 1 },
    view: ({ user }: { user: string }) => `${printable(user)} logs in by password alone now`,
  },
];
