/**
 * Delivery status: the busiest destinations, everything about one, and what can be done to it.
 *
 * @module
 */
import { countNames, type Counts } from "../../../monitor/counts.ts";
import {
  type HostOrder,
  hostOrders,
  type HostStatusFacts,
  type TopHost,
  type TopHostsFacts,
} from "../../../monitor/status.ts";
import { call, callOne } from "../../api/bridge.ts";
import { mayAct } from "../../identity.ts";
import { Problem } from "../../problem.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, type Column, Empty, Facts, Table } from "../parts.tsx";
import type { Words } from "../words.ts";
import { mountTlsTest } from "./tls_test_page.tsx";
import { LastTls } from "./tls.tsx";

const rowsShown = 200;
const actions = ["retry", "suspend", "resume"] as const;

/** Adds the pages. */
export function mountDelivery(desk: Desk): void {
  desk.page("/delivery", async (asked) => {
    const { page, words, world, query, signal } = asked;
    const wanted = query.get("domain")?.trim();
    if (wanted) return asked.context.redirect(`/delivery/${encodeURIComponent(wanted)}`, 303);
    const sort = (query.get("sort") ?? "-active").replace(/^-/, "");
    const order: HostOrder = Object.hasOwn(hostOrders, sort) ? sort as HostOrder : "active";
    const args = { sort: order, limit: String(rowsShown) };
    const facts = await callOne<TopHostsFacts>(world.commands, { name: "tophosts", args, signal });
    const title = words("nav.delivery");
    return (
      <Page page={page} title={title} about={words("delivery.about")}>
        <form class="inline" method="get" action="/delivery" role="search">
          <div class="field">
            <label for="domain">{words("delivery.find")}</label>
            <input id="domain" name="domain" type="search" />
          </div>
          <button type="submit">{words("delivery.show")}</button>
        </form>
        <Card title={title} flush>
          <Table
            columns={columnsOf(words)}
            rows={facts.hosts}
            caption={title}
            at={{ path: "/delivery", query: new URLSearchParams({ sort: `-${order}` }) }}
            empty={
              <Empty title={words("delivery.empty")}>
                <p>{words("delivery.empty.hint")}</p>
              </Empty>
            }
          />
        </Card>
      </Page>
    );
  });
  desk.page("/delivery/:domain", async (asked) => {
    const { page, words, world, params: { domain }, signal } = asked;
    const facts = await callOne<HostStatusFacts>(world.commands, { name: "hoststatus", args: { domain }, signal });
    return (
      <Page page={page} title={facts.destination} above={{ path: "/delivery", title: words("nav.delivery") }}>
        <Destination {...{ asked, facts }} />
      </Page>
    );
  });
  desk.form("/delivery/:domain", { action: "delivery.act", role: "operator" }, act);
  mountTlsTest(desk);
}

function columnsOf(words: Words): Column<TopHost>[] {
  const count = (name: HostOrder): Column<TopHost> => ({
    title: words(`delivery.${name}`),
    sort: name,
    number: true,
    cell: (row) => words.number(row[name]),
  });
  return [
    {
      title: words("delivery.destination"),
      names: true,
      cell: ({ destination }) => (
        <a class="break" href={`/delivery/${encodeURIComponent(destination)}`}>{destination}</a>
      ),
    },
    ...(Object.keys(hostOrders) as HostOrder[]).map(count),
  ];
}

async function act({ fields, params: { domain }, world, signal, words, note }: FormCall): Promise<FormEnd> {
  const action = actions.find((each) => each === fields.text("act"));
  if (action === undefined) throw new Problem(422);
  note(action);
  if (action === "retry") await call(world.commands, { name: "queue retry", args: { domain }, signal });
  else await call(world.commands, { name: action, args: { domain: [domain] }, signal });
  return {
    go: `/delivery/${encodeURIComponent(domain)}`,
    notice: { kind: "ok", text: words("delivery.done") },
  };
}

