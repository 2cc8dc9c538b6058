/**
 * The hosts of a route, in the order of trial.
 *
 * @module
 */
import type { Random } from "../base/random.ts";
import { findAddresses, findExchangers } from "../dns/exchangers.ts";
import { addressFamily } from "../dns/names.ts";
import type { DnsFailure, Resolver } from "../dns/records.ts";
import type { Failure } from "../mail/outcome.ts";
import { literalAddress, type Route } from "../policy/route.ts";
import type { HostNames } from "../policy/trust.ts";
import type { AttemptEnd } from "./ends.ts";

/** One host that may take the mail. */
export interface Hop {
  /** A name or an address. */
  host: string;
  port: number;
  /** What its certificate may be compared with. */
  names: HostNames;
  /** Found by MX or as the implicit one. */
  byMx: boolean;
}

/** The hosts, or why there are none. */
export type Hops = { kind: "hops"; hops: Hop[] } | { kind: "end"; end: AttemptEnd };

/** The port of RFC 5321 §4.5.4.2's next hops. */
const smtpPort = 25;

/** What the search for hosts needs. `isOwn` tells our own names. */
export interface HopsWorld {
  resolver: Resolver;
  random: Random;
  isOwn: (host: string) => boolean;
}

/** The hosts of `route`. An empty list never comes: it is an end with its reason. */
export async function hopsOf(route: Route, { resolver, random, isOwn }: HopsWorld): Promise<Hops> {
  const domain = route.destination;
  if (route.hops.kind === "listed") {
    const hops = route.hops.hosts.map(({ host, port }) => {
      const named = addressFamily(host) === 0 && literalAddress(host) === undefined;
      return {
        host: literalAddress(host) ?? host,
        port,
        names: named ? { domain, route: host } : { domain },
        byMx: false,
      };
    });
    return { kind: "hops", hops };
  }
  const found = await findExchangers(domain, { resolver, random, isOwn });
  switch (found.kind) {
    case "hosts": {
      const hops = found.hosts.map(({ name }) => ({
        host: name,
        port: smtpPort,
        names: { domain, mx: { name, authentic: found.authentic } },
        byMx: true,
      }));
      return { kind: "hops", hops };
    }
    case "null_mx":
      // RFC 7505 §4.2.
      return refused({ reason: "null_mx", enhanced: "5.1.10", text: `The domain ${domain} takes no mail (null MX)` });
    case "no_such_domain":
      return refused({ reason: "no_such_domain", enhanced: "5.1.2", text: `There is no domain ${domain}` });
    case "loop":
      return refused({ reason: "loop", enhanced: "5.4.6", text: `Mail for ${domain} loops back to myself` });
    case "failed":
      return { kind: "end", end: { kind: "deferred", failure: dnsFailure(domain, found.reason) } };
    default:
      return found satisfies never;
  }
}

/** The addresses of one host, best first, or why there are none. */
export async function addressesOf(
  hop: Hop,
  { route, resolver, random }: { route: Route; resolver: Resolver; random: Random },
): Promise<{ kind: "found"; addresses: string[] } | { kind: "none" | "failed"; failure: Failure }> {
  const preference = route.control.ip_preference;
  // An address in the configuration is the owner's word; ip_preference chooses among those of a name.
  if (addressFamily(hop.host) !== 0) return { kind: "found", addresses: [hop.host] };
  const found = await findAddresses(hop.host, { resolver, random, preference });
  switch (found.kind) {
    case "found":
      return { kind: "found", addresses: found.addresses };
    case "none": {
      const family = preference === "require_v6" ? "IPv6 " : preference === "require_v4" ? "IPv4 " : "";
      const text = `The host ${hop.host} has no ${family}address`;
      return { kind: "none", failure: { reason: "no_address", enhanced: "5.4.4", text } };
    }
    case "failed":
      return { kind: "failed", failure: dnsFailure(hop.host, found.reason) };
    default:
      return found satisfies never;
  }
}

function refused(failure: Failure): Hops {
  return { kind: "end", end: { kind: "refused", failure } };
}

function dnsFailure(name: string, reason: DnsFailure): Failure {
  return {
    reason: `dns_${reason}`,
    enhanced: "4.4.3",
    text: `The DNS gives no answer about ${name}: ${reason.replace("_", " ")}`,
  };
}
