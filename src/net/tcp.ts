/**
 * TCP: the machine's sockets as {@linkcode Conn}, {@linkcode Listener} and {@linkcode Dialer}.
 *
 * Deadlines are kept by one sweep over all connections instead of a timer each: moving a deadline is a store, and the price is
 * that it is noticed up to {@linkcode sweepMs} late, which SMTP's waits of minutes do not feel.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Octets } from "../base/octets.ts";
import { connectFrom } from "./bound.ts";
import { type Conn, DeadlineError, type Dialer, type Endpoint, endpointText, type Listener } from "./net.ts";

/** How late a passed deadline may be noticed. */
const sweepMs = 100;

/**
 * Closed connections that one address may hold. The runtime cannot end a write that waits for the peer to read, so the socket stays
 * until the peer reads or leaves: a peer that does neither is not spoken to again until it lets go of some.
 */
const lingeringMax = 5;
const lingeringMs = 1_000;

/** What a write that its own side cuts off rejects with: made once, since most farewells end so. */
const closedHere = new Deno.errors.BadResource("the connection is closed");

/** Pause after an accept that failed for want of something, such as file descriptors. */
const acceptPauseMs = 50;

/** The sockets of one process. */
export interface Tcp extends Dialer {
  /** Throws with a clear line where the address is in use or not ours. */
  listen(at: Endpoint, options?: { reusePort: boolean }): Listener;
  /** Connections that are open, both directions. */
  readonly open: number;
}

/** Sockets whose deadlines follow `clock`. */
export function tcp(clock: Clock): Tcp {
  return new Sockets(clock);
}

/** What a connection needs of the runtime's socket. */
export type NativeStream = Pick<
  Deno.TcpConn,
  "read" | "write" | "close" | "setNoDelay" | "localAddr" | "remoteAddr"
>;

