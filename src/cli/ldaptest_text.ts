/**
 * What `postern ldaptest` found out, for people.
 *
 * @module
 */
import { printable } from "../base/text.ts";

/** What came of one server. */
export interface LdapTry {
  server: string;
  /** Absent: it was not reached, or in clear. */
  tls?: { protocol: string; cipher: string; subject: string; issuer: string; until: number };
  clear: boolean;
  /** Who bound. */
  bound?: string;
  answer: "known" | "unknown" | "failed";
  fault?: string;
  /** Milliseconds, of all of it. */
  ms: number;
}

/** What the command gives. */
export interface LdapTestItem {
  name: string;
  address: string;
  query: string;
  base: string;
  /** As it was sent. */
  filter: string;
  /** The profile whose certificate is shown. */
  certificate: string | null;
  tries: LdapTry[];
  answer: "known" | "unknown" | "failed";
  onTemporaryFailure: "accept" | "defer";
}

/** The lines of the command's output. */
export function ldapTestLines(item: LdapTestItem): string[] {
  const { name, address, query, base, filter, certificate, tries, answer, onTemporaryFailure } = item;
  const lines = [
    `query     ${name}.${query}, about <${printable(address)}>`,
    `  base    ${printable(base)}`,
    `  filter  ${filter}`,
    ...certificate === null ? [] : [`  shown   the certificate ${certificate}, where it is asked for`],
  ];
  for (const { server, tls, clear, bound, answer, fault, ms } of tries) {
    lines.push(`server    ${server}`);
    if (tls !== undefined) {
      const until = new Date(tls.until).toISOString().slice(0, 10);
      lines.push(`  TLS     ${tls.protocol} ${tls.cipher}, verified`);
      lines.push(`          ${printable(tls.subject)}, issued by ${printable(tls.issuer)}, until ${until}`);
    } else if (clear && bound !== undefined) lines.push("  TLS     none: the connection is in clear");
    if (bound !== undefined) lines.push(`  bound   ${printable(bound)}`);
    lines.push(answer === "failed" ? `  failed  ${fault} (${ms} ms)` : `  answer  ${answer} (${ms} ms)`);
  }
  const then = onTemporaryFailure === "defer" ? "deferred" : "taken unchecked";
  const end = {
    known: `<${printable(address)}> is a recipient`,
    unknown: `<${printable(address)}> is no recipient`,
    failed: `no server answers; recipients are ${then}`,
  };
  return [...lines, `verdict   ${end[answer]}`];
}
