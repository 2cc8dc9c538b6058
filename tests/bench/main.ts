/**
 * `deno task bench`: relays side by side on one machine, in interleaved rounds.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { measure, type Run } from "./measure.ts";
import { line, ratios, readRuns, report } from "./report.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { pause, readTarget, type Target } from "./target.ts";
import { here } from "./tool.ts";

const help = `deno task bench [--targets direct,postfix,postern] [--scenarios S1a,S2a] [--rounds 3] [--out FILE]
deno task bench --report FILE …    tables of medians
deno task bench --ratios FILE …    ratios within each round  [--against postfix]

  --targets     files of tests/bench/targets      --messages N    instead of the scenario's own number
  --scenarios   see below                         --sessions N    likewise
  --rounds N    every target once, then again     --sink-port N   where the sink listens (10925)
  --retries N   a run is repeated while other programs take more than 15 % of the machine (2)

${Object.entries(scenarios).map(([key, { what }]) => `  ${key.padEnd(4)} ${what}`).join("\n")}`;

/** A run beside which other programs took more than this share of the machine says little. */
const foreignMax = 0.15;

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    help: { type: "boolean" },
    targets: { type: "string", default: "direct,postfix,postern" },
    scenarios: { type: "string", default: "S1a,S1b,S2a,S2b,S3,S4a,S4d,S5a,S5b" },
    rounds: { type: "string", default: "3" },
    retries: { type: "string", default: "2" },
    messages: { type: "string" },
    sessions: { type: "string" },
    "sink-port": { type: "string", default: "10925" },
    out: { type: "string" },
    report: { type: "boolean" },
    ratios: { type: "boolean" },
    against: { type: "string", default: "postfix" },
  },
});

if (values.help) console.log(help);
else if (values.report) console.log(report(positionals.flatMap(readRuns)));
else if (values.ratios) console.log(ratios(positionals.flatMap(readRuns), values.against));
else await compare();

async function compare(): Promise<void> {
  const targets = values.targets.split(",").map(readTarget);
  const keys = values.scenarios.split(",");
  const unknown = keys.find((key) => !Object.hasOwn(scenarios, key));
  if (unknown !== undefined) throw new Error(`Cannot run ${unknown}: there is no such scenario; see --help`);
  Deno.mkdirSync(`${here}results`, { recursive: true });
  const out = values.out ?? `${here}results/${new Date().toISOString().replaceAll(":", "")}.jsonl`;
  let stopping = false;
  Deno.addSignalListener("SIGINT", () => stopping = true);
  const runs: Run[] = [];
  for (const key of keys) {
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const target of targets) {
        const scenario = settled(key, target);
        if (stopping || (scenario.tls && target.starttls === false) || (target.direct && scenario.kind === "idle")) {
          continue;
        }
        const run = await quietly(() =>
          measure(target, { key, scenario, sinkPort: Number(values["sink-port"]), round })
        );
        runs.push(run);
        Deno.writeTextFileSync(out, JSON.stringify(run) + "\n", { append: true });
      }
    }
  }
  console.log(`\n${report(runs)}\n${out}`);
  if (runs.some((run) => !run.ok)) Deno.exitCode = 1;
}

/** The scenario with what the target and the command line say otherwise. */
function settled(key: string, { overrides = {} }: Target): Scenario {
  const scenario = { ...scenarios[key] };
  for (const [prefix, settings] of Object.entries(overrides)) {
    if (key.startsWith(prefix)) Object.assign(scenario, settings);
  }
  if (values.messages !== undefined && scenario.kind === "send") scenario.messages = Number(values.messages);
  if (values.sessions !== undefined) scenario.sessions = Number(values.sessions);
  return scenario;
}

/** Measures, again while the machine was busy with other things. */
async function quietly(once: () => Promise<Run>): Promise<Run> {
  for (let retries = Number(values.retries);; retries--) {
    const run = await once();
    console.log(line(run));
    if (run.foreign <= foreignMax || run.error !== undefined || retries <= 0) return run;
    await pause(3000);
  }
}
