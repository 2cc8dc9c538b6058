/**
 * Whether a program that asks for the status a hundred times a second slows mail: messages a second and CPU with it and without, in turns that are short, since the
 * machine's other work comes and goes.
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

const [seconds = 4, turns = 6] = Deno.args.map(Number);
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

/** Messages that are taken, for a while. */
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
  return taken;
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

/** What a while came to. CPU seconds are the gateway's own, so that they mean the same on a machine that others use too. */
interface Round {
  messages: number;
  calls: number;
  worst: number;
  cpu: number;
  seconds: number;
}

function cpuSeconds(): number {
  const stat = Deno.readTextFileSync(`/proc/${gateway.pid}/stat`).split(") ")[1].split(" ");
  return (Number(stat[11]) + Number(stat[12])) / 100;
}

async function round(ms: number, { mail, asked }: { mail: boolean; asked: boolean }): Promise<Round> {
  const [from, cpu] = [performance.now(), cpuSeconds()];
  const stop = new AbortController();
  const asking = asked ? ask(stop.signal) : { answered: 0, worst: 0 };
  const messages = mail ? await mailFor(ms) : await new Promise<number>((done) => setTimeout(() => done(0), ms));
  stop.abort();
  const { answered, worst } = await asking;
  return {
    messages,
    calls: answered,
    worst,
    cpu: cpuSeconds() - cpu,
    seconds: (performance.now() - from) / 1000,
  };
}

const sum = (rounds: readonly Round[], key: keyof Round) => rounds.reduce((all, each) => all + each[key], 0);
const plain: Round[] = [];
const asked: Round[] = [];
const alone: Round[] = [];
const idle: Round[] = [];
await round(3_000, { mail: true, asked: true });
for (let turn = 0; turn < turns; turn++) {
  plain.push(await round(seconds * 1000, { mail: true, asked: false }));
  asked.push(await round(seconds * 1000, { mail: true, asked: true }));
  idle.push(await round(seconds * 1000, { mail: false, asked: false }));
  alone.push(await round(seconds * 1000, { mail: false, asked: true }));
}
const rate = (rounds: readonly Round[]) => sum(rounds, "messages") / sum(rounds, "seconds");
const perMessage = sum(plain, "cpu") / sum(plain, "messages");
const perSecondIdle = sum(idle, "cpu") / sum(idle, "seconds");
const besideMail = (sum(asked, "cpu") - perMessage * sum(asked, "messages")) / sum(asked, "calls");
const byItself = (sum(alone, "cpu") - perSecondIdle * sum(alone, "seconds")) / sum(alone, "calls");
const ms = (value: number) => (1000 * value).toFixed(2);
console.log(
  `messages a second: ${rate(plain).toFixed(0)} without, ${
    rate(asked).toFixed(0)
  } with ${askedPerSecond} calls a second`,
);
console.log(
  `calls answered: ${sum(asked, "calls")}, the slowest in ${
    Math.max(...asked.map(({ worst }) => worst)).toFixed(0)
  } ms`,
);
console.log(
  `CPU ms a message: ${ms(perMessage)} without, ${ms(sum(asked, "cpu") / sum(asked, "messages"))} with, calls included`,
);
console.log(`CPU ms a call: ${ms(besideMail)} beside mail, ${ms(byItself)} alone`);
