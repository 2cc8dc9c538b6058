/**
 * The figures as Prometheus reads them: every metric with its help, in one table.
 *
 * `prom-client` is loaded with the first scrape, so that the start does not wait for it. Nothing is counted twice: at each
 * scrape the metrics take the values that the monitor and the gateway's parts have.
 *
 * @module
 */
import type { Monitor } from "./monitor.ts";
import { type TotalName, totalTable } from "./totals.ts";
import type { Vitals } from "./vitals.ts";

/** One metric: `value` reads its samples. */
export interface MetricRow {
  name: string;
  type: "counter" | "gauge";
  help: string;
  labels: readonly string[];
  samples(monitor: Monitor, vitals: Vitals): { labels?: Readonly<Record<string, string>>; value: number }[];
}

const one = (value: number | undefined) => value === undefined || !Number.isFinite(value) ? [] : [{ value }];
const seconds = (ms: number) => ms / 1000;
const dayMs = 86_400_000;

const totals: MetricRow[] = totalTable.map(({ name, metric, meaning }) => ({
  name: `postern_${metric}_total`,
  type: "counter",
  help: `${meaning}, since the start of the process.`,
  labels: [],
  samples: (monitor) => one(monitor.totals[name satisfies TotalName]),
}));

/** All metrics. The README lists them, and a test compares. */
export const metricTable: readonly MetricRow[] = [
  ...totals,
  {
    name: "postern_tls_handshakes_total",
    type: "counter",
    help: "TLS handshakes by service (inbound, outbound, gui), version, result (success, failed) and reason word.",
    labels: ["service", "version", "result", "reason"],
    samples: ({ handshakes }) =>
      handshakes.list().map(({ service, version, result, reason, count }) => (
        { labels: { service, version, result, reason }, value: count }
      )),
  },
  {
    name: "postern_inbound_sessions",
    type: "gauge",
    help: "Inbound SMTP sessions that run.",
    labels: [],
    samples: (_, { sessions }) => one(sessions),
  },
  {
    name: "postern_listener_up",
    type: "gauge",
    help: "Whether a listener of the configuration takes connections: 1 or 0.",
    labels: ["listener", "address"],
    samples: (_, { listeners }) =>
      listeners.map(({ name, address, listening }) => (
        { labels: { listener: name, address }, value: listening ? 1 : 0 }
      )),
  },
  {
    name: "postern_listener_sessions",
    type: "gauge",
    help: "Inbound SMTP sessions that run, by listener.",
    labels: ["listener"],
    samples: (_, { listeners }) =>
      listeners.map(({ name, sessions }) => ({ labels: { listener: name }, value: sessions })),
  },
  {
    name: "postern_outbound_connections_open",
    type: "gauge",
    help: "Outbound SMTP connections, those being opened included.",
    labels: [],
    samples: (_, { connections }) => one(connections),
  },
  {
    name: "postern_failing_hosts",
    type: "gauge",
    help: "Next hops that failed lately and are left alone for a while.",
    labels: [],
    samples: (_, { failingHosts }) => one(failingHosts),
  },
  {
    name: "postern_queue_messages",
    type: "gauge",
    help: "Messages in the queue.",
    labels: [],
    samples: (_, { queue }) => one(queue.messages),
  },
  {
    name: "postern_queue_destinations",
    type: "gauge",
    help: "Destinations with messages in the queue.",
    labels: [],
    samples: (_, { queue }) => one(queue.destinations),
  },
  {
    name: "postern_queue_oldest_age_seconds",
    type: "gauge",
    help: "Age of the oldest message in the queue; 0 where it is empty.",
    labels: [],
    samples: (_, { queue, now }) => one(queue.oldest === undefined ? 0 : seconds(Math.max(now - queue.oldest, 0))),
  },
  {
    name: "postern_pressure",
    type: "gauge",
    help: "Whether something runs short, by kind (sessions, memory, lag, queue, disk, inodes, storage): 1 or 0.",
    labels: ["kind"],
    samples: (_, { pressure }) => {
      const active = new Set<string>(pressure.pressures.map(({ kind }) => kind));
      return [...Object.keys(pressure.readings), "storage"]
        .map((kind) => ({ labels: { kind }, value: active.has(kind) ? 1 : 0 }));
    },
  },
  {
    name: "postern_pressure_refused",
    type: "gauge",
    help: "Connections or messages turned away since this pressure began.",
    labels: ["kind"],
    samples: (_, { pressure }) => pressure.pressures.map(({ kind, refused }) => ({ labels: { kind }, value: refused })),
  },
  {
    name: "postern_event_loop_lag_seconds",
    type: "gauge",
    help: "How late the event loop was at the last look, once a second.",
    labels: [],
    samples: (_, { pressure }) => one(seconds(pressure.readings.lag)),
  },
  {
    name: "postern_free_disk_bytes",
    type: "gauge",
    help: "Free octets of the queue's file system.",
    labels: [],
    samples: (_, { pressure }) => one(pressure.readings.disk),
  },
  {
    name: "postern_free_inodes",
    type: "gauge",
    help: "Free inodes of the queue's file system.",
    labels: [],
    samples: (_, { pressure }) => one(pressure.readings.inodes),
  },
  {
    name: "postern_certificate_expiry_days",
    type: "gauge",
    help:
      "Days until a certificate in use, or an intermediate of it, expires, by profile and key type; negative once it has.",
    labels: ["profile", "key"],
    samples: (_, { certificates, now }) => {
      const least = new Map<string, { labels: { profile: string; key: string }; value: number }>();
      for (const { profile, key, notAfter } of certificates) {
        const value = (notAfter - now) / dayMs;
        const known = least.get(`${profile} ${key}`);
        if (known === undefined || value < known.value) {
          least.set(`${profile} ${key}`, { labels: { profile, key }, value });
        }
      }
      return [...least.values()];
    },
  },
  {
    name: "postern_directory_questions_total",
    type: "counter",
    help:
      "Questions about recipients by directory and answer (known, unknown, failed), those answered from memory included, since the start of the process.",
    labels: ["directory", "answer"],
    samples: (_, { directories }) =>
      directories.flatMap(({ name, known, unknown, failed }) =>
        Object.entries({ known, unknown, failed }).map(([answer, value]) => ({
          labels: { directory: name, answer },
          value,
        }))
      ),
  },
  {
    name: "postern_directory_searches_total",
    type: "counter",
    help: "Searches sent to the servers of a directory, since the start of the process.",
    labels: ["directory"],
    samples: (_, { directories }) =>
      directories.map(({ name, searches }) => ({ labels: { directory: name }, value: searches })),
  },
  {
    name: "postern_directory_up",
    type: "gauge",
    help: "Whether a directory answered when it was asked last: 1 or 0.",
    labels: ["directory"],
    samples: (_, { directories }) =>
      directories.map(({ name, answers }) => ({ labels: { directory: name }, value: answers ? 1 : 0 })),
  },
  {
    name: "postern_config_generation",
    type: "gauge",
    help: "Counts up with each configuration that was applied in this process.",
    labels: [],
    samples: (_, { generation }) => one(generation),
  },
  {
    name: "postern_config_last_reload_successful",
    type: "gauge",
    help: "Whether the configuration was applied when it was read last: 1 or 0.",
    labels: [],
    samples: ({ lastReload }) => one(lastReload.ok ? 1 : 0),
  },
  {
    name: "postern_config_last_reload_timestamp_seconds",
    type: "gauge",
    help: "When the configuration was read last, in seconds since 1970.",
    labels: [],
    samples: ({ lastReload }) => one(seconds(lastReload.at)),
  },
  {
    name: "postern_build_info",
    type: "gauge",
    help: "Always 1; the version is in the label.",
    labels: ["version"],
    samples: (_, { version }) => [{ labels: { version }, value: 1 }],
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "When the process started, in seconds since 1970.",
    labels: [],
    samples: ({ startedAt }) => one(seconds(startedAt)),
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Memory of the process in use.",
    labels: [],
    samples: (_, { memory }) => one(memory.rss),
  },
  {
    name: "postern_heap_bytes",
    type: "gauge",
    help: "The JavaScript heap by state: used, and reserved.",
    labels: ["state"],
    samples: (_, { memory }) => [
      { labels: { state: "used" }, value: memory.heapUsed },
      { labels: { state: "reserved" }, value: memory.heapTotal },
    ],
  },
  {
    name: "postern_external_memory_bytes",
    type: "gauge",
    help: "Memory of buffers outside of the heap.",
    labels: [],
    samples: (_, { memory }) => one(memory.external),
  },
];

/** Renders all metrics. */
export interface MetricsPage {
  contentType: string;
  render(): Promise<string>;
}

/** Loads the library and makes the page. */
export async function metricsPage(monitor: Monitor, vitals: () => Vitals): Promise<MetricsPage> {
  const { default: { Counter, Gauge, Registry } } = await import("prom-client");
  const registry = new Registry();
  const metrics = metricTable.map(({ name, type, help, labels, samples }) => {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    const metric = type === "counter" ? new Counter(options) : new Gauge(options);
    return (now: Vitals) => {
      metric.reset();
      const found = samples(monitor, now);
      // A metric without labels shows 0 after a reset; one whose value is unknown has no sample at all.
      if (found.length === 0) metric.remove({});
      for (const { labels = {}, value } of found) metric.inc(labels, value);
    };
  });
  return {
    contentType: registry.contentType,
    render() {
      const now = vitals();
      for (const update of metrics) update(now);
      return registry.metrics();
    },
  };
}
