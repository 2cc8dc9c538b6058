/**
 * The inbound side over connections in memory: a listener, a clock to turn, a queue to look into, the log's lines.
 *
 * @module
 */
import { Acceptor, type OpenListener } from "../../src/accept/acceptor.ts";
import { Turnstile } from "../../src/accept/gate.ts";
import { LocalIntake } from "../../src/accept/intake.ts";
import { Pressure } from "../../src/base/pressure.ts";
import { type ListLookup, makeService, type ReverseLookup, type StartTls } from "../../src/accept/service.ts";
import { Passwords } from "../../src/auth/passwords.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Config, ListenerConfig, MailFlowPolicy, SenderGroup, SmtpUser } from "../../src/config/config.ts";
import { eventText, type MailEvent, type MailLog } from "../../src/mail/events.ts";
import type { RecipientCheck } from "../../src/mail/recipient_check.ts";
import type { Conn } from "../../src/net/net.ts";
import { countsInMemory } from "../../src/rates/rates.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { FakeSpool } from "../support/fake_spool.ts";
import { PipeListener, type PipeOptions, readText, writeText } from "../support/pipe.ts";

/** What a test changes. */
export interface RigOptions {
  policy?: Partial<MailFlowPolicy>;
  listener?: Partial<ListenerConfig>;
  limits?: Partial<Config["limits"]>;
  /** Further policies, or others under the names P and next. */
  policies?: readonly MailFlowPolicy[];
  reverse?: ReverseLookup;
  lists?: ListLookup;
  startTls?: StartTls;
  users?: readonly SmtpUser[];
  ldap?: Config["services"]["ldap"];
  /** Who knows recipients. */
  recipients?: RecipientCheck;
}

const profile = { methods: ["TLSv1.3"], ciphers: "HIGH", renegotiation: false } as const;

/** A policy with the contract's defaults. */
export function policyOf(changes: Partial<MailFlowPolicy> = {}): MailFlowPolicy {
  return {
    name: "P",
    action: "accept",
    tls: "preferred",
    tls_required_for: [],
    verify_client_certificate: false,
    max_message_size: 1_000_000,
    max_messages_per_connection: 10,
    max_recipients_per_message: 50,
    max_connections_per_ip: 10,
    max_recipients_per_hour: 0,
    max_recipients_per_hour_per_sender: 0,
    max_invalid_recipients_per_hour: 25,
    auth: "off",
    auth_requires_tls: true,
    auth_relay: true,
    max_auth_failures_per_hour: 25,
    bare_line_feed: "reject",
    reject_code: 554,
    reject_text: "5.7.1 Access denied",
    delayed_reject: false,
    greeting_text: "ESMTP",
    ...changes,
  };
}

/** A row of a sender table. */
export function groupOf(name: string, senders: readonly string[], changes: Partial<SenderGroup> = {}): SenderGroup {
  const entries = senders.map((sender) => ({ sender, line: 1 }));
  return { name, senders: entries, conditions: [], policy: "P", line: 1, ...changes };
}

/** One listener with one group. */
export function listenerOf(changes: Partial<ListenerConfig> = {}): ListenerConfig {
  return {
    name: "inbound",
    type: "public",
    address: { address: "127.0.0.1", port: 25 },
    transport: "starttls",
    hostname: "gw.example.test",
    certificate: ["demo"],
    max_connections: 100,
    sender_groups: [groupOf("ALL", ["ALL"])],
    recipients: [
      { address: "example.test", action: "accept", line: 1 },
      { address: "ALL", action: "reject", line: 2 },
    ],
    recipient_validation: null,
    ...changes,
  };
}

/** Limits that nothing reaches by chance. */
function limitsOf({ limits }: RigOptions): Config["limits"] {
  return {
    max_sessions: 100,
    max_queue_messages: 100,
    min_free_disk: 1_000,
    max_memory: 1_000,
    max_event_loop_lag: 2_000,
    ...limits,
  };
}

/** `admin` of a configuration, with nobody. */
export function adminConfig(changes: Partial<Config["admin"]> = {}): Config["admin"] {
  return {
    address: null,
    certificate: ["demo"],
    session_timeout: 1_800_000,
    users: new Map(),
    client_ca: null,
    history: 50,
    ...changes,
  };
}

