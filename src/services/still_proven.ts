/**
 * Whether servers that were verified would be verified under other authorities too.
 *
 * A list of authorities that leaves out its own server's would be the last that is ever fetched. Each server is asked for a handshake more under what
 * is about to count, and judged as it is when something is fetched; it gets no request.
 *
 * @module
 */
import { printable } from "../base/text.ts";
import { type LinkWorld, openLink } from "./client_link.ts";

/** A server that was verified, and what it was shown. */
export interface ProvenServer {
  host: string;
  port: number;
  /** The profile of our certificate. */
  certificate: string | null;
}

/** Why one of the servers is not proven in this world, in one line; `undefined`: all of them are. */
export async function unproven(
  world: LinkWorld,
  { servers, ms, signal }: { servers: readonly ProvenServer[]; ms: number; signal: AbortSignal },
): Promise<string | undefined> {
  const endsAt = world.clock.monotonic() + ms;
  for (const { host, port, certificate } of servers) {
    const left = Math.max(endsAt - world.clock.monotonic(), 1);
    const link = await openLink(world, { host, port, tls: { certificate }, ms: left, signal });
    if (link.kind === "failed") return `${printable(host)}: ${link.fault.text}`;
    link.conn.close();
  }
  return undefined;
}
