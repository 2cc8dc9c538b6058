/**
 * The listeners' sockets, from one configuration to the next.
 *
 * An address that stays keeps its socket. New ones are opened before anything else changes; where one of ours is in the way of a new
 * one it is closed first, and opened again if all is undone.
 *
 * @module
 */
import type { Acceptor, OpenListener } from "./accept/acceptor.ts";
import { causeOf } from "./base/text.ts";
import type { Config, ListenerConfig } from "./config/config.ts";
import type { Findings } from "./config/cross.ts";
import type { Edition } from "./edition.ts";
import type { MailLog } from "./mail/events.ts";
import { type Endpoint, endpointText, type Listener } from "./net/net.ts";

/** Opens an address, in this thread or in those that serve sessions. Throws, or rejects, where it is taken. */
export type Open = (at: Endpoint) => Listener | Promise<Listener>;

/** Serves what was opened. */
export type Inbound = Pick<Acceptor, "listen">;

/** A listener's socket and, once it serves, its loop. */
export interface Door {
  at: Endpoint;
  listener: Listener;
  loop?: OpenListener;
}

/** What was opened and closed for the next configuration, until it is in force or undone. */
export interface DoorDraft {
  readonly opened: Map<string, Door>;
  /** Closed to make room for a new one on the same port. */
  readonly displaced: Door[];
}

/** Nothing opened, nothing closed. */
export function newDoorDraft(): DoorDraft {
  return { opened: new Map(), displaced: [] };
}

/** A listener of the configuration in force, and whether it listens. */
export interface DoorState {
  name: string;
  /** `127.0.0.1:25`, with the port that it really has. */
  address: string;
  listening: boolean;
  sessions: number;
}

/** See the module. */
export class Doors {
  readonly #open: Open;
  #doors = new Map<string, Door>();
  #inbound: Inbound | undefined;

  constructor(open: Open) {
    this.#open = open;
  }

  /** The listeners of a configuration that is in force. */
  states(config: Config): DoorState[] {
    return config.listeners.map(({ name, address }) => {
      const door = this.#doors.get(endpointText(address));
      const loop = door?.loop;
      return {
        name,
        address: endpointText(door?.listener.local ?? address),
        listening: loop?.listening ?? false,
        sessions: loop?.sessions ?? 0,
      };
    });
  }

  /** Opens the addresses that are not open yet. */
  async open(config: Config, draft: DoorDraft, { errors }: Findings): Promise<void> {
    const wanted = new Set(config.listeners.map(({ address }) => endpointText(address)));
    const rivals = ({ port }: Endpoint) =>
      [...this.#doors].flatMap(([key, door]) => door.at.port === port && !wanted.has(key) ? [door] : []);
    const open = async (at: Endpoint) => {
      draft.opened.set(endpointText(at), { at, listener: await this.#open(at) });
    };
    const refuse = (name: string, error: unknown) =>
      errors.push({ path: ["listeners", name, "address"], at: "value", text: causeOf(error) });

    const hindered: ListenerConfig[] = [];
    for (const listener of config.listeners) {
      const { name, address } = listener;
      if (this.#doors.has(endpointText(address))) continue;
      try {
        await open(address);
      } catch (error) {
        if (rivals(address).length > 0) hindered.push(listener);
        else refuse(name, error);
      }
    }
    if (errors.length > 0) return;
    // 0.0.0.0:25 after 127.0.0.1:25: ours has to go first, since the two exclude each other.
    for (const { name, address } of hindered) {
      for (const door of rivals(address)) {
        if (draft.displaced.includes(door)) continue;
        draft.displaced.push(door);
        await door.listener.close();
      }
      try {
        await open(address);
      } catch (error) {
        refuse(name, error);
      }
    }
  }

  /** Puts a draft in force: what is not wanted any more is closed. */
  swap(edition: Edition, { opened }: DoorDraft): void {
    const doors = new Map<string, Door>();
    for (const { address } of edition.config.listeners) {
      const key = endpointText(address);
      doors.set(key, opened.get(key) ?? this.#doors.get(key)!);
    }
    for (const [key, door] of this.#doors) if (doors.get(key) !== door) shut(door);
    this.#doors = doors;
    this.#serve(edition);
  }

  /** From now on connections are served by `inbound`. */
  serve(inbound: Inbound, edition: Edition): void {
    this.#inbound = inbound;
    this.#serve(edition);
  }

  /** Takes a draft back; `edition` is in force still. */
  async undo(
    { opened, displaced }: DoorDraft,
    { edition, log }: { edition?: Edition; log: () => MailLog },
  ): Promise<void> {
    for (const door of opened.values()) await door.listener.close();
    for (const door of displaced) {
      try {
        door.listener = await this.#open(door.at);
        door.loop = undefined;
      } catch (error) {
        // The next configuration, or SIGHUP, tries it again.
        this.#doors.delete(endpointText(door.at));
        log().critical({ event: "note", reason: "listener_down", text: causeOf(error) });
      }
    }
    if (displaced.length > 0 && edition !== undefined) this.#serve(edition);
  }

  /** Closes all. */
  close(): void {
    for (const door of this.#doors.values()) door.listener.close();
  }

  /** Gives each open address the service of the edition. */
  #serve({ config, services }: Edition): void {
    if (this.#inbound === undefined) return;
    for (const { name, address } of config.listeners) {
      const door = this.#doors.get(endpointText(address));
      // An address that could not be had back.
      if (door === undefined) continue;
      const service = services.get(name)!;
      if (door.loop === undefined) door.loop = this.#inbound.listen(door.listener, service);
      else door.loop.service = service;
    }
  }
}

function shut({ loop, listener }: Door): void {
  loop?.close();
  listener.close();
}
