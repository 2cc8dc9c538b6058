/**
 * Directories and the listeners that ask them: what does not fit together.
 *
 * @module
 */
import type { Checked, Findings } from "./cross.ts";
import { nearest, type Path, quoted } from "./faults.ts";

/** The query that finds out whether somebody is a recipient. */
export const acceptQuery = "accept";

/** All of it. */
export function directoryFindings(checked: Checked, found: Findings): void {
  for (const name of Object.keys(checked.parsed.services.ldap)) checkDirectory(name, checked, found);
  for (const name of Object.keys(checked.parsed.listeners)) checkListener(name, checked, found);
}

function checkDirectory(name: string, { parsed, whole }: Checked, { errors, warnings }: Findings): void {
  const directory = parsed.services.ldap[name];
  const { urls, starttls, bind_dn, password_file, certificate, sasl_external, queries } = directory;
  const at = (key: string): Path => ["services", "ldap", name, key];
  const refuse = (key: string, text: string) => errors.push({ path: at(key), at: "value", text });
  const warn = (key: string, text: string) => warnings.push({ path: at(key), at: "value", text });
  const clear = !starttls &&
    urls.some(({ scheme, host }) => scheme === "ldap" && !/^127\.|^::1$|^localhost$/.test(host));
  if (sasl_external) {
    if (bind_dn !== undefined) refuse("bind_dn", "is not used: sasl_external says who binds; one of them");
    if (certificate === undefined) {
      if (whole) refuse("sasl_external", "has no certificate to show; certificate beside it");
    } else if (!starttls && urls.some(({ scheme }) => scheme === "ldap")) {
      refuse("sasl_external", "proves nothing in clear; ldaps:// or starttls: true");
    }
  } else if (bind_dn !== undefined && password_file === undefined && whole) {
    // RFC 4513 §5.1.2
    refuse("bind_dn", "has no password, which servers take for nobody; password_file beside it");
  } else if (bind_dn === undefined && password_file !== undefined && whole) {
    refuse("password_file", "is nobody's; bind_dn beside it");
  }
  if (clear && bind_dn !== undefined && !sasl_external) {
    warn("starttls", "lets the password go over the network in clear; ldaps:// or starttls: true");
  } else if (clear) {
    warn("starttls", "lets anybody on the way read and forge answers; ldaps:// or starttls: true");
  }
  if (certificate !== undefined && !starttls && urls.every(({ scheme }) => scheme === "ldap")) {
    warn("certificate", "is shown to nobody in clear; ldaps:// or starttls: true");
  }
  for (const query of Object.keys(queries)) {
    if (query === acceptQuery) continue;
    const path = ["services", "ldap", name, "queries", query];
    warnings.push({ path, at: "key", text: `is asked by nothing; ${acceptQuery} finds recipients` });
  }
}

function checkListener(name: string, { parsed, names, whole }: Checked, { errors, warnings }: Findings): void {
  const { recipient_validation: service, type, recipients } = parsed.listeners[name];
  if (service === undefined) return;
  const path = ["listeners", name, "recipient_validation"];
  const refuse = (text: string) => void errors.push({ path, at: "value", text });
  if (!names.directories.includes(service)) {
    if (names.callAhead.includes(service)) {
      return refuse(`${service} is a service of call_ahead, which is not built yet; one of services.ldap`);
    }
    const meant = nearest(service, names.directories);
    const list = names.directories.length === 0 ? "one under services.ldap" : `one of ${names.directories.join(", ")}`;
    return refuse(`there is no directory ${quoted(service)}; ${meant === undefined ? list : `did you mean ${meant}?`}`);
  }
  if (!whole) return;
  if (parsed.services.ldap[service].queries[acceptQuery] === undefined) {
    return refuse(`${service} has no query ${acceptQuery}; queries: { ${acceptQuery}: "(mail={a})" } there`);
  }
  const asked = recipients === undefined
    ? type !== "public"
    : recipients.some(({ action, bypass_recipient_validation: bypass }) => action === "accept" && bypass !== true);
  if (asked) return;
  const text = "is never asked: no row of recipients accepts anybody to ask about; such a row";
  warnings.push({ path, at: "value", text });
}
