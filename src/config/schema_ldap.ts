/**
 * `services.ldap`: directories that know who is a recipient.
 *
 * @module
 */
import * as z from "zod";
import {
  choiceKey,
  durationKey,
  fileKey,
  flagKey,
  namedKey,
  nameKey,
  oneOrMoreKey,
  plainKey,
  section,
  textKey,
  withDefault,
} from "./keys.ts";
import { parseLdapTemplate } from "./ldap_filter.ts";
import { fault, type Parsed, parseHostPort } from "./values.ts";
import type { LdapUrl } from "./config.ts";

const urlRight = "a URL that begins with ldaps:// or ldap://";
const ports = { ldaps: 636, ldap: 389 };

/** `ldaps://host`, with a port or without. What else an LDAP URL may say (RFC 4516 §2) stands in keys of its own. */
export function parseLdapUrl(text: string): Parsed<LdapUrl> {
  const found = /^(ldaps?):\/\/([^/?#]*)(.*)$/i.exec(text);
  if (found === null) return fault("is not an LDAP URL", urlRight);
  const scheme = found[1].toLowerCase() as LdapUrl["scheme"];
  const [, , authority, rest] = found;
  if (authority.includes("@")) return fault("has a user in it", "bind_dn and password_file beside it");
  if (rest !== "" && rest !== "/") return fault("says more than a server", "base and queries beside it");
  const whole = /^(?:\[[^\]]*\]|[^:]*)$/.test(authority) ? `${authority}:${ports[scheme]}` : authority;
  const server = parseHostPort(whole, ports[scheme]);
  if (!server.ok) return fault(`has no server: it ${server.what}`, `as in ${scheme}://ldap.example.test`);
  const { host, port } = server.value;
  if (port === 0) return fault("has port 0", `as in ${scheme}://ldap.example.test`);
  return { ok: true, value: { scheme, host, port } };
}

const url = () => textKey({ noun: "an LDAP URL", right: urlRight, parse: parseLdapUrl });

const query = () => textKey({ noun: "a filter", right: 'a filter, as in "(mail={a})"', parse: parseLdapTemplate });

const directory = section({
  urls: oneOrMoreKey(url(), "as in [ldaps://ldap.example.test]")
    .describe("Servers, asked in this order: the next one where one does not answer."),
  starttls: withDefault(
    flagKey(),
    true,
    "Whether connections to ldap:// begin with StartTLS; false: what is asked, and the password, go in clear.",
  ),
  base: plainKey({ right: "a distinguished name", max: 1000 }).describe("Where searches start, a distinguished name."),
  bind_dn: plainKey({ right: "a distinguished name", max: 1000 }).optional()
    .describe("Who binds. Default: nobody, anonymously."),
  password_file: fileKey().optional().describe(
    "The file that holds the password, in its first line, readable by nobody else. Default: none.",
  ),
  certificate: nameKey("a certificate's name").optional().describe(
    "Shown to a server that asks; a name under certificates. Default: none.",
  ),
  sasl_external: withDefault(
    flagKey(),
    false,
    "Whether the certificate says who binds (SASL EXTERNAL), without a password.",
  ),
  queries: withDefault(
    namedKey({
      name: nameKey("a name"),
      value: query().describe("An LDAP filter; {a} is the address, {u} its local part, {d} its domain."),
      right: 'as in accept: "(mail={a})"',
    }),
    {},
    "Filters by the name of their use: accept finds who is a recipient.",
  ),
  timeout: withDefault(
    durationKey({ min: "1s", max: "1m" }),
    "10s",
    "How long a server may take to be reached, and to answer, a time.",
  ),
  cache: withDefault(durationKey({ max: "7d" }), "15m", "How long an answer is kept, a time."),
  on_temporary_failure: withDefault(
    choiceKey(["accept", "defer"]),
    "defer",
    "What a recipient gets while no server answers.",
  ),
});

/** One directory. */
export const ldapKey: typeof directory = directory;

/** `services.ldap.NAME` as the file has it. */
export type FileLdap = z.output<typeof ldapKey>;
