/** Good configurations: what they resolve to, and what is warned about. */
import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { checkCommand } from "../../src/cli/check.ts";
import { faultText, warningText } from "../../src/config/faults.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig, type LoadResult, loadSource } from "../../src/config/load.ts";
import { jsonSchemaText } from "../../src/config/write_schema.ts";

const world = { hostname: "gw.example.test", generation: 1, file: "/etc/postern/config.yaml" };

async function load(source: string): Promise<Extract<LoadResult, { ok: true }>> {
  const result = await loadSource(source, world);
  if (!result.ok) assert.fail(JSON.stringify(result.errors));
  return result;
}

const config = async (source: string): Promise<Config> => (await load(source)).config;
const warnings = async (source: string): Promise<string[]> => (await load(source)).warnings.map(warningText);
const listener = (rest: string) => `version: 1\nlisteners:\n  inbound:\n    address: 127.0.0.1:2525\n${rest}`;

Deno.test("loadConfig: version: 1 is a whole configuration, with one warning", async () => {
  const { config, warnings } = await load("version: 1\n");
  assert.deepEqual(warnings.map(warningText), [
    "/etc/postern/config.yaml:1:1: listeners: warning: no listener is set, so no mail comes in; one under listeners",
  ]);
  assert.equal(config.hostname, "gw.example.test");
  assert.equal(config.storage.directory, "/etc/postern/data");
  assert.deepEqual(config.dns, { servers: [], timeout: 5000 });
  const ciphers = "HIGH:MEDIUM:!aNULL:!eNULL:!MD5:!PSK:!SRP";
  assert.deepEqual(config.tls, {
    gui_https: {
      methods: ["TLSv1.2", "TLSv1.3"],
      ciphers: "HIGH:!aNULL:!eNULL:!MD5:!PSK:!SRP:!kRSA",
      renegotiation: false,
    },
    inbound_smtp: { methods: ["TLSv1.2", "TLSv1.3"], ciphers, renegotiation: false },
    outbound_smtp: { methods: ["TLSv1.2", "TLSv1.3"], ciphers, renegotiation: false },
    other_client_services: { methods: ["TLSv1.1", "TLSv1.2"], ciphers, renegotiation: false },
    peer_certificate: { fqdn_validation: false, x509_validation: false },
  });
  assert.deepEqual([...config.certificates.values()], [{ name: "demo", self_signed: true }]);
  assert.deepEqual(config.listeners, []);
  assert.deepEqual([...config.mail_flow_policies.values()], [{
    name: "default",
    action: "accept",
    tls: "preferred",
    tls_required_for: [],
    verify_client_certificate: false,
    max_message_size: 10 * 1024 ** 2,
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
  }]);
  assert.deepEqual(config.destination_controls.default, {
    match: "default",
    tls: "preferred",
    verify_names: "domain",
    ip_preference: "prefer_v6",
    max_connections: 500,
    max_messages_per_connection: 50,
    max_recipients: 0,
    recipients_interval: 60_000,
    limit_apply_to: "domain",
    certificate: null,
    bounce_profile: "default",
  });
  assert.deepEqual(config.bounce_profiles.get("default"), {
    name: "default",
    max_retries: 100,
    max_queue_time: 72 * 3_600_000,
    initial_retry: 60_000,
    max_retry_interval: 3_600_000,
    send_delay_warning: false,
    delay_warning_after: 4 * 3_600_000,
  });
  assert.deepEqual(config.delivery, { address: null, hostname: "gw.example.test" });
  assert.deepEqual(config.limits, {
    max_sessions: 5000,
    max_queue_messages: 1_000_000,
    min_free_disk: 512 * 1024 ** 2,
    max_memory: 1024 ** 3,
    max_event_loop_lag: 2000,
  });
  assert.deepEqual(config.logs, { format: "text", level: "info", rotate_size: 100 * 1024 ** 2, keep: 10 });
});

Deno.test("loadConfig: the shipped file is valid without a warning, and relays example.test", async () => {
  const file = new URL("../../config/config.yaml", import.meta.url).pathname;
  const result = await loadConfig(file, { hostname: "gw", generation: 7 });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.warnings, []);
  assert.equal(result.config.generation, 7);
  assert.equal(result.config.storage.directory, file.replace("config.yaml", "data"));
  assert.deepEqual(result.config.listeners.map(({ name, type, address }) => [name, type, address.port]), [
    ["inbound", "public", 2525],
    ["blackhole", "blackhole", 2526],
  ]);
  assert.deepEqual(result.config.smtp_routes.get("example.test"), [{ host: "127.0.0.1", port: 2526 }]);
  const first = (await Deno.readTextFile(file)).split("\n")[0];
  assert.equal(first, "# yaml-language-server: $schema=./schema.json");
});

