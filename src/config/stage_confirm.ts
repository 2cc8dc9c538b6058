/**
 * Commits that are taken back unless somebody says within two minutes, over a new connection, that he still reaches the page.
 *
 * What waits is on the disk before it is in force: a gateway that ends meanwhile takes it back when it starts, if its time is up then.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { StageStore, Unconfirmed } from "./stage_store.ts";

/** A commit that waits. */
export interface Waiting {
  /** The history's entry; what {@linkcode Confirmation.confirm} takes. */
  id: number;
  who: string;
  /** Wall milliseconds. */
  until: number;
  /** The keys that change how the page is reached. */
  keys: string[];
}

/** What came of a confirmation. `old connection`: the word came over one that was there before the commit, which proves nothing. */
export type ConfirmResult = { kind: "confirmed" } | { kind: "old connection" } | { kind: "nothing waits" };

/** How long a commit waits. */
export const confirmMs = 120_000;

/** What this works with. */
export interface ConfirmationWorld {
  clock: Clock;
  store: StageStore;
  /** Undoes the commit. It does not reject. */
  takeBack(commit: Unconfirmed): Promise<void>;
}

/** See the module. */
export class Confirmation {
  readonly #world: ConfirmationWorld;
  #timer: Timer | undefined;

  constructor(world: ConfirmationWorld) {
    this.#world = world;
  }

  get waiting(): Waiting | undefined {
    const found = this.#world.store.unconfirmed;
    return found && { id: found.id, who: found.who, until: found.until, keys: found.keys };
  }

  /** A commit was written and waits from now on. */
  begin(commit: Omit<Unconfirmed, "at" | "until">): Waiting {
    const at = this.#world.clock.now();
    const until = at + confirmMs;
    this.#world.store.unconfirmed = { ...commit, at, until };
    this.start();
    const { id, who, keys } = commit;
    return { id, who, until, keys };
  }

  /** Watches the time of what waits, also from before this start. */
  start(): void {
    this.stop();
    const { clock, store } = this.#world;
    const found = store.unconfirmed;
    if (found === undefined) return;
    // A clock that went back must not make it wait for ever.
    const left = Math.min(Math.max(found.until - clock.now(), 0), confirmMs);
    this.#timer = clock.after(left, () => void this.#expire(found));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Nothing waits any more. */
  end(): void {
    this.stop();
    this.#world.store.unconfirmed = undefined;
  }

  /** See the module. */
  confirm(id: number, { openedAt }: { openedAt: number }): ConfirmResult {
    const found = this.#world.store.unconfirmed;
    if (found === undefined || found.id !== id) return { kind: "nothing waits" };
    if (openedAt <= found.at) return { kind: "old connection" };
    this.end();
    return { kind: "confirmed" };
  }

  async #expire(commit: Unconfirmed): Promise<void> {
    if (this.#world.store.unconfirmed?.id !== commit.id) return;
    // A gateway that dies before it is done does it again.
    await this.#world.takeBack(commit);
    this.end();
  }
}
