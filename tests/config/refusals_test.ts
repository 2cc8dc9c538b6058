/**
 * Bad configurations: a folder each, with everything that is said about it.
 *
 * `expected.txt` holds the lines of `postern check`, errors and then warnings. After a change of words:
 * `UPDATE_EXPECTED=1 ./denow test -A tests/config/refusals_test.ts`, and read the difference.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { tlsCheck } from "../../src/certs/check.ts";
import { checkCommand } from "../../src/cli/check.ts";
import { loadConfig } from "../../src/config/load.ts";
import { openSslEngine } from "../../src/openssl/engine.ts";

const checkTls = tlsCheck({ engine: openSslEngine(), now: systemClock.now });
const folder = new URL("../refusals/", import.meta.url);
const names = [...Deno.readDirSync(folder)].filter((entry) => entry.isDirectory).map((entry) => entry.name).sort();

/** What `postern check` prints, with the file's path cut down to its name. */
async function printed(name: string): Promise<{ code: number; lines: string[] }> {
  const path = new URL(`${name}/`, folder).pathname;
  const out: string[] = [];
  const err: string[] = [];
  const code = await checkCommand({
    file: `${path}config.yaml`,
    load: (file) => loadConfig(file, { hostname: "gw.example.test", generation: 1, checkTls }),
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { code, lines: [...out, ...err].map((line) => line.replaceAll(path, "").replaceAll(path.slice(0, -1), ".")) };
}

Deno.test("refusals: there are enough of them to mean something", () => {
  assert.ok(names.length >= 30, `only ${names.length}`);
});

for (const name of names) {
  Deno.test(`refusals: ${name.replaceAll("_", " ")}`, async () => {
    const { code, lines } = await printed(name);
    const expected = new URL(`${name}/expected.txt`, folder);
    if (Deno.env.get("UPDATE_EXPECTED") !== undefined) await Deno.writeTextFile(expected, lines.join("\n") + "\n");
    assert.equal(code, 1, "the file must be refused");
    assert.deepEqual(lines, (await Deno.readTextFile(expected)).trimEnd().split("\n"));
    for (const line of lines) assert.match(line, /^config\.yaml:\d+:\d+: [^:]+: .+; .+|: warning: /);
  });
}
