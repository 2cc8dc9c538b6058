/**
 * The configuration as the rest of the program sees it: immutable, resolved, with the names of `config.yaml`.
 *
 * What the file leaves out is filled in, sizes are octets, times are milliseconds, paths are absolute, policies and
 * destinations carry what they inherit from `default`. A session keeps the {@linkcode Config} it began with.
 *
 * @module
 */
import type { LogLevel } from "../base/log.ts";
import type { AlertClass, AlertSeverity } from "../mail/alert.ts";
import type { Level } from "../tls/level.ts";
import type { TlsProfile } from "../tls/engine.ts";

/** One entry of a sender group, as it stands in the file: `config/addresses.ts` reads it. */
export interface SenderEntry {
  sender: string;
  comment?: string;
  line: number;
}

/** What a client's reverse name may lack: none, no answer from the DNS, or one that does not point back. */
export type PtrCondition = "no_ptr" | "ptr_lookup_failed" | "ptr_mismatch";

/** One row of a host access table. */
export interface SenderGroup {
  name: string;
  /** The last group's is `ALL`. */
  senders: readonly SenderEntry[];
  /** Whom the group takes besides. */
  conditions: readonly PtrCondition[];
  comment?: string;
  policy: string;
  line: number;
}

/** One row of a recipient table. */
export interface RecipientRule {
  address: string;
  action: "accept" | "reject";
  /** What `reject` answers, each where the file says it: the SMTP code, and the text with the enhanced code it may begin with. */
  code?: number;
  text?: string;
  /** Recipients that match are taken without being asked for at the directory or the next hop. */
  bypass_recipient_validation?: boolean;
  comment?: string;
  line: number;
}

/** A mail flow policy with everything it inherits. */
export interface MailFlowPolicy {
  name: string;
  action: "accept" | "relay" | "reject" | "tcp_refuse" | "continue";
  tls: "off" | "preferred" | "required";
  /** Envelope senders that must use TLS: addresses, domains, `.domain`, `user@`, `ALL`. */
  tls_required_for: readonly string[];
  verify_client_certificate: false | "preferred" | "required";
  max_message_size: number;
  max_messages_per_connection: number;
  max_recipients_per_message: number;
  max_connections_per_ip: number;
  /** Counts of an hour; 0: no limit. */
  max_recipients_per_hour: number;
  max_recipients_per_hour_per_sender: number;
  max_invalid_recipients_per_hour: number;
  auth: "off" | "preferred" | "required";
  auth_requires_tls: boolean;
  auth_relay: boolean;
  max_auth_failures_per_hour: number;
  bare_line_feed: "reject" | "fix";
  reject_code: number;
  reject_text: string;
  /** A rejection waits for the recipients. */
  delayed_reject: boolean;
  greeting_text: string;
}

/** Who may authenticate himself over SMTP. */
export interface SmtpUser {
  name: string;
  /** See `base/scrypt_hash.ts`. */
  password_hash?: string;
  /** A name of the client certificate that stands for him, in lower case. */
  certificate?: string;
  /** Envelope senders that he may use; absent: any. */
  senders?: readonly string[];
}

/** One listener. */
export interface ListenerConfig {
  name: string;
  type: "public" | "private" | "blackhole";
  address: { address: string; port: number };
  transport: "starttls" | "smtps";
  hostname: string;
  /** Names of certificate profiles, at least one. */
  certificate: readonly string[];
  max_connections: number;
  sender_groups: readonly SenderGroup[];
  recipients: readonly RecipientRule[];
  /** The service that knows who is a recipient; `null`: who is in the table is one. */
  recipient_validation: string | null;
}

/**
 * Where a certificate profile's files are. `self_signed`: two pairs under storage, made at the first start; with `acme` they stand in
 * until the authority has issued the first certificate.
 */
export type CertificateProfile =
  | { name: string; self_signed: true; acme?: AcmeConfig }
  | { name: string; self_signed: false; certificate: string; key: string; intermediates?: string };

