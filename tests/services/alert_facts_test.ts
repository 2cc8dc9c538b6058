/**
 * Which lines of the log are alerts.
 */
import assert from "node:assert/strict";
import type { LogLevel } from "../../src/base/log.ts";
import type { MailEvent } from "../../src/mail/events.ts";
import { alertOf, factLengthMax } from "../../src/services/alert_facts.ts";

const requiredTls: Extract<MailEvent, { event: "required_tls_failed" }> = {
  event: "required_tls_failed",
  dcid: 9,
  domain: "partner.example",
  host: "mx.partner.example",
  tlsLevel: "required-verify",
  address: "192.0.2.1",
  port: 25,
  reason: "name_mismatch",
  code: 62,
  error: "the certificate is not for partner.example",
  messages: 3,
};

const note = (reason: string | undefined): MailEvent => ({
  event: "note",
  text: "what happened",
  ...reason === undefined ? {} : { reason },
});

const rows: [event: MailEvent, level: LogLevel, alert: string | undefined][] = [
  [note("config_refused"), "critical", "critical config_refused: the configuration was refused"],
  [note("config_failed"), "critical", "critical config_failed: the configuration could not be read"],
  [note("config_failed"), "warning", undefined],
  [note("config_failed_over"), "warning", "info config_failed_over: the configuration can be read again"],
  [note("listener_down"), "critical", "critical listener_down: a listener is down"],
  [note("pressure_queue"), "critical", "critical pressure_queue: the queue is above its limit"],
  [note("pressure_disk"), "critical", "critical pressure_disk: disk space is low"],
  [note("pressure_inodes"), "critical", "critical pressure_inodes: inodes are low"],
  [note("pressure_memory"), "critical", "critical pressure_memory: memory is short"],
  [note("pressure_sessions"), "warning", "warning pressure_sessions: too many sessions"],
  [note("pressure_lag"), "warning", "warning pressure_lag: the gateway is overloaded"],
  [note("pressure_disk_over"), "warning", "info pressure_disk_over: there is disk space again"],
  [note("disk_full"), "critical", "critical disk_full: the disk is full"],
  [note("full"), "critical", "critical disk_full: the disk is full"],
  [note("full_over"), "warning", "info full_over: messages can be stored again"],
  [note("queue_io"), "critical", "critical queue_io: the queue cannot be written"],
  [note("queue_writable"), "warning", "info queue_writable: the queue can be written again"],
  [note("queue_corrupt"), "critical", "critical queue_corrupt: the queue was damaged"],
  [note("no_authorities"), "critical", "critical no_authorities: no certificate authorities were found"],
  [note("never_seen"), "critical", "critical never_seen: a fault needs attention"],
  [note("never_seen_over"), "warning", "info never_seen_over: a fault is over"],
  [note(undefined), "critical", "critical critical: a fault needs attention"],
  [{ event: "icid_lost", icid: 1 }, "critical", "critical icid_lost: a fault needs attention"],
  [requiredTls, "warning", "warning required_tls: a required TLS connection to partner.example failed"],
  // Told by others, or of no concern.
  [note(undefined), "warning", undefined],
  [note("config"), "warning", undefined],
  [note("certificate_expiry"), "warning", undefined],
  [note("config_refused"), "info", undefined],
  [note("alert_failed"), "warning", undefined],
  [note("alert_failed"), "critical", undefined],
  [note("alert_state"), "warning", undefined],
];

for (const [event, level, expected] of rows) {
  const name = event.event === "note" ? `a note ${event.reason ?? "without a reason"}` : event.event;
  Deno.test(`alertOf: ${name} at ${level} is ${expected ?? "no alert"}`, () => {
    const alert = alertOf(event, { level, requiredTls: true });
    assert.equal(alert && `${alert.severity} ${alert.kind}: ${alert.title}`, expected);
    if (alert !== undefined) {
      assert.ok(alert.classes.includes("system"));
      assert.ok(alert.advice.length > 20);
    }
  });
}

Deno.test("alertOf: a required TLS connection that failed is told with all its facts, where that is switched on", () => {
  assert.equal(alertOf(requiredTls, { level: "warning", requiredTls: false }), undefined);
  const alert = alertOf(requiredTls, { level: "warning", requiredTls: true })!;
  assert.deepEqual([alert.about, alert.classes], ["partner.example", ["system", "tls"]]);
  assert.deepEqual(alert.facts, [
    ["Destination", "partner.example"],
    ["Host", "mx.partner.example (192.0.2.1 port 25)"],
    ["TLS level", "required-verify"],
    ["Reason", "name_mismatch"],
    ["OpenSSL", "(62, 'the certificate is not for partner.example')"],
    ["Messages", "3 in the queue for this destination"],
  ]);
  const ours = alertOf({ ...requiredTls, code: 0, error: "STARTTLS not offered" }, {
    level: "warning",
    requiredTls: true,
  })!;
  assert.deepEqual(ours.facts[4], ["Details", "STARTTLS not offered"]);
});

Deno.test("alertOf: what a peer said is escaped and cut", () => {
  const error = "a\r\nb".repeat(10_000);
  const alert = alertOf({ ...requiredTls, error, host: error, domain: error }, {
    level: "warning",
    requiredTls: true,
  })!;
  const all = [alert.title, alert.text, alert.advice, ...alert.facts.flat()].join("");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(all, /[\x00-\x1f]/);
  assert.ok(all.length < 20 * factLengthMax, `${all.length}`);
  assert.ok(alert.about.length <= factLengthMax);
  const long = alertOf({ event: "note", text: "x".repeat(10_000) }, { level: "critical", requiredTls: true })!;
  assert.equal(long.text.length, factLengthMax + 1);
});
