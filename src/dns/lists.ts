/**
 * DNS lists: which of them list an address, and with what answers. RFC 5782.
 *
 * All lists that are asked for a client are asked at the same time, and none is waited for longer than `ms`: one that is silent counts as
 * one that does not list the client, since mail must not depend on somebody else's server. The owner is told by one warning for each zone,
 * repeated with a count while it lasts. Answers are kept by the resolver for their time.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { reversedAddress } from "./names.ts";
import type { Answer, Resolver } from "./records.ts";

/** What lists said, by zone: the addresses that they answered with, none where they do not list the client. */
export type Listings = ReadonlyMap<string, readonly string[]>;

/** How lists are asked. */
export interface ListsOptions {
  resolver: Resolver;
  clock: Clock;
  /** How long a list is waited for; read with each client. */
  ms: () => number;
  /** A list does not answer, answers what no list answers, or works again. */
  report: (line: { level: "warning" | "info"; text: string; zone: string }) => void;
}

/** The pause between two warnings about one zone. */
const warnAgainMs = 600_000;

/** RFC 5782 §2.1. */
const listed = /^127\./;
/** By these a list says that it will not answer: to a public resolver, to one that asks too much. */
const refusal = /^127\.255\.255\./;

/** Asks lists about `address`. Never rejects. */
export function dnsLists(options: ListsOptions): (address: string, zones: readonly string[]) => Promise<Listings> {
  const { resolver, clock, ms, report } = options;
  const troubles = new Troubles(clock, report);
  const ask = async (zone: string, { name, address }: { name: string; address: string }) => {
    const answer = await inTime(resolver.resolve(`${name}.${zone}`, "A"), { clock, ms: ms() });
    const { answers, trouble } = reading(answer);
    if (trouble === undefined) troubles.gone(zone);
    else troubles.met(zone, { trouble, address });
    return [zone, answers] as const;
  };
  return async (address, zones) => {
    const name = reversedAddress(address);
    if (name === undefined) return new Map();
    return new Map(await Promise.all(zones.map((zone) => ask(zone, { name, address }))));
  };
}

type ListAnswer = Answer<string> | { kind: "late" };

async function inTime(
  asked: Promise<Answer<string>>,
  { clock, ms }: { clock: Clock; ms: number },
): Promise<ListAnswer> {
  const late = Promise.withResolvers<ListAnswer>();
  const timer = clock.after(ms, () => late.resolve({ kind: "late" }));
  try {
    return await Promise.race([asked, late.promise]);
  } finally {
    timer.cancel();
  }
}

function reading(answer: ListAnswer): { answers: string[]; trouble?: string } {
  switch (answer.kind) {
    case "late":
      return { answers: [], trouble: "does not answer in time" };
    case "failed":
      return { answers: [], trouble: `cannot be asked (${answer.reason})` };
    case "no_data":
    case "no_such_domain":
      return { answers: [] };
    case "found": {
      const answers = answer.records.filter((one) => listed.test(one));
      if (answers.some((one) => refusal.test(one))) return { answers, trouble: `refuses to answer (${answers[0]})` };
      // A zone that was given up and sold answers so to every name.
      return answers.length > 0 ? { answers } : { answers, trouble: `answers ${answer.records[0]}, as no list does` };
    }
    default:
      return answer satisfies never;
  }
}

/** What is wrong with zones. There are as many as the configuration names. */
class Troubles {
  readonly #clock: Clock;
  readonly #report: ListsOptions["report"];
  readonly #zones = new Map<string, { told: number; since: number }>();

  constructor(clock: Clock, report: ListsOptions["report"]) {
    this.#clock = clock;
    this.#report = report;
  }

  met(zone: string, { trouble, address }: { trouble: string; address: string }): void {
    const now = this.#clock.monotonic();
    const known = this.#zones.get(zone);
    if (known !== undefined && now - known.told < warnAgainMs) {
      known.since++;
      return;
    }
    const more = known === undefined || known.since === 0 ? "" : `, and ${known.since} clients before`;
    this.#zones.set(zone, { told: now, since: 0 });
    const text = `DNS list ${zone} ${trouble}: ${address} counts as not listed${more}`;
    this.#report({ level: "warning", text, zone });
  }

  gone(zone: string): void {
    const known = this.#zones.get(zone);
    // A list that fails now and then is not told of each time.
    if (known === undefined || this.#clock.monotonic() - known.told < warnAgainMs) return;
    this.#zones.delete(zone);
    const missed = known.since === 0 ? "" : `; ${known.since} more clients counted as not listed`;
    this.#report({ level: "info", text: `DNS list ${zone} answers again${missed}`, zone });
  }
}
