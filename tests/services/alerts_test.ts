/**
 * Alerts from an event to a mail that is handed over: who gets what, attempts, and the end.
 */
import assert from "node:assert/strict";
import { textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { AlertRecipient, Config } from "../../src/config/config.ts";
import { eventText, type MailEvent, type MailLog } from "../../src/mail/events.ts";
import type { Outcome } from "../../src/mail/outcome.ts";
import { gatherMs } from "../../src/services/alert_groups.ts";
import { Alerts, attemptPausesMs, type SendAlert } from "../../src/services/alerts.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { alertFor } from "./alert_rig.ts";

/** An outcome for whoever it is. */
type Answer = Outcome extends infer O ? O extends unknown ? Omit<O, "rid"> : never : never;

interface Rig {
  clock: FakeClock;
  alerts: Alerts;
  /** Each attempt: its recipients and its text. */
  attempts: { at: number; to: readonly string[]; text: string }[];
  lines: string[];
  /** What the next hop says to a recipient. */
  answer: (recipient: string) => Answer;
  hold: Promise<void> | undefined;
  config: { recipients: AlertRecipient[]; requiredTls: boolean };
}

const taken: Answer = { kind: "delivered", reply: { code: 250, lines: ["Ok"] }, relayedWithoutDsn: true };
const later: Answer = {
  kind: "deferred",
  failure: { reason: "timeout", enhanced: "4.4.1", text: "Connection timed out" },
};
const never: Answer = { kind: "refused", reply: { code: 550, enhanced: "5.1.1", lines: ["no such\r\nuser"] } };

function rig(recipients: Partial<AlertRecipient>[] = [{}]): Rig {
  const clock = new FakeClock();
  const lines: string[] = [];
  const at = (level: string) => (event: MailEvent) => void lines.push(`${level}: ${eventText(event)}`);
  const log: MailLog = {
    critical: at("Critical"),
    warning: at("Warning"),
    info: at("Info"),
    debug: at("Debug"),
    trace: at("Trace"),
  };
  const send: SendAlert = async ({ recipients, text }, signal) => {
    made.attempts.push({ at: clock.monotonic() / 1000, to: recipients, text: textOf(text) });
    const cut = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await Promise.race([made.hold, ...made.hold === undefined ? [] : [cut]]);
    return recipients.map((recipient, rid) => ({ ...signal.aborted ? later : made.answer(recipient), rid }) as Outcome);
  };
  const config = {
    requiredTls: true,
    recipients: recipients.map((one) => ({ address: "ops@example.test", classes: [], severities: [], ...one })),
  };
  const made: Rig = {
    clock,
    attempts: [],
    lines,
    answer: () => taken,
    hold: undefined,
    config,
    alerts: new Alerts({
      clock,
      log,
      random: seededRandom(1),
      send,
      config: () => ({
        hostname: "gw.example.test",
        alerts: {
          from: "alert@gw.example.test",
          recipients: config.recipients,
          repeat_after: 300_000,
          max_repeat: 3_600_000,
          server: null,
          tls: "preferred",
        },
        destination_controls: { alert_on_required_tls_failure: config.requiredTls } as Config["destination_controls"],
      }),
    }),
  };
  return made;
}

/** Making a mail takes turns of the event loop that no fake clock counts. */
async function attempted({ attempts }: Pick<Rig, "attempts">, count: number): Promise<void> {
  for (let turn = 0; attempts.length < count && turn < 1_000; turn++) await settled();
  await settled();
}

const wishes: {
  name: string;
  recipient: Partial<AlertRecipient>;
  gets: [critical: boolean, tls: boolean, info: boolean];
}[] = [
  { name: "empty lists are everything", recipient: {}, gets: [true, true, true] },
  { name: "class system is everything", recipient: { classes: ["system"] }, gets: [true, true, true] },
  { name: "class tls is about TLS", recipient: { classes: ["tls"] }, gets: [false, true, false] },
  { name: "severities", recipient: { severities: ["critical", "info"] }, gets: [true, false, true] },
  {
    name: "both have to match",
    recipient: { classes: ["tls"], severities: ["critical"] },
    gets: [false, false, false],
  },
  {
    name: "warnings of the system",
    recipient: { classes: ["system"], severities: ["warning"] },
    gets: [false, true, false],
  },
];

for (const { name, recipient, gets } of wishes) {
  Deno.test(`Alerts: who gets what: ${name}`, async () => {
    const { alerts, attempts, clock } = rig([recipient]);
    alerts.hear({ event: "note", text: "full", reason: "disk_full" }, "critical");
    alerts.raise(alertFor());
    alerts.hear({ event: "note", text: "gone", reason: "pressure_disk_over" }, "warning");
    await clock.advance(gatherMs);
    await attempted({ attempts }, gets.filter(Boolean).length);
    const subjects = attempts.map(({ text }) => /^Subject: (.*(?:\r\n .*)*)/m.exec(text)![1]);
    assert.deepEqual(
      ["disk is full", "required TLS", "disk space again"].map((words) =>
        subjects.some((subject) => subject.replaceAll("\r\n ", " ").includes(words))
      ),
      gets,
    );
    await alerts.stop();
  });
}

Deno.test("Alerts: recipients of one alert get one mail, each once, and a reload changes who they are", async () => {
  const { alerts, attempts, clock, config } = rig([{ address: "a@x.test" }, { address: "b@y.test" }, {
    address: "a@x.test",
  }]);
  alerts.raise(alertFor());
  await clock.advance(gatherMs);
  await attempted({ attempts }, 1);
  config.recipients = [{ address: "c@z.test", classes: [], severities: [] }];
  alerts.raise(alertFor());
  await clock.advance(300_000);
  await attempted({ attempts }, 2);
  assert.deepEqual(attempts.map(({ to }) => to), [["a@x.test", "b@y.test"], ["c@z.test"]]);
  await alerts.stop();
});

Deno.test("Alerts: a required TLS failure is heard where that is switched on, other lines about mail never are", async () => {
  const { alerts, attempts, clock, config } = rig();
  const failed: MailEvent = {
    event: "required_tls_failed",
    dcid: 1,
    domain: "partner.example",
    host: "mx",
    tlsLevel: "required",
    address: "192.0.2.1",
    port: 25,
    reason: "no_starttls",
    code: 0,
    error: "STARTTLS not offered",
    messages: 1,
  };
  config.requiredTls = false;
  alerts.hear(failed, "warning");
  alerts.hear({ event: "mid_queued", mid: 1 }, "info");
  await clock.advance(10_000);
  assert.equal(attempts.length, 0);
  config.requiredTls = true;
  alerts.hear(failed, "warning");
  await clock.advance(5_000);
  await attempted({ attempts }, 1);
  assert.match(attempts[0].text, /Destination: {2}partner\.example\r\n/);
  await alerts.stop();
});

Deno.test("Alerts: who is deferred is tried again with growing pauses, then one Warning line ends it, and no alert follows", async () => {
  const made = rig([{ address: "good@x.test" }, { address: "slow@x.test" }, { address: "gone@x.test" }]);
  made.answer = (recipient) => recipient.startsWith("slow") ? later : recipient.startsWith("gone") ? never : taken;
  let told = 0;
  made.alerts.raise(alertFor({ told: () => told++ }));
  for (const [count, ms] of [gatherMs, ...attemptPausesMs].entries()) {
    await made.clock.advance(ms);
    await attempted(made, count + 1);
  }
  assert.deepEqual(made.attempts.map(({ at, to }) => [at, to.length]), [[2, 3], [32, 1], [152, 1]]);
  assert.equal(told, 1);
  const subject = "[Warning]-[gw.example.test]: ([System]) a required TLS connection to partner.example failed";
  assert.deepEqual(made.lines, [
    `Info: Alert sent '${subject}': good@x.test: 250 Ok`,
    `Warning: Cannot send the alert '${subject}': gone@x.test: 550 5.1.1 no such\\r\\nuser`,
    `Warning: Cannot send the alert '${subject}': slow@x.test: Connection timed out`,
  ]);
  await made.clock.advance(10_000_000);
  assert.equal(made.attempts.length, 3);
  await made.alerts.stop();
  assert.equal(made.clock.timers, 0);
});

Deno.test("Alerts: stop sends what was never told, tries once more what waits, and ends in time when the next hop does not answer", async () => {
  const made = rig();
  made.alerts.raise(alertFor());
  const stopping = made.alerts.stop();
  await settled();
  await stopping;
  assert.deepEqual(made.attempts.map(({ at }) => at), [0], "nobody waits for others like it");

  const waits = rig();
  waits.answer = () => later;
  waits.alerts.raise(alertFor());
  await waits.clock.advance(gatherMs);
  await attempted(waits, 1);
  await waits.clock.advance(1_000);
  await waits.alerts.stop();
  assert.deepEqual(waits.attempts.map(({ at }) => at), [2, 3, 3], "the pauses are left out");
  assert.match(waits.lines.at(-1)!, /^Warning: Cannot send the alert .*: ops@example\.test: Connection timed out$/);

  const hangs = rig();
  hangs.hold = new Promise(() => {});
  hangs.alerts.raise(alertFor());
  await hangs.clock.advance(gatherMs);
  await attempted(hangs, 1);
  const ended = hangs.alerts.stop(10_000);
  let over = false;
  void ended.then(() => over = true);
  await hangs.clock.advance(9_000);
  assert.equal(over, false);
  await hangs.clock.advance(2_000);
  await ended;
  assert.match(hangs.lines.at(-1)!, /^Warning: Cannot send the alert/);
  assert.equal(hangs.clock.timers, 0);
});

Deno.test("Alerts: attempts grow apart and are few", () => {
  assert.equal(attemptPausesMs.length + 1, 3);
  assert.ok(attemptPausesMs[0] < attemptPausesMs[1]);
});

Deno.test("Alerts: a test goes to every recipient, once, and says how it went", async () => {
  const made = rig([{ address: "a@x.test", severities: ["critical"] }, { address: "b@x.test" }]);
  made.answer = (recipient) => recipient.startsWith("a") ? taken : never;
  assert.deepEqual(await made.alerts.test(), [
    { recipient: "a@x.test", sent: true, text: "250 Ok" },
    { recipient: "b@x.test", sent: false, text: "550 5.1.1 no such\\r\\nuser" },
  ]);
  assert.match(made.attempts[0].text, /Subject: \[Info\]-\[gw\.example\.test\]: \(\[System\]\) this is a test\r\n/);
  assert.deepEqual(await rig([]).alerts.test(), []);
});
