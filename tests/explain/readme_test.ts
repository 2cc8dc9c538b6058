/**
 * The traces in the README are what the command says of the configuration beside them.
 */
import assert from "node:assert/strict";
import { runHere, withFile } from "../support/here.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
const section = /^## Why was this mail refused\?\n([^]*?)^## /m.exec(readme)?.[1] ?? "";
const source = /^```yaml\n([^]*?)^```$/m.exec(section)?.[1] ?? "";
const shown = /^```console\n([^]*?)^```$/m.exec(section)?.[1] ?? "";
const traces = shown.split(/^\$ postern /m).slice(1);

/** Whether `lines` are what is shown; a line `…` stands for any number of them. */
function differs(lines: readonly string[], wanted: readonly string[]): string | undefined {
  let at = 0;
  let skipping = false;
  for (const line of wanted) {
    if (line === "…") {
      skipping = true;
      continue;
    }
    const found = skipping ? lines.indexOf(line, at) : lines[at] === line ? at : -1;
    if (found < 0) return `${line}\n  is not what comes; next is\n${lines[at] ?? "the end"}`;
    at = found + 1;
    skipping = false;
  }
  return skipping || at === lines.length ? undefined : `${lines[at]}\n  is not shown`;
}

Deno.test("README shows two traces at least", () => {
  assert.ok(traces.length >= 2 && source.length > 100);
});

for (const [number, trace] of traces.entries()) {
  Deno.test(`README shows trace ${number + 1} as the command prints it`, async () => {
    const [command, ...wanted] = trace.trimEnd().split("\n");
    await withFile(source, async (file) => {
      const { out, err } = await runHere(command.split(" "), { file });
      assert.deepEqual(err, []);
      const lines = out.map((line) => line.replaceAll(file, "config.yaml"));
      assert.equal(differs(lines, wanted), undefined, lines.join("\n"));
    });
  });
}
