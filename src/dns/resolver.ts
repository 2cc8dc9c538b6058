/**
 * A stub resolver: questions to the configured servers or the system's, answers kept for their time.
 *
 * Servers are tried in turn, the one that answered last first. A question that is under way is shared by all who ask it. A failure is kept
 * for a moment too (RFC 9520 §3.2), so that a dead server is not asked once for each message. The AD flag is believed only
 * from a server on this machine, or where resolv.conf says `trust-ad`: on any other way it could have been set by
 * somebody in between.
 *
 * @module
 */
import { aliasesMax } from "./message.ts";
import { TtlCache } from "./cache.ts";
import { addressFamily, asciiName } from "./names.ts";
import type { Answer, DnsFailure, DnsServer, RecordType, RecordTypes, Resolver } from "./records.ts";
import { type FileReader, ParsedFile, parseHosts, parseResolvConf, systemFileReader } from "./system_files.ts";
import { type DnsWorld, type Exchange, exchange } from "./transport.ts";

/** Tries of one question, over all servers. */
const triesMax = 3;
const entriesMax = 20_000;
/** Seconds. RFC 2308 §5 asks for 1 to 3 hours for negative answers; RFC 8767 §4 caps others at days. */
const positiveSecondsMax = 86_400;
const negativeSecondsMax = 3_600;
/** Aliases of TTL 0 would have a chain asked for with each message. */
const secondsMin = 1;
/** RFC 9520 §3.2: 1 s to 5 min. */
const failureSeconds = 5;

/** What the configuration says about the DNS. */
export interface DnsSettings {
  /** Empty: the system's. */
  servers: readonly DnsServer[];
  /** For one try at one server, milliseconds. */
  timeout: number;
}

/** How a resolver is made. */
export interface ResolverOptions extends DnsWorld {
  /** Read with each question. */
  settings: () => DnsSettings;
  /** The system's files, unless a test has its own. */
  files?: FileReader;
  /** `/etc/resolv.conf`. */
  resolvConf?: string;
  /** `/etc/hosts`. */
  hosts?: string;
}

/** Makes a resolver. Settings are read with each question, so a new configuration is in force at once. */
export function createResolver(options: ResolverOptions): StubResolver {
  return new StubResolver(options);
}

/** See {@linkcode createResolver}. */
export class StubResolver implements Resolver {
  readonly #world: ResolverOptions;
  readonly #resolvConf: ParsedFile<ReturnType<typeof parseResolvConf>>;
  readonly #hosts: ParsedFile<Map<string, string[]>>;
  readonly #cache: TtlCache<Answer<unknown>>;
  readonly #underWay = new Map<string, Promise<Answer<unknown>>>();
  /** The server that answered last, so that a dead first one costs its time-out once. */
  #preferred = "";

