/**
 * One HTTPS request over our own TLS: for what has to be believed because of who says it.
 *
 * The server is verified as delivery verifies under `required-verify`, by `tls.other_client_services` and `tls.peer_certificate` (`client_link.ts`), and
 * shown our certificate where it asks. A redirect may lead to https elsewhere, where no certificate is shown. No cookies, no credentials, no
 * compression; each request has a connection of its own.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { octets } from "../base/octets.ts";
import { causeOf, printable } from "../base/text.ts";
import { type LinkFault, type LinkWorld, openLink } from "./client_link.ts";
import type { Fetched, FetchWish } from "./fetch_bounded.ts";
import { type HttpAnswer, readAnswer } from "./http_answer.ts";
import type { ProvenServer } from "./still_proven.ts";

/** What is asked for, by GET. */
export interface HttpsWish extends Omit<FetchWish, "body" | "signal"> {
  /** The profile of the certificate that is shown. */
  certificate: string | null;
  /** The program's version, for the server's log. */
  version: string;
  signal: AbortSignal;
}

/** What came, and from whom: every server on the way, the last one gave it. */
export interface HttpsFetched extends Fetched {
  servers: readonly ProvenServer[];
}

/** Why nothing came from a server; `fault` where there was no connection that could be used. */
export class HttpsError extends Error {
  override name = "HttpsError";
  readonly fault?: LinkFault;

  constructor(message: string, fault?: LinkFault) {
    super(message);
    this.fault = fault;
  }
}

const redirects = new Set([301, 302, 303, 307, 308]);

/** Fetches. Rejects with {@linkcode HttpsError}, whose message says in one line why nothing came. */
export async function httpsFetch(world: LinkWorld, wish: HttpsWish): Promise<HttpsFetched> {
  const endsAt = world.clock.monotonic() + wish.ms;
  let at = new URL(wish.url);
  const first = at.origin;
  const servers: ProvenServer[] = [];
  for (let hop = 0; hop <= limits.redirectsMax; hop++) {
    const certificate = at.origin === first ? wish.certificate : null;
    const ms = Math.max(endsAt - world.clock.monotonic(), 1);
    const server = { ...placeOf(at), certificate };
    const { status, headers, body } = await exchange(world, { ...wish, ...server, url: at, ms });
    if (servers.every(({ host, port }) => host !== server.host || port !== server.port)) servers.push(server);
    if (status === 200 || status === 304) return { status, headers, body, servers };
    const location = headers.get("location");
    if (!redirects.has(status) || location === null) throw new HttpsError(`the server answers ${status}`);
    at = nextPlace(at, location);
  }
  throw new HttpsError(`it is redirected more than ${limits.redirectsMax} times`);
}

function nextPlace(from: URL, location: string): URL {
  const to = URL.parse(location, from);
  const refuse = (why: string) => new HttpsError(`it is redirected to ${printable(location, 200)}, ${why}`);
  if (to === null || to.protocol !== "https:") throw refuse("which is no https URL");
  if (to.username !== "" || to.password !== "") throw refuse("which has a user in it");
  return to;
}

function placeOf({ hostname, port }: URL): { host: string; port: number } {
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? 443 : Number(port) };
}

async function exchange(
  world: LinkWorld,
  { url, host, port, headers = {}, octetsMax, ms, certificate, version, signal }:
    & Omit<HttpsWish, "url">
    & ProvenServer
    & { url: URL },
): Promise<HttpAnswer> {
  const startedAt = world.clock.monotonic();
  const link = await openLink(world, { host, port, tls: { certificate }, ms, signal });
  if (link.kind === "failed") throw new HttpsError(link.fault.text, link.fault);
  const { conn } = link;
  const cut = () => conn.close();
  signal.addEventListener("abort", cut);
  try {
    conn.deadline(Math.max(ms - (world.clock.monotonic() - startedAt), 1));
    const fields = {
      host: url.host,
      "user-agent": `Postern/${version}`,
      accept: "*/*",
      connection: "close",
      ...headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await conn.write(octets(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines}\r\n`));
    return await readAnswer(conn, { octetsMax });
  } catch (thrown) {
    throw new HttpsError(signal.aborted ? "the gateway stops" : printable(causeOf(thrown), 300));
  } finally {
    signal.removeEventListener("abort", cut);
    conn.close();
  }
}
