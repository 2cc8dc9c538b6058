/**
 * A queue in a temporary directory, and the few things that every test of it does.
 *
 * @module
 */
import { type Clock, systemClock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import { type Octets, octets, textOf } from "../../src/base/octets.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import type { Envelope, Recipient } from "../../src/mail/envelope.ts";
import { eventText, type MailEvent } from "../../src/mail/events.ts";
import type { Outcome } from "../../src/mail/outcome.ts";
import { type DurableSpool, openSpool, type SpoolSettings } from "../../src/queue/durable_spool.ts";
import type { Lease, RetryRule } from "../../src/queue/spool.ts";

export const rule: RetryRule = {
  max_retries: 100,
  max_queue_time: 259_200_000,
  initial_retry: 60_000,
  max_retry_interval: 3_600_000,
};

/** A log that keeps its lines as `level: text`. */
export class Lines implements Log<MailEvent> {
  readonly lines: string[] = [];
  critical = (event: MailEvent): void => void this.lines.push(`critical: ${eventText(event)}`);
  warning = (event: MailEvent): void => void this.lines.push(`warning: ${eventText(event)}`);
  info = (event: MailEvent): void => void this.lines.push(`info: ${eventText(event)}`);
  debug = (event: MailEvent): void => void this.lines.push(`debug: ${eventText(event)}`);
  trace = (event: MailEvent): void => void this.lines.push(`trace: ${eventText(event)}`);
}

/** A directory that opens and closes queues, and goes with the test. */
export class World implements AsyncDisposable {
  readonly directory: string;
  readonly log = new Lines();
  readonly settings: SpoolSettings = { hostname: "gw.example.test", max_queue_messages: 1e6, min_free_disk: 0 };
  random: Random = seededRandom(7);
  readonly #open = new Set<DurableSpool>();

  constructor(directory: string = Deno.makeTempDirSync({ prefix: "postern-queue-" })) {
    this.directory = directory;
  }

  async open(clock: Clock = systemClock): Promise<DurableSpool> {
    const spool = await openSpool({
      directory: this.directory,
      clock,
      random: this.random,
      log: this.log,
      settings: () => this.settings,
    });
    this.#open.add(spool);
    return spool;
  }

  /** Octets of the reserve. */
  get reserve(): number {
    try {
      return Deno.statSync(`${this.directory}/reserve`).size;
    } catch {
      return 0;
    }
  }

  files(): string[] {
    return [...Deno.readDirSync(`${this.directory}/bodies`)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const spool of this.#open) await spool.close().catch((error) => this.log.lines.push(String(error)));
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** A message to be put. */
export interface Given extends Partial<Omit<Envelope, "recipients" | "mid">> {
  to?: (string | Partial<Recipient> & { address: string })[];
  text?: Octets | string;
}

/** Puts a message, its text in pieces of 64 KiB, and returns its MID. */
export async function put(spool: DurableSpool, given: Given = {}): Promise<number> {
  const { to = ["b@example.test"], text = "Subject: x\r\n\r\nbody\r\n", ...rest } = given;
  const mid = spool.ids.next("mid");
  const draft = spool.draft(mid);
  const bytes = typeof text === "string" ? octets(text) : text;
  for (let at = 0; at < bytes.length; at += 65536) await draft.write(bytes.slice(at, at + 65536));
  const recipients = to.map((each, rid) => ({ rid, ...(typeof each === "string" ? { address: each } : each) }));
  const envelope = { sender: "a@example.com", eightBit: false, smtputf8: false, receivedAt: systemClock.now() };
  await spool.put({ ...envelope, ...rest, mid, recipients }, draft);
  return mid;
}

export const delivered = (rid: number, relayedWithoutDsn = false): Outcome => ({
  kind: "delivered",
  rid,
  host: { name: "mx.example.test", address: "192.0.2.1", port: 25 },
  reply: { code: 250, enhanced: "2.0.0", lines: ["Ok"] },
  relayedWithoutDsn,
});
export const refused = (rid: number, text = "no such user"): Outcome => ({
  kind: "refused",
  rid,
  host: { name: "mx.example.test", address: "192.0.2.1", port: 25 },
  reply: { code: 550, enhanced: "5.1.1", lines: [text] },
});
export const deferred = (rid: number): Outcome => ({
  kind: "deferred",
  rid,
  failure: { reason: "connection_refused", enhanced: "4.4.1", text: "Connection refused" },
});

/** The one lease that is due for `destination`. */
export async function leaseOne(spool: DurableSpool, destination = "example.test"): Promise<Lease> {
  const [lease] = await spool.lease(destination, 1);
  if (lease === undefined) throw new Error(`Nothing is due for ${destination}`);
  return lease;
}

/** The whole text of a lease. */
export async function textOfLease(lease: Lease): Promise<string> {
  let text = "";
  for await (const chunk of lease.text()) text += textOf(chunk);
  return text;
}

/** Waits until everything is on the disk that was to be written soon. */
export async function written(spool: DurableSpool): Promise<void> {
  do await soon(5); while (spool.pending > 0);
}

/** A turn of the event loop and a bit: what could go wrong has time to. */
export function soon(ms = 60): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
