/**
 * One run: a fresh sink, a fresh server, a load, and what it cost.
 *
 * @module
 */
import { type Group, machineCpu, type Memory, memoryOf, ownCpu } from "./processes.ts";
import type { Handshakes, Idle, Scenario, Send } from "./scenarios.ts";
import { Sink, type SinkCounts } from "./sink.ts";
import { pause, startServer, type Target } from "./target.ts";
import { probe, startTool } from "./tool.ts";

/** What the generator counted. */
export interface LoadCounts {
  why: string;
  accepted: number;
  handshakes: number;
  fails: number;
  lost_held: number;
  t0_ns: number;
  t_last_ns: number;
  total_s: number;
  lat_ms: { p50: number; p95: number; p99: number; max: number };
  /** Version, cipher and key exchange that were agreed on. */
  tls: string;
  cpu_s: number;
  samples: string[];
}

/** One run; a line of the results file. */
export interface Run {
  at: string;
  target: string;
  scenario: string;
  round: number;
  /** Everything arrived whole and once, and nothing failed. */
  ok: boolean;
  error?: string;
  /** A fixed piece of work in ms, and the disk's sync in ms: how fast the machine is at the moment. */
  cpuProbeMs: number;
  fsyncMs: number;
  /** Share of the machine that other programs took meanwhile. */
  foreign: number;
  /** The server's CPU in seconds, and up to the moment when everything was accepted. */
  cpu: number;
  cpuAtAccept?: number;
  idle?: Memory;
  peakRss: number;
  load?: LoadCounts;
  sink?: SinkCounts;
  held?: Memory;
  /** Messages or handshakes a second. */
  acceptRate?: number;
  deliverRate?: number;
  handshakeRate?: number;
}

let runs = Math.floor(Date.now() / 1000) % 900_000;

