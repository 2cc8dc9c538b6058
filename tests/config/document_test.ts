/** YAML as plain values with places; and files that were spoilt by chance. */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { readDocument } from "../../src/config/document.ts";
import { faultText } from "../../src/config/faults.ts";
import { loadSource } from "../../src/config/load.ts";

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

Deno.test("readDocument: no tag makes a value that is neither text, number, flag, list nor map", () => {
  for (const head of ["", "%YAML 1.1\n---\n"]) {
    const { value, fatal } = readDocument(`${head}a: !!binary aGk=\nb: !!timestamp 2001-01-01\nc: !!set { d, e }\n`);
    assert.equal(fatal, false);
    const { a, b, c } = value as Record<string, unknown>;
    assert.deepEqual([a, b], ["aGk=", "2001-01-01"], head);
    assert.deepEqual({ ...(c as object) }, { d: null, e: null });
  }
});

Deno.test("readDocument: numbers that are not in their shortest form stay text", () => {
  const { value, faults } = readDocument(
    "a: [1, 10.1, 10.10, 010, 0x10, 1e3, 1_000, 9007199254740993, .5, -0, 2.0]\n10.20: x\n",
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(plain(value), {
    a: [1, 10.1, "10.10", "010", "0x10", "1e3", "1_000", "9007199254740993", ".5", "-0", "2.0"],
    "10.20": "x",
  });
});

Deno.test("readDocument: words of YAML 1.1 are text, true, false and null are not", () => {
  const { value } = readDocument("a: [yes, no, on, true, False, null, ~, '', 2026-01-01]\n");
  assert.deepEqual(plain(value), { a: ["yes", "no", "on", true, false, null, null, "", "2026-01-01"] });
});

Deno.test("readDocument: places are those of keys and values, and of the nearest key where there is none", () => {
  const { place } = readDocument("# c\na:\n  b: [x, { c: 1 }]\n  d:\nE.Test: 2\n");
  const at = (path: (string | number)[], end: "key" | "value") => {
    const { line, column } = place({ path, at: end });
    return `${line}:${column}`;
  };
  assert.deepEqual(
    [
      at([], "value"),
      at(["a"], "key"),
      at(["a", "b"], "key"),
      at(["a", "b"], "value"),
      at(["a", "b", 1], "value"),
      at(["a", "b", 1, "c"], "value"),
      at(["a", "b", 7], "value"),
      at(["a", "d"], "value"),
      at(["a", "absent", "x"], "value"),
      at(["absent"], "value"),
      at(["e.test"], "key"),
    ],
    ["1:1", "2:1", "3:3", "3:6", "3:10", "3:15", "3:3", "4:3", "2:1", "1:1", "5:1"],
  );
});

Deno.test("readDocument: an alias has the value of its anchor", () => {
  const { value, faults, place } = readDocument("a: &x { b: 1 }\nc: *x\n");
  assert.deepEqual([plain(value), faults], [{ a: { b: 1 }, c: { b: 1 } }, []]);
  assert.equal(place({ path: ["c", "b"], at: "value" }).line, 1);
});

Deno.test("readDocument: a quoted key is the key, and a key in another form is not another key", () => {
  assert.deepEqual(plain(readDocument('"a": 1\n').value), { a: 1 });
  assert.equal(readDocument('a: 1\n"a": 2\n').faults.length, 1);
});

Deno.test("readDocument: CRLF, a byte order mark, and JSON are taken", () => {
  assert.deepEqual(plain(readDocument("\ufeffa: 1\r\nb: x\r\n").value), { a: 1, b: "x" });
  assert.deepEqual(plain(readDocument('{"a": {"b": [1, true, "x\\n"]}}').value), { a: { b: [1, true, "x\n"] } });
});

Deno.test("readDocument: ten thousand brackets and half a megabyte of aliases are refused in time", () => {
  const started = performance.now();
  assert.ok(readDocument("a: " + "[".repeat(10_000)).fatal);
  assert.ok(readDocument("a: " + "[".repeat(10_000) + "]".repeat(10_000)).fatal);
  const bomb = [
    "a0: &a0 [x, x]",
    ...Array.from({ length: 40 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`),
  ];
  assert.ok(readDocument(bomb.join("\n")).fatal);
  assert.ok(performance.now() - started < 20_000);
});

Deno.test("loadSource: of thousands of faults the first hundred are told", async () => {
  const source = `version: 1\n${Array.from({ length: 2000 }, (_, at) => `key${at}: 1`).join("\n")}\n`;
  const result = await loadSource(source, { file: "/c.yaml", hostname: "gw", generation: 1 });
  assert.ok(!result.ok);
  assert.equal(result.errors.length, 101);
  assert.equal(faultText(result.errors[0]).slice(0, 44), "/c.yaml:2:1: key0: is an unknown key; known ");
  assert.equal(faultText(result.errors[100]), "/c.yaml:102:1: config: has 1900 more faults; these first");
});

Deno.test("loadSource: files spoilt by chance never throw, and every place is in the file", async () => {
  const seed = Number(Deno.env.get("SEED") ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.fraction() * items.length)];
  const sources = [await Deno.readTextFile(new URL("../../config/config.yaml", import.meta.url))];
  for (const entry of Deno.readDirSync(new URL("../refusals/", import.meta.url))) {
    if (entry.name === "alias_bomb" || !entry.isDirectory) continue;
    sources.push(await Deno.readTextFile(new URL(`../refusals/${entry.name}/config.yaml`, import.meta.url)));
  }
  const bits = [
    "{",
    "}",
    "[",
    "]",
    ":",
    " ",
    "\n",
    "  ",
    "- ",
    "\t",
    '"',
    "'",
    "&a ",
    "*a",
    "|",
    ">",
    "null",
    "-1",
    "\0",
    "#",
    "!!x ",
    "? ",
    "<<: ",
    "---\n",
    "ALL",
    "é",
    "\u2028",
  ];
  for (let round = 0; round < 600; round++) {
    let source = pick(sources);
    for (let change = 0; change < 1 + random.fraction() * 4; change++) {
      const at = Math.floor(random.fraction() * source.length);
      const gone = Math.floor(random.fraction() * random.fraction() * 40);
      source = source.slice(0, at) + (random.fraction() < 0.7 ? pick(bits) : "") + source.slice(at + gone);
    }
    const where = `SEED=${seed} round ${round}: ${JSON.stringify(source)}`;
    const result = await loadSource(source, { file: "/c.yaml", hostname: "gw", generation: 1 })
      .catch((thrown) => assert.fail(`${where}: ${thrown.stack}`));
    const lines = source.split(/\n|\r\n?/);
    for (const fault of [...result.warnings, ...result.ok ? [] : result.errors]) {
      assert.ok(fault.line >= 1 && fault.line <= lines.length, `${where}: ${faultText(fault)}`);
      assert.ok(fault.column >= 1 && fault.column <= lines[fault.line - 1].length + 1, `${where}: ${faultText(fault)}`);
      // deno-lint-ignore no-control-regex
      assert.ok(!/[\x00-\x1f\x7f]/.test(faultText(fault)), `${where}: ${JSON.stringify(faultText(fault))}`);
    }
    if (!result.ok) assert.ok(result.errors.length > 0, where);
  }
});

Deno.test("readDocument: a hundred thousand brackets that are never closed, or never opened, take no longer than a moment", () => {
  for (
    const [piece, words] of [["{a: ", /nested too deeply/], ["[", /nested too deeply/], [
      "}",
      /is no YAML here/,
    ]] as const
  ) {
    const began = performance.now();
    const { fatal, faults } = readDocument(`version: 1\nx: ${piece.repeat(25_000)}`);
    assert.ok(performance.now() - began < 10_000, `${piece}: ${performance.now() - began} ms`);
    assert.equal(fatal, true);
    assert.match(faults[0].text, words);
  }
});
