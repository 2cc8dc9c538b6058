/**
 * TLSA records for operators: `certconfig tlsa`.
 *
 * @module
 */
import { printable } from "../base/text.ts";
import { loadKeyPairs } from "../certs/inventory.ts";
import { nextKey, tlsaOwner, type TlsaRecord, tlsaRecords } from "../certs/tlsa.ts";
import type { Config } from "../config/config.ts";
import { faultText } from "../config/faults.ts";
import { loadConfig } from "../config/load.ts";
import { parseDomain } from "../config/values.ts";
import type { Answer, TlsaData } from "../dns/records.ts";
import { type Command, CommandError } from "./commands.ts";
import type { FileGround } from "./file_commands.ts";

/** What the DNS says of a name. */
export type TlsaInDns =
  | { kind: "failed"; reason: string }
  | {
    kind: "answered";
    /** Proven by DNSSEC; senders pass over what is not. */
    authentic: boolean;
    /** Seconds; absent: there is no record. */
    ttl?: number;
    /** Digests of ours that are there, and those that are not. */
    present: string[];
    missing: string[];
    /** Records that fit none of our keys, as `3 1 1 abcd…`. */
    others: string[];
  };

/** The records of one host and port. */
export interface TlsaFacts {
  profile: string;
  host: string;
  port: number;
  /** `_25._tcp.mx1.example.com`. */
  owner: string;
  records: TlsaRecord[];
  dns: TlsaInDns;
  /** How the key comes to be changed: by ACME with each renewal, never, or by the operator. */
  change: "acme" | "kept" | "operator";
}

const hostsMax = 20;

/** See the module. */
export function tlsaCommands(ground: FileGround): Command[] {
  return [
    {
      name: "certconfig tlsa",
      async *run(args): AsyncGenerator<TlsaFacts> {
        const name = args.needed("profile");
        const port = args.count("port", 65_535) ?? 25;
        const { file, hostname, clock, random } = ground;
        const loaded = await loadConfig(file, { hostname, generation: 1 });
        if (!loaded.ok) throw new CommandError(`Cannot read the certificate ${name}: ${faultText(loaded.errors[0])}`);
        const { config } = loaded;
        const hosts = args.has("host") ? [hostOf(args.needed("host"))] : hostsOf(config, name);
        const world = { engine: ground.engine(), clock, random, note: () => {} };
        const records = await recordsOf(config, name, () => loadKeyPairs(config, name, world));
        const resolver = ground.resolver();
        for (const host of hosts) {
          const owner = tlsaOwner({ host, port });
          const dns = compareTlsa(await resolver.resolve(owner, "TLSA"), records);
          yield { profile: name, host, port, owner, records, dns, change: changeOf(config, name) };
        }
      },
    },
  ];
}

async function recordsOf(
  config: Config,
  name: string,
  pairs: () => ReturnType<typeof loadKeyPairs>,
): Promise<TlsaRecord[]> {
  if (!config.certificates.has(name)) {
    throw new CommandError(`Cannot find the certificate ${printable(name, 100)}: no profile has this name`);
  }
  try {
    return tlsaRecords(await pairs(), await nextKey(config, name));
  } catch (thrown) {
    throw new CommandError(`Cannot read the certificate ${name}: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
}

function hostOf(word: string): string {
  const parsed = parseDomain(word);
  if (parsed.ok) return parsed.value;
  throw new CommandError(`Cannot use --host ${printable(word, 100)}: it ${parsed.what}; ${parsed.right}`);
}

/** The names by which senders come to what shows the profile; the gateway's own where nothing does. */
function hostsOf({ listeners, hostname }: Config, name: string): string[] {
  const hosts = listeners.filter(({ certificate }) => certificate.includes(name)).map((listener) => listener.hostname);
  return hosts.length === 0 ? [hostname] : [...new Set(hosts)].slice(0, hostsMax);
}

function changeOf({ certificates }: Config, name: string): TlsaFacts["change"] {
  const profile = certificates.get(name);
  const acme = profile?.self_signed ? profile.acme : undefined;
  return acme === undefined ? "operator" : acme.keep_key ? "kept" : "acme";
}

/** Holds what the DNS answered against the records that should be there. */
export function compareTlsa(answer: Answer<TlsaData>, records: readonly TlsaRecord[]): TlsaInDns {
  if (answer.kind === "failed") return { kind: "failed", reason: answer.reason };
  const found = answer.kind === "found" ? answer.records : [];
  const digests = found.flatMap(({ usage, selector, matchingType, certificate }) =>
    usage === 3 && selector === 1 && matchingType === 1 ? [certificate.toHex()] : []
  );
  const others = found.filter(({ usage, selector, matchingType, certificate }) =>
    usage !== 3 || selector !== 1 || matchingType !== 1 ||
    !records.some(({ digest }) => digest === certificate.toHex())
  );
  const [present, missing] = [true, false].map((there) =>
    records.map(({ digest }) => digest).filter((digest) => digests.includes(digest) === there)
  );
  return {
    kind: "answered",
    authentic: answer.authentic,
    ...(answer.kind === "found" ? { ttl: answer.ttl } : {}),
    present,
    missing,
    others: others.map(({ usage, selector, matchingType, certificate }) =>
      `${usage} ${selector} ${matchingType} ${certificate.toHex()}`
    ),
  };
}
