import assert from "node:assert/strict";
import { type Invocation, parseArguments, usage } from "../../src/cli/arguments.ts";

const bare = { env: () => undefined, exists: () => false };

Deno.test("parseArguments reads commands and options in any order", () => {
  // deno-fmt-ignore
  const table: [string, Invocation][] = [
    ["run --config a.yaml", { command: "run", config: "a.yaml" }],
    ["--config=a.yaml check", { command: "check", config: "a.yaml" }],
    ["-c a.yaml run", { command: "run", config: "a.yaml" }],
    ["--version", { command: "version" }],
    ["run --help", { command: "help", text: usage }],
    ["help", { command: "help", text: usage }],
    ["cli -c a.yaml", { command: "cli", config: "a.yaml" }],
    ["reload --json -c a.yaml", { command: "call", config: "a.yaml", call: { name: "reload", args: {}, json: true } }],
    ["", { command: "misused", fault: "no command; try postern --help" }],
    ["relay", { command: "misused", fault: "unknown command relay; try help" }],
    ["run --config", { command: "misused", fault: "--config needs a file name behind it" }],
    ["run --config=", { command: "misused", fault: "--config needs a file name behind it" }],
    ["run --fast", { command: "misused", fault: "unknown option --fast" }],
    ["--fast", { command: "misused", fault: "unknown option --fast" }],
    ["reload now", { command: "misused", fault: "reload: it takes no now; usage: reload" }],
    ["run now", { command: "misused", fault: "run takes no argument now" }],
  ];
  for (const [line, meant] of table) {
    assert.deepEqual(parseArguments(line === "" ? [] : line.split(" "), bare), meant, line);
  }
});

Deno.test("parseArguments finds the file by environment, here, then in /etc", () => {
  const config = (env: string | undefined, ...files: string[]) =>
    parseArguments(["run"], { env: () => env, exists: (path) => files.includes(path) });
  assert.deepEqual(config("x.yaml", "./config.yaml"), { command: "run", config: "x.yaml" });
  assert.deepEqual(config("", "./config.yaml"), { command: "run", config: "./config.yaml" });
  assert.deepEqual(config(undefined, "./config.yaml", "/etc/postern/config.yaml"), {
    command: "run",
    config: "./config.yaml",
  });
  assert.deepEqual(config(undefined, "/etc/postern/config.yaml"), {
    command: "run",
    config: "/etc/postern/config.yaml",
  });
  assert.deepEqual(config(undefined), { command: "run", config: "./config.yaml" });
});
