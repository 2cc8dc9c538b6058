import assert from "node:assert/strict";
import { LineLog, type LogSink, logTime } from "../../src/base/log.ts";
import { RotatingFile } from "../../src/base/log_sinks.ts";
import { systemClock } from "../../src/base/clock.ts";

class Lines implements LogSink {
  text = "";
  flushes = 0;
  write(lines: string): void {
    this.text += lines;
  }
  flush(): void {
    this.flushes++;
  }
}

type Event = { event: string; icid: number };
const render = (e: Event) => `ICID ${e.icid} close`;
const at = new Date(2026, 10, 3, 4, 5, 6).getTime();

Deno.test("logTime writes the classic form with two-digit day and time", () => {
  assert.equal(logTime(at), "Tue Nov 03 04:05:06 2026");
});

Deno.test("LineLog writes what its level lets through, as text", () => {
  const sink = new Lines();
  const log = new LineLog<Event>({ level: "info", format: "text", render, now: () => at, sinks: [sink] });
  log.critical({ event: "c", icid: 1 });
  log.warning({ event: "w", icid: 2 });
  log.info({ event: "i", icid: 3 });
  log.debug({ event: "d", icid: 4 });
  log.trace({ event: "t", icid: 5 });
  assert.equal(
    sink.text,
    "Tue Nov 03 04:05:06 2026 Critical: ICID 1 close\nTue Nov 03 04:05:06 2026 Warning: ICID 2 close\n" +
      "Tue Nov 03 04:05:06 2026 Info: ICID 3 close\n",
  );
  assert.equal(sink.flushes, 1, "a Critical line is handed over at once");
});

Deno.test("LineLog writes the same events as JSON objects, a line each", () => {
  const sink = new Lines();
  const log = new LineLog<Event>({ level: "trace", format: "json", render, now: () => at, sinks: [sink] });
  log.trace({ event: "icid_close", icid: 7 });
  assert.deepEqual(JSON.parse(sink.text), {
    time: new Date(at).toISOString(),
    level: "trace",
    event: "icid_close",
    icid: 7,
    text: "ICID 7 close",
  });
  assert.equal(sink.text.indexOf("\n"), sink.text.length - 1);
});

Deno.test("LineLog takes new options while it runs", () => {
  const sink = new Lines();
  const log = new LineLog<Event>({ level: "warning", format: "text", render, now: () => at, sinks: [sink] });
  log.info({ event: "i", icid: 1 });
  log.options = { ...log.options, level: "info" };
  log.info({ event: "i", icid: 2 });
  assert.match(sink.text, /^.* Info: ICID 2 close\n$/);
});

Deno.test("LineLog tells an observer that comes late of the first Critical events, and of no others", () => {
  const log = new LineLog<Event>({ level: "critical", format: "text", render, now: () => at, sinks: [] });
  log.warning({ event: "w", icid: 0 });
  for (let icid = 1; icid <= 100; icid++) log.critical({ event: "c", icid });
  const heard: number[] = [];
  log.observe(({ icid }, level) => {
    assert.equal(level, "critical");
    heard.push(icid);
  });
  assert.deepEqual(heard, Array.from({ length: 20 }, (_, before) => before + 1));
  log.critical({ event: "c", icid: 101 });
  assert.equal(heard.at(-1), 101);
});

Deno.test("LineLog tells observers of every event, whatever its level", () => {
  const sink = new Lines();
  const log = new LineLog<Event>({ level: "critical", format: "text", render, now: () => at, sinks: [sink] });
  const heard: [Event, string][] = [];
  log.observe((event, level) => heard.push([event, level]));
  log.info({ event: "i", icid: 3 });
  assert.deepEqual(heard, [[{ event: "i", icid: 3 }, "info"]]);
  assert.equal(sink.text, "");
});

Deno.test("RotatingFile keeps the youngest files and loses no line within them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/mail.log`;
    const file = new RotatingFile(path, { clock: systemClock, rotateSize: 100, keep: 2 });
    for (let n = 0; n < 40; n++) {
      file.write(`line ${String(n).padStart(4, "0")} of the log\n`);
      file.flush();
    }
    file[Symbol.dispose]();
    const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    assert.deepEqual(names, ["mail.log", "mail.log.1", "mail.log.2"]);
    const text = ["mail.log.2", "mail.log.1", "mail.log"].map((name) => Deno.readTextFileSync(`${folder}/${name}`))
      .join("");
    const numbers = [...text.matchAll(/line (\d+)/g)].map((match) => Number(match[1]));
    assert.equal(numbers.at(-1), 39);
    assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, n) => 40 - numbers.length + n));
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("RotatingFile writes a line by itself after a moment", async () => {
  const folder = await Deno.makeTempDir();
  try {
    using file = new RotatingFile(`${folder}/mail.log`, { clock: systemClock, rotateSize: 1000, keep: 1 });
    file.write("one\n");
    for (let tries = 0; tries < 1_500; tries++) {
      await new Promise((go) => setTimeout(go, 20));
      try {
        if (Deno.readTextFileSync(`${folder}/mail.log`) === "one\n") return;
      } catch { /* not there yet */ }
    }
    assert.fail("the line never came");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
