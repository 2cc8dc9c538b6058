/**
 * Where mail for a destination goes, and what is demanded on the way. Pure: a destination and a snapshot in, a route out.
 *
 * Routes and destination controls are looked up alike: the exact domain, then the longest `.domain` (subdomains only), then the
 * default. What a message itself demands of TLS (`mail/destination.ts`) raises the level and never lowers it.
 *
 * @module
 */
import { isIP } from "node:net";
import { domainToASCII, domainToUnicode } from "node:url";
import type { BounceProfile, Config, DestinationControl, NextHop, PeerCertificateRules } from "../config/config.ts";
import { destinationParts, type TlsDemand } from "../mail/destination.ts";
import { type LevelRow, levelRow } from "../tls/level.ts";

/** The way of one destination under one snapshot. */
export interface Route {
  /** The domain in ASCII, or an address literal with its brackets. */
  destination: string;
  /** `listed`: from `smtp_routes`, or an address literal, in order of preference; else by MX. */
  hops: { kind: "mx" } | { kind: "listed"; hosts: readonly NextHop[] };
  control: DestinationControl;
  level: LevelRow;
  /** What the messages demand beyond their domain's control. */
  demand: TlsDemand | undefined;
  /** The name of the certificate profile that is shown, if any. */
  certificate: string | null;
  /** What a host's certificate has to be beside trusted and for the right name. */
  validation: PeerCertificateRules;
  bounce: BounceProfile;
  /**
   * Equal for destinations whose mail may share a connection: same hops, level, names, certificate and limits. A verified connection is
   * proven for one domain only, and MX hosts belong to one domain, so those have the destination in it.
   */
  key: string;
  /** Equal for routes whose connections `max_connections` counts together, where it counts for domains. */
  limitKey: string;
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

/** The route of a recipient's domain, or of a destination as the queue names it, with what its messages demand. */
export function routeOf(name: string, config: Config): Route {
  const { domain, demand, via } = destinationParts(name);
  const destination = asciiDomain(domain);
  const controls = config.destination_controls;
  const control = find(controls.domains, destination) ?? controls.default;
  // The operator's word counts before the file's.
  const listed = via !== undefined
    ? [via]
    : find(config.smtp_routes, destination) ?? config.smtp_routes.get("default") ?? literalHop(destination);
  const own = levelRow(control.tls);
  const level = raised(own, demand);
  const { certificate } = control;
  const validation = config.tls.peer_certificate;
  const hosts = listed?.map(({ host, port }) => [host.toLowerCase(), port]) ?? null;
  const proven = ({ verifies }: LevelRow) => listed === undefined || verifies ? destination : "";
  const key = JSON.stringify([
    proven(level),
    hosts,
    level.name,
    demand === "requiretls",
    control.verify_names,
    control.ip_preference,
    control.max_connections,
    control.max_messages_per_connection,
    control.limit_apply_to,
    // Limits of recipients differ without harm: they are counted for each domain. Those of addresses are not.
    ...control.limit_apply_to === "mx_address" ? [control.max_recipients, control.recipients_interval] : [],
    certificate,
    validation,
  ]);
  return {
    destination,
    hops: listed === undefined ? { kind: "mx" } : { kind: "listed", hosts: listed },
    control,
    level,
    demand,
    certificate,
    validation,
    bounce: bounceProfile(control.bounce_profile, config),
    key,
    // Mail that demands more has connections of its own; they count with those of its domain.
    limitKey: JSON.stringify([proven(own), hosts, control.max_connections]),
  };
}

/** The level that meets both: a destination's own, and what a message demands. */
function raised(own: LevelRow, demand: TlsDemand | undefined): LevelRow {
  switch (demand) {
    case undefined:
      return own;
    case "required":
      return own.withoutStarttls === "defer" ? own : levelRow("required");
    case "requiretls":
      // RFC 8689 §4.2.1: TLS, and a certificate that verifies.
      return levelRow("required-verify");
    default:
      return demand satisfies never;
  }
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
