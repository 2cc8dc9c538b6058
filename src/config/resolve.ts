/**
 * From what the file says to what the program uses: defaults, inheritance, absolute paths.
 *
 * Pure: the file has passed the schema, and whatever is wrong between its parts has been found by `cross.ts`.
 *
 * @module
 */
import { dirname, resolve as resolvePath } from "node:path";
import type {
  AcmeConfig,
  AlertsConfig,
  BounceProfile,
  CertificateProfile,
  Config,
  DestinationControl,
  LdapConfig,
  ListenerConfig,
  LogHost,
  MailFlowPolicy,
  RecipientRule,
  SenderEntry,
  SenderGroup,
} from "./config.ts";
import type { Path } from "./faults.ts";
import type { FileConfig } from "./schema.ts";
import type { FileAcme } from "./schema_acme.ts";
import type { FileLdap } from "./schema_ldap.ts";
import { isUrl } from "./sources.ts";
import { bounceBuiltin, destinationBuiltin, mailKeys, policyBuiltin } from "./schema_mail.ts";
import { methods } from "../tls/method.ts";

/** What a configuration takes from the machine and the process. */
export interface Surroundings {
  /** The file, absolute. */
  file: string;
  /** The machine's name, for a file without `hostname`. */
  hostname: string;
  generation: number;
  /** The line of a path in the file. */
  lineOf: (path: Path) => number;
}

/** A policy as the file has it. */
export type FilePolicy = FileConfig["mail_flow_policies"][string];
/** A destination as the file has it. */
export type FileDestination = FileConfig["destination_controls"]["default"];
/** A bounce profile as the file has it. */
export type FileBounce = FileConfig["bounce_profiles"][string];

/** The policy with what it inherits, keys of later releases included. */
export function wholePolicy(policies: FileConfig["mail_flow_policies"], name: string): Required<FilePolicy> {
  return { ...mailKeys.policyKey.parse(policyBuiltin), ...policies.default, ...policies[name] } as Required<FilePolicy>;
}

/** The destination with what it inherits. */
export function wholeDestination(fallback: FileDestination, own: FileDestination): Required<FileDestination> {
  return { ...mailKeys.destinationKey.parse(destinationBuiltin), ...fallback, ...own } as Required<FileDestination>;
}

/** The bounce profile with what it inherits. */
export function wholeBounce(profiles: FileConfig["bounce_profiles"], name: string): Required<FileBounce> {
  return { ...mailKeys.bounceProfileKey.parse(bounceBuiltin), ...profiles.default, ...profiles[name] } as Required<
    FileBounce
  >;
}

