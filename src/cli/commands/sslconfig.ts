/**
 * Commands on the TLS settings, as the command line knows them. `show` and `set` stand in `src/control/sslconfig_commands.ts`, the
 * others in `src/cli/sslconfig.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import { methodMenuText, type SslSettings } from "../../config/ssl_settings.ts";
import type { SslSetFacts } from "../../control/sslconfig_commands.ts";
import { type KeyService, type MethodService, type Selection, serves } from "../../tls/selection.ts";
import { methods } from "../../tls/method.ts";
import type { CliCommand } from "../command.ts";

/** See the module. */
export const sslconfigCommands: readonly CliCommand[] = [
  {
    name: "sslconfig show",
    usage: "",
    summary: "show methods, ciphers and renegotiation of each service",
    offline: "files",
    view: settingsText,
  },
  {
    name: "sslconfig set",
    usage: "SERVICE [--methods METHODS] [--ciphers STRING] [--renegotiation on|off]",
    summary: "change the TLS settings of a service, at once",
    options: { methods: "value", ciphers: "value", renegotiation: "value" },
    operands: { name: "service", min: 1, max: 1 },
    offline: "files",
    details: [
      "  SERVICE                gui, inbound, outbound, other",
      `  --methods METHODS      numbers of the menu ${methodMenuText},`,
      "                         as in 2, 1-3 or 1,2,3, or names, as in TLSv1.2,TLSv1.3; only in sequence",
      "  --ciphers STRING       in OpenSSL's syntax, for TLS 1.2 and below; those of other are outbound's",
      "  --renegotiation on|off whether clients may renegotiate, TLS 1.2 and below; gui and inbound",
      "",
      "The file is changed where it says so and nowhere else. What runs is not dropped: new sessions get it.",
    ],
    view: setText,
  },
  {
    name: "sslconfig verify",
    usage: "[STRING] [--service SERVICE] [--methods METHODS] [--certificate NAME]",
    summary: "show what a cipher string selects, and who can use it",
    options: { service: "value", methods: "value", certificate: "value" },
    operands: { name: "ciphers", min: 0, max: 1 },
    details: [
      "  STRING              in OpenSSL's syntax; quotes keep the shell off it. Left out: the service's own",
      "  --service SERVICE   with the methods of this service; --methods go before",
      "  --methods METHODS   as in sslconfig set; all where they are left out",
      "  --certificate NAME  whether this profile can be used; all of them where it is left out",
      "",
      "A method of TLS 1.0 or 1.1 sets security level 0, others 1, unless the string has an @SECLEVEL of its own.",
      "Exit code: 0, or 1 where the string selects nothing or is no cipher string.",
    ],
    here: async (args, world) => await (await import("../sslconfig.ts")).verifyHere(args, world),
    view: selectionText,
  },
  {
    name: "sslconfig",
    usage: "",
    summary: "change the TLS settings, asked for one by one; in postern cli",
    here: async (args, world) => await (await import("../sslconfig.ts")).guideHere(args, world),
    view: () => "",
  },
];

function settingsText({ service, title, methods, ciphers, renegotiation }: SslSettings): string {
  const rows = [
    ["methods", methods.join(", ")],
    ["ciphers", service === "other" ? "those of outbound" : printable(ciphers, 4000)],
    ...renegotiation === null ? [] : [["renegotiation", renegotiation ? "on" : "off"]],
  ];
  return [`${service}: ${title}`, ...rows.map(([name, value]) => `  ${name.padEnd(13)}  ${value}`)].join("\n");
}

function setText({ service, file, changed, state }: SslSetFacts): string {
  if (changed.length === 0) return `${service} is so already: nothing was changed`;
  return [
    ...changed.flatMap(({ setting, before, after }) => [
      `${service} ${setting}`,
      `  before  ${printable(before, 4000)}`,
      `  now     ${printable(after, 4000)}`,
    ]),
    stateText(file, state),
  ].join("\n");
}

function stateText(file: string, state: SslSetFacts["state"]): string {
  switch (state) {
    case "staged":
      return "It waits for commit";
    case "in force":
      return `${file} is written and in force`;
    case "written":
      return `${file} is written; no gateway runs`;
    default:
      return state satisfies never;
  }
}

function selectionText({ ciphers, suites, methods: services, kinds, keys, ignored, weaknesses }: Selection): string {
  const table = columns([
    ["name", "protocol", "key exchange", "authentication", "encryption", "MAC"],
    ...suites.map(({ name, oldest, keyExchange, authentication, encryption, mac }) => [
      name,
      protocolOf(oldest),
      keyExchange,
      authentication,
      encryption,
      mac,
    ]),
  ]);
  const fixed = services.some(({ method }) => method === "TLSv1.3");
  return [
    `ciphers       ${printable(ciphers, 4000)}`,
    "",
    ...table,
    "",
    ...fixed ? ["TLSv1.3 always has its three suites: the string says nothing about them."] : [],
    ...services.map((service) => `method        ${methodText(service)}`),
    ...kinds.map((kind) => `key type      ${keyText(kind, services)}`),
    ...keys.map((key) => `certificate   ${printable(key.name)} (${key.key}): ${usableText(key, services)}`),
    ...[...ignored, ...weaknesses].map((text) => `warning       ${printable(text, 1000)}`),
  ].join("\n");
}

/** A suite of TLS 1.0 also serves what came later, up to TLS 1.2. */
function protocolOf(oldest: Selection["suites"][number]["oldest"]): string {
  const served = methods.filter((method) => serves({ oldest } as Selection["suites"][number], method));
  return served.length === 1 ? served[0] : `${served[0]}-${served.at(-1)!.slice("TLSv".length)}`;
}

function methodText({ method, suites, why }: MethodService): string {
  switch (why) {
    case undefined:
      return `${method}: ${suites} ${suites === 1 ? "suite" : "suites"}`;
    case "none":
      return `${method}: no selected cipher can serve it`;
    case "level":
      return `${method}: the string's @SECLEVEL forbids it`;
    default:
      return why satisfies never;
  }
}

function keyText(key: KeyService, services: readonly MethodService[]): string {
  return `${key.name}: ${usableText(key, services)}`;
}

function usableText({ methods: usable }: KeyService, services: readonly MethodService[]): string {
  if (usable.length === 0) return "cannot be used: no selected cipher can use its key";
  const served = services.filter(({ suites }) => suites > 0).length;
  const only = usable.length < served ? " only" : "";
  return `can be used, ${usable.join(", ")}${only}`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at])).join("  ").trimEnd());
}
