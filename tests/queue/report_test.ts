/**
 * Reports: who gets one, and each field of it, read back by a parser of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Octets, octets, textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Notify, Recipient } from "../../src/mail/envelope.ts";
import type { Outcome } from "../../src/mail/outcome.ts";
import { type Action, fromAddressXtext, fromXtext, originalRecipient, wantedReports } from "../../src/queue/bounce.ts";
import { buildReport, headerOf, type ReportFacts, statusOf } from "../../src/queue/report.ts";
import { latin, parsedReport as parsed, utf8 } from "../support/dsn.ts";
import { deferred, delivered, leaseOne, put, refused, rule, World } from "./world.ts";

const receivedAt = Date.UTC(2025, 10, 22, 1, 20);
const facts = (over: Partial<ReportFacts> = {}): ReportFacts => ({
  hostname: "gw.example.test",
  mid: 9,
  envelope: { mid: 3, sender: "a@example.com", eightBit: false, smtputf8: false, receivedAt },
  recipients: [{
    recipient: { rid: 0, address: "b@example.test" },
    outcome: refused(0),
    action: "failed",
    expired: false,
  }],
  returned: { whole: true, text: octets("Subject: x\r\n\r\nbody\r\n") },
  now: receivedAt + 60_000,
  random: seededRandom(1),
  ...over,
});

Deno.test("buildReport says everything a failed recipient's report must have", async () => {
  const report = await buildReport(facts({
    envelope: {
      mid: 3,
      sender: "a@example.com",
      eightBit: false,
      smtputf8: false,
      receivedAt,
      envid: "id+3D+2B1",
    },
    recipients: [{
      recipient: { rid: 0, address: "b@example.test", orcpt: "rfc822;B+2Bx@old.test" },
      outcome: refused(0),
      action: "failed",
      expired: false,
    }],
  }));
  assert.deepEqual([report.eightBit, report.smtputf8], [false, false]);
  const { fields, parts, status } = parsed(report.text);
  assert.equal(fields.from, "Mail Delivery System <MAILER-DAEMON@gw.example.test>");
  assert.equal(fields.to, "a@example.com");
  assert.equal(fields["auto-submitted"], "auto-replied");
  assert.equal(fields.date, "Sat, 22 Nov 2025 01:21:00 +0000");
  assert.match(fields["message-id"], /^<9\.[0-9a-f]{24}@gw\.example\.test>$/);
  assert.equal(fields["mime-version"], "1.0");
  assert.deepEqual(parts.map(({ type }) => type), ["text/plain", "message/delivery-status", "message/rfc822"]);
  assert.match(parts[0].body, /<b@example\.test>\r\n {4}mx\.example\.test: 550 5\.1\.1 no such user/);
  assert.equal(parts[2].body, "Subject: x\r\n\r\nbody\r\n");
  assert.deepEqual(status, [
    {
      "original-envelope-id": "id=+1",
      "reporting-mta": "dns; gw.example.test",
      "arrival-date": "Sat, 22 Nov 2025 01:20:00 +0000",
    },
    {
      "original-recipient": "rfc822; B+x@old.test",
      "final-recipient": "rfc822; b@example.test",
      "action": "failed",
      "status": "5.1.1",
      "remote-mta": "dns; mx.example.test",
      "diagnostic-code": "smtp; 550 5.1.1 no such user",
      "last-attempt-date": "Sat, 22 Nov 2025 01:21:00 +0000",
    },
  ]);
});

Deno.test("buildReport puts recipients with different ends into one report", async () => {
  const { status, fields } = parsed(
    (await buildReport(facts({
      recipients: [
        {
          recipient: { rid: 0, address: "b@example.test" },
          outcome: delivered(0, true),
          action: "relayed",
          expired: false,
        },
        { recipient: { rid: 1, address: "c@example.test" }, outcome: deferred(1), action: "failed", expired: true },
        { recipient: { rid: 2, address: "d@example.test" }, outcome: deferred(2), action: "delayed", expired: false },
      ],
    }))).text,
  );
  assert.equal(fields.subject, "Undelivered mail returned to sender");
  assert.deepEqual(status.slice(1).map((each) => [each.action, each.status, each["diagnostic-code"]]), [
    ["relayed", "2.0.0", "smtp; 250 2.0.0 Ok"],
    ["failed", "5.4.7", "x-postern; Connection refused"],
    ["delayed", "4.4.1", "x-postern; Connection refused"],
  ]);
});

Deno.test("buildReport gives a reply no way to add a field, a line or a part", async () => {
  const nasty = [
    "x\r\nAction: delivered",
    "x\n\n--boundary",
    "x\u2028Status: 2.0.0",
    "\x1b[2Jgone",
    "w".repeat(5000),
    "é".repeat(2000),
    "\u{1f600} ".repeat(300),
    " ".repeat(500),
  ];
  for (const text of nasty) {
    const outcome = refused(0, text);
    if (outcome.host !== undefined) outcome.host = { ...outcome.host, name: text };
    const recipient = { rid: 0, address: "b@example.test", orcpt: `rfc822;${text}` };
    const made = await buildReport(facts({
      envelope: { ...facts().envelope, envid: text },
      recipients: [{ recipient, outcome, action: "failed", expired: false }],
    }));
    const { status, parts } = parsed(made.text);
    assert.equal(parts.length, 3);
    assert.deepEqual(status.map((each) => each.action), [undefined, "failed"]);
    assert.equal(status[1].status, "5.1.1");
    // deno-lint-ignore no-control-regex
    assert.ok(!/[\x00-\x08\x0b-\x1f\x7f]/.test(latin(made.text).replaceAll("\r\n", "")), "a control character");
  }
});

Deno.test("buildReport uses the global types where an address is not ASCII, and SMTPUTF8 only for the sender's own", async () => {
  const text = octets("Subject: ä\r\n\r\nö\r\n");
  // sender, recipient, SMTPUTF8 was said, whole → types, report needs SMTPUTF8
  const cases: [string, string, boolean, boolean, string[], boolean][] = [
    ["a@example.com", "ü@x.test", true, true, ["message/global-delivery-status", "message/global"], false],
    ["a@example.com", "ü@x.test", true, false, ["message/global-delivery-status", "message/global-headers"], false],
    ["ä@example.com", "b@x.test", true, true, ["message/global-delivery-status", "message/global"], true],
    ["a@example.com", "b@x.test", true, true, ["message/delivery-status", "message/global"], false],
    ["a@example.com", "b@x.test", false, true, ["message/delivery-status", "message/rfc822"], false],
    ["a@example.com", "b@x.test", false, false, ["message/delivery-status", "text/rfc822-headers"], false],
  ];
  for (const [sender, address, smtputf8, whole, types, needed] of cases) {
    const report = await buildReport(facts({
      envelope: { mid: 3, sender, eightBit: true, smtputf8, receivedAt },
      recipients: [{ recipient: { rid: 0, address }, outcome: refused(0), action: "failed", expired: false }],
      returned: { whole, text: whole ? text : headerOf(text) },
    }));
    const { parts, status, fields } = parsed(report.text);
    assert.deepEqual(parts.slice(1).map(({ type }) => type), types);
    assert.equal(report.smtputf8, needed);
    assert.equal(report.eightBit, report.text.some((octet) => octet > 127));
    assert.equal(utf8(parts[2].body), whole ? textOf(text) : textOf(headerOf(text)));
    assert.equal(status[1]["final-recipient"], `${/^\p{ASCII}*$/u.test(address) ? "rfc822" : "utf-8"}; ${address}`);
    assert.equal(utf8(fields.to), sender);
  }
});

Deno.test("buildReport says so where the message cannot be read", async () => {
  const { parts } = parsed((await buildReport(facts({ returned: undefined }))).text);
  assert.equal(parts.length, 2);
  assert.match(parts[0].body, /could not be read/);
});

Deno.test("wantedReports honours NOTIFY for every action", () => {
  const outcome = refused(0);
  const wants: [Notify[] | undefined, Action[]][] = [
    [undefined, ["failed", "delayed"]],
    [["NEVER"], []],
    [["FAILURE"], ["failed"]],
    [["DELAY"], ["delayed"]],
    [["SUCCESS"], ["delivered", "relayed"]],
    [["SUCCESS", "FAILURE"], ["failed", "delivered", "relayed"]],
    [["SUCCESS", "FAILURE", "DELAY"], ["failed", "delayed", "delivered", "relayed"]],
  ];
  for (const [notify, actions] of wants) {
    const recipient: Recipient = { rid: 0, address: "b@example.test", ...(notify && { notify }) };
    const all = (["failed", "delayed", "delivered", "relayed"] as const)
      .map((action) => ({ recipient, outcome, action, expired: false }));
    assert.deepEqual(wantedReports(all).map(({ action }) => action), actions, String(notify));
  }
});

Deno.test("statusOf has the class of the action, and the detail of the last words", () => {
  const recipient = { rid: 0, address: "b@example.test" };
  const reply = (code: number, enhanced?: string): Outcome => ({
    kind: "refused",
    rid: 0,
    reply: { code, lines: ["x"], ...(enhanced && { enhanced }) },
  });
  const table: [Outcome, Action, string][] = [
    [reply(550, "5.7.1"), "failed", "5.7.1"],
    [reply(550, "4.7.1"), "failed", "5.7.1"],
    [reply(552), "failed", "5.2.2"],
    [reply(550, "5.1.1\r\nX: y"), "failed", "5.0.0"],
    [deferred(0), "delayed", "4.4.1"],
    [delivered(0, true), "relayed", "2.0.0"],
  ];
  for (const [outcome, action, status] of table) {
    assert.equal(statusOf({ recipient, outcome, action, expired: false }), status);
  }
  assert.equal(statusOf({ recipient, outcome: deferred(0), action: "failed", expired: true }), "5.4.7");
});

Deno.test("fromXtext, fromAddressXtext and originalRecipient decode what senders give, and leave the rest", () => {
  assert.equal(fromXtext("a+2Bb+3Dc"), "a+b=c");
  assert.equal(fromXtext("+C3+A4+"), "ä+");
  assert.equal(fromXtext("+zz+2b"), "+zz+2b");
  assert.equal(fromAddressXtext("\\x{FC}\\x{1F600}@x"), "ü\u{1f600}@x");
  assert.equal(fromAddressXtext("\\x{D800}\\x{110000}"), "\\x{D800}\\x{110000}");
  assert.deepEqual(originalRecipient("utf-8;\\x{FC}@x"), { type: "utf-8", address: "ü@x" });
  assert.equal(originalRecipient("nothing"), undefined);
  assert.equal(originalRecipient(";x"), undefined);
});

Deno.test("headerOf ends behind the last field, whatever the line ends are", () => {
  for (
    const [text, header] of [
      ["A: b\r\nC: d\r\n\r\nbody", "A: b\r\nC: d\r\n"],
      ["A: b\n\nbody", "A: b\n"],
      ["A: b\r\n", "A: b\r\n"],
      ["", ""],
    ]
  ) assert.equal(textOf(headerOf(octets(text))), header);
});

/** Puts one message, settles it, and returns the report's parts, or what came instead. */
async function reportOf(
  given: { notify?: Notify[]; ret?: "FULL" | "HDRS"; text: Octets | string; sender?: string; outcome?: Outcome },
): Promise<"none" | "dropped" | string> {
  await using world = new World();
  const { notify, ret, text, sender = "a@example.com", outcome = refused(0) } = given;
  const spool = await world.open();
  await put(spool, {
    sender,
    text,
    to: [{ address: "b@example.test", ...(notify && { notify }) }],
    ...(ret && { ret }),
  });
  const { report, finished } = await spool.settle(await leaseOne(spool), [outcome], rule);
  assert.equal(finished, true);
  if (report === undefined || report === "dropped") {
    assert.equal(spool.messages, 0);
    return report ?? "none";
  }
  assert.equal(report.recipient, sender);
  const lease = await leaseOne(spool, "example.com");
  assert.deepEqual([lease.envelope.mid, lease.envelope.sender], [report.mid, ""]);
  assert.deepEqual(lease.recipients, [{ rid: 0, address: sender, notify: ["NEVER"] }]);
  // A report that cannot be delivered is dropped: RFC 5321 §6.1.
  assert.equal((await spool.settle(lease, [refused(0)], rule)).report, "dropped");
  return parsed(lease.held!).parts[2].type;
}

