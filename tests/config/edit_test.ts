/** Changes of `config.yaml`: what changes, and that nothing else does. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { readDocument } from "../../src/config/document.ts";
import { type Change, EditError, editSource, plainSource } from "../../src/config/edit.ts";
import { changesBetween, samePlain, withChange } from "../../src/config/plain.ts";

const shipped = Deno.readTextFileSync(new URL("../../config/config.yaml", import.meta.url));

/** Text, path, value (absent: removed), text after. */
const table: readonly [what: string, before: string, path: Change["path"], value: unknown, after: string][] = [
  [
    "a file that holds only its version",
    "version: 1\n",
    ["hostname"],
    "gw.example",
    "version: 1\nhostname: gw.example\n",
  ],
  ["no final line end", "version: 1", ["hostname"], "gw.example", "version: 1\nhostname: gw.example"],
  [
    "a nested key of one file line",
    "version: 1\n",
    ["tls", "inbound_smtp", "methods"],
    ["TLSv1.3"],
    "version: 1\ntls:\n  inbound_smtp: { methods: [TLSv1.3] }\n",
  ],
  [
    "CRLF",
    "version: 1\r\nhostname: a.example # x\r\n",
    ["hostname"],
    "b.example",
    "version: 1\r\nhostname: b.example # x\r\n",
  ],
  ["CRLF, a block", "version: 1\r\n", ["dns", "timeout"], "9s", "version: 1\r\ndns:\r\n  timeout: 9s\r\n"],
  ["a byte order mark", "\ufeffversion: 1\n", ["hostname"], "a.example", "\ufeffversion: 1\nhostname: a.example\n"],
  [
    "the order of the schema",
    "version: 1\nlisteners: {}\n# end\n",
    ["tls", "gui_https", "renegotiation"],
    true,
    "version: 1\ntls:\n  gui_https: { renegotiation: true }\nlisteners: {}\n# end\n",
  ],
  [
    "the first of its block",
    "listeners:\n  in:\n    # where\n    address: 127.0.0.1:25\n",
    ["listeners", "in", "type"],
    "private",
    "listeners:\n  in:\n    type: private\n    # where\n    address: 127.0.0.1:25\n",
  ],
  [
    "a row",
    "destination_controls:\n  domains:\n    a.example: { tls: required }   # x\n",
    ["destination_controls", "domains", "a.example", "tls"],
    "none",
    "destination_controls:\n  domains:\n    a.example: { tls: none }   # x\n",
  ],
  [
    "a key of a row",
    "destination_controls:\n  domains:\n    a.example: { tls: required }   # x\n",
    ["destination_controls", "domains", "a.example", "max_connections"],
    5,
    "destination_controls:\n  domains:\n    a.example: { tls: required, max_connections: 5 }   # x\n",
  ],
  [
    "a row beside rows",
    "destination_controls:\n  domains:\n    a.example: { tls: required }   # x\n    # - b\n\nalerts: {}\n",
    ["destination_controls", "domains", "b.example"],
    { tls: "none" },
    "destination_controls:\n  domains:\n    a.example: { tls: required }   # x\n    b.example: { tls: none }\n    # - b\n\nalerts: {}\n",
  ],
  ["a block beside blocks", "bounce_profiles:\n  default:\n    max_retries: 3\n", ["bounce_profiles", "short"], {
    max_queue_time: "4h",
  }, "bounce_profiles:\n  default:\n    max_retries: 3\n  short:\n    max_queue_time: 4h\n"],
  [
    "an empty block in brackets",
    "alerts: {}   # none\n",
    ["alerts", "from"],
    "a@b.example",
    "alerts: { from: a@b.example }   # none\n",
  ],
  [
    "a block without anything",
    "alerts:   # none\nlogs: {}\n",
    ["alerts", "from"],
    "a@b.example",
    "alerts:   # none\n  from: a@b.example\nlogs: {}\n",
  ],
  ["double quotes", 'hostname: "a.example" # c\n', ["hostname"], "b.example", 'hostname: "b.example" # c\n'],
  ["single quotes", "hostname: 'a.example' # c\n", ["hostname"], "b'.example", "hostname: 'b''.example' # c\n"],
  [
    "a text that looks like a number",
    "logs: { rotate_size: 1M }\n",
    ["logs", "rotate_size"],
    "10.10",
    'logs: { rotate_size: "10.10" }\n',
  ],
  ["a text with a blank and a hash", "hostname: a\n", ["hostname"], "a #b", 'hostname: "a #b"\n'],
  [
    "a list in brackets",
    'dns: { servers: ["127.0.0.1:53"] } # c\n',
    ["dns", "servers", 1],
    "127.0.0.2:53",
    'dns: { servers: ["127.0.0.1:53", "127.0.0.2:53"] } # c\n',
  ],
  [
    "a list with a dash",
    "dns:\n  servers:\n    - 127.0.0.1:53   # first\n    # more\n  timeout: 5s\n",
    ["dns", "servers", 1],
    "127.0.0.2:53",
    "dns:\n  servers:\n    - 127.0.0.1:53   # first\n    - 127.0.0.2:53\n    # more\n  timeout: 5s\n",
  ],
  ["a list with a dash, first", "dns:\n  servers:\n    - 127.0.0.1:53   # first\n", ["dns", "servers"], [
    "127.0.0.9:53",
    "127.0.0.1:53",
  ], "dns:\n  servers:\n    - 127.0.0.9:53\n    - 127.0.0.1:53   # first\n"],
  [
    "a key removed",
    "a: 1 # one\n# about b\nb: 2\n\n# about c\nc: 3\n",
    ["b"],
    undefined,
    "a: 1 # one\n# about b\n\n# about c\nc: 3\n",
  ],
  ["the only key removed", "a:   # c\n  b: 1\nd: 2\n", ["a", "b"], undefined, "a: {}   # c\nd: 2\n"],
  ["the first of a row removed", "a: { b: 1, c: 2 } # x\n", ["a", "b"], undefined, "a: { c: 2 } # x\n"],
  ["the last of a row removed", "a: { b: 1, c: 2 } # x\n", ["a", "c"], undefined, "a: { b: 1 } # x\n"],
  ["the only one of a row removed", "a: { b: 1 } # x\n", ["a", "b"], undefined, "a: {} # x\n"],
  ["a row of a list removed", "a:\n  - { b: 1 } # x\n  - { b: 2 }\n", ["a", 0], undefined, "a:\n  - { b: 2 }\n"],
  ["the only row removed", "a:\n  # rows\n  - b\n", ["a", 0], undefined, "a: []\n  # rows\n"],
  [
    "the first key behind a dash",
    "a:\n  - b: 1\n    # about c\n    c: 2\n",
    ["a", 0, "b"],
    undefined,
    "a:\n    # about c\n  - c: 2\n",
  ],
  [
    "a key in front, behind a dash",
    "alerts:\n  recipients:\n    - classes: [system]\n",
    ["alerts", "recipients", 0, "address"],
    "a@b.example",
    "alerts:\n  recipients:\n    - address: a@b.example\n      classes: [system]\n",
  ],
  ["a block for a text", "a: x # c\nb: 1\n", ["a"], { x: { y: 1 } }, "a: # c\n  x: { y: 1 }\nb: 1\n"],
  ["a text for a block", "a: # c\n  x:\n    y: 1\nb: 1\n", ["a"], "x", "a: x # c\nb: 1\n"],
  [
    "brackets over lines",
    "a: [\n  x, # about x\n  y # about y\n]\n",
    ["a", 2],
    "z",
    "a: [\n  x, # about x\n  y, # about y\n  z\n]\n",
  ],
  [
    "brackets over lines, a comma at the end",
    "a: [\n  x,\n  y, # about y\n]\n",
    ["a", 2],
    "z",
    "a: [\n  x,\n  y, # about y\n  z,\n]\n",
  ],
  ["JSON", '{"version": 1}\n', ["hostname"], "a.example", '{"version": 1, "hostname": "a.example"}\n'],
  [
    "a domain in another spelling",
    "smtp_routes:\n  Example.TEST.: [a]\n",
    ["smtp_routes", "example.test"],
    ["b"],
    "smtp_routes:\n  Example.TEST.: [b]\n",
  ],
  ["lines of a text", "a: |\n  x\n  y\nb: 1\n", ["a"], "z", "a: z\nb: 1\n"],
  ["a file without anything", "", ["version"], 1, "version: 1\n"],
  [
    "a remark two blanks away where there is no room",
    "storage:\n  directory: a      # mine\n",
    ["storage", "directory"],
    "abcdefghijkl",
    "storage:\n  directory: abcdefghijkl  # mine\n",
  ],
  ["a file of remarks", "# x\n", ["version"], 1, "# x\nversion: 1\n"],
  ["an alias replaced", "a: &x 1\nb: *x\n", ["b"], 2, "a: &x 1\nb: 2\n"],
  ["an anchor that nobody uses", "a: &x { b: 1 }\n", ["a", "b"], 2, "a: &x { b: 2 }\n"],
  [
    "rows of a table",
    "listeners:\n  in:\n    sender_groups:\n      - { name: B, senders: [192.0.2.0/24], policy: BLOCKED }      # nobody\n      - { name: ALL, policy: ACCEPTED }\n",
    ["listeners", "in", "sender_groups", 0, "senders"],
    ["192.0.2.0/24", "::1"],
    'listeners:\n  in:\n    sender_groups:\n      - { name: B, senders: [192.0.2.0/24, "::1"], policy: BLOCKED }      # nobody\n      - { name: ALL, policy: ACCEPTED }\n',
  ],
];

