/** Long texts in a thread. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { limits } from "../../src/base/limits.ts";
import { EditError } from "../../src/config/edit.ts";
import { loadSource } from "../../src/config/load.ts";
import { threadTexts } from "../../src/config/text_thread.ts";
import { directTexts, type TextWork } from "../../src/config/text_work.ts";

const rows = Array.from({ length: 2_000 }, (_, at) => `      - { address: u${at}@example.com, action: accept }\n`);
const text = `version: 1
listeners:
  inbound:
    address: 127.0.0.1:2525
    recipients:
${rows.join("")}certificates:
  one: { certificate: a.crt, key: a.key }
`;

/** Counts what a thread was spared. */
async function told(work: Promise<unknown>): Promise<unknown> {
  return await work.then((value) => value, (error) => [error.constructor, error.message, error.path]);
}

Deno.test("threadTexts: what comes of a long text is what comes of it here", async () => {
  assert.ok(text.length > limits.configOctetsHereMax);
  using texts = threadTexts(systemClock);
  const question = { text, file: "/etc/config.yaml", hostname: "gw.example.test", generation: 7 };
  const changes = [{ path: ["listeners", "inbound", "recipients", 1_000, "action"], value: "reject" }];
  const tasks: ((texts: TextWork) => Promise<unknown>)[] = [
    (texts) => texts.run("read", question),
    (texts) => texts.run("view", { ...question, text: `${text}x: [` }),
    (texts) => texts.run("edit", { text, changes }),
    (texts) => texts.run("edit", { text, changes: [{ path: ["listeners", 1, "x"], value: 1 }] }),
    (texts) => texts.run("merge", { now: text, base: text, wanted: text.replace("u7@", "v7@") }),
    (texts) =>
      texts.run("cutOff", { before: text, after: `${text}admin: { address: null }\n`, hostname: "a", file: "f" }),
    (texts) => texts.run("plain", { text: `${text}]` }),
    (texts) => texts.run("locate", { text, path: ["certificates", "one"] }),
  ];
  for (const task of tasks) assert.deepEqual(await told(task(texts)), await told(task(directTexts)));
  await assert.rejects(texts.run("plain", { text: `${text}]` }), EditError);
});

Deno.test("threadTexts: a timer goes on while a long text is worked on", async () => {
  using texts = threadTexts(systemClock);
  let done = false;
  const reading = texts.run("count", { base: text, text: text.replaceAll("accept", "reject") })
    .finally(() => void (done = true));
  let ticks = 0;
  while (!done) {
    await new Promise((go) => setTimeout(go, 1));
    ticks++;
  }
  assert.equal(await reading, 1);
  // Here it would be one turn of the loop, or two; a thread takes a few hundred milliseconds to begin.
  assert.ok(ticks > 5, `${ticks} ticks`);
});

Deno.test("loadSource: what is found behind the thread has its place in the text, rows that were taken out counted", async () => {
  using texts = threadTexts(systemClock);
  const faulty = text.replace("u5@example.com, action: accept", "u5@example.com, action: perhaps");
  const world = {
    file: "config.yaml",
    hostname: "gw.example.test",
    generation: 1,
    checkTls: () =>
      Promise.resolve({
        errors: [{
          path: ["listeners", "inbound", "recipients", 5, "action"],
          at: "value" as const,
          text: "the sixth of those left",
        }],
        warnings: [{ path: ["certificates", "one", "key"], at: "value" as const, text: "old" }],
      }),
  };
  const here = await loadSource(faulty, world);
  const there = await loadSource(faulty, { ...world, texts });
  assert.deepEqual(there, here);
  assert.equal(here.ok, false);
  if (!here.ok) {
    assert.deepEqual(here.errors.map(({ line, path }) => [line, path]), [
      [11, "listeners.inbound.recipients[5].action"],
      [12, "listeners.inbound.recipients[6].action"],
    ]);
  }
});

Deno.test("threadTexts: a thread that was ended is followed by another one", async () => {
  const texts = threadTexts(systemClock);
  const place = () => texts.run("locate", { text, path: ["version"] });
  assert.equal((await place()).line, 1);
  texts[Symbol.dispose]();
  assert.equal((await place()).line, 1);
  texts[Symbol.dispose]();
});
