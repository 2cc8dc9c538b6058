/**
 * Finds a host that takes a destination's mail: the hosts in order, their addresses in order, until one dialogue is open.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Config } from "../config/config.ts";
import { addressFamily } from "../dns/names.ts";
import type { RemoteHost } from "../mail/outcome.ts";
import { type Endpoint, endpointText } from "../net/net.ts";
import type { Route } from "../policy/route.ts";
import { type AttemptEnd, deferredFor } from "./ends.ts";
import { addressesOf, type Hop, hopsOf } from "./hops.ts";
import type { HostMemory } from "./host_memory.ts";
import { callFrom, type Link } from "./link.ts";
import { endsAtOwnListener, isOwnListener, isOwnName } from "./own.ts";
import type { DeliveryWorld } from "./world.ts";

/** A channel that mail may go over, or what every recipient gets. */
export type Connected =
  | { kind: "ready"; channel: Link }
  | { kind: "none"; end: AttemptEnd; dcid: number }
  /** A host may work, and has as many connections or recipients as it may have now. */
  | { kind: "full" };

/** Whether an address may be connected to now, where limits count for addresses. After `enter` said yes, `leave` has to follow. */
export interface Gate {
  enter(target: Endpoint): boolean;
  leave(target: Endpoint): void;
}

/** What a connection needs of the world: of the queue its numbers only. */
export type ConnectWorld = Omit<DeliveryWorld, "spool"> & { spool: Pick<DeliveryWorld["spool"], "ids"> };

/** What a connection is for. */
export interface ConnectOptions {
  route: Route;
  /** Hosts to try instead of all of the route's. */
  hops?: readonly Hop[];
  config: Config;
  memory: HostMemory;
  /** How long one address is waited for. */
  connectMs: number;
  /** Asked when a host failed: the route has other connections, so nothing is to be remembered against the host. */
  isSpare: () => boolean;
  /** Messages in the queue that the connection would serve. */
  waiting: () => number;
  /** It is left again where no channel comes of it; else it is for whoever ends the channel. Absent: no limit counts, as for a probe. */
  gate?: Gate;
}

/** Opens a channel for `route`. Never rejects. */
export async function connect(world: ConnectWorld, options: ConnectOptions): Promise<Connected> {
  return await new Attempt(world, options).run();
}

/** Under which failures of a host for a route are remembered. */
export function hostKey(route: Route, { address, port }: Endpoint): string {
  return `${route.key} ${endpointText({ address, port })}`;
}

class Attempt {
  readonly #world: ConnectWorld;
  readonly #options: ConnectOptions;
  readonly #endsAt: number;
  #tried = 0;
  #dcid = 0;
  /** How the last host failed; a failure of this attempt rather than a remembered one. */
  #end: AttemptEnd | undefined;
  #remembered: AttemptEnd | undefined;
  /** A connection turned out to end at a listener of ours. */
  #looped = false;
  /** The last host was not at fault, and may be asked once more. */
  #ours = false;
  /** A host was passed over because of our own limits. */
  #full = false;
  /** A host may do later what it, or the way to it, does not do now. */
  #hope = false;

  constructor(world: ConnectWorld, options: ConnectOptions) {
    this.#world = world;
    this.#options = options;
    this.#endsAt = world.clock.monotonic() + limits.connectTotalMs;
  }

