/**
 * `certconfig crls` and `certconfig ocsp`, as the command line knows them. What they do stands in `src/control/revocation_commands.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import type { FetchRecord } from "../../certs/kept.ts";
import { day, type ListStatus } from "../../certs/lists.ts";
import type { StatusFacts } from "../../certs/status.ts";
import type { ListsItem, StatusItem } from "../../control/revocation_commands.ts";
import type { CrlFacts } from "../../tls/revocation.ts";
import type { CliCommand } from "../command.ts";
import { spanText } from "../format.ts";

/** See the module. */
export const revocationCommands: readonly CliCommand[] = [
  {
    name: "certconfig crls list",
    usage: "",
    summary: "revocation lists: what they hold, until when, how the fetching goes",
    offline: "files",
    view: listsText,
  },
  {
    name: "certconfig crls refresh",
    usage: "[URL]",
    summary: "fetch revocation lists now",
    operands: { name: "url", min: 0, max: 1 },
    details: [
      "Without a URL: all that certificate_authorities.crls names. Exit code 1 where one cannot be had; what is there goes on.",
    ],
    view: listsText,
  },
  {
    name: "certconfig ocsp list",
    usage: "",
    summary: "what responders say of our certificates, and whether it is stapled",
    view: statusText,
  },
  {
    name: "certconfig ocsp refresh",
    usage: "",
    summary: "ask the responders now",
    view: statusText,
  },
];

function listsText({ lists, now }: ListsItem): string {
  return lists.map((status) => listText(status, now)).join("\n") || "There are no revocation lists";
}

function listText({ source, lists, fault, fetching }: ListStatus, now: number): string {
  return [
    printable(source),
    ...lists.flatMap((list) => oneList(list, now)),
    ...fault === undefined ? [] : [`  none         ${printable(fault)}`],
    ...fetchingLines(fetching, now),
  ].join("\n");
}

function oneList({ issuer, from, until, entries, signature }: CrlFacts, now: number): string[] {
  const signed = { proven: "signed by it", unproven: "no authority of ours", wrong: "NOT SIGNED BY IT" }[signature];
  const end = until === undefined ? "none is named" : `${day(until)}${until <= now ? ", OUT OF DATE" : ""}`;
  return [
    `  issuer       ${printable(issuer)} (${signed})`,
    `  this update  ${day(from)}`,
    `  next update  ${end}`,
    `  revoked      ${entries}`,
  ];
}

function fetchingLines(record: FetchRecord | undefined, now: number): string[] {
  if (record === undefined) return [];
  const { fetched, tried, failure, failures, next } = record;
  const ago = (at: number) => now - at < 1000 ? "now" : `${spanText(now - at)} ago`;
  const soon = next <= now ? "now" : `in ${spanText(next - now)}`;
  return [
    ...fetched === undefined ? [] : [`  fetched      ${ago(fetched)}`],
    ...failure === undefined || tried === undefined
      ? []
      : [`  failed       ${ago(tried)}, ${failures} ${failures === 1 ? "time" : "times"}: ${printable(failure)}`],
    `  next         ${soon}`,
  ];
}

function statusText({ certificates, now }: StatusItem): string {
  return certificates.map((facts) => certificateText(facts, now)).join("\n") ||
    "No certificate in use names a responder";
}

function certificateText(facts: StatusFacts, now: number): string {
  const { profiles, subject, responders, mustStaple, status, stapled, until, fetching } = facts;
  const end = until === undefined ? "" : ` until ${day(until)}`;
  return [
    `${profiles.join(", ")} (${printable(subject)})`,
    `  responder    ${responders.map((url) => printable(url)).join(", ") || "none"}`,
    `  status       ${status === "none" ? "not known" : status}${end}`,
    `  stapled      ${stapled ? "yes" : mustStaple ? "NO, and the certificate promises it" : "no"}`,
    ...fetchingLines(fetching, now),
  ].join("\n");
}