Deno.test("editSource: the text around a change stays as it was", () => {
  for (const [what, before, path, value, after] of table) {
    assert.equal(editSource(before, [{ path, value }]), after, what);
  }
});

Deno.test("editSource: what cannot be changed is refused with a clear word", () => {
  const refused: readonly [before: string, path: Change["path"], value: unknown, word: RegExp][] = [
    ["a: &x { b: 1 }\nc: *x\n", ["c", "b"], 2, /Cannot change c\.b: c is the alias \*x/],
    ["a: &x { b: 1 }\nc: *x\n", ["a", "b"], 2, /Cannot change a\.b: the anchor &x there is used elsewhere by \*x/],
    ["a: &x { b: 1 }\nc: *x\n", ["a"], undefined, /Cannot change a: the anchor &x/],
    ["a: { y: &x 1 }\nc: *x\n", ["a"], "text", /Cannot change a: the anchor &x/],
    ["a: 1\n", ["a", "b"], 2, /Cannot change a\.b: a is no block of keys/],
    ["a: [1]\n", ["a", 5], 2, /Cannot change a\[5\]: the list has 1 entries/],
    ["a: [\n", ["a"], 2, /Cannot change config: it is no YAML: line 2/],
    ["a: 1\n", ["a"], NaN, /NaN is no number/],
    ["a: 1\n", ["__proto__"], 1, /a key needs a name/],
    ["a: 1\n", ["a"], () => 1, /no plain data/],
  ];
  for (const [before, path, value, word] of refused) {
    assert.throws(
      () => editSource(before, [{ path, value }]),
      (error) => error instanceof EditError && word.test(error.message),
      `${word}`,
    );
  }
});

