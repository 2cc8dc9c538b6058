/**
 * TLS connections: how much was encrypted over time, and with whom not.
 *
 * @module
 */
import { type Counts, type Direction, hourMs, type TlsResult } from "../../../monitor/counts.ts";
import { type ReportOrder, reportOrders, type ReportPage, type ReportRow } from "../../../monitor/report.ts";
import { mayAct } from "../../identity.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { Page, type View } from "../frame.tsx";
import { Badge, Card, Chart, type Column, Empty, Figure, type ListAddress, Pager, Table } from "../parts.tsx";
import type { Words } from "../words.ts";
import { encryptionOf } from "./overview.tsx";

/** Rows of a page. */
const rowsShown = 50;
/** Time ranges by their word in the address: hours, and hours that one point of the graph stands for. */
const spans = {
  day: { hours: 24, step: 1 },
  week: { hours: 7 * 24, step: 6 },
  month: { hours: 30 * 24, step: 24 },
  quarter: { hours: 90 * 24, step: 72 },
} as const;

type SpanName = keyof typeof spans;

/** What the address asks for. */
interface Wish {
  direction: Direction;
  span: SpanName;
  filter: string;
  order: ReportOrder;
  descending: boolean;
  offset: number;
  at: ListAddress;
}

/** Adds the page. */
export function mountTls(desk: Desk): void {
  desk.page("/tls", async (call) => {
    const { page, words, world } = call;
    const wish = wishOf(call);
    const until = world.clock.now();
    const since = until - (spans[wish.span].hours - 1) * hourMs;
    const { direction, filter, order, descending, offset } = wish;
    const question = { direction, since, until, filter, order, descending, offset, count: rowsShown };
    const report = await world.reports.page(question);
    return (
      <Page
        page={page}
        title={words("nav.tls")}
        about={words("tls.about")}
        scripts={["chart.js"]}
        styles={["uplot.css"]}
      >
        <Choice {...{ wish, words }} />
        {report === undefined ? <p class="muted">{words("overview.no_statistics")}</p> : (
          <>
            <Graph {...{ call, wish, since, until }} />
            <Domains {...{ call, wish, report }} />
          </>
        )}
      </Page>
    );
  });
}

function wishOf({ query, page }: PageCall): Wish {
  const sort = query.get("sort") ?? "-connections";
  const name = sort.replace(/^-/, "");
  const span = query.get("span") ?? "day";
  const known = (reportOrders as readonly string[]).includes(name);
  const offset = Number(query.get("cursor") ?? 0);
  return {
    direction: query.get("direction") === "inbound" ? "inbound" : "outbound",
    span: Object.hasOwn(spans, span) ? span as SpanName : "day",
    filter: (query.get("domain") ?? "").trim().toLowerCase().slice(0, 255),
    order: known ? name as ReportOrder : "connections",
    descending: known ? sort.startsWith("-") : true,
    offset: Number.isSafeInteger(offset) && offset > 0 ? offset : 0,
    at: { path: page.path, query },
  };
}

