/**
 * Checks of what a mail flow policy asks of its clients: TLS and certificates that they can come with, texts that say what they mean.
 *
 * @module
 */
import { parseSender } from "./addresses.ts";
import type { Checked, Findings } from "./cross.ts";
import { nearest, type Path, quoted } from "./faults.ts";
import { type FilePolicy, wholePolicy } from "./resolve.ts";
import { textVariables, unknownVariables } from "./variables.ts";

/** All of them. */
export function admissionFindings(checked: Checked, found: Findings): void {
  const { parsed } = checked;
  for (const name of new Set(["default", ...Object.keys(parsed.mail_flow_policies)])) {
    policyFindings(checked, { name, found });
  }
  for (const name of Object.keys(parsed.listeners)) certificateGroups(checked, { name, found });
}

function policyFindings({ parsed }: Checked, { name, found }: { name: string; found: Findings }): void {
  const whole = wholePolicy(parsed.mail_flow_policies, name);
  const own: FilePolicy = parsed.mail_flow_policies[name] ?? {};
  const path = (key: keyof FilePolicy): Path => ["mail_flow_policies", name, key];
  if (whole.tls === "off" && (whole.action === "accept" || whole.action === "relay")) {
    // The slip stands where one of the two was said last: in the policy itself, else in what it inherits from.
    const refuse = (key: "verify_client_certificate" | "tls_required_for", why: string) => {
      if (own[key] === undefined && own.tls === undefined) return;
      const at = own[key] === undefined ? "tls" : key;
      const text = `${why}, and tls is off for this policy; tls: preferred or required`;
      found.errors.push({ path: path(at), at: "value", text });
    };
    if (whole.verify_client_certificate === "required") {
      refuse("verify_client_certificate", "a certificate can be shown within TLS only");
    }
    if (whole.tls_required_for.length > 0) refuse("tls_required_for", "these senders must use TLS");
  }
  for (const key of ["reject_text", "greeting_text"] as const) {
    for (const unknown of unknownVariables(own[key] ?? "")) {
      const meant = nearest(unknown, textVariables);
      const right = meant === undefined ? `known here: ${textVariables.join(", ")}` : `did you mean ${meant}?`;
      found.warnings.push({
        path: path(key),
        at: "value",
        text: `${quoted(unknown)} is no variable and stays as it is; ${right}`,
      });
    }
  }
}

/** A client must get as far as TLS before a certificate can count. */
function certificateGroups(checked: Checked, { name, found }: { name: string; found: Findings }): void {
  const { parsed, names } = checked;
  const listener = parsed.listeners[name];
  const groups = listener.sender_groups ?? [];
  let first: Path | undefined;
  for (const [index, { senders = [], policy }] of groups.entries()) {
    const place = senders.findIndex(({ sender }) => parseSender(sender)?.kind === "certificate");
    const path: Path = ["listeners", name, "sender_groups", index];
    if (place >= 0) first ??= [...path, "senders", place];
    if (first === undefined || !names.policies.includes(policy) || !takesRest(senders, groups[index].name)) continue;
    const { action, delayed_reject: delayed, tls } = wholePolicy(parsed.mail_flow_policies, policy);
    const early = action === "tcp_refuse" || action === "reject" && !delayed && listener.transport === "starttls";
    if (!early && (tls !== "off" || listener.transport === "smtps")) continue;
    const why = early
      ? "is refused before it can show a certificate"
      : "is offered no TLS, so it can show no certificate";
    const right = early ? "delayed_reject: true in that policy" : "tls: preferred in that policy";
    found.warnings.push({
      path: first,
      at: "value",
      text: `a client that no group but ${groups[index].name} takes ${why}; ${right}`,
    });
    return;
  }
}

function takesRest(senders: readonly { sender: string }[], group: string): boolean {
  return senders.length === 0 ? group === "ALL" : senders.some(({ sender }) => sender === "ALL");
}
