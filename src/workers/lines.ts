/**
 * Connections to next hops that another thread has asked this one for, by their DCID.
 *
 * Who owns them decides everything but what is done on them: when one is opened, what goes over it, when it ends. Texts that are files are read here.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import { callFrom, type CallingWorld, type Link, type Reached } from "../deliver/link.ts";
import type { Bodies } from "../queue/bodies.ts";
import type { Lease, Unread } from "../queue/spool.ts";
import type { CallEnd, CallWords, ConverseEnd, ConverseWords, OfferEnd, OfferWords } from "./words.ts";

/** See the module. */
export class Lines {
  readonly #world: CallingWorld;
  readonly #texts: () => Pick<Bodies, "read">;
  /** Nothing was said on these yet. */
  readonly #reached = new Map<number, Reached>();
  readonly #links = new Map<number, Link>();

  constructor(world: CallingWorld, texts: () => Pick<Bodies, "read">) {
    this.#world = world;
    this.#texts = texts;
  }

  /** Connects to a host. */
  async call(call: CallWords): Promise<CallEnd> {
    const called = await callFrom(this.#world, call);
    if (called.kind === "unreached") return called;
    this.#reached.set(call.dcid, called);
    const { kind, local, remote } = called;
    return { kind, local, remote };
  }

  /** From the greeting to where mail may go over it. */
  async converse({ dcid, waiting, ...options }: ConverseWords): Promise<ConverseEnd> {
    const reached = this.#reached.get(dcid);
    if (reached === undefined) throw new Error(`Cannot open the dialogue of DCID ${dcid}: it is not connected`);
    this.#reached.delete(dcid);
    const opened = await reached.open({ ...options, waiting: () => waiting });
    if (opened.kind === "failed") return opened;
    this.#links.set(dcid, opened.link);
    return { kind: "ready", encrypted: opened.link.encrypted };
  }

  /** Offers a message. */
  async offer({ dcid, text, recipients, ...lease }: OfferWords): Promise<OfferEnd> {
    const link = this.#links.get(dcid);
    if (link === undefined) throw new Error(`Cannot offer MID ${lease.envelope.mid}: there is no DCID ${dcid}`);
    let unread: Unread | undefined;
    const noted = (trouble: Unread) => void (unread ??= trouble);
    const transacted = await link.offer({ lease: this.#lease(lease, { text, noted }), recipients });
    if (link.lost) this.#links.delete(dcid);
    return { transacted, lost: link.lost, unread };
  }

  /** Ends a connection in order. */
  async quit({ dcid, ms }: { dcid: number; ms: number | undefined }): Promise<void> {
    await this.#links.get(dcid)?.quit(ms);
    this.#links.delete(dcid);
  }

  /** Ends a connection at once. */
  hangUp(dcid: number): void {
    (this.#links.get(dcid) ?? this.#reached.get(dcid))?.close();
    this.#links.delete(dcid);
    this.#reached.delete(dcid);
  }

  #lease(
    words: Omit<OfferWords, "dcid" | "text" | "recipients">,
    { text, noted }: { text: OfferWords["text"]; noted: (trouble: Unread) => void },
  ): Lease {
    const texts = this.#texts();
    const { all: recipients, ...lease } = words;
    return {
      // The lease itself is elsewhere.
      id: 0,
      ...lease,
      recipients,
      held: text ?? undefined,
      async *text() {
        if (text !== null) return yield text;
        try {
          yield* texts.read(lease.envelope.mid);
        } catch (error) {
          noted({ lost: error instanceof Deno.errors.NotFound, cause: causeOf(error) });
          throw error;
        }
      },
    };
  }
}
