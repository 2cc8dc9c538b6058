/**
 * The mail of an alert: its words, and that nothing a peer said can change its form.
 */
import assert from "node:assert/strict";
import { textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Alert } from "../../src/mail/alert.ts";
import { alertMail, bodyOf, spanText, subjectOf } from "../../src/services/alert_mail.ts";
import { alertFor, reportOf } from "./alert_rig.ts";

const world = {
  hostname: "gw.example.test",
  from: "alert@gw.example.test",
  to: ["ops@example.test", "night@example.test"],
  now: Date.UTC(2025, 10, 22, 1, 20, 2),
  random: seededRandom(1),
};

async function mailOf(changes: Partial<Alert>, to: readonly string[] = world.to): Promise<string> {
  return textOf((await alertMail(reportOf(alertFor(changes)), { ...world, to })).text);
}

/** Header and body, folded lines joined: RFC 5322 §2.2.3. */
function split(mail: string): { header: string[]; body: string } {
  const end = mail.indexOf("\r\n\r\n");
  return { header: mail.slice(0, end).replaceAll("\r\n ", " ").split("\r\n"), body: mail.slice(end + 4) };
}

Deno.test("alertMail: the header has the subject that appliances' alerts have, and says that a machine wrote it", async () => {
  const { header } = split(await mailOf({}));
  assert.deepEqual(header, [
    'From: "Postern gw.example.test" <alert@gw.example.test>',
    "To: ops@example.test, night@example.test",
    "Subject: [Warning]-[gw.example.test]: ([System]) a required TLS connection to partner.example failed",
    "Date: Sat, 22 Nov 2025 01:20:02 +0000",
    header[4],
    "Auto-Submitted: auto-generated",
    "Precedence: bulk",
    "X-Auto-Response-Suppress: All",
    "Content-Transfer-Encoding: 7bit",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
  ]);
  assert.match(header[4], /^Message-ID: <alert\.[0-9a-f]{24}@gw\.example\.test>$/);
});

Deno.test("subjectOf: each severity has its word", () => {
  const subjects = (["critical", "warning", "info"] as const).map((severity) =>
    subjectOf(reportOf(alertFor({ severity, title: "short message" })), "host")
  );
  assert.deepEqual(subjects, [
    "[Critical]-[host]: ([System]) short message",
    "[Warning]-[host]: ([System]) short message",
    "[Info]-[host]: ([System]) short message",
  ]);
});

Deno.test("bodyOf: it says what, since when, how often and what to do", () => {
  const report = reportOf(alertFor({ facts: [["Destination", "partner.example"], ["Reason", "no_starttls"]] }), {
    texts: ["mx1: no_starttls", "mx2: untrusted"],
    textsLeftOut: 3,
    last: Date.UTC(2025, 10, 22, 1, 30),
    count: 7,
    total: 12,
    mails: 2,
    pauseMs: 20 * 60_000,
    limit: { reached: "not_critical", mails: 20, until: Date.UTC(2025, 10, 22, 2, 20) },
  });
  assert.equal(
    bodyOf(report, world),
    `A required TLS connection to partner.example failed.

- mx1: no_starttls
- mx2: untrusted
- and 3 more; the log has them all

Gateway:      gw.example.test
Severity:     Warning
Destination:  partner.example
Reason:       no_starttls
First:        Sat, 22 Nov 2025 01:20:00 +0000
Last:         Sat, 22 Nov 2025 01:30:00 +0000
Times:        7 since the last mail, 12 in all

What to do:
Ask the partner.

If it happens again, it is told in 20 minutes at the earliest.

20 alerts were sent within an hour, as many as may be. No further alert that
is not critical is sent before Sat, 22 Nov 2025 02:20:00 +0000; they are
counted meanwhile, and the log has them all.
`.replaceAll("\n", "\r\n"),
  );
});

const attacks = {
  "a line end and a field": "x\r\nBcc: all@victim.test\r\n\r\nnew text",
  "a lone line feed": "x\nSubject: forged",
  "an end of the text": "x\r\n.\r\nMAIL FROM:<a@b>",
  "a null and an escape": "\0\x1b[2J\x07",
  "Unicode line ends and direction marks": "a\u2028b\u2029c\u202egnp.exe\u2066",
  "a text that is far too long": "y".repeat(100_000),
  "many words": "many words ".repeat(10_000),
  "escapes that are long": "\u2028".repeat(5_000),
};

for (const [name, text] of Object.entries(attacks)) {
  Deno.test(`alertMail: a peer's words cannot change its form: ${name}`, async () => {
    const plain = split(await mailOf({ facts: [["Host", "mx"]] }));
    const mail = await mailOf({ title: text, text, advice: text, facts: [["Host", text]] });
    const { header, body } = split(mail);
    assert.deepEqual(header.map((line) => line.split(":")[0]), plain.header.map((line) => line.split(":")[0]));
    assert.ok(mail.length < 30_000, `${mail.length} octets`);
    for (const line of mail.split("\r\n")) {
      assert.ok(line.length <= 998, `${line.length}: ${line.slice(0, 100)}`);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\u2066]/);
    }
    assert.doesNotMatch(body, /^(?:Bcc|Subject|MAIL|\.)/m);
  });
}

Deno.test("alertMail: what was escaped for the log is not escaped twice", async () => {
  const { body } = split(await mailOf({ text: "the server said 'a\\nb'" }));
  assert.ok(body.includes("the server said 'a\\nb'"), body);
});

Deno.test("alertMail: addresses that are not ASCII need SMTPUTF8, words that are not need none", async () => {
  const report = reportOf(alertFor({ title: "Grüße" }));
  assert.equal((await alertMail(report, world)).smtputf8, false);
  assert.ok(!/[^\x20-\x7e\r\n]/.test(textOf((await alertMail(report, world)).text)));
  assert.equal((await alertMail(report, { ...world, to: ["grüße@example.test"] })).smtputf8, true);
});

Deno.test("spanText: a span has the unit that fits", () => {
  assert.deepEqual([1_000, 90_000, 300_000, 3_600_000, 5_400_000, 86_400_000].map(spanText), [
    "1 second",
    "90 seconds",
    "5 minutes",
    "1 hour",
    "90 minutes",
    "1 day",
  ]);
});
