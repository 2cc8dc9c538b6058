/**
 * A strict reader of Prometheus' text format, for tests: what `promtool check metrics` finds fault with is refused here.
 *
 * @module
 */

/** One sample. */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** One metric with its samples. */
export interface Metric {
  help: string;
  type: string;
  samples: Sample[];
}

const nameOf = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"`;
const sampleLine = new RegExp(
  `^(${nameOf})(?:\\{(${label}(?:,${label})*)\\})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)$`,
);

/** Reads a page. Throws at the first line that is not right. */
export function readExposition(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  const fault = (line: string, what: string) => new Error(`Cannot read the metrics: ${what}: ${line}`);
  if (!text.endsWith("\n")) throw fault(text.slice(-40), "the last line has no end");
  let current: string | undefined;
  for (const line of text.split("\n").slice(0, -1)) {
    if (line === "") continue;
    const help = new RegExp(`^# HELP (${nameOf}) (.+)$`).exec(line);
    if (help !== null) {
      const [, name, words] = help;
      if (metrics.has(name)) throw fault(line, "a second HELP");
      metrics.set(name, { help: words, type: "", samples: [] });
      current = name;
      continue;
    }
    const type = new RegExp(`^# TYPE (${nameOf}) (counter|gauge|histogram|summary|untyped)$`).exec(line);
    if (type !== null) {
      const [, name, kind] = type;
      if (name !== current) throw fault(line, "TYPE without its HELP before it");
      metrics.get(name)!.type = kind;
      if (kind === "counter" && !name.endsWith("_total")) throw fault(line, "a counter's name ends in _total");
      if (kind !== "counter" && name.endsWith("_total")) throw fault(line, "only a counter's name ends in _total");
      continue;
    }
    const sample = sampleLine.exec(line);
    if (sample === null) throw fault(line, "no sample");
    const [, name, labels = "", value] = sample;
    const metric = metrics.get(name);
    if (metric === undefined || name !== current) throw fault(line, "a sample apart from its HELP");
    if (metric.type === "") throw fault(line, "a sample before its TYPE");
    const pairs = [...labels.matchAll(new RegExp(label, "g"))].map(([pair]) => {
      const equals = pair.indexOf("=");
      return [pair.slice(0, equals), JSON.parse(pair.slice(equals + 1))] as const;
    });
    if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw fault(line, "a label twice");
    const labelled = Object.fromEntries(pairs);
    const key = JSON.stringify(Object.entries(labelled).sort());
    if (metric.samples.some((other) => JSON.stringify(Object.entries(other.labels).sort()) === key)) {
      throw fault(line, "a sample twice");
    }
    metric.samples.push({ labels: labelled, value: value === "+Inf" ? Infinity : Number(value) });
  }
  return metrics;
}

/** The value of the one sample with these labels; `undefined`: there is none. */
export function valueOf(
  metrics: ReadonlyMap<string, Metric>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const metric = metrics.get(name);
  if (metric === undefined) throw new Error(`Cannot find the metric ${name}`);
  return metric.samples.find((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    ?.value;
}
