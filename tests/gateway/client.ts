/**
 * An SMTP client by hand: each test says what goes over the wire, octet by octet where it matters.
 *
 * @module
 */
import { type Octets, octets } from "../../src/base/octets.ts";
import { connectFrom } from "../../src/net/bound.ts";
import type { NativeStream } from "../../src/net/tcp.ts";

/** How a session begins. */
export interface ClientWish {
  /** Where the gateway listens; 127.0.0.1 by default. */
  to?: string;
  /** The client's own address. */
  from?: string;
}

/** One session. Text is Latin-1 both ways, so that every octet can be sent and seen. */
export class Client implements Disposable {
  /** The whole greeting. */
  greeting = "";
  #conn: NativeStream | Deno.TlsConn;
  #rest = "";
  readonly #buffer = new Uint8Array(65_536);

  private constructor(conn: NativeStream) {
    this.#conn = conn;
  }

  /** Connects and reads the greeting. */
  static async open(port: number, { to = "127.0.0.1", from }: ClientWish = {}): Promise<Client> {
    const conn = from === undefined
      ? await Deno.connect({ hostname: to, port })
      : await connectFrom(from, { to: { address: to, port }, signal: new AbortController().signal });
    const client = new Client(conn);
    try {
      client.greeting = await client.reply();
    } catch (thrown) {
      client[Symbol.dispose]();
      throw thrown;
    }
    return client;
  }

  /** A whole reply, its lines joined by line feeds. Throws where the session is cut off before. */
  async reply(): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const end = this.#rest.indexOf("\r\n");
      if (end < 0) {
        const count = await this.#conn.read(this.#buffer);
        if (count === null) throw new Error(`Cannot read a reply: the session was cut off behind ${lines.join("|")}`);
        this.#rest += latin1Of(this.#buffer.subarray(0, count));
        continue;
      }
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      lines.push(line);
      if (line[3] !== "-") return lines.join("\n");
    }
  }

  /** The rest of the session, up to its end; an end by reset counts. */
  async rest(): Promise<string> {
    for (;;) {
      const count = await this.#conn.read(this.#buffer).catch(() => null);
      if (count === null) return this.#rest;
      this.#rest += latin1Of(this.#buffer.subarray(0, count));
    }
  }

  /** Writes text as it is. */
  write(text: string): Promise<void> {
    return this.writeOctets(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  /** Writes octets. */
  async writeOctets(bytes: Octets): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** A command and its reply. */
  async ask(line: string): Promise<string> {
    await this.write(`${line}\r\n`);
    return await this.reply();
  }

  /** Asks one after the other; throws at the first reply that does not begin so. */
  async expect(...pairs: readonly (readonly [line: string, code: string])[]): Promise<void> {
    for (const [line, code] of pairs) {
      const got = await this.ask(line);
      if (!got.startsWith(code)) throw new Error(`Cannot go on: ${got} and not ${code} to ${line.slice(0, 60)}`);
    }
  }

  /** A transaction up to the 354. */
  async begin({ from = "s@example.org", to = ["a@example.test"] }: Envelope = {}): Promise<void> {
    await this.expect([`MAIL FROM:<${from}>`, "250"]);
    for (const address of to) await this.expect([`RCPT TO:<${address}>`, "250"]);
    await this.expect(["DATA", "354"]);
  }

  /** A whole transaction; the reply to its text. */
  async send(text: string, envelope: Envelope = {}): Promise<string> {
    await this.begin(envelope);
    await this.write(`${text}\r\n.\r\n`);
    return await this.reply();
  }

  /** STARTTLS, which trusts `authority` alone. */
  async startTls(authority: { certificatePem: string }, hostname = "mx.example.test"): Promise<void> {
    await this.expect(["STARTTLS", "220"]);
    const conn = await Deno.startTls(this.#conn as Deno.TcpConn, { hostname, caCerts: [authority.certificatePem] });
    this.#conn = conn;
    await conn.handshake();
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** Who writes to whom. */
export interface Envelope {
  from?: string;
  to?: readonly string[];
}

/** A session that has said EHLO. */
export async function greeted(port: number, wish: ClientWish = {}): Promise<Client> {
  const client = await Client.open(port, wish);
  await client.expect(["EHLO client.example.test", "250"]);
  return client;
}

/** A message of about so many octets. */
export function messageOf(size: number, header = "Subject: filler"): string {
  return `${header}\r\n\r\n${`${"x".repeat(76)}\r\n`.repeat(Math.ceil(size / 78))}`;
}

/** UTF-8 as Latin-1, to be written by {@linkcode Client.write}. */
export function utf8(text: string): string {
  return latin1Of(octets(text));
}

function latin1Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
