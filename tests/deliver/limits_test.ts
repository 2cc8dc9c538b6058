/**
 * `max_connections` for a domain and for each address of its hosts, over real sockets.
 */
import assert from "node:assert/strict";
import type { DestinationControl } from "../../src/config/config.ts";
import { startBench, tableResolver } from "../support/delivery_bench.ts";
import { type NextHop, startNextHop } from "../support/next_hop.ts";

/** Two hosts of equal standing, three domains that use them. */
const resolver = tableResolver({
  ...Object.fromEntries(["a.test", "b.test", "c.test"].map((domain) => [`MX ${domain}`, [
    { preference: 1, exchange: "mx1.test" },
    { preference: 2, exchange: "mx2.test" },
  ]])),
  "A mx1.test": ["192.0.2.1"],
  "A mx2.test": ["192.0.2.2"],
});

/** Sends so many messages to each domain, slowly, and counts connections by address and by domain. */
async function run(
  control: Partial<DestinationControl>,
  { domains, count, threads = 0 }: { domains: string[]; count: number; threads?: number },
) {
  await using one = startNextHop();
  await using two = startNextHop();
  const hosts = new Map<string, NextHop>([["192.0.2.1", one], ["192.0.2.2", two]]);
  await using bench = startBench({
    threads,
    control: { tls: "none", ip_preference: "require_v4", ...control },
    resolver,
  });
  const open = new Map<string, number>();
  const most = new Map<string, number>();
  const { dial } = bench.world.dialer;
  bench.world.dialer.dial = async (to, options) => {
    const now = (open.get(to.address) ?? 0) + 1;
    open.set(to.address, now);
    most.set(to.address, Math.max(most.get(to.address) ?? 0, now));
    const conn = await dial.call(
      bench.world.dialer,
      { address: "127.0.0.1", port: hosts.get(to.address)!.port },
      options,
    );
    const close = conn.close.bind(conn);
    let closed = false;
    conn.close = () => {
      if (!closed) open.set(to.address, open.get(to.address)! - 1);
      closed = true;
      close();
    };
    return conn;
  };
  let all = 0;
  const slow = () => ({ wait: new Promise<void>((go) => setTimeout(go, 15)) });
  for (const hop of hosts.values()) {
    hop.script = {
      answer: (command) => {
        all = Math.max(all, bench.delivery.connections);
        return command.startsWith("BDAT") ? slow() : undefined;
      },
    };
  }
  for (const domain of domains) for (let n = 0; n < count; n++) bench.spool.add({ to: [`u${n}@${domain}`] });
  await bench.spool.whenSettled(domains.length * count);
  const kinds = new Set(bench.spool.settled.map(({ outcomes: [{ kind }] }) => kind));
  assert.deepEqual(kinds, new Set(["delivered"]), bench.lines().join("\n"));
  return { most: [most.get("192.0.2.1") ?? 0, most.get("192.0.2.2") ?? 0], all };
}

Deno.test("limit_apply_to: domain, the connections of a domain are counted together, those of others are not", async () => {
  const one = await run({ max_connections: 3 }, { domains: ["a.test"], count: 60 });
  assert.deepEqual([one.most, one.all], [[3, 0], 3]);
  const three = await run({ max_connections: 3 }, { domains: ["a.test", "b.test", "c.test"], count: 60 });
  assert.deepEqual([three.most, three.all], [[9, 0], 9]);
  const far = await run({ max_connections: 3 }, { domains: ["a.test", "b.test"], count: 30, threads: 2 });
  assert.deepEqual([far.most, far.all], [[6, 0], 6], "in other threads");
});

Deno.test("limit_apply_to: mx_address, the connections to each address are counted, for all domains", async () => {
  const control = { max_connections: 3, limit_apply_to: "mx_address" } as const;
  const one = await run(control, { domains: ["a.test"], count: 100 });
  assert.deepEqual([one.most, one.all <= 20], [[3, 3], true], "the next address where the first is full");
  const three = await run(control, { domains: ["a.test", "b.test", "c.test"], count: 60 });
  assert.deepEqual(three.most, [3, 3]);
  const far = await run(control, { domains: ["a.test", "b.test"], count: 60, threads: 2 });
  assert.deepEqual(far.most, [3, 3], "in other threads");
});

Deno.test("limit_apply_to: mx_address, one connection for all: every domain has its turn", async () => {
  const control = { max_connections: 1, limit_apply_to: "mx_address", max_messages_per_connection: 5 } as const;
  const { most } = await run(control, { domains: ["a.test", "b.test", "c.test"], count: 20 });
  assert.deepEqual(most, [1, 1]);
});