Deno.test("loadConfig: policies, destinations and bounce profiles inherit from default", async () => {
  const { mail_flow_policies, destination_controls, bounce_profiles } = await config(`version: 1
mail_flow_policies:
  default: { tls: required, max_message_size: 1K }
  RELAYED: { action: relay, max_message_size: 2G }
  EMPTY:
destination_controls:
  certificate: demo
  default: { tls: required, max_connections: 7, max_recipients: 100, limit_apply_to: mx_address }
  domains:
    Partner.Example.: { tls: required-verify, certificate: own, recipients_interval: 5m }
    .gov.example: { max_messages_per_connection: 3 }
bounce_profiles:
  default: { max_retries: 3, send_delay_warning: true }
  long: { max_queue_time: 5d, delay_warning_after: 1d }
certificates: { own: { self_signed: true } }
`);
  const relayed = mail_flow_policies.get("RELAYED");
  assert.deepEqual([relayed?.action, relayed?.tls, relayed?.max_message_size], ["relay", "required", 2 * 1024 ** 3]);
  assert.deepEqual({ ...mail_flow_policies.get("EMPTY"), name: "default" }, mail_flow_policies.get("default"));
  const partner = destination_controls.domains.get("partner.example");
  assert.deepEqual([partner?.match, partner?.tls, partner?.max_connections], ["partner.example", "required-verify", 7]);
  const gov = destination_controls.domains.get(".gov.example");
  assert.deepEqual([gov?.tls, gov?.max_messages_per_connection], ["required", 3]);
  assert.deepEqual([destination_controls.default.certificate, partner?.certificate, gov?.certificate], [
    ...["demo", "own", "demo"],
  ]);
  assert.deepEqual([partner?.max_recipients, partner?.recipients_interval, partner?.limit_apply_to], [
    ...[100, 300_000, "mx_address"],
  ]);
  const long = bounce_profiles.get("long");
  assert.deepEqual([long?.send_delay_warning, long?.delay_warning_after], [true, 86_400_000]);
  assert.deepEqual([bounce_profiles.get("long")?.max_retries, bounce_profiles.get("long")?.max_queue_time], [
    3,
    5 * 86_400_000,
  ]);
});

Deno.test("loadConfig: senders are read from the source text, so that 10.1 and 10.10 differ", async () => {
  const { listeners: [{ sender_groups }] } = await config(listener(`    sender_groups:
      - { name: OWN, senders: [10.1, 10.10, 10, 192.168., 1e1, "::1", 2001:db8::/32, 10.0.0.1-9, Mail.example.test, .corp.test], policy: default }
      - { name: ALL, policy: default }
`));
  assert.deepEqual(sender_groups[0].senders.map(({ sender }) => sender), [
    "10.1",
    "10.10",
    "10",
    "192.168.",
    "1e1",
    "::1",
    "2001:db8::/32",
    "10.0.0.1-9",
    "Mail.example.test",
    ".corp.test",
  ]);
  assert.deepEqual(sender_groups.map((group) => group.line), [6, 7]);
  assert.deepEqual(sender_groups[1].senders, [{ sender: "ALL", line: 7 }]);
});

