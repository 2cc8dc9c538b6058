/**
 * The books on a load of mail: what was sent, what was acknowledged, what arrived.
 *
 * A message is numbered by a header field and tells its own length, so that the next hop sees whether a text came whole. What
 * counts is a pair of message and recipient: acknowledged when the 250 to the text has come, delivered when the next hop has
 * said 250. Acknowledged and not delivered is lost; delivered twice is a duplicate, which a crash may cause.
 *
 * @module
 */
import { pause } from "./gateway_process.ts";

/** What one message is like. */
export interface Shape {
  octets: number;
  recipients: readonly string[];
}

/** The sums. All are pairs of message and recipient, but for `messages`. */
export interface Tally {
  /** Acknowledged messages. */
  messages: number;
  acknowledged: number;
  /** Acknowledged and delivered. */
  delivered: number;
  /** Deliveries beyond the first one. */
  duplicated: number;
  /** Acknowledged and never delivered. */
  lost: number;
  /** Delivered though no 250 reached the client: it was cut off in between. */
  unacknowledged: number;
}

/** See the module. */
export class Ledger {
  /** Numbers given out. */
  sent = 0;
  /** Number → recipients. */
  readonly acknowledged = new Map<number, readonly string[]>();
  /** `number recipient` → how often it was delivered. */
  readonly delivered = new Map<string, number>();
  /** Replies to texts and envelopes that were not 2xx or 354: code → how often. */
  readonly refused = new Map<string, number>();
  /** What arrived and was not whole, or was never sent. */
  readonly faulty: string[] = [];

  /** Acknowledged pairs that have not arrived. */
  missing(): string[] {
    const missing: string[] = [];
    for (const [number, recipients] of this.acknowledged) {
      for (const recipient of recipients) {
        if (!this.delivered.has(`${number} ${recipient}`)) missing.push(`${number} ${recipient}`);
      }
    }
    return missing;
  }

  tally(): Tally {
    let acknowledged = 0;
    for (const recipients of this.acknowledged.values()) acknowledged += recipients.length;
    let duplicated = 0;
    for (const times of this.delivered.values()) duplicated += times - 1;
    const lost = this.missing().length;
    const delivered = acknowledged - lost;
    const unacknowledged = this.delivered.size - delivered;
    return { messages: this.acknowledged.size, acknowledged, delivered, duplicated, lost, unacknowledged };
  }

  /** The sums in one line. */
  line(what: string): string {
    const { messages, acknowledged, delivered, duplicated, lost, unacknowledged } = this.tally();
    return `${what}: acknowledged ${acknowledged} (${messages} messages), delivered ${delivered}, duplicated ${duplicated}, ` +
      `lost ${lost}; cut off before the 250 and delivered all the same ${unacknowledged}`;
  }

  /** Waits until everything acknowledged has arrived, or `ms` have passed. */
  async drained(ms: number): Promise<void> {
    for (const since = performance.now(); this.missing().length > 0 && performance.now() - since < ms;) await pause(50);
  }
}

const encoder = new TextEncoder();
/** The octets are all ASCII here. */
const decoder = new TextDecoder("latin1");
const padding = `${"x".repeat(76)}\r\n`.repeat(14_000);

/** The text of message `number`, about `octets` long, without the dot at its end. */
export function numberedText(number: number, octets: number): string {
  const head = `Subject: counted ${number}\r\n\r\n`;
  const tail = `end of ${number}\r\n`;
  const middle = Math.max(0, Math.floor((octets - head.length - tail.length) / 78) * 78);
  const rest = `${head}${padding.slice(0, middle)}${tail}`;
  return `X-Count: ${number} ${rest.length}\r\n${rest}`;
}

/** The number of a text that came whole, or what is wrong with it. */
function numberOf(text: string): number | string {
  const field = /^X-Count: (\d+) (\d+)\r\n/m.exec(text);
  if (field === null) return `a text without its number: ${text.slice(0, 200)}`;
  const [line, number, octets] = field;
  const rest = text.length - field.index - line.length;
  if (rest !== Number(octets)) return `message ${number} has ${rest} octets instead of ${octets}`;
  return text.endsWith(`end of ${number}\r\n`) ? Number(number) : `message ${number} has another one's end`;
}

