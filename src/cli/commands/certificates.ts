/**
 * `certconfig`, as the command line knows it. What the commands do stands in `src/control/certificate_commands.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import type { Changed } from "../../certs/profile_store.ts";
import type { ProfileRow, ProfileStatus } from "../../certs/profiles.ts";
import type { CertificateRecord } from "../../certs/record.ts";
import type { AgreementFacts, ExportFacts, PemFacts, ShownProfile } from "../../control/certificate_commands.ts";
import type { CliCommand } from "../command.ts";
import { countText } from "../format.ts";
import { acmeLines, dateText } from "./acme.ts";

const one = { operands: { name: "name", min: 1, max: 1 }, offline: "files" } as const;
const passwordDetails = [
  "--password-file F    the password is the first line of F; - asks for it, or reads it from a pipe",
];
const replacing = "It is in force for new connections when the command returns; sessions that run go on.";

/** See the module. */
export const certificateCommands: readonly CliCommand[] = [
  {
    name: "certconfig list",
    usage: "",
    summary: "certificates: names, issuers, days left, where they are used",
    offline: "files",
    view: listText,
  },
  {
    name: "certconfig show",
    usage: "NAME [--pem|--chain]",
    summary: "one certificate: what it says, its chain, what a peer will make of it",
    ...one,
    options: { pem: "flag", chain: "flag" },
    details: ["--pem            print the certificate in PEM", "--chain          print it with its intermediates"],
    view: (item: ShownProfile | PemFacts) => "pem" in item ? item.pem.trimEnd() : factsText(item),
  },
  {
    name: "certconfig new",
    usage: "NAME --common-name CN [--san NAME…] [--key KIND] [--days N]",
    summary: "make a key, a self-signed certificate and a signing request",
    ...one,
    options: {
      "common-name": "value",
      san: "values",
      organization: "value",
      "organizational-unit": "value",
      locality: "value",
      state: "value",
      country: "value",
      key: "value",
      days: "value",
    },
    details: [
      "--common-name CN           the host name; it becomes an alternative name too",
      "--san NAME                 another host name, IP address or mail address; several times, or with commas",
      "--organization O --organizational-unit OU --locality L --state ST --country CC",
      "--key KIND                 rsa:2048 (usual), rsa:3072, rsa:4096, ec:p256, ec:p384, ed25519",
      "--days N                   how long the self-signed certificate lasts; 365 where it is not said",
      "",
      "The key never leaves the gateway but by export. certconfig csr NAME prints the request for an authority.",
    ],
    view: madeText,
  },
  {
    name: "certconfig csr",
    usage: "NAME",
    summary: "print the signing request (PKCS#10, PEM) for an authority",
    ...one,
    view: ({ pem }: PemFacts) => pem.trimEnd(),
  },
  {
    name: "certconfig upload",
    usage: "NAME --certificate FILE [--intermediates FILE]",
    summary: "put the certificate that an authority made into service",
    ...one,
    options: { certificate: "value", intermediates: "value" },
    files: { certificate: "read", intermediates: "read" },
    details: [
      "--certificate FILE     PEM, DER or PKCS#7; it has to fit the key; intermediates may follow it",
      "--intermediates FILE   in any order; what does not belong to the chain is left out with a word",
      "",
      `${replacing} - reads from a pipe.`,
    ],
    view: changedText,
  },
  {
    name: "certconfig import",
    usage: "NAME --pkcs12 FILE|--certificate FILE --key FILE [--password-file F]",
    summary: "take over a key with its certificate",
    ...one,
    options: {
      pkcs12: "value",
      certificate: "value",
      key: "value",
      intermediates: "value",
      "password-file": "value",
      "friendly-name": "value",
      replace: "flag",
    },
    files: {
      pkcs12: "read",
      certificate: "read",
      key: "read",
      intermediates: "read",
      "password-file": "secret",
    },
    details: [
      "--pkcs12 FILE          of Windows, Java, OpenSSL: key, certificate and intermediates",
      "--friendly-name NAME   which key, where it holds several",
      "--certificate FILE --key FILE [--intermediates FILE]   PEM or DER",
      ...passwordDetails,
      "--replace              in the place of the certificate that has this name; all uses stay",
      "",
      replacing,
    ],
    view: changedText,
  },
  {
    name: "certconfig export",
    usage: "NAME --pkcs12 FILE --password-file F [--legacy] [--force]",
    summary: "write key, certificate and intermediates to a PKCS#12 file",
    ...one,
    options: { pkcs12: "value", "password-file": "value", legacy: "flag", force: "flag" },
    files: { pkcs12: "save", "password-file": "secret" },
    details: [
      "--pkcs12 FILE        mode 0600; - for standard output",
      ...passwordDetails,
      "--legacy             for Windows before Server 2019 and Java before 8u301: triple DES and SHA-1",
      "--force              write over a file that is there",
    ],
    view: ({ name, certificates, legacy }: ExportFacts) =>
      `Certificate ${name} exported: its key and ${countText(certificates, "certificate")}${
        legacy ? ", legacy form" : ""
      }`,
  },
  {
    name: "certconfig renew",
    usage: "NAME [--new-key|--key KIND]",
    summary: "make a new signing request; what is in service stays",
    ...one,
    options: { "new-key": "flag", key: "value" },
    details: [
      "--new-key        on a new key of the same kind",
      "--key KIND       on a new key of this kind, as for certconfig new",
      "",
      "The answer is uploaded as usual; a new key comes into service together with its certificate.",
    ],
    view: madeText,
  },
  {
    name: "certconfig rename",
    usage: "OLD NEW",
    summary: "give a certificate another name; all uses follow",
    operands: { name: "names", min: 2, max: 2 },
    offline: "files",
    view: changedText,
  },
  {
    name: "certconfig delete",
    usage: "NAME",
    summary: "remove a certificate that nothing uses, with its key",
    ...one,
    view: changedText,
  },
  {
    name: "certconfig check",
    usage: "NAME [--for DOMAIN|HOST]",
    summary: "do MX record, certificate and listener agree, as senders that verify need it",
    ...one,
    options: { for: "value" },
    details: [
      "--for NAME       a mail domain or host; else the domains in the recipients of the listeners that use it",
      "",
      "Exit code: 0 all of it agrees, 1 something does not.",
    ],
    view: ({ agrees, text }: AgreementFacts) => `${agrees ? "ok  " : "NO  "}${printable(text)}`,
  },
];

