import assert from "node:assert/strict";
import type { MailFlowPolicy, RecipientRule, SenderGroup } from "../../src/config/config.ts";
import { compileTables, judgeConnection, type ListenerTables, mustUseTls } from "../../src/policy/judge.ts";
import { RecipientTable } from "../../src/policy/recipient_table.ts";
import { SenderTable } from "../../src/policy/sender_table.ts";

function groups(...rows: [name: string, policy: string, ...senders: string[]][]): SenderGroup[] {
  return rows.map(([name, policy, ...senders], line) => ({
    name,
    policy,
    senders: senders.map((sender) => ({ sender, line })),
    conditions: [],
    line,
  }));
}

function rules(...rows: [address: string, action: "accept" | "reject"][]): RecipientRule[] {
  return rows.map(([address, action], line) => ({ address, action, line }));
}

const table = new SenderTable(groups(
  ["ONE", "p", "10.0.0.1", "2001:db8::1"],
  ["RANGES", "p", "10.1.0.5-10.1.0.9", "10.1.0.20-25", "10.2.", "2001:db8:1::/48"],
  ["NET", "p", "10.0.0.0/8", "192.0.2.128/25"],
  ["NAMES", "p", "mail.example.com", ".example.org", "203.0.113.1"],
  ["ALL", "p", "ALL"],
));

// deno-fmt-ignore
const senders: [address: string, host: string | undefined, verified: boolean, group: string, pattern: string][] = [
  ["10.0.0.1", undefined, false, "ONE", "10.0.0.1"],
  ["::ffff:10.0.0.1", undefined, false, "ONE", "10.0.0.1"],
  ["2001:DB8:0::1", undefined, false, "ONE", "2001:db8::1"],
  ["10.1.0.4", undefined, false, "NET", "10.0.0.0/8"],
  ["10.1.0.5", undefined, false, "RANGES", "10.1.0.5-10.1.0.9"],
  ["10.1.0.9", undefined, false, "RANGES", "10.1.0.5-10.1.0.9"],
  ["10.1.0.22", undefined, false, "RANGES", "10.1.0.20-25"],
  ["10.2.255.255", undefined, false, "RANGES", "10.2."],
  ["2001:db8:1:ffff::", undefined, false, "RANGES", "2001:db8:1::/48"],
  ["2001:db8:2::", undefined, false, "ALL", "ALL"],
  ["11.0.0.0", undefined, false, "ALL", "ALL"],
  ["192.0.2.127", undefined, false, "ALL", "ALL"],
  ["192.0.2.128", undefined, false, "NET", "192.0.2.128/25"],
  ["203.0.113.9", "mail.example.com", true, "NAMES", "mail.example.com"],
  ["203.0.113.9", "MAIL.Example.Com.", true, "NAMES", "mail.example.com"],
  // Whoever owns an address can claim any name.
  ["203.0.113.9", "mail.example.com", false, "ALL", "ALL"],
  ["203.0.113.9", "x.mail.example.com", true, "ALL", "ALL"],
  ["203.0.113.9", "a.b.example.org", true, "NAMES", ".example.org"],
  ["203.0.113.9", "example.org", true, "ALL", "ALL"],
  ["203.0.113.9", "badexample.org", true, "ALL", "ALL"],
  ["203.0.113.1", "mail.example.com", true, "NAMES", "mail.example.com"],
  ["203.0.113.1", undefined, false, "NAMES", "203.0.113.1"],
];

Deno.test("SenderTable.match finds the first group, and the first entry in it", () => {
  for (const [address, host, verified, group, pattern] of senders) {
    const match = table.match({ address, host, verified }, () => true);
    assert.deepEqual([match?.group, match?.pattern], [group, pattern], `${address} ${host} ${verified}`);
  }
});

Deno.test("SenderTable knows whether names can decide", () => {
  assert.equal(table.needsNames, true);
  assert.equal(new SenderTable(groups(["ALL", "p", "10.0.0.0/8", "ALL"])).needsNames, false);
});

Deno.test("SenderTable takes no entry that it cannot read: it might be a block", () => {
  assert.throws(
    () => new SenderTable(groups(["BLOCK", "p", "10.0.0.300"])),
    /Cannot match senders of BLOCK: 10\.0\.0\.300/,
  );
});

