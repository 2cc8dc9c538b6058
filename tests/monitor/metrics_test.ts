/**
 * The page for Prometheus: its form, its values, its documentation.
 *
 * @module
 */
import assert from "node:assert/strict";
import { metricsPage, metricTable } from "../../src/monitor/metrics.ts";
import { readExposition, valueOf } from "./exposition.ts";
import { inbound, MonitorRig, outbound } from "./monitor_rig.ts";
import { vitalsAt } from "./vitals_rig.ts";

Deno.test("metricsPage is what Prometheus reads: each metric has its help and type once, and no sample stands there twice", async () => {
  await using rig = await MonitorRig.open();
  const page = await metricsPage(rig.monitor, () => vitalsAt(rig.clock.now()));
  assert.match(page.contentType, /^text\/plain; version=0\.0\.4; charset=utf-8$/);
  const metrics = readExposition(await page.render());
  assert.deepEqual([...metrics.keys()], metricTable.map(({ name }) => name));
  for (const { name, type, help, labels } of metricTable) {
    const metric = metrics.get(name)!;
    assert.deepEqual([metric.type, metric.help], [type, help], name);
    assert.match(help, /^[A-Z].*\.$/, name);
    for (const sample of metric.samples) assert.deepEqual(Object.keys(sample.labels).sort(), [...labels].sort(), name);
  }
  assert.equal(valueOf(metrics, "postern_certificate_expiry_days", { profile: 'we"ird\\' }), 1);
});

Deno.test("metricsPage gives the values of now at each scrape", async () => {
  await using rig = await MonitorRig.open();
  const { clock, monitor } = rig;
  let vitals = vitalsAt(clock.now());
  const page = await metricsPage(monitor, () => vitals);
  rig.hear(...inbound({ tls: "TLSv1.3", recipients: 2 }), ...inbound({ failed: "no_shared_cipher" }), ...outbound());
  for (let scrape = 0; scrape < 2; scrape++) {
    const metrics = readExposition(await page.render());
    const values: [string, Record<string, string>, number | undefined][] = [
      ["postern_messages_received_total", {}, 1],
      ["postern_recipients_received_total", {}, 2],
      ["postern_received_bytes_total", {}, 1000],
      ["postern_messages_delivered_total", {}, 1],
      ["postern_recipients_delivered_total", {}, 2],
      ["postern_recipients_bounced_total", {}, 0],
      ["postern_tls_handshakes_total", { service: "inbound", version: "TLSv1.3", result: "success", reason: "" }, 1],
      ["postern_tls_handshakes_total", { service: "inbound", result: "failed", reason: "no_shared_cipher" }, 1],
      ["postern_tls_handshakes_total", { service: "outbound" }, undefined],
      ["postern_listener_up", { listener: "inbound" }, 1],
      ["postern_listener_up", { listener: "second" }, 0],
      ["postern_queue_messages", {}, 7],
      ["postern_queue_oldest_age_seconds", {}, 61],
      ["postern_pressure", { kind: "disk" }, 1],
      ["postern_pressure", { kind: "memory" }, 0],
      ["postern_pressure_refused", { kind: "disk" }, 9],
      ["postern_event_loop_lag_seconds", {}, 0.012],
      ["postern_certificate_expiry_days", { profile: "demo", key: "RSA 2048" }, 1],
      ["postern_certificate_expiry_days", { profile: "demo", key: "EC P-256" }, -2],
      ["postern_config_generation", {}, 4],
      ["postern_config_last_reload_successful", {}, 1],
      ["process_start_time_seconds", {}, monitor.startedAt / 1000],
    ];
    for (const [name, labels, value] of values) assert.equal(valueOf(metrics, name, labels), value, name);
  }
  const readings = { ...vitals.pressure.readings, disk: Infinity };
  vitals = vitalsAt(clock.now(), {
    queue: { messages: 0, destinations: 0 },
    pressure: { healthy: true, pressures: [], readings },
    listeners: [],
  });
  rig.hear({ event: "note", reason: "config_refused", text: "…" });
  const later = readExposition(await page.render());
  assert.equal(valueOf(later, "postern_queue_oldest_age_seconds"), 0);
  assert.equal(valueOf(later, "postern_pressure", { kind: "disk" }), 0);
  assert.equal(valueOf(later, "postern_free_disk_bytes"), undefined, "not measured yet is not 0");
  assert.equal(valueOf(later, "postern_config_last_reload_successful"), 0);
  assert.deepEqual(later.get("postern_listener_up")!.samples, [], "a listener that is gone leaves nothing");
});

Deno.test("config/metrics.md lists every metric with its type, labels and help, and no other", async () => {
  const page = await Deno.readTextFile(new URL("../../config/metrics.md", import.meta.url));
  const listed = [...page.matchAll(/^\| `(\w+)(?:\{([\w,]+)\})?` \| (\w+) \| (.+) \|$/gm)]
    .map(([, name, labels = "", type, help]) => [name, labels, type, help]);
  assert.deepEqual(listed, metricTable.map(({ name, labels, type, help }) => [name, labels.join(","), type, help]));
});

const wrong: { name: string; text: string; fault: RegExp }[] = [
  { name: "a sample without help", text: "a 1\n", fault: /apart from its HELP/ },
  { name: "a counter by another name", text: "# HELP a b\n# TYPE a counter\n", fault: /ends in _total/ },
  { name: "two samples alike", text: "# HELP a b\n# TYPE a gauge\na 1\na 2\n", fault: /twice/ },
  { name: "no number", text: "# HELP a b\n# TYPE a gauge\na one\n", fault: /no sample/ },
  { name: "a quote that is not escaped", text: '# HELP a b\n# TYPE a gauge\na{c="d"e"} 1\n', fault: /no sample/ },
  { name: "no end of the last line", text: "# HELP a b", fault: /no end/ },
];

for (const { name, text, fault } of wrong) {
  Deno.test(`readExposition refuses ${name}`, () => {
    assert.throws(() => readExposition(text), fault);
  });
}
