/**
 * Where mail for a destination goes, and what is demanded on the way. Pure: a destination and a snapshot in, a route out.
 *
 * Routes and destination controls are looked up alike: the exact domain, then the longest `.domain` (subdomains only), then the
 * default.
 *
 * @module
 */
import { isIP } from "node:net";
import { domainToASCII, domainToUnicode } from "node:url";
import type { BounceProfile, Config, DestinationControl, NextHop } from "../config/config.ts";
import { type LevelRow, levelRow } from "../tls/level.ts";

/** The way of one destination under one snapshot. */
export interface Route {
  /** The domain in ASCII, or an address literal with its brackets. */
  destination: string;
  /** `listed`: from `smtp_routes`, or an address literal, in order of preference; else by MX. */
  hops: { kind: "mx" } | { kind: "listed"; hosts: readonly NextHop[] };
  control: DestinationControl;
  level: LevelRow;
  /** The name of the certificate profile that is shown, if any. */
  certificate: string | null;
  bounce: BounceProfile;
  /**
   * Equal for destinations whose mail may share a connection: same hops, level, names, certificate and limits. A verified connection is
   * proven for one domain only, and MX hosts belong to one domain, so those have the destination in it.
   */
  key: string;
}

/** The entry of `table` for `domain`: exact, then the longest `.domain` that it lies below. */
export function lookUp<T>(table: ReadonlyMap<string, T>, domain: string): T | undefined {
  const exact = table.get(domain);
  if (exact !== undefined || table.size === 0) return exact;
  for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1)) {
    const found = table.get(domain.slice(dot));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The route of a recipient's domain. */
export function routeOf(domain: string, config: Config): Route {
  const destination = asciiDomain(domain);
  const controls = config.destination_controls;
  const control = find(controls.domains, destination) ?? controls.default;
  const listed = find(config.smtp_routes, destination) ?? config.smtp_routes.get("default") ??
    literalHop(destination);
  const level = levelRow(control.tls);
  const { certificate } = controls;
  const proven = listed === undefined || level.verifies ? destination : "";
  const key = JSON.stringify([
    proven,
    listed?.map(({ host, port }) => [host.toLowerCase(), port]) ?? null,
    level.name,
    control.verify_names,
    control.ip_preference,
    control.max_connections,
    control.max_messages_per_connection,
    certificate,
  ]);
  return {
    destination,
    hops: listed === undefined ? { kind: "mx" } : { kind: "listed", hosts: listed },
    control,
    level,
    certificate,
    bounce: bounceProfile(control.bounce_profile, config),
    key,
  };
}

/** An address literal, RFC 5321 §4.1.3, without its brackets; `undefined` for a name. */
export function literalAddress(domain: string): string | undefined {
  if (!domain.startsWith("[") || !domain.endsWith("]")) return undefined;
  const inner = domain.slice(1, -1).replace(/^ipv6:/i, "");
  return isIP(inner) === 0 ? undefined : inner;
}

function literalHop(destination: string): NextHop[] | undefined {
  const address = literalAddress(destination);
  return address === undefined ? undefined : [{ host: address, port: 25 }];
}

/** The file may write a domain in either form. */
function find<T>(table: ReadonlyMap<string, T>, destination: string): T | undefined {
  const found = lookUp(table, destination);
  return found !== undefined || !destination.includes("xn--") ? found : lookUp(table, domainToUnicode(destination));
}

function asciiDomain(domain: string): string {
  const lower = domain.toLowerCase();
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(lower) ? lower : domainToASCII(lower) || lower;
}

function bounceProfile(name: string, config: Config): BounceProfile {
  const profile = config.bounce_profiles.get(name) ?? config.bounce_profiles.get("default");
  if (profile === undefined) throw new Error(`Cannot route mail: the bounce profile ${name} is missing`);
  return profile;
}
