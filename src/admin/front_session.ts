/**
 * One connection to the front: TLS by our engine, HTTP by the runtime's server, bytes passed between the two.
 *
 * The runtime's server cannot be handed a stream, so each session gets a server of its own on a socket file in `storage/run`, which nobody
 * else may enter; the file is gone as soon as the session has connected to it. So there is no port that another user of the machine could talk to in
 * clear text, or use up, and no table of ports to say who a client is: the server belongs to one client. It costs half a
 * millisecond, less than the handshake.
 *
 * Time and octets are bounded here, since the runtime's server bounds neither: the head of a request has to be there
 * within {@linkcode limits.httpHeadMs} whatever else is sent, and an octet now and then wins nothing. What is beyond a bound is read on for
 * a moment and thrown away, since a client that is still sending hears no answer from a connection that was closed (RFC 9112 §9.6).
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Octets, octets, textOf } from "../base/octets.ts";
import type { Conn } from "../net/net.ts";
import { dialLocal, type LocalStream, socketAddress } from "../net/unix.ts";
import type { App, Client } from "./app.ts";
import { RequestMeter } from "./request_meter.ts";
import { securityHeaders } from "./security_headers.ts";

/** What a session is made of. */
export interface FrontSessionOptions {
  app: App;
  client: Client;
  /** `https` or `http`: what the client typed. */
  scheme: "https" | "http";
  /** A path for its socket that nobody has. */
  path: string;
  /** Something of ours failed. */
  fault(text: string, thrown: unknown): void;
}

/** Of one direction. */
const bufferOctets = 16_384;

/** What HTTP/2 begins with. Nobody agreed on it here, and its many requests at once would escape the bounds on one. */
const http2Preface = "PRI * HTTP/2";

/** Serves one connection to its end, and closes it. Never rejects. */
export async function serveFront(conn: Conn, options: FrontSessionOptions): Promise<void> {
  await new FrontSession(conn, options).run();
}

class FrontSession {
  readonly #conn: Conn;
  readonly #options: FrontSessionOptions;
  /** Requests that are being answered. */
  #active = 0;
  readonly #meter = new RequestMeter();
  /** What comes is thrown away from now on. */
  #dropping = false;
  #begun = false;

  constructor(conn: Conn, options: FrontSessionOptions) {
    this.#conn = conn;
    this.#options = options;
  }

