/**
 * Names of clients, kept for a while: a client that comes again is answered for at once, without a promise or a timer.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Resolver } from "./records.ts";
import { type ReverseName, reverseName } from "./reverse.ts";

/** Addresses that are remembered; the oldest goes first. */
const namesMax = 10_000;
/** A name is asked for again after this; the zone's own TTL is the resolver's affair, and no rule on names needs to be quicker. */
const keptMs = 60_000;
/** An address of which nothing could be learned. */
const failedMs = 10_000;

/** What the session sees of a client's name. */
export interface ClientName {
  /** Absent: no name, or no answer. */
  host: string | undefined;
  /** The name points back to the address. */
  verified: boolean;
  /** The DNS gave no answer, or none in time. */
  failed: boolean;
}

/** A look-up that answers at once what it knows. `ms`: the time for one look-up, asked for with each. */
export function reverseNames(
  { resolver, clock, ms }: { resolver: Resolver; clock: Clock; ms: () => number },
): (address: string) => ClientName | Promise<ClientName> {
  const known = new Map<string, { name: ClientName; until: number }>();
  const underWay = new Map<string, Promise<ClientName>>();
  const learn = async (address: string): Promise<ClientName> => {
    const { host, verified, failed }: ReverseName = await reverseName(address, { resolver, clock, ms: ms() });
    underWay.delete(address);
    const name = { host, verified, failed };
    if (known.size >= namesMax) known.delete(known.keys().next().value!);
    known.delete(address);
    known.set(address, { name, until: clock.monotonic() + (failed ? failedMs : keptMs) });
    return name;
  };
  return (address) => {
    const entry = known.get(address);
    if (entry !== undefined && entry.until > clock.monotonic()) return entry.name;
    let asked = underWay.get(address);
    if (asked === undefined) underWay.set(address, asked = learn(address));
    return asked;
  };
}