Deno.test("loadConfig: a sender group keeps its comments and conditions, and each entry its line", async () => {
  const { listeners: [{ sender_groups: [group, bare] }], mail_flow_policies } = await config(
    listener(`    sender_groups:
      - name: OWN
        comment: Everything of ours
        conditions: [no_ptr, ptr_mismatch]
        senders:
          - 10.0.0.0/8
          - { sender: 10.1, comment: branch office }
          - { sender: all }
          - dnslist[bl.example.test, 127.0.0.2, 127.0.0.4-8]
          - "certificate[Mail Gateway]"
        policy: default
      - { name: BARE, conditions: [ptr_lookup_failed], policy: VERIFY }
      - { name: ALL, policy: default }
mail_flow_policies:
  VERIFY: { verify_client_certificate: true, tls_required_for: [Example.Test, .sub.test, a@B.test], delayed_reject: true }
`),
  );
  assert.deepEqual(group, {
    name: "OWN",
    comment: "Everything of ours",
    conditions: ["no_ptr", "ptr_mismatch"],
    senders: [
      { sender: "10.0.0.0/8", line: 10 },
      { sender: "10.1", comment: "branch office", line: 11 },
      { sender: "ALL", line: 12 },
      { sender: "dnslist[bl.example.test, 127.0.0.2, 127.0.0.4-8]", line: 13 },
      { sender: "certificate[Mail Gateway]", line: 14 },
    ],
    policy: "default",
    line: 6,
  });
  assert.deepEqual([bare.senders, bare.conditions], [[], ["ptr_lookup_failed"]]);
  const { verify_client_certificate, tls_required_for, delayed_reject } = mail_flow_policies.get("VERIFY")!;
  assert.deepEqual([verify_client_certificate, tls_required_for, delayed_reject], [
    "required",
    ["example.test", ".sub.test", "a@b.test"],
    true,
  ]);
});

Deno.test("loadConfig: tables that are left out follow the listener's type; one that is written ends with a rejection", async () => {
  const { listeners } = await config(`version: 1
listeners:
  a: { address: 127.0.0.1:1, type: public }
  b: { address: 127.0.0.1:2, type: private }
  c: { address: 127.0.0.1:3, type: blackhole }
  d:
    address: 127.0.0.1:4
    type: private
    recipients: [{ address: Example.Test, action: accept }, { address: Bob@, action: accept }]
`);
  assert.deepEqual(listeners.map(({ recipients }) => recipients.map(({ address, action }) => `${address} ${action}`)), [
    ["ALL reject"],
    ["ALL accept"],
    ["ALL accept"],
    ["example.test accept", "Bob@ accept", "ALL reject"],
  ]);
  for (const { sender_groups } of listeners) {
    assert.deepEqual(
      sender_groups.map(({ name, senders, policy }) => ({
        name,
        senders: senders.map(({ sender }) => sender),
        policy,
      })),
      [
        { name: "ALL", senders: ["ALL"], policy: "default" },
      ],
    );
  }
});

Deno.test("loadConfig: names, certificates and paths are filled in", async () => {
  const { listeners, certificates, certificate_authorities, delivery, smtp_routes, tls } = await config(`version: 1
hostname: GW.Example.Test
storage: { directory: /var/lib/postern }
certificates:
  mx1: { certificate: tls/mx1.crt, key: /keys/mx1.key, intermediates: ../chain.pem }
certificate_authorities: { system: false, custom: [ca.pem], crls: [list.crl] }
listeners:
  a: { address: "[::1]:25", certificate: [mx1, demo, mx1], hostname: mx1.example.test }
  b: { address: 127.0.0.1:25 }
smtp_routes:
  .Inside.example: "[2001:DB8::1]:25"
delivery: { address: 127.0.0.1 }
tls:
  outbound_smtp: { methods: [TLSv1.3, TLSv1.2, TLSv1.2] }
  inbound_smtp: { methods: TLSv1.0 }
`);
  assert.deepEqual(listeners.map(({ hostname, certificate }) => [hostname, certificate]), [
    ["mx1.example.test", ["mx1", "demo"]],
    ["gw.example.test", ["demo"]],
  ]);
  assert.deepEqual(certificates.get("mx1"), {
    name: "mx1",
    self_signed: false,
    certificate: "/etc/postern/tls/mx1.crt",
    key: "/keys/mx1.key",
    intermediates: "/etc/chain.pem",
  });
  assert.deepEqual(certificate_authorities, {
    system: false,
    custom: ["/etc/postern/ca.pem"],
    crls: ["/etc/postern/list.crl"],
  });
  assert.deepEqual(delivery, { address: "127.0.0.1", hostname: "gw.example.test" });
  assert.deepEqual(smtp_routes.get(".inside.example"), [{ host: "2001:db8::1", port: 25 }]);
  assert.deepEqual([tls.outbound_smtp.methods, tls.inbound_smtp.methods], [["TLSv1.2", "TLSv1.3"], ["TLSv1.0"]]);
});

