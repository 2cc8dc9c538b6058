/**
 * Under which name the queue keeps the mail of a domain.
 *
 * Mail that demands more of TLS than its domain's level waits apart from the rest: `example.test;required` beside `example.test`. So
 * each has retries and connections of its own, and mail that cannot have TLS holds nothing up that does not ask for it. Mail that the
 * operator sends to another host waits apart likewise: `example.test;via=10.0.0.9:25`. No domain has a semicolon, and an address literal
 * ends with its bracket, so nobody can write such a name into an address.
 *
 * @module
 */

/**
 * What a message demands of TLS on its way. `required`: TLS whatever the destination's level, as the header X-Postern-TLS asks.
 * `requiretls`: TLS with a verified certificate, from hosts that pass the demand on: RFC 8689.
 */
export type TlsDemand = "required" | "requiretls";

/** Where the operator sends mail instead of its route's hosts. */
export interface Via {
  /** A name or an address, without brackets. */
  host: string;
  port: number;
}

/** What a name of the queue says. */
export interface DestinationParts {
  domain: string;
  demand: TlsDemand | undefined;
  via?: Via;
}

/** The queue's name for `domain` under `demand`, on its way to another host where `via` is said. */
export function destinationName(domain: string, demand: TlsDemand | undefined, via?: Via): string {
  const demanding = demand === undefined ? domain : `${domain};${demand}`;
  return via === undefined ? demanding : `${demanding};via=${viaText(via)}`;
}

/** `10.0.0.9:25`, `[2001:db8::9]:25`. */
export function viaText({ host, port }: Via): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The parts of the queue's name. */
export function destinationParts(name: string): DestinationParts {
  if (!name.includes(";")) return { domain: name, demand: undefined };
  const redirected = /^(.*);via=(?:\[([^\]]+)\]|([^:]+)):(\d+)$/s.exec(name);
  const rest = redirected === null ? name : redirected[1];
  const at = rest.lastIndexOf(";");
  const demand = at < 0 ? "" : rest.slice(at + 1);
  const parts: DestinationParts = demand === "required" || demand === "requiretls"
    ? { domain: rest.slice(0, at), demand }
    : { domain: rest, demand: undefined };
  if (redirected !== null) parts.via = { host: redirected[2] ?? redirected[3], port: Number(redirected[4]) };
  return parts;
}