/** The snapshot, frozen from top to bottom. */
export function resolveConfig(parsed: FileConfig, around: Surroundings): Config {
  const folder = dirname(around.file);
  const absolute = (path: string) => resolvePath(folder, path);
  const hostname = parsed.hostname ?? around.hostname;
  const ciphers = parsed.tls.outbound_smtp.ciphers;
  const profile = (
    { methods: selected, ...rest }: { methods: readonly string[]; ciphers: string; renegotiation?: boolean },
  ) => ({
    methods: methods.filter((method) => selected.includes(method)),
    ciphers: rest.ciphers,
    renegotiation: rest.renegotiation ?? false,
  });
  return frozen<Config>({
    file: around.file,
    generation: around.generation,
    hostname,
    storage: { directory: absolute(parsed.storage.directory) },
    dns: {
      servers: parsed.dns.servers.map(({ host, port }) => ({ address: host, port })),
      timeout: parsed.dns.timeout,
    },
    tls: {
      gui_https: profile(parsed.tls.gui_https),
      inbound_smtp: profile(parsed.tls.inbound_smtp),
      outbound_smtp: profile(parsed.tls.outbound_smtp),
      other_client_services: profile({ ...parsed.tls.other_client_services, ciphers }),
      peer_certificate: parsed.tls.peer_certificate,
    },
    certificates: certificates(parsed.certificates, absolute),
    certificate_authorities: {
      system: parsed.certificate_authorities.system,
      custom: parsed.certificate_authorities.custom.map(absolute),
      crls: parsed.certificate_authorities.crls.map((source) => isUrl(source) ? source : absolute(source)),
    },
    listeners: Object.entries(parsed.listeners).map(([name, listener]) =>
      resolveListener(listener, { name, hostname, lineOf: around.lineOf })
    ),
    mail_flow_policies: new Map(
      ["default", ...Object.keys(parsed.mail_flow_policies)].map((name) => [name, policy(parsed, name)]),
    ),
    smtp_auth: {
      users: new Map(Object.entries(parsed.smtp_auth.users).map(([name, user]) => [name, { name, ...user }])),
    },
    smtp_routes: new Map(Object.entries(parsed.smtp_routes)),
    destination_controls: {
      certificate: parsed.destination_controls.certificate,
      alert_on_required_tls_failure: parsed.destination_controls.alert_on_required_tls_failure,
      default: destination(parsed, "default"),
      domains: new Map(
        Object.keys(parsed.destination_controls.domains).map((match) => [match, destination(parsed, match)]),
      ),
    },
    bounce_profiles: new Map(
      ["default", ...Object.keys(parsed.bounce_profiles)].map((name) => [name, bounceProfile(parsed, name)]),
    ),
    alerts: alerts(parsed.alerts, hostname),
    delivery: {
      address: parsed.delivery.address === "auto" ? null : parsed.delivery.address,
      hostname: parsed.delivery.hostname ?? hostname,
    },
    services: services(parsed.services, absolute),
    limits: parsed.limits,
    workers: parsed.workers,
    metrics: {
      address: endpoint(parsed.metrics.address),
      token_file: parsed.metrics.token_file === null ? null : absolute(parsed.metrics.token_file),
    },
    admin: {
      address: endpoint(parsed.admin.address),
      certificate: [...new Set(parsed.admin.certificate)],
      session_timeout: parsed.admin.session_timeout,
      users: new Map(Object.entries(parsed.admin.users).map(([name, user]) => [name, { name, ...user }])),
      client_ca: parsed.admin.client_ca === null ? null : absolute(parsed.admin.client_ca),
      history: parsed.admin.history,
    },
    logs: parsed.logs,
  });
}

function endpoint(key: { host: string; port: number } | null): { address: string; port: number } | null {
  return key && { address: key.host, port: key.port };
}

function certificates(
  profiles: FileConfig["certificates"],
  absolute: (path: string) => string,
): Map<string, CertificateProfile> {
  const resolved = new Map<string, CertificateProfile>([["demo", { name: "demo", self_signed: true }]]);
  for (const [name, { certificate, key, intermediates, self_signed, acme }] of Object.entries(profiles)) {
    if (acme !== undefined) {
      resolved.set(name, { name, self_signed: true, acme: acmeOf(acme, absolute) });
    } else if (self_signed || certificate === undefined || key === undefined) {
      resolved.set(name, { name, self_signed: true });
    } else {
      resolved.set(name, {
        name,
        self_signed: false,
        certificate: absolute(certificate),
        key: absolute(key),
        ...(intermediates === undefined ? {} : { intermediates: absolute(intermediates) }),
      });
    }
  }
  return resolved;
}

function acmeOf(
  { http_address, tls_address, names, ca, external_account, terms_agreed: _, ...rest }: FileAcme,
  absolute: (path: string) => string,
): AcmeConfig {
  return {
    ...rest,
    names: [...new Set(names)],
    http_address: { address: http_address.host, port: http_address.port },
    tls_address: endpoint(tls_address),
    ...(ca === undefined ? {} : { ca: absolute(ca) }),
    ...(external_account === undefined
      ? {}
      : { external_account: { ...external_account, key_file: absolute(external_account.key_file) } }),
  };
}

