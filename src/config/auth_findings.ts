/**
 * Checks of SMTP AUTH: users that are apart from each other, policies under which somebody can come in.
 *
 * @module
 */
import type { Checked, Findings } from "./cross.ts";
import { type Path, quoted } from "./faults.ts";
import { wholePolicy } from "./resolve.ts";

/** All of them. */
export function authFindings(checked: Checked, found: Findings): void {
  sameUsers(checked, found);
  for (const name of Object.keys(checked.parsed.mail_flow_policies)) policyFindings(checked, { name, found });
}

/** Names are compared as they are typed: two that look the same are the same. */
function sameUsers({ parsed, lineOf }: Checked, { errors }: Findings): void {
  const seen = new Map<string, Path>();
  for (const name of Object.keys(parsed.smtp_auth.users)) {
    const path: Path = ["smtp_auth", "users", name];
    const key = name.normalize("NFKC");
    const first = seen.get(key);
    if (first === undefined) seen.set(key, path);
    else errors.push({ path, at: "key", text: `is the same name as in line ${lineOf(first)}; one of them` });
  }
}

function policyFindings({ parsed, remains }: Checked, { name, found }: { name: string; found: Findings }): void {
  const own = parsed.mail_flow_policies[name];
  const { auth, auth_requires_tls: requiresTls, tls } = wholePolicy(parsed.mail_flow_policies, name);
  if (auth === "off" || own.auth === undefined && own.auth_requires_tls === undefined) return;
  const warn = (key: "auth" | "auth_requires_tls", text: string) =>
    found.warnings.push({
      path: ["mail_flow_policies", name, own[key] === undefined ? "auth" : key],
      at: "value",
      text,
    });
  if (Object.keys(parsed.smtp_auth.users).length === 0 && remains.keys(["smtp_auth", "users"]).length === 0) {
    const then = auth === "required" ? "so no mail is taken under it" : "so AUTH is not offered";
    warn("auth", `${quoted(auth)} needs somebody who can log in, ${then}; users under smtp_auth`);
  }
  if (!requiresTls) {
    if (own.auth_requires_tls !== undefined) {
      warn("auth_requires_tls", "false lets passwords travel in clear; true, unless the network is your own");
    }
    return;
  }
  const users = Object.values(parsed.listeners).filter(({ sender_groups: groups }) =>
    groups === undefined ? name === "default" : groups.some(({ policy }) => policy === name)
  );
  if (tls === "off" && users.length > 0 && users.every(({ transport }) => transport === "starttls")) {
    warn("auth", `${quoted(auth)} comes to nothing: AUTH needs TLS, which this policy does not offer; tls: preferred`);
  }
}
