/**
 * The soak: an hour of mixed load, after which everything must be where it was.
 *
 *     deno task soak [--minutes N] [--rate N]
 *
 * Good mail in clear and over TLS, small and large; mail for next hops that defer, refuse, close, keep silent or cut off; clients that
 * stall, leave in the middle of a text, or talk garbage; a changed configuration each minute. Each ten seconds one row: resident
 * memory, file descriptors, queued messages. The load ends, the next hops behave, the queue runs empty; then the exit
 * code is 0 if the bounds below hold, and nothing acknowledged is lost.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { gatewayConfig } from "../gateway/rig.ts";
import { mixedShape } from "../durability/rig.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { type ConfigObject, GatewayProcess, pause } from "../support/gateway_process.ts";
import { Ledger, numberedText, startLedgerSink } from "../support/ledger.ts";
import { Client } from "../gateway/client.ts";
import { misbehave, sendOverTls, sendToFailing } from "./clients.ts";
import { type FailingHop, type Fault, faults, startFailingHop } from "./hops.ts";

/** The end may differ from the start line by this much. */
const bounds = {
  /** Over the resident memory behind the first minute of load: a part of it, and octets, whichever is more. */
  memoryShare: 0.25,
  memoryOctets: 48 * 1024 * 1024,
  /** Over the descriptors of the idle gateway before any load. */
  descriptors: 4,
  /** Messages. */
  queue: 0,
} as const;

const sampleMs = 10_000;
const reloadMs = 60_000;
/** Mail for failing next hops is given up after this, so that the queue empties in the end. */
const queueTimeSeconds = 90;

interface Sample {
  seconds: number;
  memory: number;
  descriptors: number;
  queue: number;
}

function option(name: string, otherwise: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(Deno.args[at + 1]);
  if (!(value > 0)) throw new Error(`Cannot soak with --${name} ${Deno.args[at + 1]}: a number above 0 is wanted`);
  return value;
}

function sampleOf(gateway: GatewayProcess, since: number): Sample {
  const status = Deno.readTextFileSync(`/proc/${gateway.pid}/status`);
  const memory = Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) * 1024;
  const descriptors = [...Deno.readDirSync(`/proc/${gateway.pid}/fd`)].length;
  using db = new DatabaseSync(`${gateway.folder}/data/queue/queue.db`, { readOnly: true });
  const queue = db.prepare("SELECT count(*) AS n FROM message").get()!.n as number;
  return { seconds: Math.round((performance.now() - since) / 1000), memory, descriptors, queue };
}

const mebibytes = (octets: number): string => (octets / 1048576).toFixed(0);

/** The configuration; its listener's name changes with `generation`, so that a session's greeting tells which one is in force. */
function configOf(
  { inbound, sink, hops, generation }: {
    inbound: number;
    sink: number;
    hops: Map<Fault, FailingHop>;
    generation: number;
  },
): ConfigObject {
  const routes: Record<string, string[]> = Object.fromEntries(
    ["one", "two", "three"].map((name) => [`${name}.example.test`, [`127.0.0.1:${sink}`]]),
  );
  for (const [fault, { port }] of hops) routes[`${fault}.example.test`] = [`127.0.0.1:${port}`];
  const retry = { initial_retry: "5s", max_retry_interval: "20s", max_queue_time: `${queueTimeSeconds}s` };
  return gatewayConfig({
    inbound,
    nextHop: sink,
    listener: { certificate: "mx", hostname: `gw${generation}.example.test` },
    more: {
      certificates: { mx: { certificate: "mx.crt", key: "mx.key" } },
      smtp_routes: routes,
      bounce_profiles: { default: retry },
      limits: { min_free_disk: "64M" },
      logs: { level: "warning" },
    },
  });
}

