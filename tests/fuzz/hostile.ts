/**
 * A next hop that means no good: an SMTP server which does, at each reply that is due, what its script says, and keeps honest books of it.
 *
 * @module
 */
import { sleep } from "../../src/base/clock.ts";
import type { Octets } from "../../src/base/octets.ts";
import type { Conn } from "../../src/net/net.ts";
import type { ServerContext } from "../../src/tls/engine.ts";
import { startTls } from "../../src/tls/pump.ts";
import type { StepClock } from "../support/step_clock.ts";
import { latin1, latin1Text } from "./bytes.ts";

/** What it does when a reply is due. */
export type Reaction =
  | { kind: "honest" }
  /** Says this instead, so many times. */
  | { kind: "say"; text: string; times: number }
  /** Says this besides, behind the honest reply, or before the command is there. */
  | { kind: "also"; text: string }
  /** Is late. */
  | { kind: "slow"; ms: number }
  /** An octet at a time. */
  | { kind: "drip"; ms: number }
  /** Ends the connection behind so many octets of the reply. */
  | { kind: "cut"; after: number }
  /** Reads on, and says nothing any more. */
  | { kind: "silent" }
  /** Reads nothing any more. */
  | { kind: "deaf" }
  /** Says this over and over. */
  | { kind: "flood"; text: string };

/** What it does behind its 220 to STARTTLS. */
export type TlsMood =
  | { kind: "honest" }
  | { kind: "instead"; text: string }
  /** So many octets of its own in the handshake, then the end; or silence. */
  | { kind: "half"; octets: number; silent: boolean }
  /** This octet of its own is another. */
  | { kind: "spoiled"; at: number }
  /** Clear text in the same breath as the 220. */
  | { kind: "injected"; text: string };

/** One connection's script. What it does not say is honest. */
export interface Script {
  extensions: string[];
  offersTls: boolean;
  tls: TlsMood;
  reactions: Reaction[];
}

/** Somebody was told that the server has his message. */
export interface Receipt {
  rcpt: string;
  text: string;
  /** RCPT commands that came for him until then. */
  asked: number;
}

/** The books of all connections. */
export class Books {
  /** What the server said in clear words, in order, while nothing it said was out of order. */
  readonly receipts: Receipt[] = [];
  /** How often each RCPT came. */
  readonly asked = new Map<string, number>();
  /** What it did. */
  readonly ends = new Set<string>();
  /** Something that no client may do. */
  readonly faults: string[] = [];
}

/** A reply without a fault, short enough for every client. */
const sound = /^(?:([2-5][0-5]\d)-[\x20-\x7e]*\r\n(?=\1))*[2-5][0-5]\d [\x20-\x7e]*\r\n$/;
const verbs = /^(?:EHLO|HELO|STARTTLS|MAIL|RCPT|DATA|BDAT|RSET|QUIT)\b/;
const floodsMax = 300;

/** One connection. */
export class HostileServer {
  #conn: Conn;
  readonly #script: Script;
  readonly #books: Books;
  readonly #clock: StepClock;
  readonly #context: ServerContext;
  readonly #buffer: Octets = new Uint8Array(65_536);
  #held = "";
  #reply = 0;
  /** Everything that was said is what an honest server might say, one reply for each command. */
  #sound = true;
  #encrypted = false;
  #mail = false;
  #rcpts: string[] = [];
  #chunks = "";

  constructor(
    conn: Conn,
    { script, books, clock, context }: { script: Script; books: Books; clock: StepClock; context: ServerContext },
  ) {
    this.#conn = conn;
    this.#script = script;
    this.#books = books;
    this.#clock = clock;
    this.#context = context;
  }