function resolveListener(
  listener: FileConfig["listeners"][string],
  { name, hostname, lineOf }: { name: string; hostname: string; lineOf: (path: Path) => number },
): ListenerConfig {
  const path: Path = ["listeners", name];
  const groups: SenderGroup[] = (listener.sender_groups ?? []).map((group, index) => ({
    name: group.name,
    senders: sendersOf(group, (place) => lineOf([...path, "sender_groups", index, ...place])),
    conditions: group.conditions ?? [],
    ...group.comment === undefined ? {} : { comment: group.comment },
    policy: group.policy,
    line: lineOf([...path, "sender_groups", index]),
  }));
  if (groups.length === 0) {
    const line = lineOf(path);
    groups.push({ name: "ALL", senders: [{ sender: "ALL", line }], conditions: [], policy: "default", line });
  }
  const rules: RecipientRule[] = (listener.recipients ?? []).map((rule, index) => ({
    ...rule,
    line: lineOf([...path, "recipients", index]),
  }));
  if (rules.at(-1)?.address !== "ALL") {
    // A table that is written down names everyone who is taken; without one it is the type that says so.
    const open = listener.recipients === undefined && listener.type !== "public";
    rules.push({
      address: "ALL",
      action: open ? "accept" : "reject",
      line: lineOf(listener.recipients === undefined ? path : [...path, "recipients"]),
    });
  }
  return {
    name,
    type: listener.type,
    address: { address: listener.address.host, port: listener.address.port },
    transport: listener.transport,
    hostname: listener.hostname ?? hostname,
    certificate: [...new Set(listener.certificate)],
    max_connections: listener.max_connections,
    sender_groups: groups,
    recipients: rules,
    recipient_validation: listener.recipient_validation ?? null,
  };
}

function sendersOf(
  { name, senders, conditions }: NonNullable<FileConfig["listeners"][string]["sender_groups"]>[number],
  lineOf: (place: Path) => number,
): SenderEntry[] {
  const named = senders?.map((entry, place) => ({ ...entry, line: lineOf(["senders", place]) }));
  return named ?? (name === "ALL" || conditions === undefined ? [{ sender: "ALL", line: lineOf([]) }] : []);
}

function policy(parsed: FileConfig, name: string): MailFlowPolicy {
  return { name, ...wholePolicy(parsed.mail_flow_policies, name) };
}

function destination(parsed: FileConfig, match: string): DestinationControl {
  const { default: fallback, domains } = parsed.destination_controls;
  const whole = wholeDestination(fallback, match === "default" ? {} : domains[match]);
  return { match, ...whole, certificate: whole.certificate ?? parsed.destination_controls.certificate };
}

function bounceProfile(parsed: FileConfig, name: string): BounceProfile {
  return { name, ...wholeBounce(parsed.bounce_profiles, name) };
}

function alerts({ from, recipients, ...rest }: FileConfig["alerts"], hostname: string): AlertsConfig {
  /** Empty means all, and so does the word, whatever stands beside it. */
  const named = <W extends string>(words: readonly (W | "all")[] = []): W[] =>
    words.includes("all") ? [] : words.filter((word): word is W => word !== "all");
  return {
    ...rest,
    from: from ?? `alert@${hostname}`,
    recipients: recipients.map(({ address, classes, severities }) => ({
      address,
      classes: named(classes),
      severities: named(severities),
    })),
  };
}

function services(
  { ldap, syslog, updater }: FileConfig["services"],
  absolute: (path: string) => string,
): Config["services"] {
  const logHost = ({ server: { host, port }, ...rest }: typeof syslog[string], name: string): LogHost => ({
    ...rest,
    name,
    host,
    port,
    certificate: rest.certificate ?? null,
  });
  const { url, certificate, items, interval } = updater;
  return {
    ldap: new Map(Object.entries(ldap).map(([name, directory]) => [name, ldapOf(directory, { name, absolute })])),
    syslog: new Map(Object.entries(syslog).map(([name, host]) => [name, logHost(host, name)])),
    updater: { interval, items: [...new Set(items)], url: url ?? null, certificate: certificate ?? null },
  };
}

function ldapOf(
  { bind_dn: dn, password_file: file, sasl_external, certificate, queries, urls, ...rest }: FileLdap,
  { name, absolute }: { name: string; absolute: (path: string) => string },
): LdapConfig {
  const bind: LdapConfig["bind"] = sasl_external
    ? { kind: "external" }
    : dn === undefined || file === undefined
    ? { kind: "anonymous" }
    : { kind: "simple", dn, passwordFile: absolute(file) };
  return { ...rest, name, urls, bind, certificate: certificate ?? null, queries: new Map(Object.entries(queries)) };
}

/** The value, frozen from top to bottom. Maps cannot be frozen; their type is read-only, their values are frozen. */
export function frozen<T>(value: T): T {
  if (value instanceof Map) { for (const item of value.values()) frozen(item); }
  else if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) frozen(item);
  }
  return value;
}
