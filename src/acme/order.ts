/**
 * One order from its names to its chain: RFC 8555 §7.1.6's states, walked through.
 *
 * An order that was begun before, as by a process that was ended, is gone on with where the authority still has it: what it has
 * proven counts, and so does its number, since authorities allow only so many in a week.
 *
 * @module
 */
import { type Clock, sleep } from "../base/clock.ts";
import type { Octets } from "../base/octets.ts";
import { printable } from "../base/text.ts";
import type { AcmeClient, Authorization, Challenge, Order } from "./client.ts";
import type { ChallengeDoor } from "./door.ts";
import { AcmeError } from "./problem.ts";

/** What an order is run with. */
export interface OrderWish {
  client: AcmeClient;
  names: readonly string[];
  challenge: "http-01" | "tls-alpn-01";
  door: ChallengeDoor;
  /** Makes the request, DER. */
  request(): Promise<Octets>;
  /** The URL of an order that was begun before. */
  begun?: string;
  /** An order was begun, or is forgotten. */
  keep(url: string | undefined): Promise<void>;
  clock: Clock;
  /** The order is given up. */
  signal: AbortSignal;
}

/** Runs an order to its end: the chain in PEM. Rejects with {@linkcode AcmeError}. */
export async function runOrder(wish: OrderWish): Promise<string> {
  const { client, keep } = wish;
  let order = await begunOrder(wish) ?? await newOrder(wish);
  if (order.status === "pending") {
    await proveAll(order, wish);
    order = await settledOrder(order, { wish, until: (status) => status !== "pending" });
  }
  if (order.status === "ready") order = await client.finalize(order, await wish.request());
  order = await settledOrder(order, { wish, until: (status) => status === "valid" || status === "invalid" });
  if (order.status !== "valid" || order.certificate === undefined) {
    await keep(undefined);
    throw orderFault(order);
  }
  return await client.certificate(order.certificate);
}

async function begunOrder({ client, begun, keep }: OrderWish): Promise<Order | undefined> {
  if (begun === undefined) return undefined;
  try {
    const order = await client.order(begun);
    if (order.status !== "invalid") return order;
  } catch (thrown) {
    // The authority's own word that there is no such order; anything else may pass, and the order with it is kept.
    if (!(thrown instanceof AcmeError) || thrown.type === undefined || thrown.retryAfterMs !== undefined) throw thrown;
    if (thrown.type === "accountDoesNotExist" || thrown.type === "rateLimited") throw thrown;
  }
  await keep(undefined);
  return undefined;
}

async function newOrder({ client, names, keep }: OrderWish): Promise<Order> {
  const order = await client.newOrder(names);
  await keep(order.url);
  return order;
}

/** Proves every name that is not proven yet, all at the same time. */
async function proveAll(order: Order, wish: OrderWish): Promise<void> {
  const ends = await Promise.allSettled(order.authorizations.map((url) => prove(url, wish)));
  for (const end of ends) {
    if (end.status === "fulfilled") continue;
    // A name that was refused makes the order invalid: RFC 8555 §7.1.6.
    if (end.reason instanceof AcmeError && end.reason.type !== undefined) await wish.keep(undefined);
    throw end.reason;
  }
}

async function prove(url: string, wish: OrderWish): Promise<void> {
  const { client, challenge: type, door } = wish;
  let authorization = await client.authorization(url);
  if (authorization.status === "pending") {
    const challenge = authorization.challenges.find((one) => one.type === type);
    if (challenge === undefined) throw noChallenge(authorization, type);
    // RFC 8555 §8.3: base64url alone, since it becomes part of a path.
    if (!/^[A-Za-z0-9_-]{1,500}$/.test(challenge.token)) {
      throw new AcmeError(`Cannot prove ${printable(authorization.name, 100)}: the challenge's token is none`);
    }
    const { name } = authorization;
    await door.add({ name, token: challenge.token, authorization: client.key.authorizationOf(challenge.token) });
    // One that was begun before a restart is tried already.
    if (challenge.status === "pending") await client.ready(challenge);
  }
  for (let tries = 0; authorization.status === "pending"; tries++) {
    await pause(tries, { wish, retryAfterMs: authorization.retryAfterMs });
    authorization = await client.authorization(url);
  }
  if (authorization.status !== "valid") throw refused(authorization, type);
}

function noChallenge({ name, challenges }: Authorization, type: string): AcmeError {
  const offered = challenges.map((one) => one.type).join(", ");
  return new AcmeError(
    `Cannot prove ${printable(name, 100)} by ${type}: the authority offers ${offered || "nothing"}`,
    {
      type: "unsupported",
    },
  );
}

function refused({ name, status, challenges }: Authorization, type: string): AcmeError {
  const tried: Challenge | undefined = challenges.find((one) => one.problem !== undefined);
  const why = tried?.problem?.text ?? `the authorization is ${status}`;
  return new AcmeError(`Cannot prove ${printable(name, 100)} by ${type}: ${why}`, {
    type: tried?.problem?.type ?? "unauthorized",
  });
}

function orderFault({ status, problem }: Order): AcmeError {
  const why = problem?.text ?? `the order is ${status}`;
  return new AcmeError(`Cannot get the certificate: ${why}`, { type: problem?.type ?? "orderNotReady" });
}

async function settledOrder(
  order: Order,
  { wish, until }: { wish: OrderWish; until: (status: Order["status"]) => boolean },
): Promise<Order> {
  for (let tries = 0; !until(order.status); tries++) {
    await pause(tries, { wish, retryAfterMs: order.retryAfterMs });
    order = await wish.client.order(order.url);
  }
  return order;
}

const pauseMsMin = 250;
const pauseMsMax = 5_000;
/** What an authority may ask for between two looks; a longer pause is an order that is given up by its signal. */
const askedMsMax = 60_000;

async function pause(
  tries: number,
  { wish: { clock, signal }, retryAfterMs }: { wish: OrderWish; retryAfterMs: number | undefined },
): Promise<void> {
  const own = Math.min(pauseMsMin * 2 ** Math.min(tries, 10), pauseMsMax);
  await sleep(clock, Math.max(own, Math.min(retryAfterMs ?? 0, askedMsMax)), signal);
  if (signal.aborted) throw new AcmeError("Cannot finish the order: it was given up before the authority was done");
}
