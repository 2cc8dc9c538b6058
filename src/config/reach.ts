/**
 * Rules that nothing reaches, and rules that change nothing.
 *
 * A rule that is covered by one above is a policy that the owner believes in and that is not in force: both lines are named. All of these
 * are warnings, since mail goes where the file says; what can go nowhere is an error.
 *
 * @module
 */
import { parseAddress, parseSender } from "./addresses.ts";
import { coveredRecipients, coveredSenders } from "./coverage.ts";
import type { Checked, Findings } from "./cross.ts";
import { type Path, quoted } from "./faults.ts";
import { wholeDestination, wholePolicy } from "./resolve.ts";

/** All of them. */
export function reachFindings(checked: Checked, found: Findings): void {
  for (const name of Object.keys(checked.parsed.listeners)) {
    senders(checked, { name, found });
    recipients(checked, { name, found });
  }
  wordsAsDomains(checked, found);
  routesToNowhere(checked, found);
  // What a slip took out or named wrongly may be what uses the rest: one slip, one line.
  if (!checked.whole || found.errors.length > 0) return;
  destinationsWithoutEffect(checked, found);
  neverUsed(checked, found);
  trustInNobody(checked, found);
}

interface InListener {
  /** The listener's. */
  name: string;
  found: Findings;
}

interface SenderLine {
  path: Path;
  sender: string;
  group: string;
}

function senders({ parsed, lineOf }: Checked, { name, found: { warnings } }: InListener): void {
  const lines: SenderLine[] = [];
  const takes: boolean[] = [];
  for (const [index, group] of (parsed.listeners[name].sender_groups ?? []).entries()) {
    const path: Path = ["listeners", name, "sender_groups", index];
    const { action } = wholePolicy(parsed.mail_flow_policies, group.policy);
    for (const [place, { sender }] of (group.senders ?? []).entries()) {
      lines.push({ path: [...path, "senders", place], sender, group: group.name });
      takes.push(action !== "continue");
    }
  }
  const rows = lines.map(({ sender }, index) => ({ pattern: parseSender(sender), takes: takes[index] }));
  const seen = new Set<string>();
  for (const [index, cover] of coveredSenders(rows).entries()) {
    const { path, sender, group } = lines[index];
    const { pattern } = rows[index];
    if (
      pattern?.kind === "range" && pattern.bits === 128 && pattern.first >> 32n === mapped &&
      pattern.last >> 32n === mapped
    ) {
      const text = `${quoted(sender)} can never be reached: such clients are known by their IPv4 address; that one`;
      warnings.push({ path, at: "value", text });
      continue;
    }
    // The same text twice, and what stands behind ALL, has its words elsewhere.
    const twice = seen.has(sender.toLowerCase());
    seen.add(sender.toLowerCase());
    if (cover === undefined || twice) continue;
    const above = cover.map((at) => lines[at]);
    if (above[0].sender === "ALL" && above[0].group !== group) continue;
    const same = above.every((one) => one.group === group);
    const right = same ? "leave it out" : "put it above";
    const text = `${quoted(sender)} ${
      takenText(above.map((one) => ({ ...one, row: one.sender })), { lineOf, path })
    }; ${right}`;
    warnings.push({ path, at: "value", text });
  }
}

/** IPv4 addresses in IPv6 form, ::ffff:0:0/96, as the 96 bits in front. */
const mapped = 0xffffn;

function recipients({ parsed, lineOf }: Checked, { name, found: { warnings } }: InListener): void {
  const rules = parsed.listeners[name].recipients ?? [];
  const addresses = rules.map(({ address }) => address);
  const lines = rules.map(({ address }, index) => ({ row: address, path: ["listeners", name, "recipients", index] }));
  for (const [index, cover] of coveredRecipients(addresses).entries()) {
    if (cover === undefined) continue;
    const above = cover.map((at) => lines[at]);
    // The same text twice, and what stands behind ALL, has its words elsewhere.
    if (above[0].row === "ALL" || addresses.indexOf(addresses[index]) < index) continue;
    const { path } = lines[index];
    const text = `${quoted(addresses[index])} ${takenText(above, { lineOf, path })}; put it above`;
    warnings.push({ path, at: "value", text });
  }
}

/** `can never be reached: "10.0.0.0/8" in line 7 takes it and this is line 9`. */
function takenText(
  above: readonly { row: string; path: Path }[],
  { lineOf, path }: { lineOf: Checked["lineOf"]; path: Path },
): string {
  const rows = above.map((one) => `${quoted(one.row)} in line ${lineOf(one.path)}`);
  const all = rows.length === 1 ? `${rows[0]} takes it` : `${rows.join(" and ")} take it together`;
  return `can never be reached: ${all} and this is line ${lineOf(path)}`;
}

/** ALL and default look like the whole world and are names of one label here. */
function wordsAsDomains({ parsed }: Checked, { warnings }: Findings): void {
  const warn = (path: Path, right: string) =>
    warnings.push({ path, at: "key", text: `is taken for a domain of this name, not for all; ${right}` });
  if (parsed.smtp_routes.all !== undefined) {
    warn(["smtp_routes", "all"], "default, for what has no entry of its own");
  }
  for (const word of ["all", "default"]) {
    if (parsed.destination_controls.domains[word] === undefined) continue;
    warn(["destination_controls", "domains", word], "destination_controls.default, for what has no entry");
  }
}

