import assert from "node:assert/strict";
import type { MailEvent } from "../../src/mail/events.ts";
import { eventText } from "../../src/mail/events.ts";
import { openLog } from "../../src/tracking/backwards.ts";
import { findMessages, trailOf, type Wanted } from "../../src/tracking/find.ts";
import { LineReader, numbersOf } from "../../src/tracking/line.ts";
import { type Entry, wayOf, writeLog } from "./log_files.ts";

const start = Date.UTC(2026, 10, 20, 12);
const always = { limit: 100, enough: () => false };

function inFolder(run: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "postern-tracking-" });
  try {
    run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function find(directory: string, wanted: Wanted, bounds = always) {
  using log = openLog(directory);
  return findMessages(log, { wanted, bounds });
}

function trail(directory: string, mid: number) {
  using log = openLog(directory);
  return trailOf(log, { mid, bounds: always });
}

/** Ten messages, one a minute: the even ones are delivered, the odd ones wait. */
function ten(): Entry[] {
  return Array.from({ length: 10 }, (_, index) => index + 1).flatMap((mid) => {
    const { came, went } = wayOf({ mid, at: start + mid * 60_000 });
    return mid % 2 === 0 ? [...came, ...went] : came;
  });
}

for (const format of ["text", "json"] as const) {
  Deno.test(`findMessages finds by each field, the youngest first, in a log of ${format}`, () =>
    inFolder((directory) => {
      writeLog(directory, ten(), { format });
      const mids = (wanted: Wanted) => find(directory, wanted).messages.map(({ mid }) => mid);
      assert.deepEqual(mids({}), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
      assert.deepEqual(mids({ mid: 7 }), [7]);
      assert.deepEqual(mids({ sender: "S7@" }), [7]);
      assert.deepEqual(mids({ recipient: "R1" }), [10, 1]);
      assert.deepEqual(mids({ subject: "number 3" }), [3]);
      assert.deepEqual(mids({ messageId: "<4@" }), [4]);
      assert.deepEqual(mids({ sender: "s1", recipient: "r10@" }), [10]);
      assert.deepEqual(mids({ sender: "s1@", recipient: "r10@" }), []);
      assert.deepEqual(mids({ since: start + 8 * 60_000 }), [10, 9, 8]);
      assert.deepEqual(mids({ until: start + 2 * 60_000 }), [2, 1]);
      assert.deepEqual(mids({ before: 3 }), [2, 1]);
      const [found] = find(directory, { mid: 2 }).messages;
      assert.deepEqual(found, {
        mid: 2,
        icid: 2,
        at: start + 120_000,
        from: "s2@example.com",
        to: ["r2@example.test"],
        recipients: 1,
        subject: "Number 2",
        messageId: "<2@example.com>",
        octets: 5002,
        state: "delivered",
        delays: 0,
      });
      assert.equal(find(directory, { mid: 1 }).messages[0].state, "open");
    }));

  Deno.test(`trailOf gives the way from the connection to the last reply, in a log of ${format}`, () =>
    inFolder((directory) => {
      writeLog(directory, ten(), { format });
      const { lines, icid, cut, children } = trail(directory, 4)!;
      assert.deepEqual([icid, cut, children], [4, false, []]);
      const { came, went } = wayOf({ mid: 4, at: start });
      const expected = [...came, ...went].map(([, event]) => event)
        .filter(({ event }) => event !== "icid_close" && event !== "dcid_close").map(eventText);
      assert.deepEqual(lines.map(({ text }) => text), expected);
      assert.ok(lines.every(({ at, level }) => at === start + 240_000 && level === "info"));
      assert.equal(trail(directory, 99), undefined);
    }));
}

Deno.test("findMessages reads rotated files, and a log whose form was changed", () =>
  inFolder((directory) => {
    writeLog(directory, ten(), { rotateSize: 4096 });
    const later = wayOf({ mid: 11, at: start + 11 * 60_000 });
    writeLog(directory, [...later.came, ...later.went], { format: "json" });
    assert.ok([...Deno.readDirSync(directory)].length > 2);
    assert.deepEqual(find(directory, {}).messages.map(({ mid }) => mid), [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert.equal(trail(directory, 1)!.lines.length, 10);
  }));

Deno.test("findMessages stops at its limit and goes on behind it", () =>
  inFolder((directory) => {
    writeLog(directory, ten());
    const page = find(directory, {}, { ...always, limit: 4 });
    assert.deepEqual([page.messages.map(({ mid }) => mid), page.more], [[10, 9, 8, 7], true]);
    const next = find(directory, { before: 7 }, { ...always, limit: 4 });
    assert.deepEqual([next.messages.map(({ mid }) => mid), next.more], [[6, 5, 4, 3], true]);
    const last = find(directory, { before: 3 }, { ...always, limit: 4 });
    assert.deepEqual([last.messages.map(({ mid }) => mid), last.more], [[2, 1], false]);
    const cut = find(directory, {}, { limit: 100, enough: () => true });
    assert.equal(cut.endedAt, start + 60_000);
  }));

Deno.test("findMessages tells what became of a message", () => {
  const towards = { dcid: 5, domain: "example.test", enhanced: "5.1.1", meaning: "m", code: 550, lines: ["no"] };
  const cases: [MailEvent[], string, number][] = [
    [[], "open", 0],
    [[{ event: "delayed", mid: 1, rid: 0, ...towards }], "open", 1],
    [[{ event: "bounced", mid: 1, rid: 0, ...towards }, { event: "message_finished", mid: 1 }], "bounced", 0],
    [[{ event: "message_finished", mid: 1 }], "finished", 0],
    [[{ event: "mid_aborted", mid: 1, reason: "r", text: "t" }], "aborted", 0],
    [
      [{ event: "mid_managed", mid: 1, rids: [0], action: "deleted" }, { event: "message_finished", mid: 1 }],
      "deleted",
      0,
    ],
    [
      [
        {
          event: "message_done",
          dcid: 5,
          mid: 1,
          rids: [1],
          domain: "d",
          bytes: 1,
          tlsLevel: "none",
          encrypted: false,
        },
        { event: "bounced", mid: 1, rid: 0, ...towards },
        { event: "message_finished", mid: 1 },
      ],
      "mixed",
      0,
    ],
  ];
  for (const [events, state, delays] of cases) {
    inFolder((directory) => {
      const { came } = wayOf({ mid: 1, at: start, to: ["a@example.test", "b@example.test"] });
      writeLog(directory, [...came, ...events.map((event): Entry => [start, event])]);
      const [found] = find(directory, {}).messages;
      assert.deepEqual([found.state, found.delays], [state, delays]);
      assert.deepEqual(found.to, ["a@example.test", "b@example.test"]);
    });
  }
});

Deno.test("trailOf follows several attempts, reused connections and what was made because of a message", () =>
  inFolder((directory) => {
    const { came } = wayOf({ mid: 1, at: start });
    const other = wayOf({ mid: 2, at: start, icid: 1, dcid: 70 });
    const failed = { domain: "example.test", enhanced: "4.4.0", meaning: "m", code: 0, lines: ["refused"] };
    const open = (dcid: number): Entry => wayOf({ mid: 0, at: start, dcid }).went[0];
    writeLog(directory, [
      ...came.slice(0, -1),
      ...other.came.slice(3, -1),
      open(70),
      [start, { event: "delivery_start", dcid: 70, mid: 2, rids: [0], domain: "example.test" }],
      [start, { event: "delivery_start", dcid: 70, mid: 1, rids: [0], domain: "example.test" }],
      [start, { event: "delayed", dcid: 70, mid: 1, rid: 0, ...failed }],
      open(71),
      [start, { event: "bounced", dcid: 71, mid: 1, rid: 0, ...failed }],
      [start, { event: "mid_start", mid: 3 }],
      [start, { event: "mid_generated", mid: 3, parent: 1 }],
      [start, { event: "message_finished", mid: 1 }],
    ]);
    const { lines, children } = trail(directory, 1)!;
    const texts = lines.map(({ text }) => text);
    assert.ok(texts[0].startsWith("New SMTP ICID 1 "));
    assert.equal(texts.filter((text) => text.startsWith("New SMTP DCID ")).length, 2);
    assert.ok(!texts.some((text) => /MID 2\b/.test(text)));
    assert.deepEqual(children, [3]);
    assert.equal(trail(directory, 3)!.parent, 1);
  }));

Deno.test("attack: numbers and lines in what a peer sent are text", () =>
  inFolder((directory) => {
    const forged = "x'\nSun Nov 22 08:06:21 2026 Info: Start MID 9 ICID 9\nMID 1 ICID 9 From: <boss@example.com>";
    const { came } = wayOf({ mid: 1, at: start, subject: forged, from: "Message finished MID 1 done" });
    writeLog(directory, came);
    const { messages } = find(directory, {});
    assert.deepEqual(messages.map(({ mid, state }) => [mid, state]), [[1, "open"]]);
    assert.equal(trail(directory, 9), undefined);
  }));

Deno.test("openLog bears noise, lines without end, empty files and no file", () =>
  inFolder((directory) => {
    assert.deepEqual(find(directory, {}).messages, []);
    Deno.writeTextFileSync(`${directory}/mail.log`, "");
    assert.deepEqual(find(directory, {}).messages, []);
    writeLog(directory, ten());
    const noise = new Uint8Array(5 << 20).fill(0xff);
    Deno.writeFileSync(`${directory}/mail.log`, noise, { append: true });
    assert.equal(find(directory, {}).messages.length, 10);
    Deno.writeTextFileSync(`${directory}/mail.log`, "\n{\n{}\n[]\nhalf a line", { append: true });
    assert.equal(find(directory, {}).messages.length, 10);
  }));

Deno.test("openLog gives every line once, wherever blocks end", () =>
  inFolder((directory) => {
    const lines = Array.from({ length: 40_000 }, (_, index) => `${index} ${"é".repeat(index % 97)}`);
    Deno.writeTextFileSync(`${directory}/mail.log`, lines.slice(20_000).join("\n") + "\n");
    Deno.writeTextFileSync(`${directory}/mail.log.1`, lines.slice(0, 20_000).join("\n") + "\n");
    using log = openLog(directory);
    const read = [...log.blocks()].flat().reverse();
    assert.deepEqual(read, lines);
  }));

Deno.test("numbersOf reads the numbers of every line that has some", () => {
  const { came, went } = wayOf({ mid: 7, at: start, icid: 5, dcid: 9 });
  for (const [, event] of [...came, ...went]) {
    const { mid, icid, dcid } = event as { mid?: number; icid?: number; dcid?: number };
    const numbers = numbersOf(eventText(event));
    assert.equal(numbers.mid, mid, eventText(event));
    assert.equal(numbers.dcid, dcid, eventText(event));
    if (numbers.icid !== undefined) assert.equal(numbers.icid, icid);
  }
  assert.deepEqual(numbersOf("Postern is stopping: MID 7"), {});
  assert.deepEqual(numbersOf("MID 7x"), {});
});

Deno.test("LineReader reads the log's own time", () => {
  const reader = new LineReader();
  const at = new Date(2026, 10, 22, 8, 6, 21).getTime();
  assert.deepEqual(reader.read("Sun Nov 22 08:06:21 2026 Warning: text: more"), {
    at,
    level: "warning",
    text: "text: more",
  });
  for (
    const line of [
      "",
      "x",
      "Sun Nov 22 08:06:21 2026 Loud: text",
      "Sun Xyz 22 08:06:21 2026",
      "{",
      '{"time":1}',
      "null",
    ]
  ) {
    assert.equal(reader.read(line), undefined, line);
  }
});
