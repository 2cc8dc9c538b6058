/**
 * `certconfig authorities`, `certconfig crls add` and `remove`, as the command line knows them. What they do stands in
 * `src/control/authority_commands.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import type { AuthorityFacts, BundleFacts } from "../../certs/authorities.ts";
import type { AuthoritiesItem, AuthorityChange, AuthorityExport } from "../../control/authority_commands.ts";
import type { CliCommand } from "../command.ts";
import { countText } from "../format.ts";
import { updateLines } from "./services.ts";

/** See the module. */
export const authorityCommands: readonly CliCommand[] = [
  {
    name: "certconfig authorities list",
    usage: "",
    summary: "whom the gateway trusts: the system's list and bundles of your own",
    offline: "files",
    view: listText,
  },
  {
    name: "certconfig authorities add",
    usage: "FILE [--name NAME]",
    summary: "trust the certificates of a file",
    operands: { name: "file", min: 1, max: 1 },
    files: { file: "read" },
    options: { name: "value" },
    offline: "files",
    details: [
      "FILE         certificates in PEM, DER or PKCS#7; - reads standard input",
      "--name NAME  what the bundle is called; the file's name where it is left out",
      "The certificates are copied below storage.directory. It is in force when the command returns.",
    ],
    view: changeText,
  },
  {
    name: "certconfig authorities remove",
    usage: "NAME",
    summary: "trust a bundle no more",
    operands: { name: "name", min: 1, max: 1 },
    offline: "files",
    details: ["A file that you put there yourself is left as it is."],
    view: changeText,
  },
  {
    name: "certconfig authorities export",
    usage: "[NAME] [--out FILE] [--force]",
    summary: "bundles in PEM: one, all, or `system`",
    operands: { name: "name", min: 0, max: 1 },
    files: { out: "save" },
    options: { out: "value", force: "flag" },
    offline: "files",
    details: ["--out FILE  write it there instead of printing it; --force replaces a file"],
    view: exportText,
  },
  {
    name: "certconfig authorities system",
    usage: "on|off",
    summary: "trust the system's list, or do not",
    operands: { name: "state", min: 1, max: 1 },
    offline: "files",
    view: changeText,
  },
  {
    name: "certconfig crls add",
    usage: "FILE|URL",
    summary: "hold certificates against a revocation list",
    operands: { name: "source", min: 1, max: 1 },
    offline: "files",
    details: ["FILE is a path on the gateway, from the folder of its configuration on; URL is http or https."],
    view: changeText,
  },
  {
    name: "certconfig crls remove",
    usage: "FILE|URL",
    summary: "hold certificates against it no more",
    operands: { name: "source", min: 1, max: 1 },
    offline: "files",
    view: changeText,
  },
];

function listText({ now, system, bundles, crls }: AuthoritiesItem): string {
  const list = system.file === null
    ? "none was found"
    : `${printable(system.file)}, ${countText(system.certificates, "certificate")}`;
  return [
    `system     ${system.trusted ? "trusted" : "not trusted"}: ${list}`,
    ...system.updates === undefined ? [] : updateLines(system.updates),
    ...bundles.map((bundle) => bundleText(bundle, now)),
    ...bundles.length === 0 ? ["bundles    none"] : [],
    `revocation ${crls === 0 ? "no lists" : `${countText(crls, "list")}: certconfig crls list`}`,
  ].join("\n");
}

function bundleText({ name, file, ours, certificates, fault }: BundleFacts, now: number): string {
  return [
    `${printable(name)} (${printable(file)}${ours ? "" : ", your own file"})`,
    ...certificates.flatMap((certificate) => certificateLines(certificate, now)),
    ...fault === undefined ? [] : [`  ${printable(fault)}`],
  ].join("\n");
}

function certificateLines({ subject, notAfter, fingerprint, key, authority }: AuthorityFacts, now: number): string[] {
  const date = new Date(notAfter).toISOString().slice(0, 10);
  return [
    `  ${printable(subject)}`,
    `    ${authority ? "authority" : "NO AUTHORITY: vouches for itself alone"}, ${key}, ` +
    (notAfter <= now ? `EXPIRED on ${date}` : `expires ${date}`),
    `    SHA-256 ${fingerprint}`,
  ];
}

function changeText({ done, staged, certificates = [] }: AuthorityChange): string {
  return [
    ...certificates.map(({ subject }) => `  ${printable(subject)}`),
    staged ? `${done} when you commit` : done,
  ].join("\n");
}

function exportText(item: AuthorityExport): string {
  return "pem" in item
    ? item.pem.trimEnd()
    : `${countText(item.certificates, "certificate")} written to ${printable(item.file)}`;
}
