/**
 * What `postern tlsverify` found, as text. Everything that came from a peer is escaped here.
 *
 * @module
 */
import { printable } from "../base/text.ts";
import { type HostProbe, hostText, type LevelEnd, type Met, type ProvenFacts } from "../deliver/probe.ts";
import type { Spoken } from "../deliver/recording.ts";
import type { CertificateFacts } from "../tls/engine.ts";
import type { TlsVerifyItem } from "./tlsverify.ts";

const sources = { mx: "by MX", route: "by smtp_routes", given: "as given" };
const ends: Record<LevelEnd["end"], string> = {
  encrypted: "delivered, encrypted",
  clear: "delivered in clear text",
  deferred: "deferred",
};
const speakers: Record<Spoken["by"], string> = { client: "C:", server: "S:", us: "--" };

/** The lines of a result. */
export function tlsVerifyLines(item: TlsVerifyItem): string[] {
  const { destination, hostsFrom, level, verifyNames, hosts, ownCertificate, authorities } = item;
  const lines = [
    `destination  ${destination}, hosts ${sources[hostsFrom]}; asked under ${level}, verify_names ${verifyNames}`,
    `authorities  ${authorities.length === 0 ? "none" : authorities.map((file) => printable(file)).join(", ")}`,
    `certificate  ${ownCertificate === null ? "none is shown" : `${ownCertificate} is shown to hosts that ask`}`,
    ...hosts.flatMap((host) => ["", ...hostLines(host)]),
  ];
  if (item.text !== undefined) lines.push("", `hosts        ${printable(item.text)}`);
  return [...lines, "", `verdict      ${verdictText(item)}`];
}

function verdictText({ hosts, verified }: TlsVerifyItem): string {
  const names = (some: readonly HostProbe[]) => some.map(({ host }) => hostText(host)).join(", ");
  const silent = hosts.filter(({ met }) => met.kind === "no_dialogue");
  const rest = silent.length > 0 && silent.length < hosts.length ? `; no answer from ${names(silent)}` : "";
  if (verified) return `verified: ${names(hosts.filter((host) => host.verified))}${rest}`;
  if (silent.length === hosts.length) return "no host answered";
  const unproven = hosts.filter((host) => !host.verified && host.met.kind !== "no_dialogue");
  return `not verified: ${names(unproven)}${rest}`;
}

function hostLines({ host, dialogue, met, levels }: HostProbe): string[] {
  const widths = Math.max(...levels.map(({ level }) => level.length));
  return [
    `host         ${hostText(host)}`,
    ...dialogue.map(({ by, text }) => `  ${speakers[by]} ${printable(text)}`),
    ...metLines(met),
    "  what each level does with this host",
    ...levels.map(({ level, end, text }) => `    ${level.padEnd(widths)}  ${ends[end]}: ${printable(text)}`),
  ];
}

function metLines(met: Met): string[] {
  switch (met.kind) {
    case "encrypted":
      return [
        `  TLS        ${met.facts.protocol}, ${met.facts.cipher}, ${met.facts.bits} bits`,
        ...met.broken === undefined ? [] : [`  broken     ${printable(met.broken)}`],
        ...provenLines(met.facts),
      ];
    case "tls_failed":
      return [`  TLS        failed: ${printable(met.failure.error)} (${met.failure.reason})`];
    case "no_tls":
      return [`  TLS        none: ${printable(met.text)} (${met.reason})`];
    case "no_dialogue":
      return [`  TLS        none, no dialogue: ${printable(met.text)} (${met.reason})`];
    default:
      return met satisfies never;
  }
}

function provenLines({ certificates, built, chain, names, unsound }: ProvenFacts): string[] {
  const authority = chain.trusted ? built.certificates.at(-1) : undefined;
  const sentIt = authority !== undefined &&
    certificates.some(({ fingerprint }) => fingerprint === authority.fingerprint);
  const fault = built.faultAt === undefined ? "" : `, certificate ${built.faultAt}`;
  return [
    ...certificates.flatMap((certificate, index) => [
      `  chain ${index}    subject     ${printable(certificate.subject)}`,
      ...certificateLines(certificate),
    ]),
    chain.trusted
      ? "  verified   the chain ends in an authority"
      : `  verified   no${fault}: ${printable(chain.text)} (${chain.reason})`,
    ...unsound === undefined ? [] : [`  refused    ${printable(unsound.text, 300)} (${unsound.reason})`],
    ...authority === undefined ? [] : [
      `  authority  subject     ${printable(authority.subject)}${sentIt ? ", which the host sent too" : ""}`,
      ...certificateLines(authority),
    ],
    ...names.map(({ name, matches, counts }) =>
      `  name       ${printable(name)}: ${matches ? "on the certificate" : "not on the certificate"}` +
      `${counts ? "" : "; verify_names does not let it count"}`
    ),
  ];
}

function certificateLines(
  { issuer, serial, notBefore, notAfter, names, key, signature, fingerprint }: CertificateFacts,
): string[] {
  const rows = [
    ["issuer", issuer],
    ["serial", serial],
    ["not before", dateText(notBefore)],
    ["not after", dateText(notAfter)],
    ...names.length === 0 ? [] : [["names", names.join(", ")]],
    ["key", `${key}, signed with ${signature}`],
    ["sha256", fingerprint],
  ];
  return rows.map(([title, text]) => `             ${title.padEnd(10)}  ${printable(text)}`);
}

function dateText(ms: number): string {
  return Number.isNaN(ms) ? "unreadable" : new Date(ms).toISOString().replace(".000Z", "Z");
}
