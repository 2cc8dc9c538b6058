/**
 * Whether a sender that verifies can come in: the MX record, the certificate's name and the listener's host name have to agree.
 *
 * A sender looks the MX host up, connects to it, is greeted by a listener and compares the certificate with the MX host's name
 * (RFC 3207 §4.1). Each of the three is somebody else's to set, so each is told on its own.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { CertificateRecord } from "./record.ts";
import { tell } from "./texts.ts";
import type { Told } from "../base/told.ts";

/** Where senders go with a domain's mail, as the DNS says. */
export type MailHosts =
  /** Best first. `implicit`: the domain itself, since it has no MX record. */
  | { kind: "hosts"; hosts: readonly string[]; implicit: boolean }
  | { kind: "none"; why: Told }
  | { kind: "failed"; why: Told };

/** One thing that was compared; `text` says what was found. */
export interface AgreementRow {
  about: "listener" | "mx" | "certificate";
  agrees: boolean;
  text: string;
  /** The text for readers of every language. */
  told: Told;
}

/** What is compared. */
export interface AgreementQuestion {
  name: string;
  leaf: CertificateRecord;
  config: Config;
  /** A domain or a host; absent: the domains that the listeners take mail for. */
  host?: string;
  mailHosts(domain: string): Promise<MailHosts>;
}

/** Domains that are looked up where none is named. */
const domainsMax = 50;

/** Compares. Nothing to compare is a row that does not agree. */
export async function agreementOf(question: AgreementQuestion): Promise<AgreementRow[]> {
  const { name, leaf, config, host } = question;
  const rows: AgreementRow[] = [];
  const row = (about: AgreementRow["about"], agrees: boolean, told: Told) =>
    rows.push({ about, agrees, text: told.text, told });
  const users = config.listeners.filter(({ certificate }) => certificate.includes(name));
  if (users.length === 0) row("listener", false, tell("check.no_listener", { name }));
  for (const listener of users) {
    const named = carries(leaf, listener.hostname);
    const { name: listenerName, hostname } = listener;
    row("certificate", named, tell("check.greets", { name: listenerName, host: hostname, stands: stands(named) }));
  }
  const greeted = new Set(users.map(({ hostname }) => hostname.toLowerCase()));
  const domains = host === undefined ? domainsOf(users) : [host.toLowerCase()];
  if (domains.length === 0) {
    row("mx", false, tell("check.no_domain"));
  }
  for (const domain of domains.slice(0, domainsMax)) {
    const found = await question.mailHosts(domain);
    if (found.kind !== "hosts") {
      row("mx", false, tell("check.no_mail", { domain, why: found.why }));
      continue;
    }
    const ours = found.hosts.filter((each) => greeted.has(each));
    const way = found.implicit
      ? tell("check.implicit", { domain })
      : tell("check.mx", { domain, hosts: found.hosts.join(", ") });
    row(
      "mx",
      ours.length > 0,
      ours.length > 0 ? tell("check.ours", { way, hosts: ours.join(", ") }) : tell("check.not_ours", { way }),
    );
    for (const each of ours.length > 0 ? ours : found.hosts) {
      const named = carries(leaf, each);
      row("certificate", named, tell("check.senders", { domain, host: each, stands: stands(named) }));
    }
  }
  return rows;
}

/** Whether a certificate names a host: RFC 6125 §6.4. `*` stands for the first label as a whole; the common name counts only where there is no other. */
export function carries({ dnsNames, commonNames, addresses }: CertificateRecord, host: string): boolean {
  const wanted = host.toLowerCase().replace(/\.$/, "");
  if (addresses.includes(wanted)) return true;
  const names = dnsNames.length > 0 ? dnsNames : commonNames;
  return names.some((each) => {
    const name = each.toLowerCase();
    return name === wanted || name.startsWith("*.") && wanted.slice(wanted.indexOf(".")) === name.slice(1);
  });
}

function stands(named: boolean): Told {
  return tell(named ? "check.stands" : "check.stands_not");
}

function domainsOf(listeners: Config["listeners"]): string[] {
  const domains = listeners.flatMap(({ recipients }) =>
    recipients.filter(({ action }) => action === "accept").flatMap(({ address }) => {
      const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
      return domain === "all" || domain === "" || domain.startsWith(".") || domain.startsWith("[") ? [] : [domain];
    })
  );
  return [...new Set(domains)];
}