  async run(): Promise<Connected> {
    const { resolver, random } = this.#world;
    const { route, config, hops } = this.#options;
    const found = hops !== undefined
      ? { kind: "hops", hops } as const
      : await hopsOf(route, { resolver, random, isOwn: (host) => isOwnName(host, config) });
    if (found.kind === "end") return { kind: "none", end: found.end, dcid: 0 };
    let missing: AttemptEnd | undefined;
    let transient = false;
    for (const hop of found.hops) {
      const addresses = await addressesOf(hop, { route, resolver, random });
      if (addresses.kind !== "found") {
        transient ||= addresses.kind === "failed";
        this.#hope ||= addresses.kind === "failed";
        missing = { kind: addresses.kind === "failed" ? "deferred" : "refused", failure: addresses.failure };
        continue;
      }
      if (hop.byMx && this.#isOurs(addresses.addresses, hop.port)) return this.#loop();
      transient = true;
      for (const address of addresses.addresses) {
        if (this.#tried >= limits.addressesTriedMax || this.#world.clock.monotonic() >= this.#endsAt) {
          this.#hope = true;
          break;
        }
        const channel = await this.#enter(hop, address);
        if (channel !== undefined) return { kind: "ready", channel };
        if (this.#looped) return this.#loop();
        // A loop is no matter of this host only.
        if (this.#end?.kind === "refused") return { kind: "none", end: this.#end, dcid: this.#dcid };
      }
    }
    if (this.#full) return { kind: "full" };
    const end = this.#end ?? this.#remembered ?? missing ?? noAddresses;
    if (end.unmet && !this.#hope) return { kind: "none", end: { ...end, kind: "refused" }, dcid: this.#dcid };
    // A host that exists and fails, or a name that the DNS said nothing about, may work later.
    const kind = transient || route.hops.kind === "listed" ? "deferred" : end.kind;
    return { kind: "none", end: { ...end, kind }, dcid: this.#dcid };
  }

  #isOurs(addresses: readonly string[], port: number): boolean {
    const facts = { config: this.#options.config, machine: this.#world.machineAddresses() };
    return addresses.some((address) => isOwnListener({ address, port }, facts));
  }

  /** RFC 5321 §5.1: behind ourselves in the order nobody is tried. Hosts before us that failed may work later. */
  #loop(): Connected {
    const text = `Mail for ${this.#options.route.destination} loops back to myself`;
    const loop: AttemptEnd = { kind: "refused", failure: { reason: "loop", enhanced: "5.4.6", text } };
    return { kind: "none", end: this.#end ?? this.#remembered ?? loop, dcid: this.#dcid };
  }

  async #enter(hop: Hop, address: string): Promise<Link | undefined> {
    const { gate } = this.#options;
    const target = { address, port: hop.port };
    if (gate?.enter(target) === false) {
      this.#full = true;
      return undefined;
    }
    let channel = await this.#try(hop, address);
    if (this.#ours) {
      this.#ours = false;
      channel = await this.#try(hop, address);
    }
    if (channel === undefined) gate?.leave(target);
    return channel;
  }

  async #try(hop: Hop, address: string): Promise<Link | undefined> {
    const { memory, route } = this.#options;
    const target: Endpoint = { address, port: hop.port };
    // A dead host is dead for all routes; what it does with TLS depends on the route.
    const keys = [endpointText(target), hostKey(route, target)];
    const asked: string[] = [];
    for (const key of keys) {
      const permission = memory.ask(key);
      if (permission.kind === "pause") {
        for (const other of asked) memory.untold(other);
        this.#remembered ??= permission.end;
        if (!permission.end.unmet) this.#hope = true;
        return undefined;
      }
      asked.push(key);
    }
    this.#tried++;
    const [network, dialogue] = keys;
    const host: RemoteHost = { name: hop.host, address, port: hop.port };
    const dcid = this.#dcid = this.#world.spool.ids.next("dcid");
    const since = this.#world.clock.monotonic();
    const call = { dcid, host, ...this.#dialOptions(address) };
    const reached = await (this.#world.caller?.call(call) ?? callFrom(this.#world, call));
    if (reached.kind === "unreached") {
      const { failure } = reached;
      this.#end = deferredFor(failure, host);
      this.#hope = true;
      if (memory.reachedSince(network, since)) memory.untold(network);
      else this.#remember(network, this.#end);
      memory.untold(dialogue);
      this.#log({ dcid, host, local: this.#options.config.delivery.address ?? "auto" }, {
        details: failure.text,
        text: "network error",
        reason: failure.reason,
      });
      return undefined;
    }
    memory.reached(network);
    if (hop.byMx && endsAtOwnListener(reached, { port: hop.port, config: this.#options.config })) {
      reached.close();
      memory.untold(dialogue);
      this.#looped = true;
      const local = reached.local.address;
      this.#log({ dcid, host, local }, { details: "this address is our own", text: "mail loop", reason: "loop" });
      return undefined;
    }
    const { log } = this.#world;
    const towards = { domain: route.destination, host: hop.host, tlsLevel: route.level.name };
    log.info({ event: "dcid_open", dcid, interface: reached.local.address, address, port: hop.port, ...towards });
    const { config, waiting } = this.#options;
    const opened = await reached.open({
      route,
      names: hop.names,
      hostname: config.delivery.hostname,
      byMx: hop.byMx,
      waiting,
    });
    if (opened.kind === "ready") {
      memory.worked(dialogue);
      return opened.link;
    }
    this.#end = opened.end;
    if (!opened.end.unmet) this.#hope = true;
    this.#ours = opened.ours === true;
    if (this.#ours) memory.untold(dialogue);
    else this.#remember(dialogue, opened.end);
    this.#log({ dcid, host, local: reached.local.address }, opened);
    log.info({ event: "dcid_close", dcid });
    return undefined;
  }

  #remember(key: string, end: AttemptEnd): void {
    const { memory, route, isSpare } = this.#options;
    if (isSpare()) memory.untold(key);
    else memory.failed(key, { end, baseMs: route.bounce.initial_retry / 2 });
  }

  #dialOptions(address: string): { ms: number; from?: string } {
    const { connectMs: ms, config: { delivery: { address: from } } } = this.#options;
    // A source address is of one family; to hosts of the other the system chooses.
    return from !== null && addressFamily(from) === addressFamily(address) ? { ms, from } : { ms };
  }

  #log(
    { dcid, host, local }: { dcid: number; host: RemoteHost; local: string },
    { details, text, reason }: { details: string; text: string; reason: string },
  ): void {
    const { address, port } = host;
    const domain = this.#options.route.destination;
    this.#world.log.info({
      event: "connection_error",
      dcid,
      domain,
      address,
      port,
      details,
      interface: local,
      reason,
      text,
    });
  }
}

const noAddresses: AttemptEnd = {
  kind: "deferred",
  failure: { reason: "no_address", enhanced: "4.4.4", text: "No host could be tried" },
};