const statusWords: Readonly<Record<ProfileStatus, string>> = {
  valid: "valid",
  expiring: "expires soon",
  expired: "EXPIRED",
  not_yet_valid: "not valid yet",
  untrusted_chain: "valid, CHAIN NOT TRUSTED",
  unusable: "UNUSABLE",
  not_made: "made when it is used",
};

const headings = ["NAME", "COMMON NAME", "ISSUER", "STATUS", "DAYS", "USED BY"] as const;

/** Rows come together, so that columns are as wide as they have to be. */
function listText(rows: readonly ProfileRow[]): string {
  const cells = rows.map((row) => [
    printable(row.name),
    printable(row.commonName ?? "-", 40),
    issuerText(row),
    statusText(row),
    row.daysLeft === null ? "-" : `${row.daysLeft}`,
    row.uses.map((use) => printable(use)).join(", ") || "-",
  ]);
  const all = [[...headings], ...cells];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const lines = all.map((row) =>
    row.map((cell, column) => column === 4 ? cell.padStart(widths[4]) : cell.padEnd(widths[column])).join("  ")
      .trimEnd()
  );
  const faults = rows.filter(({ fault }) => fault !== null).map(({ name, fault }) => `${name}: ${printable(fault!)}`);
  return [...lines, ...faults].join("\n");
}

