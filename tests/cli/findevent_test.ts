import assert from "node:assert/strict";
import { wayOf, writeLog } from "../tracking/log_files.ts";
import { runHere } from "../support/here.ts";

async function withLog(run: (file: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "postern-findevent-" });
  try {
    await Deno.mkdir(`${folder}/data/logs`, { recursive: true });
    await Deno.writeTextFile(`${folder}/config.yaml`, "version: 1\n");
    const first = wayOf({ mid: 1, at: Date.UTC(2020, 0, 1) });
    const second = wayOf({
      mid: 2,
      at: Date.UTC(2020, 0, 2),
      to: Array.from({ length: 30 }, (_, rid) => `r${rid}@x.test`),
    });
    writeLog(`${folder}/data/logs`, [...first.came, ...first.went, ...second.came]);
    await run(`${folder}/config.yaml`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("findevent lists messages, the youngest first, as text and as JSON", () =>
  withLog(async (file) => {
    const { code, out, err } = await runHere(["findevent", "--from", "@EXAMPLE.com"], { file });
    assert.deepEqual([code, err], [0, []]);
    const lines = out.join("\n").split("\n");
    assert.match(lines[0], /^MID +AGE +SIZE +STATE/);
    assert.match(lines[1], /^2 .* open +<s2@example\.com> → <r0@x\.test> .* and 10 more$/);
    assert.equal(lines[2].trim(), "Number 2");
    assert.match(lines[3], /^1 .* 4\.9K +delivered +<s1@example\.com> → <r1@example\.test>$/);
    const json = await runHere(["findevent", "--subject", "number 1", "--json"], { file });
    assert.equal(JSON.parse(json.out[0]).message.mid, 1);
  }));

Deno.test("findevent MID shows the way of a message", () =>
  withLog(async (file) => {
    const { code, out } = await runHere(["findevent", "1"], { file });
    assert.equal(code, 0);
    const lines = out.join("\n").split("\n");
    assert.match(lines[0], /^\w{3} \w{3} \d\d [\d:]+ \d{4} {2}New SMTP ICID 1 interface inbound/);
    assert.match(lines.at(-1)!, /Message finished MID 1 done$/);
  }));

Deno.test("findevent says that there is more, and that there is nothing", () =>
  withLog(async (file) => {
    const more = await runHere(["findevent", "--limit", "1"], { file });
    assert.deepEqual([more.code, more.err], [0, ["There are more than 1; --limit shows more, other words find less"]]);
    for (const words of [["--to", "nobody@"], ["--since", "1h"], ["77"]]) {
      const none = await runHere(["findevent", ...words], { file });
      assert.equal(none.code, 1, words.join(" "));
      assert.equal(none.out.length, 0);
      assert.match(none.err[0], /No message was found|Cannot find MID 77/);
    }
  }));

for (const words of [["x"], ["1", "--from", "a"], ["--limit", "0"], ["--since", "soon"], ["99999999999999999"]]) {
  Deno.test(`findevent refuses the words ${words.join(" ")}`, () =>
    withLog(async (file) => {
      const { code, out, err } = await runHere(["findevent", ...words], { file });
      assert.deepEqual([code, out.length, err.length], [2, 0, 1]);
      assert.match(err[0], /^Cannot /);
    }));
}