  async run(): Promise<void> {
    using conn = this.#conn;
    const { path, fault } = this.#options;
    const end = new AbortController();
    conn.deadline(limits.httpHeadMs);
    let server: Deno.HttpServer | undefined;
    try {
      server = Deno.serve({
        path: socketAddress(path),
        signal: end.signal,
        onListen: () => {},
        onError: (error) => {
          fault("Cannot answer a request", error);
          return new Response(null, { status: 500 });
        },
      }, (request) => this.#answer(request));
      using stream = await dialLocal(path);
      await Deno.remove(path);
      await this.#pass(stream);
    } catch (error) {
      fault("Cannot serve a request", error);
    } finally {
      end.abort();
      await server?.finished;
    }
  }

  /** Passes bytes both ways until either side ends. */
  async #pass(stream: LocalStream): Promise<void> {
    const close = () => {
      this.#conn.close();
      stream.close();
    };
    const answered = () => this.#meter.between || this.#meter.inHead ? close() : this.#linger();
    // Whichever ends first ends the other: a client that is gone, its deadline, or a server that has said its last word.
    await Promise.all([this.#toServer(stream).finally(close), this.#toClient(stream).finally(answered)].map(ended));
  }

  async #toServer(stream: LocalStream): Promise<void> {
    const buffer: Octets = new Uint8Array(bufferOctets);
    let dropped = 0;
    for (let count = await this.#conn.read(buffer); count !== null; count = await this.#conn.read(buffer)) {
      const bytes = buffer.subarray(0, count);
      if (!this.#dropping && await this.#admits(bytes)) await stream.write(bytes).catch(() => this.#linger());
      else if ((dropped += count) > limits.httpBodyOctetsMax) return;
    }
  }

  async #toClient(stream: LocalStream): Promise<void> {
    const buffer: Octets = new Uint8Array(bufferOctets);
    for (let count = await stream.read(buffer); count !== null; count = await stream.read(buffer)) {
      await this.#conn.write(buffer.subarray(0, count));
      if (this.#dropping || this.#meter.inHead) continue;
      this.#conn.deadline(this.#active > 0 ? limits.httpRequestMs : limits.httpIdleMs);
    }
  }

  /** Reads on for a moment. */
  #linger(): void {
    if (this.#dropping) return;
    this.#dropping = true;
    this.#conn.deadline(limits.httpLingerMs);
  }

  /** Counts what came. False: it is too much, and was answered, or will be. */
  async #admits(bytes: Octets): Promise<boolean> {
    if (!this.#begun) {
      this.#begun = true;
      if (textOf(bytes.subarray(0, http2Preface.length)) === http2Preface) throw new Error("HTTP/2 was not agreed on");
    }
    // The time for a head runs from its first octet.
    if (this.#meter.between) this.#conn.deadline(limits.httpHeadMs);
    const measured = this.#meter.take(bytes);
    if (measured === "fine") return true;
    this.#linger();
    // Nobody else answers a head that never gets to the server.
    if (measured === "head" && this.#active === 0) await this.#conn.write(headTooLarge);
    return false;
  }

  async #answer(request: Request): Promise<Response> {
    this.#active++;
    this.#meter.begin();
    this.#conn.deadline(limits.httpRequestMs);
    try {
      const response = await this.#ask(request);
      // A length beside the coding is how requests are smuggled past what stands in front of us, and the server shows us the coding alone: so nothing
      // that comes behind such a body is a request (RFC 9112 §6.1). Neither is what comes behind half a body.
      if (this.#meter.owes(request.headers)) response.headers.set("Connection", "close");
      return response;
    } finally {
      this.#active--;
      this.#meter.finish(request.headers);
      if (!this.#dropping) this.#conn.deadline(limits.httpIdleMs);
    }
  }

  async #ask(request: Request): Promise<Response> {
    const { app, client, scheme, fault } = this.#options;
    const url = publicUrl(request, scheme);
    if (url === null) return refusal(400, "The request cannot be understood");
    // What no Request can have (Fetch §4.6), and nobody needs here.
    // `get` is not GET (RFC 9110 §9.1), but a Request would make it so.
    if (/^(connect|trace|track)$/i.test(request.method) || /[a-z]/.test(request.method)) {
      return refusal(405, "This cannot be done here");
    }
    try {
      return await app(withUrl(request, url), client);
    } catch (error) {
      fault("Cannot answer a request", error);
      return refusal(500, "The gateway failed to answer");
    }
  }
}

/** An answer of the front itself. */
function refusal(status: number, title: string): Response {
  return Response.json({ type: "about:blank", title, status }, {
    status,
    headers: { ...securityHeaders, "Content-Type": "application/problem+json", "Cache-Control": "no-store" },
  });
}

const headTooLarge = octets(
  "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
);

/** The same request under another URL. A copy would be a tenth of what a short call costs: its signal follows the other's. */
function withUrl(request: Request, url: URL): Request {
  return Object.defineProperty(request, "url", { value: url.href });
}

/** The URL as the client sees it; `null` for one that is none. The server's own has the socket's scheme. */
function publicUrl(request: Request, scheme: string): URL | null {
  const host = request.headers.get("host") ?? "localhost";
  const path = /^[^:]+:\/\/[^/?#]*([/?#].*)?$/.exec(request.url)?.[1] ?? "/";
  return URL.parse(`${scheme}://${host}${path.startsWith("/") ? path : `/${path}`}`);
}

/** An end is an end: which of the two broke, and how, is nobody's matter. */
function ended(passing: Promise<void>): Promise<void> {
  return passing.catch(() => {});
}
