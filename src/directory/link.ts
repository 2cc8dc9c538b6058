/**
 * One connection to a directory's server: opened, proven, bound; then many searches at a time, each known by its number.
 *
 * Whatever is in doubt ends the connection: octets that are no message, octets in clear behind the answer to StartTLS (an attacker's, who wants them
 * read inside TLS), an answer that does not come while nothing else does. Referrals are not followed: they would lead to servers that nobody chose.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { joined, type Octets } from "../base/octets.ts";
import { causeOf, printable } from "../base/text.ts";
import { isLdaps, type LdapConfig, type LdapUrl } from "../config/config.ts";
import type { LdapFilter } from "../config/ldap_filter.ts";
import { readSecretFile } from "../config/secret_file.ts";
import type { Conn } from "../net/net.ts";
import { type LinkWorld, openLink } from "../services/client_link.ts";
import type { PeerFacts } from "../tls/engine.ts";
import {
  abandonRequest,
  bindRequest,
  type BindWish,
  codeText,
  disconnectionName,
  type LdapAnswer,
  type LdapResult,
  MessageReader,
  searchRequest,
  startTlsRequest,
  unbindRequest,
} from "./message.ts";

/** Why a server gives no answer; one line, with what the server said in it escaped. */
export interface ServerFault {
  text: string;
  /** Somebody answered who could not prove to be the server. */
  unproven: boolean;
}

/** What a search came to. */
export type Searched =
  | { kind: "found" | "none" }
  /** The server will not, or cannot. It goes on with other searches. */
  | { kind: "refused"; text: string }
  /** The connection has ended, or is ended since nothing comes from it. */
  | { kind: "broken"; text: string };

/** What a connection is opened with. */
export interface DirectoryWish {
  settings: LdapConfig;
  url: LdapUrl;
  /** For all of it. */
  ms: number;
  signal: AbortSignal;
}

/** What came of it. */
export type DirectoryOpened =
  | { kind: "open"; link: DirectoryLink; facts?: PeerFacts }
  | { kind: "failed"; fault: ServerFault };

/** RFC 4511 §4.1.1.1. */
const idMax = 2 ** 31 - 1;
const sizeLimitExceeded = 4;

/** Connects, secures and binds. Never rejects. */
export async function openDirectory(world: LinkWorld, wish: DirectoryWish): Promise<DirectoryOpened> {
  const { settings: { bind, certificate, starttls }, url, ms, signal } = wish;
  const endsAt = world.clock.monotonic() + ms;
  const { host, port } = url;
  const failed = (text: string, unproven = false): DirectoryOpened => ({ kind: "failed", fault: { text, unproven } });
  let who: BindWish | undefined;
  try {
    who = bind.kind === "simple"
      ? { kind: "simple", dn: bind.dn, password: await readSecretFile(bind.passwordFile) }
      : bind.kind === "external"
      ? bind
      : undefined;
  } catch (thrown) {
    return failed(printable(causeOf(thrown), 300));
  }
  const tls = isLdaps(url) ? { certificate } : starttls ? { certificate, before: askForTls } : undefined;
  const opened = await openLink(world, { host, port, tls, ms, signal });
  if (opened.kind === "failed") return failed(opened.fault.text, opened.fault.unproven);
  const { conn, facts } = opened;
  const link = new DirectoryLink(conn, world.clock);
  if (who !== undefined) {
    const refusal = await link.bind(who, Math.max(endsAt - world.clock.monotonic(), 1));
    if (refusal !== undefined) {
      link.close();
      return failed(refusal);
    }
  }
  return { kind: "open", link, ...facts === undefined ? {} : { facts } };
}

/** RFC 4511 §4.14: asks for TLS in clear. Rejects where the server will not. */
async function askForTls(conn: Conn): Promise<void> {
  await conn.write(startTlsRequest(1));
  const reader = new MessageReader();
  const into: Octets = new Uint8Array(4_096);
  for (;;) {
    const count = await conn.read(into);
    if (count === null) throw new Error("the server closed the connection before TLS");
    reader.push(into.subarray(0, count));
    const answer = reader.next();
    if (answer === undefined) continue;
    if (answer.kind !== "extended" || answer.id > 1) throw new Error("the server answers StartTLS with something else");
    // 0: a notice that it ends the connection.
    if (answer.id === 0 || answer.result.code !== 0) {
      throw new Error(`the server refuses StartTLS: ${resultText(answer.result)}`);
    }
    if (reader.left > 0) throw new Error("octets in clear behind the answer to StartTLS");
    return;
  }
}

interface Waiting {
  entry: () => void;
  settle: (end: AskEnd) => void;
}

/** What a request came to. */
type AskEnd = { answer: LdapAnswer } | { broken: string } | { late: true };

/** See the module. */
export class DirectoryLink {
  readonly #conn: Conn;
  readonly #clock: Clock;
  readonly #reader = new MessageReader();
  readonly #waiting = new Map<number, Waiting>();
  readonly openedAt: number;
  /** When something was heard last (monotonic). */
  #heardAt: number;
  #lastId = 1;
  #unsent: Octets[] = [];
  #sending = false;
  #ended: string | undefined;
  #retired = false;

  constructor(conn: Conn, clock: Clock) {
    this.#conn = conn;
    this.#clock = clock;
    this.openedAt = this.#heardAt = clock.monotonic();
    conn.deadline(Infinity);
    void this.#listen();
  }

