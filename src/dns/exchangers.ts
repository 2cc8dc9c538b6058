/**
 * Where a domain's mail goes by the DNS: RFC 5321 §5.1, RFC 7505.
 *
 * @module
 */
import { type Random, shuffled } from "../base/random.ts";
import { asciiName } from "./names.ts";
import type { Answer, DnsFailure, MxData, Resolver } from "./records.ts";

/** A host that takes a domain's mail. */
export interface Exchanger {
  /** Its name, in lower case. */
  name: string;
  /** Lower is better. */
  preference: number;
}

/** The end of the search for exchangers. */
export type Exchangers =
  /** Best first, equal preferences in an order drawn by chance. `implicit`: the domain itself, since it has no MX. */
  | { kind: "hosts"; hosts: Exchanger[]; implicit: boolean; authentic: boolean }
  /** The domain says that it takes no mail: RFC 7505 §3. */
  | { kind: "null_mx" }
  | { kind: "no_such_domain" }
  /** Our own name is the best exchanger: RFC 5321 §5.1. */
  | { kind: "loop" }
  | { kind: "failed"; reason: DnsFailure };

/** Which addresses of a host are used, and which first. */
export type IpPreference = "prefer_v6" | "require_v6" | "prefer_v4" | "require_v4";

/** The end of the search for a host's addresses. */
export type Addresses =
  | { kind: "found"; addresses: string[]; authentic: boolean }
  /** No such host, or none of the wanted family. */
  | { kind: "none" }
  | { kind: "failed"; reason: DnsFailure };

/** Exchangers of one domain that are looked at. */
const exchangersMax = 50;

/**
 * The exchangers of `domain`. `isOwn` tells our own names: an exchanger with the preference of ours, or a worse one, is left out,
 * since mail would come back to us from there.
 */
export async function findExchangers(
  domain: string,
  { resolver, random, isOwn }: { resolver: Resolver; random: Random; isOwn: (host: string) => boolean },
): Promise<Exchangers> {
  const answer = await resolver.resolve(domain, "MX");
  switch (answer.kind) {
    case "failed":
      // A name that cannot exist is no trouble of the DNS.
      return answer.reason === "bad_name" ? { kind: "no_such_domain" } : answer;
    case "no_such_domain":
      return answer;
    case "no_data": {
      const name = asciiName(domain) ?? domain;
      if (isOwn(name)) return { kind: "loop" };
      return { kind: "hosts", hosts: [{ name, preference: 0 }], implicit: true, authentic: answer.authentic };
    }
    case "found":
      return ordered(answer, { random, isOwn });
    default:
      return answer satisfies never;
  }
}

function ordered(
  { records, authentic }: Extract<Answer<MxData>, { kind: "found" }>,
  { random, isOwn }: { random: Random; isOwn: (host: string) => boolean },
): Exchangers {
  const named = records.filter((record) => record.exchange !== ".");
  if (named.length === 0) return { kind: "null_mx" };
  const own = Math.min(...named.filter((mx) => isOwn(mx.exchange)).map((mx) => mx.preference));
  const hosts = shuffled(named, random)
    .map(({ exchange, preference }) => ({ name: exchange, preference }))
    .filter(({ preference }) => preference < own)
    .sort((one, other) => one.preference - other.preference)
    .slice(0, exchangersMax);
  return hosts.length === 0 ? { kind: "loop" } : { kind: "hosts", hosts, implicit: false, authentic };
}

/** The addresses of `host` in the order of trial. */
export async function findAddresses(
  host: string,
  { resolver, random, preference }: { resolver: Resolver; random: Random; preference: IpPreference },
): Promise<Addresses> {
  const wanted = (["AAAA", "A"] as const).filter((type) =>
    preference === "require_v6" ? type === "AAAA" : preference === "require_v4" ? type === "A" : true
  );
  const types = preference === "prefer_v4" ? wanted.toReversed() : wanted;
  const answers = await Promise.all(types.map((type) => resolver.resolve(host, type)));
  const found = answers.filter((answer) => answer.kind === "found");
  if (found.length === 0) {
    const failed = answers.find((answer) => answer.kind === "failed");
    return failed === undefined || failed.reason === "bad_name" ? { kind: "none" } : failed;
  }
  return {
    kind: "found",
    addresses: found.flatMap((answer) => shuffled(answer.records, random)),
    authentic: found.every((answer) => answer.authentic),
  };
}
