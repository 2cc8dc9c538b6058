/**
 * A connection to a server of the owner's choice: in clear text, or over our TLS and then always verified.
 *
 * Log hosts, the updater's server and the like are servers that are named in the configuration, by a name or an address. Over TLS the same judgement as
 * delivery's under `required-verify` decides about them, by the methods of `tls.other_client_services`, the authorities, revocation lists and
 * `tls.peer_certificate` in force: the certificate has to be for the name that the configuration has. A server that is not proven gets no octet.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import type { PeerCertificateRules } from "../config/config.ts";
import { findAddresses } from "../dns/exchangers.ts";
import { addressFamily } from "../dns/names.ts";
import type { Resolver } from "../dns/records.ts";
import type { Conn, Dialer } from "../net/net.ts";
import { judgeTrust } from "../policy/trust.ts";
import type { ClientContext, PeerFacts, TlsReason } from "../tls/engine.ts";
import { levelRow } from "../tls/level.ts";
import { startTls } from "../tls/pump.ts";

/** The TLS client of the client services that is in force. */
export interface ClientTls {
  /** By the profile of the certificate that is shown; `null`: none is. Those that the configuration names. */
  contexts: ReadonlyMap<string | null, ClientContext>;
  validation: PeerCertificateRules;
  /** A text that changes whenever a new connection with this certificate would be another: a long one is opened anew then. */
  stamp(certificate: string | null): string;
}

/** What a connection needs of the world. */
export interface LinkWorld {
  clock: Clock;
  random: Random;
  resolver: Resolver;
  dialer: Dialer;
  /** Asked for with each connection. */
  tls(): ClientTls;
}

/** How TLS is begun. */
export interface LinkTls {
  certificate: string | null;
  /** What has to be said in clear before it. Rejects where the server will not; absent: TLS begins with the first octet. */
  before?: (conn: Conn) => Promise<void>;
}

/** Where to, and how. */
export interface LinkWish {
  /** A name or an address, which the certificate has to carry. */
  host: string;
  port: number;
  /** With TLS, showing the certificate of a profile; absent: in clear text. */
  tls?: LinkTls;
  /** For all of it. */
  ms: number;
  /** Ends the opening; what was opened is the caller's. */
  signal: AbortSignal;
}

/** Why there is no connection. */
export interface LinkFault {
  /** A reason word of TLS, or what is wrong with the way. */
  reason: TlsReason | "no_address" | "dns" | "network";
  /** One line, with what a peer said in it escaped. */
  text: string;
  /** Somebody answered who could not prove to be the server. */
  unproven: boolean;
}

/** What came of it. */
export type Link = { kind: "open"; conn: Conn; facts?: PeerFacts } | { kind: "failed"; fault: LinkFault };

/** Opens a connection: the addresses of the host in order, until one serves. Never rejects. */
export async function openLink(world: LinkWorld, wish: LinkWish): Promise<Link> {
  const endsAt = world.clock.monotonic() + wish.ms;
  const left = () => endsAt - world.clock.monotonic();
  const found = await addressesOf(world, wish.host);
  if ("fault" in found) return { kind: "failed", fault: found.fault };
  let fault = noWay("no_address", `${printable(wish.host)} was not reached in time`);
  for (const address of found.addresses.slice(0, limits.addressesTriedMax)) {
    if (left() <= 0 || wish.signal.aborted) break;
    const tried = await tryAddress(world, { ...wish, address, left: left() });
    if (tried.kind === "open") return tried;
    // What an unproven server means is told before what the next address lacks.
    if (!fault.unproven || tried.fault.unproven) fault = tried.fault;
  }
  return { kind: "failed", fault };
}

/** The addresses of a host of the configuration. */
export async function addressesOf(
  { resolver, random }: Pick<LinkWorld, "resolver" | "random">,
  host: string,
): Promise<{ addresses: readonly string[] } | { fault: LinkFault }> {
  if (addressFamily(host) !== 0) return { addresses: [host] };
  const found = await findAddresses(host, { resolver, random, preference: "prefer_v6" });
  switch (found.kind) {
    case "found":
      return { addresses: found.addresses };
    case "none":
      return { fault: noWay("no_address", `the host ${printable(host)} has no address`) };
    case "failed":
      return {
        fault: noWay("dns", `the DNS gives no answer about ${printable(host)}: ${found.reason.replace("_", " ")}`),
      };
    default:
      return found satisfies never;
  }
}

async function tryAddress(
  world: LinkWorld,
  { host, port, address, left, tls, signal }: LinkWish & { address: string; left: number },
): Promise<Link> {
  const endsAt = world.clock.monotonic() + left;
  let conn: Conn;
  try {
    conn = await world.dialer.dial({ address, port }, { ms: Math.min(left, limits.serviceConnectMs) });
  } catch (thrown) {
    const said = printable(causeOf(thrown), 300);
    return { kind: "failed", fault: noWay("network", said.includes(address) ? said : `${address}: ${said}`) };
  }
  const cut = () => conn.close();
  signal.addEventListener("abort", cut);
  const secured = tls === undefined || signal.aborted
    ? { kind: "open" as const, conn }
    : await secure(world, { conn, host, left: Math.max(endsAt - world.clock.monotonic(), 1), ...tls });
  signal.removeEventListener("abort", cut);
  if (secured.kind === "failed") conn.close();
  else if (signal.aborted) {
    secured.conn.close();
    return { kind: "failed", fault: noWay("network", "it was given up") };
  }
  return secured;
}

async function secure(
  { tls }: LinkWorld,
  { conn, host, certificate, before, left }: LinkTls & { conn: Conn; host: string; left: number },
): Promise<Link> {
  try {
    if (before !== undefined) {
      conn.deadline(left);
      await before(conn);
    }
  } catch (thrown) {
    return { kind: "failed", fault: noWay("network", printable(causeOf(thrown), 300)) };
  }
  try {
    const { contexts, validation } = tls();
    const context = contexts.get(certificate);
    if (context === undefined) throw new Error("the configuration in force has no such connection");
    // RFC 6066 §3: SNI carries names only.
    const session = context.session(addressFamily(host) === 0 ? { serverName: host } : {});
    const started = await startTls(conn, session, { handshakeMs: Math.min(left, limits.handshakeMs) });
    if (started.kind === "failed") {
      const { code, error, reason } = started.failure;
      const words = printable(error, 300);
      const text = `TLS failed (${reason}): ${code === 0 ? words : `(${code}, '${words}')`}`;
      return { kind: "failed", fault: { reason, text, unproven: false } };
    }
    const trust = judgeTrust(levelRow("required-verify"), { facts: started.facts, names: [host], validation });
    if (trust.kind === "go_on" && trust.verified) {
      return { kind: "open", conn: started.conn, facts: started.facts };
    }
    started.conn.close();
    const text = `its certificate is not verified (${trust.reason}): ${printable(trust.text, 300)}`;
    return { kind: "failed", fault: { reason: trust.reason, text, unproven: true } };
  } catch (thrown) {
    return { kind: "failed", fault: { reason: "other", text: printable(causeOf(thrown), 300), unproven: false } };
  }
}

function noWay(reason: LinkFault["reason"], text: string): LinkFault {
  return { reason, text, unproven: false };
}
