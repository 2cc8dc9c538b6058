/**
 * The first page: mail of the last day at a glance, and what wants attention.
 *
 * @module
 */
import type { StatusFacts } from "../../../monitor/status.ts";
import { type Counts, hourMs } from "../../../monitor/counts.ts";
import type { BoardRow } from "../../../services/alert_board.ts";
import { callOne } from "../../api/bridge.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { Page, type View } from "../frame.tsx";
import { Badge, Card, Chart, type Column, Empty, Figure, Table } from "../parts.tsx";
import type { Words } from "../words.ts";
import { alertWords } from "../faults.ts";

/** How long before its end a certificate is named. */
const expiresSoonMs = 30 * 24 * hourMs;

/** Adds the page. */
export function mountOverview(desk: Desk): void {
  desk.page("/", async (call) => {
    const { page, words } = call;
    return (
      <Page
        page={page}
        title={words("nav.overview")}
        about={words("overview.about")}
        scripts={["chart.js"]}
        styles={["uplot.css"]}
      >
        <div class="stack" data-live="/overview/now" data-every="5">{await now(call)}</div>
        <Flow call={call} />
      </Page>
    );
  });
  desk.piece("/overview/now", now);
}

/** What changes from moment to moment. */
async function now({ words, world, signal }: PageCall): Promise<View> {
  const facts = await callOne<StatusFacts>(world.commands, { name: "status", signal });
  return (
    <>
      <Attention {...{ facts, words, alerts: world.alerts() }} />
      <Figures {...{ facts, words }} />
      <div class="grid">
        <Listeners {...{ facts, words }} />
        <Certificates {...{ facts, words }} />
      </div>
      <p class="muted small">
        {words("overview.version", {
          version: facts.vitals.version,
          span: words.span(facts.vitals.now - facts.startedAt),
        })}
      </p>
    </>
  );
}

interface Part {
  facts: StatusFacts;
  words: Words;
}

/** Something to look at: how bad, what, and where to go. */
export interface Concern {
  tone: "bad" | "warn";
  text: string;
  go: string;
}

/** Everything that somebody should look at, the worst first. */
export function concernsOf(
  { vitals, lastReload }: StatusFacts,
  { words, alerts = [] }: { words: Words; alerts?: readonly BoardRow[] },
): Concern[] {
  const { pressure, suspended, listeners, certificates, failingHosts, now } = vitals;
  const concerns: Concern[] = pressure.pressures.map(({ kind, text }) => ({
    tone: "bad",
    text: words("overview.pressure", { kind, text }),
    go: "/log",
  }));
  for (const { name, address, listening } of listeners) {
    if (!listening) {
      concerns.push({ tone: "bad", text: words("overview.listener_down", { name, address }), go: "/listeners" });
    }
  }
  for (const { profile: name, notAfter } of certificates) {
    if (notAfter <= now) {
      concerns.push({
        tone: "bad",
        text: words("overview.certificate_expired", { name }),
        go: `/certificates/${encodeURIComponent(name)}`,
      });
    }
  }
  if (!lastReload.ok) {
    concerns.push({
      tone: "bad",
      text: words("overview.config_refused", { time: words.time(lastReload.at) }),
      go: "/log",
    });
  }
  const today = alerts.filter(({ severity, last }) => severity !== "info" && now - last < 24 * hourMs);
  if (today.length > 0) {
    concerns.push({
      tone: today.some(({ severity }) => severity === "critical") ? "bad" : "warn",
      text: words("overview.alerts", { count: today.length, title: alertWords(words, today[0]).title }),
      go: "/alerts",
    });
  }
  const names = (which: "all" | readonly string[]) => which === "all" ? words("overview.everything") : which.join(", ");
  if (suspended.listeners.length > 0) {
    concerns.push({
      tone: "warn",
      text: words("overview.suspended_listeners", { names: names(suspended.listeners) }),
      go: "/shutdown",
    });
  }
  if (suspended.delivery.length > 0) {
    concerns.push({
      tone: "warn",
      text: words("overview.suspended_delivery", { names: names(suspended.delivery) }),
      go: "/shutdown",
    });
  }
  for (const { profile: name, notAfter } of certificates) {
    if (notAfter <= now || notAfter - now > expiresSoonMs) continue;
    const span = words.span(notAfter - now);
    concerns.push({
      tone: "warn",
      text: words("overview.certificate_expires", { name, span }),
      go: `/certificates/${encodeURIComponent(name)}`,
    });
  }
  if (failingHosts > 0) {
    concerns.push({ tone: "warn", text: words("overview.failing_hosts", { count: failingHosts }), go: "/delivery" });
  }
  return concerns;
}