function policy(name: string, action: MailFlowPolicy["action"]): MailFlowPolicy {
  return {
    name,
    action,
    tls: "off",
    tls_required_for: [],
    verify_client_certificate: false,
    max_message_size: 1,
    max_messages_per_connection: 1,
    max_recipients_per_message: 1,
    max_connections_per_ip: 1,
    max_recipients_per_hour: 0,
    max_recipients_per_hour_per_sender: 0,
    max_invalid_recipients_per_hour: 0,
    auth: "off",
    auth_requires_tls: true,
    auth_relay: true,
    max_auth_failures_per_hour: 0,
    bare_line_feed: "reject",
    reject_code: 550,
    reject_text: "5.7.1 Go away",
    delayed_reject: false,
    greeting_text: "ESMTP",
  };
}

const policies = new Map(
  (["accept", "relay", "reject", "tcp_refuse", "continue"] as const).map((action) => [action, policy(action, action)]),
);

function tables(...rows: [string, string, ...string[]][]): ListenerTables {
  return {
    hostname: "gw.example.test",
    tlsSenders: new Map(),
    senders: new SenderTable(groups(...rows)),
    recipients: new RecipientTable(rules(["example.test", "accept"], ["ALL", "reject"])),
    policies,
  };
}

const client = { address: "192.0.2.7", host: undefined, verified: false };

Deno.test("judgeConnection turns each action into a verdict", () => {
  for (
    const [action, kind, relay] of [
      ["accept", "take", false],
      ["relay", "take", true],
      ["reject", "answer", undefined],
      ["tcp_refuse", "hang_up", undefined],
    ] as const
  ) {
    const verdict = judgeConnection(tables(["NEXT", "continue", "ALL"], ["ALL", action, "ALL"]), client);
    assert.equal(verdict.kind, kind);
    assert.equal(verdict.match.group, "ALL");
    if (verdict.kind === "take") assert.equal(verdict.relay, relay);
    if (verdict.kind === "answer") assert.deepEqual(verdict.reply, { code: 550, lines: ["5.7.1 Go away"] });
  }
});

Deno.test("judgeConnection lets nobody in by accident", () => {
  assert.throws(() => judgeConnection(tables(["NET", "accept", "10.0.0.0/8"]), client), /no sender group/);
  assert.throws(() => judgeConnection(tables(["ALL", "continue", "ALL"]), client), /no sender group/);
  assert.throws(() => judgeConnection(tables(["ALL", "missing", "ALL"]), client), /no sender group/);
});

Deno.test("judgeConnection fills the texts of a policy in, and says whether a rejection waits", () => {
  const policies = new Map([["reject", {
    ...policy("reject", "reject"),
    reject_text: "5.7.1 $RemoteIP in $Group by $HATEntry, ask $Hostname",
    greeting_text: "ESMTP for $RemoteIP",
    delayed_reject: true,
  }]]);
  const verdict = judgeConnection({ ...tables(["ALL", "reject", "192.0.2.0/24", "ALL"]), policies }, client);
  assert.ok(verdict.kind === "answer");
  assert.deepEqual(verdict.reply.lines, ["5.7.1 192.0.2.7 in ALL by 192.0.2.0/24, ask gw.example.test"]);
  assert.equal(verdict.greeting, "ESMTP for 192.0.2.7");
  assert.equal(verdict.delayed, true);
});

Deno.test("mustUseTls knows the senders of a policy", () => {
  const named = {
    ...policy("P", "accept"),
    tls_required_for: ["bank.test", ".gov.test", "ceo@example.test", "legal@"],
  };
  const everyone = { ...policy("E", "accept"), tls_required_for: ["ALL"] };
  const listener = {
    name: "inbound",
    type: "public",
    address: { address: "127.0.0.1", port: 25 },
    transport: "starttls",
    hostname: "gw.example.test",
    certificate: ["demo"],
    max_connections: 1,
    sender_groups: groups(["ALL", "P", "ALL"]),
    recipients: [],
    recipient_validation: null,
  } as const;
  const compiled = compileTables(listener, new Map([["P", named], ["E", everyone], ["N", policy("N", "accept")]]));
  const rows: [policy: string, sender: string, must: boolean][] = [
    ["P", "a@bank.test", true],
    ["P", "A@BANK.test", true],
    ["P", "a@sub.bank.test", false],
    ["P", "a@x.gov.test", true],
    ["P", "a@gov.test", false],
    ["P", "CEO@example.test", true],
    ["P", "a@example.test", false],
    ["P", "legal@anywhere.test", true],
    ["P", "", false],
    ["E", "", true],
    ["E", "a@b.test", true],
    ["N", "a@bank.test", false],
    ["missing", "a@bank.test", false],
  ];
  for (const [policy, sender, must] of rows) {
    assert.equal(mustUseTls(compiled, { policy, sender }), must, `${policy} <${sender}>`);
  }
});
