/**
 * Who may begin a session: counted over all listeners, and over all threads that serve them.
 *
 * The counts stand in one place, so that a limit is kept to the letter wherever the connection came in. A thread of its own asks from afar
 * (`src/workers`), which is why an answer may be a promise.
 *
 * @module
 */
import type { Pressure } from "../base/pressure.ts";

/** Who comes in, and where. The same object is given back when the session ends. */
export interface Knock {
  icid: number;
  /** Whose limits count: `policy/client_key.ts`. */
  client: string;
  /** The address on which it came: a listener keeps its sessions when its name changes. */
  door: string;
  /** The listener's name. */
  listener: string;
  /** Sessions that the listener may have. */
  max: number;
}

/** Why a connection gets no session: reason word and text for the log, and the words of the 421. */
export interface TurnedAway {
  reason: string;
  text: string;
  peer: string;
}

/** What a connection gets. It counts, turned away or not, until it leaves. */
export interface Entry {
  turnedAway: TurnedAway | undefined;
  /** Connections of the same client to all listeners, itself included. */
  siblings: number;
}

/** How many there are. */
export interface Crowd {
  sessions: number;
  /** Sessions that may run. */
  max: number;
  byDoor: ReadonlyMap<string, number>;
}

/** See the module. */
export interface Gate {
  /** A connection came in. */
  enter(knock: Knock): Entry | Promise<Entry>;
  /** Its session has ended. */
  leave(knock: Knock): void;
  /** Asked each second or so, for those who stall. */
  crowd(): Crowd | Promise<Crowd>;
}

/** What the counts are held against. */
export interface GateOptions {
  pressure: Pick<Pressure, "sessionShortage" | "sessionsMax" | "refused">;
  /** Whether the operator has suspended a listener. */
  suspended?: (listener: string) => boolean;
}

/** The counts themselves. */
export class Turnstile implements Gate {
  readonly #options: GateOptions;
  /** Of each client, at all listeners, those of earlier configurations included. */
  readonly #byClient = new Map<string, number>();
  readonly #byDoor = new Map<string, number>();
  #sessions = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** All sessions that run. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Sessions at one address. */
  sessionsAt(door: string): number {
    return this.#byDoor.get(door) ?? 0;
  }

  enter(knock: Knock): Entry {
    const turnedAway = this.#turnAway(knock);
    this.#sessions++;
    added(this.#byDoor, knock.door, 1);
    return { turnedAway, siblings: added(this.#byClient, knock.client, 1) };
  }

  leave({ client, door }: Knock): void {
    this.#sessions--;
    added(this.#byDoor, door, -1);
    added(this.#byClient, client, -1);
  }

  crowd(): Crowd {
    return { sessions: this.#sessions, max: this.#options.pressure.sessionsMax, byDoor: this.#byDoor };
  }

  /** Why a connection is one too many: for its listener, for all, or for the machine. */
  #turnAway({ listener, door, max }: Knock): TurnedAway | undefined {
    const { pressure, suspended } = this.#options;
    if (suspended?.(listener)) {
      return { reason: "suspended", text: "suspended by the operator", peer: "Service not available, try again later" };
    }
    if (this.sessionsAt(door) >= max) {
      return {
        reason: "too_many_connections",
        text: "too many connections to this listener",
        peer: "Too many connections",
      };
    }
    const shortage = pressure.sessionShortage(this.#sessions);
    if (shortage === undefined) return undefined;
    pressure.refused(shortage);
    return { ...shortage, reason: `pressure_${shortage.kind}` };
  }
}

function added(counts: Map<string, number>, key: string, by: number): number {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
  return count;
}
