/**
 * What `status`, `tophosts` and `hoststatus` look like.
 *
 * @module
 */
import assert from "node:assert/strict";
import { hostStatusText, statusText, topHostsText } from "../../src/cli/commands/monitor.ts";
import { Args, Commands } from "../../src/control/commands.ts";
import { monitorCommands } from "../../src/control/monitor_commands.ts";
import {
  type HostStatusFacts,
  hostStatusOf,
  type StatusFacts,
  statusOf,
  type StatusSource,
  topHostsOf,
} from "../../src/monitor/status.ts";
import { connectionError, ended, inbound, MonitorRig, outbound } from "../monitor/monitor_rig.ts";
import { vitalsAt } from "../monitor/vitals_rig.ts";

/** Facts as they come over the socket. */
function sent<T>(facts: T): T {
  return JSON.parse(JSON.stringify(facts));
}

function sourceOf(rig: MonitorRig): StatusSource {
  const waiting = [{ destination: "dest.example", messages: 2, recipients: 5 }];
  return {
    monitor: rig.monitor,
    vitals: () => vitalsAt(rig.clock.now()),
    waiting: (count) => waiting.slice(0, count),
    waitingFor: (destination) =>
      waiting.find((each) => each.destination === destination) ?? { destination, messages: 0, recipients: 0 },
  };
}

/** The cells of the line that begins with these words. */
function row(text: string, label: string): string[] {
  const line = text.split("\n").find((each) => each.trimStart().startsWith(label));
  assert.ok(line !== undefined, `no line ${label} in\n${text}`);
  return line.trim().slice(label.length).trim().split(/ {2,}/);
}

Deno.test("statusText: state, troubles, counters since the start and of 24 hours, rates and gauges", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(...inbound({ bytes: 1_234_567 }));
  rig.restart("stopped");
  await rig.clock.advance(90_000);
  rig.hear(...inbound({ recipients: 2 }), ...outbound(), ended("bounced"), ended("delayed", 451));
  rig.hear({ event: "note", text: "…", reason: "config_refused" });
  const text = statusText(sent(statusOf(sourceOf(rig))));
  assert.match(row(text, "Up since:")[0], /\(1m 30s\)$/);
  assert.match(row(text, "System:")[0], /^in trouble, gw\.example\.test, Postern 1\.2\.3$/);
  assert.match(row(text, "Configuration:")[0], /^the last file was refused; see the log, read /);
  assert.match(text, /^Trouble: too little disk space free$/m);
  assert.match(text, /^Trouble: listener second does not listen on \[::1\]:25$/m);
  assert.deepEqual(row(text, "Messages received"), ["1", "2"]);
  assert.deepEqual(row(text, "Recipients received"), ["2", "3"]);
  assert.deepEqual(row(text, "Octets received"), ["1,000", "1,235,567"]);
  assert.deepEqual(row(text, "Hard bounced recipients"), ["1", "1"]);
  assert.deepEqual(row(text, "Inbound connections"), ["1", "-"]);
  assert.match(text, /^ {2}Messages received +60 +12 +4$/m);
  assert.deepEqual(row(text, "Oldest message:"), ["1m 1s"]);
  assert.deepEqual(row(text, "Free disk:"), ["1000 B"]);
  assert.match(text, /^ {2}second +\[::1\]:25 +down +0$/m);
});

Deno.test("statusText: what cannot be told is a dash", async () => {
  await using rig = await MonitorRig.open();
  const facts: StatusFacts = statusOf(sourceOf(rig));
  delete facts.day;
  facts.vitals.pressure.readings = { ...facts.vitals.pressure.readings, disk: Infinity };
  facts.vitals.queue = { messages: 0, destinations: 0 };
  const text = statusText(sent(facts));
  assert.deepEqual(row(text, "Messages received"), ["0", "-"]);
  assert.deepEqual(row(text, "Free disk:"), ["-"]);
  assert.deepEqual(row(text, "Oldest message:"), ["-"]);
});

