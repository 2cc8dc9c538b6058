/**
 * The watch over certificates: a table of days, restarts, and what is kept between them.
 */
import assert from "node:assert/strict";
import type { Alert } from "../../src/mail/alert.ts";
import { eventText, type MailEvent, type MailLog } from "../../src/mail/events.ts";
import { CertificateWatch, type WatchedCertificate, type WatchState } from "../../src/services/certificate_watch.ts";
import { FakeClock } from "../support/fake_clock.ts";

const day = 86_400_000;

class Kept implements WatchState {
  text: string | undefined;
  broken = false;

  read(): Promise<string | undefined> {
    return this.broken ? Promise.reject(new Error("no disk")) : Promise.resolve(this.text);
  }

  write(text: string): Promise<void> {
    if (this.broken) return Promise.reject(new Error("no disk"));
    this.text = text;
    return Promise.resolve();
  }
}

interface Rig {
  clock: FakeClock;
  certificates: WatchedCertificate[];
  state: Kept;
  raised: Alert[];
  lines: string[];
  /** A next hop takes the mails. */
  sends: boolean;
  start: () => Promise<CertificateWatch>;
}

function certificateOf(
  clock: FakeClock,
  changes: Partial<WatchedCertificate> & { days?: number } = {},
): WatchedCertificate {
  const { days = 100, ...rest } = changes;
  return {
    profiles: ["mx1"],
    part: "certificate",
    selfSigned: false,
    subject: "CN=mx1.example.test",
    issuer: "CN=Test Authority",
    names: ["mx1.example.test"],
    serial: "1000",
    notAfter: clock.now() + days * day,
    fingerprint: "AA:BB",
    ...rest,
  };
}

function rig(changes: Partial<WatchedCertificate> & { days?: number } = {}): Rig {
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
  const made: Rig = {
    clock,
    certificates: [certificateOf(clock, changes)],
    state: new Kept(),
    raised: [],
    lines,
    sends: true,
    start: () =>
      CertificateWatch.start({
        clock,
        log,
        certificates: () => made.certificates,
        raise: (alert) => {
          made.raised.push(alert);
          if (made.sends) alert.told?.();
        },
        state: made.state,
      }),
  };
  return made;
}

const words = ({ severity, title }: Alert) => `${severity}: ${title}`;

Deno.test("CertificateWatch: 30, 14, 7 and 1 days before the end, and at the end, each once", async () => {
  const { clock, raised, start } = rig({ days: 40 });
  const watch = await start();
  const at: [number, string][] = [];
  for (let today = 0; today <= 60; today++) {
    for (const alert of raised.splice(0)) at.push([today, words(alert)]);
    await clock.advance(day);
  }
  await watch.stop();
  assert.deepEqual(at, [
    [10, "warning: the certificate mx1 expires in 30 days"],
    [26, "warning: the certificate mx1 expires in 14 days"],
    [33, "warning: the certificate mx1 expires in 7 days"],
    [39, "critical: the certificate mx1 expires in 1 day"],
    [40, "critical: the certificate mx1 has expired"],
  ]);
  assert.equal(clock.timers, 0);
});

const first: [days: number, alert: string | undefined][] = [
  [31, undefined],
  [30, "warning: the certificate mx1 expires in 30 days"],
  [29.5, "warning: the certificate mx1 expires in 30 days"],
  [14.01, "warning: the certificate mx1 expires in 15 days"],
  [10, "warning: the certificate mx1 expires in 10 days"],
  [7, "warning: the certificate mx1 expires in 7 days"],
  [0.5, "critical: the certificate mx1 expires in 1 day"],
  [0, "critical: the certificate mx1 has expired"],
  [-400, "critical: the certificate mx1 has expired"],
];

for (const [days, expected] of first) {
  Deno.test(`CertificateWatch: first seen with ${days} days left: ${expected ?? "nothing"}`, async () => {
    const { raised, start, lines } = rig({ days });
    await (await start()).stop();
    assert.deepEqual(raised.map(words), expected === undefined ? [] : [expected]);
    assert.equal(lines.length, raised.length, "the log says it too");
  });
}

