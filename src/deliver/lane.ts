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
 * Destinations that share a route take turns; `backlog.ts` has their mail, `permits.ts` the limits that lanes share. A lane whose hosts
 * are all at their limits waits until one of them has room.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { causeOf } from "../base/text.ts";
import { destinationParts } from "../mail/destination.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Failure, Outcome } from "../mail/outcome.ts";
import type { Route } from "../policy/route.ts";
import type { Lease } from "../queue/spool.ts";
import { Backlog } from "./backlog.ts";
import { connect, type Connected, hostKey } from "./connect.ts";
import { type AttemptEnd, closedEarly, deferredFor, endFor } from "./ends.ts";
import { IdleChannels } from "./idle.ts";
import type { LaneHost } from "./lane_host.ts";
import type { Link } from "./link.ts";
import { Permits } from "./permits.ts";
import { logAnswers, settle } from "./settling.ts";
import type { SlotUser } from "./slots.ts";

/** Connections that a lane without any opens together. */
export const openAtOnceMax = 20;
/** How often a busy lane looks whether it needs more. */
export const growthMs = 75;
/** A backlog that lasts longer wants more connections. */
export const backlogMs = 100;

const messagesPerConnection = 5;
const failingBatch = 50;
/** How long a lane keeps to the number of connections that the next hop takes. */
const capMs = 60_000;
/** Connections in a row that broke before they took anything, until the host counts as failing. */
const breaksMax = 2;
/** Outcomes that are being written down, of one lane; more wait. */
const settlingMax = 64;

/** A lane whose hosts are at their limits asks again after this, should nobody tell it. */
const fullMs = 5_000;

const internal: Failure = { reason: "internal", enhanced: "4.3.0", text: "Internal error" };

/** See the module. */
export class Lane implements SlotUser {
  readonly key: string;
  readonly #route: Route;
  readonly #host: LaneHost;
  readonly #backlog: Backlog;
  readonly #permits: Permits;
  readonly #busy = new Set<Link>();
  readonly #idle: IdleChannels;
  readonly #again = new WeakSet<Lease>();
  readonly #quitting = new Set<Link>();
  #opening = 0;
  #settling = 0;
  #done = 0;
  #breaks = 0;
  #cap: { connections: number; until: number } | undefined;
  #failing = false;
  /** All hosts are at their limits. */
  #full: Timer | undefined;
  /** How often there was news of a place. */
  #news = 0;
  #growth: Timer | undefined;
  #stop: "no" | "soft" | "hard" = "no";
  #ended: PromiseWithResolvers<void> | undefined;

  constructor(route: Route, host: LaneHost) {
    this.key = route.key;
    this.#route = route;
    this.#host = host;
    this.#backlog = new Backlog(this.key, host);
    this.#permits = new Permits(route, { host, user: this, waiting: () => this.#backlog.inQueue });
    const expire = (channel: Link) => this.#quit(channel);
    this.#idle = new IdleChannels(host.world.clock, { ms: limits.deliveryIdleMs, expire });
  }

  /** Connections, those being opened included. */
  get connections(): number {
    return this.#live + this.#opening + this.#quitting.size;
  }

