/**
 * Commands about client services: `services`, `updatenow`.
 *
 * @module
 */
import { printable } from "../base/text.ts";
import type { UpdateStatus } from "../certs/updates.ts";
import { type Command, CommandError } from "./commands.ts";

/** How a log host does. */
export interface LogHostItem {
  name: string;
  server: string;
  transport: string;
  state: "open" | "idle" | "failing";
  /** Lines: handed over, waiting, dropped; since the start. */
  sent: number;
  waiting: number;
  dropped: number;
  /** Why it fails; safe to print. */
  fault?: string;
}

/** How a directory does. */
export interface DirectoryItem {
  name: string;
  /** In the order in which they are asked; `fault`: why one gives no answer, safe to print. */
  servers: readonly { url: string; state: "open" | "idle" | "failing"; fault?: string }[];
  /** Questions about recipients: how they were answered, or not; and how many of the answers were remembered. Since the start. */
  known: number;
  unknown: number;
  failed: number;
  remembered: number;
  searches: number;
  /** It answered when it was asked last. */
  answers: boolean;
}

/** How the updater does. */
export interface UpdateItem {
  /** Wall milliseconds. */
  now: number;
  updates: UpdateStatus;
}

/** What `services` gives. */
export interface ServicesItem {
  /** Wall milliseconds. */
  now: number;
  /** Those that were asked so far. */
  directories: readonly DirectoryItem[];
  logHosts: readonly LogHostItem[];
  /** Absent: nothing is fetched. */
  updates?: UpdateStatus;
}

/** What a running gateway does for these commands. */
export interface ServiceHands {
  now: () => number;
  directories(): readonly DirectoryItem[];
  logHosts(): readonly LogHostItem[];
  updates(): Promise<UpdateStatus | undefined>;
  /** Fetches now. */
  update(): Promise<void>;
}

/** See the module. */
export function serviceCommands({ now, directories, logHosts, updates, update }: ServiceHands): Command[] {
  return [
    {
      name: "services",
      async run(): Promise<ServicesItem> {
        const status = await updates();
        return {
          now: now(),
          directories: directories(),
          logHosts: logHosts(),
          ...(status === undefined ? {} : { updates: status }),
        };
      },
    },
    {
      name: "updatenow",
      async *run(): AsyncIterable<UpdateItem> {
        if (await updates() === undefined) {
          throw new CommandError("Cannot fetch updates: services.updater names no url, or no items");
        }
        await update();
        const status = await updates();
        if (status === undefined) return;
        yield { now: now(), updates: status };
        const { url, fetching } = status;
        if (fetching?.failure !== undefined) {
          throw new CommandError(`Cannot fetch ${printable(url)}: ${printable(fetching.failure)}`);
        }
      },
    },
  ];
}