Deno.test("loadConfig: the snapshot cannot be changed", async () => {
  const { listeners, mail_flow_policies } = await config(listener(""));
  assert.throws(() => Object.assign(listeners[0].address, { port: 25 }), TypeError);
  assert.throws(() => Object.assign(mail_flow_policies.get("default")!, { tls: "off" }), TypeError);
});

const warned: { name: string; source: string; lines: string[] }[] = [
  {
    name: "parts of later releases are named once",
    source: listener(
      "admin: { history: 3 }\nalerts: {}\nservices: { syslog: { far: { server: 10.0.0.7:514 } }, ldap: { main: { urls: ldaps://a, base: b } }, call_ahead: { x: { servers: delivery_host } } }\nworkers: 4\nmetrics: { address: 127.0.0.1:9090 }\n",
    ),
    lines: [
      "7:102: services.call_ahead: warning: accepted but not built yet: services.call_ahead",
    ],
  },
  {
    name: "client services that are told what changes nothing",
    source: listener(
      "services:\n  syslog:\n    a: { server: 10.0.0.7:601, transport: tcp, certificate: demo }\n    b: { server: 10.0.0.7:6514, transport: tls, certificate: demo }\n",
    ),
    lines: [
      "7:61: services.syslog.a.certificate: warning: is shown to nobody over tcp; transport: tls",
    ],
  },
  {
    name: "addresses of the front that are taken already",
    source: "version: 1\nlisteners:\n  inbound: { address: 0.0.0.0:2525 }\n  other: { address: 127.0.0.1:9090 }\n" +
      "metrics: { address: 127.0.0.1:9090 }\nadmin: { address: 10.0.0.1:2525 }\n",
    lines: [
      "5:21: metrics.address: warning: is taken by listener other in line 4, so nothing is served there; another address or port",
      "6:19: admin.address: warning: is taken by listener inbound in line 3, so nothing is served there; another address or port",
    ],
  },
  {
    name: "groups and recipients behind ALL are named with both lines",
    source: listener(`    sender_groups:
      - { name: A, senders: [ALL], policy: default }
      - { name: B, senders: [10.0.0.0/8], policy: default }
      - { name: ALL, policy: default }
    recipients:
      - { address: ALL, action: reject }
      - { address: example.test, action: accept }
`),
    lines: [
      "7:9: listeners.inbound.sender_groups[1]: warning: can never be reached: line 6 takes all senders and this is line 7; put it above",
      "8:9: listeners.inbound.sender_groups[2]: warning: can never be reached: line 6 takes all senders and this is line 8; put it above",
      "11:9: listeners.inbound.recipients[1]: warning: can never be reached: line 10 takes it and this is line 11; put it above",
    ],
  },
  {
    name: "a sender in two groups and a network with bits behind its prefix",
    source: listener(`    sender_groups:
      - { name: A, senders: [10.0.0.1/8, mail.test], policy: default }
      - { name: B, senders: [Mail.test], policy: default }
      - { name: ALL, policy: default }
`),
    lines: [
      '6:30: listeners.inbound.sender_groups[0].senders[0]: warning: "10.0.0.1/8" has bits behind its prefix, which do not count; the network\'s first address',
      '7:30: listeners.inbound.sender_groups[1].senders[0]: warning: "Mail.test" stands in line 6 already, which wins; once',
    ],
  },
  {
    name: "certificate groups that nobody can get to, and variables that are none",
    source: listener(`    sender_groups:
      - { name: PARTNER, senders: ["certificate[mx.partner.test]"], policy: default }
      - { name: ALL, policy: BLOCKED }
mail_flow_policies:
  BLOCKED: { action: reject, reject_text: "5.7.1 $RemoteIP of $Groop", greeting_text: "$Hostname costs $5 and $more" }
`),
    lines: [
      "6:36: listeners.inbound.sender_groups[0].senders[0]: warning: a client that no group but ALL takes is refused before it can show a certificate; delayed_reject: true in that policy",
      '9:43: mail_flow_policies.BLOCKED.reject_text: warning: "$Groop" is no variable and stays as it is; did you mean $Group?',
      '9:87: mail_flow_policies.BLOCKED.greeting_text: warning: "$more" is no variable and stays as it is; known here: $Hostname, $RemoteIP, $Group, $HATEntry',
    ],
  },
  {
    name: "a certificate group of a listener without TLS",
    source: listener(`    sender_groups:
      - { name: PARTNER, senders: ["certificate[mx.partner.test]"], policy: default }
      - { name: ALL, policy: CLEAR }
mail_flow_policies:
  CLEAR: { tls: off }
`),
    lines: [
      "6:36: listeners.inbound.sender_groups[0].senders[0]: warning: a client that no group but ALL takes is offered no TLS, so it can show no certificate; tls: preferred in that policy",
    ],
  },
  {
    name: "a route that leads back to a listener, a next hop on the same port elsewhere does not",
    source: `version: 1
listeners:
  inbound: { address: 0.0.0.0:25, hostname: mx.example.test }
  hole: { address: 127.0.0.1:26, type: blackhole }
smtp_routes:
  a.test: ["127.0.0.1:25", "10.0.0.9:25", "mx.example.test:25", "127.0.0.1:26"]
`,
    lines: [
      "6:12: smtp_routes.a.test[0]: warning: leads back to listener inbound: mail would go in a circle; the next hop's address",
      "6:43: smtp_routes.a.test[2]: warning: leads back to listener inbound: mail would go in a circle; the next hop's address",
    ],
  },
  {
    name: "an open relay",
    source: `version: 1
listeners:
  inbound:
    address: 0.0.0.0:25
    sender_groups: [{ name: ALL, policy: RELAYED }]
mail_flow_policies: { RELAYED: { action: relay } }
`,
    lines: [
      '5:42: listeners.inbound.sender_groups[0].policy: warning: "RELAYED" relays for everyone: an open relay; a policy with action accept',
    ],
  },
  {
    name: "a delay warning that comes after the bounce",
    source: listener("bounce_profiles: { slow: { send_delay_warning: true, max_queue_time: 4h } }\n"),
    lines: [
      "5:20: bounce_profiles.slow: warning: no destination has this profile; leave it out",
      "5:70: bounce_profiles.slow.max_queue_time: warning: warns nobody: the message bounces first; delay_warning_after below max_queue_time",
    ],
  },
  {
    name: "a first wait that is longer than the longest",
    source: listener(
      "bounce_profiles: { slow: { initial_retry: 2h } }\ndestination_controls: { default: { bounce_profile: slow } }\n",
    ),
    lines: [
      "5:43: bounce_profiles.slow.initial_retry: warning: is above max_retry_interval, which counts; at most max_retry_interval",
    ],
  },
];