Deno.test("CertificateWatch: a step is not told again after a restart, the next one is", async () => {
  const { clock, raised, start } = rig({ days: 10 });
  await (await start()).stop();
  const again = await start();
  again.look();
  assert.equal(raised.length, 1);
  await clock.advance(3 * day);
  await again.stop();
  assert.deepEqual(raised.map(words), [
    "warning: the certificate mx1 expires in 10 days",
    "warning: the certificate mx1 expires in 7 days",
  ]);
  await (await start()).stop();
  assert.equal(raised.length, 2);
});

Deno.test("CertificateWatch: a step that could not be told is raised again, and logged once", async () => {
  const made = rig({ days: 10 });
  made.sends = false;
  const watch = await made.start();
  watch.look();
  await made.clock.advance(day / 2);
  assert.equal(made.raised.length, 2 + 12);
  assert.deepEqual(made.lines, [
    "Warning: Certificate mx1 (CN=mx1.example.test) expires in 10 days: Tue, 02 Dec 2025 01:20:00 +0000",
  ]);
  made.sends = true;
  await made.clock.advance(day);
  assert.equal(made.raised.length, 2 + 12 + 1);
  await watch.stop();
});

Deno.test("CertificateWatch: a renewed certificate has steps of its own, and the old one is forgotten", async () => {
  const { clock, raised, start, certificates, state } = rig({ days: 5 });
  const watch = await start();
  certificates[0] = certificateOf(clock, { fingerprint: "CC:DD", days: 12 });
  watch.look();
  await watch.stop();
  assert.equal(raised.length, 2);
  assert.deepEqual(JSON.parse(state.text!), { certificates: { "CC:DD": 14 } });
});

Deno.test("CertificateWatch: the mail says which certificate, and what to do about it", async () => {
  const { raised, start, certificates, clock } = rig({ days: 5, profiles: ["mx1", "mx2"] });
  certificates.push(
    certificateOf(clock, { days: 5, fingerprint: "CC", part: "intermediate", subject: "CN=Middle\r\nX: y" }),
  );
  certificates.push(certificateOf(clock, { days: 5, fingerprint: "DD", selfSigned: true, profiles: ["demo"] }));
  await (await start()).stop();
  assert.deepEqual(raised.map(({ title }) => title), [
    "the certificate mx1, mx2 expires in 5 days",
    "an intermediate certificate of mx1 expires in 5 days",
    "the certificate demo expires in 5 days",
  ]);
  assert.deepEqual(raised[0].facts[0], ["Profiles", "mx1, mx2"]);
  assert.deepEqual(raised[1].facts[1], ["Subject", "CN=Middle\\r\\nX: y"]);
  assert.deepEqual(raised.map(({ advice }) => /self-signed/.test(advice)), [false, false, true]);
  assert.equal(raised[0].again, "The next warning comes 1 day before its end.");
  assert.deepEqual(raised[0].classes, ["system", "tls"]);
});

for (
  const [name, text] of [["damaged", "{"], ["of another kind", '[1, "x"]'], [
    "with strange steps",
    '{"certificates":{"AA:BB":"x"}}',
  ]]
) {
  Deno.test(`CertificateWatch: a file that is ${name} costs a repeat, not the watch`, async () => {
    const { raised, start, state } = rig({ days: 5 });
    state.text = text;
    await (await start()).stop();
    assert.equal(raised.length, 1);
    assert.deepEqual(JSON.parse(state.text!), { certificates: { "AA:BB": 7 } });
  });
}

Deno.test("CertificateWatch: a disk that takes nothing is told, and each step still once in this process", async () => {
  const { raised, start, state, lines } = rig({ days: 5 });
  state.broken = true;
  const watch = await start();
  watch.look();
  await watch.stop();
  assert.equal(raised.length, 1);
  assert.equal(lines.filter((line) => line.startsWith("Warning: Cannot keep which certificates")).length, 2);
});

Deno.test("CertificateWatch: one that ACME renews is told of when its renewal is late, however short its life", async () => {
  const { clock, raised, start, certificates } = rig({ days: 6 });
  certificates[0] = { ...certificates[0], renewedBefore: clock.now() + 5 * day };
  const watch = await start();
  await clock.advance(4.9 * day);
  assert.equal(raised.length, 0);
  await clock.advance(0.2 * day);
  assert.deepEqual(raised.map(words), ["critical: the certificate mx1 expires in 1 day"]);
  assert.match(raised[0].advice, /certconfig acme NAME/);
  await watch.stop();
});
