/** Long tables, read without the library: the same tree as it makes, in all that is looked at. */
import assert from "node:assert/strict";
import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { type CollectionNode, type Node, Source } from "../../src/config/edit_source.ts";
import { type RowList, RowMap, RowScalar } from "../../src/config/yaml_nodes.ts";
import { eachNode, parseYaml } from "../../src/config/yaml_tables.ts";

/** All that readers of a tree look at; where a block ends is not asked of it. */
function facts(contents: unknown): unknown[] {
  const found: unknown[] = [];
  eachNode(contents, (node) => {
    const { range: [from, to], anchor, tag } = node as { range: number[]; anchor?: string; tag?: string };
    if (isAlias(node)) found.push(["alias", node.source, from, to]);
    else if (isScalar(node)) found.push([node.value, node.type, node.source, from, to, anchor, tag]);
    else if (isMap(node) || isSeq(node)) {
      const kind = isMap(node) ? "map" : "list";
      found.push([kind, node.items.length, node.flow === true, from, node.flow ? to : 0]);
    }
  });
  return found;
}

/** Where an edit sees each entry. */
function edges(source: Source): unknown[] {
  const found: unknown[] = [];
  eachNode(source.root, (node) => {
    if (!isMap(node) && !isSeq(node)) return;
    const parent = node as unknown as CollectionNode;
    for (const index of node.items.keys()) {
      const colon = isMap(parent) ? source.colon(parent, index) : undefined;
      found.push([source.entryStart(parent, index), source.entryEnd(parent, index), colon, source.end(node as Node)]);
    }
  });
  return found;
}

const below = (random: Random, count: number) => Math.floor(random.fraction() * count);

class Slow extends Source {
  override readonly document = parseDocument(this.text, {
    keepSourceTokens: true,
    uniqueKeys: false,
    logLevel: "error",
  });
}

function sameTree(text: string): number {
  const own = parseYaml(text, { rowsMin: 3, tokens: true });
  const theirs = parseDocument(text, { uniqueKeys: false, logLevel: "error", keepSourceTokens: true });
  assert.deepEqual(facts(own.contents), facts(theirs.contents), text);
  assert.deepEqual(own.errors.map(({ code }) => code), theirs.errors.map(({ code }) => code), text);
  let rows = 0;
  eachNode(own.contents, (node) => void (rows += Number(node instanceof RowScalar)));
  if (own.errors.length === 0) {
    const quick = new Source(text);
    assert.deepEqual(edges(Object.assign(quick, { document: own })), edges(new Slow(text)), text);
  }
  return rows;
}

const scalars = [
  ..."a example.com .example.com user@example.com 10.0.0.0/8 10.1.2.3 10.1 10. 7 007 1e5 0x1f 0o7 -1 .5 .inf .NaN null ~ true"
    .split(" "),
  ..."False yes no 2001:db8::1 ::1 a:b a: 12:30 '10.0.0.1:25' \"10.0.0.1:25\" 'it''s' \"a\\tb\" don't a,b a#b *a &b !c %d @e `f"
    .split(" "),
  "plain with  blanks",
  '"quoted # text"',
  "'- a'",
  "",
  "# remark",
  "中文",
  "123.com",
  "1.2.3",
  "null.example",
  "- b",
  "? c",
  "|",
  ">",
  '"a',
  "nul",
  "1_0",
  "[a, b]",
  "[]",
  "{}",
  "{ a: 1, b: [c, 'd'] }",
  "[a: b]",
  "{ a }",
  "{ a: , b: 1 }",
  "[a,b]",
  "{a: b}",
  '{"a":b}',
  "[a, [b, { c: d }]]",
  "[a, b,]",
  "[a",
  "{ a: b:c }",
  "{ a: b: c }",
  "[10.0.0.1:25, ::1]",
  "[a ,b]",
  "9999999999999999",
  "a -b",
  "- - c",
  "0",
  "1.",
  "inf",
  "NULL",
  "trUe",
  "http://a.b/c?d",
  "a: b",
];
const keys = [
  "a",
  "example.com",
  ".example.com",
  "'x y'",
  '"k"',
  "10.0.0.1",
  "7",
  "true",
  "b",
  "b",
  "c d",
  "1e5",
  "user@x",
  "- a",
  "null",
  "a,b",
];