/** How an authority issues a certificate: RFC 8555. */
export interface AcmeConfig {
  directory: string;
  /** At least one, in lower case, each once. */
  names: readonly string[];
  email?: string;
  challenge: "http-01" | "tls-alpn-01";
  http_address: { address: string; port: number };
  /** `null`: the admin address answers. */
  tls_address: { address: string; port: number } | null;
  key: "ec:p256" | "ec:p384" | "rsa:2048" | "rsa:3072" | "rsa:4096";
  keep_key: boolean;
  /** PEM file; absent: the system's authorities alone. */
  ca?: string;
  external_account?: { key_id: string; key_file: string };
}

/** A next hop: a name or an address, and a port. `domain:` next hops of later issues stay out. */
export interface NextHop {
  host: string;
  port: number;
}

/** A destination control with everything it inherits. `match`: `default`, a domain, or `.domain`. */
export interface DestinationControl {
  match: string;
  tls: Level;
  verify_names: "domain" | "mx" | "hosted";
  ip_preference: "prefer_v6" | "require_v6" | "prefer_v4" | "require_v4";
  max_connections: number;
  max_messages_per_connection: number;
  /** For each `recipients_interval`; 0: no limit. */
  max_recipients: number;
  recipients_interval: number;
  limit_apply_to: "domain" | "mx_address";
  /** The certificate profile that is shown: its own, else the one of all destinations. */
  certificate: string | null;
  bounce_profile: string;
}

/** How long mail is tried. */
export interface BounceProfile {
  name: string;
  max_retries: number;
  max_queue_time: number;
  initial_retry: number;
  max_retry_interval: number;
  send_delay_warning: boolean;
  delay_warning_after: number;
}

/** More checks of certificates that servers show; see `policy/peer_certificate.ts`. */
export interface PeerCertificateRules {
  fqdn_validation: boolean;
  x509_validation: boolean;
}

/** Who is told what. */
export interface AlertRecipient {
  address: string;
  /** Empty: all. */
  classes: readonly AlertClass[];
  /** Empty: all. */
  severities: readonly AlertSeverity[];
}

/** Mail to the owner when something is wrong. */
export interface AlertsConfig {
  from: string;
  recipients: readonly AlertRecipient[];
  repeat_after: number;
  max_repeat: number;
  /** Where alerts are sent; `null`: by the route or MX of each recipient. */
  server: NextHop | null;
  tls: Level;
}

/** Facilities of syslog that a gateway's log may have. */
export type SyslogFacility = "mail" | "user" | "daemon" | `local${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`;

/** What can be kept current by itself: the list of authorities that stands in for the system's. */
export type UpdateItem = "ca_bundle";

/** A host that gets the mail log as well. */
export interface LogHost {
  name: string;
  host: string;
  port: number;
  transport: "udp" | "tcp" | "tls";
  facility: SyslogFacility;
  /** The certificate profile that is shown to a host that asks; `null`: none. */
  certificate: string | null;
}

/** What is fetched by itself, and how often. */
export interface UpdaterConfig {
  /** A file, or with `/` at its end the folder of the items' files; `null`: nothing is fetched. */
  url: string | null;
  interval: number;
  certificate: string | null;
  items: readonly UpdateItem[];
}

/** A server of a directory. */
export interface LdapUrl {
  /** `ldaps`: TLS from the first octet. */
  scheme: "ldaps" | "ldap";
  host: string;
  port: number;
}

/** A directory that is asked about recipients. */
export interface LdapConfig {
  name: string;
  /** In the order in which they are asked. */
  urls: readonly LdapUrl[];
  /** Connections by `ldap` begin with StartTLS; else they are in clear. */
  starttls: boolean;
  base: string;
  bind: { kind: "anonymous" } | { kind: "simple"; dn: string; passwordFile: string } | { kind: "external" };
  /** The certificate profile that is shown to a server that asks; `null`: none. */
  certificate: string | null;
  /** Templates of filters: `config/ldap_filter.ts`. */
  queries: ReadonlyMap<string, string>;
  timeout: number;
  cache: number;
  on_temporary_failure: "accept" | "defer";
}