function Attention({ facts, words, alerts }: Part & { alerts: readonly BoardRow[] }): View {
  const concerns = concernsOf(facts, { words, alerts });
  return (
    <Card title={words("overview.attention")}>
      {concerns.length === 0 ? <p class="muted">{words("overview.all_well")}</p> : (
        <ul class="plain">
          {concerns.map(({ tone, text, go }) => (
            <li>
              <a class={`concern ${tone}`} href={go}>{text}</a>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Connections of a direction, and those of them that were encrypted. */
export function encryptionOf(counts: Counts | undefined): { all: number; encrypted: number } {
  if (counts === undefined) return { all: 0, encrypted: 0 };
  const encrypted = counts.tls_required_success + counts.tls_preferred_success;
  return { all: encrypted + counts.clear, encrypted };
}

function Figures({ facts: { day, rates, vitals }, words }: Part): View {
  const { queue, sessions, connections, now } = vitals;
  const hourly = (count: number) => words("overview.an_hour", { count });
  const share = (counts: Counts | undefined) => {
    const { all, encrypted } = encryptionOf(counts);
    return { value: words.share(encrypted, all), note: words("overview.of_connections", { count: all }) };
  };
  return (
    <dl class="figures">
      <Figure
        label={words("overview.messages_in")}
        value={words.number(day?.inbound.messages ?? 0)}
        note={hourly(rates.messagesIn[1])}
      />
      <Figure
        label={words("overview.messages_out")}
        value={words.number(day?.outbound.messages ?? 0)}
        note={hourly(rates.messagesOut[1])}
      />
      <Figure
        label={words("overview.queue")}
        value={words.number(queue.messages)}
        note={queue.oldest === undefined
          ? words("overview.queue_empty")
          : words("overview.oldest", { span: words.span(now - queue.oldest) })}
      />
      <Figure label={words("overview.encrypted_in")} {...share(day?.inbound)} />
      <Figure label={words("overview.encrypted_out")} {...share(day?.outbound)} />
      <Figure
        label={words("overview.sessions")}
        value={words.number(sessions)}
        note={words("overview.out_now", { count: connections })}
      />
    </dl>
  );
}

function Listeners({ facts: { vitals: { listeners } }, words }: Part): View {
  const columns: Column<StatusFacts["vitals"]["listeners"][number]>[] = [
    {
      title: words("common.name"),
      names: true,
      cell: ({ name, address }) => (
        <>
          <span class="break">{name}</span>
          <div class="small muted break">{address}</div>
        </>
      ),
    },
    {
      title: words("overview.state"),
      cell: ({ listening }) =>
        listening
          ? <Badge tone="ok">{words("overview.listening")}</Badge>
          : <Badge tone="bad">{words("overview.down")}</Badge>,
    },
    { title: words("overview.sessions_short"), number: true, cell: ({ sessions }) => words.number(sessions) },
  ];
  const title = words("overview.listeners");
  return (
    <Card title={<a href="/listeners">{title}</a>} flush>
      <Table columns={columns} rows={listeners} caption={title} empty={<Empty title={words("common.none")} />} />
    </Card>
  );
}

function Certificates({ facts: { vitals: { certificates, now } }, words }: Part): View {
  const columns: Column<StatusFacts["vitals"]["certificates"][number]>[] = [
    {
      title: words("common.name"),
      names: true,
      cell: ({ profile, key }) => (
        <>
          <a href={`/certificates/${encodeURIComponent(profile)}`}>{profile}</a> <span class="muted small">{key}</span>
        </>
      ),
    },
    {
      title: words("overview.expires"),
      cell: ({ notAfter }) => {
        const tone = notAfter <= now ? "bad" : notAfter - now <= expiresSoonMs ? "warn" : "ok";
        return <Badge tone={tone}>{words.day(notAfter)}</Badge>;
      },
    },
  ];
  const title = words("overview.certificates");
  return (
    <Card title={<a href="/certificates">{title}</a>} flush>
      <Table columns={columns} rows={certificates} caption={title} empty={<Empty title={words("common.none")} />} />
    </Card>
  );
}

/** Mail of the last day by the hour, hours without mail included. */
function Flow({ call: { words, world } }: { call: PageCall }): View {
  const until = world.clock.now();
  const span = { since: until - 23 * hourMs, until };
  const sides = world.monitor.read((store) => ({
    inbound: new Map(store.hourly("inbound", span).map(({ hour, counts }) => [hour, counts])),
    outbound: new Map(store.hourly("outbound", span).map(({ hour, counts }) => [hour, counts])),
  }));
  const title = words("overview.flow");
  if (sides === undefined) {
    return (
      <Card title={title}>
        <p class="muted">{words("overview.no_statistics")}</p>
      </Card>
    );
  }
  const first = span.since - span.since % hourMs;
  const times = Array.from({ length: 24 }, (_, index) => first + index * hourMs);
  const values = (side: Map<number, Counts>, name: keyof Counts) => times.map((hour) => side.get(hour)?.[name] ?? 0);
  return (
    <Card title={title}>
      <Chart
        words={words}
        title={title}
        times={times}
        series={[
          { label: words("overview.in"), tone: "accent", values: values(sides.inbound, "messages") },
          { label: words("overview.out"), tone: "ok", values: values(sides.outbound, "messages") },
          { label: words("overview.deferred"), tone: "warn", values: values(sides.outbound, "deferred") },
          { label: words("overview.bounced"), tone: "bad", values: values(sides.outbound, "bounced") },
        ]}
      />
    </Card>
  );
}
