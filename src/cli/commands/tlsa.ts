/**
 * TLSA records as the command line shows them: lines of a zone file, with what is to be known as comments.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import type { TlsaFacts } from "../../control/tlsa_commands.ts";
import type { CliCommand } from "../command.ts";

/** See the module. */
export const tlsaCommands: readonly CliCommand[] = [
  {
    name: "certconfig tlsa",
    usage: "NAME [--host HOST] [--port PORT]",
    summary: "a profile's TLSA records for the zone, and how they differ from the DNS",
    options: { host: "value", port: "value" },
    operands: { name: "profile", min: 1, max: 1 },
    offline: "files",
    details: [
      "  --host HOST  the MX host; the names of the listeners that show the certificate where it is left out",
      "  --port PORT  25 where it is left out",
      "",
      "The records are `3 1 1`: SHA-256 of the public key, so a renewal on the same key changes nothing. What is printed can",
      "be put into a zone as it is. Senders heed records only in a zone that is signed by DNSSEC.",
    ],
    view: (facts: TlsaFacts, index) => `${index === 0 ? "" : "\n"}${tlsaLines(facts).join("\n")}`,
  },
];

/** The lines of one host. */
export function tlsaLines({ profile, owner, records, dns, change }: TlsaFacts): string[] {
  const waits = records.some(({ of }) => of === "next");
  return [
    `; certificate ${profile}`,
    ...records.map(({ digest, of }) =>
      `${owner}. IN TLSA 3 1 1 ${digest} ; ${
        of === "service" ? "in service" : "the next key: publish it beside the other"
      }`
    ),
    ...dnsLines(dns, { owner, waits }),
    ...rollOver(change, { waits, ttl: dns.kind === "answered" ? dns.ttl : undefined, profile }),
  ];
}

function dnsLines(dns: TlsaFacts["dns"], { owner, waits }: { owner: string; waits: boolean }): string[] {
  if (dns.kind === "failed") return [`; DNS: no answer about ${owner} (${dns.reason})`];
  const { authentic, ttl, present, missing, others } = dns;
  if (ttl === undefined) {
    return [`; DNS: no TLSA record at ${owner}${authentic ? ", proven by DNSSEC" : ""}`];
  }
  const short = (digest: string) => `${digest.slice(0, 16)}…`;
  return [
    `; DNS: ${
      authentic
        ? "the answer is proven by DNSSEC (AD)"
        : "the answer is not proven by DNSSEC (no AD flag from a trusted resolver): senders pass it over"
    }; TTL ${ttl} s`,
    ...present.map((digest) => `; DNS: has ${short(digest)}`),
    ...missing.map((digest) => `; DNS: lacks ${short(digest)}: add it`),
    ...others.slice(0, othersMax).map((record) =>
      `; DNS: has ${printable(record.slice(0, 24))}…, which fits no key of this profile: ${
        waits ? "remove it unless it is another server's" : "remove it two TTLs after the key was changed"
      }`
    ),
    ...(missing.length + others.length === 0 ? ["; DNS: nothing differs"] : []),
  ];
}

const othersMax = 20;

function rollOver(
  change: TlsaFacts["change"],
  { waits, ttl, profile }: { waits: boolean; ttl: number | undefined; profile: string },
): string[] {
  const pause = ttl === undefined ? "two TTLs" : `two TTLs (${2 * ttl} s as the DNS has it now)`;
  switch (change) {
    case "kept":
      return ["; ACME renews it on the same key (keep_key), so the records stay as they are."];
    case "acme":
      return [
        "; ACME takes the next key with the next renewal. Keep both records in the zone:",
        `;   1. publish the next key's record ${pause} before that at the latest; 2. the renewal changes the key by itself;`,
        `;   3. ${pause} later remove the record of the key that went; 4. publish the one that is next then.`,
        "; With keep_key: true the key stays, and so do the records.",
      ];
    case "operator":
      return [
        "; To change the key without a moment in which no record fits:",
        ...(waits ? [] : [
          `;   0. make the next key and its request: postern certconfig renew ${profile} --new-key; then run this again`,
        ]),
        ";   1. publish the new record beside the old one",
        `;   2. wait ${pause}`,
        ";   3. put the new certificate in service",
        `;   4. wait ${pause}`,
        ";   5. remove the old record",
      ];
    default:
      return change satisfies never;
  }
}
