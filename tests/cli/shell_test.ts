import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { runShell, splitWords } from "../../src/cli/shell.ts";
import { linesOf } from "../../src/cli/terminal.ts";

Deno.test("splitWords splits at blanks and keeps what is quoted together", () => {
  // deno-fmt-ignore
  const table: [string, string[] | undefined][] = [
    ["", []],
    ["  queue\tlist ", ["queue", "list"]],
    [`a "b c" 'd "e' f""g`, ["a", "b c", 'd "e', "fg"]],
    [`x ""`, ["x", ""]],
    [`x "y`, undefined],
  ];
  for (const [line, words] of table) assert.deepEqual(splitWords(line), words, line);
});

Deno.test("linesOf takes lines apart wherever the chunks are cut", async () => {
  const text = new TextEncoder().encode("ein\r\nzwö\n\ndrei");
  for (let cut = 0; cut <= text.length; cut++) {
    const lines: string[] = [];
    for await (const line of linesOf(ReadableStream.from([text.slice(0, cut), text.slice(cut)]))) lines.push(line);
    assert.deepEqual(lines, ["ein", "zwö", "", "drei"]);
  }
});

/** The shell on these lines, without a gateway. */
async function shell(...lines: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/config.yaml`, "version: 1\n");
    const out: string[] = [];
    const err: string[] = [];
    const code = await runShell({
      file: `${folder}/config.yaml`,
      clock: systemClock,
      random: systemRandom,
      hostname: "gw.example.test",
      openEngine: () => assert.fail("no engine is wanted"),
      commands: [{
        name: "turn",
        usage: "WAY",
        summary: "turns",
        operands: { name: "way", min: 1, max: 1 },
        view: () => "",
      }],
      out: (line) => out.push(line),
      err: (line) => err.push(line.replace(folder, "")),
      read: () => Promise.resolve(lines.shift() ?? null),
    });
    return { code, out, err };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("runShell helps, tells faults, goes on behind them, and ends with the last command's code", async () => {
  const { code, out, err } = await shell("# a remark", "", "help", "help turn", "fly", 'x "', "turn left");
  assert.equal(code, 1);
  assert.match(out[0], /^turn WAY {2}turns\nhelp/);
  assert.equal(out[1], "usage: turn WAY\n\nturns");
  assert.deepEqual(err, [
    "unknown command fly; try help",
    "Cannot read the line: a quote is open",
    "Cannot run turn: no gateway is running on /data",
  ]);
  assert.deepEqual(await shell("fly", "quit", "turn left"), {
    code: 2,
    out: [],
    err: ["unknown command fly; try help"],
  });
});