  /** See {@linkcode createResolver}. */
  constructor(options: ResolverOptions) {
    this.#world = options;
    const { clock, files = systemFileReader } = options;
    this.#resolvConf = new ParsedFile(options.resolvConf ?? "/etc/resolv.conf", {
      parse: parseResolvConf,
      files,
      clock,
    });
    this.#hosts = new ParsedFile(options.hosts ?? "/etc/hosts", { parse: parseHosts, files, clock });
    this.#cache = new TtlCache(clock, entriesMax);
  }

  /** Forgets every answer: the `dnsflush` of an operator. */
  flush(): void {
    this.#cache.clear();
  }

  /** See {@linkcode Resolver.resolve}. */
  resolve<T extends RecordType>(name: string, type: T): Promise<Answer<RecordTypes[T]>> {
    return this.#resolve(name, type) as Promise<Answer<RecordTypes[T]>>;
  }

  #resolve(name: string, type: RecordType): Promise<Answer<unknown>> {
    const ascii = asciiName(name);
    if (ascii === undefined) return Promise.resolve({ kind: "failed", reason: "bad_name" });
    const local = this.#local(ascii, type);
    if (local !== undefined) return Promise.resolve(local);
    const { servers, trustAd } = this.#servers();
    // Other servers may say something else: answers of a former configuration must not outlive it.
    const key = `${type} ${ascii} ${servers.map(({ address, port }) => `${address} ${port}`).join(",")}`;
    const kept = this.#cache.get(key);
    if (kept !== undefined) return Promise.resolve(kept);
    const shared = this.#underWay.get(key);
    if (shared !== undefined) return shared;
    const asking = this.#ask(ascii, { type, servers, trustAd }).then((answer) => {
      this.#underWay.delete(key);
      this.#cache.put(key, { value: answer, seconds: answer.kind === "failed" ? failureSeconds : answer.ttl });
      return answer;
    });
    this.#underWay.set(key, asking);
    return asking;
  }

  #servers(): { servers: readonly DnsServer[]; trustAd: boolean } {
    const { servers } = this.#world.settings();
    return servers.length > 0 ? { servers, trustAd: false } : this.#resolvConf.value;
  }

  /** `/etc/hosts`, and what RFC 6761 §6.3 says of localhost. */
  #local(name: string, type: RecordType): Answer<unknown> | undefined {
    if (type !== "A" && type !== "AAAA") return undefined;
    const family = type === "A" ? 4 : 6;
    let listed = this.#hosts.value.get(name);
    if (listed === undefined && (name === "localhost" || name.endsWith(".localhost"))) listed = ["127.0.0.1", "::1"];
    if (listed === undefined) return undefined;
    const records = listed.filter((address) => addressFamily(address) === family);
    return records.length > 0
      ? { kind: "found", records, ttl: secondsMin, authentic: false }
      : { kind: "no_data", ttl: secondsMin, authentic: false };
  }

  async #ask(
    name: string,
    { type, servers, trustAd }: { type: RecordType; servers: readonly DnsServer[]; trustAd: boolean },
  ): Promise<Answer<unknown>> {
    let asked = name;
    let ttl = positiveSecondsMax;
    let authentic = true;
    for (let aliases = 0; aliases <= aliasesMax; aliases++) {
      const { reading, server } = await this.#askServers({ name: asked, type, servers });
      if (reading.kind === "failed") return { kind: "failed", reason: reading.reason };
      authentic &&= reading.ad && (trustAd || isLoopback(server.address));
      if (reading.kind === "alias") {
        ttl = Math.min(ttl, reading.ttl);
        asked = reading.target;
        continue;
      }
      if (reading.kind === "found") {
        ttl = Math.max(Math.min(ttl, reading.ttl), secondsMin);
        return { kind: "found", records: reading.records, ttl, authentic };
      }
      return { kind: reading.kind, ttl: Math.min(ttl, reading.ttl, negativeSecondsMax), authentic };
    }
    return { kind: "failed", reason: "alias_loop" };
  }

  async #askServers(
    { name, type, servers }: { name: string; type: RecordType; servers: readonly DnsServer[] },
  ): Promise<{ reading: Exchange; server: DnsServer }> {
    const first = Math.max(servers.findIndex((server) => serverKey(server) === this.#preferred), 0);
    let reason: DnsFailure = "no_servers";
    let server = servers[first];
    for (let tries = 0; tries < triesMax && servers.length > 0; tries++) {
      server = servers[(first + tries) % servers.length];
      const reading = await exchange(this.#world, {
        server,
        asked: { name, type, ms: this.#world.settings().timeout },
      });
      if (reading.kind !== "failed") {
        this.#preferred = serverKey(server);
        return { reading, server };
      }
      reason = reading.reason;
      // A server that was reached and fails will fail again: each is asked once for that.
      if (reason !== "timeout" && tries + 1 >= servers.length) break;
    }
    return { reading: { kind: "failed", reason } as Exchange, server };
  }
}

function serverKey({ address, port }: DnsServer): string {
  return `${address} ${port}`;
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