  /** `messages` more are due for `destination`. */
  wake(destination: string, messages: number): void {
    this.#backlog.add(destination, messages);
    this.#pump();
    // Nothing may be sent now; who holds it wakes the lane again.
    if (this.#backlog.length === 0) this.#checkEmpty();
  }

  slotFree(): void {
    this.#news++;
    this.#full?.cancel();
    this.#full = undefined;
    this.#pump();
  }

  crowded(): void {
    for (const channel of this.#idle.drain()) this.#quit(channel);
  }

  /** Ends: connections finish the message they are at. Resolves when none is left. */
  stop(): Promise<void> {
    this.#stop = "soft";
    this.#backlog.ended = true;
    this.#growth?.cancel();
    this.#full?.cancel();
    this.#permits.forget();
    this.#backlog.giveBackAll();
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

  get #live(): number {
    return this.#busy.size + this.#idle.length;
  }

  /** Gives work to idle connections, or opens some. */
  #pump(): void {
    if (this.#stop !== "no" || this.#failing) return;
    const backlog = this.#backlog;
    if (backlog.fresh.length > this.#opening) this.#open(1);
    while (this.#idle.length > 0 && backlog.unserved) void this.#serve(this.#idle.pop()!);
    if (!backlog.unserved) return;
    if (this.#live + this.#opening === 0) {
      // A hundred dead destinations must not take all slots for as long as their time-outs last.
      const most = this.#host.limits.all.scarce ? 1 : openAtOnceMax;
      this.#open(Math.min(Math.ceil(backlog.length / messagesPerConnection), most));
    } else {
      this.#watchGrowth();
    }
  }

  #open(count: number): void {
    const { world } = this.#host;
    if (this.#full !== undefined) return;
    if (this.#cap !== undefined && this.#cap.until <= world.clock.monotonic()) this.#cap = undefined;
    const most = this.#cap?.connections ?? Infinity;
    for (let opened = 0; opened < count && this.connections < most; opened++) {
      if (!this.#permits.take()) return;
      this.#opening++;
      void this.#connect();
    }
  }

  #watchGrowth(): void {
    if (this.#growth !== undefined) return;
    const before = this.#done;
    this.#growth = this.#host.world.clock.after(growthMs, () => {
      this.#growth = undefined;
      if (this.#stop !== "no" || this.#failing || !this.#backlog.unserved) return;
      const pace = (this.#done - before) / growthMs;
      const { length } = this.#backlog;
      if (this.#opening === 0 && length > pace * backlogMs) {
        this.#open(Math.min(Math.max(this.#live, 1), Math.ceil(length / messagesPerConnection)));
      }
      this.#pump();
    });
  }

  async #connect(): Promise<void> {
    const { world, memory, limits: { all } } = this.#host;
    const { trustGeneration } = world.tls();
    const news = this.#news;
    const connected = await connect(world, {
      route: this.#route,
      config: world.config(),
      memory,
      connectMs: all.scarce ? limits.connectCrowdedMs : limits.connectMs,
      // While others live, a refusal is about their number, not about the host. One that says goodbye counts there until it is gone.
      isSpare: () => this.#live + this.#quitting.size > 0,
      waiting: () => this.#backlog.inQueue,
      gate: this.#permits,
    }).catch((error: unknown): Connected => {
      world.log.critical({ event: "note", text: `Cannot connect for ${this.#route.destination}: ${causeOf(error)}` });
      return { kind: "none", end: deferredFor(internal), dcid: 0 };
    });
    this.#opening--;
    if (connected.kind === "ready") {
      connected.channel.trustGeneration = trustGeneration;
      if (this.#stop === "no") return await this.#serve(connected.channel);
      return this.#quit(connected.channel);
    }
    this.#permits.give();
    if (this.#stop !== "no") return this.#checkEmpty();
    if (connected.kind === "full") return this.#waitForRoom(news);
    const others = this.connections;
    if (others > 0) {
      this.#cap = { connections: others, until: world.clock.monotonic() + capMs };
      this.#freshAnywhere();
      this.#pump();
    } else {
      this.#cap = undefined;
      await this.#failAll(connected);
    }
  }

  /** No host has room. Where there was news since the attempt began, it may be that of a place. */
  #waitForRoom(news: number): void {
    this.#freshAnywhere();
    if (news === this.#news) {
      this.#full ??= this.#host.world.clock.after(fullMs, () => this.slotFree());
      if (this.connections === 0) this.#backlog.giveBackAll();
    }
    this.#pump();
  }

  /** There is no new connection for these now: an old one may do. */
  #freshAnywhere(): void {
    const { ready, fresh } = this.#backlog;
    if (this.#live > 0) ready.unshift(...fresh.splice(0));
  }

  /** Nobody takes this lane's mail now: everything that waits gets the same end. */
  async #failAll({ end, dcid }: { end: AttemptEnd; dcid: number }): Promise<void> {
    this.#failing = true;
    // What comes in meanwhile asks the host memory anew: else a steady stream would keep the host from ever being tried.
    const backlog = this.#backlog;
    for (let left = backlog.length; left > 0 && this.#stop === "no" && backlog.length > 0;) {
      await backlog.fill(failingBatch);
      const taken = [...backlog.fresh.splice(0), ...backlog.ready.splice(0)];
      left -= Math.max(taken.length, 1);
      const leases = taken.filter((lease) => backlog.isOurs(lease));
      await Promise.all(
        leases.map((lease) => this.#settle(lease, { at: { dcid }, outcomes: endFor(end, rids(lease.recipients)) })),
      );
    }
    this.#failing = false;
    if (this.#stop !== "no") backlog.giveBackAll();
    this.#checkEmpty();
  }

  /** One connection's life. */
  async #serve(channel: Link): Promise<void> {
    this.#busy.add(channel);
    const backlog = this.#backlog;
    const { max_messages_per_connection: messagesMax } = this.#route.control;
    while (this.#stop === "no" && this.#mayServe(channel)) {
      const fresh = channel.served === 0 ? backlog.fresh.shift() : undefined;
      const lease = fresh ?? backlog.ready.shift() ?? await backlog.refill();
      if (lease === undefined) return this.#park(channel);
      if (!backlog.isOurs(lease)) continue;
      if (backlog.unserved) this.#pump();
      await this.#deliver(channel, lease);
      if (channel.lost || channel.served >= messagesMax || this.#permits.overShare(channel.host)) break;
    }
    this.#quit(channel);
  }

  /** Whether what was proven of the channel still counts, and its address may get recipients now. */
  #mayServe({ host, trustGeneration }: Link): boolean {
    // A certificate may have been revoked since.
    if (trustGeneration !== this.#host.world.tls().trustGeneration) return false;
    const { control } = this.#route;
    return !this.#permits.byAddress || this.#host.pace.left(this.#permits.keyOf(host), control) > 0;
  }

  /** As many recipients as the limits leave; the others wait in the queue. */
  async #deliver(channel: Link, lease: Lease): Promise<void> {
    const { world, pace } = this.#host;
    const { control: rule, destination: domain } = this.#host.routeFor(lease.destination);
    const key = this.#permits.byAddress ? this.#permits.keyOf(channel.host) : domain;
    const wanted = lease.recipients.length;
    const granted = pace.take(key, { rule, wanted });
    // What is due again is held when the lane hears of it.
    if (granted === 0) return world.spool.giveBack(lease);
    const recipients = granted === wanted ? lease.recipients : lease.recipients.slice(0, granted);
    const held = granted === wanted ? undefined : Math.ceil(pace.rest(key, rule));
    if (held !== undefined) {
      const address = this.#permits.byAddress ? { address: channel.host.address } : {};
      pace.tell(key, { rule, domain, ...address, messages: world.spool.count(lease.destination) });
    }
    if (!await this.#offer(channel, { lease, recipients, held })) pace.giveBack(key, granted);
  }

  /** One message to these recipients. False: it was not offered. */
  async #offer(
    channel: Link,
    { lease, recipients, held }: { lease: Lease; recipients: Recipient[]; held: number | undefined },
  ): Promise<boolean> {
    const { world, memory } = this.#host;
    const { dcid } = channel;
    const { envelope: { mid }, destination } = lease;
    const { domain } = destinationParts(destination);
    world.log.info({ event: "delivery_start", dcid, mid, rids: rids(recipients), domain });
    const transacted = await channel.offer({ lease, recipients });
    if (transacted.kind === "stale" || transacted.spent) channel.close();
    // The shutdown cut it off: that is no attempt.
    if (this.#stop === "hard" && channel.lost && (transacted.kind === "stale" || transacted.broken)) {
      world.spool.giveBack(lease);
      return false;
    }
    if (transacted.kind === "stale") {
      if (!this.#again.has(lease)) {
        this.#again.add(lease);
        this.#backlog.fresh.push(lease);
        return false;
      }
      const outcomes = endFor(deferredFor(closedEarly, channel.host), rids(recipients));
      await this.#settle(lease, { at: channel, outcomes, held });
      return true;
    }
    this.#done++;
    if (!transacted.broken) {
      this.#breaks = 0;
    } else if (++this.#breaks >= breaksMax) {
      const end = deferredFor(closedEarly, channel.host);
      memory.failed(hostKey(this.#route, channel.host), { end, baseMs: this.#route.bounce.initial_retry / 2 });
    }
    const settled = this.#settle(lease, { at: channel, outcomes: transacted.outcomes, held });
    // The next message need not wait for the disk; a queue that cannot keep up is waited for.
    if (this.#settling >= settlingMax) await settled;
    return true;
  }

  #settle(
    lease: Lease,
    { at: { dcid, encrypted = false }, outcomes, held }: {
      at: { dcid: number; encrypted?: boolean };
      outcomes: Outcome[];
      held?: number;
    },
  ): Promise<void> {
    const { world } = this.#host;
    const { bounce } = this.#host.routeFor(lease.destination);
    const rule = held === undefined ? bounce : { ...bounce, held };
    const { level: { name: tlsLevel } } = this.#route;
    const attempted = { dcid, tlsLevel, encrypted, lease, outcomes, rule, stopping: this.#host.stopping };
    logAnswers(world.log, attempted);
    this.#settling++;
    return settle(world, attempted).then(() => {
      this.#settling--;
      this.#checkEmpty();
    });
  }

  #park(channel: Link): void {
    this.#busy.delete(channel);
    if (this.#stop !== "no" || this.#permits.wanted(channel.host)) return this.#quit(channel);
    this.#idle.push(channel);
  }

  /** Ends a connection in order, as far as the server goes along. */
  #quit(channel: Link): void {
    this.#busy.delete(channel);
    this.#quitting.add(channel);
    void channel.quit().then(() => {
      this.#quitting.delete(channel);
      this.#host.world.log.info({ event: "dcid_close", dcid: channel.dcid });
      this.#permits.give(channel.host);
      this.#pump();
      this.#checkEmpty();
    });
  }

  #checkEmpty(): void {
    if (this.connections > 0 || this.#settling > 0 || this.#failing) return;
    if (this.#stop === "no" && this.#backlog.length > 0) return this.#pump();
    this.#growth?.cancel();
    this.#growth = undefined;
    this.#full?.cancel();
    this.#full = undefined;
    this.#permits.forget();
    this.#ended?.resolve();
    if (this.#stop === "no") this.#host.laneEmpty(this);
  }
}

function rids(recipients: readonly Recipient[]): number[] {
  return recipients.map(({ rid }) => rid);
}