  /** Until somebody ends it. Never rejects. */
  async run(): Promise<void> {
    try {
      if (!await this.#say("220 hop.test ESMTP\r\n")) return;
      for (let line = await this.#line(); line !== undefined; line = await this.#line()) {
        if (!await this.#command(line)) return;
      }
      this.#conn.close();
    } catch {
      // The client ended it.
    }
  }

  async #command(line: string): Promise<boolean> {
    const verb = line.split(" ")[0];
    if (this.#sound && !verbs.test(line)) this.#books.faults.push(`an honest server heard ${JSON.stringify(line)}`);
    switch (verb) {
      case "EHLO": {
        const offers = this.#script.offersTls && !this.#encrypted ? ["STARTTLS"] : [];
        const lines = ["hop.test", ...this.#script.extensions, ...offers];
        const text = lines.map((each, at) => `250${at < lines.length - 1 ? "-" : " "}${each}\r\n`).join("");
        return await this.#say(text) !== undefined;
      }
      case "STARTTLS":
        return await this.#startTls();
      case "RSET":
        this.#mail = false;
        return await this.#say("250 Ok\r\n") !== undefined;
      case "MAIL": {
        this.#rcpts = [];
        this.#chunks = "";
        const code = await this.#say("250 2.1.0 Ok\r\n");
        this.#mail = code?.[0] === "2";
        return code !== undefined;
      }
      case "RCPT": {
        const rcpt = /<(.*?)>/.exec(line)?.[1] ?? "";
        this.#books.asked.set(rcpt, (this.#books.asked.get(rcpt) ?? 0) + 1);
        const code = await this.#say(this.#mail ? "250 2.1.5 Ok\r\n" : "503 5.5.1 MAIL first\r\n");
        if (code?.[0] === "2" && this.#mail) this.#rcpts.push(rcpt);
        return code !== undefined;
      }
      case "DATA": {
        const taken = this.#rcpts.length > 0;
        const code = await this.#say(taken ? "354 go on\r\n" : "554 5.5.1 no valid recipients\r\n");
        if (code !== "354") return code !== undefined;
        return await this.#take(await this.#dotted());
      }
      case "BDAT": {
        const [, length, last] = line.split(" ");
        const chunk = await this.#exactly(Number(length));
        if (chunk === undefined) return false;
        this.#chunks += chunk;
        return last === "LAST" ? await this.#take(this.#chunks) : await this.#say("250 2.0.0 Ok\r\n") !== undefined;
      }
      case "QUIT":
        await this.#say("221 2.0.0 Bye\r\n");
        this.#conn.close();
        return false;
      default:
        return await this.#say("500 5.5.2 What?\r\n") !== undefined;
    }
  }

  /** The text is there. */
  async #take(text: string | undefined): Promise<boolean> {
    if (text === undefined) return false;
    const rcpts = this.#rcpts;
    this.#rcpts = [];
    this.#mail = false;
    const honest = rcpts.length > 0 ? "250 2.0.0 Ok: queued as 3jjs\r\n" : "503 5.5.1 no valid recipients\r\n";
    const code = await this.#say(honest);
    if (this.#sound && code?.[0] === "2") {
      this.#books.ends.add("receipt");
      for (const rcpt of rcpts) this.#books.receipts.push({ rcpt, text, asked: this.#books.asked.get(rcpt)! });
    }
    return code !== undefined;
  }

  /** Says what is due, or something else. The code that the client has got; nothing: this connection says no more. */
  async #say(honest: string): Promise<string | undefined> {
    const reaction = this.#script.reactions[this.#reply++] ?? { kind: "honest" };
    const { ends } = this.#books;
    if (reaction.kind !== "honest") ends.add(reaction.kind);
    switch (reaction.kind) {
      case "honest":
        await this.#write(honest);
        return honest.slice(0, 3);
      case "say": {
        const text = reaction.text.repeat(reaction.times);
        // RFC 5321 §3.8: behind a 421 nothing counts.
        if (!isSound(text) || text.startsWith("421")) this.#sound = false;
        await this.#write(text);
        return text.slice(0, 3);
      }
      case "also":
        this.#sound = false;
        await this.#write(honest + reaction.text);
        return honest.slice(0, 3);
      case "slow":
        await sleep(this.#clock, reaction.ms);
        await this.#write(honest);
        return honest.slice(0, 3);
      case "drip":
        for (const octet of honest) {
          await sleep(this.#clock, reaction.ms);
          await this.#write(octet);
        }
        return honest.slice(0, 3);
      case "cut":
        this.#sound = false;
        await this.#write(honest.slice(0, reaction.after));
        this.#conn.close();
        return undefined;
      case "silent":
        this.#sound = false;
        while (await this.#more()) this.#held = "";
        return undefined;
      case "deaf":
        this.#sound = false;
        return undefined;
      case "flood":
        this.#sound = false;
        for (let times = 0; times < floodsMax; times++) await this.#write(reaction.text);
        return undefined;
      default:
        return reaction satisfies never;
    }
  }

  async #startTls(): Promise<boolean> {
    const { tls } = this.#script;
    const ready = "220 2.0.0 Ready to start TLS\r\n";
    if (tls.kind === "injected") {
      this.#books.ends.add("injected");
      await this.#write(ready + tls.text);
    } else if (await this.#say(ready) !== "220") return true;
    this.#books.ends.add(`tls ${tls.kind}`);
    if (tls.kind === "instead") {
      await this.#write(tls.text);
      while (await this.#more()) this.#held = "";
      return false;
    }
    const started = await startTls(meddling(this.#conn, tls), this.#context.session());
    if (started.kind === "failed") {
      this.#conn.close();
      return false;
    }
    this.#conn = started.conn;
    this.#conn.deadline(Infinity);
    this.#held = "";
    this.#encrypted = true;
    this.#mail = false;
    // What is spoiled may be a record behind the handshake.
    if (tls.kind !== "honest") this.#sound = false;
    return true;
  }

  async #write(text: string): Promise<void> {
    if (text !== "") await this.#conn.write(latin1(text));
  }

  async #more(): Promise<boolean> {
    const count = await this.#conn.read(this.#buffer);
    if (count === null) return false;
    this.#held += latin1Text(this.#buffer.subarray(0, count));
    return true;
  }

  async #line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#held.slice(0, end);
        this.#held = this.#held.slice(end + 2);
        return line;
      }
      if (!await this.#more()) return undefined;
    }
  }

  async #exactly(length: number): Promise<string | undefined> {
    while (this.#held.length < length) if (!await this.#more()) return undefined;
    const chunk = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return chunk;
  }

  async #dotted(): Promise<string | undefined> {
    let text = "";
    for (let line = await this.#line(); line !== undefined; line = await this.#line()) {
      if (line === ".") return text;
      text += (line.startsWith(".") ? line.slice(1) : line) + "\r\n";
    }
    return undefined;
  }
}

function isSound(text: string): boolean {
  return text.length < 2_000 && sound.test(text);
}

/** The server's side of a connection on which its own octets do not all arrive as they were. */
function meddling(conn: Conn, mood: TlsMood): Conn {
  if (mood.kind !== "half" && mood.kind !== "spoiled") return conn;
  let written = 0;
  return {
    local: conn.local,
    remote: conn.remote,
    read: (into) => conn.read(into),
    async write(bytes) {
      const from = written;
      written += bytes.length;
      if (mood.kind === "spoiled") {
        const copy = bytes.slice();
        if (mood.at >= from && mood.at < written) copy[mood.at - from] ^= 0x55;
        return await conn.write(copy);
      }
      if (from >= mood.octets) return;
      await conn.write(bytes.slice(0, mood.octets - from));
      if (written >= mood.octets && !mood.silent) conn.close();
    },
    deadline: (ms) => conn.deadline(ms),
    close: () => conn.close(),
    [Symbol.dispose]: () => conn.close(),
  };
}

/** What a client wrote in clear words on one connection, and how much it read. */
export interface Transcript {
  encrypted: boolean;
  wrote: string;
  read: number;
}

/** The client's side of a connection, with a transcript. */
export function transcribed(conn: Conn, transcript: Transcript): Conn {
  return {
    local: conn.local,
    remote: conn.remote,
    async read(into) {
      const count = await conn.read(into);
      transcript.read += count ?? 0;
      return count;
    },
    async write(bytes) {
      const text = latin1Text(bytes);
      await conn.write(bytes);
      transcript.wrote += text;
    },
    deadline: (ms) => conn.deadline(ms),
    close: () => conn.close(),
    [Symbol.dispose]: () => conn.close(),
  };
}
