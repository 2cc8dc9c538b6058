/**
 * Connections in memory.
 *
 * @module
 */
import type { Clock, Timer } from "../../src/base/clock.ts";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { type Conn, DeadlineError, type Endpoint, type Listener } from "../../src/net/net.ts";

/** How a pair is made. */
export interface PipeOptions {
  clock: Clock;
  client?: Endpoint;
  server?: Endpoint;
  /** Octets that may be under way in one direction before a write waits for the reader. */
  capacity?: number;
}

const closedError = (): Error => new Error("the connection is closed");

/** One direction. */
class Stream {
  readonly #capacity: number;
  #chunks: Octets[] = [];
  #octets = 0;
  #ended = false;
  #wake = new Set<() => void>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async read(into: Octets, failed: () => Error | undefined): Promise<number | null> {
    for (;;) {
      const error = failed();
      if (error !== undefined) throw error;
      const chunk = this.#chunks[0];
      if (chunk !== undefined) {
        const count = Math.min(chunk.length, into.length);
        into.set(chunk.subarray(0, count));
        if (count === chunk.length) this.#chunks.shift();
        else this.#chunks[0] = chunk.subarray(count);
        this.#octets -= count;
        this.wake();
        return count;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake.add(resolve));
    }
  }

  async write(bytes: Octets, failed: () => Error | undefined): Promise<void> {
    for (;;) {
      const error = failed();
      if (error !== undefined) throw error;
      if (this.#ended) throw new Error("the peer closed the connection");
      if (this.#octets < this.#capacity) break;
      await new Promise<void>((resolve) => this.#wake.add(resolve));
    }
    if (bytes.length > 0) this.#chunks.push(bytes.slice());
    this.#octets += bytes.length;
    this.wake();
  }

  end(): void {
    this.#ended = true;
    this.wake();
  }

  wake(): void {
    const waiting = this.#wake;
    this.#wake = new Set();
    for (const resolve of waiting) resolve();
  }
}

class PipeEnd implements Conn {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #clock: Clock;
  readonly #incoming: Stream;
  readonly #outgoing: Stream;
  #error: Error | undefined;
  #timer: Timer | undefined;

  constructor(options: { clock: Clock; local: Endpoint; remote: Endpoint; incoming: Stream; outgoing: Stream }) {
    this.local = options.local;
    this.remote = options.remote;
    this.#clock = options.clock;
    this.#incoming = options.incoming;
    this.#outgoing = options.outgoing;
  }

  read(into: Octets): Promise<number | null> {
    return this.#incoming.read(into, () => this.#error);
  }

  write(bytes: Octets): Promise<void> {
    return this.#outgoing.write(bytes, () => this.#error);
  }

  deadline(ms: number): void {
    this.#timer?.cancel();
    if (this.#error === undefined && ms !== Infinity) {
      this.#timer = this.#clock.after(ms, () => this.#end(new DeadlineError("the deadline passed")));
    }
  }

  close(): void {
    this.#end(closedError());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #end(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#timer?.cancel();
    this.#outgoing.end();
    this.#incoming.end();
    this.#incoming.wake();
  }
}

/** Two ends of one connection: what one writes, the other reads. Closing one lets the other read to the end. */
export function pipe(options: PipeOptions): { client: Conn; server: Conn } {
  const { clock, capacity = Infinity } = options;
  const client = options.client ?? { address: "192.0.2.7", port: 40_000 };
  const server = options.server ?? { address: "127.0.0.1", port: 25 };
  const up = new Stream(capacity);
  const down = new Stream(capacity);
  return {
    client: new PipeEnd({ clock, local: client, remote: server, incoming: down, outgoing: up }),
    server: new PipeEnd({ clock, local: server, remote: client, incoming: up, outgoing: down }),
  };
}

/** A listener whose connections a test makes. */
export class PipeListener implements Listener {
  readonly local: Endpoint = { address: "127.0.0.1", port: 25 };
  readonly #clock: Clock;
  #queue: (Conn | null)[] = [];
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The client's end of a new connection. */
  connect(options: Omit<PipeOptions, "clock"> = {}): Conn {
    const { client, server } = pipe({ clock: this.#clock, ...options });
    this.#push(server);
    return client;
  }

  async accept(): Promise<Conn | null> {
    while (this.#queue.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#queue[0] === null ? null : this.#queue.shift()!;
  }

  close(): void {
    this.#push(null);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #push(conn: Conn | null): void {
    this.#queue.push(conn);
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** Reads what is there until the end or until `enough` says so. */
export async function readText(conn: Conn, enough: (text: string) => boolean): Promise<string> {
  const buffer = new Uint8Array(65_536);
  const chunks: Octets[] = [];
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) break;
    chunks.push(buffer.slice(0, count));
    if (enough(textOf(joined(chunks)))) break;
  }
  return chunks.length === 0 ? "" : textOf(joined(chunks));
}

/** Writes text as UTF-8. */
export function writeText(conn: Conn, text: string): Promise<void> {
  return conn.write(octets(text));
}
