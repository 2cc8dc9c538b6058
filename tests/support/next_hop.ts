/**
 * A next hop that follows a script: an SMTP server on loopback that answers as a test wants, and remembers what it was told.
 *
 * @module
 */
import { systemClock } from "../../src/base/clock.ts";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import type { Conn, Listener } from "../../src/net/net.ts";
import { tcp } from "../../src/net/tcp.ts";
import type { PeerFacts, ServerContext } from "../../src/tls/engine.ts";
import { startTls } from "../../src/tls/pump.ts";

/** A message that was taken. */
export interface Taken {
  mail: string;
  rcpts: string[];
  text: Octets;
  encrypted: boolean;
}

/** What one connection said. */
export interface HopSession {
  /** Command lines; `.` for the end of DATA. */
  commands: string[];
  taken: Taken[];
  encrypted: boolean;
  /** What the client proved. */
  facts?: PeerFacts;
  /** Reads of the socket. */
  reads: number;
  /** Lines of the message that is under way. */
  mail: string;
  rcpts: string[];
  number: number;
}

/** A scripted answer: text with its line ends, and whether the connection ends. `close` alone answers nothing. */
export type Answer = string | { text?: string; close?: boolean; wait?: Promise<void>; drop?: boolean };

/** The script. What it does not say, an honest server says. */
export interface Script {
  /** Extension lines of EHLO; STARTTLS is added where there is a context and no TLS yet. */
  extensions?: string[];
  /** The name in EHLO. */
  name?: string;
  /** Answers instead: `GREETING`, the command line, or `.` after a text. */
  answer?: (command: string, session: HopSession) => Answer | undefined;
  tls?: ServerContext;
  /** Instead of a handshake after the 220. */
  insteadOfTls?: (conn: Conn) => Promise<void>;
}

/** A running next hop. */
export interface NextHop extends AsyncDisposable {
  port: number;
  sessions: HopSession[];
  /** All messages that were taken, in order. */
  taken: Taken[];
  /** Connections that are open now. */
  readonly open: number;
  script: Script;
}

const sockets = tcp(systemClock);

/** The extensions of a server of today. */
export const modern = ["PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES"];

/** Starts a next hop. */
export function startNextHop(script: Script = {}, at = { address: "127.0.0.1", port: 0 }): NextHop {
  const listener = sockets.listen(at);
  const hop = new Hop(listener, script);
  return hop;
}

class Hop implements NextHop {
  readonly port: number;
  readonly sessions: HopSession[] = [];
  readonly taken: Taken[] = [];
  script: Script;
  readonly #listener: Listener;
  readonly #conns = new Set<Conn>();
  readonly #ends: Promise<void>[] = [];
  /** Answers that a test holds back are held no longer: where an assertion failed nobody opens its gate, and the run would say nothing. */
  readonly #over = Promise.withResolvers<void>();

  constructor(listener: Listener, script: Script) {
    this.#listener = listener;
    this.port = listener.local.port;
    this.script = script;
    this.#ends.push(this.#accept());
  }

  get open(): number {
    return this.#conns.size;
  }

  async #accept(): Promise<void> {
    for (let conn = await this.#listener.accept(); conn !== null; conn = await this.#listener.accept()) {
      const mine = conn;
      this.#conns.add(mine);
      const end = new HopConnection(mine, this, this.#over.promise).run().catch(() => {}).finally(() => {
        mine.close();
        this.#conns.delete(mine);
      });
      this.#ends.push(end);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#over.resolve();
    for (const conn of this.#conns) conn.close();
    await Promise.all(this.#ends);
  }
}

class HopConnection {
  #conn: Conn;
  readonly #hop: NextHop;
  readonly #over: Promise<void>;
  readonly #session: HopSession;
  #held: Octets = new Uint8Array(0);
  readonly #buffer: Octets = new Uint8Array(65_536);
  #chunks: Octets[] = [];