Deno.test("editSource: several changes of the shipped file leave every other line alone", () => {
  const after = editSource(shipped, [
    { path: ["hostname"], value: "gw.example.test" },
    { path: ["listeners", "inbound", "address"], value: "0.0.0.0:25" },
    { path: ["tls", "outbound_smtp", "methods"], value: ["TLSv1.2"] },
    { path: ["listeners", "inbound", "recipients", 0], value: { address: "example.com", action: "accept" } },
  ]);
  const [old, fresh] = [shipped.split("\n"), after.split("\n")];
  const gone = old.filter((line) => !fresh.includes(line));
  assert.deepEqual(gone.map((line) => line.trim().slice(0, 20)), ["address: 127.0.0.1:2", "- { address: example"]);
  assert.match(after, /^ {4}address: 0\.0\.0\.0:25 {16}# for a real gateway/m);
});

/** Documents of every style: blocks, rows, brackets over lines, remarks in all places. */
const scalar = fc.oneof(
  fc.integer({ min: -999, max: 99_999 }),
  fc.boolean(),
  fc.constant(null),
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    "10M",
    "a.example",
    "::1",
    "127.0.0.1:25",
    "x # y",
    "- a",
    "yes",
    "a: b",
    "*x",
    "&y",
    "",
    " lead",
    "1e3",
    "0x1f",
    "TLSv1.3",
    "true",
    "~",
    "#",
    "a,b",
    "{",
    "]",
  ),
);
const key = fc.constantFrom(
  "a",
  "b",
  "c",
  "name",
  "tls",
  "version",
  "hostname",
  "listeners",
  "example.test",
  ".gov.example",
  "x y",
  "10.20",
  "7",
);
const { value: data } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, scalar, fc.array(tie("value"), { maxLength: 4 }), tie("map")),
  map: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
}));
const block = fc.dictionary(key, data, { minKeys: 1, maxKeys: 6 });

