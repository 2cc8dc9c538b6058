import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { limits } from "../../src/base/limits.ts";
import { octets, textOf } from "../../src/base/octets.ts";
import { Args, type Command, CommandError, Commands } from "../../src/control/commands.ts";
import { type Called, callGateway } from "../../src/control/client.ts";
import { linesOf, readRequest } from "../../src/control/protocol.ts";
import { openControl } from "../../src/control/server.ts";
import { dialLocal } from "../../src/net/unix.ts";
import { Lines } from "../queue/world.ts";
import { until } from "../gateway/rig.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";

/** A control socket with these commands, in a folder of its own. */
class Socket implements AsyncDisposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "postern-control-" });
  readonly log = new Lines();
  readonly control;

  constructor(commands: readonly Command[], clock: Clock = systemClock) {
    Deno.mkdirSync(`${this.directory}/run`, { mode: 0o700 });
    const all = new Commands();
    all.add(...commands);
    this.control = openControl({
      directory: this.directory,
      run: `${this.directory}/run`,
      commands: all,
      clock,
      log: this.log,
    });
  }

  get path(): string {
    return `${this.directory}/control.sock`;
  }

  async call(command: string, args = {}): Promise<{ called: Called; items: unknown[]; warnings: string[] }> {
    const items: unknown[] = [];
    const warnings: string[] = [];
    const called = await callGateway({ command, args }, {
      directory: this.directory,
      clock: systemClock,
      item: (item) => void items.push(item),
      warning: (text) => void warnings.push(text),
    });
    return { called, items, warnings };
  }

  /** Sends octets and returns everything that comes back. */
  async raw(text: string): Promise<string> {
    using stream = await dialLocal(this.path);
    await stream.write(octets(text));
    let answer = "";
    const into = new Uint8Array(1000);
    for (let count = await stream.read(into); count !== null; count = await stream.read(into)) {
      answer += textOf(into.subarray(0, count));
    }
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.control.close();
    await Deno.remove(this.directory, { recursive: true });
  }
}

const echo: Command = { name: "echo", run: (args) => ({ said: args.list("words") }) };

Deno.test("a command's data, warnings and faults reach whoever asked", async () => {
  await using socket = new Socket([
    echo,
    {
      name: "many",
      async *run(_args, { warn }) {
        yield 1;
        warn("two is missing");
        yield await Promise.resolve(3);
      },
    },
    { name: "nothing", run: () => undefined },
    {
      name: "fail",
      run() {
        throw new CommandError("Cannot fly: no wings");
      },
    },
    {
      name: "break",
      run() {
        throw new Error("two\nlines");
      },
    },
  ]);
  const done = { kind: "done" as const };
  assert.deepEqual(await socket.call("echo", { words: ["a", "b"] }), {
    called: done,
    items: [{ said: ["a", "b"] }],
    warnings: [],
  });
  assert.deepEqual(await socket.call("many"), { called: done, items: [1, 3], warnings: ["two is missing"] });
  assert.deepEqual(await socket.call("nothing"), { called: done, items: [], warnings: [] });
  const faults = ["fail", "break", "what"].map(async (name) => (await socket.call(name)).called);
  assert.deepEqual(await Promise.all(faults), [
    { kind: "failed", text: "Cannot fly: no wings" },
    { kind: "failed", text: "Cannot run break: two lines" },
    { kind: "failed", text: "Cannot run what: this gateway knows no such command" },
  ]);
});

Deno.test("the socket belongs to its owner alone, replaces a dead one and goes with the gateway", async () => {
  await using socket = new Socket([echo]);
  assert.equal(Deno.lstatSync(socket.path).mode! & 0o777, 0o600);
  // A gateway that was killed leaves its socket behind; the next one has the lock, and takes the name.
  const next = openControl({
    directory: socket.directory,
    run: `${socket.directory}/run`,
    commands: new Commands(),
    clock: systemClock,
    log: socket.log,
  });
  await socket.control.close();
  assert.match(JSON.stringify((await socket.call("echo")).called), /knows no such command/);
  await next.close();
  assert.deepEqual([...Deno.readDirSync(socket.directory)].map(({ name }) => name), ["run"]);
  assert.deepEqual((await socket.call("echo")).called, { kind: "not running" });
  Deno.writeTextFileSync(socket.path, "");
  const { called } = await socket.call("echo");
  assert.deepEqual(called, { kind: "failed", text: `Cannot use ${socket.path}: it is no socket` });
});

