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

/** Where senders go with a domain's mail, as the DNS says. */
export type MailHosts =
  /** Best first. `implicit`: the domain itself, since it has no MX record. */
  | { kind: "hosts"; hosts: readonly string[]; implicit: boolean }
  | { kind: "none"; why: string }
  | { kind: "failed"; why: string };

/** One thing that was compared; `text` says what was found. */
export interface AgreementRow {
  about: "listener" | "mx" | "certificate";
  agrees: boolean;
  text: string;
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
  const row = (about: AgreementRow["about"], agrees: boolean, text: string) => rows.push({ about, agrees, text });
  const users = config.listeners.filter(({ certificate }) => certificate.includes(name));
  if (users.length === 0) row("listener", false, `No listener uses ${name}`);
  for (const listener of users) {
    const named = carries(leaf, listener.hostname);
    row("certificate", named, `Listener ${listener.name} greets as ${listener.hostname}, which ${stands(named)}`);
  }
  const greeted = new Set(users.map(({ hostname }) => hostname.toLowerCase()));
  const domains = host === undefined ? domainsOf(users) : [host.toLowerCase()];
  if (domains.length === 0) {
    row("mx", false, "No domain is named by the recipients of these listeners; --for says which");
  }
  for (const domain of domains.slice(0, domainsMax)) {
    const found = await question.mailHosts(domain);
    if (found.kind !== "hosts") {
      row("mx", false, `Mail for ${domain}: ${found.why}`);
      continue;
    }
    const ours = found.hosts.filter((each) => greeted.has(each));
    const way = found.implicit
      ? `${domain} has no MX record, so senders go to ${domain} itself`
      : mxText(domain, found.hosts);
    row(
      "mx",
      ours.length > 0,
      ours.length > 0 ? `${way}: ${ours.join(", ")} is a listener's` : `${way}: no listener's name`,
    );
    for (const each of ours.length > 0 ? ours : found.hosts) {
      const named = carries(leaf, each);
      row("certificate", named, `Senders of mail for ${domain} look for ${each}, which ${stands(named)}`);
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

function stands(named: boolean): string {
  return named ? "stands in the certificate" : "does not stand in the certificate";
}

function mxText(domain: string, hosts: readonly string[]): string {
  return `The MX record of ${domain} names ${hosts.join(", ")}`;
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
