/**
 * Traces: facts in, verdict and deciding lines out.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { loadSource } from "../../src/config/load.ts";
import { type Trace, trace, type TraceQuestion } from "../../src/explain/trace.ts";
import { traceLines } from "../../src/explain/trace_text.ts";

const file = "config.yaml";

const source = `version: 1
hostname: gw.example.test
listeners:
  inbound:
    address: 127.0.0.1:2525
    sender_groups:
      - { name: RELAYLIST, senders: [10.0.0.0/8, .corp.example.test], policy: RELAYED }
      - { name: SEEN, senders: [192.0.2.0/24], policy: ON }
      - name: BLOCKLIST
        policy: BLOCKED
        senders:
          - 203.0.113.9
          - .bad.example
      - { name: DROPLIST, senders: [203.0.113.10], policy: DROPPED }
      - { name: PARTNER, senders: [.partner.example], policy: SECURE }
      - { name: ALL, policy: ACCEPTED }
    recipients:
      - { address: nobody@example.test, action: reject }
      - { address: example.test, action: accept }
      - { address: .example.test, action: accept }
      - { address: partner.example, action: accept }
  direct:
    address: 127.0.0.1:4650
    transport: smtps
  sink:
    type: blackhole
    address: 127.0.0.1:2526
mail_flow_policies:
  default: { max_message_size: 20M }
  ACCEPTED: {}
  RELAYED: { action: relay }
  ON: { action: continue }
  BLOCKED:
    action: reject
    reject_text: "5.7.1 Not you"
  DROPPED: { action: tcp_refuse }
  SECURE: { tls: required, max_message_size: 30M }
smtp_routes:
  example.test: ["10.0.0.5:25", "mail2.example.test:25"]
  .example.test: "127.0.0.1:2526"
destination_controls:
  default: { max_connections: 20 }
  domains:
    partner.example: { tls: required-verify, verify_names: mx }
`;

const loaded = await loadSource(source, { file, hostname: "gw.example.test", generation: 1 });
if (!loaded.ok) throw new Error(loaded.errors.map(({ line, text }) => `${line}: ${text}`).join("\n"));
const { config, said } = loaded;

type Client =
  & Partial<TraceQuestion["client"]>
  & { listener?: string; lists?: Record<string, string[]>; tlsHeader?: boolean };

async function traced({ listener = "inbound", lists = {}, tlsHeader, ...client }: Client): Promise<Trace> {
  return await trace({
    config,
    source: said,
    listener,
    client: {
      address: "198.51.100.7",
      name: { host: undefined, verified: false },
      from: "a@example.net",
      to: ["b@example.test"],
      ...client,
    },
    nameFrom: "as given",
    tlsHeader,
    lists: (_address, zones) => Promise.resolve(new Map(zones.map((zone) => [zone, lists[zone] ?? []]))),
    recipients: { check: ({ service }) => Promise.resolve({ kind: "known", by: service }) },
    clock: systemClock,
    random: systemRandom,
  });
}

const named = (host: string, verified = true) => ({ name: { host, verified } });

const verdicts: { what: string; client: Client; accepted: boolean; text: RegExp; group: string; line: number }[] = [
  {
    what: "a client that no group names",
    client: {},
    accepted: true,
    text: /^accepted: b@example\.test goes to 10\.0\.0\.5:25 first, of 2 hosts under TLS level preferred$/,
    group: "ALL takes it by ALL",
    line: 16,
  },
  {
    what: "an own server",
    client: { address: "10.1.2.3", to: ["x@anywhere.example"] },
    accepted: true,
    text: /x@anywhere\.example goes to the MX of anywhere\.example under TLS level preferred$/,
    group: "RELAYLIST takes it by 10.0.0.0/8",
    line: 7,
  },
  {
    what: "an address on a list of its own lines",
    client: { address: "203.0.113.9" },
    accepted: false,
    text: /^refused at the greeting: 554 5\.7\.1 Not you$/,
    group: "BLOCKLIST takes it by 203.0.113.9",
    line: 12,
  },
  {
    what: "a verified name",
    client: named("mail.bad.example"),
    accepted: false,
    text: /^refused at the greeting: 554/,
    group: "BLOCKLIST takes it by .bad.example",
    line: 13,
  },
  {
    what: "a name that is not verified",
    client: named("mail.bad.example", false),
    accepted: true,
    text: /^accepted/,
    group: "ALL takes it by ALL",
    line: 16,
  },
  {
    what: "a client that is dropped",
    client: { address: "203.0.113.10" },
    accepted: false,
    text: /^refused at the greeting: the connection is closed$/,
    group: "DROPLIST takes it by 203.0.113.10",
    line: 14,
  },
  {
    what: "a partner without TLS",
    client: named("mail.partner.example"),
    accepted: false,
    text: /^refused at MAIL: 530 5\.7\.0 Must issue a STARTTLS command first$/,
    group: "PARTNER takes it by .partner.example",
    line: 15,
  },
  {
    what: "a partner with TLS",
    client: { ...named("mail.partner.example"), tls: "TLSv1.3" },
    accepted: true,
    text: /^accepted/,
    group: "PARTNER takes it by .partner.example",
    line: 15,
  },
  {
    what: "a partner with a version that is switched off",
    client: { ...named("mail.partner.example"), tls: "TLSv1.0" },
    accepted: false,
    text: /^refused: TLS failed, TLSv1\.0 is not among tls\.inbound_smtp\.methods$/,
    group: "PARTNER takes it by .partner.example",
    line: 15,
  },
  {
    what: "a recipient of no domain of ours",
    client: { to: ["b@elsewhere.example"] },
    accepted: false,
    text: /^refused: b@elsewhere\.example is refused: 550 5\.1\.0 <b@elsewhere\.example> Address rejected$/,
    group: "ALL takes it by ALL",
    line: 16,
  },
  {
    what: "one recipient of two",
    client: { to: ["nobody@example.test", "c@sub.example.test"] },
    accepted: false,
    text: /^refused: nobody@example\.test is refused: 550 .*; c@sub\.example\.test goes to 127\.0\.0\.1:2526 under/,
    group: "ALL takes it by ALL",
    line: 16,
  },
  {
    what: "a client without sender and recipient",
    client: { from: undefined, to: [] },
    accepted: true,
    text: /^accepted: the client may send$/,
    group: "ALL takes it by ALL",
    line: 16,
  },
  {
    what: "a client of the blackhole",
    client: { listener: "sink" },
    accepted: true,
    text: /^accepted: b@example\.test is thrown away: the listener is a blackhole$/,
    group: "ALL takes it by ALL",
    line: 25,
  },
  {
    what: "a client in clear where TLS is from the first byte",
    client: { listener: "direct" },
    accepted: false,
    text: /^refused at the greeting: TLS failed, the client speaks no TLS$/,
    group: "ALL takes it by ALL",
    line: 22,
  },
];

for (const { what, client, accepted, text, group, line } of verdicts) {
  Deno.test(`trace judges ${what}`, async () => {
    const { verdict, decisions } = await traced(client);
    assert.match(verdict.text, text);
    assert.equal(verdict.accepted, accepted);
    const decided = decisions.find(({ step }) => step === "group");
    assert.deepEqual([decided?.text, decided?.line], [group, line]);
  });
}

function notesOf({ decisions }: Trace, step: string): string[] {
  const found = decisions.find((decision) => decision.step === step);
  assert.ok(found !== undefined, `no decision about ${step}`);
  return found.notes.map(({ text, line, ...rest }) =>
    `${text} [${"from" in rest ? `${rest.from} ` : ""}${line ?? "-"}]`
  );
}

Deno.test("trace says why the groups above did not match", async () => {
  const notes = notesOf(await traced({ address: "192.0.2.1", ...named("mail.bad.example", false) }), "group");
  assert.deepEqual(notes, [
    "RELAYLIST does not match: 10.0.0.0/8, .corp.example.test [7]",
    "SEEN has 192.0.2.0/24, and its policy ON says continue [8]",
    "BLOCKLIST has the name mail.bad.example, which counts only where it is verified [9]",
    "DROPLIST does not match: 203.0.113.10 [14]",
    "PARTNER does not match: .partner.example [15]",
  ]);
});

Deno.test("trace tells each value of a policy and where it comes from", async () => {
  const partner = await traced({ ...named("mail.partner.example"), tls: "TLSv1.2" });
  const keys = notesOf(partner, "policy");
  assert.ok(keys.includes("tls: required [own 37]"), keys.join("\n"));
  assert.ok(keys.includes("action: accept [built-in -]"));
  assert.ok(notesOf(partner, "limits").includes("max_message_size: 30M [own 37]"));
  assert.ok(notesOf(await traced({}), "limits").includes("max_message_size: 20M [default 29]"));
});

Deno.test("trace follows a recipient to its destination control, level and names", async () => {
  const { decisions } = await traced({ to: ["b@partner.example"] });
  const lines = decisions.map(({ step, text, line }) => `${step}: ${text} [${line ?? "-"}]`);
  const from = lines.findIndex((line) => line.startsWith("recipient"));
  assert.deepEqual(lines.slice(from), [
    "recipient: b@partner.example is taken; partner.example says accept [21]",
    "route: partner.example has no entry in smtp_routes, so it goes by MX [-]",
    "hosts: not looked up: the DNS is not asked [-]",
    "destination: entry partner.example [44]",
    "level: required-verify: without STARTTLS deferred; a failed handshake: deferred; an unverified certificate: deferred [-]",
    "names: verify_names mx: partner.example or the name of the MX host [-]",
    "certificate: none is shown [-]",
    "bounces: profile default [-]",
  ]);
});

Deno.test("trace raises the level where the message demands TLS, and heeds the header of relays only", async () => {
  const level = ({ decisions }: Trace) => decisions.find(({ step }) => step === "level")?.text.split(":")[0];
  const to = ["b@example.test"];
  assert.equal(level(await traced({ to, tls: "TLSv1.3", requireTls: true })), "required-verify");
  assert.equal((await traced({ to, requireTls: true })).verdict.accepted, false, "REQUIRETLS in clear");
  assert.equal(level(await traced({ to, address: "10.1.1.1", tlsHeader: true })), "required");
  assert.equal(level(await traced({ to, tlsHeader: true })), "preferred");
});

Deno.test("trace shows the dialogue of the gateway itself", async () => {
  const { dialogue, log } = await traced({ ...named("mail.partner.example"), tls: "TLSv1.3" });
  assert.deepEqual(
    dialogue.map(({ command, reply }) => [command, reply.at(-1)]),
    [
      ["", "220 gw.example.test ESMTP"],
      ["EHLO mail.partner.example", "250 CHUNKING"],
      ["STARTTLS", "220 2.0.0 Ready to start TLS"],
      ["EHLO mail.partner.example", "250 CHUNKING"],
      ["MAIL FROM:<a@example.net>", "250 2.1.0 Sender ok"],
      ["RCPT TO:<b@example.test>", "250 2.1.5 Recipient ok"],
      ["QUIT", "221 2.0.0 Bye"],
    ],
  );
  assert.ok(log.includes("ICID 1 ACCEPT SG PARTNER match .partner.example"), log.join("\n"));
});

Deno.test("traceLines puts the place behind each decision and built-in values on one line", async () => {
  const lines = traceLines(await traced({ address: "203.0.113.9" }), "etc/config.yaml");
  assert.ok(lines.includes("group       BLOCKLIST takes it by 203.0.113.9  [etc/config.yaml:12]"), lines.join("\n"));
  assert.ok(lines.includes("              action: reject  [etc/config.yaml:34]"));
  assert.equal(lines.filter((line) => line.includes("built in: ")).length, 1);
  assert.equal(lines.at(-1), "verdict     refused at the greeting: 554 5.7.1 Not you");
});
