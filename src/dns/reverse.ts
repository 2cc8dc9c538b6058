/**
 * The name of a client: PTR, and the proof that the name points back (RFC 1912 §2.1).
 *
 * Anybody can write any name into his reverse zone; only one whose A or AAAA records contain the address counts
 * as verified.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { addressFamily, canonicalAddress, reverseNameOf } from "./names.ts";
import type { Resolver } from "./records.ts";

/** What was learned about an address. `failed`: the DNS gave no answer in time, so nothing is known. */
export interface ReverseName {
  /** The verified name, else the first PTR name; absent where there is none. */
  host?: string;
  /** The name points back to the address. */
  verified: boolean;
  /** The DNS gave no answer, or none in time. */
  failed: boolean;
}

/** PTR names that are tried: an address may have thousands. */
const namesMax = 4;

/** Finds the name of `address` within `ms`. Never rejects. */
export async function reverseName(
  address: string,
  { resolver, clock, ms }: { resolver: Resolver; clock: Clock; ms: number },
): Promise<ReverseName> {
  const late = Promise.withResolvers<ReverseName>();
  const timer = clock.after(ms, () => late.resolve({ verified: false, failed: true }));
  try {
    return await Promise.race([confirm(address, resolver), late.promise]);
  } finally {
    timer.cancel();
  }
}

async function confirm(address: string, resolver: Resolver): Promise<ReverseName> {
  const question = reverseNameOf(address);
  if (question === undefined) return { verified: false, failed: false };
  const pointers = await resolver.resolve(question, "PTR");
  if (pointers.kind !== "found") return { verified: false, failed: pointers.kind === "failed" };
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").split("%")[0];
  const type = addressFamily(plain) === 4 ? "A" : "AAAA";
  let failed = false;
  for (const host of pointers.records.slice(0, namesMax)) {
    const forward = await resolver.resolve(host, type);
    failed ||= forward.kind === "failed";
    if (forward.kind !== "found") continue;
    if (forward.records.some((one) => canonicalAddress(one) === canonicalAddress(plain))) {
      return { host, verified: true, failed: false };
    }
  }
  return { host: pointers.records[0], verified: false, failed };
}
