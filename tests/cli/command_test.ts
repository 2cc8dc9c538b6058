import assert from "node:assert/strict";
import { type CliCommand, helpText, type ParsedWords, parseWords } from "../../src/cli/command.ts";

const view = () => "";
const commands: CliCommand[] = [
  {
    name: "queue list",
    usage: "[--limit N]",
    summary: "lists",
    options: { limit: "value", all: "flag", domain: "values" },
    details: ["--limit N  that many"],
    view,
  },
  { name: "queue show", usage: "MID", summary: "shows", operands: { name: "mid", min: 1, max: 1 }, view },
  { name: "queue drop", usage: "MID…", summary: "drops", operands: { name: "mids", min: 0, max: Infinity }, view },
];

Deno.test("parseWords sorts options and operands, and names what it does not know", () => {
  const call = (name: string, args: Record<string, string | string[] | true>, json = false): ParsedWords => ({
    kind: "call",
    call: { name, args, json },
  });
  const misused = (fault: string): ParsedWords => ({ kind: "misused", fault });
  // deno-fmt-ignore
  const table: [string, ParsedWords][] = [
    ["queue list", call("queue list", {})],
    ["queue list --limit 5 --all --json", call("queue list", { limit: "5", all: true }, true)],
    ["queue list --limit=5", call("queue list", { limit: "5" })],
    ["queue list --domain a --domain=b", call("queue list", { domain: ["a", "b"] })],
    ["queue show 7", call("queue show", { mid: "7" })],
    ["queue drop 7 8", call("queue drop", { mids: ["7", "8"] })],
    ["queue drop", call("queue drop", {})],
    ["queue list --limit", misused("queue list: --limit needs a value behind it")],
    ["queue list --limit 1 --limit 2", misused("queue list: --limit stands there twice")],
    ["queue list --all=1", misused("queue list: --all takes no value")],
    ["queue list --none", misused("queue list: unknown option --none; usage: queue list [--limit N]")],
    ["queue list --constructor x", misused("queue list: unknown option --constructor; usage: queue list [--limit N]")],
    ["queue list -l", misused("queue list: unknown option -l; usage: queue list [--limit N]")],
    ["queue list x", misused("queue list: it takes no x; usage: queue list [--limit N]")],
    ["queue show", misused("queue show: something is missing; usage: queue show MID")],
    ["queue sort", misused("unknown command queue sort; there are list, show, drop")],
    ["sort", misused("unknown command sort; try help")],
    ["queue", { kind: "help", about: commands }],
    ["queue list --help", { kind: "help", about: [commands[0]] }],
  ];
  for (const [line, meant] of table) assert.deepEqual(parseWords(line.split(" "), commands), meant, line);
});

Deno.test("helpText shows one command with its details, several in columns", () => {
  assert.equal(helpText([commands[0]]), "usage: queue list [--limit N]\n\nlists\n\n--limit N  that many");
  assert.equal(helpText(commands.slice(1)), "queue show MID   shows\nqueue drop MID…  drops");
});
