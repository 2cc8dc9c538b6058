/**
 * Commands that explain a decision, as the command line knows them. They read the configuration file and need no gateway.
 *
 * @module
 */
import { traceLines } from "../../explain/trace_text.ts";
import type { CliCommand } from "../command.ts";
import { type LdapTestItem, ldapTestLines } from "../ldaptest_text.ts";
import type { TlsVerifyItem } from "../tlsverify.ts";
import { tlsVerifyLines } from "../tlsverify_text.ts";
import type { TraceItem } from "../trace.ts";

/** See the module. */
export const explainCommands: readonly CliCommand[] = [
  {
    name: "trace",
    usage: "--ip ADDRESS [--from SENDER] [--to RECIPIENT]… [OPTION]…",
    summary: "play a client against the file, and show each decision with its line",
    options: {
      "ip": "value",
      "host": "value",
      "unverified-host": "value",
      "no-dns": "flag",
      "no-ldap": "flag",
      "listener": "value",
      "helo": "value",
      "tls": "value",
      "certificate": "value",
      "unverified-certificate": "value",
      "listed": "values",
      "auth": "value",
      "from": "value",
      "requiretls": "flag",
      "tls-header": "flag",
      "to": "values",
    },
    details: [
      "  --ip ADDRESS              the client's address",
      "  --host NAME               its host name, taken for verified; without it the DNS is asked",
      "  --unverified-host NAME    a host name that does not point back to the address",
      "  --no-dns                  ask the DNS nothing: no name, no list, no host",
      "  --no-ldap                 ask no directory: recipients are taken for known",
      "  --listener NAME           the listener it connects to; the first one of the file where it is left out",
      "  --helo NAME               what it says in EHLO; its host name where it is left out",
      "  --tls VERSION             the version it would negotiate, as in TLSv1.2; without it the client speaks no TLS",
      "  --certificate NAME        a name on the certificate that it shows where it is asked for one, and that verifies",
      "  --unverified-certificate NAME",
      "                            a name on a certificate that does not verify",
      "  --listed ZONE[=ANSWER]    a DNS list that lists the address, by 127.0.0.2 unless an answer is named; the DNS is",
      "                            asked about the others; may stand several times",
      "  --auth USER               the user that it authenticates itself as, with a password that is taken for right",
      '  --from SENDER             envelope sender, "" for the null sender',
      "  --to RECIPIENT            may stand several times; mail is followed to its destination",
      "  --requiretls              it says REQUIRETLS with MAIL",
      "  --tls-header              the message has the header X-Postern-TLS: required",
      "",
      "The gateway's own code plays the session, from the file alone: counts, limits by the hour and shortage of a",
      "running gateway are not known. No message is sent. Exit code: 0 all is accepted, 1 something is refused,",
      "2 the words or the file make no sense.",
    ],
    here: async (args, world) => await (await import("../trace.ts")).traceHere(args, world),
    view: ({ file, ...trace }: TraceItem) => traceLines(trace, file).join("\n"),
  },
  {
    name: "tlsverify",
    usage: "DOMAIN [HOST[:PORT]] [--level LEVEL] [--timeout TIME]",
    summary: "connect to a destination as delivery would, and show its TLS",
    options: { level: "value", timeout: "value" },
    operands: { name: "target", min: 1, max: 2 },
    details: [
      "  DOMAIN          the domain that mail is for; its hosts come from smtp_routes or its MX records, ten at most",
      "  HOST[:PORT]     this host instead; port 25 where it is left out",
      "  --level LEVEL   ask under this TLS level instead of the destination's own",
      "  --timeout TIME  for one address, 30s where it is left out; all together take ten times this at most",
      "",
      "Prints the dialogue, version and cipher, the chain with dates and names, the authority that it ended in, which",
      "names match, and what each of the five levels would do with the host. No message is sent. Exit code: 0 every",
      "host that answered is verified, 1 one is not, 2 no host answered, or the words or the file make no sense.",
    ],
    here: async (args, world) => await (await import("../tlsverify.ts")).tlsVerifyHere(args, world),
    view: (item: TlsVerifyItem) => tlsVerifyLines(item).join("\n"),
  },
  {
    name: "ldaptest",
    usage: "NAME ADDRESS [--query QUERY]",
    summary: "ask a directory about an address as a session would",
    options: { query: "value" },
    operands: { name: "target", min: 2, max: 2 },
    details: [
      "  NAME            a directory under services.ldap",
      "  ADDRESS         a recipient",
      "  --query QUERY   one of its queries; accept where it is left out",
      "",
      "Prints the filter as it was sent, each server that was asked, its TLS, who bound, and the answer. It has a connection",
      "of its own and remembers nothing. Exit code: 0 a recipient, 1 no recipient, 2 no server answered, or the words or",
      "the file make no sense.",
    ],
    here: async (args, world) => await (await import("../ldaptest.ts")).ldapTestHere(args, world),
    view: (item: LdapTestItem) => ldapTestLines(item).join("\n"),
  },
];
