/**
 * A directory of the configuration: its servers in their order, what it answered, and how it does.
 *
 * A server that does not answer is left alone for a while, and the next one asked; whoever asks the same meanwhile waits for the same answer. While none
 * answers the trouble is told once, questions fail at once instead of waiting, and the last one is asked again until it is answered.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { RepeatedFault } from "../base/repeated_fault.ts";
import { printable } from "../base/text.ts";
import type { LdapConfig } from "../config/config.ts";
import { fillLdapTemplate, type LdapFilter, parseLdapFilter } from "../config/ldap_filter.ts";
import type { MailLog } from "../mail/events.ts";
import type { RecipientAnswer } from "../mail/recipient_check.ts";
import type { LinkWorld } from "../services/client_link.ts";
import { placesOf } from "./address.ts";
import { Answers } from "./answers.ts";
import { DirectoryServer } from "./server.ts";

/** What a directory needs of the world. */
export interface DirectoryWorld extends LinkWorld {
  log: MailLog;
}

/** What a filter came to. */
export type FilterAnswer = ({ kind: "known" | "unknown" } | { kind: "temporary"; text: string }) & {
  /** As it was sent. */
  filter: string;
  /** Who answered; absent: it was remembered, or nobody did. */
  server?: string;
};

/** What a question about a recipient came to, with what it was. */
export type DirectoryAnswer = RecipientAnswer & FilterAnswer;

/** Counts since the start. */
export interface DirectoryCounts {
  /** Questions that were answered, and those that were not. */
  known: number;
  unknown: number;
  failed: number;
  /** Answers of those that were remembered. */
  remembered: number;
  /** Searches that were sent to servers. */
  searches: number;
}

/** How a directory does, as plain data. */
export interface DirectoryFacts extends DirectoryCounts {
  name: string;
  servers: { url: string; state: "open" | "idle" | "failing"; fault?: string }[];
  /** It answered when it was asked last. */
  answers: boolean;
}

/** See the module. */
export class Directory {
  readonly settings: LdapConfig;
  readonly #world: DirectoryWorld;
  readonly #servers: readonly DirectoryServer[];
  readonly #answers: Answers;
  readonly #asked = new Map<string, Promise<FilterAnswer>>();
  readonly #trouble: RepeatedFault;
  /** What was not answered last: asked again until it is. */
  #unanswered: string | undefined;
  #closed = false;
  readonly counts: DirectoryCounts;

  /** `counts`: those of the one before, under other settings. */
  constructor(world: DirectoryWorld, { settings, counts }: { settings: LdapConfig; counts?: DirectoryCounts }) {
    this.#world = world;
    this.settings = settings;
    this.counts = counts ?? { known: 0, unknown: 0, failed: 0, remembered: 0, searches: 0 };
    const { clock, log } = world;
    this.#servers = settings.urls.map((url) => new DirectoryServer(world, { settings, url }));
    this.#answers = new Answers({ now: () => clock.monotonic(), ms: settings.cache });
    this.#trouble = new RepeatedFault({
      clock,
      log,
      gone: `The directory ${settings.name} answers again`,
      level: settings.on_temporary_failure === "defer" ? "critical" : "warning",
    });
  }

  /** Whether somebody is a recipient, by a query of the settings. Never rejects. */
  async check(address: string, query: string): Promise<DirectoryAnswer> {
    const template = this.settings.queries.get(query);
    const by = `LDAP query ${this.settings.name}.${query}`;
    if (template === undefined) return { kind: "temporary", by, text: "there is no such query", filter: "" };
    const filter = fillLdapTemplate(template, placesOf(address));
    const remembered = this.#answers.find(filter);
    const answer: DirectoryAnswer = remembered === undefined
      ? { ...await (this.#asked.get(filter) ?? this.#ask(filter)), by }
      : { kind: remembered, by, filter };
    if (remembered !== undefined) this.counts.remembered++;
    this.counts[answer.kind === "temporary" ? "failed" : answer.kind]++;
    const who = answer.server ?? (remembered === undefined ? "nobody" : "memory");
    const end = answer.kind === "temporary" ? `no answer: ${answer.text}` : `${answer.kind}, by ${who}`;
    this.#world.log.debug({ event: "note", text: `${by} for <${printable(address)}>, ${filter}: ${end}` });
    return answer;
  }

  /** Its settings are not in force any more. */
  get closed(): boolean {
    return this.#closed;
  }

  get facts(): DirectoryFacts {
    return {
      name: this.settings.name,
      servers: this.#servers.map(({ name, isOpen, fault }) => ({
        url: name,
        state: fault !== undefined ? "failing" : isOpen ? "open" : "idle",
        ...fault === undefined ? {} : { fault: fault.text },
      })),
      ...this.counts,
      answers: this.#unanswered === undefined,
    };
  }

  /** Called every second: looks whether a trouble is over, closes what is idle. */
  look(): void {
    this.#trouble.check();
    for (const server of this.#servers) server.tidy();
    const filter = this.#unanswered;
    if (filter === undefined || this.#asked.size > 0 || this.#servers.every(({ rests }) => rests)) return;
    void this.#ask(filter);
  }

  /** Ends it. Searches under way are answered; who waits for a connection is told that nobody answers. */
  close(): void {
    this.#closed = true;
    for (const server of this.#servers) server.close();
  }

  #ask(text: string): Promise<FilterAnswer> {
    const asked = this.#askServers(text).finally(() => this.#asked.delete(text));
    this.#asked.set(text, asked);
    return asked;
  }

  async #askServers(text: string): Promise<FilterAnswer> {
    const parsed = parseLdapFilter(text);
    if (!parsed.ok) return { kind: "temporary", text: `the query ${parsed.what}`, filter: text };
    const found = await this.#firstAnswer(parsed.value);
    if ("faults" in found) {
      const faults = found.faults.join("; ");
      if (this.#closed) return { kind: "temporary", text: faults, filter: text };
      this.#unanswered = text;
      const meanwhile = this.settings.on_temporary_failure === "defer" ? "are deferred" : "are taken unchecked";
      this.#trouble.failed(
        `Cannot ask the directory ${this.settings.name}: ${faults}; recipients ${meanwhile} meanwhile`,
        "directory_down",
      );
      return { kind: "temporary", text: faults, filter: text };
    }
    this.#unanswered = undefined;
    this.#trouble.worked();
    this.#answers.keep(text, found.kind);
    return { kind: found.kind, filter: text, server: found.server };
  }

  async #firstAnswer(
    filter: LdapFilter,
  ): Promise<{ kind: "known" | "unknown"; server: string } | { faults: string[] }> {
    const { clock } = this.#world;
    const endsAt = clock.monotonic() + limits.directoryQuestionMs;
    const faults: string[] = [];
    for (const server of this.#servers) {
      const left = endsAt - clock.monotonic();
      if (server.rests || left <= 0) {
        faults.push(`${server.name}: ${server.fault?.text ?? "no time is left for it"}`);
        continue;
      }
      this.counts.searches++;
      const answer = await server.ask(filter, left);
      if (answer.kind !== "failed") return { kind: answer.kind === "found" ? "known" : "unknown", server: server.name };
      faults.push(`${server.name}: ${answer.fault.text}`);
    }
    return { faults };
  }
}
