/**
 * The client's name, in bounded time: a resolver that does not answer delays a greeting by `dns.timeout`, no more.
 *
 * @module
 */
import type { AcceptWorld, ReverseName, Service } from "./service.ts";

const unknown: ReverseName = { host: undefined, verified: false, failed: true };

/** The name of an address, at once where the look-up has it at hand. */
export function lookedUp(
  { world: { clock, reverse }, service }: { world: AcceptWorld; service: Service },
  address: string,
): ReverseName | Promise<ReverseName> {
  const found = reverse(address);
  if (!(found instanceof Promise)) return found;
  const { promise, resolve } = Promise.withResolvers<ReverseName>();
  const timer = clock.after(service.config.dns.timeout, () => resolve(unknown));
  found.then(resolve, () => resolve(unknown)).finally(() => timer.cancel());
  return promise;
}