/** Rows of one table, mostly simple ones. */
function rowsOf(random: Random, { indent, list }: { indent: string; list: boolean }): string {
  const pick = <T>(of: readonly T[]) => of[below(random, of.length)];
  const odd = () => below(random, 12) === 0;
  const value = () =>
    odd() ? pick(scalars) : pick(["a", "b@c.de", "10.0.0.1", "'q'", "{ address: a, action: accept }", "[a, b]", "5"]);
  const key = () => odd() ? pick(keys) : pick(["a", "b.c", "tls", "address"]);
  return Array.from({ length: 3 + below(random, 12) }, () => {
    const gap = below(random, 8) === 0
      ? pick(["\n", "# remark\n", `${indent}# remark\n`, "  \n", `${indent}    # in\n`, "\t\n"])
      : "";
    const tail = below(random, 5) === 0 ? pick([" # remark", "  ", "   # a", "#no", "\t"]) : "";
    const start = list ? "- " : `${key()}: `;
    const shape = below(random, 6);
    if (shape === 0 && list) return `${gap}${indent}- ${key()}: ${value()}${tail}\n${indent}  ${key()}: ${value()}\n`;
    if (shape === 1) {
      return `${gap}${indent}${start.trimEnd()}\n${indent}  ${key()}: ${value()}${tail}\n${indent}  b: c\n`;
    }
    if (shape === 2 && !list) return `${gap}${indent}${key()}:${tail}\n${indent}- ${value()}\n${indent}- x\n`;
    if (shape === 3 && odd()) return `${gap}${indent}${start}${value()}\n${indent}   goes on\n`;
    return `${gap}${indent}${start}${value()}${tail}\n`;
  }).join("");
}

Deno.test("parseYaml: tables have the tree that the library makes of them, simple or not", () => {
  const random = seededRandom(20);
  let rows = 0;
  for (let round = 0; round < 150; round++) {
    const list = below(random, 2) === 0;
    const indent = " ".repeat(below(random, 4));
    const before = ["", "# head\n", "top: 1\n", "a: &x [b]\n", "---\n"][below(random, 5)];
    const after = ["", "end: { a: 1 }\n", "  deeper: 1\n", "...\n", "z: *x\n", "# tail", "- a\n"][below(random, 7)];
    const head = [
      "t:\n",
      "t: # remark\n",
      "",
      "t: |\n",
      "t: >-\n",
      't: "\n',
      "t: [\n",
      "t: !x\n",
      "- t:\n",
    ][below(random, 40) % 9];
    const table = rowsOf(random, { indent: `${indent}${head === "" ? "" : " "}`, list });
    rows += sameTree(before + head + table + after);
  }
  assert.ok(rows > 200, `${rows} texts came from rows`);
});

Deno.test("parseYaml: rows that only look like rows stay what they are", () => {
  const row = (at: number) => `  - { address: user${at}@example.com, action: accept }\n`;
  const rows = Array.from({ length: 80 }, (_, at) => row(at)).join("");
  const texts = [
    `a: |\n${rows}`,
    `a: >\n${rows}b: 1\n`,
    `a: "\n${rows}  "\n`,
    `a: '\n${rows}  '\n`,
    `a: plain\n${rows}`,
    `# a:\n${rows.replaceAll(/^/gm, "# ")}b: 1\n`,
    `a: |\n  ${rows.replaceAll("\n", "\n  ")}\n`,
    `a: |\n${rows}${rows.replaceAll(/^/gm, " ")}b:\n${rows}`,
  ];
  for (const text of texts) assert.equal(sameTree(text), 0, text.slice(0, 10));
});

Deno.test("parseYaml: places behind tables are those of the text, be they long or many", () => {
  const rows = (from: number) =>
    Array.from({ length: 70 }, (_, at) => `  - { sender: 10.${from}.0.${at}, comment: "中 ${at}" } # ${at}\n`).join("");
  const text = `\ufeff# 头\na:\n${rows(1)}\n# between\n${rows(2)}  - &one odd: |\n      text\n${
    rows(3)
  }\nb: { c: d }\ne:\n${
    Array.from({ length: 90 }, (_, at) => `  d${at}.example: ["10.0.0.${at}:25"]\n`).join("")
  }f: *one\n`;
  assert.ok(sameTree(text) > 500);
  const document = parseYaml(text);
  assert.ok((document.get("a") as unknown as RowList).items.some((item) => item instanceof RowMap));
});

Deno.test("parseYaml: other line ends, directives, faults and what follows a table are the library's", () => {
  const rows = Array.from({ length: 80 }, (_, at) => `  - b${at}\n`).join("");
  const texts = [
    `a:\n${rows}`.replaceAll("\n", "\r\n"),
    `%YAML 1.1\n---\na:\n${rows}`,
    `a:\n${rows}b: [c\n`,
    `a:\n${rows}\tb: c\n`,
    `a:\n${rows} b: c\n`,
    `a:\n${rows}   - c\n`,
    `a:\n${rows}---\nb: 1\n`,
  ];
  for (const text of texts) sameTree(text);
});