  constructor(conn: Conn, hop: NextHop, over: Promise<void>) {
    this.#conn = conn;
    this.#hop = hop;
    this.#over = over;
    const number = hop.sessions.length;
    this.#session = { commands: [], taken: [], encrypted: false, reads: 0, mail: "", rcpts: [], number };
    hop.sessions.push(this.#session);
  }

  async run(): Promise<void> {
    this.#conn.deadline(60_000);
    if (!await this.#say("GREETING", "220 hop.test ESMTP\r\n")) return;
    for (let line = await this.#line(); line !== undefined; line = await this.#line()) {
      this.#session.commands.push(line);
      if (!await this.#command(line)) return;
    }
  }

  async #command(line: string): Promise<boolean> {
    const session = this.#session;
    const { script } = this.#hop;
    const verb = line.split(" ")[0].toUpperCase();
    switch (verb) {
      case "EHLO": {
        const offers = [...(script.extensions ?? modern)];
        if ((script.tls !== undefined || script.insteadOfTls !== undefined) && !session.encrypted) {
          offers.push("STARTTLS");
        }
        const lines = [script.name ?? "hop.test", ...offers];
        return await this.#say(
          line,
          lines.map((text, at) => `250${at < lines.length - 1 ? "-" : " "}${text}\r\n`).join(""),
        );
      }
      case "STARTTLS":
        return await this.#startTls(line);
      case "MAIL":
        session.mail = "";
        session.rcpts = [];
        this.#chunks = [];
        if (!await this.#say(line, "250 2.1.0 Ok\r\n")) return false;
        if (this.#last.startsWith("2")) session.mail = line;
        return true;
      case "RCPT": {
        if (session.mail === "") return await this.#say(line, "503 5.5.1 MAIL first\r\n");
        const before = this.#answered;
        const goOn = await this.#say(line, "250 2.1.5 Ok\r\n");
        if (before !== this.#answered && this.#last.startsWith("2")) session.rcpts.push(line);
        return goOn;
      }
      case "DATA": {
        const goOn = await this.#say(
          line,
          session.rcpts.length > 0 ? "354 go on\r\n" : "554 5.5.1 no valid recipients\r\n",
        );
        if (!goOn || !this.#last.startsWith("354")) return goOn;
        const text = await this.#dotted();
        if (text === undefined) return false;
        session.commands.push(".");
        return await this.#take(".", text);
      }
      case "BDAT": {
        const [, length, last] = line.split(" ");
        const chunk = await this.#exactly(Number(length));
        if (chunk === undefined) return false;
        this.#chunks.push(chunk);
        if (last !== "LAST") return await this.#say(line, "250 2.0.0 Ok\r\n");
        if (session.rcpts.length === 0) return await this.#say(line, "503 5.5.1 no valid recipients\r\n");
        return await this.#take(line, joined(this.#chunks));
      }
      case "QUIT":
        await this.#say(line, "221 2.0.0 Bye\r\n");
        return false;
      default:
        return await this.#say(line, "250 2.0.0 Ok\r\n");
    }
  }

  #answered = 0;
  #last = "";

  /** Whether the session goes on. */
  async #say(command: string, honest: string): Promise<boolean> {
    const scripted = this.#hop.script.answer?.(command, this.#session);
    const answer = scripted === undefined
      ? { text: honest }
      : typeof scripted === "string"
      ? { text: scripted }
      : scripted;
    if (answer.wait !== undefined) await Promise.race([answer.wait, this.#over]);
    this.#answered++;
    this.#last = answer.text ?? (scripted !== undefined && typeof scripted !== "string" && scripted.wait ? honest : "");
    if (this.#last !== "") await this.#conn.write(octets(this.#last));
    return answer.close !== true;
  }

  async #take(command: string, text: Octets): Promise<boolean> {
    const goOn = await this.#say(command, "250 2.0.0 Ok: queued as 3jjs\r\n");
    if (this.#last.startsWith("2")) {
      const { mail, rcpts, encrypted } = this.#session;
      const taken = { mail, rcpts, text, encrypted };
      this.#session.taken.push(taken);
      this.#hop.taken.push(taken);
    }
    return goOn;
  }

  async #startTls(line: string): Promise<boolean> {
    const { script } = this.#hop;
    const goOn = await this.#say(line, "220 2.0.0 Ready to start TLS\r\n");
    if (!goOn || !this.#last.startsWith("220")) return goOn;
    if (script.insteadOfTls !== undefined) {
      await script.insteadOfTls(this.#conn);
      return false;
    }
    const started = await startTls(this.#conn, script.tls!.session());
    if (started.kind === "failed") return false;
    this.#conn = started.conn;
    this.#conn.deadline(60_000);
    this.#held = new Uint8Array(0);
    this.#session.encrypted = true;
    this.#session.facts = started.facts;
    return true;
  }

  async #more(): Promise<boolean> {
    const count = await this.#conn.read(this.#buffer);
    if (count === null) return false;
    this.#session.reads++;
    this.#held = joined([this.#held, this.#buffer.slice(0, count)]);
    return true;
  }

  async #line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf(10);
      if (end >= 0) {
        const line = textOf(this.#held.subarray(0, end)).replace(/\r$/, "");
        this.#held = this.#held.subarray(end + 1);
        return line;
      }
      if (!await this.#more()) return undefined;
    }
  }

  async #exactly(length: number): Promise<Octets | undefined> {
    const chunks: Octets[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#held.length === 0 && !await this.#more()) return undefined;
      const piece = this.#held.slice(0, missing);
      chunks.push(piece);
      missing -= piece.length;
      this.#held = this.#held.subarray(piece.length);
    }
    return joined(chunks.length === 0 ? [new Uint8Array(0)] : chunks);
  }

  /** The text up to CRLF.CRLF, dots taken away. */
  async #dotted(): Promise<Octets | undefined> {
    const lines: string[] = [];
    for (let line = await this.#rawLine(); line !== undefined; line = await this.#rawLine()) {
      if (line === ".\r\n") return latin1(lines.join(""));
      lines.push(line.startsWith(".") ? line.slice(1) : line);
    }
    return undefined;
  }

  /** With its line end, an octet a character. */
  async #rawLine(): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf(10);
      if (end >= 0) {
        let line = "";
        for (const octet of this.#held.subarray(0, end + 1)) line += String.fromCharCode(octet);
        this.#held = this.#held.subarray(end + 1);
        return line;
      }
      if (!await this.#more()) return undefined;
    }
  }
}

function latin1(text: string): Octets {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
