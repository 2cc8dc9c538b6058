/**
 * Style as a test: every rule over every file, and every rule on a bad source, so that none can fall silent.
 *
 * @module
 */
import assert from "node:assert/strict";
import { confinement } from "./tidy/confinement.ts";
import { layering } from "./tidy/layers.ts";
import { citedRfcs, rfcDifferences, rfcTable, type Support } from "./tidy/rfc_table.ts";
import { type Rule, shown } from "./tidy/rule.ts";
import { citation, fileLinesMax, finished, header, size, testsRun } from "./tidy/text.ts";
import { filesBelow, textOfFile } from "./tidy/tree.ts";

const source = [...filesBelow("src"), "main.ts"];
const tests = filesBelow("tests").filter((path) => !path.startsWith("tests/tidy"));

/** A rule, what it is said to keep, where it holds, sources that break it and sources that keep it. */
interface Case {
  rule: Rule;
  keeps: string;
  files: readonly string[];
  bad: readonly (readonly [path: string, source: string])[];
  good: readonly (readonly [path: string, source: string])[];
}

const cases: Case[] = [
  {
    rule: layering,
    keeps: "layering lets imports go down only, and packages stay in their folder",
    files: source,
    bad: [
      ["src/base/a.ts", `import { b } from "../mail/b.ts";`],
      ["src/deliver/a.ts", `import type { B } from "../accept/b.ts";`],
      ["src/accept/a.ts", `export * from "../deliver/b.ts";`],
      ["src/accept/a.ts", `export { b } from "../deliver/b.ts";`],
      ["src/queue/a.ts", `const b = await import("../gateway.ts");`],
      ["src/queue/a.ts", "const b = await import(name);"],
      ["src/fresh/a.ts", `import { b } from "../base/b.ts";`],
      ["src/smtp/a.ts", `import { b } from "../../tests/b.ts";`],
      ["src/config/a.ts", `import { parse } from "npm:yaml@2.9.1";`],
      ["src/config/a.ts", `import { x } from "https://example.test/x.ts";`],
      ["src/smtp/a.ts", `import { parse } from "yaml";`],
      ["src/accept/a.ts", `import { DatabaseSync } from "node:sqlite";`],
      ["src/dns/a.ts", `import net from "node:net";`],
      ["src/dns/a.ts", `import { connect, isIP } from "node:net";`],
      ["src/net/a.ts", `import { spawn } from "node:child_process";`],
    ],
    good: [
      ["src/accept/a.ts", `import { b } from "../policy/b.ts"; import { c } from "./c.ts";`],
      ["src/dns/a.ts", `import { isIP } from "node:net";`],
      ["src/gateway.ts", `import { b } from "./accept/b.ts";`],
      ["main.ts", `import { gateway } from "./src/gateway.ts";`],
      ["src/config/a.ts", `import { parse } from "yaml";`],
      ["src/deliver/a.ts", `import MimeNode from "nodemailer/lib/mime-node/index.js";`],
    ],
  },
  {
    rule: confinement,
    keeps: "confinement keeps time, chance, sockets and native code in their places",
    files: source,
    bad: [
      ["src/smtp/a.ts", "const at = Date.now();"],
      ["src/smtp/a.ts", "const at = globalThis.Date.now();"],
      ["src/smtp/a.ts", `const at = Date["now"]();`],
      ["src/smtp/a.ts", "const at = new Date();"],
      ["src/smtp/a.ts", "const { now } = Date;"],
      ["src/smtp/a.ts", "const clock = { now: Date.now };"],
      ["src/smtp/a.ts", "performance.now();"],
      ["src/accept/a.ts", "setTimeout(() => {}, 1);"],
      ["src/accept/a.ts", "setInterval(() => {}, 1);"],
      ["src/deliver/a.ts", "AbortSignal.timeout(5);"],
      ["src/deliver/a.ts", "Math.random();"],
      ["src/deliver/a.ts", "crypto.getRandomValues(new Uint8Array(8));"],
      ["src/deliver/a.ts", `await Deno.connect({ port: 25 });`],
      ["src/accept/a.ts", `Deno.listen({ port: 25 });`],
      ["src/tls/a.ts", "Deno.dlopen(path, {});"],
      ["src/tls/a.ts", "new Deno.UnsafePointerView(pointer);"],
      ["src/tls/a.ts", "Deno.UnsafePointer.of(bytes);"],
      ["src/services/a.ts", `new Deno.Command("ls");`],
      ["src/cli/a.ts", `Deno.kill(1, "SIGHUP");`],
      ["src/queue/a.ts", `console.log("queued");`],
    ],
    good: [
      ["src/base/clock.ts", "const at = Date.now(); setTimeout(() => {}, 1); performance.now();"],
      ["src/base/random.ts", "Math.random(); crypto.getRandomValues(new Uint8Array(8));"],
      ["src/net/tcp.ts", `Deno.listen({ port: 0 });`],
      ["src/openssl/library.ts", "Deno.dlopen(path, {});"],
      ["src/cli/shell.ts", `console.log("ok");`],
      ["src/smtp/a.ts", "// Date.now() is confined\nconst text = `setTimeout(${new Date(ms)})`; clock.now();"],
    ],
  },
  {
    rule: header,
    keeps: "header opens every file and ends in @module",
    files: [...source, ...tests.filter((path) => !path.endsWith("_test.ts")), "tests/tidy_test.ts"],
    bad: [
      ["src/a.ts", "export const a = 1;\n"],
      ["src/a.ts", "/**\n * The letter a.\n */\nexport const a = 1;\n"],
      ["src/a.ts", "/**\n * @module\n */\nexport const a = 1;\n"],
    ],
    good: [["src/a.ts", "/**\n * The letter a.\n *\n * @module\n */\nexport const a = 1;\n"]],
  },
  {
    rule: size,
    keeps: `size is at most ${fileLinesMax} lines a file`,
    files: source,
    bad: [["src/a.ts", "a;\n".repeat(fileLinesMax + 1)]],
    good: [["src/a.ts", "a;\n".repeat(fileLinesMax)]],
  },
  {
    rule: finished,
    keeps: "finished work has no marks of work to do",
    files: [...source, ...tests.filter((path) => path !== "tests/tidy_test.ts")],
    bad: [["src/a.ts", "// TODO: more"], ["src/a.ts", "/* FIXME */"], ["src/a.ts", "// XXX"]],
    good: [["src/a.ts", "// a to-do list of the owner; mastodon"]],
  },
  {
    rule: citation,
    keeps: "citation of RFCs has one form",
    files: [...source, ...tests.filter((path) => path !== "tests/tidy_test.ts")],
    bad: [
      ["src/a.ts", "// RFC5321 §4.5.2"],
      ["src/a.ts", "// rfc 5321"],
      ["src/a.ts", "// RFC-5321"],
      ["src/a.ts", "// RFC 5321 section 4.5.2"],
      ["src/a.ts", "// RFC 5321, Section 4.5.2"],
      ["src/a.ts", "// section 4.5.2 of RFC 5321"],
      ["src/a.ts", "// RFC 5321 § 4.5.2"],
    ],
    good: [[
      "src/a.ts",
      "// RFC 5321 §4.5.2, §4.1; RFC 3207 and RFC 5246 §7.4.1.4; RFC 5321 Appendix C. message/rfc822",
    ]],
  },
  {
    rule: testsRun,
    keeps: "testsRun lets no test be left out",
    files: tests.filter((path) => path !== "tests/tidy_test.ts"),
    bad: [["tests/a_test.ts", `Deno.test.ignore("a", () => {});`], [
      "tests/a_test.ts",
      `Deno.test.only("a", () => {});`,
    ]],
    good: [["tests/a_test.ts", `Deno.test("a", () => {});`]],
  },
];