function Choice({ wish: { direction, span, filter }, words }: { wish: Wish; words: Words }): View {
  return (
    <form class="inline" method="get">
      <div class="field">
        <label for="direction">{words("tls.direction")}</label>
        <select id="direction" name="direction" data-submit-on-change>
          {(["outbound", "inbound"] as const).map((each) => (
            <option value={each} selected={each === direction}>{words(`tls.${each}`)}</option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="span">{words("tls.span")}</label>
        <select id="span" name="span" data-submit-on-change>
          {(Object.keys(spans) as SpanName[]).map((each) => (
            <option value={each} selected={each === span}>{words(`tls.${each}`)}</option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="domain">{words("tls.domain_filter")}</label>
        <input type="search" id="domain" name="domain" value={filter} />
      </div>
      <button type="submit">{words("tls.show")}</button>
    </form>
  );
}

/** The counts of the graph, from the bottom of the stack up; failures are lines. */
const layers = [
  { name: "tls_required_success", key: "tls.required_ok", tone: "ok", stack: true },
  { name: "tls_preferred_success", key: "tls.preferred_ok", tone: "accent", stack: true },
  { name: "clear", key: "tls.clear", tone: "warn", stack: true },
  { name: "tls_required_failed", key: "tls.required_failed", tone: "bad", stack: undefined },
  { name: "tls_preferred_failed", key: "tls.preferred_failed", tone: "muted", stack: undefined },
] as const;

function Graph(
  { call: { words, world }, wish: { direction, span }, since, until }: {
    call: PageCall;
    wish: Wish;
    since: number;
    until: number;
  },
): View {
  const hourly = world.monitor.read((store) => store.hourly(direction, { since, until })) ?? [];
  const { hours, step } = spans[span];
  const first = since - since % hourMs;
  const times = Array.from({ length: hours / step }, (_, index) => first + index * step * hourMs);
  const sums = Object.fromEntries(layers.map(({ name }) => [name, times.map(() => 0)])) as Record<string, number[]>;
  for (const { hour, counts } of hourly) {
    const index = Math.floor((hour - first) / (step * hourMs));
    for (const { name } of layers) sums[name][index] += counts[name];
  }
  const total = (name: keyof Counts) => hourly.reduce((sum, { counts }) => sum + counts[name], 0);
  const { all, encrypted } = hourly.map(({ counts }) => encryptionOf(counts))
    .reduce((a, b) => ({ all: a.all + b.all, encrypted: a.encrypted + b.encrypted }), { all: 0, encrypted: 0 });
  return (
    <>
      <dl class="figures" aria-label={words("tls.summary")}>
        <Figure label={words("tls.connections")} value={words.number(all)} />
        <Figure label={words("tls.share")} value={words.share(encrypted, all)} />
        {layers.map(({ name, key }) => <Figure label={words(key)} value={words.number(total(name))} />)}
      </dl>
      <Card title={words("tls.graph")}>
        <Chart
          words={words}
          title={words("tls.graph")}
          times={times}
          series={layers.map(({ name, key, tone, stack }) => ({
            label: words(key),
            tone,
            values: sums[name],
            ...(stack ? { stack } : {}),
          }))}
        />
      </Card>
    </>
  );
}

/** A domain as it is kept: three stand for no domain. */
function domainText(domain: string, words: Words): string {
  if (domain === "*") return words("tls.all_others");
  if (domain === "<>") return words("tls.null_sender");
  return domain === "?" ? words("tls.unknown") : domain;
}

const isDomain = (domain: string) => /^[^*<>?]+\./.test(domain);

function Domains(
  { call: { words, identity }, wish: { direction, offset, at }, report: { rows, more } }: {
    call: PageCall;
    wish: Wish;
    report: ReportPage;
  },
): View {
  const count = (name: keyof Counts, key: Parameters<Words>[0]): Column<ReportRow> => ({
    title: words(key),
    sort: name,
    number: true,
    cell: ({ counts }) => words.number(counts[name]),
  });
  const columns: Column<ReportRow>[] = [
    {
      title: words("tls.domain"),
      sort: "domain",
      names: true,
      cell: ({ domain }) =>
        isDomain(domain)
          ? <a class="break" href={`/delivery/${encodeURIComponent(domain)}`}>{domain}</a>
          : <span class="muted">{domainText(domain, words)}</span>,
    },
    count("tls_required_success", "tls.required_ok"),
    count("tls_required_failed", "tls.required_failed"),
    count("tls_preferred_success", "tls.preferred_ok"),
    count("tls_preferred_failed", "tls.preferred_failed"),
    count("clear", "tls.clear"),
    {
      title: words("tls.share"),
      sort: "share",
      number: true,
      cell: ({ counts }) => {
        const { encrypted, all } = encryptionOf(counts);
        return words.share(encrypted, all);
      },
    },
    count("messages", "tls.messages"),
    { title: words("tls.last"), cell: ({ last }) => last === undefined ? "–" : <LastTls {...{ last, words }} /> },
  ];
  if (direction === "outbound") {
    columns.push({
      title: words("common.actions"),
      cell: ({ domain }) =>
        isDomain(domain) && (
          <div class="actions">
            {mayAct(identity.role, "operator") && (
              <a class="button" href={`/delivery/${encodeURIComponent(domain)}/test`}>{words("tls.test")}</a>
            )}
            {mayAct(identity.role, "administrator") && (
              <a class="button" href={`/destinations/edit?domain=${encodeURIComponent(domain)}`}>
                {words("tls.set_policy")}
              </a>
            )}
          </div>
        ),
    });
  }
  const title = words("tls.domains");
  return (
    <Card title={title} flush>
      <Table
        columns={columns}
        rows={rows}
        caption={title}
        at={at}
        empty={
          <Empty title={words("tls.empty")}>
            <p>{words("tls.empty.hint")}</p>
          </Empty>
        }
      />
      <Pager words={words} at={at} shown={rows.length} next={more ? String(offset + rows.length) : undefined} />
    </Card>
  );
}

/** How TLS went last with a domain. */
export function LastTls({ last, words }: { last: TlsResult; words: Words }): View {
  const tone = last.result === "failed" ? "bad" : last.result === "clear" ? "warn" : "ok";
  const said = [last.protocol, last.reason].filter((part) => part !== "").join(" ");
  return (
    <>
      <Badge tone={tone}>{words(`tls.result.${last.result}`)}</Badge> <span class="nowrap">{said}</span>
      {last.result === "success" && !last.verified && last.demand.endsWith("verify") && (
        <div class="small warn">{words("tls.unverified")}</div>
      )}
      <div class="small muted">{words.time(last.at)}</div>
      {last.text !== "" && <div class="small muted break">{last.text}</div>}
    </>
  );
}
