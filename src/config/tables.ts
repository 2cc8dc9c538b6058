/**
 * Checks of the host access table and the recipient table: each row can be reached, and the last takes the rest.
 *
 * @module
 */
import { parseSender } from "./addresses.ts";
import type { Checked, Findings } from "./cross.ts";
import { type Path, quoted } from "./faults.ts";
import { wholePolicy } from "./resolve.ts";
import type { FileConfig } from "./schema.ts";

type Group = NonNullable<FileConfig["listeners"][string]["sender_groups"]>[number];

const endRight = "- { name: ALL, policy: … } at the end";

/** Checks the tables of every listener. */
export function tableFindings(checked: Checked, found: Findings): void {
  for (const [name, listener] of Object.entries(checked.parsed.listeners)) {
    senderGroups(["listeners", name, "sender_groups"], { groups: listener.sender_groups, listener, checked, found });
    recipients(["listeners", name, "recipients"], { rules: listener.recipients ?? [], checked, found });
  }
}

function senderGroups(
  path: Path,
  { groups, listener, checked, found: { errors, warnings } }: {
    groups: Group[] | undefined;
    listener: FileConfig["listeners"][string];
    checked: Checked;
    found: Findings;
  },
): void {
  if (groups === undefined) return;
  const { lineOf, parsed, remains, names } = checked;
  const seenNames = new Map<string, number>();
  const seenSenders = new Map<string, number>();
  let end: number | undefined;
  for (const [index, group] of groups.entries()) {
    const at: Path = [...path, index];
    const line = lineOf(at);
    const twin = seenNames.get(group.name);
    if (twin !== undefined) {
      errors.push({
        path: [...at, "name"],
        at: "value",
        text: `${quoted(group.name)} names two groups, the first in line ${twin}; another name`,
      });
    }
    seenNames.set(group.name, twin ?? line);
    const said = group.senders !== undefined || group.conditions !== undefined ||
      ["senders", "conditions"].some((key) => remains.refused([...at, key]));
    if (!said && group.name !== "ALL" && !remains.damaged(at)) {
      errors.push({
        path: [...at, "senders"],
        at: "key",
        text: "is missing; a list of senders, as in [10.0.0.0/8], or conditions",
      });
    }
    if (end !== undefined) {
      const text = `can never be reached: line ${end} takes all senders and this is line ${line}; put it above`;
      warnings.push({ path: at, at: "value", text });
    }
    const senders = group.senders ?? (group.name === "ALL" ? [{ sender: "ALL" }] : []);
    for (const [place, { sender }] of senders.entries()) {
      const pattern = parseSender(sender);
      const here: Path = [...at, "senders", place];
      const first = seenSenders.get(sender.toLowerCase());
      if (first !== undefined && end === undefined) {
        warnings.push({
          path: here,
          at: "value",
          text: `${quoted(sender)} stands in line ${first} already, which wins; once`,
        });
      }
      seenSenders.set(sender.toLowerCase(), first ?? lineOf(here));
      if (pattern?.kind === "range" && !pattern.canonical) {
        const text = `${quoted(sender)} has bits behind its prefix, which do not count; the network's first address`;
        warnings.push({ path: here, at: "value", text });
      }
      if (pattern?.kind === "all") end ??= line;
    }
  }
  const last = groups.at(-1);
  if (remains.damaged(path)) return;
  if (last === undefined) {
    errors.push({ path, at: "value", text: `is empty; ${endRight}` });
    return;
  }
  if (last.senders === undefined ? last.name !== "ALL" : !last.senders.some(({ sender }) => sender === "ALL")) {
    const at: Path = [...path, groups.length - 1];
    if (last.senders !== undefined && remains.damaged([...at, "senders"])) return;
    errors.push({ path: at, at: "value", text: `ends the table and does not take ALL; ${endRight}` });
    return;
  }
  if (!names.policies.includes(last.policy)) return;
  const { action } = wholePolicy(parsed.mail_flow_policies, last.policy);
  const policy: Path = [...path, groups.length - 1, "policy"];
  if (action === "continue") {
    errors.push({
      path: policy,
      at: "value",
      text: `${quoted(last.policy)} continues to the next group, and this is the last; a policy that decides`,
    });
  }
  if (action === "relay" && listener.type === "public" && !/^127\.|^::1$/.test(listener.address.host)) {
    warnings.push({
      path: policy,
      at: "value",
      text: `${quoted(last.policy)} relays for everyone: an open relay; a policy with action accept`,
    });
  }
}

function recipients(
  path: Path,
  { rules, checked, found: { warnings } }: {
    rules: readonly { address: string; action: string }[];
    checked: Checked;
    found: Findings;
  },
): void {
  const { lineOf } = checked;
  const seen = new Map<string, number>();
  for (const [index, { address }] of rules.entries()) {
    const line = lineOf([...path, index]);
    const first = seen.get("ALL") ?? seen.get(address);
    if (first !== undefined) {
      const text = `can never be reached: line ${first} takes it and this is line ${line}; put it above`;
      warnings.push({ path: [...path, index], at: "value", text });
    }
    seen.set(address, first ?? line);
  }
}