/** YAML of a value, in a style that the numbers choose; every remark is one of its own. */
class Writer {
  #at = 0;
  #remarks = 0;
  #newline = "\n";
  readonly choices: readonly number[];

  constructor(choices: readonly number[]) {
    this.choices = choices;
  }

  #choose(count: number): number {
    return this.choices[this.#at++ % this.choices.length] % count;
  }

  #remark(): string {
    return `# r${this.#remarks++}.`;
  }

  file(value: Record<string, unknown>, newline: string): string {
    this.#newline = newline;
    const text = ["# head", ...this.#map(value, "")].join(newline);
    return this.#choose(3) === 0 ? text : text + newline;
  }

  #map(value: Record<string, unknown>, margin: string): string[] {
    return Object.entries(value).flatMap(([key, item]) => [
      ...[[], [], [""], [margin + this.#remark()]][this.#choose(4)],
      ...this.#entry(`${margin}${JSON.stringify(key)}:`, item, margin),
    ]);
  }

  #entry(head: string, value: unknown, margin: string): string[] {
    const tail = this.#choose(2) === 0 ? "" : `   ${this.#remark()}`;
    const empty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    if (typeof value !== "object" || value === null || empty || this.#choose(2) === 0) {
      return [`${head} ${this.#flow(value, margin)}${tail}`];
    }
    const inner = margin + (this.#choose(2) === 0 ? "  " : "    ");
    if (!Array.isArray(value)) return [head + tail, ...this.#map(value as Record<string, unknown>, inner)];
    return [
      head + tail,
      ...value.flatMap((item) => [
        ...this.#choose(5) === 0 ? [inner + this.#remark()] : [],
        ...this.#entry(`${inner}-`, item, inner),
      ]),
    ];
  }

  #flow(value: unknown, margin: string): string {
    if (typeof value !== "object" || value === null) return this.#scalar(value);
    const lines = this.#choose(4) === 0;
    const entries = Array.isArray(value)
      ? value.map((item) => this.#flow(item, `${margin}  `))
      : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${this.#flow(item, `${margin}  `)}`);
    const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
    if (!lines || entries.length === 0) {
      return `${open}${this.#choose(2) === 0 ? " " : ""}${entries.join(", ")} ${close}`;
    }
    const rows = entries.map((each, at) =>
      `${margin}  ${each}${at < entries.length - 1 || this.#choose(2) === 0 ? "," : ""} ${
        this.#choose(2) === 0 ? this.#remark() : ""
      }`
    );
    return [open, ...rows, `${margin}  ${close}`].join(this.#newline);
  }

  #scalar(value: unknown): string {
    if (typeof value === "string" && /^[a-z]{2,}\.[a-z]+$/.test(value)) return value;
    if (typeof value === "string" && this.#choose(2) === 0 && /^[\w .:-]*$/.test(value)) return `'${value}'`;
    return JSON.stringify(value);
  }
}

/** Some path in the value, or just beyond it. */
function pathIn(value: unknown, choices: readonly number[]): (string | number)[] {
  const path: (string | number)[] = [];
  let at = value;
  for (const choice of choices) {
    if (typeof at !== "object" || at === null) break;
    const keys: (string | number)[] = Array.isArray(at)
      ? [...at.keys(), at.length]
      : [...Object.keys(at), "version", "new"];
    const key = keys[choice % keys.length];
    path.push(key);
    at = (at as Record<string | number, unknown>)[key];
    if (choice % 7 === 0) break;
  }
  return path;
}

Deno.test("editSource: whatever is changed in whatever style, other paths say what they said and remarks elsewhere stay", () => {
  fc.assert(
    fc.property(
      block,
      fc.array(fc.nat(1000), { minLength: 20, maxLength: 40 }),
      fc.array(fc.nat(1000), { minLength: 1, maxLength: 4 }),
      fc.option(data, { nil: undefined }),
      fc.constantFrom("\n", "\r\n"),
      (value, styles, where, fresh, newline) => {
        const source = new Writer(styles).file(value, newline);
        const before = plainSource(source);
        const path = pathIn(before, where);
        fc.pre(path.length > 0);
        const wanted = withChange(before, { path, value: fresh });
        const after = editSource(source, [{ path, value: fresh }]);
        const { value: said, faults } = readDocument(after);
        assert.deepEqual(faults, []);
        assert.ok(samePlain(said, wanted), `${source}\n----\n${after}`);
        // Remarks in other parts of the file are all there, and so is every line that says something else.
        const own = ownLines(source, path);
        for (const [at, line] of source.split(newline).entries()) {
          if (own.has(at)) continue;
          assert.ok(
            after.includes(line.trimEnd().replace(/,$/, "")),
            `${JSON.stringify(line)} is gone:\n${source}\n----\n${after}`,
          );
        }
      },
    ),
    { numRuns: 500 },
  );
});

/** Lines that the change may touch: those of the entry, of the row it stands in, and of its neighbours in one line. */
function ownLines(source: string, path: Change["path"]): Set<number> {
  const { find } = readDocument(source);
  const lines = source.split("\n");
  const top = find(path.slice(0, 1));
  if (top === undefined) return new Set(lines.keys().filter((at) => /^\s*$/.test(lines[at])));
  const from = top.line - 1;
  let to = from + 1;
  while (to < lines.length && !/^\S/.test(lines[to])) to++;
  return new Set(Array.from({ length: to - from }, (_, at) => from + at));
}

Deno.test("editSource: a map put in place of a map keeps the remarks of the keys that stay", () => {
  const before = "a:\n  x: 1   # one\n  # about y\n  y: { p: 1 }   # two\n  z: 3   # three\n";
  const after = editSource(before, [{ path: ["a"], value: { x: 1, y: { p: 2 }, w: 4 } }]);
  assert.equal(after, "a:\n  x: 1   # one\n  # about y\n  y: { p: 2 }   # two\n  w: 4\n");
});

Deno.test("editSource: a list put in place of a list keeps the remarks of the rows that stay", () => {
  const row = (name: string) => ({ name, policy: "P" });
  const text = (name: string) => `  - { name: ${name}, policy: P }   # about ${name}\n`;
  const before = `a:\n${["A", "B", "C", "D"].map(text).join("")}`;
  assert.equal(
    editSource(before, [{ path: ["a"], value: [row("A"), row("N"), row("C"), { name: "D", policy: "Q" }] }]),
    `a:\n${text("A")}  - { name: N, policy: P }\n${text("C")}  - { name: D, policy: Q }   # about D\n`,
  );
});

Deno.test("changesBetween: made one after the other they lead from one to the other", () => {
  fc.assert(fc.property(block, block, (before, after) => {
    const made = changesBetween(before, after).reduce((now: unknown, change) => withChange(now, change), before);
    assert.ok(samePlain(made, after));
  }));
});
