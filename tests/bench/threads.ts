/**
 * How far the gateway could go with more cores: the CPU time of its busiest thread.
 *
 *     ./denow run -A tests/bench/threads.ts [--workers 1,2,4] [--scenarios S1a,S2a] [--rounds 3] [--messages N] [--binary FILE] [--threads]
 *
 * Two cores that load and next hop share do not show what four would do. What each thread costs does: no number of cores makes the
 * gateway faster than its busiest thread, so 1,000 divided by that thread's seconds for 1,000 messages is the most that it can do
 * in a second. Rates as measured stand beside it. Prints Markdown rows for RESULTS.md; as root, like the rest (README.md).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { startEmptyDns } from "../gateway/rig.ts";
import { type Scenario, scenarios, type Send } from "./scenarios.ts";
import { Sink } from "./sink.ts";
import { pause, readTarget, startServer } from "./target.ts";
import { here, startTool } from "./tool.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    workers: { type: "string", default: "1,2,4" },
    scenarios: { type: "string", default: "S1a,S2a" },
    rounds: { type: "string", default: "3" },
    messages: { type: "string", default: "4000" },
    binary: { type: "string", default: "" },
    "sink-port": { type: "string", default: "10927" },
    threads: { type: "boolean", default: false },
  },
});

/** Clock ticks a second in /proc. */
const ticks = 100;

/** Seconds of CPU of each thread that lives, by its number. */
function threadSeconds(pids: readonly number[]): Map<string, { name: string; seconds: number }> {
  const threads = new Map<string, { name: string; seconds: number }>();
  for (const pid of pids) {
    for (const { name: tid } of Deno.readDirSync(`/proc/${pid}/task`)) {
      const stat = Deno.readTextFileSync(`/proc/${pid}/task/${tid}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const seconds = (Number(fields[11]) + Number(fields[12])) / ticks;
      threads.set(tid, { name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")), seconds });
    }
  }
  return threads;
}

interface Figures {
  /** Seconds of CPU for 1,000 messages. */
  busiest: number;
  all: number;
  /** A second. */
  accepted: number;
  delivered: number;
}

let runs = Math.floor(Date.now() / 1000) % 900_000;

/** Sends `messages` and waits until they have arrived. */
async function load(sink: Sink, scenario: Send, { address, messages }: { address: string; messages: number }) {
  const id = runs++;
  await sink.count(id);
  const arrived = sink.expect(messages, 120_000);
  const { sessions, perSession, octets, tls, certificate } = scenario;
  const args = ["-a", address, "-n", messages, "-s", sessions, "-m", perSession, "-l", octets, "-r", id, "-T", 110];
  await using tool = startTool("bgen", tls ? [...args, "-t", "-k", certificate ?? "ecdsa"] : args);
  let last: { accepted: number; fails: number; t0_ns: number; t_last_ns: number } | undefined;
  for (;;) {
    const { done, value } = await tool.answers.next();
    if (done) break;
    last = value as unknown as typeof last;
  }
  const counts = await arrived;
  if (last === undefined || counts === null || last.accepted < messages || counts.dups > 0 || counts.bad_end > 0) {
    throw new Error(`Cannot measure: ${JSON.stringify(last)} ${JSON.stringify(counts)}`);
  }
  return {
    accepted: messages / ((last.t_last_ns - last.t0_ns) / 1e9),
    delivered: messages / ((counts.t_last_ns - last.t0_ns) / 1e9),
  };
}

async function run(scenario: Scenario, workers: number): Promise<Figures> {
  if (scenario.kind !== "send") throw new Error("Cannot measure: only scenarios that send have messages");
  const target = readTarget("postern");
  Deno.mkdirSync(`${here}results`, { recursive: true });
  const sinkPort = Number(values["sink-port"]);
  // A name server that knows no name: each thread asks for itself, and would wait for one that is silent.
  await using dns = startEmptyDns();
  target.env = { ...target.env, POSTERN_EXTRA: `workers: ${workers}\ndns: ${JSON.stringify(dns.settings)}` };
  if (values.binary !== "") target.env.POSTERN_BIN = Deno.realPathSync(values.binary);
  await using sink = await Sink.start(sinkPort, scenario.tls ? "ecdsa" : null);
  await using server = await startServer(target, scenario, sinkPort);
  const group = server.group!;
  await load(sink, { ...scenario, perSession: 10 }, { address: target.addr, messages: 1000 });
  await load(sink, scenario, { address: target.addr, messages: 1000 });
  await pause(300);
  const before = threadSeconds(group.pids());
  const all = group.cpu();
  const messages = Number(values.messages);
  const rates = await load(sink, scenario, { address: target.addr, messages });
  await pause(300);
  const spent = [...threadSeconds(group.pids())].map(([tid, { name, seconds }]) => ({
    name,
    seconds: (seconds - (before.get(tid)?.seconds ?? 0)) * 1000 / messages,
  })).sort((a, b) => b.seconds - a.seconds);
  if (values.threads) console.log(spent.filter(({ seconds }) => seconds > 0.005));
  return { busiest: spent[0].seconds, all: (group.cpu() - all) * 1000 / messages, ...rates };
}

function median(figures: readonly Figures[], of: keyof Figures): number {
  const sorted = figures.map((each) => each[of]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const row = (...cells: unknown[]) => console.log(`| ${cells.join(" | ")} |`);
row("load", "`workers`", "busiest thread, CPU s for 1,000", "so at most/s", "all threads", "accepted/s", "delivered/s");
row("---", "--:", "--:", "--:", "--:", "--:", "--:");
for (const key of values.scenarios.split(",")) {
  const counts = values.workers.split(",").map(Number);
  const measured = new Map<number, Figures[]>(counts.map((count) => [count, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const count of counts) measured.get(count)!.push(await run(scenarios[key], count));
  }
  for (const [count, figures] of measured) {
    const busiest = median(figures, "busiest");
    const rest = [median(figures, "all").toFixed(2), median(figures, "accepted").toFixed(0)];
    row(key, count, busiest.toFixed(3), (1000 / busiest).toFixed(0), ...rest, median(figures, "delivered").toFixed(0));
  }
}
