/**
 * The part of the schema around mail: alerts, client services, the admin page, logs and the process itself.
 *
 * Call-ahead comes with a later release; its keys are checked all the same, so that a file written now is right then.
 *
 * @module
 */
import { logLevels } from "../base/log.ts";
import { alertClasses, alertSeverities } from "../mail/alert.ts";
import { levelTable } from "../tls/level.ts";
import {
  choiceKey,
  countKey,
  domainKey,
  durationKey,
  fileKey,
  flagKey,
  hostPortKey,
  listKey,
  mailAddressKey,
  namedKey,
  nameKey,
  oneOrMoreKey,
  section,
  sizeKey,
  textKey,
  withDefault,
} from "./keys.ts";
import { certificateNameKey, passwordHashKey } from "./schema_auth.ts";
import { ldapKey } from "./schema_ldap.ts";
import * as z from "zod";
import { parseAddress } from "./addresses.ts";
import type { SyslogFacility, UpdateItem } from "./config.ts";
import { fault, type Parsed, parseMailAddress } from "./values.ts";

const certificateName = () => nameKey("a certificate's name").describe("A name under certificates.");

/** `alerts`. */
const alertsKey = section({
  from: mailAddressKey().optional().describe("The sender of alerts. Default: alert@hostname."),
  recipients: withDefault(
    listKey(
      section({
        address: mailAddressKey().describe("Who is told."),
        classes: listKey(choiceKey(["all", ...alertClasses]), { right: "as in [system]" }).optional()
          .describe("Classes of alerts: system is every alert, tls those about TLS and certificates. Default: all."),
        severities: listKey(choiceKey(["all", ...alertSeverities]), { right: "as in [critical, warning]" })
          .optional()
          .describe("Severities; info is the end of a trouble. Default: all."),
      }),
      { right: "as in - { address: ops@example.test, severities: [critical] }", max: 100 },
    ),
    [],
    "Who gets alerts.",
  ),
  repeat_after: withDefault(
    durationKey({ min: "1s", max: "7d" }),
    "5m",
    "The same alert again, at the earliest, a time.",
  ),
  max_repeat: withDefault(durationKey({ min: "1s", max: "30d" }), "1h", "What repeat_after doubles up to, a time."),
  server: withDefault(
    hostPortKey().nullable(),
    null,
    "host:port to send alerts to; none: by the route or MX of the recipient.",
  ),
  tls: withDefault(
    choiceKey(levelTable.map((row) => row.name)),
    "preferred",
    "The TLS level of alerts, as in destination_controls; the certificate of a server has to carry the server's name.",
  ),
});

const cacheTime = () => withDefault(durationKey({ max: "7d" }), "15m", "How long an answer is kept, a time.");
const named = <V extends z.ZodType>(value: V, right: string) => namedKey({ name: nameKey("a name"), value, right });

const callAheadProfile = section({
  servers: z.preprocess(
    (input) => input === "delivery_host" ? [] : typeof input === "string" ? [input] : input,
    listKey(hostPortKey(), { right: 'delivery_host, or as in ["mail.example.test:25"]' }),
  ).meta({ word: "delivery_host", itemAlone: true }).describe(
    "host:port of the servers that are asked, or delivery_host: those that delivery would use.",
  ),
  mail_from: withDefault(
    textKey({
      noun: "a sender",
      right: 'local@domain, or "" for the null sender',
      parse: (text) => text === "" ? { ok: true, value: "" } : parseMailAddress(text),
    }),
    "",
    "The envelope sender of the question; empty is the null sender.",
  ),
  timeout: withDefault(durationKey({ min: "1s", max: "5m" }), "30s", "How long an answer is waited for, a time."),
  cache: cacheTime(),
  on_temporary_failure: withDefault(
    choiceKey(["accept", "defer"]),
    "defer",
    "What a recipient gets while the servers do not answer.",
  ),
});

// deno-fmt-ignore
const facilities = [
  "mail", "user", "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
] as const satisfies readonly SyslogFacility[];

const syslogServer = section({
  server: hostPortKey({ usualPort: 6514 }).describe("host:port of the log host."),
  transport: withDefault(choiceKey(["udp", "tcp", "tls"]), "udp", "How lines travel."),
  facility: withDefault(
    choiceKey(facilities),
    "mail",
    "The syslog facility.",
  ),
  certificate: certificateName().optional().describe(
    "Shown to a log host that asks; a name under certificates. Default: none.",
  ),
});

const updateUrl = "an https URL, as in https://curl.se/ca/cacert.pem";

/** Whoever may change what is fetched could make himself an authority: it comes by https alone, and URLs stand in logs. */
function parseUpdateUrl(text: string): Parsed<string> {
  const refuse = (what: string): Parsed<string> => fault(what, updateUrl);
  const url = URL.parse(text);
  if (url === null || url.hostname === "") return refuse("is no web address");
  if (url.protocol !== "https:") return refuse("does not begin with https://");
  if (url.username !== "" || url.password !== "") return refuse("has a user or a password in it");
  return url.hash === "" ? { ok: true, value: url.href } : refuse("has a fragment, which no server sees");
}