/** Lines and texts of one connection. */
class Wire {
  #rest = "";
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(65_536);

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Up to and with `end`; null where the connection ends before. */
  async upTo(end: string): Promise<string | null> {
    for (let from = 0;;) {
      const at = this.#rest.indexOf(end, from);
      if (at >= 0) {
        const part = this.#rest.slice(0, at + end.length);
        this.#rest = this.#rest.slice(at + end.length);
        return part;
      }
      from = Math.max(0, this.#rest.length - end.length);
      const count = await this.#conn.read(this.#buffer);
      if (count === null) return null;
      this.#rest += decoder.decode(this.#buffer.subarray(0, count));
    }
  }

  async say(text: string): Promise<void> {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** The code of a whole reply. Throws where the session is cut off. */
  async reply(): Promise<string> {
    for (;;) {
      const line = await this.upTo("\r\n");
      if (line === null) throw new Error("Cannot go on: the session was cut off");
      if (line[3] !== "-") return line.slice(0, 3);
    }
  }
}

/** A next hop that keeps the books. */
export interface LedgerSink extends AsyncDisposable {
  readonly port: number;
  /** What RCPT is answered with; replaceable while it runs. `250` unless set. */
  answer: (recipient: string) => string;
}

/** Starts a next hop on loopback. */
export function startLedgerSink(ledger: Ledger): LedgerSink {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sessions = new Map<Deno.Conn, Promise<void>>();
  const sink: LedgerSink = {
    port: (listener.addr as Deno.NetAddr).port,
    answer: () => "250 ok",
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const conn of sessions.keys()) await conn.closeWrite().catch(() => {}); // the peer may be gone
      await Promise.all(sessions.values());
    },
  };
  const accepting = (async () => {
    for await (const conn of listener) {
      // A gateway that is killed cuts its connections off.
      const session = takeMail(new Wire(conn), { ledger, sink }).catch(() => {}).finally(() => {
        sessions.delete(conn);
        conn.close();
      });
      sessions.set(conn, session);
    }
  })();
  return sink;
}

async function takeMail(wire: Wire, { ledger, sink }: { ledger: Ledger; sink: LedgerSink }): Promise<void> {
  let recipients: string[] = [];
  await wire.say("220 sink.example.test\r\n");
  for (let line = await wire.upTo("\r\n"); line !== null; line = await wire.upTo("\r\n")) {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "RCPT") {
      const recipient = /<(.*)>/.exec(line)?.[1] ?? "";
      const answer = sink.answer(recipient);
      if (answer.startsWith("2")) recipients.push(recipient);
      await wire.say(`${answer}\r\n`);
    } else if (verb === "QUIT") {
      return await wire.say("221 bye\r\n");
    } else if (verb !== "DATA") {
      if (verb === "MAIL") recipients = [];
      await wire.say("250 ok\r\n");
    } else if (recipients.length === 0) {
      await wire.say("503 nobody to give it to\r\n");
    } else {
      await wire.say("354 go on\r\n");
      const text = await wire.upTo("\r\n.\r\n");
      if (text === null) return; // cut off: the message counts as not taken
      const number = numberOf(text.slice(0, -3));
      if (typeof number === "string") ledger.faulty.push(number);
      else if (number >= ledger.sent) ledger.faulty.push(`message ${number} was never sent`);
      else {
        for (const recipient of recipients) {
          const key = `${number} ${recipient}`;
          ledger.delivered.set(key, (ledger.delivered.get(key) ?? 0) + 1);
        }
      }
      await wire.say("250 taken\r\n");
    }
  }
}

/** How a load is made. */
export interface LoadWish {
  ledger: Ledger;
  sessions: number;
  /** What message `number` is like. */
  shape: (number: number) => Shape;
  /** Asked before each message: go on? */
  more: () => boolean;
  /** The pause behind a refused message, in ms. */
  refusedMs?: number;
}

/** Sends from several sessions until `more` says no; a session that is cut off is begun anew. */
export async function sendLoad(port: number, wish: LoadWish): Promise<void> {
  await Promise.all(Array.from({ length: wish.sessions }, async () => {
    while (wish.more()) {
      await sendSession(port, wish);
      if (wish.more()) await pause(20);
    }
  }));
}

async function sendSession(port: number, { ledger, shape, more, refusedMs = 20 }: LoadWish): Promise<void> {
  let conn: Deno.Conn;
  try {
    conn = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return; // nobody listens at the moment
  }
  const wire = new Wire(conn);
  const ask = async (text: string): Promise<string> => {
    await wire.say(text);
    const code = await wire.reply();
    if (code >= "400") ledger.refused.set(code, (ledger.refused.get(code) ?? 0) + 1);
    return code;
  };
  try {
    await wire.reply();
    await ask("EHLO client.example.test\r\n");
    while (more()) {
      const number = ledger.sent++;
      const { octets, recipients } = shape(number);
      let code = await ask("MAIL FROM:<s@example.org>\r\n");
      for (const recipient of recipients) if (code === "250") code = await ask(`RCPT TO:<${recipient}>\r\n`);
      if (code === "250") code = await ask("DATA\r\n");
      if (code === "354") code = await ask(`${numberedText(number, octets)}.\r\n`);
      if (code === "250") ledger.acknowledged.set(number, recipients);
      else {
        await pause(refusedMs);
        await ask("RSET\r\n");
      }
    }
    await ask("QUIT\r\n");
  } catch {
    // cut off: what was not acknowledged is the sender's still
  } finally {
    conn.close();
  }
}
