/**
 * A web server on the loopback that gives what a test puts there.
 *
 * @module
 */

/** What is at a path. */
export type Page = string | Uint8Array<ArrayBuffer> | ((request: Request) => Response | Promise<Response>);

/** A web server that runs. */
export class Web implements AsyncDisposable {
  /** By path. */
  readonly pages = new Map<string, Page>();
  /** Requests: `GET /list.crl`. */
  readonly requests: string[] = [];
  readonly port: number;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(port = 0) {
    this.#server = Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {} }, (request) => this.#answer(request));
    this.port = this.#server.addr.port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  #answer(request: Request): Response | Promise<Response> {
    const path = new URL(request.url).pathname;
    this.requests.push(`${request.method} ${path}`);
    const page = this.pages.get(path);
    if (page === undefined) return new Response("not here", { status: 404 });
    return typeof page === "function" ? page(request) : new Response(page);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
