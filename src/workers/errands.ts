/**
 * Delivery's connections in other threads, as the main thread holds them.
 *
 * Each connection is made in the thread that has the fewest; from then on it stays there. A thread that dies takes its connections along: a message
 * that was on its way is offered once more over another one, and who had it already gets it twice, as after any crash. While no thread lives
 * the main one connects by itself.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import { deferredFor } from "../deliver/ends.ts";
import type { Call, Called, Caller, Job, Link, Reached } from "../deliver/link.ts";
import type { Transacted } from "../deliver/transaction.ts";
import type { Answer, RecordType, RecordTypes, Resolver } from "../dns/records.ts";
import type { Failure, RemoteHost } from "../mail/outcome.ts";
import { type Wire, WireCutError } from "./wire.ts";
import type { ToMain, ToWorker } from "./words.ts";

/** A thread that can be sent. */
export interface Runner {
  readonly wire: Pick<Wire<ToWorker, ToMain>, "ask" | "tell">;
  /** Connections that it has, or is asked for. */
  links: number;
}

/** What delivery does in this thread while there is no other. */
export interface Here {
  caller: Caller;
  resolver: Resolver;
}

const internal: Failure = { reason: "internal", enhanced: "4.3.0", text: "Internal error" };
const unreadable: Failure = { reason: "queue_read", enhanced: "4.3.0", text: "The text cannot be read from the queue" };

/** Connects in other threads. */
export class FarCaller implements Caller {
  readonly #runners: () => readonly Runner[];
  readonly #here: Caller;

  constructor(runners: () => readonly Runner[], here: Caller) {
    this.#runners = runners;
    this.#here = here;
  }

  async call(call: Call): Promise<Called> {
    for (;;) {
      const runner = fewestLinks(this.#runners());
      if (runner === undefined) return await this.#here.call(call);
      runner.links++;
      let end: Called | undefined;
      try {
        const { dcid, host } = call;
        const called = await runner.wire.ask("call", call);
        return end = called.kind === "unreached" ? called : reachedBy(runner, { dcid, host, ...called });
      } catch (thrown) {
        // Nothing was said yet: another thread does it.
        if (!(thrown instanceof WireCutError)) throw thrown;
      } finally {
        if (end?.kind !== "reached") runner.links--;
      }
    }
  }
}

function fewestLinks(runners: readonly Runner[]): Runner | undefined {
  let fewest: Runner | undefined;
  for (const runner of runners) {
    if (fewest === undefined || runner.links < fewest.links) fewest = runner;
  }
  return fewest;
}

function reachedBy(
  runner: Runner,
  { dcid, host, local, remote }: { dcid: number; host: RemoteHost } & Pick<Reached, "local" | "remote">,
): Reached {
  return {
    kind: "reached",
    local,
    remote,
    async open({ waiting, ...options }) {
      let ready = false;
      try {
        const end = await runner.wire.ask("converse", { dcid, ...options, waiting: waiting() });
        if (end.kind === "failed") return end;
        ready = true;
        return { kind: "ready", link: new FarLink(runner, { dcid, host, encrypted: end.encrypted }) };
      } catch {
        return {
          kind: "failed",
          end: deferredFor(internal, host),
          details: "the thread of this connection has ended",
          text: "internal error",
          reason: "internal",
          ours: true,
        };
      } finally {
        if (!ready) runner.links--;
      }
    },
    close() {
      runner.links--;
      runner.wire.tell("hangUp", dcid);
    },
  };
}

/** A connection in another thread. */
export class FarLink implements Link {
  readonly dcid: number;
  readonly host: RemoteHost;
  readonly encrypted: boolean;
  trustGeneration = 0;
  served = 0;
  readonly #runner: Runner;
  #lost = false;

  constructor(runner: Runner, { dcid, host, encrypted }: { dcid: number; host: RemoteHost; encrypted: boolean }) {
    this.#runner = runner;
    this.dcid = dcid;
    this.host = host;
    this.encrypted = encrypted;
  }

  get lost(): boolean {
    return this.#lost;
  }

  async offer({ lease, recipients }: Job): Promise<Transacted> {
    const { dcid, host } = this;
    const { envelope, destination, attempts, octets, held, recipients: all } = lease;
    this.served++;
    if (held === undefined && !lease.filed) {
      const outcomes = recipients.map(({ rid }) => ({ kind: "deferred", rid, host, failure: unreadable } as const));
      return { kind: "done", outcomes, spent: false, broken: false };
    }
    const text = held === undefined ? null : whole(held);
    try {
      const words = { dcid, envelope, destination, attempts, octets, all, recipients, text };
      const { transacted, lost, unread } = await this.#runner.wire.ask("offer", words);
      if (unread !== undefined) lease.unread?.(unread);
      if (lost) this.#end();
      return transacted;
    } catch {
      // Whatever the next hop was told, nobody knows it any more.
      this.#end();
      return { kind: "stale" };
    }
  }

  async quit(ms?: number): Promise<void> {
    if (this.#lost) return;
    await this.#runner.wire.ask("quit", { dcid: this.dcid, ms }).catch(() => {}); // gone with its thread
    this.#end();
  }

  close(): void {
    if (this.#lost) return;
    this.#runner.wire.tell("hangUp", this.dcid);
    this.#end();
  }

  #end(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#runner.links--;
  }
}

/** A view is sent with all that lies under it. */
function whole(octets: Octets): Octets {
  return octets.byteLength === octets.buffer.byteLength ? octets : octets.slice();
}

/** Asks the DNS in other threads, for each name always in the same one, which keeps what it heard. */
export class FarResolver implements Resolver {
  readonly #runners: () => readonly Runner[];
  readonly #here: Resolver;

  constructor(runners: () => readonly Runner[], here: Resolver) {
    this.#runners = runners;
    this.#here = here;
  }

  async resolve<T extends RecordType>(name: string, type: T): Promise<Answer<RecordTypes[T]>> {
    const runners = this.#runners();
    if (runners.length > 0) {
      try {
        const { wire } = runners[sumOf(name) % runners.length];
        return await wire.ask("resolve", { name, type }) as Answer<RecordTypes[T]>;
      } catch (thrown) {
        if (!(thrown instanceof WireCutError)) throw thrown;
      }
    }
    return await this.#here.resolve(name, type);
  }
}

function sumOf(name: string): number {
  let sum = 0;
  for (let at = 0; at < name.length; at++) sum = (sum * 31 + name.charCodeAt(at)) >>> 0;
  return sum;
}
