/**
 * MX records that point at ourselves, by address.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import type { Config } from "../../src/config/config.ts";
import { isOwnListener } from "../../src/deliver/own.ts";
import { machineAddresses } from "../../src/net/machine.ts";
import { configOf, startBench, tableResolver } from "../support/delivery_bench.ts";
import { startNextHop } from "../support/next_hop.ts";

/** A configuration with these listeners. */
function configWith(listeners: [address: string, port: number][], from: string | null = null): Config {
  const config = configOf({});
  return {
    ...config,
    listeners: listeners.map(([address, port]) => ({ hostname: "mail.gw.test", address: { address, port } })),
    delivery: { ...config.delivery, address: from },
  } as unknown as Config;
}

for (
  const [listeners, target, own, from, machine = []] of [
    [[["10.0.0.1", 25]], "10.0.0.1", true],
    [[["10.0.0.1", 25]], "10.0.0.2", false],
    [[["10.0.0.1", 2525]], "10.0.0.1", false],
    [[["2001:db8::1", 25]], "2001:0db8:0:0:0:0:0:1", true],
    [[["0.0.0.0", 25]], "10.0.0.1", false],
    [[["0.0.0.0", 25]], "127.0.0.7", true],
    [[["0.0.0.0", 25]], "::1", false],
    [[["::", 25]], "::1", true],
    [[["::", 25]], "127.0.0.1", true],
    [[["::", 25]], "10.0.0.9", true, "10.0.0.9"],
    [[["0.0.0.0", 25]], "10.0.0.9", false, "10.0.0.8"],
    [[["0.0.0.0", 587]], "127.0.0.1", false],
    [[["0.0.0.0", 25]], "10.0.0.9", true, null, ["127.0.0.1", "10.0.0.9", "2001:db8::9"]],
    [[["0.0.0.0", 25]], "10.0.0.8", false, null, ["127.0.0.1", "10.0.0.9", "2001:db8::9"]],
    [[["0.0.0.0", 25]], "2001:db8::9", false, null, ["10.0.0.9", "2001:db8::9"]],
    [[["::", 25]], "2001:0db8:0::9", true, null, ["10.0.0.9", "2001:db8::9"]],
    [[["::", 25]], "10.0.0.9", true, null, ["10.0.0.9"]],
    [[["0.0.0.0", 587]], "10.0.0.9", false, null, ["10.0.0.9"]],
    [[["10.0.0.1", 25]], "10.0.0.9", false, null, ["10.0.0.1", "10.0.0.9"]],
    [[["0.0.0.0", 25]], "10.0.0.9", false, null, ["fe80::1%eth0", "nonsense"]],
    [[], "127.0.0.1", false],
    [[["10.0.0.1", 25]], "not an address", false],
  ] as [[string, number][], string, boolean, (string | null)?, string[]?][]
) {
  const facts = `with ${listeners.join(" ")} from ${from ?? "anywhere"} on ${
    machine.join(" ") || "an unknown machine"
  }`;
  Deno.test(`isOwnListener: ${target} is ${own ? "ours" : "another's"} ${facts}`, () => {
    const config = configWith(listeners, from ?? null);
    assert.equal(isOwnListener({ address: target, port: 25 }, { config, machine }), own);
  });
}

/** Delivers one message to example.test by MX. `hosts`: the address and port behind each address. */
async function deliver(
  { table, listeners, ports, machine = [] }: {
    table: Parameters<typeof tableResolver>[0];
    listeners: [string, number][];
    ports: Record<string, number>;
    machine?: string[];
  },
) {
  const bench = startBench({ control: { tls: "none" }, resolver: tableResolver(table) });
  bench.world.machineAddresses = () => machine;
  bench.config = { ...configWith(listeners), generation: 1 };
  const { destination_controls } = configOf({ control: { tls: "none" } });
  bench.config = { ...bench.config, destination_controls };
  const { dialer } = bench.world;
  const dial = dialer.dial.bind(dialer);
  dialer.dial = (to, options) => dial({ address: to.address, port: ports[to.address] ?? to.port }, options);
  bench.spool.add({ to: ["b@example.test"] });
  await bench.spool.whenSettled(1);
  const [{ outcomes: [outcome] }] = bench.spool.settled;
  await bench[Symbol.asyncDispose]();
  const failure = outcome.kind === "delivered" ? undefined : outcome.failure;
  return { kind: outcome.kind, reason: failure?.reason, text: failure?.text, lines: bench.lines() };
}