/** Addresses that no host has: this network, multicast, reserved. */
const nowhere = ["0.0.0.0/8", "224.0.0.0/3", "::", "ff00::/8"].map((text) => {
  const pattern = parseSender(text);
  if (pattern?.kind !== "range") throw new Error(`Cannot use ${text}: it is no network`);
  return pattern;
});

function routesToNowhere({ parsed }: Checked, { errors, warnings }: Findings): void {
  for (const [domain, hops] of Object.entries(parsed.smtp_routes)) {
    const seen = new Set<string>();
    for (const [index, { host, port }] of hops.entries()) {
      const path: Path = ["smtp_routes", domain, index];
      const address = parseAddress(host);
      const lost = address !== undefined &&
        nowhere.some(({ bits, first, last }) =>
          bits === address.bits && first <= address.value && address.value <= last
        );
      if (lost) {
        errors.push({
          path,
          at: "value",
          text: `leads nowhere: no host has the address ${host}; the next hop's address`,
        });
      } else if (/(?:^|\.)invalid$/.test(host)) {
        // RFC 6761 §6.4.
        warnings.push({ path, at: "value", text: `leads nowhere: ${host} never exists; the next hop's name` });
      } else if (seen.has(`${host} ${port}`)) {
        warnings.push({ path, at: "value", text: `${quoted(host)} stands in this route already; once` });
      }
      seen.add(`${host} ${port}`);
    }
  }
}

/** An entry that says what would hold without it. */
function destinationsWithoutEffect({ parsed, lineOf }: Checked, { warnings }: Findings): void {
  const { default: fallback, domains } = parsed.destination_controls;
  const whole = (match: string | undefined) =>
    JSON.stringify(wholeDestination(fallback, match === undefined ? {} : domains[match]));
  for (const match of Object.keys(domains)) {
    const above = parentOf(match, domains);
    if (whole(match) !== whole(above)) continue;
    const path: Path = ["destination_controls", "domains"];
    const same = above === undefined ? "the default" : `${quoted(above)} in line ${lineOf([...path, above])}`;
    const text = `changes nothing: ${same} says the same; leave it out, or say what differs`;
    warnings.push({ path: [...path, match], at: "key", text });
  }
}

/** The `.domain` that would count without the entry. */
function parentOf(match: string, domains: Readonly<Record<string, unknown>>): string | undefined {
  for (let dot = match.indexOf(".", 1); dot >= 0; dot = match.indexOf(".", dot + 1)) {
    if (Object.hasOwn(domains, match.slice(dot))) return match.slice(dot);
  }
  return undefined;
}

function neverUsed({ parsed }: Checked, { warnings }: Findings): void {
  const warn = (path: Path, what: string) => warnings.push({ path, at: "key", text: `${what}; leave it out` });
  const listeners = Object.values(parsed.listeners);
  const policies = new Set(listeners.flatMap(({ sender_groups: groups = [] }) => groups.map(({ policy }) => policy)));
  // Without listeners nothing is used, and that is said already.
  for (const name of listeners.length === 0 ? [] : Object.keys(parsed.mail_flow_policies)) {
    if (name !== "default" && !policies.has(name)) {
      warn(["mail_flow_policies", name], "no sender group has this policy");
    }
  }
  const { default: fallback, domains } = parsed.destination_controls;
  const profiles = new Set([fallback, ...Object.values(domains)].map((block) => block.bounce_profile));
  for (const name of Object.keys(parsed.bounce_profiles)) {
    if (name !== "default" && !profiles.has(name)) warn(["bounce_profiles", name], "no destination has this profile");
  }
}

/** Verification against an empty list of authorities fails for every server. */
function trustInNobody({ parsed }: Checked, { warnings }: Findings): void {
  const { system, custom } = parsed.certificate_authorities;
  if (system || custom.length > 0) return;
  const { default: fallback, domains } = parsed.destination_controls;
  const blocks: [Path, typeof fallback][] = [
    [["destination_controls", "default"], fallback],
    ...Object.entries(domains).map(([match, block]): [Path, typeof fallback] => [
      ["destination_controls", "domains", match],
      block,
    ]),
  ];
  for (const [path, { tls }] of blocks) {
    if (tls !== "required-verify" && tls !== "preferred-verify") continue;
    const end = tls === "required-verify" ? "all its mail waits and bounces" : "no server is ever verified";
    const text = `${tls} can prove nothing: certificate_authorities trusts nobody, so ${end}; system: true, or custom`;
    warnings.push({ path: [...path, "tls"], at: "value", text });
  }
  for (const [name, { verify_client_certificate: wanted }] of Object.entries(parsed.mail_flow_policies)) {
    if (wanted === undefined || wanted === false) continue;
    const end = wanted === "required" ? "all its clients are refused" : "every certificate that is shown is refused";
    const text = `can prove nothing: certificate_authorities trusts nobody, so ${end}; system: true, or custom`;
    warnings.push({ path: ["mail_flow_policies", name, "verify_client_certificate"], at: "value", text });
  }
}