const small = "Subject: x\r\n\r\nbody\r\n";
const middle = `Subject: x\r\n\r\n${"line\r\n".repeat(4000)}`;
const large = octets(`Subject: x\r\n\r\n${"line\r\n".repeat(60_000)}`);
const whole = "message/rfc822";
const header = "text/rfc822-headers";

Deno.test("DurableSpool.settle reports by NOTIFY, RET, size and sender", async () => {
  const cases: [Parameters<typeof reportOf>[0], string][] = [
    [{ text: small }, whole],
    [{ text: middle }, header],
    [{ text: large }, header],
    [{ text: small, ret: "FULL" }, whole],
    [{ text: middle, ret: "FULL" }, whole],
    [{ text: large, ret: "FULL" }, header],
    [{ text: small, ret: "HDRS" }, header],
    [{ text: small, notify: ["NEVER"] }, "none"],
    [{ text: small, notify: ["SUCCESS"] }, "none"],
    [{ text: small, notify: ["DELAY"] }, "none"],
    [{ text: small, notify: ["FAILURE"] }, whole],
    [{ text: small, notify: ["SUCCESS", "FAILURE"] }, whole],
    [{ text: small, outcome: delivered(0) }, "none"],
    [{ text: small, outcome: delivered(0, true) }, "none"],
    [{ text: small, outcome: delivered(0, true), notify: ["SUCCESS"] }, header],
    [{ text: small, outcome: delivered(0, true), notify: ["SUCCESS"], ret: "FULL" }, header],
    [{ text: small, outcome: delivered(0), notify: ["SUCCESS"] }, "none"],
    [{ text: small, outcome: delivered(0, true), notify: ["FAILURE"] }, "none"],
    [{ text: small, sender: "" }, "dropped"],
    [{ text: small, sender: "", outcome: delivered(0, true), notify: ["SUCCESS"] }, "none"],
  ];
  for (const [given, expected] of cases) {
    const { text, ...rest } = given;
    assert.equal(await reportOf(given), expected, `${text.length} octets ${JSON.stringify(rest)}`);
  }
});