Deno.test("an MX at a listener's address is a loop, and nobody connects", async () => {
  const { kind, text, lines } = await deliver({
    table: { "MX example.test": [{ preference: 10, exchange: "mx.other.test" }], "A mx.other.test": ["127.0.0.1"] },
    listeners: [["127.0.0.1", 25]],
    ports: {},
  });
  assert.deepEqual([kind, text], ["refused", "Mail for example.test loops back to myself"]);
  assert.ok(!lines.some((line) => line.includes("New SMTP DCID")));
});

Deno.test("an MX at an address of the machine's interfaces is a loop, and nobody connects", async () => {
  const { kind, text, lines } = await deliver({
    table: { "MX example.test": [{ preference: 10, exchange: "mx.other.test" }], "A mx.other.test": ["192.0.2.80"] },
    listeners: [["0.0.0.0", 25]],
    ports: {},
    machine: ["127.0.0.1", "192.0.2.80"],
  });
  assert.deepEqual([kind, text], ["refused", "Mail for example.test loops back to myself"]);
  assert.ok(!lines.some((line) => /DCID [1-9]|Connection Error/.test(line)), lines.join("\n"));
});

Deno.test("machineAddresses has what the machine's interfaces have, and asks again after a while", () => {
  let now = 0;
  const addresses = machineAddresses({ ...systemClock, monotonic: () => now });
  const first = addresses();
  assert.deepEqual(first, Deno.networkInterfaces().map(({ address }) => address));
  now = 9_999;
  assert.equal(addresses(), first);
  now = 10_000;
  assert.notEqual(addresses(), first);
});

Deno.test("an MX at an address of which nothing is known is a loop when its connection ends at ourselves", async () => {
  await using ourselves = startNextHop({}, { address: "0.0.0.0", port: 0 });
  // Another loopback address than the one that is known: the connection shows that both ends are ours.
  const { kind, reason } = await deliver({
    table: { "MX example.test": [{ preference: 10, exchange: "mx.other.test" }], "A mx.other.test": [ownAddress()] },
    listeners: [["0.0.0.0", 25]],
    ports: { [ownAddress()]: ourselves.port },
  });
  assert.deepEqual([kind, reason], ["refused", "loop"]);
  assert.deepEqual(ourselves.sessions.flatMap(({ commands }) => commands), [], "nothing was said");
});

/** An address of this machine, other than loopback where it has one. */
function ownAddress(): string {
  const found = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.") && !address.startsWith("169.254.")
  );
  return found?.address ?? "127.0.0.1";
}

Deno.test("hosts before our own address are tried, those behind it are not", async () => {
  await using behind = startNextHop();
  await using before = startNextHop({}, { address: "127.0.0.3", port: 0 });
  const table = {
    "MX example.test": [
      { preference: 5, exchange: "first.test" },
      { preference: 10, exchange: "gateway.test" },
      { preference: 20, exchange: "behind.test" },
    ],
    "A first.test": ["127.0.0.3"],
    "A gateway.test": ["127.0.0.2", "127.0.0.9"],
    "A behind.test": ["127.0.0.1"],
  };
  const listeners: [string, number][] = [["127.0.0.2", 25]];
  const good = await deliver({ table, listeners, ports: { "127.0.0.3": before.port, "127.0.0.1": behind.port } });
  assert.equal(good.kind, "delivered");
  const { kind, reason } = await deliver({ table, listeners, ports: { "127.0.0.3": 1, "127.0.0.1": behind.port } });
  assert.deepEqual([kind, reason], ["deferred", "connection_refused"], "it may work later");
  assert.equal(behind.sessions.length, 0);
});

Deno.test("a route to our own listener is the owner's word", async () => {
  await using blackhole = startNextHop();
  await using bench = startBench({
    control: { tls: "none" },
    routes: { "example.test": [{ host: "127.0.0.1", port: blackhole.port }] },
  });
  bench.config = {
    ...bench.config,
    listeners: configWith([["127.0.0.1", blackhole.port]]).listeners,
  };
  bench.spool.add({ to: ["b@example.test"] });
  await bench.spool.whenSettled(1);
  assert.equal(blackhole.taken.length, 1);
});
