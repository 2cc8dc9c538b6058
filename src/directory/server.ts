/**
 * One server of a directory: its connection, opened when somebody asks and kept for the next; left alone for a while after it failed.
 *
 * A connection that has ended unasked (servers end idle ones) costs a search one more attempt, over a new one. Pauses grow with each failure.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type LdapConfig, type LdapUrl, ldapUrlText } from "../config/config.ts";
import type { LdapFilter } from "../config/ldap_filter.ts";
import type { LinkWorld } from "../services/client_link.ts";
import { type DirectoryLink, openDirectory, type ServerFault } from "./link.ts";

const pauseMs = 1_000;
const pauseMsMax = 30_000;

/** What a server answered. */
export type ServerAnswer = { kind: "found" | "none" } | { kind: "failed"; fault: ServerFault };

/** See the module. */
export class DirectoryServer {
  readonly #world: LinkWorld;
  readonly #settings: LdapConfig;
  readonly #url: LdapUrl;
  readonly #cut = new AbortController();
  #link: { link: DirectoryLink; stamp: string } | undefined;
  #opening: Promise<DirectoryLink | ServerFault> | undefined;
  #usedAt = 0;
  #failures = 0;
  #restsUntil = -Infinity;
  #fault: ServerFault | undefined;
  /** Searches under way, and those that wait for a place. */
  #searches = 0;
  readonly #queue: (() => void)[] = [];

  constructor(world: LinkWorld, { settings, url }: { settings: LdapConfig; url: LdapUrl }) {
    this.#world = world;
    this.#settings = settings;
    this.#url = url;
  }

  /** `ldaps://ldap.example.test:636`. */
  get name(): string {
    return ldapUrlText(this.#url);
  }

  /** It failed a moment ago. */
  get rests(): boolean {
    return this.#world.clock.monotonic() < this.#restsUntil;
  }

  /** Why it failed last, until it answers again. */
  get fault(): ServerFault | undefined {
    return this.#fault;
  }

  /** It has a connection. */
  get isOpen(): boolean {
    return this.#link !== undefined && this.#link.link.ended === undefined;
  }

  /** Searches; `ms`: for all of it. Never rejects. */
  async ask(filter: LdapFilter, ms: number): Promise<ServerAnswer> {
    if (this.#searches >= limits.directorySearchesMax) {
      if (this.#queue.length >= limits.directoryWaitingMax) {
        return { kind: "failed", fault: { text: "too many questions wait for it", unproven: false } };
      }
      // Whoever is done hands his place over.
      await new Promise<void>((go) => this.#queue.push(go));
    } else this.#searches++;
    try {
      // It failed while others waited: each of them would wait for it once more.
      if (this.rests) return { kind: "failed", fault: this.#fault! };
      return await this.#search(filter, this.#world.clock.monotonic() + ms);
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#searches--;
      else next();
    }
  }

  /** Closes a connection that nobody has used lately. */
  tidy(): void {
    const idle = this.#searches === 0 && this.#world.clock.monotonic() - this.#usedAt >= limits.directoryIdleMs;
    if (idle) this.#drop();
  }

  /** Ends it. Who waits is told. */
  close(): void {
    this.#cut.abort();
    this.#drop();
  }

  async #search(filter: LdapFilter, endsAt: number): Promise<ServerAnswer> {
    const { clock } = this.#world;
    const { base, timeout } = this.#settings;
    for (let attempt = 1;; attempt++) {
      const left = Math.min(endsAt - clock.monotonic(), timeout);
      if (left <= 0 || this.#cut.signal.aborted) return this.#failed("no answer in time", { rest: false });
      const open = this.#usable();
      const link = open ?? await this.#open();
      if ("text" in link) return this.#failed(link.text, { unproven: link.unproven });
      this.#usedAt = clock.monotonic();
      const found = await link.search({ base, filter, ms: Math.max(Math.min(endsAt - clock.monotonic(), timeout), 1) });
      switch (found.kind) {
        case "found":
        case "none":
          this.#failures = 0;
          this.#restsUntil = -Infinity;
          this.#fault = undefined;
          return { kind: found.kind };
        case "refused":
          return this.#failed(found.text, { rest: false });
        case "broken":
          // It may have ended while nobody looked.
          if (open !== undefined && attempt === 1 && clock.monotonic() - this.#usedAt < timeout) continue;
          return this.#failed(found.text);
        default:
          return found satisfies never;
      }
    }
  }

  /** The connection, where there is one that may be used: it is neither old nor made under other rules. */
  #usable(): DirectoryLink | undefined {
    const held = this.#link;
    if (held === undefined) return undefined;
    const old = this.#world.clock.monotonic() - held.link.openedAt >= limits.directoryLifeMs;
    if (held.link.ended === undefined && !old && held.stamp === this.#stamp()) return held.link;
    this.#drop();
    return undefined;
  }

  #open(): Promise<DirectoryLink | ServerFault> {
    this.#opening ??= this.#connect().finally(() => this.#opening = undefined);
    return this.#opening;
  }

  async #connect(): Promise<DirectoryLink | ServerFault> {
    const stamp = this.#stamp();
    const opened = await openDirectory(this.#world, {
      settings: this.#settings,
      url: this.#url,
      ms: this.#settings.timeout,
      signal: this.#cut.signal,
    });
    if (opened.kind === "failed") return opened.fault;
    this.#link = { link: opened.link, stamp };
    return opened.link;
  }

  #stamp(): string {
    return this.#world.tls().stamp(this.#settings.certificate);
  }

  #failed(text: string, { rest = true, unproven = false }: { rest?: boolean; unproven?: boolean } = {}): ServerAnswer {
    this.#fault = { text, unproven };
    if (rest && !this.rests) {
      const pause = Math.min(pauseMs * 2 ** Math.min(this.#failures++, 10), pauseMsMax);
      this.#restsUntil = this.#world.clock.monotonic() + pause;
    }
    return { kind: "failed", fault: this.#fault };
  }

  /** Lets the connection go, when its last search is answered. */
  #drop(): void {
    const held = this.#link;
    this.#link = undefined;
    held?.link.retire();
  }
}