  /** Why it cannot be used any more; `undefined`: it can. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Says who we are. Why the server does not take it, in one line. */
  async bind(who: BindWish, ms: number): Promise<string | undefined> {
    const end = await this.#ask((id) => bindRequest(id, who), { ms });
    if ("broken" in end) return end.broken;
    if ("late" in end) return "the server does not answer the bind";
    const { answer } = end;
    if (answer.kind !== "bound") return "the server answers the bind with something else";
    return answer.result.code === 0 ? undefined : `the server refuses the bind: ${resultText(answer.result)}`;
  }

  /** Whether there is an entry below `base` that fits. */
  async search({ base, filter, ms }: { base: string; filter: LdapFilter; ms: number }): Promise<Searched> {
    const askedAt = this.#clock.monotonic();
    const seconds = Math.ceil(ms / 1000);
    let entry = false;
    const onEntry = () => void (entry = true);
    const end = await this.#ask((id) => searchRequest(id, { base, filter, seconds }), { ms, onEntry });
    if ("broken" in end) return { kind: "broken", text: end.broken };
    if ("late" in end) {
      const text = `no answer within ${seconds} s`;
      // One that says something else meanwhile is only slow with this search.
      if (this.#heardAt > askedAt) return { kind: "refused", text };
      this.#end(text);
      return { kind: "broken", text };
    }
    const { answer } = end;
    if (answer.kind !== "done") return { kind: "refused", text: "the server answers the search with something else" };
    const { result } = answer;
    if (entry && (result.code === 0 || result.code === sizeLimitExceeded)) return { kind: "found" };
    if (result.code === 0) return { kind: "none" };
    return { kind: "refused", text: `the server refuses the search: ${resultText(result)}` };
  }

  /** Takes no more searches, and ends with the last answer. */
  retire(): void {
    this.#retired = true;
    if (this.#waiting.size === 0) this.close();
  }

  /** Ends it. Searches that wait get no answer. */
  close(): void {
    if (this.#ended !== undefined) return;
    // RFC 4511 §4.3: a farewell that nobody answers; what does not fit into the socket is not waited for.
    const farewell = this.#sending ? Promise.resolve() : this.#conn.write(unbindRequest(this.#nextId()));
    this.#settleAll("the connection was closed");
    this.#conn.deadline(limits.farewellMs);
    void farewell.catch(() => {}).finally(() => this.#conn.close());
  }

  #ask(
    request: (id: number) => Octets,
    { ms, onEntry = () => {} }: { ms: number; onEntry?: () => void },
  ): Promise<AskEnd> {
    if (this.#ended !== undefined) return Promise.resolve({ broken: this.#ended });
    const { promise, resolve } = Promise.withResolvers<AskEnd>();
    const id = this.#nextId();
    const timer = this.#clock.after(ms, () => {
      this.#waiting.delete(id);
      if (this.#retired && this.#waiting.size === 0) this.close();
      this.#send(abandonRequest(this.#nextId(), id));
      resolve({ late: true });
    });
    this.#waiting.set(id, {
      entry: onEntry,
      settle(end) {
        timer.cancel();
        resolve(end);
      },
    });
    this.#send(request(id));
    return promise;
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === idMax ? 1 : this.#lastId + 1; while (this.#waiting.has(this.#lastId));
    return this.#lastId;
  }

  /** Requests of one turn leave together. */
  #send(request: Octets): void {
    if (this.#ended !== undefined) return;
    this.#unsent.push(request);
    if (!this.#sending) void this.#flush();
  }

  async #flush(): Promise<void> {
    this.#sending = true;
    try {
      await Promise.resolve();
      while (this.#unsent.length > 0 && this.#ended === undefined) {
        const bytes = joined(this.#unsent);
        this.#unsent = [];
        await this.#conn.write(bytes);
      }
    } catch (thrown) {
      this.#end(`the connection broke: ${printable(causeOf(thrown), 300)}`);
    } finally {
      this.#sending = false;
    }
  }

  async #listen(): Promise<void> {
    const into: Octets = new Uint8Array(4_096);
    try {
      for (;;) {
        const count = await this.#conn.read(into);
        if (count === null) return this.#end("the server closed the connection");
        this.#heardAt = this.#clock.monotonic();
        this.#reader.push(into.subarray(0, count));
        for (let answer = this.#reader.next(); answer !== undefined; answer = this.#reader.next()) this.#hear(answer);
        if (this.#ended !== undefined) return;
      }
    } catch (thrown) {
      this.#end(`the connection broke: ${printable(causeOf(thrown), 300)}`);
    }
  }

  #hear(answer: LdapAnswer): void {
    // RFC 4511 §4.4.1: a notice of disconnection.
    if (answer.id === 0 && answer.kind === "extended" && answer.name === disconnectionName) {
      return this.#end(`the server ends the connection: ${resultText(answer.result)}`);
    }
    // Nobody waits for the answer to what was given up.
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    switch (answer.kind) {
      case "entry":
        return waiting.entry();
      case "other":
        return;
      case "bound":
      case "done":
      case "extended":
        this.#waiting.delete(answer.id);
        waiting.settle({ answer });
        if (this.#retired && this.#waiting.size === 0) this.close();
        return;
      default:
        return answer satisfies never;
    }
  }

  #end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#settleAll(why);
    this.#conn.close();
  }

  #settleAll(why: string): void {
    this.#ended = why;
    for (const { settle } of this.#waiting.values()) settle({ broken: why });
    this.#waiting.clear();
  }
}

function resultText({ code, text }: LdapResult): string {
  return codeText(code) + (text === "" ? "" : `, '${printable(text, 200)}'`);
}
