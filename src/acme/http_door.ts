/**
 * The answer to http-01: a file at a well-known path, RFC 8555 §8.3.
 *
 * It listens while an order runs, knows the paths of that order's tokens, and has a 404 for everything else. A request is one head of bounded
 * size in bounded time, its answer ends the connection; nothing of a request is kept or repeated.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Octets, octets, textOf } from "../base/octets.ts";
import type { Conn, Endpoint, Listen, Listener } from "../net/net.ts";
import type { ChallengeAnswer, ChallengeDoor } from "./door.ts";

const folder = "/.well-known/acme-challenge/";

/** Opens the door. Throws where the address cannot be had. */
export function openHttpDoor(listen: Listen, at: Endpoint): HttpDoor {
  return new HttpDoor(listen(at));
}

/** See the module. */
export class HttpDoor implements ChallengeDoor {
  readonly #listener: Listener;
  readonly #answers = new Map<string, string>();
  readonly #conns = new Set<Conn>();
  readonly #serving = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  /** Takes the listener over. */
  constructor(listener: Listener) {
    this.#listener = listener;
    this.#accepting = this.#accept();
  }

  /** Where it listens. */
  get local(): Endpoint {
    return this.#listener.local;
  }

  add({ token, authorization }: ChallengeAnswer): Promise<void> {
    this.#answers.set(`${folder}${token}`, authorization);
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
    for (const conn of this.#conns) conn.close();
    await Promise.all([this.#accepting, ...this.#serving]);
  }

  async #accept(): Promise<void> {
    for (let conn = await this.#listener.accept(); conn !== null; conn = await this.#listener.accept()) {
      if (this.#conns.size >= limits.acmeAnswersMax) {
        conn.close();
        continue;
      }
      this.#conns.add(conn);
      const accepted = conn;
      // A peer that breaks off, or is late, is nobody's trouble: the authority says what it missed.
      const serving = this.#serve(accepted).catch(() => {}).finally(() => {
        accepted.close();
        this.#conns.delete(accepted);
        this.#serving.delete(serving);
      });
      this.#serving.add(serving);
    }
  }

  async #serve(conn: Conn): Promise<void> {
    conn.deadline(limits.acmeAnswerMs);
    const head = await readHead(conn);
    if (head !== undefined) await conn.write(octets(this.#reply(head)));
  }

  #reply(head: string): string {
    const [, method, target] = /^(GET|HEAD) (\S+) HTTP\/1\.[01]$/.exec(head.slice(0, head.indexOf("\r\n"))) ?? [];
    if (method === undefined) return replyText("400 Bad Request", { text: "" });
    const text = this.#answers.get(target.split("?")[0]);
    return text === undefined
      ? replyText("404 Not Found", { text: "" })
      : replyText("200 OK", { text, silent: method === "HEAD" });
  }
}

/** A request's head; `undefined`: the peer left before it was whole, or it is too large. */
async function readHead(conn: Conn): Promise<string | undefined> {
  const buffer: Octets = new Uint8Array(limits.acmeRequestHeadOctetsMax);
  let length = 0;
  while (length < buffer.length) {
    const read = await conn.read(buffer.subarray(length));
    if (read === null) return undefined;
    length += read;
    const text = textOf(buffer.subarray(0, length));
    if (text.includes("\r\n\r\n")) return text;
  }
  return undefined;
}

function replyText(status: string, { text, silent = false }: { text: string; silent?: boolean }): string {
  return [
    `HTTP/1.1 ${status}`,
    "Content-Type: application/octet-stream", // RFC 8555 §8.3: the type says nothing
    `Content-Length: ${text.length}`,
    "Connection: close",
    "",
    silent ? "" : text,
  ].join("\r\n");
}
