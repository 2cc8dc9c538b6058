/**
 * What the operator has suspended: listeners, delivery, delivery to some domains.
 *
 * A suspended listener answers new sessions with 421 and lets those that run finish; suspended delivery leaves mail in the queue. Both last until they
 * are resumed, over reloads and restarts: `state/suspended.json` is replaced in one step, and synced, before anything changes.
 * A file that cannot be read suspends everything, since nobody knows any more what was to be kept from happening; `postern resume` ends that.
 *
 * @module
 */
import { dirname } from "node:path";
import { domainToASCII } from "node:url";
import { causeOf } from "../base/text.ts";
import { giveToOwnerOf } from "../config/storage.ts";
import { parseDomainPattern } from "../config/values.ts";
import type { MailLog } from "../mail/events.ts";
import { matchesDomain } from "../queue/browse.ts";

/** Everything, or what is named. */
export type Suspended = "all" | readonly string[];

/** What is suspended now. */
export interface SuspensionFacts {
  /** Names of listeners. */
  listeners: Suspended;
  /** Domains; `.domain` means those below it. */
  delivery: Suspended;
}

const nothing: SuspensionFacts = { listeners: [], delivery: [] };

/** Names that may be suspended one by one, of each kind. */
const namesMax = 1_000;

/** See the module. */
export class Suspension {
  readonly #path: string;
  readonly #log: MailLog;
  #facts: SuspensionFacts;
  /** Called when delivery was resumed, wholly or to a domain. */
  onResume: () => void = () => {};

  /** Reads what is in `directory`, `storage.state`. */
  constructor(directory: string, log: MailLog) {
    this.#path = `${directory}/suspended.json`;
    this.#log = log;
    this.#facts = this.#read();
    this.#tell([]);
  }

  get facts(): SuspensionFacts {
    return this.#facts;
  }

  /** Whether a listener takes no new sessions. */
  listener(name: string): boolean {
    const { listeners } = this.#facts;
    return listeners === "all" || listeners.includes(name);
  }

  /** Whether mail for a domain, in its ASCII form, stays in the queue. */
  delivery(domain: string): boolean {
    const { delivery } = this.#facts;
    return delivery === "all" || delivery.length > 0 && delivery.some((each) => matchesDomain(domain, each));
  }

  /** Puts `facts` in force when they are on the disk. Throws where they cannot be written; then nothing has changed. */
  set(facts: SuspensionFacts): void {
    for (const names of [facts.listeners, facts.delivery]) {
      if (names.length > namesMax) throw new Error(`Cannot suspend more: ${namesMax} names are suspended already`);
    }
    const before = this.#facts;
    this.#write(facts);
    this.#facts = facts;
    this.#tell(suspendedTexts(before));
    if (facts.delivery !== "all" && before.delivery.length > 0) this.onResume();
  }

  #read(): SuspensionFacts {
    try {
      return factsOf(JSON.parse(Deno.readTextFileSync(this.#path)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return nothing;
      const text = `Cannot read ${this.#path}: ${causeOf(error)}; everything is suspended until it is resumed`;
      this.#log.critical({ event: "note", reason: "suspended", text });
      return { listeners: "all", delivery: "all" };
    }
  }

  #write(facts: SuspensionFacts): void {
    const fresh = `${this.#path}.new`;
    {
      using file = Deno.openSync(fresh, { write: true, create: true, truncate: true, mode: 0o600 });
      const bytes = new TextEncoder().encode(JSON.stringify(facts) + "\n");
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      file.syncSync();
    }
    const directory = dirname(this.#path);
    giveToOwnerOf(directory, fresh);
    Deno.renameSync(fresh, this.#path);
    using folder = Deno.openSync(directory);
    folder.syncSync();
  }

  /** Says what is suspended and was not said yet: at the start and after each change. */
  #tell(said: readonly string[]): void {
    for (const text of suspendedTexts(this.#facts)) {
      if (!said.includes(text)) this.#log.warning({ event: "note", reason: "suspended", text });
    }
  }
}

/** What is suspended, in sentences; none where all runs. */
export function suspendedTexts({ listeners, delivery }: SuspensionFacts): string[] {
  const texts: string[] = [];
  if (listeners === "all") texts.push("All listeners are suspended by the operator");
  else for (const name of listeners) texts.push(`Listener ${name} is suspended by the operator`);
  if (delivery === "all") texts.push("Delivery is suspended by the operator");
  else for (const domain of delivery) texts.push(`Delivery to ${domain} is suspended by the operator`);
  return texts;
}

/** A domain as {@linkcode Suspension.delivery} compares it; `undefined` where it is none. */
export function suspensionDomain(text: string): string | undefined {
  // An address literal, RFC 5321 §4.1.3.
  if (/^\[[\da-z.:]+\]$/i.test(text)) return text.toLowerCase();
  const below = text.startsWith(".") ? "." : "";
  const parsed = parseDomainPattern(below + domainToASCII(text.slice(below.length)));
  return parsed.ok ? parsed.value : undefined;
}

function factsOf(value: unknown): SuspensionFacts {
  const { listeners, delivery } = value as SuspensionFacts;
  for (const each of [listeners, delivery]) {
    const named = Array.isArray(each) && each.every((name) => typeof name === "string");
    if (each !== "all" && !named) throw new Error("it is not what was written there");
  }
  return { listeners, delivery };
}