const updater = section({
  url: textKey({ noun: "a web address", right: updateUrl, parse: parseUpdateUrl }).optional().describe(
    "Where updates are fetched: a file, or with / at its end a folder with ca_bundle.pem. Default: nowhere.",
  ),
  interval: withDefault(durationKey({ min: "1m", max: "30d" }), "6h", "How often, a time."),
  certificate: certificateName().optional().describe(
    "Shown to a server that asks; a name under certificates. Default: none.",
  ),
  items: withDefault(
    listKey(choiceKey(["ca_bundle"] as const satisfies readonly UpdateItem[]), { right: "as in [ca_bundle]" }),
    [],
    "What is fetched. ca_bundle: the authorities that are trusted in place of the system's list.",
  ),
});

/** `services`. */
const servicesKey = section({
  ldap: withDefault(
    named(ldapKey, "as in name: { urls: [ldaps://…], base: … }"),
    {},
    "Directories that know recipients, by name.",
  ),
  call_ahead: withDefault(
    named(callAheadProfile, "as in name: { servers: [host:port] }"),
    {},
    "SMTP call-ahead by name.",
  ),
  syslog: withDefault(named(syslogServer, "as in name: { server: host:6514 }"), {}, "Remote log hosts by name."),
  updater: withDefault(updater, {}, "Fetches lists that change."),
});

/** `admin`. */
const adminKey = section({
  address: withDefault(
    hostPortKey({ addressOnly: true, portMin: 0, usualPort: 8443 }).nullable(),
    "127.0.0.1:8443",
    "IP address and port of the admin page, its API, /metrics and /healthz; null: nothing is served.",
  ),
  certificate: withDefault(
    oneOrMoreKey(nameKey("a certificate's name"), "a certificate's name, or a list of them"),
    "demo",
    "A name under certificates, or a list.",
  ),
  session_timeout: withDefault(durationKey({ min: "1m", max: "7d" }), "30m", "When an idle session ends, a time."),
  users: withDefault(
    named(
      section({
        role: choiceKey(["administrator", "operator", "read-only"]).describe("What the user may do."),
        password_hash: passwordHashKey().optional()
          .describe("The hash of the password: what `postern hash-password` prints. Default: no password."),
        certificate: certificateNameKey().optional().describe(
          "A name (SAN or CN) of the client certificate that stands for this user. Default: the user's name.",
        ),
        disabled: flagKey().optional().describe("The user and his tokens are shut out. Default: false."),
      }),
      "as in name: { role: operator, password_hash: scrypt$… }",
    ),
    {},
    "Users by name.",
  ),
  client_ca: withDefault(
    fileKey().nullable(),
    null,
    "PEM file of the authorities whose client certificates log users in; none: no certificate does.",
  ),
  history: withDefault(countKey({ min: 1, max: 10_000 }), 50, "Committed configurations kept for rollback, a number."),
});

/** `delivery`. */
const deliveryKey = section({
  address: withDefault(
    textKey({
      noun: "an address",
      right: "auto, or an IP address of this machine",
      parse(text) {
        if (text === "auto" || parseAddress(text) !== undefined) return { ok: true, value: text.toLowerCase() };
        return fault("is no IP address", "auto, or an IP address of this machine");
      },
    }),
    "auto",
    "The source address of outbound connections; auto: the system's choice.",
  ),
  hostname: withDefault(domainKey().nullable(), null, "The EHLO name outbound; none: hostname."),
});

/** Beyond, the main thread, which stores for all, is the limit; and each takes 20 MB. */
const workersAutoMax = 8;

/**
 * `workers`. On two cores threads beside the main one cost more than they bring: what passes between threads doubles the CPU for a
 * message in clear, and the second core is the kernel's and the disk's anyway (`tests/bench/RESULTS.md`).
 */
const workersKey = z.preprocess(
  (input) => input === "auto" ? Math.min(Math.max(navigator.hardwareConcurrency - 1, 1), workersAutoMax) : input,
  countKey({ min: 1, max: 64 }).meta({ word: "auto" }),
);

/** `limits`. */
const limitsKey = section({
  max_sessions: withDefault(countKey({ min: 1, max: 1_000_000 }), 5000, "Inbound sessions at a time, a number."),
  max_queue_messages: withDefault(countKey({ min: 1 }), 1_000_000, "Messages in the queue, a number."),
  min_free_disk: withDefault(sizeKey(), "512M", "Below this much free disk mail is deferred, a size."),
  max_memory: withDefault(
    sizeKey({ min: "64M" }),
    "1G",
    "Memory in use from which on new connections get 421, a size; less than the machine has.",
  ),
  max_event_loop_lag: withDefault(
    durationKey({ min: "1s", max: "1m" }),
    "2s",
    "How late the gateway may be with its work before new connections get 421, a time.",
  ),
});

/** `logs`. */
const logsKey = section({
  format: withDefault(choiceKey(["text", "json"]), "text", "One event a line, as text or as JSON."),
  level: withDefault(choiceKey(logLevels), "info", "The most talkative level that is logged."),
  rotate_size: withDefault(sizeKey({ min: "4K" }), "100M", "The size at which the file is rotated."),
  keep: withDefault(countKey({ max: 10_000 }), 10, "Rotated files kept, a number."),
});

const kinds = { adminKey, alertsKey, deliveryKey, limitsKey, logsKey, servicesKey, workersKey };

/** The blocks around mail. */
export const serviceKeys: typeof kinds = kinds;
