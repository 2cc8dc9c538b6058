import assert from "node:assert/strict";
import { tailOctetsMax, tailOf } from "../../src/tracking/tail.ts";

const time = "Sun Nov 22 08:06:21 2026";
const line = (text: string, level = "Info") => `${time} ${level}: ${text}\n`;

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "postern-tail-" });
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const everything = { level: "trace", text: "", limit: 100 } as const;

Deno.test("tailOf gives the last lines by level and text, and no line that is being written", () =>
  inFolder(async (folder) => {
    const json = JSON.stringify({ time: "2026-11-22T08:06:22Z", level: "critical", text: "the disk is full" });
    await Deno.writeTextFile(
      `${folder}/mail.log`,
      line("MID 1 one") + line("MID 2 Two", "Debug") + "no line of ours\n" + line("MID 3", "Warning") + json + "\n" +
        `${time} Info: half a`,
    );
    const texts = async (wish: Partial<Parameters<typeof tailOf>[1]>) =>
      (await tailOf(folder, { ...everything, ...wish })).map(({ text }) => text);
    assert.deepEqual(await texts({}), ["MID 1 one", "MID 2 Two", "MID 3", "the disk is full"]);
    assert.deepEqual(await texts({ level: "warning" }), ["MID 3", "the disk is full"]);
    assert.deepEqual(await texts({ text: "two" }), ["MID 2 Two"]);
    assert.deepEqual(await texts({ limit: 1 }), ["the disk is full"]);
  }));

Deno.test("tailOf goes on in the file before where the log was rotated just now", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/mail.log.1`, line("before"));
    assert.deepEqual((await tailOf(folder, everything)).map(({ text }) => text), ["before"]);
    await Deno.writeTextFile(`${folder}/mail.log`, line("now"));
    assert.deepEqual((await tailOf(folder, everything)).map(({ text }) => text), ["before", "now"]);
  }));

Deno.test("tailOf reads the end of a large log alone, and nothing where there is none", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await tailOf(folder, everything), []);
    const many = line("x".repeat(1_000)).repeat(Math.ceil(2 * tailOctetsMax / 1_000));
    await Deno.writeTextFile(`${folder}/mail.log`, line("first") + many + line("last"));
    const found = await tailOf(folder, { ...everything, limit: 10_000 });
    assert.equal(found.at(-1)?.text, "last");
    assert.ok(found.length < tailOctetsMax / 1_000 + 2);
    assert.ok(!found.some(({ text }) => text === "first"));
  }));
