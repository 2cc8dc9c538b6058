/**
 * Looks at a client's hello and leaves the connection as if nobody had.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import type { Conn, Endpoint } from "../net/net.ts";
import { type Hello, HelloReader } from "./hello.ts";

/** A connection whose first bytes are known. */
export interface Peeked {
  hello: Hello;
  /** The protocols that it offers: RFC 7301. */
  protocols: readonly string[];
  /** Gives all bytes from the first on. */
  conn: Conn;
}

/** Reads until the ClientHello is whole, or is none. The deadline of `conn` is set. Rejects as `conn.read` does. */
export async function peekHello(conn: Conn): Promise<Peeked> {
  conn.deadline(limits.handshakeMs);
  const reader = new HelloReader();
  const buffer: Octets = new Uint8Array(4_096);
  for (;;) {
    const read = await conn.read(buffer);
    const hello: Hello = read === null ? { kind: "other" } : reader.push(buffer.subarray(0, read));
    if (hello.kind === "more") continue;
    const protocols = hello.kind === "hello" ? reader.protocols() : [];
    return { hello, protocols, conn: new Rewound(conn, reader.bytes()) };
  }
}

class Rewound implements Conn {
  readonly #conn: Conn;
  #before: Octets;

  constructor(conn: Conn, before: Octets) {
    this.#conn = conn;
    this.#before = before;
  }

  get local(): Endpoint {
    return this.#conn.local;
  }

  get remote(): Endpoint {
    return this.#conn.remote;
  }

  read(into: Octets): Promise<number | null> {
    if (this.#before.length === 0) return this.#conn.read(into);
    const count = Math.min(into.length, this.#before.length);
    into.set(this.#before.subarray(0, count));
    this.#before = this.#before.subarray(count);
    return Promise.resolve(count);
  }

  write(bytes: Octets): Promise<void> {
    return this.#conn.write(bytes);
  }

  deadline(ms: number): void {
    this.#conn.deadline(ms);
  }

  close(): void {
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
