/**
 * Large numbers: does the cost of a message grow with how many there are?
 *
 *     ./denow run -A tests/bench/large.ts queue [MESSAGES …]      10000 100000 500000: put, start, lease and settle at each size
 *     ./denow run -A tests/bench/large.ts relay [BINARY]          10,000 destinations, and 100,000 recipients, through the whole gateway
 *
 * Prints Markdown rows for RESULTS.md. Run it alone: everything is on one machine.
 *
 * @module
 */
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { type DurableSpool, openSpool } from "../../src/queue/durable_spool.ts";
import type { Lease } from "../../src/queue/spool.ts";
import { gatewayConfig } from "../gateway/rig.ts";
import { GatewayProcess, pause } from "../support/gateway_process.ts";
import { Ledger, sendLoad, startLedgerSink } from "../support/ledger.ts";

const rule = { max_retries: 100, max_queue_time: 259_200_000, initial_retry: 60_000, max_retry_interval: 3_600_000 };
const text = new Uint8Array(5_120).fill(65);
/** Messages that a rate is taken of: few beside the size that it is for. */
const sample = 5_000;
const destinations = 100;

const quiet = () => {};
const log = { critical: console.error, warning: quiet, info: quiet, debug: quiet, trace: quiet };

function open(directory: string): Promise<DurableSpool> {
  const settings = () => ({ hostname: "gw.example.test", max_queue_messages: 2e6, min_free_disk: 0 });
  return openSpool({ directory, clock: systemClock, random: seededRandom(1), log, settings });
}

async function putAll(spool: DurableSpool, count: number): Promise<void> {
  let left = count;
  const session = async () => {
    while (left-- > 0) {
      const mid = spool.ids.next("mid");
      const draft = spool.draft(mid);
      await draft.write(text.slice());
      const recipients = [{ rid: 0, address: `b@d${mid % destinations}.test` }];
      const envelope = { sender: "a@example.com", eightBit: false, smtputf8: false, receivedAt: systemClock.now() };
      await spool.put({ ...envelope, mid, recipients }, draft);
    }
  };
  await Promise.all(Array.from({ length: 20 }, session));
}

async function lease(spool: DurableSpool, count: number): Promise<Lease[]> {
  const leases: Lease[] = [];
  for (let at = 0; leases.length < count; at++) {
    for (const each of await spool.lease(`d${at % destinations}.test`, 50)) {
      // Delivery reads the text.
      if (each.held === undefined) throw new Error(`Cannot read the text of MID ${each.envelope.mid}`);
      leases.push(each);
    }
  }
  return leases;
}

async function settle(spool: DurableSpool, leases: readonly Lease[]): Promise<void> {
  const before = spool.commits;
  const reply = { code: 250, lines: ["ok"] };
  for (const each of leases) {
    await spool.settle(each, [{ kind: "delivered", rid: 0, reply, relayedWithoutDsn: false }], rule);
  }
  while (spool.commits === before) await pause(1);
}

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const perSecond = (count: number, ms: number): string => Math.round(count * 1000 / ms).toLocaleString("en");
const row = (...cells: unknown[]) => console.log(`| ${cells.join(" | ")} |`);