/** A configuration around one listener. */
export function configOf(listener: ListenerConfig, options: RigOptions): Config {
  const control = {
    match: "default",
    tls: "preferred",
    verify_names: "domain",
    ip_preference: "prefer_v6",
    max_connections: 1,
    max_messages_per_connection: 1,
    max_recipients: 0,
    recipients_interval: 60_000,
    limit_apply_to: "domain",
    certificate: null,
    bounce_profile: "default",
  } as const;
  return {
    file: "/config.yaml",
    generation: 1,
    hostname: "gw.example.test",
    storage: { directory: "/data" },
    dns: { servers: [], timeout: 5_000 },
    tls: {
      gui_https: profile,
      inbound_smtp: profile,
      outbound_smtp: profile,
      other_client_services: profile,
      peer_certificate: { fqdn_validation: false, x509_validation: false },
    },
    certificates: new Map(),
    certificate_authorities: { system: true, custom: [], crls: [] },
    listeners: [listener],
    mail_flow_policies: new Map(
      [policyOf(options.policy), policyOf({ name: "next", action: "continue" }), ...options.policies ?? []]
        .map((policy) => [policy.name, policy]),
    ),
    smtp_auth: { users: new Map((options.users ?? []).map((user) => [user.name, user])) },
    smtp_routes: new Map(),
    destination_controls: {
      certificate: null,
      alert_on_required_tls_failure: false,
      default: control,
      domains: new Map(),
    },
    bounce_profiles: new Map(),
    alerts: {
      from: "alert@gw.example.test",
      recipients: [],
      repeat_after: 1,
      max_repeat: 1,
      server: null,
      tls: "preferred",
    },
    delivery: { address: null, hostname: "gw.example.test" },
    services: {
      ldap: options.ldap ?? new Map(),
      syslog: new Map(),
      updater: { url: null, interval: 1, certificate: null, items: [] },
    },
    workers: 1,
    limits: limitsOf(options),
    metrics: { address: null, token_file: null },
    admin: adminConfig(),
    logs: { format: "text", level: "info", rotate_size: 1, keep: 1 },
  };
}

/** A log that keeps its lines. */
export function recordingLog(lines: string[]): MailLog {
  const at = (level: string) => (event: MailEvent) => void lines.push(`${level}: ${eventText(event)}`);
  return { critical: at("Critical"), warning: at("Warning"), info: at("Info"), debug: at("Debug"), trace: at("Trace") };
}

/** A client's end with words. */
export class Client {
  readonly conn: Conn;

  constructor(conn: Conn) {
    this.conn = conn;
  }

  /** Sends text and reads the replies to it, which end with a last line beginning with `code`. */
  async say(text: string, code = "[2-5][0-9][0-9]"): Promise<string> {
    await writeText(this.conn, text);
    return await this.hear(code);
  }

  /** Reads up to a last line beginning with `code`. */
  hear(code = "[2-5][0-9][0-9]"): Promise<string> {
    const last = new RegExp(`(?:^|\n)${code}(?: [^\n]*)?\r\n$`);
    return readText(this.conn, (read) => last.test(read));
  }

  /** Everything up to the end of the stream. */
  rest(): Promise<string> {
    return readText(this.conn, () => false);
  }
}

/** A running inbound side. */
export class AcceptRig {
  readonly clock = new FakeClock();
  readonly spool = new FakeSpool();
  readonly lines: string[] = [];
  readonly listener = new PipeListener(this.clock);
  /** What the machine says of itself. */
  readonly machine = { messages: 0, space: { octets: 1_000_000, inodes: 1_000_000 }, memory: 0 };
  readonly pressure: Pressure;
  readonly rates = countsInMemory(() => this.clock.monotonic());
  readonly passwords = new Passwords({ clock: this.clock, random: seededRandom(1) });
  readonly acceptor: Acceptor;
  readonly open: OpenListener;

  constructor(options: RigOptions = {}) {
    const { clock, spool } = this;
    const reverse = options.reverse ?? (() => ({ host: "client.example.com", verified: true }));
    const log = recordingLog(this.lines);
    const pressure = this.pressure = new Pressure({
      clock,
      log,
      limits: () => limitsOf(options),
      sessions: () => this.acceptor.sessions,
      messages: () => this.machine.messages,
      space: () => this.machine.space,
      memory: () => this.machine.memory,
    });
    const lists = options.lists ?? (() => Promise.resolve(new Map()));
    this.acceptor = new Acceptor({
      clock,
      intake: new LocalIntake({ spool, pressure, log }),
      gate: new Turnstile({ pressure }),
      log,
      reverse,
      lists,
      rates: this.rates,
      passwords: this.passwords,
      recipients: options.recipients ?? { check: () => Promise.reject(new Error("nobody is asked")) },
    });
    const listener = listenerOf(options.listener);
    this.open = this.acceptor.listen(
      this.listener,
      makeService(configOf(listener, options), { listener, startTls: options.startTls }),
    );
  }

  /** A new connection. */
  connect(options: Omit<PipeOptions, "clock"> = {}): Client {
    return new Client(this.listener.connect(options));
  }

  /** A connection that was greeted and has said EHLO. */
  async greeted(options: Omit<PipeOptions, "clock"> = {}): Promise<Client> {
    const client = this.connect(options);
    await client.hear("220");
    await client.say("EHLO client.example.com\r\n", "250");
    return client;
  }

  /** Ends everything. */
  async end(): Promise<void> {
    const ended = this.acceptor.shutdown();
    await this.clock.advance(60_000);
    await ended;
    this.pressure[Symbol.dispose]();
    await settled();
  }
}

/** MAIL, RCPT, DATA in one write. */
export const transaction = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n";