Deno.test("DurableSpool.settle makes one report for all that bounce together, and none for those that wait", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool, { to: [0, 1, 2, 3].map((n) => `u${n}@example.test`) });
  const outcomes = [refused(0), deferred(1), delivered(2), refused(3)];
  const settled = await spool.settle(await leaseOne(spool), outcomes, rule);
  assert.equal(settled.finished, false);
  assert.deepEqual(settled.bounced.map(({ rid }) => rid), [0, 3]);
  assert.deepEqual(settled.deferred?.outcomes.map(({ rid }) => rid), [1]);
  assert.equal(spool.messages, 2);
  const { status } = parsed((await leaseOne(spool, "example.com")).held!);
  assert.deepEqual(status.slice(1).map((each) => each["final-recipient"]), [
    "rfc822; u0@example.test",
    "rfc822; u3@example.test",
  ]);
});

Deno.test("DurableSpool.settle bounces what is deferred when its tries or its time are used up", async () => {
  for (const over of [{ max_retries: 0 }, { max_queue_time: 0 }]) {
    await using world = new World();
    const spool = await world.open();
    await put(spool);
    const settled = await spool.settle(await leaseOne(spool), [deferred(0)], { ...rule, ...over });
    assert.deepEqual(settled.bounced, [deferred(0)]);
    assert.equal(settled.deferred, undefined);
    const { status } = parsed((await leaseOne(spool, "example.com")).held!);
    assert.deepEqual([status[1].action, status[1].status], ["failed", "5.4.7"]);
  }
});