for (const { name, source, lines } of warned) {
  Deno.test(`loadConfig: warns about ${name}`, async () => {
    assert.deepEqual(await warnings(source), lines.map((line) => `/etc/postern/config.yaml:${line}`));
  });
}

Deno.test("loadConfig: a machine's name that is no domain name is replaced, with a warning", async () => {
  const result = await loadSource(listener(""), { ...world, hostname: "my machine" });
  assert.ok(result.ok);
  assert.equal(result.config.hostname, "localhost");
  assert.match(result.warnings.map(warningText).join(), /hostname: warning: the machine's name is no domain name/);
});

Deno.test("loadConfig: a file that is not there, a folder, one that is too large, one that is not UTF-8", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/large`, new Uint8Array(limits.configOctetsMax + 1).fill(0x23));
    await Deno.writeFile(`${folder}/latin1`, Uint8Array.of(0x23, 0xe4, 0x0a));
    const cause = async (name: string) => {
      const result = await loadConfig(`${folder}/${name}`, world);
      assert.ok(!result.ok);
      assert.equal(result.errors.length, 1);
      const [{ file, line, column, path, text }] = result.errors;
      assert.deepEqual([file, line, column, path], [`${folder}/${name}`, 1, 1, "config"]);
      return text;
    };
    assert.match(await cause("absent"), /^no such file; /);
    assert.match(await cause(""), /^is a folder; /);
    assert.match(await cause("large"), /^is larger than 16777216 octets; /);
    assert.match(await cause("latin1"), /^is not UTF-8; /);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadConfig: the contract's example of listeners and policies is taken", async () => {
  const example = `version: 1
hostname: gw.example.test
storage: { directory: ./data }
listeners:
  inbound:
    type: public
    address: 127.0.0.1:2525
    transport: starttls
    hostname: mx1.example.test
    certificate: demo
    max_connections: 1000
    sender_groups:
      - { name: RELAYLIST, senders: [10.0.0.0/8, 127.0.0.1, "::1", ".corp.example.test"], policy: RELAYED }
      - { name: BLOCKLIST, senders: [192.0.2.0/24], policy: BLOCKED }
      - { name: ALL, policy: ACCEPTED }
    recipients:
      - { address: example.test, action: accept }
      - { address: ALL, action: reject }
mail_flow_policies:
  ACCEPTED: {}
  RELAYED: { action: relay }
  THROTTLED: { max_recipients_per_hour: 20 }
  BLOCKED: { action: reject }
`;
  const { config } = await load(example);
  const throttled = config.mail_flow_policies.get("THROTTLED");
  assert.deepEqual([throttled?.max_recipients_per_hour, throttled?.max_invalid_recipients_per_hour], [20, 25]);
});

Deno.test("loadConfig: files are named even by a configuration that is refused, so that they can be watched", async () => {
  const source = "version: 1\nnonsense: 1\ncertificates: { a: { certificate: a.crt, key: a.key } }\n";
  const result = await loadSource(source, world);
  assert.equal(result.ok, false);
  assert.deepEqual(result.files, ["/etc/postern/config.yaml", "/etc/postern/a.crt", "/etc/postern/a.key"]);
  assert.deepEqual((await loadConfig("/absent/config.yaml", world)).files, ["/absent/config.yaml"]);
});

Deno.test("loadSource: prepare is called for a configuration without faults only, and what it finds gets its place", async () => {
  const prepared: string[] = [];
  const prepare = (config: Config) => {
    prepared.push(config.listeners.map(({ name }) => name).join());
    return Promise.resolve({
      errors: [{ path: ["listeners", "inbound", "address"], at: "value" as const, text: "is in use; another port" }],
      warnings: [],
    });
  };
  const checkTls = () => Promise.resolve({ errors: [], warnings: [] });
  const good = await loadSource(listener(""), { ...world, checkTls, prepare });
  assert.ok(!good.ok);
  assert.deepEqual(good.errors.map(faultText), [
    "/etc/postern/config.yaml:4:14: listeners.inbound.address: is in use; another port",
  ]);
  assert.equal((await loadSource(listener("nonsense: 1\n"), { ...world, checkTls, prepare })).ok, false);
  assert.deepEqual(prepared, ["inbound"]);
});

Deno.test("checkCommand: a valid file is exit code 0, warnings go to standard error", async () => {
  const out: string[] = [];
  const err: string[] = [];
  const code = await checkCommand({
    file: "c.yaml",
    load: (file) => loadSource("version: 1\n", { ...world, file }),
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  assert.deepEqual([code, out, err], [0, ["c.yaml: valid"], [
    "c.yaml:1:1: listeners: warning: no listener is set, so no mail comes in; one under listeners",
  ]]);
});

Deno.test("schema.json: is what `deno task schema` writes", async () => {
  const file = new URL("../../config/schema.json", import.meta.url);
  assert.equal(await Deno.readTextFile(file), jsonSchemaText());
});

Deno.test("schema.json: every key has a description", () => {
  const bare: string[] = [];
  const visit = (schema: Record<string, unknown>, path: string) => {
    for (const [key, value] of Object.entries(schema.properties as Record<string, Record<string, unknown>> ?? {})) {
      if (typeof value.description !== "string") bare.push(`${path}.${key}`);
      visit(value, `${path}.${key}`);
    }
    for (const part of ["additionalProperties", "items"] as const) {
      if (typeof schema[part] === "object") visit(schema[part] as Record<string, unknown>, `${path}.*`);
    }
  };
  visit(JSON.parse(jsonSchemaText()), "");
  assert.deepEqual(bare, []);
});

Deno.test("loadSource: a file that takes more memory while it is changed than connections leave it is warned about", async () => {
  const long = `version: 1\n# ${"-".repeat(2 * 2 ** 20)}\n`;
  const about = async (text: string) => {
    const result = await loadSource(text, world);
    return result.warnings.map(warningText).filter((line) => line.includes("max_memory"));
  };
  const [line, ...rest] = await about(long);
  assert.match(
    line,
    /limits\.max_memory: warning: is less than a file of this length takes .*; 2G, where the machine has it$/,
  );
  assert.deepEqual(rest, []);
  assert.deepEqual(await about(`${long}limits: { max_memory: 2G }\n`), []);
  assert.deepEqual(await about("version: 1\n"), []);
});
