/**
 * The system's own word on names: `/etc/resolv.conf` and `/etc/hosts`, read again when they change.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { addressFamily, asciiName } from "./names.ts";
import type { DnsServer } from "./records.ts";

/** How often a file is looked at, at most. */
const lookMs = 1_000;
/** Servers that resolv.conf may name: as in the C library. */
const serversMax = 3;

/** What `/etc/resolv.conf` says, as far as it is used: `search` and the like are for people, not for mail. */
export interface ResolvConf {
  /** In the order of trial. */
  servers: DnsServer[];
  /** `options trust-ad`: the way to the servers is safe, so their AD flag is believed (resolv.conf(5)). */
  trustAd: boolean;
}

/** Reads resolv.conf(5). Without a server: the one on this machine, as there. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: DnsServer[] = [];
  let trustAd = false;
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "nameserver" && words.length > 1 && servers.length < serversMax) {
      // A zone such as %eth0 stays with the address; the socket wants it.
      if (addressFamily(words[1].split("%")[0]) !== 0) servers.push({ address: words[1], port: 53 });
    }
    if (words[0] === "options") trustAd ||= words.includes("trust-ad");
  }
  return { servers: servers.length > 0 ? servers : [{ address: "127.0.0.1", port: 53 }], trustAd };
}

/** Reads hosts(5): addresses by name, in lower case. */
export function parseHosts(text: string): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...names] = line.split("#")[0].trim().split(/\s+/);
    if (addressFamily(address) === 0) continue;
    for (const name of names.map(asciiName)) {
      if (name === undefined) continue;
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return byName;
}

/** Reads a file and tells when it changed; tests bring their own. */
export interface FileReader {
  /** Something that changes with the file; `undefined` where there is none. */
  stamp(path: string): string | undefined;
  /** The whole file. Throws where it cannot be read. */
  text(path: string): string;
}

/** The machine's files. */
export const systemFileReader: FileReader = {
  stamp(path) {
    try {
      const { mtime, size, ino } = Deno.statSync(path);
      return `${mtime?.getTime()} ${size} ${ino}`;
    } catch {
      return undefined;
    }
  },
  text: (path) => Deno.readTextFileSync(path),
};

/** The parsed value of a file, looked at once a second at most and parsed when it changed. A missing file is an empty one. */
export class ParsedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #files: FileReader;
  readonly #clock: Clock;
  #value: T | undefined;
  #stamp: string | undefined;
  #looked = -Infinity;

  /** Nothing is read yet. */
  constructor(path: string, options: { parse: (text: string) => T; files: FileReader; clock: Clock }) {
    this.#path = path;
    this.#parse = options.parse;
    this.#files = options.files;
    this.#clock = options.clock;
  }

  /** What the file says now. */
  get value(): T {
    const now = this.#clock.monotonic();
    if (this.#value !== undefined && now - this.#looked < lookMs) return this.#value;
    this.#looked = now;
    const stamp = this.#files.stamp(this.#path);
    if (this.#value === undefined || stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#value = this.#parse(this.#read());
    }
    return this.#value;
  }

  #read(): string {
    if (this.#stamp === undefined) return "";
    try {
      return this.#files.text(this.#path);
    } catch {
      return "";
    }
  }
}
