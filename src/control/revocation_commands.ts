/**
 * Commands about revocation: the lists that peers are held against, and what responders say of our own certificates.
 *
 * @module
 */
import { loadTrust } from "../certs/inventory.ts";
import { type ListStatus, listStatuses } from "../certs/lists.ts";
import type { StatusFacts } from "../certs/status.ts";
import { printable } from "../base/text.ts";
import { faultText } from "../config/faults.ts";
import { loadConfig } from "../config/load.ts";
import { parseSource } from "../config/sources.ts";
import { type Command, CommandError } from "./commands.ts";
import type { FileGround } from "./file_commands.ts";
import type { Told } from "../base/told.ts";
import { tell } from "./texts.ts";

/** The lists of a configuration. */
export interface ListsItem {
  /** Wall milliseconds. */
  now: number;
  lists: ListStatus[];
}

/** What is known of our own certificates. */
export interface StatusItem {
  now: number;
  certificates: StatusFacts[];
}

/** What a running gateway does for these commands. */
export interface RevocationHands {
  now: () => number;
  /** The lists that are in force. */
  statuses(): Promise<ListStatus[]>;
  /** Fetches lists now: one URL, or all. */
  refreshLists(url?: string): Promise<void>;
  status: { readonly facts: StatusFacts[]; refresh(): Promise<void> };
}

/** Those that the files alone can answer. */
export function listCommands(ground: FileGround): Command[] {
  return [
    {
      name: "certconfig crls list",
      async run(): Promise<ListsItem> {
        const { file, hostname, clock } = ground;
        const loaded = await loadConfig(file, { hostname, generation: 1 });
        if (!loaded.ok) throw new CommandError(`Cannot read the lists: ${faultText(loaded.errors[0])}`);
        const engine = ground.engine();
        const { anchors: trust } = await loadTrust(loaded.config, { engine });
        return { now: clock.now(), lists: await listStatuses(loaded.config, { engine, trust }) };
      },
    },
  ];
}

/** Those that need a gateway. */
export function revocationCommands({ now, statuses, refreshLists, status }: RevocationHands): Command[] {
  return [
    {
      name: "certconfig crls refresh",
      async *run(args): AsyncIterable<ListsItem> {
        const word = args.text("url");
        const parsed = word === undefined ? undefined : parseSource(word);
        const wanted = parsed === undefined ? undefined : parsed.ok ? parsed.value : word!;
        const among = (lists: ListStatus[]) =>
          lists.filter(({ kind, source }) => kind === "url" && (wanted === undefined || source === wanted));
        if (among(await statuses()).length === 0) {
          throw new CommandError(
            wanted === undefined
              ? tell("fault.crl.no_url")
              : tell("fault.crl.not_named", { source: printable(wanted) }),
          );
        }
        await refreshLists(wanted);
        const lists = among(await statuses());
        yield { now: now(), lists };
        const failed = lists.filter(({ fetching }) => fetching?.failure !== undefined)
          .map(({ source, fetching }) =>
            tell("fault.crl.fetch", { source: printable(source), cause: printable(fetching!.failure!) })
          );
        if (failed.length > 0) throw new CommandError(together(failed));
      },
    },
    {
      name: "certconfig ocsp list",
      run: (): StatusItem => ({ now: now(), certificates: status.facts }),
    },
    {
      name: "certconfig ocsp refresh",
      async *run(): AsyncIterable<StatusItem> {
        if (status.facts.length === 0) {
          throw new CommandError(tell("fault.ocsp.nobody"));
        }
        await status.refresh();
        const certificates = status.facts;
        yield { now: now(), certificates };
        const failed = certificates.filter(({ fetching }) => fetching?.failure !== undefined)
          .map(({ profiles, fetching }) =>
            tell("fault.ocsp.ask", {
              url: printable(fetching!.url),
              names: profiles.join(", "),
              cause: printable(fetching!.failure!),
            })
          );
        if (failed.length > 0) throw new CommandError(together(failed));
      },
    },
  ];
}

/** Several refusals are one line of English. */
function together(failed: readonly Told[]): string | Told {
  return failed.length === 1 ? failed[0] : failed.map(({ text }) => text).join("; ");
}
