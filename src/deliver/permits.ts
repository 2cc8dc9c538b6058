/**
 * Whether a lane may open one more connection: the number of all there may be, and `max_connections` of its destination.
 *
 * Where limits count for the domain, a lane's connections count with those of other lanes of its domain, which carry mail that demands
 * more of TLS. Where they count for MX addresses, a lane asks for each address; a full one is passed over like one that fails.
 *
 * @module
 */
import { type Endpoint, endpointText } from "../net/net.ts";
import type { Route } from "../policy/route.ts";
import type { Gate } from "./connect.ts";
import type { Pace } from "./pace.ts";
import { Slots, type SlotUser } from "./slots.ts";

/** The limits that lanes share. */
export class Limits {
  /** All connections. */
  readonly all: Slots;
  readonly #groups = new Map<string, Slots>();

  constructor(max: number) {
    this.all = new Slots(max);
  }

  /** Groups in use. */
  get groups(): number {
    return this.#groups.size;
  }

  take(key: string, { user, max, lazy }: { user: SlotUser; max: number; lazy: boolean }): boolean {
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, group = new Slots(max, { lazy }));
    return group.take(user, max);
  }

  give(key: string, user: SlotUser): void {
    const group = this.#groups.get(key);
    group?.give(user);
    this.#drop(key);
  }

  forget(key: string, user: SlotUser): void {
    this.#groups.get(key)?.forget(user);
    this.#drop(key);
  }

  wanted(key: string, user: SlotUser): boolean {
    return this.#groups.get(key)?.wanted(user) === true;
  }

  overShare(key: string, { user, max }: { user: SlotUser; max: number }): boolean {
    return this.#groups.get(key)?.overShare(user, max) === true;
  }

  #drop(key: string): void {
    if (this.#groups.get(key)?.unused) this.#groups.delete(key);
  }
}

/** What one lane may do. */
export class Permits implements Gate {
  readonly #limits: Limits;
  readonly #pace: Pace;
  readonly #route: Route;
  readonly #user: SlotUser;
  /** Limits that refused the lane, so that it stands in their line. */
  readonly #refused = new Set<string>();

  readonly #waiting: () => number;

  /** `waiting`: messages in the queue that the lane is for. */
  constructor(
    route: Route,
    { host, user, waiting }: {
      host: { limits: Limits; pace: Pace };
      user: SlotUser;
      waiting: () => number;
    },
  ) {
    this.#limits = host.limits;
    this.#pace = host.pace;
    this.#waiting = waiting;
    this.#route = route;
    this.#user = user;
  }

  /** Limits count for addresses. */
  get byAddress(): boolean {
    return this.#route.control.limit_apply_to === "mx_address";
  }

  /** The limits with this connection in them. */
  keyOf(target: Endpoint): string {
    return this.byAddress ? `address ${endpointText(target)}` : this.#route.limitKey;
  }

  /** Takes a place for one connection, or stands in line for it. */
  take(): boolean {
    const { limitKey } = this.#route;
    if (!this.byAddress && !this.#enter(limitKey)) return false;
    if (this.#limits.all.take(this.#user)) return true;
    if (!this.byAddress) this.#limits.give(limitKey, this.#user);
    return false;
  }

  /** The place is free again: nothing came of it, or `channel` has ended. */
  give(channel?: Endpoint): void {
    this.#limits.all.give(this.#user);
    if (!this.byAddress) this.#limits.give(this.#route.limitKey, this.#user);
    else if (channel !== undefined) this.leave(channel);
  }

  enter(target: Endpoint): boolean {
    if (!this.byAddress) return true;
    const { control } = this.#route;
    const key = this.keyOf(target);
    if (this.#pace.left(key, control) > 0) return this.#enter(key);
    const resume = () => this.#user.slotFree();
    this.#pace.hold(key, { rule: control, held: { who: this.#user, messages: 0, resume } });
    const { address } = target;
    this.#pace.tell(key, { rule: control, domain: this.#route.destination, address, messages: this.#waiting() });
    return false;
  }

  leave(target: Endpoint): void {
    if (this.byAddress) this.#limits.give(this.keyOf(target), this.#user);
  }

  /** Others wait for the place that this connection has. */
  wanted(channel: Endpoint): boolean {
    const user = this.#user;
    return this.#limits.all.wanted(user) || this.#limits.wanted(this.keyOf(channel), user);
  }

  /** Others wait, and the lane has more than its share. */
  overShare(channel: Endpoint): boolean {
    const { all } = this.#limits;
    const { control: { max_connections: max } } = this.#route;
    return all.overShare(this.#user) || this.#limits.overShare(this.keyOf(channel), { user: this.#user, max });
  }

  /** The lane wants nothing any more. */
  forget(): void {
    this.#limits.all.forget(this.#user);
    for (const key of this.#refused) this.#limits.forget(key, this.#user);
    this.#refused.clear();
  }

  #enter(key: string): boolean {
    const { control: { max_connections: max } } = this.#route;
    const entered = this.#limits.take(key, { user: this.#user, max, lazy: this.byAddress });
    if (entered) this.#refused.delete(key);
    else this.#refused.add(key);
    return entered;
  }
}
