/**
 * How fast the queue is: run by hand, `./denow run -A tests/bench/queue.ts [messages] [sessions] [octets] [directory]`.
 *
 * Prints puts a second, whole cycles (put, lease, settle) a second at the given number of concurrent sessions, CPU microseconds a
 * message, and the number of commits.
 *
 * @module
 */
import { systemClock } from "../../src/base/clock.ts";
import { LineLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { eventText, type MailEvent } from "../../src/mail/events.ts";
import { type DurableSpool, openSpool } from "../../src/queue/durable_spool.ts";
import type { Lease } from "../../src/queue/spool.ts";

const [count = "20000", sessions = "20", octets = "5120", under = "/tmp"] = Deno.args;
const rule = { max_retries: 100, max_queue_time: 259_200_000, initial_retry: 60_000, max_retry_interval: 3_600_000 };
const text = new Uint8Array(Number(octets)).fill(65);
const log = new LineLog<MailEvent>({
  level: "info",
  format: "text",
  render: eventText,
  now: () => systemClock.now(),
  sinks: [{ write: (lines) => console.log(lines.trimEnd()), flush: () => {} }],
});
const directory = await Deno.makeTempDir({ dir: under });
const open = () =>
  openSpool({
    directory,
    clock: systemClock,
    random: seededRandom(1),
    log,
    settings: () => ({ hostname: "gw.example.test", max_queue_messages: 2e6, min_free_disk: 0 }),
  });

function cpuMs(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function putAll(spool: DurableSpool, messages: number, destinations: number): Promise<void> {
  let left = messages;
  const session = async () => {
    while (left-- > 0) {
      const mid = spool.ids.next("mid");
      const draft = spool.draft(mid);
      for (let at = 0; at < text.length; at += 65536) await draft.write(text.subarray(at, at + 65536));
      await spool.put({
        mid,
        sender: "a@example.com",
        recipients: [{ rid: 0, address: `b@d${mid % destinations}.test` }],
        eightBit: false,
        smtputf8: false,
        receivedAt: systemClock.now(),
      }, draft);
    }
  };
  await Promise.all(Array.from({ length: Number(sessions) }, session));
}

async function consume(spool: DurableSpool, lease: Lease): Promise<void> {
  if (lease.held === undefined) { for await (const _ of lease.text()) { /* read */ } }
  const outcomes = lease.recipients.map(({ rid }) => ({
    kind: "delivered" as const,
    rid,
    reply: { code: 250, lines: ["ok"] },
    relayedWithoutDsn: false,
  }));
  await spool.settle(lease, outcomes, rule);
}

async function drain(spool: DurableSpool): Promise<void> {
  for (const { destination } of [...spool.destinations()]) {
    while (true) {
      const leases = await spool.lease(destination, 20);
      if (leases.length === 0) break;
      for (const lease of leases) await consume(spool, lease);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

async function measured(name: string, messages: number, spool: DurableSpool, run: () => Promise<void>): Promise<void> {
  const [began, cpu, commits] = [performance.now(), cpuMs(), spool.commits];
  await run();
  const ms = performance.now() - began;
  console.log(
    `${name}: ${Math.round(messages / ms * 1000)}/s, CPU ${
      Math.round((cpuMs() - cpu) / messages * 1000)
    } us a message, ` +
      `${spool.commits - commits} commits, rss ${Math.round(Deno.memoryUsage().rss / 1048576)} MiB`,
  );
}

try {
  const n = Number(count);
  let spool = await open();
  await measured(`cycle ${n} x ${octets} octets, ${sessions} sessions`, n, spool, async () => {
    const done = Promise.withResolvers<void>();
    let settled = 0;
    spool.onDue(async (destination) => {
      while (true) {
        const leases = await spool.lease(destination, 20);
        if (leases.length === 0) return;
        for (const lease of leases) await consume(spool, lease);
        settled += leases.length;
        if (settled >= n) done.resolve();
      }
    });
    await Promise.all([putAll(spool, n, 1), done.promise]);
  });
  spool.onDue(() => {});
  await measured(`put ${n} to 100 destinations`, n, spool, () => putAll(spool, n, 100));
  await spool.close();
  const began = performance.now();
  spool = await open();
  console.log(`start with ${spool.messages} queued: ${Math.round(performance.now() - began)} ms`);
  await measured(`lease and settle ${n}`, n, spool, () => drain(spool));
  await spool.close();
  console.log(`left: ${spool.messages}`);
} finally {
  await Deno.remove(directory, { recursive: true });
}
