/**
 * The connections of one route, and the mail that waits for them.
 *
 * Few connections with many messages each are the cheapest, since a connection costs round trips and a handshake; a slow next hop needs
 * more. The rule: a lane without connections opens one for each five messages that wait, {@linkcode openAtOnceMax} at
 * most. From then on it looks every {@linkcode growthMs} while all are busy: where the backlog would take longer than
 * {@linkcode backlogMs} at the pace just seen, it opens one for each five waiting messages, at most as many as there are. A
 * connection that could not be opened while others live makes the lane stay at their number for a while: the next hop has said how
 * many it takes. Where none can be had, all that waits is settled with the reason at once.
 *
 * Destinations that share a route take turns, a few messages each.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { RepeatedFault } from "../base/repeated_fault.ts";
import { causeOf } from "../base/text.ts";
import type { Failure, Outcome } from "../mail/outcome.ts";
import type { Route } from "../policy/route.ts";
import type { Lease } from "../queue/spool.ts";
import type { Channel } from "./channel.ts";
import { connect, type Connected, hostKey } from "./connect.ts";
import { type AttemptEnd, closedEarly, deferredFor, endFor } from "./ends.ts";
import type { HostMemory } from "./host_memory.ts";
import { IdleChannels } from "./idle.ts";
import { logAnswers, settle } from "./settling.ts";
import type { Slots, SlotUser } from "./slots.ts";
import { transact } from "./transaction.ts";
import { Waiting } from "./waiting.ts";
import type { DeliveryWorld } from "./world.ts";

/** Connections that a lane without any opens together. */
export const openAtOnceMax = 20;
/** How often a busy lane looks whether it needs more. */
export const growthMs = 75;
/** A backlog that lasts longer wants more connections. */
export const backlogMs = 100;

const messagesPerConnection = 5;
/** Messages that are leased in one go. */
const batch = 5;
const failingBatch = 50;
/** How long a lane keeps to the number of connections that the next hop takes. */
const capMs = 60_000;
/** Connections in a row that broke before they took anything, until the host counts as failing. */
const breaksMax = 2;
/** Outcomes that are being written down, of one lane; more wait. */
const settlingMax = 64;

/** A queue that cannot be read is asked again after this. */
const leaseRetryMs = 1_000;

const internal: Failure = { reason: "internal", enhanced: "4.3.0", text: "Internal error" };

/** What lanes share. */
export interface LaneHost {
  readonly world: DeliveryWorld;
  readonly memory: HostMemory;
  readonly slots: Slots;
  /** A queue that cannot be read: for ten thousand destinations it is one trouble. */
  readonly queueTrouble: RepeatedFault;
  /** Delivery ends. */
  readonly stopping: AbortSignal;
  /** The route of a destination under the configuration in force. */
  routeFor(destination: string): Route;
  /** Mail for a destination is due: to whichever lane it belongs now. */
  wake(destination: string, messages: number): void;
  /** The lane has neither mail nor connections. */
  laneEmpty(lane: Lane): void;
}

/** See the module. */
export class Lane implements SlotUser {
  readonly key: string;
  readonly #route: Route;
  readonly #host: LaneHost;
  readonly #waiting = new Waiting();
  /** Leased, not yet given to a connection. */
  readonly #ready: Lease[] = [];
  readonly #busy = new Set<Channel>();
  readonly #idle: IdleChannels;
  /** Leased, and to be tried on a new connection, since an old one had gone. */
  readonly #fresh: Lease[] = [];
  readonly #again = new WeakSet<Lease>();
  readonly #quitting = new Set<Channel>();
  #opening = 0;
  /** Connections that look for work. */
  #seeking = 0;
  #settling = 0;
  #refilling: Promise<void> | undefined;
  #done = 0;
  #breaks = 0;
  #cap: { connections: number; until: number } | undefined;
  #failing = false;
  #growth: Timer | undefined;
  #stop: "no" | "soft" | "hard" = "no";
  #ended: PromiseWithResolvers<void> | undefined;