class Sockets implements Tcp {
  readonly clock: Clock;
  readonly #conns = new Set<TcpConn>();
  /** Closed with a write under way, and when (monotonic). A farewell that nobody waited for is gone in a moment. */
  readonly #closing = new Map<TcpConn, number>();
  /** Those that are still there after {@linkcode lingeringMs}, by address. */
  readonly #lingering = new Map<string, number>();
  #sweep: Timer | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get open(): number {
    return this.#conns.size;
  }

  listen(at: Endpoint, options: { reusePort: boolean } = { reusePort: false }): Listener {
    try {
      const native = Deno.listen({ hostname: at.address, port: at.port, reusePort: options.reusePort });
      return new TcpListener(native, this);
    } catch (error) {
      throw new Error(`Cannot listen on ${endpointText(at)}: ${listenFault(error)}`);
    }
  }

  async dial(to: Endpoint, { ms, from }: { ms: number; from?: string }): Promise<Conn> {
    if (this.#lingersTooMuch(to.address)) {
      throw new Error(`${to.address} holds ${lingeringMax} closed connections open by reading nothing from them`);
    }
    const abort = new AbortController();
    const timer = this.clock.after(ms, () => abort.abort());
    try {
      return this.adopt(
        from === undefined
          ? await Deno.connect({ hostname: to.address, port: to.port, signal: abort.signal })
          : await connectFrom(from, { to, signal: abort.signal }),
      );
    } catch (error) {
      if (abort.signal.aborted) throw new DeadlineError(`no connection to ${endpointText(to)} within ${ms} ms`);
      throw error;
    } finally {
      timer.cancel();
    }
  }

  adopt(native: NativeStream): Conn {
    const conn = new TcpConn(native, this);
    this.#conns.add(conn);
    this.#startSweep();
    return conn;
  }

  drop(conn: TcpConn): void {
    this.#conns.delete(conn);
    this.#endSweep();
  }

  /** Notes a connection that is closed here and still held by a write that its peer does not take. */
  closing(conn: TcpConn): void {
    this.#closing.set(conn, this.clock.monotonic());
    this.#startSweep();
  }

  /** The write of a closed connection ended. */
  settled(conn: TcpConn): void {
    if (this.#closing.delete(conn)) return this.#endSweep();
    const left = (this.#lingering.get(conn.remote.address) ?? 0) - 1;
    if (left > 0) this.#lingering.set(conn.remote.address, left);
    else this.#lingering.delete(conn.remote.address);
  }

  /** Takes a connection that was accepted; `undefined`, and closed, where its peer holds too many already. */
  admit(native: Deno.TcpConn): Conn | undefined {
    if (!this.#lingersTooMuch(endpointOf(native.remoteAddr).address)) return this.adopt(native);
    native.close();
  }

  #lingersTooMuch(address: string): boolean {
    return (this.#lingering.get(address) ?? 0) >= lingeringMax;
  }

  #startSweep(): void {
    this.#sweep ??= this.clock.every(sweepMs, () => this.#expire());
  }

  #expire(): void {
    const now = this.clock.monotonic();
    for (const conn of this.#conns) if (conn.expiresAt <= now) conn.expire();
    for (const [conn, since] of this.#closing) {
      if (now - since < lingeringMs) break;
      this.#closing.delete(conn);
      this.#lingering.set(conn.remote.address, (this.#lingering.get(conn.remote.address) ?? 0) + 1);
    }
    this.#endSweep();
  }

  #endSweep(): void {
    if (this.#conns.size > 0 || this.#closing.size > 0) return;
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }
}

class TcpConn implements Conn {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Monotonic milliseconds. */
  expiresAt = Infinity;
  readonly #native: NativeStream;
  readonly #sockets: Sockets;
  #closed = false;
  #expired = false;
  #rejectWrite: ((cause: unknown) => void) | undefined;

  constructor(native: NativeStream, sockets: Sockets) {
    this.#native = native;
    this.#sockets = sockets;
    this.local = endpointOf(native.localAddr);
    this.remote = endpointOf(native.remoteAddr);
    // Replies are small and waited for: Nagle's algorithm would hold each back for the peer's delayed acknowledgement.
    native.setNoDelay(true);
  }

  async read(into: Octets): Promise<number | null> {
    try {
      return await this.#native.read(into);
    } catch (error) {
      throw this.#cause(error);
    }
  }

  write(bytes: Octets): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#rejectWrite = reject;
    this.#writeAll(bytes).then(() => {
      this.#writeEnded();
      resolve();
    }, (error) => {
      this.#writeEnded();
      reject(this.#cause(error));
    });
    return promise;
  }

  #writeEnded(): void {
    this.#rejectWrite = undefined;
    if (this.#closed) this.#sockets.settled(this);
  }

  async #writeAll(bytes: Octets): Promise<void> {
    let written = await this.#native.write(bytes);
    while (written < bytes.length) written += await this.#native.write(bytes.subarray(written));
  }

  deadline(ms: number): void {
    this.expiresAt = this.#sockets.clock.monotonic() + ms;
  }

  expire(): void {
    this.#expired = true;
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#rejectWrite !== undefined) this.#sockets.closing(this);
    this.#sockets.drop(this);
    this.#native.close();
    this.#rejectWrite?.(this.#cause(closedHere));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #cause(error: unknown): unknown {
    return this.#expired ? new DeadlineError(`the time-out for ${endpointText(this.remote)} passed`) : error;
  }
}

class TcpListener implements Listener {
  readonly local: Endpoint;
  readonly #native: Deno.TcpListener;
  readonly #sockets: Sockets;
  #accepting: Promise<unknown> | undefined;
  #closed: Promise<void> | undefined;

  constructor(native: Deno.TcpListener, sockets: Sockets) {
    this.#native = native;
    this.#sockets = sockets;
    this.local = endpointOf(native.addr);
  }

  async accept(): Promise<Conn | null> {
    while (this.#closed === undefined) {
      try {
        const accepting = this.#accepting = this.#native.accept();
        const conn = this.#sockets.admit(await accepting);
        if (conn !== undefined) return conn;
      } catch {
        // Closed, a client that left before it was accepted, or no descriptor to spare: only the last needs the pause.
        if (this.#closed === undefined) await new Promise<void>((go) => this.#sockets.clock.after(acceptPauseMs, go));
      }
    }
    return null;
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#native.close();
      const released = (): void => {};
      // The accept that is under way holds the socket until it has ended.
      this.#closed = this.#accepting?.then(released, released) ?? Promise.resolve();
    }
    return this.#closed;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function endpointOf(native: Deno.NetAddr): Endpoint {
  // A dual-stack socket shows IPv4 clients as ::ffff:10.0.0.1; rules are written for 10.0.0.1.
  return { address: native.hostname.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, ""), port: native.port };
}

function listenFault(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "the port is in use by another program";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE";
  }
  return error instanceof Error ? error.message : String(error);
}
