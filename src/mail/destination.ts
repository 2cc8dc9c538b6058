/**
 * Under which name the queue keeps the mail of a domain.
 *
 * Mail that demands more of TLS than its domain's level waits apart from the rest: `example.test;required` beside `example.test`. So
 * each has retries and connections of its own, and mail that cannot have TLS holds nothing up that does not ask for it. No domain
 * has a semicolon, and an address literal ends with its bracket, so nobody can write such a name into an address.
 *
 * @module
 */

/**
 * What a message demands of TLS on its way. `required`: TLS whatever the destination's level, as the header X-Postern-TLS asks.
 * `requiretls`: TLS with a verified certificate, from hosts that pass the demand on: RFC 8689.
 */
export type TlsDemand = "required" | "requiretls";

/** The queue's name for `domain` under `demand`. */
export function destinationName(domain: string, demand: TlsDemand | undefined): string {
  return demand === undefined ? domain : `${domain};${demand}`;
}

/** The domain and the demand in the queue's name. */
export function destinationParts(name: string): { domain: string; demand: TlsDemand | undefined } {
  const at = name.lastIndexOf(";");
  const demand = at < 0 ? "" : name.slice(at + 1);
  if (demand !== "required" && demand !== "requiretls") return { domain: name, demand: undefined };
  return { domain: name.slice(0, at), demand };
}
