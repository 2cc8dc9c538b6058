/**
 * The configuration loader: the contract's file and the shipped one, spoiled by whole lines, values, indents and octets.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeService } from "../../../src/accept/service.ts";
import { faultText, warningText } from "../../../src/config/faults.ts";
import { loadSource } from "../../../src/config/load.ts";
import { judgeConnection } from "../../../src/policy/judge.ts";
import { judgeRecipient } from "../../../src/policy/recipient_table.ts";
import { routeOf } from "../../../src/policy/route.ts";
import { spoiled } from "../bytes.ts";
import type { Chance } from "../chance.ts";
import { target } from "../target.ts";

interface Input {
  source: string;
}

const root = new URL("../../../", import.meta.url);
const textOf = (path: string) => Deno.readTextFileSync(new URL(path, root));
const shipped = textOf("config/config.yaml");
/** The contract's file, whole, and with what is not built left out, so that something is loaded. */
const contract = textOf("tests/fuzz/contract.yaml");
const notBuilt =
  /^ *(?:tls_required_for|verify_client_certificate|max_recipients_per_hour|max_invalid_recipients_per_hour|THROTTLED):?.*\n/gm;
const bases = [shipped, contract, contract.replace(notBuilt, ""), "version: 1\n"];

const values = [
  "",
  "~",
  "null",
  "true",
  "yes",
  "-1",
  "0",
  "1e999",
  "0x10",
  "9007199254740993",
  "1.10",
  ".inf",
  "5 s",
  "5s",
  "99999999d",
  "10M",
  "1K",
  '""',
  "[]",
  "{}",
  "[[]]",
  "{ a: b }",
  "[a, a]",
  "*x",
  "&x y",
  "&x [*x]",
  "!!binary aGk=",
  "!!set {a}",
  "!!js/function x",
  "|\n  a\n  b",
  ">-\n  a",
  "0.0.0.0/0",
  "::/0",
  "127.0.0.1:99999",
  "[::1]:25",
  "10.0.0.0/33",
  "user@",
  "@a",
  ".",
  "..",
  "a..b",
  "ALL",
  "default",
  "accept",
  "reject",
  '"\\u0000"',
  '"a\\nInfo: forged"',
  '"\\u2028"',
  "'\ud800'",
  "ü.example",
  "xn--a",
  "../../etc/passwd",
  "/dev/zero",
  "TLSv1.3",
  "[TLSv1.0, TLSv1.2]",
  "a".repeat(300),
  "[".repeat(40),
  '"',
  "'",
  "550",
  "5.7.1 no",
  "*",
  "&",
  "%",
  "@",
  "`",
  "- a",
  "? b",
  "constructor",
  "__proto__: 1",
];
const words = [
  ":",
  ": ",
  "- ",
  "{",
  "}",
  "[",
  "]",
  "#",
  "&a ",
  "*a",
  "<<: *a",
  "---\n",
  "...\n",
  "\t",
  "  ",
  "\n",
  "\r\n",
  "!!",
  "|",
  ">",
  '"',
  "'",
  "%YAML 1.2\n",
  ",",
];

/** Spoils a file as owners and editors do. */
function edited(source: string, chance: Chance): string {
  const lines = source.split("\n");
  for (let count = chance.between(1, 4); count > 0; count--) {
    const at = chance.below(lines.length);
    const line = lines[at] ?? "";
    switch (chance.below(10)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(chance.below(lines.length), 0, line);
        break;
      case 2:
        lines[at] = " ".repeat(chance.below(4)) + line;
        break;
      case 3:
        lines[at] = line.replace(/^ {0,2}/, "");
        break;
      case 4:
        lines[at] = line.replace(/^( *)(\w)/, "$1# $2");
        break;
      case 5:
        lines[at] = line.replace(/^ *# /, "");
        break;
      case 6:
      case 7: {
        const value = chance.pick(values);
        // A function, since `$` means something in a replacement.
        lines[at] = chance.oneIn(2)
          ? line.replace(/: .*/, () => `: ${value}`)
          : line.replace(/(?<=[[{,:] )[^,{}[\]#]+/, () => value);
        break;
      }
      case 8:
        lines[at] = line.replace(
          /\w+(?=:)/,
          (key) => chance.pick([key + "x", key.toUpperCase(), chance.pick(values), "hostname"]),
        );
        break;
      case 9:
        lines[at] = spoiled(line, chance, words);
        break;
    }
  }
  return lines.join("\n");
}

// deno-lint-ignore no-control-regex
const unsafe = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;

export const configTarget = target<Input>({
  name: "config",
  reaches: ["loaded", "refused", "warned"],
  make(chance) {
    const base = chance.pick(bases);
    const source = chance.oneIn(30) ? spoiled(base, chance, words) : edited(base, chance);
    if (chance.oneIn(200)) {
      return { source: source + "\nx: " + chance.pick(["[", "{a: ", "- ", "&a [*a, "]).repeat(chance.length(30_000)) };
    }
    return { source };
  },
  async check({ source }) {
    const world = { hostname: "gw.example.test", generation: 1, file: "/etc/postern/config.yaml" };
    const result = await loadSource(source, world);
    const lines = source.split("\n");
    const errors = result.ok ? [] : result.errors;
    assert.equal(result.ok, errors.length === 0, "refused with a reason");
    for (const [faults, text] of [[errors, faultText], [result.warnings, warningText]] as const) {
      for (const fault of faults) {
        const { line, column } = fault;
        assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
        assert.ok(column >= 1 && column <= lines[line - 1].length + 1, `column ${column} of line ${line}`);
        const shown = text(fault);
        assert.doesNotMatch(shown, unsafe, "one line");
        assert.ok(shown.startsWith(`/etc/postern/config.yaml:${line}:${column}: `), shown);
        assert.ok(shown.length < 5_000, "short");
      }
    }
    if (!result.ok) return ["refused"];
    const { config } = result;
    // `said` looks the file up anew and is another function each time.
    const again = { ...await loadSource(source, world), said: result.said };
    assert.deepEqual(again, result, "the same text, the same configuration");
    // What was found to be sound can be put in force.
    for (const listener of config.listeners) {
      const { tables } = makeService(config, { listener });
      for (const address of ["192.0.2.1", "2001:db8::1", "127.0.0.1"]) {
        for (const host of [undefined, "mail.corp.example.test"]) {
          judgeConnection(tables, { address, host, verified: true });
        }
      }
      for (const address of ["a@example.test", "postmaster", '"a@b"@[127.0.0.1]', "ü@ü.example"]) {
        judgeRecipient(tables, { address, relay: false });
      }
    }
    for (const domain of ["example.test", "a.inside.example.test", "[127.0.0.1]", "ü.example", "xn--tda.example"]) {
      assert.ok(routeOf(domain, config).bounce !== undefined, "each destination has a bounce profile");
    }
    return result.warnings.length > 0 ? ["loaded", "warned"] : ["loaded"];
  },
});