Deno.test("a socket that cannot be opened is told, and mail goes on", () => {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${directory}/run`);
    Deno.writeTextFileSync(`${directory}/control.sock`, "");
    const log = new Lines();
    openControl({ directory, run: `${directory}/run`, commands: new Commands(), clock: systemClock, log });
    const cause = `Cannot listen at ${directory}/control.sock: another file has this name`;
    assert.deepEqual(log.lines, [
      `critical: Cannot open the control socket: ${cause}; commands cannot reach this gateway`,
    ]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("the socket answers what is no request with one line, however it is cut", async () => {
  await using socket = new Socket([echo]);
  const whole = '{"command":"echo","args":{"words":["ä"]}}\n';
  const answer = '{"item":{"said":["ä"]}}\n{"end":true}\n';
  for (const cut of [1, 20, whole.length - 1]) {
    using stream = await dialLocal(socket.path);
    const bytes = octets(whole);
    await stream.write(bytes.slice(0, cut));
    await settled();
    await stream.write(bytes.slice(cut));
    const lines: string[] = [];
    for await (const line of linesOf(stream, 1000)) lines.push(line);
    assert.equal(lines.join("\n") + "\n", answer);
  }
  const fault = '{"error":"Cannot read the request: it is no command with its arguments"}\n';
  for (
    const bad of [
      "x",
      "1",
      "null",
      "[]",
      '{"command":1}',
      '{"command":"echo","args":{"a":1}}',
      '{"command":"echo","args":{"a":[[]]}}',
    ]
  ) {
    assert.equal(await socket.raw(`${bad}\n`), fault, bad);
  }
});

Deno.test("attack: a request without an end is refused at its bound, and a silent connection ends", async () => {
  const clock = new FakeClock();
  await using socket = new Socket([echo], clock);
  using long = await dialLocal(socket.path);
  const chunk = new Uint8Array(65_536).fill(120);
  await (async () => {
    for (let sent = 0; sent <= limits.controlRequestOctetsMax; sent += chunk.length) await long.write(chunk);
  })().catch(() => {}); // the other side may have hung up within it
  const [line] = await Array.fromAsync(linesOf(long, 1000)).catch(() => ['{"error":"Cannot read a line: cut off"}']);
  assert.match(line, /^\{"error":"Cannot read a line: /);

  await until("its end", () => clock.timers === 0);
  using silent = await dialLocal(socket.path);
  await silent.write(octets('{"comm'));
  await until("the other side's patience", () => clock.timers > 0);
  await settled();
  await clock.advance(limits.controlRequestMs);
  assert.equal(await silent.read(new Uint8Array(1)), null);
});

Deno.test("attack: one connection too many is told so, and the others are served", async () => {
  await using socket = new Socket([echo]);
  const held = [];
  for (let n = 0; n < limits.controlConnectionsMax; n++) held.push(await dialLocal(socket.path));
  await settled();
  assert.match(await socket.raw(""), /^\{"error":"Cannot take a command: 32 are running"\}\n$/);
  await held[0].write(octets('{"command":"echo"}\n'));
  assert.deepEqual(await Array.fromAsync(linesOf(held[0], 1000)), ['{"item":{"said":[]}}', '{"end":true}']);
  for (const stream of held) stream.close();
});

Deno.test("a command that takes long says that it lives, and hears when nobody waits for it any more", async () => {
  const clock = new FakeClock();
  const running = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await using socket = new Socket([{
    name: "wait",
    async run(_args, { signal }) {
      running.resolve();
      await new Promise<void>((go) => signal.addEventListener("abort", () => go()));
      ended.resolve();
    },
  }], clock);
  {
    using stream = await dialLocal(socket.path);
    await stream.write(octets('{"command":"wait"}\n'));
    await running.promise;
    await settled();
    await clock.advance(limits.controlAliveMs);
    const into = new Uint8Array(10);
    assert.equal(textOf(into.subarray(0, (await stream.read(into))!)), "{}\n");
  }
  await ended.promise;
});

Deno.test("Args reads values by name and says what would do", () => {
  const args = new Args({
    limit: "20",
    zero: "0",
    older: "2h",
    bare: true,
    mids: ["1", "2"],
    domain: "a.test",
    empty: "",
  });
  assert.equal(args.count("limit", 100), 20);
  assert.equal(args.duration("older"), 7_200_000);
  assert.deepEqual(args.list("mids"), ["1", "2"]);
  assert.deepEqual(args.list("domain"), ["a.test"]);
  assert.deepEqual(args.list("none"), []);
  assert.equal(args.text("none"), undefined);
  assert.equal(args.text("toString"), undefined);
  assert.equal(args.has("bare"), true);
  const table: [() => unknown, string][] = [
    [() => args.count("limit", 10), "Cannot use --limit 20: a whole number from 1 to 10"],
    [() => args.count("zero", 10), "Cannot use --zero 0: a whole number from 1 to 10"],
    [() => args.duration("limit"), "Cannot use --limit 20: it has no unit; 20s for seconds; s, m, h and d are known"],
    [() => args.text("bare"), "Cannot use --bare: it needs one value"],
    [() => args.text("empty"), "Cannot use --empty: it needs one value"],
    [() => args.text("mids"), "Cannot use --mids: it needs one value"],
    [() => args.list("bare"), "Cannot use --bare: it needs a value"],
    [() => args.needed("none"), "Cannot go on without none"],
  ];
  for (const [read, message] of table) assert.throws(read, { name: "CommandError", message });
});

Deno.test("Args gives the files behind the words, and says where none came", () => {
  const file = (name: string, text: string) => ({ name, content: octets(text).toBase64() });
  const args = new Args({ key: "a.key", lost: "b", bad: "c" }, {
    key: [file("a.key", "one"), file("b.key", "two")],
    pass: [file("p", "secret \r\nmore")],
    bad: [{ name: "c", content: "*" }],
    latin: [{ name: "l", content: Uint8Array.of(0xff).toBase64() }],
  });
  assert.deepEqual(args.files("key").map(({ name, content }) => [name, textOf(content)]), [
    ["a.key", "one"],
    ["b.key", "two"],
  ]);
  assert.equal(args.neededFile("key").name, "a.key");
  assert.equal(args.file("none"), undefined);
  assert.equal(args.password("pass"), "secret ");
  assert.equal(args.password("none"), undefined);
  const table: [() => unknown, string][] = [
    [() => args.file("lost"), "Cannot use lost: no file came with it"],
    [() => args.file("bad"), "Cannot use c: it came as no base64"],
    [() => args.neededFile("none"), "Cannot go on without none: it names a file"],
    [() => args.password("latin"), "Cannot use the password in l: it is not UTF-8"],
  ];
  for (const [read, message] of table) assert.throws(read, { name: "CommandError", message });
});

Deno.test("readRequest takes files and nothing that looks like them", () => {
  const files = { key: [{ name: "k", content: "" }] };
  assert.deepEqual(readRequest(JSON.stringify({ command: "x", files })), { command: "x", args: {}, files });
  for (const bad of [1, null, [[1]], { key: "k" }, { key: [null] }, { key: [{ name: "k" }] }]) {
    assert.throws(() => readRequest(JSON.stringify({ command: "x", files: bad })), /no command with its arguments/);
  }
});

Deno.test("readRequest takes a request without arguments", () => {
  assert.deepEqual(readRequest('{"command":"x"}'), { command: "x", args: {}, files: {} });
});