/** A user of the admin page and its API. */
export interface AdminUser {
  name: string;
  role: "administrator" | "operator" | "read-only";
  /** See `base/scrypt_hash.ts`. */
  password_hash?: string;
  /** A name of the client certificate that stands for him, in lower case. */
  certificate?: string;
  /** He cannot log in, and neither can his tokens. */
  disabled?: boolean;
}

/** The whole of a valid `config.yaml`. */
export interface Config {
  /** The file it was read from, absolute. */
  file: string;
  /** Counts up with each configuration that was applied in this process. */
  generation: number;
  hostname: string;
  storage: { directory: string };
  dns: { servers: readonly { address: string; port: number }[]; timeout: number };
  tls: {
    gui_https: TlsProfile;
    inbound_smtp: TlsProfile;
    outbound_smtp: TlsProfile;
    other_client_services: TlsProfile;
    peer_certificate: PeerCertificateRules;
  };
  certificates: ReadonlyMap<string, CertificateProfile>;
  certificate_authorities: { system: boolean; custom: readonly string[]; crls: readonly string[] };
  listeners: readonly ListenerConfig[];
  mail_flow_policies: ReadonlyMap<string, MailFlowPolicy>;
  smtp_auth: { users: ReadonlyMap<string, SmtpUser> };
  /** By domain or `.domain`, in lower case. */
  smtp_routes: ReadonlyMap<string, readonly NextHop[]>;
  destination_controls: {
    certificate: string | null;
    alert_on_required_tls_failure: boolean;
    default: DestinationControl;
    /** By domain or `.domain`, in lower case. */
    domains: ReadonlyMap<string, DestinationControl>;
  };
  bounce_profiles: ReadonlyMap<string, BounceProfile>;
  alerts: AlertsConfig;
  delivery: { address: string | null; hostname: string };
  services: {
    ldap: ReadonlyMap<string, LdapConfig>;
    syslog: ReadonlyMap<string, LogHost>;
    updater: UpdaterConfig;
  };
  limits: {
    max_sessions: number;
    max_queue_messages: number;
    min_free_disk: number;
    max_memory: number;
    max_event_loop_lag: number;
  };
  /** Threads that serve inbound sessions and outbound connections; 1: the main one does. */
  workers: number;
  metrics: {
    address: { address: string; port: number } | null;
    /** `null`: the one that the gateway makes under storage. */
    token_file: string | null;
  };
  admin: {
    /** `null`: nothing is served. */
    address: { address: string; port: number } | null;
    /** Names of certificate profiles, at least one. */
    certificate: readonly string[];
    /** When an idle session ends. */
    session_timeout: number;
    users: ReadonlyMap<string, AdminUser>;
    /** Authorities whose client certificates log users in. */
    client_ca: string | null;
    /** Configurations kept for rollback. */
    history: number;
  };
  logs: { format: "text" | "json"; level: LogLevel; rotate_size: number; keep: number };
}

/** A service that has methods and ciphers. */
export type TlsService = Exclude<keyof Config["tls"], "peer_certificate">;

/** The certificate profiles that the client services show, each once; `null` where one of them shows none. Empty: none of them speaks TLS. */
export function serviceCertificates({ services: { ldap, syslog, updater } }: Config): (string | null)[] {
  const directories = [...ldap.values()].filter(({ urls, starttls }) => starttls || urls.some(isLdaps));
  const hosts = [...syslog.values()].filter(({ transport }) => transport === "tls");
  const speakers = [...directories, ...hosts, ...updater.url === null ? [] : [updater]];
  return [...new Set(speakers.map(({ certificate }) => certificate))];
}

/** TLS from the first octet. */
export function isLdaps({ scheme }: LdapUrl): boolean {
  return scheme === "ldaps";
}

/** `ldaps://ldap.example.test:636`. */
export function ldapUrlText({ scheme, host, port }: LdapUrl): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The certificate profiles that are shown to next hops, each once. */
export function destinationCertificates({ destination_controls: { default: fallback, domains } }: Config): string[] {
  const names = [fallback, ...domains.values()].map(({ certificate }) => certificate);
  return [...new Set(names)].filter((name) => name !== null);
}