for (const { rule, keeps, files, bad, good } of cases) {
  Deno.test(`${keeps}: in every file`, () => {
    const findings = files.flatMap((path) => {
      const text = textOfFile(path);
      return text === null ? [] : rule(path, text).map((finding) => shown(path, finding));
    });
    assert.ok(findings.length === 0, `\n${findings.join("\n")}`);
  });
  Deno.test(`${keeps}: tried on bad sources and good ones`, () => {
    for (const [path, text] of bad) assert.notDeepEqual(rule(path, text), [], `no finding in ${path}: ${text}`);
    for (const [path, text] of good) assert.deepEqual(rule(path, text), [], `a finding in ${path}: ${text}`);
  });
}

Deno.test("rfcDifferences: README's table and the citations in src agree", () => {
  const readme = textOfFile("README.md");
  assert.ok(readme !== null, "there is no README.md");
  const cited = new Map<number, string>();
  for (const path of source) for (const number of citedRfcs(textOfFile(path) ?? "")) cited.set(number, path);
  const differences = rfcDifferences(rfcTable(readme), cited);
  assert.ok(differences.length === 0, `\n${differences.join("\n")}`);
});

Deno.test("rfcDifferences names what is missing, denied and unfounded", () => {
  const table = rfcTable(
    "# P\n\n## RFCs\n\n| RFC | |\n|---|---|\n| RFC 1 | yes |\n| RFC 2 Two | no |\n| RFC 3 | partly | 3 |\n\n## Next\n| RFC 9 | yes |\n",
  );
  assert.deepEqual(table, new Map<number, Support>([[1, "yes"], [2, "no"], [3, "partly"]]));
  assert.deepEqual(rfcDifferences(table, new Map([[1, "a"], [3, "a"]])), []);
  assert.deepEqual(rfcDifferences(table, new Map([[1, "a"], [2, "b"], [4, "c"]])), [
    "RFC 2 is cited by b, and the table says no",
    "RFC 4 is cited by c and missing in the table",
    `RFC 3 is "partly" in the table, and no line of src cites it`,
  ]);
  assert.throws(() => rfcTable("# no table"), /Cannot find the RFC table/);
  assert.throws(() => rfcTable("## RFCs\n\n| RFC 1 | maybe |\n"), /neither yes, partly nor no/);
  assert.throws(() => rfcTable("## RFCs\n\n| RFC 1 | yes |\n| RFC 1 | no |\n"), /stands there twice/);
});
