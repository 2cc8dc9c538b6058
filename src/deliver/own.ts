/**
 * Our own listeners, as an MX record may point at them: mail that goes there comes back.
 *
 * A listener on one address is known by it. One on all addresses of the machine is known by those of its interfaces, loopback,
 * the source address of deliveries, and any whose connection turns out to have the same address at both ends,
 * which the system chooses for nobody but itself. Routes that the owner wrote are his word and are not asked about here.
 *
 * @module
 */
import { parseAddress } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import { asciiName } from "../dns/names.ts";
import type { Conn, Endpoint } from "../net/net.ts";

/** 127.0.0.0/8, and ::1. */
const loopbackIpv4 = 127n;
const loopbackIpv6 = 1n;

/** Whether `target` is one of the listeners, as far as that is known before anybody connects. `machine`: the addresses of its interfaces. */
export function isOwnListener(
  target: Endpoint,
  { config, machine }: { config: Config; machine: readonly string[] },
): boolean {
  const address = parseAddress(target.address);
  if (address === undefined) return false;
  const loopback = address.bits === 32 ? address.value >> 24n === loopbackIpv4 : address.value === loopbackIpv6;
  const isSame = (other: string) => {
    const parsed = parseAddress(other);
    return parsed?.bits === address.bits && parsed.value === address.value;
  };
  const { address: from } = config.delivery;
  const known = loopback || from !== null && isSame(from) || machine.some(isSame);
  return config.listeners.some((listener) => {
    if (listener.address.port !== target.port) return false;
    const bound = parseAddress(listener.address.address);
    if (bound === undefined) return false;
    if (bound.value === 0n) return known && covers(bound.bits, address.bits);
    return bound.bits === address.bits && bound.value === address.value;
  });
}

/** Whether a connection that was opened to `port` ends at a listener of ours: it has the machine's own address at both ends. */
export function endsAtOwnListener(
  { local, remote }: Pick<Conn, "local" | "remote">,
  { port, config }: { port: number; config: Config },
): boolean {
  if (local.address !== remote.address) return false;
  const { bits } = parseAddress(remote.address) ?? {};
  if (bits === undefined) return false;
  return config.listeners.some(({ address }) => {
    const bound = parseAddress(address.address);
    return address.port === port && bound?.value === 0n && covers(bound.bits, bits);
  });
}

/** Names under which mail comes back to us: RFC 5321 §5.1. */
export function isOwnName(host: string, { hostname, delivery, listeners }: Config): boolean {
  const same = (name: string) => asciiName(name) === host;
  return same(hostname) || same(delivery.hostname) || listeners.some((listener) => same(listener.hostname));
}

/** `::` takes IPv4 too. */
function covers(bound: 32 | 128, address: 32 | 128): boolean {
  return bound === address || bound === 128;
}
