/**
 * The whole of `config.yaml` as one schema: field, unit, default and sentence in one place.
 *
 * Types, error texts and `config/schema.json` come from it. Objects are strict: an unknown key is a fault, since a
 * policy that is misspelt is a policy that is not in force.
 *
 * @module
 */
import * as z from "zod";
import { methods, methodsFault } from "../tls/method.ts";
import {
  choiceKey,
  domainKey,
  durationKey,
  fileKey,
  flagKey,
  hostPortKey,
  listKey,
  oneOrMoreKey,
  plainKey,
  section,
  sourceKey,
  withDefault,
} from "./keys.ts";
import { acmeKey } from "./schema_acme.ts";
import { smtpAuthKey } from "./schema_auth.ts";
import { mailKeys, namedBlocks } from "./schema_mail.ts";
import { serviceKeys } from "./schema_services.ts";

const generalCiphers = "HIGH:MEDIUM:!aNULL:!eNULL:!MD5:!PSK:!SRP";

const methodList = oneOrMoreKey(choiceKey(methods), `a list, as in [${methods.slice(2).join(", ")}]`)
  .superRefine((selected, context) => {
    const fault = selected.length === 0 ? undefined : methodsFault(selected);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  });

function profileShape(service: string, builtin: { methods: (typeof methods)[number][]; ciphers: string }) {
  return {
    methods: withDefault(methodList, builtin.methods, `TLS versions of ${service}, one after the other without a gap.`),
    ciphers: withDefault(
      plainKey({ right: `an OpenSSL cipher string, as in ${generalCiphers}`, max: 4000 }),
      builtin.ciphers,
      `Ciphers of ${service} for TLS 1.2 and below, in OpenSSL's syntax.`,
    ),
  };
}

const renegotiation = () => withDefault(flagKey(), false, "Whether a client may renegotiate, TLS 1.2 and below.");

const tlsKey = section({
  gui_https: withDefault(
    section({
      ...profileShape("the admin page", {
        methods: ["TLSv1.2", "TLSv1.3"],
        ciphers: "HIGH:!aNULL:!eNULL:!MD5:!PSK:!SRP:!kRSA",
      }),
      renegotiation: renegotiation(),
    }),
    {},
    "The admin page.",
  ),
  inbound_smtp: withDefault(
    section({
      ...profileShape("inbound SMTP", { methods: ["TLSv1.2", "TLSv1.3"], ciphers: generalCiphers }),
      renegotiation: renegotiation(),
    }),
    {},
    "Listeners.",
  ),
  outbound_smtp: withDefault(
    section(profileShape("outbound SMTP", { methods: ["TLSv1.2", "TLSv1.3"], ciphers: generalCiphers })),
    {},
    "Deliveries.",
  ),
  other_client_services: withDefault(
    section({
      methods: profileShape("client services", { methods: ["TLSv1.1", "TLSv1.2"], ciphers: generalCiphers }).methods,
    }),
    {},
    "LDAP, updater, SMTP call-ahead, remote syslog; their ciphers are those of outbound_smtp.",
  ),
  peer_certificate: withDefault(
    section({
      fqdn_validation: withDefault(
        flagKey(),
        false,
        "Common names and DNS names of a server's certificate must be fully qualified: two labels or more of letters, digits and -, no address, no dot at the end; * as the whole first label is fine.",
      ),
      x509_validation: withDefault(
        flagKey(),
        false,
        "A server's certificate, and those between it and the trusted authority, must have version 3, signature and key of 112 bits or more, and basic constraints and key usage that fit.",
      ),
    }),
    {},
    "More checks of certificates that servers show for mail and alerts; one that fails them is not verified (fqdn_invalid, x509_invalid).",
  ),
});

const certificateKey = section({
  self_signed: flagKey().optional()
    .describe("true: an RSA and a P-256 pair are made at the first start and kept under storage. Default: false."),
  certificate: fileKey().optional().describe(
    "PEM file of the certificate; intermediates may follow it. Default: none.",
  ),
  key: fileKey().optional().describe("PEM file of the private key. Default: none."),
  intermediates: fileKey().optional().describe("PEM file of intermediate certificates. Default: none."),
  acme: acmeKey.optional()
    .describe("The certificate is had from an authority by ACME, and renewed, without anybody's help. Default: none."),
}).superRefine((profile, context) => {
  const files = (["certificate", "key", "intermediates"] as const).filter((key) => profile[key] !== undefined);
  const fault = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
  if (profile.acme !== undefined) {
    const others = [...files, ...(profile.self_signed ? ["self_signed"] : [])];
    for (const key of others) fault([key], "cannot stand beside acme; either acme or the others");
  } else if (profile.self_signed) {
    for (const key of files) fault([key], "cannot stand beside self_signed: true; either files or self_signed");
  } else if (files.length === 0) {
    fault([], "says nothing; certificate and key, acme, or self_signed: true");
  } else {
    if (profile.certificate === undefined) fault(["certificate"], "is missing; the PEM file of the certificate");
    if (profile.key === undefined) fault(["key"], "is missing; the PEM file of the private key");
  }
});

