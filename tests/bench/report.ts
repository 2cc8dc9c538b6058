/**
 * Results as tables: medians over the rounds, and ratios within each round.
 *
 * @module
 */
import type { Run } from "./measure.ts";
import { scenarios } from "./scenarios.ts";

/** Reads the runs of a results file. */
export function readRuns(path: string): Run[] {
  return Deno.readTextFileSync(path).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** The middle value; NaN of nothing. */
export function median(values: readonly (number | undefined)[]): number {
  const sorted = values.filter((value) => value !== undefined && Number.isFinite(value)).toSorted((a, b) => a! - b!);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Tables of medians in Markdown, one for each scenario. */
export function report(runs: readonly Run[]): string {
  const tables: string[] = [];
  for (const [key, scenario] of Object.entries(scenarios)) {
    const mine = Map.groupBy(runs.filter((run) => run.scenario === key), (run) => run.target);
    if (mine.size === 0) continue;
    const columns = columnsOf[scenario.kind];
    tables.push(
      `### ${key}: ${scenario.what}`,
      "",
      `| target | ${columns.map(([title]) => title).join(" | ")} | other programs' CPU | ok |`,
      `|---|${columns.map(() => "--:|").join("")}--:|--:|`,
      ...[...mine].map(([target, all]) => {
        const good = all.filter((run) => run.ok);
        const cells = columns.map(([, cell]) => cell(good, target === "direct"));
        const foreign = text(median(good.map((run) => run.foreign)) * 100);
        return `| ${target} | ${cells.join(" | ")} | ${foreign} % | ${good.length}/${all.length} |`;
      }),
      "",
    );
  }
  return tables.join("\n");
}

type Column = [title: string, cell: (runs: readonly Run[], direct: boolean) => string];

const perThousand = (run: Run) => run.cpu / (run.load?.accepted || run.load?.handshakes || NaN) * 1000;
const ofServer = (value: (run: Run) => number | undefined, digits: number): Column[1] => (runs, direct) =>
  direct ? "–" : text(median(runs.map(value)), digits);
const ofAll = (value: (run: Run) => number | undefined, digits: number): Column[1] => (runs) =>
  text(median(runs.map(value)), digits);
const range = (value: (run: Run) => number | undefined): Column[1] => (runs) => {
  const values = runs.map((run) => value(run) ?? NaN);
  return values.length === 0 ? "–" : `${text(Math.min(...values))} to ${text(Math.max(...values))}`;
};
const mb = 1_048_576;

const columnsOf: Readonly<Record<"send" | "handshakes" | "idle", Column[]>> = {
  send: [
    ["accepted/s", ofAll((run) => run.acceptRate, 0)],
    ["delivered/s", ofAll((run) => run.deliverRate, 0)],
    ["range", range((run) => run.deliverRate)],
    ["server CPU s per 1,000", ofServer(perThousand, 2)],
    ["… when all was accepted", ofServer((run) => (run.cpuAtAccept ?? NaN) / (run.load?.accepted ?? NaN) * 1000, 2)],
    ["p50 ms", ofAll((run) => run.load?.lat_ms.p50, 1)],
    ["p99 ms", ofAll((run) => run.load?.lat_ms.p99, 1)],
    ["peak RSS MB", ofServer((run) => run.peakRss / mb, 0)],
    ["most connections out", ofServer((run) => run.sink?.max_live, 0)],
    ["messages a connection out", ofServer((run) => (run.sink?.total ?? NaN) / (run.sink?.conns ?? NaN), 1)],
  ],
  handshakes: [
    ["handshakes/s", ofAll((run) => run.handshakeRate, 0)],
    ["range", range((run) => run.handshakeRate)],
    ["server CPU ms each", ofServer(perThousand, 2)],
    ["p50 ms", ofAll((run) => run.load?.lat_ms.p50, 1)],
    ["p99 ms", ofAll((run) => run.load?.lat_ms.p99, 1)],
    ["agreed on", (runs) => runs[0]?.load?.tls ?? "–"],
  ],
  idle: [
    ["RSS MB before", ofServer((run) => (run.idle?.rss ?? NaN) / mb, 0)],
    ["PSS MB before", ofServer((run) => (run.idle?.pss ?? NaN) / mb, 0)],
    ["RSS MB with 1,000", ofServer((run) => (run.held?.rss ?? NaN) / mb, 0)],
    ["PSS MB with 1,000", ofServer((run) => (run.held?.pss ?? NaN) / mb, 0)],
    ["own KB a session", ofServer((run) => ((run.held?.own ?? NaN) - (run.idle?.own ?? NaN)) / 1024 / 1000, 1)],
  ],
};

/** Medians of the ratios to one target within each round: slow spells of the machine cancel out. */
export function ratios(runs: readonly Run[], reference: string): string {
  const rows = [
    `| scenario | target | accepted or handshakes/s against ${reference} | delivered/s | server CPU each | rounds |`,
    "|---|---|--:|--:|--:|--:|",
  ];
  const good = runs.filter((run) => run.ok);
  for (const key of Object.keys(scenarios)) {
    const mine = good.filter((run) => run.scenario === key);
    const base = new Map(mine.filter((run) => run.target === reference).map((run) => [run.round, run]));
    for (const target of new Set(mine.map((run) => run.target))) {
      if (target === reference || target === "direct") continue;
      const pairs = mine.filter((run) => run.target === target && base.has(run.round));
      const ratio = (value: (run: Run) => number | undefined) =>
        text(median(pairs.map((run) => (value(run) ?? NaN) / (value(base.get(run.round)!) ?? NaN))), 2);
      const rate = ratio((run) => run.acceptRate ?? run.handshakeRate);
      rows.push(
        `| ${key} | ${target} | ${rate} | ${ratio((run) => run.deliverRate)} | ${
          ratio(perThousand)
        } | ${pairs.length} |`,
      );
    }
  }
  return rows.join("\n");
}

/** One run on one line, for whoever watches. */
export function line(run: Run): string {
  const head = `${run.scenario} round ${run.round} ${run.target.padEnd(12)}`;
  if (run.error !== undefined) return `${head} ${run.error}`;
  const rates = [
    run.acceptRate !== undefined && `accepted ${text(run.acceptRate)}/s delivered ${text(run.deliverRate)}/s`,
    run.handshakeRate !== undefined && `${text(run.handshakeRate)} handshakes/s`,
    run.held !== undefined && `held with ${text(run.held.pss / mb)} MB PSS`,
    `CPU ${text(perThousand(run), 2)} s per 1,000, peak ${text(run.peakRss / mb)} MB, others ${
      text(run.foreign * 100)
    } %`,
  ];
  const fault = run.ok ? "" : ` NOT OK: ${JSON.stringify({ load: run.load, sink: run.sink })}`;
  return `${head} ${rates.filter((rate) => rate !== false).join(", ")}${fault}`;
}

function text(value: number | undefined, digits = 0): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const [whole, part] = value.toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part === undefined ? grouped : `${grouped}.${part}`;
}