function Destination({ asked, facts }: { asked: PageCall; facts: HostStatusFacts }): View {
  const { words, page, identity, world } = asked;
  const { destination, waiting, connections, lastTls, lastRefusal, hosts, day, kept, inbound } = facts;
  const { suspended: { delivery } } = world.vitals();
  const suspended = delivery === "all" || delivery.includes(destination);
  const at = `/delivery/${encodeURIComponent(destination)}`;
  const hostColumns: Column<HostStatusFacts["hosts"][number]>[] = [
    {
      title: words("delivery.host"),
      names: true,
      cell: ({ host, address, port }) => <span class="break">{host} [{address}]:{String(port)}</span>,
    },
    {
      title: words("delivery.worked"),
      cell: ({ workedAt }) => workedAt === 0 ? words("common.never") : words.time(workedAt),
    },
    { title: words("delivery.failures"), number: true, cell: ({ failures }) => words.number(failures) },
    {
      title: words("delivery.failure"),
      cell: ({ failure }) =>
        failure === undefined ? "–" : (
          <>
            <code>{failure.reason}</code> {words.time(failure.at)}
            <div class="small muted break">{failure.text}</div>
          </>
        ),
    },
  ];
  return (
    <>
      <Card title={words("delivery.now")}>
        <Facts
          facts={[
            [
              words("delivery.waiting"),
              <>
                {words("delivery.waiting.value", { messages: waiting.messages, recipients: waiting.recipients })}{" "}
                <a href={`/queue?domain=${encodeURIComponent(destination)}`}>{words("delivery.see_queue")}</a>
              </>,
            ],
            [words("delivery.connections"), words.number(connections)],
            [words("delivery.last_tls"), lastTls && <LastTls last={lastTls} words={words} />],
            [
              words("delivery.last_refusal"),
              lastRefusal && (
                <>
                  {words.time(lastRefusal.at)}: {String(lastRefusal.code)} <span class="break">{lastRefusal.text}</span>
                </>
              ),
            ],
          ]}
        />
        {mayAct(identity.role, "operator") && (
          <form class="inline" method="post" action={at}>
            <Csrf page={page} />
            <button type="submit" name="act" value="retry">{words("delivery.retry")}</button>
            <button type="submit" name="act" value={suspended ? "resume" : "suspend"}>
              {words(suspended ? "delivery.resume" : "delivery.suspend")}
            </button>
            <a class="button" href={`${at}/test`}>{words("tls.test")}</a>
            {mayAct(identity.role, "administrator") && (
              <a class="button" href={`/destinations/edit?domain=${encodeURIComponent(destination)}`}>
                {words("tls.set_policy")}
              </a>
            )}
          </form>
        )}
      </Card>
      <Card title={words("delivery.hosts")} flush>
        <Table
          columns={hostColumns}
          rows={hosts}
          caption={words("delivery.hosts")}
          empty={<Empty title={words("delivery.no_hosts")} />}
        />
      </Card>
      <CountsCard {...{ words, title: words("delivery.counts"), day, kept }} />
      {inbound !== undefined && (
        <CountsCard {...{ words, title: words("delivery.inbound"), day: inbound.day, kept: inbound.kept }} />
      )}
    </>
  );
}

function CountsCard(
  { words, title, day, kept }: { words: Words; title: string; day: Counts | undefined; kept: Counts | undefined },
): View {
  if (day === undefined || kept === undefined) {
    return (
      <Card title={title}>
        <p class="muted">{words("overview.no_statistics")}</p>
      </Card>
    );
  }
  const amount = (name: keyof Counts, counts: Counts) =>
    name === "octets" ? words.octets(counts[name]) : words.number(counts[name]);
  const columns: Column<(typeof countNames)[number]>[] = [
    { title: words("delivery.count"), names: true, cell: (name) => words(`delivery.count.${name}`) },
    { title: words("delivery.day"), number: true, cell: (name) => amount(name, day) },
    { title: words("delivery.kept"), number: true, cell: (name) => amount(name, kept) },
  ];
  return (
    <Card title={title} flush>
      <Table columns={columns} rows={countNames} caption={title} />
    </Card>
  );
}
