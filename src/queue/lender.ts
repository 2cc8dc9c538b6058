/**
 * Leases: from a due item to a message with its text, and what happens when that cannot be read.
 *
 * A text that cannot be read now (an I/O error, a damaged page) is logged and tried again later; one that is not there at all
 * is refused for every recipient, so that the sender is told.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import type { Outcome } from "../mail/outcome.ts";
import type { Item } from "./agenda.ts";
import type { Loaded } from "./cache.ts";
import { SettleChange } from "./changes.ts";
import { MessageLease } from "./lease.ts";
import { note, type Parts } from "./parts.ts";
import type { Lease } from "./spool.ts";

/** A lease that is out. */
export interface Out {
  item: Item;
  loaded: Loaded;
  lease: MessageLease;
  /** The text could not be read; `lost`: it is not there. */
  trouble: "unreadable" | "lost" | undefined;
}

/** See the module. */
export class Lender {
  readonly #parts: Parts;
  readonly #out = new Map<number, Out>();
  #last = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A lease for an item, or nothing where its rows are gone. */
  lend(item: Item): Lease | undefined {
    const { store, cache } = this.#parts;
    const { mid, destination: { name: destination } } = item;
    const loaded = cache.get(mid) ?? this.#load(mid);
    const untried = loaded?.untried?.get(destination);
    const delivery = untried ? { attempts: 0, recipients: untried } : store().delivery(mid, destination);
    if (loaded === undefined || delivery === undefined) {
      this.#drop(item);
      return undefined;
    }
    loaded.refs++;
    const { octets, place, envelope } = loaded;
    const lease = new MessageLease({ id: ++this.#last, envelope, destination, ...delivery }, {
      octets,
      held: () => loaded.text ?? (place === "file" ? undefined : this.#readRow(out)),
      chunks: () => this.#readFile(out),
      filed: place === "file",
      unread: ({ lost, cause }) => this.#unreadable(out, lost ? "lost" : "unreadable", cause),
    });
    const out: Out = { item, loaded, lease, trouble: undefined };
    this.#out.set(lease.id, out);
    return lease;
  }

  /** A lease that is out. Throws where it is not: settling twice is a mistake of the caller. */
  get(lease: Lease): Out {
    const out = this.#out.get(lease.id);
    if (out === undefined) throw new Error(`Cannot take lease ${lease.id} back: it is not out`);
    return out;
  }

  /** Ends a lease: from now on it is not out. */
  end({ lease }: Out): void {
    this.#out.delete(lease.id);
  }

  #load(mid: number): Loaded | undefined {
    const { store, cache } = this.#parts;
    const stored = store().message(mid);
    if (stored === undefined) return undefined;
    const open = store().countDeliveries(mid);
    const loaded = { ...stored, text: undefined, open, untried: undefined, refs: 0 };
    cache.addLeased(mid, loaded);
    return loaded;
  }

  /** Only a damaged database leaves one row without the other. */
  #drop(item: Item): void {
    const { agenda, committer, options: { log } } = this.#parts;
    const { mid, destination } = item;
    note(log, "critical", `Cannot find MID ${mid} for ${destination.name}: its rows are missing, it is left out`);
    agenda.settling(item);
    committer.add(new SettleChange(item, { done: () => agenda.settled(item, undefined) }), "soon");
  }

  #readRow(out: Out): Octets | undefined {
    try {
      const text = this.#parts.store().body(out.item.mid);
      if (text !== undefined) return text;
      this.#unreadable(out, "lost", "it is not in the queue");
    } catch (error) {
      this.#unreadable(out, "unreadable", causeOf(error));
    }
    return undefined;
  }

  async *#readFile(out: Out): AsyncIterable<Octets> {
    if (out.loaded.place === "row") throw new Error(`Cannot read the text of MID ${out.item.mid}: ${out.trouble}`);
    try {
      yield* this.#parts.bodies.read(out.item.mid);
    } catch (error) {
      this.#unreadable(out, error instanceof Deno.errors.NotFound ? "lost" : "unreadable", causeOf(error));
      throw error;
    }
  }

  #unreadable(out: Out, trouble: "unreadable" | "lost", cause: string): void {
    if (out.trouble === undefined) {
      note(this.#parts.options.log, "critical", `Cannot read the text of MID ${out.item.mid}: ${cause}`);
    }
    out.trouble = trouble;
  }
}

/** The outcomes of an attempt for a text that is not there: whoever was not served is refused. */
export function lostOutcomes(lease: Lease, outcomes: readonly Outcome[]): Outcome[] {
  const failure = { reason: "text_lost", enhanced: "5.3.0", text: "The text of the message was lost" };
  return lease.recipients.map(({ rid }): Outcome =>
    outcomes.find((outcome) => outcome.rid === rid && outcome.kind !== "deferred") ?? { kind: "refused", rid, failure }
  );
}
