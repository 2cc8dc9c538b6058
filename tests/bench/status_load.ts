/**
 * Whether a program that asks for the status a hundred times a second slows mail: messages a second with it and without, in turns.
 *
 *     deno run -A --unsafely-ignore-certificate-errors=127.0.0.1 tests/bench/status_load.ts [SECONDS] [TURNS]
 *
 * @module
 */
import { systemRandom } from "../../src/base/random.ts";
import { hashOf, newSecret } from "../../src/admin/secrets.ts";
import { cheapHash } from "../auth/hashes.ts";
import { gatewayConfig, listenerAt, startEmptyDns } from "../gateway/rig.ts";
import { greeted, messageOf } from "../gateway/client.ts";
import { GatewayProcess } from "../support/gateway_process.ts";

const [seconds = 10, turns = 3] = Deno.args.map(Number);
const askedPerSecond = 100;
const connections = 10;
const clients = 8;
const text = messageOf(4_000);

const secret = newSecret(systemRandom);
const id = systemRandom.bytes(8).toHex();
await using dns = startEmptyDns();
await using gateway = await GatewayProcess.start({
  ports: ["inbound", "blackhole", "admin"],
  config: (ports) => {
    const config = gatewayConfig({ inbound: ports.inbound, nextHop: ports.blackhole });
    return {
      ...config,
      dns: dns.settings,
      listeners: {
        ...config.listeners as object,
        blackhole: listenerAt(`127.0.0.1:${ports.blackhole}`, { type: "blackhole" }),
      },
      admin: {
        address: `127.0.0.1:${ports.admin}`,
        users: { ann: { role: "administrator", password_hash: cheapHash("not asked for") } },
      },
    };
  },
});
const now = Date.now();
const token = { id, name: "bench", role: "read-only", user: "ann", created: now, expires: now + 86_400_000 };
await Deno.writeTextFile(
  `${gateway.folder}/data/state/api-tokens.json`,
  JSON.stringify([{ ...token, hash: hashOf(secret) }]),
);

/** Messages that are taken in a second, for a while. */
async function mailFor(ms: number): Promise<number> {
  const end = performance.now() + ms;
  let taken = 0;
  await Promise.all(Array.from({ length: clients }, async () => {
    while (performance.now() < end) {
      using client = await greeted(gateway.ports.inbound);
      for (let count = 0; count < 5 && performance.now() < end; count++) {
        const reply = await client.send(text);
        if (!reply.startsWith("250")) throw new Error(`a message got ${reply}`);
        taken++;
      }
    }
  }));
  return taken / ms * 1000;
}

/** Asks for the status until it is told to stop: how often it was answered, and how late. */
async function ask(signal: AbortSignal): Promise<{ answered: number; worst: number }> {
  const url = `https://127.0.0.1:${gateway.ports.admin}/api/v1/status`;
  const headers = { Authorization: `Bearer postern_${id}_${secret}` };
  let answered = 0;
  let worst = 0;
  const began = performance.now();
  // Each connection asks its share, one request after the other, as a program with a pool of them does.
  await Promise.all(Array.from({ length: connections }, async (_, share) => {
    for (let at = share; !signal.aborted; at += connections) {
      const wait = began + at * 1000 / askedPerSecond - performance.now();
      if (wait > 0) await new Promise((go) => setTimeout(go, wait));
      const from = performance.now();
      const response = await fetch(url, { headers });
      if (response.status !== 200) throw new Error(`the status call got ${response.status}`);
      await response.arrayBuffer();
      answered++;
      worst = Math.max(worst, performance.now() - from);
    }
  }));
  return { answered, worst };
}

const plain: number[] = [];
const asked: number[] = [];
await mailFor(3_000);
for (let turn = 0; turn < turns; turn++) {
  plain.push(await mailFor(seconds * 1000));
  const stop = new AbortController();
  const asking = ask(stop.signal);
  asked.push(await mailFor(seconds * 1000));
  stop.abort();
  const { answered, worst } = await asking;
  console.log(`turn ${turn + 1}: ${answered} calls answered, the slowest in ${Math.round(worst)} ms`);
}
const middle = (rates: number[]) => rates.toSorted((a, b) => a - b)[rates.length >> 1];
console.log(`messages a second without: ${plain.map(Math.round).join(" ")}, with: ${asked.map(Math.round).join(" ")}`);
console.log(`with ${askedPerSecond} status calls a second: ${(100 * middle(asked) / middle(plain)).toFixed(1)} %`);
