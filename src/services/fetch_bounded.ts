/**
 * One HTTP request with bounds on time, octets and redirects: for revocation lists and responders.
 *
 * It is the runtime's `fetch`, which speaks HTTP whole; what comes is signed by an authority, so that the way is not believed. Addresses are the
 * owner's, or stand in his own certificates; a redirect may lead anywhere else by http and https, from https by https alone. Redirects are followed
 * here, so that each is looked at. No cookies, no credentials, no pool: every request has a connection of its own.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { joined, type Octets } from "../base/octets.ts";
import { causeOf, printable } from "../base/text.ts";

/** What is asked for. */
export interface FetchWish {
  url: string;
  /** Sent by POST; absent: GET. */
  body?: Octets;
  headers?: Readonly<Record<string, string>>;
  octetsMax: number;
  /** For all of it. */
  ms: number;
  signal?: AbortSignal;
}

/** What came. */
export interface Fetched {
  /** 200, or 304 where the headers asked for it. */
  status: 200 | 304;
  body: Octets;
  headers: Headers;
}

/** Fetches. Rejects with an `Error` whose message says in one line why nothing came. */
export type Fetch = (wish: FetchWish) => Promise<Fetched>;

const redirects = new Set([301, 302, 303, 307, 308]);

/** See the module. */
export function boundedFetch(clock: Pick<Clock, "after">): Fetch {
  return async (wish) => {
    const cut = new AbortController();
    let late = false;
    const timer = clock.after(wish.ms, () => {
      late = true;
      cut.abort();
    });
    const abort = () => cut.abort();
    wish.signal?.addEventListener("abort", abort);
    if (wish.signal?.aborted) abort();
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    try {
      return await follow(wish, { client, signal: cut.signal });
    } catch (thrown) {
      if (late) throw new Error(`no answer within ${wish.ms / 1000} s`);
      if (wish.signal?.aborted) throw new Error("the gateway stops");
      throw new Error(whyNot(thrown));
    } finally {
      timer.cancel();
      wish.signal?.removeEventListener("abort", abort);
    }
  };
}

async function follow(
  { url, body, headers = {}, octetsMax }: FetchWish,
  { client, signal }: { client: Deno.HttpClient; signal: AbortSignal },
): Promise<Fetched> {
  let at = url;
  for (let hop = 0; hop <= limits.redirectsMax; hop++) {
    const method = body === undefined ? "GET" : "POST";
    const response = await fetch(at, { method, body, headers, redirect: "manual", client, signal });
    const { status } = response;
    if (status === 200 || status === 304) {
      return { status, body: await bounded(response, octetsMax), headers: response.headers };
    }
    await response.body?.cancel();
    const location = response.headers.get("location");
    if (!redirects.has(status) || location === null) throw new Error(`the server answers ${status}`);
    at = nextPlace(at, location);
  }
  throw new Error(`it is redirected more than ${limits.redirectsMax} times`);
}

/** Where a redirect leads, if it may. */
function nextPlace(from: string, location: string): string {
  const to = URL.parse(location, from);
  const refuse = (why: string) => new Error(`it is redirected to ${printable(location, 200)}, ${why}`);
  if (to === null || to.protocol !== "http:" && to.protocol !== "https:") throw refuse("which is no http or https URL");
  if (to.username !== "" || to.password !== "") throw refuse("which has a user in it");
  if (from.startsWith("https:") && to.protocol === "http:") throw refuse("away from https");
  return to.href;
}

async function bounded(response: Response, octetsMax: number): Promise<Octets> {
  const pieces: Octets[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    // Leaving the loop cancels the rest.
    if (length > octetsMax) throw new Error(`it is larger than ${octetsMax} octets`);
    pieces.push(piece);
  }
  return joined(pieces);
}

/** The runtime's words carry the cause at their end: `error sending request for url (…): client error (Connect): tcp connect error: Connection refused`. */
function whyNot(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return printable(causeOf(cause).replace(/^(?:error sending request .*?: )?client error \(\w+\): /, ""), 300);
}
