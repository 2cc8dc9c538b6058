/**
 * A gateway with an admin page, for browsers: its configuration, its users, some mail that it keeps.
 *
 * @module
 */
import { cheapHash } from "../auth/hashes.ts";
import { gatewayConfig } from "../gateway/rig.ts";
import { type ConfigObject, GatewayProcess } from "../support/gateway_process.ts";

/** The password of everybody. */
export const rightPassword = "correct horse battery staple";

/** Where the page is. */
export function baseOf(gateway: GatewayProcess): string {
  return `https://127.0.0.1:${gateway.ports.admin}`;
}

/** Users for `admin.users`, with cheap hashes. */
export function usersOf(roles: Record<string, string>): ConfigObject {
  const hash = cheapHash(rightPassword);
  return Object.fromEntries(Object.entries(roles).map(([name, role]) => [name, { role, password_hash: hash }]));
}

/** Starts a gateway whose next hop is at `hop`, a port. */
export async function startDesk(
  { users = {}, hop = 9, more = {} }: { users?: Record<string, string>; hop?: number; more?: ConfigObject } = {},
): Promise<GatewayProcess> {
  return await GatewayProcess.start({
    ports: ["inbound", "admin"],
    config: (ports) =>
      gatewayConfig({
        inbound: ports.inbound,
        nextHop: hop,
        more: { admin: { address: `127.0.0.1:${ports.admin}`, users: usersOf(users) }, ...more },
      }),
  });
}
