import assert from "node:assert/strict";
import { Args } from "../../src/control/commands.ts";
import type { CommandArgs } from "../../src/control/protocol.ts";
import { suspendedTexts, Suspension, type SuspensionFacts } from "../../src/control/suspension.ts";
import { suspensionCommands } from "../../src/control/suspension_commands.ts";
import { Lines } from "../queue/world.ts";

/** A suspension in a folder of its own, and its commands. */
class Rig implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "postern-suspension-" });
  readonly log = new Lines();
  readonly told: string[] = [];
  suspension = new Suspension(this.directory, this.log);

  run(name: "suspend" | "resume", args: CommandArgs = {}): SuspensionFacts {
    const commands = suspensionCommands({
      suspension: this.suspension,
      listeners: () => ["inbound", "submission"],
      tell: (text) => void this.told.push(text),
    });
    const command = commands.find((each) => each.name === name)!;
    return command.run(new Args(args), {
      signal: new AbortController().signal,
      warn: () => {},
      caller: { name: "root", stages: false },
      save: () => {},
    }) as SuspensionFacts;
  }

  /** As after a restart. */
  restart(): void {
    this.suspension = new Suspension(this.directory, this.log);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("suspend and resume take everything, a kind, or names", () => {
  const all = { listeners: "all", delivery: "all" } as const;
  // deno-fmt-ignore
  const table: [["suspend" | "resume", CommandArgs][], SuspensionFacts][] = [
    [[["suspend", {}]], all],
    [[["suspend", { what: "listeners" }]], { listeners: "all", delivery: [] }],
    [[["suspend", { what: "delivery" }]], { listeners: [], delivery: "all" }],
    [[["suspend", { listener: ["inbound"] }]], { listeners: ["inbound"], delivery: [] }],
    [[["suspend", { what: "listeners", listener: ["inbound"] }]], { listeners: ["inbound"], delivery: [] }],
    [[["suspend", { domain: ["Example.TEST", ".b.test", "bücher.test", "[192.0.2.1]"] }]], { listeners: [], delivery: [".b.test", "[192.0.2.1]", "example.test", "xn--bcher-kva.test"] }],
    [[["suspend", { listener: ["inbound"], domain: ["a.test"] }]], { listeners: ["inbound"], delivery: ["a.test"] }],
    [[["suspend", { domain: ["a.test"] }], ["suspend", { domain: ["a.test"] }]], { listeners: [], delivery: ["a.test"] }],
    [[["suspend", { domain: ["a.test"] }], ["suspend", {}]], all],
    [[["suspend", {}], ["suspend", { domain: ["a.test"] }]], all],
    [[["suspend", {}], ["resume", {}]], { listeners: [], delivery: [] }],
    [[["suspend", {}], ["resume", { what: "listeners" }]], { listeners: [], delivery: "all" }],
    [[["suspend", { domain: ["a.test", "b.test"] }], ["resume", { domain: ["a.test"] }]], { listeners: [], delivery: ["b.test"] }],
    [[["resume", {}]], { listeners: [], delivery: [] }],
  ];
  for (const [steps, facts] of table) {
    using rig = new Rig();
    for (const [name, args] of steps) rig.run(name, args);
    assert.deepEqual(rig.suspension.facts, facts, JSON.stringify(steps));
    rig.restart();
    assert.deepEqual(rig.suspension.facts, facts, JSON.stringify(steps));
  }
});

Deno.test("suspend and resume refuse what is not meant so, and then change nothing", () => {
  const table: ["suspend" | "resume", CommandArgs, string][] = [
    ["suspend", { what: "mail" }, "Cannot suspend or resume mail: there are listeners and delivery"],
    ["suspend", { listener: ["x"] }, "Cannot suspend x: there is no such listener; there are inbound, submission"],
    ["suspend", { domain: ["a b"] }, "Cannot use --domain a b: it is no domain"],
    [
      "suspend",
      { what: "listeners", domain: ["a.test"] },
      "Cannot tell what is meant: --listener goes with listeners, --domain with delivery",
    ],
    ["resume", { domain: ["b.test"] }, "Cannot resume b.test: it is not suspended"],
    [
      "resume",
      { listener: ["inbound"] },
      "Cannot resume inbound alone: all of it is suspended; resume listeners ends that",
    ],
  ];
  using rig = new Rig();
  rig.run("suspend", { what: "listeners" });
  rig.run("suspend", { domain: ["a.test"] });
  for (const [name, args, message] of table) {
    assert.throws(() => rig.run(name, args), { name: "CommandError", message });
    assert.deepEqual(rig.suspension.facts, { listeners: "all", delivery: ["a.test"] });
  }
});

Deno.test("Suspension tells listeners and domains, and says in the log what changed", () => {
  using rig = new Rig();
  let resumed = 0;
  rig.suspension.onResume = () => resumed++;
  rig.run("suspend", { listener: ["inbound"], domain: ["a.test", ".b.test"] });
  rig.run("suspend", { domain: ["c.test"] });
  assert.equal(resumed, 1, "delivery to others may go on, which costs a look");
  const { suspension } = rig;
  assert.deepEqual([suspension.listener("inbound"), suspension.listener("submission")], [true, false]);
  const domains = ["a.test", "x.a.test", "b.test", "x.b.test", "c.test", ""];
  assert.deepEqual(domains.map((domain) => suspension.delivery(domain)), [true, false, false, true, true, false]);
  rig.run("resume");
  assert.equal(resumed, 2);
  assert.deepEqual(rig.log.lines, [
    "warning: Listener inbound is suspended by the operator",
    "warning: Delivery to .b.test is suspended by the operator",
    "warning: Delivery to a.test is suspended by the operator",
    "warning: Delivery to c.test is suspended by the operator",
  ]);
  assert.deepEqual(rig.told, ["Resumed by the operator: all listeners, delivery"]);
  assert.deepEqual(suspendedTexts({ listeners: "all", delivery: "all" }), [
    "All listeners are suspended by the operator",
    "Delivery is suspended by the operator",
  ]);
});

Deno.test("Suspension suspends everything where its file cannot be read, and says so", () => {
  for (
    const text of [
      "",
      "{",
      "null",
      '{"listeners":[]}',
      '{"listeners":[1],"delivery":[]}',
      '{"listeners":"x","delivery":[]}',
    ]
  ) {
    using rig = new Rig();
    Deno.writeTextFileSync(`${rig.directory}/suspended.json`, text);
    rig.restart();
    assert.deepEqual(rig.suspension.facts, { listeners: "all", delivery: "all" }, text);
    assert.match(
      rig.log.lines[0],
      /^critical: Cannot read .*suspended\.json: .*; everything is suspended until it is resumed$/,
    );
    rig.run("resume");
    rig.restart();
    assert.deepEqual(rig.suspension.facts, { listeners: [], delivery: [] });
  }
});

Deno.test("Suspension changes nothing where it cannot be written", () => {
  using rig = new Rig();
  Deno.mkdirSync(`${rig.directory}/suspended.json.new`);
  assert.throws(() => rig.run("suspend"));
  assert.equal(rig.suspension.listener("inbound"), false);
});