async function soak(minutes: number, rate: number): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "postern-soak-" });
  await using _removed = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  const authority = await makeAuthority(folder);
  const leaf = await makeLeaf({ ca: authority, names: ["mx.example.test"] });
  const ledger = new Ledger();
  await using sink = startLedgerSink(ledger);
  await using stack = new AsyncDisposableStack();
  const hops = new Map(faults.map((fault) => [fault, stack.use(startFailingHop(fault))]));
  let generation = 0;
  const config = (inbound: number) => configOf({ inbound, sink: sink.port, hops, generation });
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    files: { "mx.crt": leaf.certificatePem, "mx.key": leaf.keyPem },
    config: ({ inbound }) => config(inbound),
  });
  const { inbound: port } = gateway.ports;
  const since = performance.now();
  await pause(3000);
  const idle = sampleOf(gateway, since);
  const samples: Sample[] = [];
  const row = (sample: Sample) => {
    samples.push(sample);
    const cells = [
      sample.seconds,
      mebibytes(sample.memory),
      sample.descriptors,
      sample.queue,
      ledger.acknowledged.size,
    ];
    console.log(cells.map((cell) => String(cell).padStart(12)).join(""));
  };
  console.log(
    ["seconds", "memory MiB", "descriptors", "queued", "acknowledged"].map((cell) => cell.padStart(12)).join(""),
  );
  row(idle);

  const until = performance.now() + minutes * 60_000;
  const more = () => performance.now() < until;
  const world = { port, authority, ledger, more };
  const seen = new Set<string>();
  /** Does something at an even pace; one failure is one failure. */
  const every = async (ms: number, work: () => Promise<void>) => {
    while (more()) {
      await work().catch((error) => {
        if (!gateway.runs) throw error;
      });
      await pause(ms);
    }
  };
  const clear = async () => {
    using client = await Client.open(port);
    seen.add(client.greeting.split(" ")[1]);
    await client.expect(["EHLO client.example.test", "250"]);
    for (let n = 0; n < 5 && more(); n++) {
      const number = ledger.sent++;
      const { octets, recipients } = mixedShape(number);
      const answer = await client.send(numberedText(number, octets).slice(0, -2), { to: recipients });
      if (answer.startsWith("250")) ledger.acknowledged.set(number, recipients);
      await pause(1000 / rate);
    }
    await client.ask("QUIT");
  };
  const mischief = Promise.all(Array.from({ length: 3 }, () => misbehave(world)));
  const sampling = every(sampleMs, () => Promise.resolve(row(sampleOf(gateway, since))));
  await Promise.all([
    every(10, clear),
    every(1000 / rate, () => sendOverTls(world, mixedShape)),
    every(2000, async () => {
      for (const fault of faults) await sendToFailing(port, `${fault}.example.test`);
    }),
    every(reloadMs, async () => {
      await pause(reloadMs / 4);
      generation++;
      await gateway.configure(config(port));
      if (generation % 2 === 0) gateway.signal("SIGHUP");
    }),
  ]);
  const badClients = (await mischief).reduce((sum, times) => sum + times, 0);
  await sampling;

  console.log("the load has ended, the next hops behave");
  for (const hop of hops.values()) hop.behave();
  // The last failing message is given up at the latest at its queue time, its connection's idle time behind it.
  const patience = performance.now() + (queueTimeSeconds + 60) * 1000;
  let last = sampleOf(gateway, since);
  const calm = () => last.queue <= bounds.queue && last.descriptors <= idle.descriptors + bounds.descriptors;
  while (performance.now() < patience && !calm()) {
    await pause(sampleMs);
    last = sampleOf(gateway, since);
    row(last);
  }
  await pause(sampleMs);
  row(last = sampleOf(gateway, since));

  const line = samples.find(({ seconds }) => seconds >= 60) ?? samples[samples.length - 1];
  const memoryMax = Math.max(line.memory * (1 + bounds.memoryShare), line.memory + bounds.memoryOctets);
  const { messages, lost, acknowledged, duplicated } = ledger.tally();
  const connections = [...hops].map(([fault, hop]) => `${fault} ${hop.connections}`).join(", ");
  const verdicts: [what: string, holds: boolean, facts: string][] = [
    [
      "memory",
      last.memory <= memoryMax,
      `${mebibytes(line.memory)} → ${mebibytes(last.memory)} MiB, at most ${mebibytes(memoryMax)}`,
    ],
    [
      "descriptors",
      last.descriptors <= idle.descriptors + bounds.descriptors,
      `${idle.descriptors} → ${last.descriptors}, at most ${idle.descriptors + bounds.descriptors}`,
    ],
    ["queue", last.queue <= bounds.queue, `${last.queue} messages, at most ${bounds.queue}`],
    [
      "mail",
      lost === 0 && messages > 0 && ledger.faulty.length === 0,
      `acknowledged ${acknowledged} (${messages} messages), duplicated ${duplicated}, lost ${lost}, not whole ${ledger.faulty.length}`,
    ],
    ["failing hops", [...hops.values()].every((hop) => hop.connections > 0), `connections: ${connections}`],
    ["bad clients", badClients > 0, `${badClients} sessions`],
    ["reloads", seen.size >= Math.min(generation, 2), `${generation} configurations, ${seen.size} seen in greetings`],
    ["end", (await gateway.stop()).code === 0, "exit code of the gateway"],
  ];
  for (const [what, holds, facts] of verdicts) console.log(`${holds ? "ok    " : "FAILED"} ${what}: ${facts}`);
  return verdicts.every(([, holds]) => holds);
}

if (import.meta.main) Deno.exit(await soak(option("minutes", 60), option("rate", 5)) ? 0 : 1);
