/**
 * Connections that are listened to: who said what, in clear text and within TLS, and how long all of it may take.
 *
 * What is recorded is bounded, since a peer may talk without end.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type Octets, textOf } from "../base/octets.ts";
import { type Conn, DeadlineError, type Dialer, type Endpoint } from "../net/net.ts";
import { networkFailure } from "./ends.ts";
import type { StartTls, TlsStart } from "./world.ts";

/** A line of a dialogue. */
export interface Spoken {
  by: "client" | "server" | "us";
  /** Without its line end; what came from the peer is not escaped yet. Of `us`: what is going on. */
  text: string;
}

/** One connection, or the attempt at one. */
export interface Recording {
  to: Endpoint;
  spoken: Spoken[];
  /** The handshake, where there was one. */
  tls?: TlsStart;
}

/** Characters of one connection that are kept. */
const charactersMax = 65_536;

/** What is recorded with. */
export interface RecorderWorld {
  clock: Clock;
  dialer: Dialer;
  startTls: StartTls;
  /** Monotonic milliseconds after which nothing is waited for any more. */
  endsAt: number;
  /** For one connection, from its dialling to its end. */
  ms: number;
  /** Told of a handshake while the session lives: facts are read now or never. */
  onTls: (start: TlsStart, recording: Recording) => void;
}

/** A dialer and a TLS client that record. */
export class Recorder implements Dialer {
  readonly recordings: Recording[] = [];
  readonly #world: RecorderWorld;
  readonly #ears = new WeakMap<Conn, RecordedConn>();

  constructor(world: RecorderWorld) {
    this.#world = world;
  }

  /** Dials as `world.dialer` does. */
  async dial(to: Endpoint, { ms, from }: { ms: number; from?: string }): Promise<Conn> {
    const { clock, dialer, endsAt } = this.#world;
    const recording: Recording = { to, spoken: [] };
    this.recordings.push(recording);
    const until = Math.min(endsAt, clock.monotonic() + this.#world.ms);
    try {
      const left = until - clock.monotonic();
      if (left <= 0) throw new DeadlineError("Cannot dial: the time is up");
      const conn = await dialer.dial(to, { ms: Math.min(ms, left), from });
      const recorded = new RecordedConn(conn, { recording, clock, until });
      this.#ears.set(recorded, recorded);
      return recorded;
    } catch (error) {
      recording.spoken.push({ by: "us", text: networkFailure(error).text });
      throw error;
    }
  }

  /** Shakes hands as `world.startTls` does; the clear text within goes on being recorded. */
  readonly startTls: StartTls = async (conn, session) => {
    const { startTls, onTls } = this.#world;
    const outer = this.#ears.get(conn);
    if (outer === undefined) return await startTls(conn, session);
    outer.mute();
    const start = await startTls(conn, session);
    const { recording } = outer;
    recording.tls = start;
    recording.spoken.push({ by: "us", text: startText(start) });
    onTls(start, recording);
    return start.kind === "failed" ? start : { ...start, conn: outer.within(start.conn) };
  };
}

function startText(start: TlsStart): string {
  if (start.kind === "failed") return `TLS failed: ${start.failure.error}`;
  const { protocol, cipher, bits } = start.facts;
  return `TLS is up: ${protocol}, ${cipher}, ${bits} bits`;
}

class RecordedConn implements Conn {
  readonly recording: Recording;
  readonly #conn: Conn;
  readonly #clock: Clock;
  readonly #until: number;
  #muted = false;
  #characters = 0;
  /** Whose line is not at its end. */
  #open: Spoken | undefined;

  constructor(conn: Conn, { recording, clock, until }: { recording: Recording; clock: Clock; until: number }) {
    this.#conn = conn;
    this.#clock = clock;
    this.#until = until;
    this.recording = recording;
  }

  get local(): Endpoint {
    return this.#conn.local;
  }

  get remote(): Endpoint {
    return this.#conn.remote;
  }

  /** From now on it is cipher text. */
  mute(): void {
    this.#muted = true;
  }

  /** The clear text of a TLS stream over this connection, in the same recording. */
  within(conn: Conn): Conn {
    return new RecordedConn(conn, { recording: this.recording, clock: this.#clock, until: this.#until });
  }

  async read(into: Octets): Promise<number | null> {
    const count = await this.#conn.read(into);
    if (count !== null) this.#note("server", into.subarray(0, count));
    return count;
  }

  async write(bytes: Octets): Promise<void> {
    this.#note("client", bytes);
    await this.#conn.write(bytes);
  }

  deadline(ms: number): void {
    this.#conn.deadline(Math.max(Math.min(ms, this.#until - this.#clock.monotonic()), 0));
  }

  close(): void {
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.#conn[Symbol.dispose]();
  }

  #note(by: "client" | "server", bytes: Octets): void {
    if (this.#muted || this.#characters > charactersMax) return;
    const text = textOf(bytes);
    this.#characters += text.length;
    const lines = text.split("\n");
    for (const [index, line] of lines.entries()) {
      const last = index === lines.length - 1;
      if (this.#open?.by === by) this.#open.text += line;
      else if (line !== "" || !last) this.recording.spoken.push(this.#open = { by, text: line });
      if (last) break;
      if (this.#open !== undefined) this.#open.text = this.#open.text.replace(/\r$/, "");
      this.#open = undefined;
    }
    if (this.#characters > charactersMax) {
      this.recording.spoken.push({ by: "us", text: "it goes on; what follows is not kept" });
    }
  }
}