/** Runs `scenario` against `target` once. What fails is in the run, not thrown. */
export async function measure(
  target: Target,
  { key, scenario, sinkPort, round }: { key: string; scenario: Scenario; sinkPort: number; round: number },
): Promise<Run> {
  const run: Run = {
    at: new Date().toISOString(),
    target: target.name,
    scenario: key,
    round,
    ok: false,
    cpuProbeMs: Number(probe("cpuprobe", [])),
    fsyncMs: (probe("fsyncprobe", ["/opt/peers", "100", "5120"]) as { p50: number }).p50,
    foreign: 0,
    cpu: 0,
    peakRss: 0,
  };
  try {
    const certificate = scenario.tls ? (target.direct ? scenario.certificate ?? "ecdsa" : "ecdsa") : null;
    await using sink = await Sink.start(sinkPort, certificate);
    await using server = await startServer(target, scenario, sinkPort);
    const address = target.direct ? `127.0.0.1:${sinkPort}` : target.addr;
    if (scenario.kind === "send") await warmUp(scenario, address, sink);
    else await pause(1000);
    if (server.group) run.idle = memoryOf(server.group, { pss: true });
    const before = await snapshot(sink, server.group);
    using _peak = watchPeak(run, server.group);
    const load = await (scenario.kind === "send"
      ? send(run, scenario, { address, sink, group: server.group, cpuBefore: before.server })
      : scenario.kind === "handshakes"
      ? handshakes(run, scenario, address)
      : idle(run, scenario, { address, group: server.group }));
    const after = await snapshot(sink, server.group);
    run.load = load;
    run.cpu = after.server - before.server;
    const ours = run.cpu + load.cpu_s + (after.sink - before.sink) + (after.own - before.own);
    const wall = (after.ms - before.ms) / 1000;
    run.foreign = Math.max(0, (after.machine - before.machine - ours) / wall / navigator.hardwareConcurrency);
  } catch (thrown) {
    run.ok = false;
    run.error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  return run;
}

/** CPU seconds of everybody, now. */
async function snapshot(
  sink: Sink,
  group: Group | null,
): Promise<{ sink: number; server: number; machine: number; own: number; ms: number }> {
  const { cpu_s } = await sink.counts();
  return { sink: cpu_s, server: group?.cpu() ?? 0, machine: machineCpu(), own: ownCpu(), ms: performance.now() };
}

function watchPeak(run: Run, group: Group | null): Disposable {
  const timer = setInterval(() => {
    if (group) run.peakRss = Math.max(run.peakRss, memoryOf(group, { pss: false }).rss);
  }, 250);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Some messages that are not measured: code gets hot, connections and caches fill. */
async function warmUp(scenario: Send, address: string, sink: Sink): Promise<void> {
  const messages = Math.min(200, scenario.messages);
  const id = runs++;
  await sink.count(id);
  const arrived = sink.expect(messages, 60_000);
  const load = await generate("bgen", [
    ...sendArguments({ ...scenario, messages, perSession: scenario.perSession || 10 }, address, id),
    "-T",
    60,
  ]);
  if (load.accepted < messages) {
    throw new Error(
      `Cannot warm up: ${load.accepted} of ${messages} accepted, ${load.why}: ${load.samples.join(" | ")}`,
    );
  }
  if (await arrived === null) {
    throw new Error(`Cannot warm up: not delivered in 60 s, ${JSON.stringify(await sink.counts())}`);
  }
  await pause(500);
}

function sendArguments(scenario: Send, address: string, id: number): (string | number)[] {
  const { messages, sessions, perSession, octets, tls, pipelining, quickAck, hasty, certificate } = scenario;
  const flags = [tls && "-t", pipelining && "-P", quickAck && "-q", hasty && "-W"].filter((flag) => flag !== false);
  return [
    ...["-a", address, "-n", messages, "-s", sessions, "-m", perSession, "-l", octets, "-r", id],
    ...flags.filter((flag) => flag !== undefined),
    ...(tls ? ["-k", certificate ?? "ecdsa"] : []),
  ];
}

async function send(
  run: Run,
  scenario: Send,
  { address, sink, group, cpuBefore }: { address: string; sink: Sink; group: Group | null; cpuBefore: number },
): Promise<LoadCounts> {
  const id = runs++;
  await sink.count(id);
  const arrived = sink.expect(scenario.messages, 240_000);
  const load = await generate("bgen", [...sendArguments(scenario, address, id), "-T", 180]);
  if (group) run.cpuAtAccept = group.cpu() - cpuBefore;
  const done = load.accepted > 0 ? await Promise.race([arrived, standstill(sink)]) : null;
  const counts = done ?? await sink.counts();
  await pause(400); // the server removes its queue files
  run.sink = { ...counts, ...await sink.counts(), t_last_ns: counts.t_last_ns };
  run.acceptRate = load.accepted / ((load.t_last_ns - load.t0_ns) / 1e9);
  run.deliverRate = counts.unique / ((counts.t_last_ns - load.t0_ns) / 1e9);
  run.ok = done !== null && load.accepted === scenario.messages && load.fails === 0 &&
    counts.bad_end === 0 && counts.dups === 0 && counts.body_min >= scenario.octets &&
    counts.body_max <= scenario.octets + 4 && (!scenario.tls || counts.tls_msgs >= scenario.messages);
  return load;
}

/** Null once nothing has arrived for 20 s. */
async function standstill(sink: Sink): Promise<null> {
  let last = -1;
  for (let same = 0; same < 20;) {
    await pause(1000);
    const { total } = await sink.counts();
    same = total === last ? same + 1 : 0;
    last = total;
  }
  return null;
}

async function handshakes(run: Run, scenario: Handshakes, address: string): Promise<LoadCounts> {
  const { sessions, seconds, version, certificate, quickAck } = scenario;
  const load = await generate("bhs", [
    ...["-a", address, "-s", sessions, "-D", seconds, "-V", version, "-k", certificate ?? "ecdsa", "-T", seconds + 5],
    ...(quickAck ? ["-q"] : []),
  ]);
  run.handshakeRate = load.handshakes / load.total_s;
  run.ok = load.fails === 0 && load.handshakes > 0;
  return load;
}

async function idle(
  run: Run,
  scenario: Idle,
  { address, group }: { address: string; group: Group | null },
): Promise<LoadCounts> {
  const args = ["-a", address, "-M", "idle", "-n", scenario.held, "-s", scenario.sessions, "-H", 60, "-T", 150];
  const load = await generate("bgen", scenario.tls ? [...args, "-t"] : args, async () => {
    await pause(3000);
    if (group) run.held = memoryOf(group, { pss: true });
  });
  run.ok = run.held !== undefined && load.lost_held === 0 && load.fails === 0;
  return load;
}

/** Runs a generator to its end. `whenHeld` is called while it holds idle sessions. */
async function generate(
  name: string,
  args: readonly (string | number)[],
  whenHeld?: () => Promise<void>,
): Promise<LoadCounts> {
  await using tool = startTool(name, args);
  let last: LoadCounts | null = null;
  for (;;) {
    const { done, value } = await tool.answers.next();
    if (done) break;
    if (value.event === "held") {
      await whenHeld?.();
      await tool.say("q");
    } else last = value as unknown as LoadCounts;
  }
  if (last === null) throw new Error(`Cannot load ${args[1]}: ${name} ended with ${await tool.exited}`);
  return last;
}