Deno.test("topHostsOf: leaders of each column, sorted by the one that was asked for", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(
    ...outbound({ domain: "busy.example", carries: ["busy.example", "busy.example"], open: true }),
    ...outbound({ domain: "calm.example" }),
    ended("bounced", 550, "bad.example"),
    ended("delayed", 451, "slow.example"),
    ended("delayed", 451, "slow.example"),
  );
  const first = (order: "active" | "connections" | "delivered" | "soft" | "hard") =>
    topHostsOf(sourceOf(rig), { order, count: 10 }).hosts[0];
  assert.equal(first("active").destination, "dest.example");
  assert.equal(first("connections").destination, "busy.example");
  assert.deepEqual(first("delivered"), {
    destination: "busy.example",
    active: 0,
    connections: 1,
    delivered: 4,
    soft: 0,
    hard: 0,
  });
  assert.equal(first("soft").destination, "slow.example");
  assert.equal(first("hard").destination, "bad.example");
  assert.equal(topHostsOf(sourceOf(rig), { order: "hard", count: 2 }).hosts.length, 2);
  const text = topHostsText(sent(topHostsOf(sourceOf(rig), { order: "delivered", count: 3 })));
  assert.deepEqual(row(text, "busy.example"), ["0", "1", "4", "0", "0"]);
  assert.match(text, /^Sorted by: recipients delivered$/m);
  const nothing = topHostsText({ now: 0, order: "hard", hosts: [] });
  assert.equal(nothing, "No mail waits, and none went out in the last 24 hours");
});

Deno.test("hostStatusText: counters, the last TLS result, hosts and their failures, the last 5XX, and what the domain sent", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(
    ...outbound({ tlsLevel: "required", tls: { kind: "success", protocol: "TLSv1.3" } }),
    connectionError({ port: 26, reason: "timeout" }),
    connectionError({ port: 26, reason: "timeout" }),
    ended("bounced", 554),
    ...inbound({ from: "a@dest.example", tls: "TLSv1.2" }),
  );
  const text = hostStatusText(sent(hostStatusOf(sourceOf(rig), "Dest.EXAMPLE")));
  assert.deepEqual(row(text, "Active recipients:"), ["5"]);
  assert.match(
    row(text, "Last TLS result:")[0],
    /^TLSv1\.3 C, certificate verified, TLS required, mx\.dest\.example \(192\.0\.2\.9:25\), /,
  );
  assert.match(row(text, "Last 5XX:")[0], /^554 5\.1\.1 no such user, /);
  assert.deepEqual(row(text, "TLS required, success"), ["1", "1"]);
  assert.deepEqual(row(text, "Messages received"), ["1", "1"]);
  assert.match(text, /^ {2}192\.0\.2\.9:26 {2}failed 2 times in a row: timeout \(Connection refused\), /m);
  assert.match(text, /^ {2}mx\.dest\.example 192\.0\.2\.9:25 {2}up, last used /m);
});

Deno.test("hostStatusText: a domain that nobody knows", async () => {
  await using rig = await MonitorRig.open();
  const text = hostStatusText(sent(hostStatusOf(sourceOf(rig), "nobody.example")));
  assert.deepEqual(row(text, "Last TLS result:"), ["none"]);
  assert.deepEqual(row(text, "Last 5XX:"), ["none"]);
  assert.match(text, /No host was met since the start$/);
  assert.doesNotMatch(text, /Mail from it/);
});

Deno.test("attack: a peer's words in hoststatus end no line and move no cursor", async () => {
  await using rig = await MonitorRig.open();
  const words = "no\r\nSystem: fine\x1b[2J\u202e";
  rig.hear({ ...ended("bounced"), lines: [words] } as Parameters<typeof rig.hear>[0]);
  rig.hear({ ...connectionError({}), details: words } as Parameters<typeof rig.hear>[0]);
  const facts: HostStatusFacts = hostStatusOf(sourceOf(rig), "dest.example");
  const text = hostStatusText(sent({ ...facts, destination: words }));
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
  assert.doesNotMatch(text, /^System:/m);
  assert.match(row(text, "Last 5XX:")[0], /no\\r\\nSystem: fine\\x1b\[2J\\u202e/);
});

const wrong: { args: Record<string, string | true>; command: string; fault: RegExp }[] = [
  { command: "tophosts", args: { sort: "colour" }, fault: /^Cannot sort by colour: one of active, connections, / },
  { command: "tophosts", args: { limit: "0" }, fault: /^Cannot use --limit 0: a whole number from 1 to 200$/ },
  { command: "tophosts", args: { limit: "1000" }, fault: /^Cannot use --limit 1000/ },
  { command: "hoststatus", args: {}, fault: /^Cannot go on without domain$/ },
];

for (const { command, args, fault } of wrong) {
  Deno.test(`${command} ${JSON.stringify(args)} is refused with what would be right`, async () => {
    await using rig = await MonitorRig.open();
    const commands = new Commands();
    commands.add(...monitorCommands(sourceOf(rig)));
    const found = monitorCommands(sourceOf(rig)).find(({ name }) => name === command)!;
    const context = {
      signal: new AbortController().signal,
      warn: () => {},
      caller: { name: "root", stages: false },
      save: () => {},
    };
    assert.throws(() => found.run(new Args(args), context), { name: "CommandError", message: fault });
  });
}