const wholeFile = z.strictObject({
  version: z.literal(1, {
    error: ({ input }) =>
      input === undefined ? "is missing; version: 1" : "is not a version that this release knows; version: 1",
  }).describe("The version of this file's format. The one key that every file has."),
  hostname: domainKey().optional().describe("Greeting and EHLO name. Default: the machine's name."),
  storage: withDefault(
    section({
      directory: withDefault(
        fileKey("a folder"),
        "./data",
        "Queue, certificates, logs and history; made with mode 0700.",
      ),
    }),
    {},
    "Where state lives.",
  ),
  dns: withDefault(
    section({
      servers: withDefault(
        listKey(hostPortKey({ addressOnly: true, usualPort: 53 }), { right: 'as in ["127.0.0.1:53"]', max: 16 }),
        [],
        "IP address and port of each server; none: those of /etc/resolv.conf.",
      ),
      timeout: withDefault(durationKey({ min: "1s", max: "5m" }), "5s", "How long one server is waited for, a time."),
    }),
    {},
    "Name resolution.",
  ),
  tls: withDefault(tlsKey, {}, "Methods and ciphers, one block for each service."),
  certificates: withDefault(
    namedBlocks(certificateKey, {
      noun: "a certificate's name",
      right: "as in mx1: { certificate: mx1.crt, key: mx1.key }",
    }),
    {},
    "Certificate profiles by name; demo is self-signed and exists unless redefined. Files that change are read again.",
  ),
  certificate_authorities: withDefault(
    section({
      system: withDefault(flagKey(), true, "Whether the system's list is trusted."),
      custom: withDefault(listKey(fileKey(), { right: "as in [ca.pem]" }), [], "PEM files of further authorities."),
      crls: withDefault(
        listKey(sourceKey(), { right: "as in [ca.crl, http://crl.example.test/ca.crl]", max: 1000 }),
        [],
        "Revocation lists: files or http URLs, which are fetched again before a list runs out.",
      ),
    }),
    {},
    "Whom to trust.",
  ),
  listeners: withDefault(
    namedBlocks(mailKeys.listenerKey, { noun: "a listener's name", right: "as in inbound: { address: 0.0.0.0:25 }" }),
    {},
    "Where mail comes in, by name.",
  ),
  mail_flow_policies: withDefault(
    namedBlocks(mailKeys.policyKey, { noun: "a policy's name", right: "as in RELAYED: { action: relay }" }),
    {},
    "Policies by name; what one does not say, it takes from default.",
  ),
  smtp_auth: withDefault(smtpAuthKey, {}, "Who may authenticate himself over SMTP, where a policy says auth."),
  smtp_routes: withDefault(mailKeys.routesKey, {}, "Where a domain's mail goes; a domain without a route goes by MX."),
  destination_controls: withDefault(mailKeys.destinationControlsKey, {}, "How mail leaves, by destination."),
  bounce_profiles: withDefault(
    namedBlocks(mailKeys.bounceProfileKey, {
      noun: "a bounce profile's name",
      right: "as in short: { max_queue_time: 4h }",
    }),
    {},
    "How long mail is tried, by name; what one does not say, it takes from default.",
  ),
  alerts: withDefault(serviceKeys.alertsKey, {}, "Mail to the owner when something is wrong."),
  services: withDefault(serviceKeys.servicesKey, {}, "TLS client services."),
  delivery: withDefault(serviceKeys.deliveryKey, {}, "Outbound connections."),
  workers: withDefault(
    serviceKeys.workersKey,
    "auto",
    "Threads that serve inbound sessions and outbound connections, a number or auto: one less than there are cores, 8 at most. 1: the main thread serves them beside the queue; more: so many threads around it. A change counts from the next start.",
  ),
  limits: withDefault(serviceKeys.limitsKey, {}, "Limits of the whole gateway."),
  metrics: withDefault(
    section({
      address: withDefault(
        hostPortKey({ addressOnly: true, portMin: 0, usualPort: 9090 }).nullable(),
        null,
        "IP address and port of Prometheus metrics without TLS and without a token, on loopback only; none: they are on the admin address alone.",
      ),
      token_file: withDefault(
        fileKey().nullable(),
        null,
        "The file that holds the token for /metrics on the admin address; none: one is made, run/metrics-token under storage.",
      ),
    }),
    {},
    "Figures for monitoring.",
  ),
  logs: withDefault(serviceKeys.logsKey, {}, "The mail log."),
  admin: withDefault(serviceKeys.adminKey, {}, "The admin page."),
}, {
  error: ({ code }) => code === "unrecognized_keys" ? undefined : "is no map of keys; version: 1 and what else is set",
});

/** The schema. Its output has sizes in octets and times in milliseconds; what inherits is not filled in yet. */
export const configSchema: typeof wholeFile = wholeFile;

/** What {@linkcode configSchema} gives. */
export type FileConfig = z.output<typeof configSchema>;
