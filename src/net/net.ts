/**
 * Byte streams, as everything above sees them: a socket, a TLS session over one, a pair in memory for tests.
 *
 * Reads and writes are never given a timer of their own; a connection has one deadline at a time, which ends it, and which
 * is moved by whoever knows what is being waited for. That costs a store instead of a timer.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";

/** An address and a port. */
export interface Endpoint {
  address: string;
  port: number;
}

/** `10.0.0.1:25`, `[2001:db8::1]:25`. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A byte stream in both directions. One read and one write may be under way at a time. */
export interface Conn extends Disposable {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Bytes into `into`: how many, at least one; `null` at the peer's end of the stream. Rejects when the connection breaks or its deadline passes. */
  read(into: Octets): Promise<number | null>;
  /** Writes all of `bytes`. Rejects when the connection breaks or its deadline passes. The caller must not change `bytes` before. */
  write(bytes: Octets): Promise<void>;
  /** The deadline, `ms` from now; it replaces the one before. When it passes the connection is closed and pending calls reject with {@linkcode DeadlineError}. */
  deadline(ms: number): void;
  /** Ends the connection at once. Pending calls reject. Closing twice does nothing. */
  close(): void;
}

/** What a pending read or write rejects with after its connection's deadline passed. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/** Opens connections. */
export interface Dialer {
  /** Rejects with {@linkcode DeadlineError} after `ms`. `from`: the local address to bind, the system's choice where absent. */
  dial(to: Endpoint, options: { ms: number; from?: string }): Promise<Conn>;
}

/** Takes connections in. */
export interface Listener extends Disposable {
  readonly local: Endpoint;
  /** The next connection; `null` after {@linkcode Listener.close}. */
  accept(): Promise<Conn | null>;
  /** Takes no more. Resolves when the address is free for another listener. */
  close(): Promise<void> | void;
}

/** Opens listeners. Throws at once where the address is taken. */
export type Listen = (at: Endpoint) => Listener;