  constructor(route: Route, host: LaneHost) {
    this.key = route.key;
    this.#route = route;
    this.#host = host;
    const expire = (channel: Channel) => this.#quit(channel);
    this.#idle = new IdleChannels(host.world.clock, { ms: limits.deliveryIdleMs, expire });
  }

  /** Connections, those being opened included. */
  get connections(): number {
    return this.#live + this.#opening + this.#quitting.size;
  }

  /** Messages that are known to wait. */
  get backlog(): number {
    return this.#fresh.length + this.#ready.length + this.#waiting.messages;
  }

  /** Messages in the queue for the destinations that wait here. */
  get #inQueue(): number {
    const { spool } = this.#host.world;
    const destinations = new Set(this.#waiting.destinations);
    for (const { destination } of [...this.#ready, ...this.#fresh]) destinations.add(destination);
    let messages = 0;
    for (const destination of destinations) messages += spool.count(destination);
    return messages;
  }

  /** `messages` more are due for `destination`. */
  wake(destination: string, messages: number): void {
    this.#waiting.add(destination, messages);
    this.#pump();
  }

  slotFree(): void {
    this.#pump();
  }

  crowded(): void {
    for (const channel of this.#idle.drain()) this.#quit(channel);
  }

  /** Ends: connections finish the message they are at. Resolves when none is left. */
  stop(): Promise<void> {
    this.#stop = "soft";
    this.#growth?.cancel();
    this.#host.slots.forget(this);
    this.#giveBackAll();
    this.crowded();
    this.#ended = Promise.withResolvers();
    this.#checkEmpty();
    return this.#ended.promise;
  }

  /** Cuts what has not ended; its messages go back to the queue. */
  cut(): void {
    this.#stop = "hard";
    for (const channel of [...this.#busy, ...this.#quitting]) channel.close();
  }

  #giveBackAll(): void {
    const { spool } = this.#host.world;
    for (const lease of [...this.#fresh.splice(0), ...this.#ready.splice(0)]) spool.giveBack(lease);
  }

  get #live(): number {
    return this.#busy.size + this.#idle.length;
  }

  /** Gives work to idle connections, or opens some. */
  #pump(): void {
    if (this.#stop !== "no" || this.#failing) return;
    if (this.#fresh.length > this.#opening) this.#open(1);
    while (this.#idle.length > 0 && this.backlog > this.#seeking) {
      void this.#serve(this.#idle.pop()!);
    }
    if (this.backlog <= this.#seeking) return;
    if (this.#live + this.#opening === 0) {
      // A hundred dead destinations must not take all slots for as long as their time-outs last.
      const most = this.#host.slots.scarce ? 1 : openAtOnceMax;
      this.#open(Math.min(Math.ceil(this.backlog / messagesPerConnection), most));
    } else {
      this.#watchGrowth();
    }
  }

  #open(count: number): void {
    const { world, slots } = this.#host;
    const { max_connections } = this.#route.control;
    if (this.#cap !== undefined && this.#cap.until <= world.clock.monotonic()) this.#cap = undefined;
    const most = Math.min(max_connections, this.#cap?.connections ?? Infinity);
    for (let opened = 0; opened < count && this.connections < most; opened++) {
      if (!slots.take(this)) return;
      this.#opening++;
      void this.#connect();
    }
  }

  #watchGrowth(): void {
    if (this.#growth !== undefined) return;
    const before = this.#done;
    this.#growth = this.#host.world.clock.after(growthMs, () => {
      this.#growth = undefined;
      if (this.#stop !== "no" || this.#failing || this.backlog <= this.#seeking) return;
      const pace = (this.#done - before) / growthMs;
      if (this.#opening === 0 && this.backlog > pace * backlogMs) {
        this.#open(Math.min(Math.max(this.#live, 1), Math.ceil(this.backlog / messagesPerConnection)));
      }
      this.#pump();
    });
  }

  async #connect(): Promise<void> {
    const { world, memory, slots } = this.#host;
    const connected = await connect(world, {
      route: this.#route,
      config: world.config(),
      memory,
      connectMs: slots.scarce ? limits.connectCrowdedMs : limits.connectMs,
      // While others live, a refusal is about their number, not about the host. One that says goodbye counts there until it is gone.
      isSpare: () => this.#live + this.#quitting.size > 0,
      waiting: () => this.#inQueue,
    }).catch((error: unknown): Connected => {
      world.log.critical({ event: "note", text: `Cannot connect for ${this.#route.destination}: ${causeOf(error)}` });
      return { kind: "none", end: deferredFor(internal), dcid: 0 };
    });
    this.#opening--;
    if (connected.kind === "ready") {
      if (this.#stop === "no") return await this.#serve(connected.channel);
      return this.#quit(connected.channel);
    }
    slots.give(this);
    if (this.#stop !== "no") return this.#checkEmpty();
    const others = this.connections;
    if (others > 0) {
      this.#cap = { connections: others, until: world.clock.monotonic() + capMs };
      // There is no new connection for these: an old one may do.
      if (this.#live > 0) this.#ready.unshift(...this.#fresh.splice(0));
      this.#pump();
    } else {
      this.#cap = undefined;
      await this.#failAll(connected);
    }
  }

  /** Nobody takes this lane's mail now: everything that waits gets the same end. */
  async #failAll({ end, dcid }: { end: AttemptEnd; dcid: number }): Promise<void> {
    this.#failing = true;
    // What comes in meanwhile asks the host memory anew: else a steady stream would keep the host from ever being tried.
    for (let left = this.backlog; left > 0 && this.#stop === "no" && this.backlog > 0;) {
      await this.#fill(failingBatch);
      const taken = [...this.#fresh.splice(0), ...this.#ready.splice(0)];
      left -= Math.max(taken.length, 1);
      const leases = taken.filter((lease) => this.#isOurs(lease));
      await Promise.all(
        leases.map((lease) => this.#settle(lease, { at: { dcid }, outcomes: endFor(end, rids(lease)) })),
      );
    }
    this.#failing = false;
    if (this.#stop !== "no") this.#giveBackAll();
    this.#checkEmpty();
  }

  /** One connection's life. */
  async #serve(channel: Channel): Promise<void> {
    this.#busy.add(channel);
    const { slots } = this.#host;
    const { max_messages_per_connection: messagesMax } = this.#route.control;
    while (this.#stop === "no") {
      const fresh = channel.served === 0 ? this.#fresh.shift() : undefined;
      const lease = fresh ?? this.#ready.shift() ?? await this.#refill();
      if (lease === undefined) return this.#park(channel);
      if (!this.#isOurs(lease)) continue;
      if (this.backlog > this.#seeking) this.#pump();
      await this.#deliver(channel, lease);
      if (channel.lost || channel.served >= messagesMax || slots.overShare(this)) break;
    }
    this.#quit(channel);
  }

  async #deliver(channel: Channel, lease: Lease): Promise<void> {
    const { world, memory } = this.#host;
    const { dcid } = channel;
    const { envelope: { mid }, destination: domain } = lease;
    world.log.info({ event: "delivery_start", dcid, mid, rids: rids(lease), domain });
    const transacted = await transact(channel, lease);
    if (transacted.kind === "stale" || transacted.spent) channel.close();
    // The shutdown cut it off: that is no attempt.
    if (this.#stop === "hard" && channel.lost && (transacted.kind === "stale" || transacted.broken)) {
      return world.spool.giveBack(lease);
    }
    if (transacted.kind === "stale") {
      if (!this.#again.has(lease)) {
        this.#again.add(lease);
        this.#fresh.push(lease);
        return;
      }
      const outcomes = endFor(deferredFor(closedEarly, channel.host), rids(lease));
      return await this.#settle(lease, { at: channel, outcomes });
    }
    this.#done++;
    if (!transacted.broken) {
      this.#breaks = 0;
    } else if (++this.#breaks >= breaksMax) {
      const end = deferredFor(closedEarly, channel.host);
      memory.failed(hostKey(this.#route, channel.host), { end, baseMs: this.#route.bounce.initial_retry / 2 });
    }
    const settled = this.#settle(lease, { at: channel, outcomes: transacted.outcomes });
    // The next message need not wait for the disk; a queue that cannot keep up is waited for.
    if (this.#settling >= settlingMax) await settled;
  }

  #settle(
    lease: Lease,
    { at: { dcid, encrypted = false }, outcomes }: {
      at: { dcid: number; encrypted?: boolean };
      outcomes: Outcome[];
    },
  ): Promise<void> {
    const { world } = this.#host;
    const { bounce: rule } = this.#host.routeFor(lease.destination);
    const { level: { name: tlsLevel } } = this.#route;
    const attempted = { dcid, tlsLevel, encrypted, lease, outcomes, rule, stopping: this.#host.stopping };
    logAnswers(world.log, attempted);
    this.#settling++;
    return settle(world, attempted).then(() => {
      this.#settling--;
      this.#checkEmpty();
    });
  }

  /** Whether a leased message still belongs here; the configuration may have changed since. */
  #isOurs(lease: Lease): boolean {
    if (this.#host.routeFor(lease.destination).key === this.key) return true;
    // Giving back makes it due again, which the dispatcher hears of.
    this.#host.world.spool.giveBack(lease);
    return false;
  }

  async #refill(): Promise<Lease | undefined> {
    this.#seeking++;
    while (this.#stop === "no" && this.#waiting.messages > 0 && this.#ready.length === 0) {
      await (this.#refilling ??= this.#fill(batch).finally(() => this.#refilling = undefined));
    }
    this.#seeking--;
    return this.#ready.shift();
  }

  /** Leases for the destination whose turn it is. */
  async #fill(count: number): Promise<void> {
    const next = this.#waiting.take();
    if (next === undefined) return;
    const { destination, messages } = next;
    if (this.#host.routeFor(destination).key !== this.key) return this.#host.wake(destination, messages);
    const { spool, clock } = this.#host.world;
    try {
      const leases = await spool.lease(destination, count);
      this.#host.queueTrouble.worked();
      if (this.#stop !== "no") { for (const lease of leases) spool.giveBack(lease); }
      else this.#ready.push(...leases);
      // A full batch: there may be more, whatever was counted.
      if (leases.length === count) this.#waiting.add(destination, Math.max(messages - count, 1));
    } catch (error) {
      this.#host.queueTrouble.failed(`Cannot take mail for ${destination} from the queue: ${causeOf(error)}`, "queue");
      clock.after(leaseRetryMs, () => this.#host.wake(destination, messages));
    }
  }

  #park(channel: Channel): void {
    this.#busy.delete(channel);
    if (this.#stop !== "no" || this.#host.slots.wanted) return this.#quit(channel);
    this.#idle.push(channel);
  }

  /** Ends a connection in order, as far as the server goes along. */
  #quit(channel: Channel): void {
    this.#busy.delete(channel);
    this.#quitting.add(channel);
    void channel.quit().then(() => {
      this.#quitting.delete(channel);
      this.#host.world.log.info({ event: "dcid_close", dcid: channel.dcid });
      this.#host.slots.give(this);
      this.#pump();
      this.#checkEmpty();
    });
  }

  #checkEmpty(): void {
    if (this.connections > 0 || this.#settling > 0 || this.#failing) return;
    if (this.#stop === "no" && this.backlog > 0) return this.#pump();
    this.#growth?.cancel();
    this.#growth = undefined;
    this.#ended?.resolve();
    if (this.#stop === "no") this.#host.laneEmpty(this);
  }
}

function rids(lease: Lease): number[] {
  return lease.recipients.map(({ rid }) => rid);
}
