/**
 * A TLS engine for tests, handshakes in memory, and TLS over the loopback.
 *
 * The engine is made when the module is loaded: a library that is opened inside a test would look like a leak to Deno.
 *
 * @module
 */
import { systemClock } from "../../src/base/clock.ts";
import { type Octets, octets, textOf } from "../../src/base/octets.ts";
import type { Conn, Listener } from "../../src/net/net.ts";
import { tcp } from "../../src/net/tcp.ts";
import { openSslEngine } from "../../src/openssl/engine.ts";
import type { KeyPair, ServerContext, Session, Step, TlsProfile, TrustAnchors } from "../../src/tls/engine.ts";
import { methods } from "../../src/tls/method.ts";
import { type HandshakeLimits, startTls, type TlsConn, type TlsStart } from "../../src/tls/pump.ts";
import type { MadeCertificate } from "./certs.ts";

/** The engine of all tests of one file. */
export const engine = openSslEngine();

/** Sockets. */
export const sockets = tcp(systemClock);

/** A profile with every method and OpenSSL's usual ciphers, changed at will. */
export function profileOf(changes: Partial<TlsProfile> = {}): TlsProfile {
  return { methods, ciphers: "ALL:!aNULL:!eNULL", renegotiation: false, ...changes };
}

/** Every contiguous selection of methods. */
export const methodSets = methods.flatMap((_, from) =>
  methods.slice(from).map((_, more) => methods.slice(from, from + more + 1))
);

/** A pair for the engine. */
export function pairOf(name: string, made: MadeCertificate, passphrase?: string): KeyPair {
  return { name, certificatePem: made.certificatePem, keyPem: made.keyPem, passphrase };
}

let generation = 0;

/** Trust in these authorities. */
export function trustIn(authorities: readonly MadeCertificate[], crls: readonly string[] = []): TrustAnchors {
  return {
    bundles: authorities.map(({ certificatePem }) => certificatePem),
    crls: crls.map((crl) => octets(crl)),
    generation: generation++,
  };
}

const buffer = new Uint8Array(262_144);

/** Carries what `from` has to send to `to`, cut into pieces of `cut` bytes. */
export function carry(from: Session, to: Session, cut = Infinity): void {
  for (let length = from.drain(buffer); length > 0; length = from.drain(buffer)) {
    const bytes = buffer.slice(0, length);
    for (let at = 0; at < bytes.length; at += cut) {
      to.feed(bytes.subarray(at, at + cut));
      if (cut < bytes.length) to.handshake();
    }
  }
}

/** How both sides of a handshake in memory ended. */
export interface Shaken {
  server: Step;
  client: Step;
}

/** Runs a handshake in memory to its end. */
export function shake(server: Session, client: Session, cut = Infinity): Shaken {
  for (let round = 0; round < 20; round++) {
    const clientStep = client.handshake();
    carry(client, server, cut);
    const serverStep = server.handshake();
    carry(server, client, cut);
    const ended = (step: Step) => step.kind !== "want_read";
    if (ended(serverStep) && ended(clientStep)) return { server: serverStep, client: clientStep };
    if (serverStep.kind === "failed") return { server: serverStep, client: client.handshake() };
    if (clientStep.kind === "failed") return { server: server.handshake(), client: clientStep };
  }
  throw new Error("Cannot finish a handshake in memory: neither side ends it");
}

/** Writes text on one side and reads it on the other. */
export function tell(from: Session, to: Session, text: string): string {
  const wrote = from.write(octets(text));
  if (wrote.kind !== "done") throw new Error(`Cannot write: ${JSON.stringify(wrote)}`);
  carry(from, to);
  const read = to.read(buffer);
  if (read.kind !== "done") throw new Error(`Cannot read: ${JSON.stringify(read)}`);
  return textOf(buffer.subarray(0, read.octets));
}

/** A TLS server on the loopback. */
export class TlsServer implements Disposable {
  readonly port: number;
  /** What each connection's handshake came to, in order. */
  readonly starts: TlsStart[] = [];
  readonly #listener: Listener;
  readonly #open = new Set<Conn>();
  readonly #done: Promise<void>[] = [];
  #arrived = Promise.withResolvers<void>();

  /** `run` gets each connection whose handshake is done. */
  constructor(context: ServerContext, run: (conn: TlsConn) => Promise<void>, limits?: HandshakeLimits) {
    this.#listener = sockets.listen({ address: "127.0.0.1", port: 0 });
    this.port = this.#listener.local.port;
    this.#done.push(this.#accept(context, run, limits));
  }

  async #accept(
    context: ServerContext,
    run: (conn: TlsConn) => Promise<void>,
    limits?: HandshakeLimits,
  ): Promise<void> {
    for (let conn = await this.#listener.accept(); conn !== null; conn = await this.#listener.accept()) {
      this.#done.push(this.#serve(conn, context.session(), { run, limits }));
    }
  }

  async #serve(
    conn: Conn,
    session: Session,
    { run, limits }: { run: (conn: TlsConn) => Promise<void>; limits?: HandshakeLimits },
  ): Promise<void> {
    this.#open.add(conn);
    try {
      const start = await startTls(conn, session, limits);
      this.starts.push(start);
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers<void>();
      if (start.kind === "failed") return;
      using stream = start.conn;
      stream.deadline(10_000);
      await run(stream).catch(() => {});
    } finally {
      this.#open.delete(conn);
      conn.close();
    }
  }

  /** Waits until `count` handshakes ended. */
  async ended(count: number): Promise<TlsStart> {
    while (this.starts.length < count) await this.#arrived.promise;
    return this.starts[count - 1];
  }

  /** Ends everything and waits for it. */
  async close(): Promise<void> {
    this.#listener.close();
    for (const conn of this.#open) conn.close();
    while (this.#done.length > 0) await this.#done.pop();
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/** Sends back what it reads. */
export async function echo(conn: TlsConn): Promise<void> {
  const into: Octets = new Uint8Array(16_384);
  for (let length = await conn.read(into); length !== null; length = await conn.read(into)) {
    await conn.write(into.subarray(0, length));
  }
}