function issuerText({ selfSigned, issuer }: ProfileRow): string {
  if (selfSigned) return "itself";
  if (issuer === null) return "-";
  const [, name] = /(?:^|,)(?:CN|O)=((?:\\.|[^,\\])*)/.exec(issuer) ?? [, issuer];
  return printable(name.replaceAll(/\\(.)/g, "$1"), 30);
}

function statusText({ status, request }: Pick<ProfileRow, "status" | "request">): string {
  return statusWords[status] + (request === "new_key" ? ", waits for an answer" : "");
}

function factsText(facts: ShownProfile): string {
  const { name, kind, fault, files, uses, certificates, notes, pendingRequest, request, key } = facts;
  const lines = [
    `Certificate ${name}: ${statusText(facts)}${facts.daysLeft === null ? "" : `, ${leftText(facts.daysLeft)}`}`,
  ];
  if (fault !== null) lines.push(printable(fault));
  lines.push(`Used by ${uses.map((use) => printable(use)).join(", ") || "nothing"}`);
  if (kind === "self_signed") {
    lines.push("Made and renewed by the gateway: an RSA pair, which is shown, and a P-256 pair");
  }
  if (facts.acme !== undefined) {
    const { last } = facts.acme;
    lines.push(...acmeLines(facts.acme));
    if (last !== undefined) lines.push(`Last attempt: ${dateText(last.at)}: ${last.text}`);
  }
  if (files !== null) {
    const rest = files.intermediates === null ? "" : `, intermediates ${printable(files.intermediates)}`;
    lines.push(`Files: certificate ${printable(files.certificate)}, key ${printable(files.key)}${rest}`);
  }
  if (pendingRequest !== null) {
    const which = request === "new_key" ? "on a new key" : `on its key${key === null ? "" : ` (${key})`}`;
    lines.push(`Signing request ${which}: ${nameText(pendingRequest.subject)}`);
  }
  for (const [at, certificate] of certificates.entries()) lines.push("", ...certificateLines(certificate, at));
  for (const note of notes) lines.push("", nameText(note));
  return lines.join("\n");
}

function leftText(days: number): string {
  return days < 0 ? `since ${countText(-days, "day")}` : `${countText(days, "day")} left`;
}

function certificateLines(certificate: CertificateRecord, at: number): string[] {
  const { subject, issuer, selfSigned, names, addresses, notBefore, notAfter, key, signature, serial, fingerprint } =
    certificate;
  const row = (what: string, text: string) => `  ${what.padEnd(12)}${nameText(text)}`;
  return [
    at === 0 ? "Certificate" : `Intermediate ${at}`,
    row("Subject", subject),
    row("Issuer", selfSigned ? "itself" : issuer),
    ...at > 0 ? [] : [row("Names", [...names, ...addresses].join(", ") || "none")],
    row("Valid", `${new Date(notBefore).toUTCString()} to ${new Date(notAfter).toUTCString()}`),
    row("Key", `${key}, signed with ${signature}`),
    row("Serial", serial),
    row("SHA-256", fingerprint),
  ];
}

function changedText({ name, done, notes }: Changed): string {
  return [`Certificate ${name} was ${done}`, ...notes].map(nameText).join("\n");
}

/** What was just made, with what comes next. */
function madeText(changed: Changed): string {
  const { name } = changed;
  const next =
    `The request: postern certconfig csr ${name}; its answer: postern certconfig upload ${name} --certificate FILE`;
  return `${changedText(changed)}\n${next}`;
}

/**
 * Text with names of certificates in it. OpenSSL writes what is not ASCII, and what has a meaning in a name, with a backslash: letters are put back, the other
 * backslashes stay as they are.
 */
function nameText(text: string): string {
  const read = text.replaceAll(/(?:\\[0-9A-F]{2})+/g, (escaped) => {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromHex(escaped.replaceAll("\\", "")));
    } catch {
      return escaped;
    }
  });
  return read.split("\\").map((part) => printable(part)).join("\\");
}
