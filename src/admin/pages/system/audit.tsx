/**
 * The audit log: who logged in and who changed what, by person, deed and time.
 *
 * @module
 */
import type { AuditLine } from "../../audit.ts";
import type { AuditWanted } from "../../audit_search.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { Page, type View } from "../frame.tsx";
import { Badge, Card, ChoiceField, type Column, Empty, Pager, Table, TextField } from "../parts.tsx";
import type { Words } from "../words.ts";

const rowsShown = 100;
const textMax = 200;

/** Adds the page. */
export function mountAudit(desk: Desk): void {
  desk.page("/audit", (call) => Audit({ call }), { role: "administrator" });
}

/** A time as a browser's field writes it, in the gateway's zone. */
function timeOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

function wantedOf(query: URLSearchParams): AuditWanted {
  const text = (name: string) => query.get(name)?.trim().slice(0, textMax) || undefined;
  const outcome = query.get("outcome");
  const until = timeOf(query, "until");
  return {
    who: text("who"),
    what: text("what"),
    ok: outcome === "done" ? true : outcome === "refused" ? false : undefined,
    since: timeOf(query, "since"),
    // A minute that is named belongs to the span.
    until: until === undefined ? undefined : until + (query.get("until")!.length > 16 ? 999 : 59_999),
    cursor: text("cursor"),
  };
}

async function Audit({ call: { page, words, world, query } }: { call: PageCall }): Promise<View> {
  const { lines, next } = await world.audit.find(wantedOf(query), rowsShown);
  return (
    <Page page={page} title={words("nav.audit")} about={words("audit.about")}>
      <Search {...{ query, words }} />
      <Card title={words("audit.lines")} flush>
        <Table
          id="audit"
          columns={columnsOf(words)}
          rows={lines}
          caption={words("audit.about")}
          empty={
            <Empty title={words(next === undefined ? "audit.none" : "audit.none_yet")}>
              <p>{words("audit.none_about")}</p>
            </Empty>
          }
        />
        <Pager words={words} at={{ path: "/audit", query }} shown={lines.length} next={next} />
      </Card>
    </Page>
  );
}

function Search({ query, words }: { query: URLSearchParams; words: Words }): View {
  const value = (id: string) => ({ id, value: query.get(id) ?? "" });
  return (
    <form class="inline" method="get" action="/audit" role="search">
      <TextField {...value("who")} label={words("audit.who")} />
      <TextField {...value("what")} label={words("audit.what")} />
      <ChoiceField
        {...value("outcome")}
        label={words("audit.outcome")}
        choices={[["", words("audit.all")], ["done", words("audit.done")], ["refused", words("audit.refused")]]}
      />
      <TextField {...value("since")} type="datetime-local" label={words("audit.since")} />
      <TextField {...value("until")} type="datetime-local" label={words("audit.until")} />
      <button type="submit" class="primary">{words("common.search")}</button>
    </form>
  );
}

function columnsOf(words: Words): Column<AuditLine>[] {
  return [
    {
      title: words("audit.time"),
      names: true,
      cell: ({ time }) => <span class="nowrap">{words.time(Date.parse(time))}</span>,
    },
    { title: words("audit.user"), cell: ({ user = "–" }) => <span class="break">{user}</span> },
    { title: words("audit.from"), cell: ({ address = "–" }) => address },
    { title: words("audit.via"), cell: ({ via }) => via === undefined ? "–" : words(`audit.via.${via}`) },
    { title: words("audit.action"), cell: ({ action }) => <code>{action}</code> },
    { title: words("audit.target"), cell: ({ target }) => <span class="break">{target}</span> },
    {
      title: words("audit.outcome"),
      cell: ({ ok }) => <Badge tone={ok ? "ok" : "bad"}>{words(ok ? "audit.done" : "audit.refused")}</Badge>,
    },
    { title: words("audit.detail"), cell: ({ detail }) => <span class="break">{detail}</span> },
  ];
}
