/**
 * The answer to one HTTP/1.1 request on a connection that serves no other: RFC 9112, as a client that asked for it to be closed.
 *
 * Head and body are bounded. A body ends by its chunks, by its length, or with the stream; one that is cut short is refused, over TLS also where
 * nothing but the missing close_notify shows it.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { joined, type Octets, textOf } from "../base/octets.ts";
import { printable } from "../base/text.ts";
import type { Conn } from "../net/net.ts";

/** What came. */
export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: Octets;
}

/** A connection that may know of its end whether it was cut: `TlsConn`. */
export type AnswerConn = Conn & { readonly truncated?: boolean };

/** A line of a chunk's length, with whatever extensions: RFC 9112 §7.1. */
const chunkLineOctetsMax = 256;
/** Answers that are none yet, RFC 9110 §15.2. */
const interimMax = 10;

/** Reads an answer. Rejects with an `Error` that says in one line what is wrong; the body of one that is no 200 is left unread. */
export async function readAnswer(conn: AnswerConn, { octetsMax }: { octetsMax: number }): Promise<HttpAnswer> {
  const stream = new Stream(conn);
  for (let interim = 0; interim <= interimMax; interim++) {
    const { status, headers } = parseHead(await stream.until("\r\n\r\n", limits.httpHeadOctetsMax));
    if (status >= 100 && status < 200) continue;
    const body = status === 200 ? await readBody(stream, { headers, octetsMax }) : new Uint8Array();
    return { status, headers, body };
  }
  throw new Error("the server answers without end");
}

/** Status line and fields: RFC 9112 §4, §5. */
function parseHead(head: string): { status: number; headers: Headers } {
  const [first, ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first);
  if (status === null) throw new Error(`the server does not speak HTTP/1.1: ${printable(first, 80)}`);
  const headers = new Headers();
  for (const line of lines) {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    // Folded lines, and names with a space behind them, are what smuggling is made of: RFC 9112 §5.1, §5.2.
    // deno-lint-ignore no-control-regex
    if (field === null || /[\x00\r\n]/.test(field[2])) {
      throw new Error(`the server's field ${printable(line, 80)} is malformed`);
    }
    headers.append(field[1], field[2].replace(/[^\x20-\x7e\t]/g, "?"));
  }
  return { status: Number(status[1]), headers };
}

/** RFC 9112 §6.3. */
async function readBody(
  stream: Stream,
  { headers, octetsMax }: { headers: Headers; octetsMax: number },
): Promise<Octets> {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  const body = new Body(octetsMax);
  if (!/^(?:identity)?$/i.test(headers.get("content-encoding") ?? "")) {
    throw new Error("it is compressed, which was not asked for");
  }
  if (coding !== null) {
    if (coding.toLowerCase() !== "chunked" || length !== null) {
      throw new Error("the server's answer has no clear length");
    }
    await readChunks(stream, body);
  } else if (length !== null) {
    if (!/^\d{1,15}$/.test(length)) throw new Error("the server's answer has no clear length");
    await body.take(stream, Number(length));
  } else await body.takeAll(stream);
  return body.octets;
}

/** RFC 9112 §7.1. Trailers are left unread. */
async function readChunks(stream: Stream, body: Body): Promise<void> {
  for (;;) {
    const length = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;|$)/.exec(await stream.until("\r\n", chunkLineOctetsMax));
    if (length === null) throw new Error("the server's answer has a chunk without a length");
    const count = parseInt(length[1], 16);
    if (count === 0) return;
    await body.take(stream, count);
    if (await stream.until("\r\n", 2) !== "") throw new Error("the server's answer has a chunk of another length");
  }
}

/** What comes, in one piece that grows: a server that sends octet by octet makes no more of it. */
class Body {
  readonly #octetsMax: number;
  #room: Octets = new Uint8Array(limits.chunkOctets);
  #length = 0;

  constructor(octetsMax: number) {
    this.#octetsMax = octetsMax;
  }

  get octets(): Octets {
    return this.#room.subarray(0, this.#length);
  }

  async take(stream: Stream, count: number): Promise<void> {
    const end = this.#length + count;
    this.#grow(end);
    while (this.#length < end) this.#length += await stream.needed(this.#room.subarray(this.#length, end));
  }

  /** Up to the end of the stream. */
  async takeAll(stream: Stream): Promise<void> {
    for (;;) {
      if (this.#length === this.#room.length) {
        this.#grow(Math.max(Math.min(this.#length * 2, this.#octetsMax), this.#length + 1));
      }
      const count = await stream.read(this.#room.subarray(this.#length));
      if (count === null) return stream.endedInOrder();
      this.#length += count;
      if (this.#length > this.#octetsMax) throw this.#tooLarge();
    }
  }

  #grow(octets: number): void {
    if (octets > this.#octetsMax) throw this.#tooLarge();
    if (octets <= this.#room.length) return;
    const larger = new Uint8Array(Math.max(octets, Math.min(this.#room.length * 2, this.#octetsMax)));
    larger.set(this.octets);
    this.#room = larger;
  }

  #tooLarge(): Error {
    return new Error(`it is larger than ${this.#octetsMax} octets`);
  }
}

/** Octets as they are asked for. */
class Stream {
  readonly #conn: AnswerConn;
  /** Read and not asked for yet. */
  #held: Octets = new Uint8Array();

  constructor(conn: AnswerConn) {
    this.#conn = conn;
  }

  /** What is there, or comes next; `null` at the end. */
  async read(into: Octets): Promise<number | null> {
    if (this.#held.length === 0) return await this.#conn.read(into);
    const count = Math.min(this.#held.length, into.length);
    into.set(this.#held.subarray(0, count));
    this.#held = this.#held.subarray(count);
    return count;
  }

  /** The same where there must be more. */
  async needed(into: Octets): Promise<number> {
    const count = await this.read(into);
    if (count === null) throw new Error("the server closed the connection before its answer was whole");
    return count;
  }

  /** Text before `mark`, which is taken out too. */
  async until(mark: string, octetsMax: number): Promise<string> {
    const held = new Uint8Array(octetsMax + mark.length);
    for (let length = 0; length < held.length;) {
      const from = Math.max(length - mark.length + 1, 0);
      length += await this.needed(held.subarray(length));
      // Latin-1 keeps places: the mark is ASCII.
      const at = latin1.decode(held.subarray(from, length)).indexOf(mark);
      if (at < 0) continue;
      const rest = held.subarray(from + at + mark.length, length);
      this.#held = this.#held.length === 0 ? rest : joined([rest, this.#held]);
      return textOf(held.subarray(0, from + at));
    }
    throw new Error("the server's answer has too long a head");
  }

  /** Over TLS an end without close_notify may be anybody's: RFC 8446 §6.1. */
  endedInOrder(): void {
    if (this.#conn.truncated === true) throw new Error("the connection was cut before the answer was whole");
  }
}

const latin1 = new TextDecoder("latin1");
