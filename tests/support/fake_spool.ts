/**
 * The receiving half of the queue, in memory.
 *
 * @module
 */
import { joined, type Octets, textOf } from "../../src/base/octets.ts";
import type { Envelope } from "../../src/mail/envelope.ts";
import type { Draft, Ids, Spool } from "../../src/queue/spool.ts";

/** A message that was put. */
export interface Stored {
  envelope: Envelope;
  text: string;
}

class FakeDraft implements Draft {
  octets = 0;
  readonly chunks: Octets[] = [];
  readonly #spool: FakeSpool;

  constructor(spool: FakeSpool) {
    this.#spool = spool;
  }

  write(chunk: Octets): Promise<void> | void {
    if (this.#spool.failWrite !== undefined) return Promise.reject(this.#spool.failWrite);
    this.octets += chunk.length;
    this.chunks.push(chunk);
    return this.#spool.slow?.();
  }

  abort(): Promise<void> {
    this.#spool.drafts.delete(this);
    this.#spool.aborted++;
    return Promise.resolve();
  }
}

/** What is put is kept; errors and delays are the test's. */
export class FakeSpool implements Pick<Spool, "ids" | "draft" | "put"> {
  readonly stored: Stored[] = [];
  readonly drafts = new Set<FakeDraft>();
  aborted = 0;
  failWrite: Error | undefined;
  failPut: Error | undefined;
  /** Called for each write and awaited. */
  slow: (() => Promise<void>) | undefined;
  /** Awaited before a put is done. */
  gate: Promise<void> | undefined;
  readonly #last = { icid: 0, mid: 0, dcid: 0 };
  readonly ids: Ids = { next: (kind) => ++this.#last[kind] };

  draft(_mid: number): Draft {
    const draft = new FakeDraft(this);
    this.drafts.add(draft);
    return draft;
  }

  async put(envelope: Envelope, draft: Draft): Promise<void> {
    if (this.gate !== undefined) await this.gate;
    const fake = draft as FakeDraft;
    this.drafts.delete(fake);
    if (this.failPut !== undefined) throw this.failPut;
    this.stored.push({ envelope: structuredClone(envelope), text: textOf(joined(fake.chunks)) });
  }
}