async function queue(sizes: readonly number[]): Promise<void> {
  row(
    "queued",
    "put/s while it fills",
    "put/s at this size",
    "start ms",
    "RSS MB behind it",
    "lease/s",
    "settle/s",
    "database MB",
  );
  row("--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:");
  for (const size of sizes) {
    const directory = await Deno.makeTempDir({ prefix: "postern-large-" });
    try {
      let spool = await open(directory);
      const filling = await timed(() => putAll(spool, size - sample));
      const last = await timed(() => putAll(spool, sample));
      await spool.close();
      const starting = await timed(async () => spool = await open(directory));
      const { rss } = Deno.memoryUsage();
      let leases: Lease[] = [];
      const leasing = await timed(async () => leases = await lease(spool, sample));
      const settling = await timed(() => settle(spool, leases));
      await spool.close();
      const { size: octets } = Deno.statSync(`${directory}/queue.db`);
      row(
        size.toLocaleString("en"),
        perSecond(size - sample, filling),
        perSecond(sample, last),
        Math.round(starting),
        Math.round(rss / 1048576),
        perSecond(leases.length, leasing),
        perSecond(leases.length, settling),
        Math.round(octets / 1048576),
      );
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
}

interface Relay {
  what: string;
  messages: number;
  recipientsOf: (number: number) => string[];
  routes: number;
}

const relays: Relay[] = [
  {
    what: "10,000 messages to one destination",
    messages: 10_000,
    recipientsOf: (number) => [`r${number}@d0.example.test`],
    routes: 1,
  },
  {
    what: "10,000 messages to 10,000 destinations, each with a route",
    messages: 10_000,
    recipientsOf: (number) => [`r@d${number}.example.test`],
    routes: 10_000,
  },
  {
    what: "100,000 recipients: 5,000 messages with 20 each in one destination",
    messages: 5_000,
    recipientsOf: (number) => Array.from({ length: 20 }, (_, n) => `r${n}@d${number % 100}.example.test`),
    routes: 100,
  },
  {
    what: "100,000 recipients: 5,000 messages with 20 each in 20 destinations",
    messages: 5_000,
    recipientsOf: (number) => Array.from({ length: 20 }, (_, n) => `r@d${(number + 7 * n) % 1_000}.example.test`),
    routes: 1_000,
  },
];

async function relay(binary: string | undefined): Promise<void> {
  row(
    "load",
    "seconds until all is delivered",
    "recipients/s",
    "recipients an hour",
    "CPU s of the gateway",
    "peak RSS MB",
  );
  row("---", "--:", "--:", "--:", "--:", "--:");
  for (const { what, messages, recipientsOf, routes } of relays) {
    const ledger = new Ledger();
    await using sink = startLedgerSink(ledger);
    await using gateway = await GatewayProcess.start({
      binary,
      ports: ["inbound"],
      config: ({ inbound }) =>
        gatewayConfig({
          inbound,
          nextHop: sink.port,
          more: {
            smtp_routes: Object.fromEntries(
              Array.from({ length: routes }, (_, n) => [`d${n}.example.test`, [`127.0.0.1:${sink.port}`]]),
            ),
            logs: { level: "warning" },
          },
        }),
    });
    const wanted = Array.from({ length: messages }, (_, n) => recipientsOf(n).length).reduce((sum, n) => sum + n, 0);
    const ms = await timed(async () => {
      const shape = (number: number) => ({ octets: 5_120, recipients: recipientsOf(number % messages) });
      await sendLoad(gateway.ports.inbound, { ledger, sessions: 20, shape, more: () => ledger.sent < messages });
      while (ledger.delivered.size < wanted) await pause(20);
    });
    const { lost, duplicated } = ledger.tally();
    if (lost + duplicated + ledger.faulty.length > 0) throw new Error(`Cannot trust this run: ${ledger.line(what)}`);
    const stat = Deno.readTextFileSync(`/proc/${gateway.pid}/stat`).split(") ")[1].split(" ");
    const peak = Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${gateway.pid}/status`))![1]) / 1024;
    row(
      what,
      (ms / 1000).toFixed(1),
      perSecond(wanted, ms),
      (Math.round(wanted * 3_600 / ms) * 1_000).toLocaleString("en"),
      ((Number(stat[11]) + Number(stat[12])) / 100).toFixed(1),
      Math.round(peak),
    );
    await gateway.stop();
  }
}

const [part, ...rest] = Deno.args;
switch (part) {
  case "queue":
    await queue(rest.length > 0 ? rest.map(Number) : [10_000, 100_000, 500_000]);
    break;
  case "relay":
    await relay(rest[0]);
    break;
  default:
    console.error("Cannot measure: queue [MESSAGES …] or relay [BINARY] is wanted");
    Deno.exit(2);
}
