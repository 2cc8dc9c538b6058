/**
 * The mail that waits for one lane: heard of, leased, or to be tried once more on a new connection.
 *
 * Leases are few: the queue keeps the rest. Destinations that share a route take turns, a few messages each. One whose recipients of
 * the interval are used up is not leased for; it comes back when the interval is over.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import type { Lease } from "../queue/spool.ts";
import type { LaneHost } from "./lane_host.ts";
import { Waiting } from "./waiting.ts";

/** Messages that are leased in one go. */
const batch = 5;
/** A queue that cannot be read is asked again after this. */
const leaseRetryMs = 1_000;

/** See the module. */
export class Backlog {
  /** Leased, not yet given to a connection. */
  readonly ready: Lease[] = [];
  /** Leased, and to be tried on a new connection, since an old one had gone. */
  readonly fresh: Lease[] = [];
  /** Connections that look for work. */
  seeking = 0;
  /** Nothing is leased any more. */
  ended = false;
  readonly #key: string;
  readonly #host: LaneHost;
  readonly #waiting = new Waiting();
  #refilling: Promise<void> | undefined;

  /** `key`: the lane's. */
  constructor(key: string, host: LaneHost) {
    this.#key = key;
    this.#host = host;
  }

  /** Messages that are known to wait. */
  get length(): number {
    return this.fresh.length + this.ready.length + this.#waiting.messages;
  }

  /** There is more than the connections that look for work will find. */
  get unserved(): boolean {
    return this.length > this.seeking;
  }

  /** Messages in the queue for the destinations that wait here. */
  get inQueue(): number {
    const { spool } = this.#host.world;
    const destinations = new Set(this.#waiting.destinations);
    for (const { destination } of [...this.ready, ...this.fresh]) destinations.add(destination);
    let messages = 0;
    for (const destination of destinations) messages += spool.count(destination);
    return messages;
  }

  /** `messages` more are due for `destination`. */
  add(destination: string, messages: number): void {
    if (!this.#held(destination, messages)) this.#waiting.add(destination, messages);
  }

  /** Whether a leased message still belongs here; the configuration may have changed since. */
  isOurs(lease: Lease): boolean {
    const { destination } = lease;
    if (!this.#host.suspended(destination) && this.#host.routeFor(destination).key === this.#key) return true;
    // Giving back makes it due again, which the dispatcher hears of.
    this.#host.world.spool.giveBack(lease);
    return false;
  }

  /** Gives back what no connection has. */
  giveBackAll(): void {
    const { spool } = this.#host.world;
    for (const lease of [...this.fresh.splice(0), ...this.ready.splice(0)]) spool.giveBack(lease);
  }

  /** The next message, leased where need be. */
  async refill(): Promise<Lease | undefined> {
    this.seeking++;
    while (!this.ended && this.#waiting.messages > 0 && this.ready.length === 0) {
      await (this.#refilling ??= this.fill(batch).finally(() => this.#refilling = undefined));
    }
    this.seeking--;
    return this.ready.shift();
  }

  /** Leases for the destination whose turn it is. */
  async fill(most: number): Promise<void> {
    const next = this.#waiting.take();
    if (next === undefined) return;
    const { destination, messages } = next;
    if (this.#host.suspended(destination)) return;
    const route = this.#host.routeFor(destination);
    if (route.key !== this.#key) return this.#host.wake(destination, messages);
    if (this.#held(destination, messages)) return;
    const { pace, world: { spool, clock } } = this.#host;
    const byDomain = route.control.limit_apply_to === "domain";
    const count = byDomain ? Math.min(most, pace.left(route.destination, route.control)) : most;
    try {
      const leases = await spool.lease(destination, count);
      this.#host.queueTrouble.worked();
      if (this.ended) { for (const lease of leases) spool.giveBack(lease); }
      else this.ready.push(...leases);
      // A full batch: there may be more, whatever was counted.
      if (leases.length === count) this.#waiting.add(destination, Math.max(messages - count, 1));
    } catch (error) {
      this.#host.queueTrouble.failed(`Cannot take mail for ${destination} from the queue: ${causeOf(error)}`, "queue");
      clock.after(leaseRetryMs, () => this.#host.wake(destination, messages));
    }
  }

  /** Whether the recipients that the destination may get in this interval are used up; then it waits for the next. */
  #held(destination: string, messages: number): boolean {
    const { pace, world: { spool } } = this.#host;
    const { control: rule, destination: domain } = this.#host.routeFor(destination);
    if (rule.limit_apply_to !== "domain" || pace.left(domain, rule) > 0) return false;
    const waiting = spool.waiting(destination);
    // What was counted is gone; what comes later tells of itself.
    if (waiting === 0) return true;
    const resume = (all: number) => this.#host.wake(destination, all);
    pace.hold(domain, { rule, held: { who: destination, messages, resume } });
    pace.tell(domain, { rule, domain, messages: waiting });
    return true;
  }
}
