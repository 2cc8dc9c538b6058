/**
 * The front's doors: addresses on which HTTP is served, with TLS or, on loopback, without.
 *
 * Whatever is wrong here is no matter of mail. An address that cannot be had is one Critical line and is tried again each
 * {@linkcode limits.httpListenRetryMs} and with each configuration. A configuration changes what new connections get; those that run
 * keep what they began with, and end in their own time.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { RepeatedFault } from "../base/repeated_fault.ts";
import { causeOf, printable } from "../base/text.ts";
import type { MailLog } from "../mail/events.ts";
import type { Conn, Endpoint, Listen, Listener } from "../net/net.ts";
import { endpointText } from "../net/net.ts";
import type { Handshakes } from "../monitor/totals.ts";
import type { TlsStart } from "../tls/pump.ts";
import { shownCertificate } from "../policy/client_certificate.ts";
import { clientKey } from "../policy/client_key.ts";
import type { App } from "./app.ts";
import { serveFront } from "./front_session.ts";

/** What the front needs of the world. */
export interface FrontWorld {
  clock: Clock;
  log: MailLog;
  listen: Listen;
  /** The folder for sockets, nobody else's: `storage/run`. */
  run: string;
  /** Counts a handshake. */
  handshake(kind: Omit<Handshakes, "count">): void;
}

/** What one door is to be. */
export interface DoorWish {
  /** For the log: `the admin page`. */
  name: string;
  /** `null`: it is closed. */
  address: Endpoint | null;
  /** Runs the server's side of a handshake; absent: clear text. */
  startTls?: (conn: Conn) => Promise<TlsStart>;
  app: App;
}

/** A connection behind its handshake. */
interface Secured {
  conn: Conn;
  /** On a client's certificate that is verified. */
  names?: readonly string[];
}

interface Door {
  wish: DoorWish;
  listener: Listener | undefined;
  /** Why the address cannot be had; told already. */
  fault: string | undefined;
}

/** See the module. */
export class Front {
  readonly #world: FrontWorld;
  readonly #doors = new Map<string, Door>();
  readonly #sessions = new Set<Conn>();
  /** By {@linkcode clientKey}. */
  readonly #byAddress = new Map<string, number>();
  #serving = new Set<Promise<void>>();
  #retry: Timer | undefined;
  #sockets = 0;
  /** A peer may ask for what fails a thousand times a second. */
  readonly #trouble: RepeatedFault;
  #closed = false;

  constructor(world: FrontWorld) {
    this.#world = world;
    this.#trouble = new RepeatedFault({ ...world, gone: "Requests are answered again", level: "warning" });
  }

  /** Connections that are served. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Where a door listens; `undefined`: it does not. */
  at(name: string): Endpoint | undefined {
    return this.#doors.get(name)?.listener?.local;
  }

  /** Puts a wish in force. Never rejects. */
  async apply(wish: DoorWish): Promise<void> {
    if (this.#closed) return;
    const old = this.#doors.get(wish.name);
    if (old !== undefined && old.listener !== undefined && sameAddress(old.wish.address, wish.address)) {
      old.wish = wish;
      return;
    }
    const door: Door = { wish, listener: undefined, fault: undefined };
    this.#doors.set(wish.name, door);
    const before = old?.listener;
    // 0.0.0.0:8443 after 127.0.0.1:8443: ours has to go first, since the two exclude each other.
    if (before?.local.port === wish.address?.port) await before?.close();
    this.#open(door);
    await before?.close();
  }

  /** Takes no more connections and ends those that run. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    for (const { listener } of this.#doors.values()) await listener?.close();
    for (const conn of this.#sessions) conn.close();
    await Promise.all(this.#serving);
  }

  #open(door: Door): void {
    const { address, name } = door.wish;
    if (address === null || this.#closed) return;
    const { log, listen, clock } = this.#world;
    try {
      door.listener = listen(address);
    } catch (error) {
      const fault = causeOf(error);
      if (door.fault !== fault) log.critical({ event: "note", reason: "listener_down", text: `${fault} (${name})` });
      door.fault = fault;
      this.#retry ??= clock.after(limits.httpListenRetryMs, () => {
        this.#retry = undefined;
        for (const each of this.#doors.values()) if (each.listener === undefined) this.#open(each);
      });
      return;
    }
    door.fault = undefined;
    const scheme = schemeOf(door.wish);
    log.info({ event: "note", text: `Serving ${name} on ${scheme}://${endpointText(door.listener.local)}` });
    void this.#accept(door, door.listener);
  }

  async #accept(door: Door, listener: Listener): Promise<void> {
    for (let conn = await listener.accept(); conn !== null; conn = await listener.accept()) {
      const serving = this.#serve(conn, door.wish);
      this.#serving.add(serving);
      void serving.then(() => this.#serving.delete(serving));
    }
  }

  async #serve(conn: Conn, wish: DoorWish): Promise<void> {
    const { address } = conn.remote;
    const opened = this.#world.clock.now();
    const key = clientKey(address);
    const siblings = this.#byAddress.get(key) ?? 0;
    if (this.#closed || this.#sessions.size >= limits.httpSessionsMax || siblings >= limits.httpSessionsPerAddressMax) {
      return conn.close();
    }
    this.#sessions.add(conn);
    this.#byAddress.set(key, siblings + 1);
    try {
      const secured = await this.#secure(conn, wish);
      if (secured === undefined) return;
      this.#trouble.check();
      await serveFront(secured.conn, {
        app: wish.app,
        client: { address, certificate: secured.names, opened },
        scheme: schemeOf(wish),
        path: `${this.#world.run}/front.${Deno.pid}.${this.#sockets++}`,
        fault: (text, thrown) => this.fault(text, thrown),
      });
    } catch (error) {
      this.fault(`Cannot serve ${wish.name}`, error);
    } finally {
      conn.close();
      this.#sessions.delete(conn);
      const left = (this.#byAddress.get(key) ?? 0) - 1;
      if (left > 0) this.#byAddress.set(key, left);
      else this.#byAddress.delete(key);
    }
  }

  async #secure(conn: Conn, { startTls, name }: DoorWish): Promise<Secured | undefined> {
    if (startTls === undefined) return { conn };
    const { handshake, log } = this.#world;
    const start = await startTls(conn);
    if (start.kind === "done") {
      handshake({ service: "gui", version: start.facts.protocol, result: "success", reason: "" });
      const shown = shownCertificate(start.facts);
      return { conn: start.conn, names: shown.kind === "verified" ? shown.names : undefined };
    }
    const { reason, error } = start.failure;
    handshake({ service: "gui", version: "", result: "failed", reason });
    const text = `TLS failed for ${name}, client ${conn.remote.address}: ${printable(error)}`;
    log.debug({ event: "note", reason, text });
    return undefined;
  }

  /** Something of ours failed. */
  fault(text: string, thrown: unknown): void {
    this.#trouble.failed(`${text}: ${printable(causeOf(thrown))}`, "front");
  }
}

function schemeOf({ startTls }: DoorWish): "https" | "http" {
  return startTls === undefined ? "http" : "https";
}

function sameAddress(a: Endpoint | null, b: Endpoint | null): boolean {
  return a?.address === b?.address && a?.port === b?.port;
}
