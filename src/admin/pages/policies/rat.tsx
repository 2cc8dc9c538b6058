/**
 * The recipient access table of a listener: whose mail is taken.
 *
 * @module
 */
import { pathText } from "../../../config/faults.ts";
import type { FieldFault } from "../../problem.ts";
import { type Candidate, candidateOf, submit } from "../candidate.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Empty, Pager, Table } from "../parts.tsx";
import { CandidateNotices, FormFaults, mayChange } from "./keys.tsx";
import { Handle, ListenerChoice, listenerOf, placeOf, RowForm, withMoved } from "./order.tsx";
import { mountRecipientForm } from "./rat_row.tsx";
import { type Recipient, recipientsOf, recipientsPath } from "./recipients.ts";

/** Rows of a page. */
const rowsShown = 200;

/** Adds the pages. */
export function mountRecipients(desk: Desk): void {
  desk.page("/rat", async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    return (
      <Overview {...{ call, candidate, listener: listenerOf(candidate, call.query.get("listener")), errors: [] }} />
    );
  });
  desk.form("/rat/move", { action: "rat.move" }, async (call) => {
    const { listener, rows, index, again } = await rowOf(call);
    const to = placeOf(call.fields.text("to"), rows.length);
    if (index === undefined || to === undefined) return again([{ path: "", detail: call.words("order.changed") }]);
    const value = withMoved(rows, { from: index, to });
    const moved = { to, way: to < index ? "up" : "down" } as const;
    return await ended(call, { listener, moved, again, changes: [{ path: recipientsPath(listener), value }] });
  });
  desk.form("/rat/delete", { action: "rat.delete" }, async (call) => {
    const { listener, index, again } = await rowOf(call);
    if (index === undefined) return again([{ path: "", detail: call.words("order.changed") }]);
    return await ended(call, { listener, again, changes: [{ path: [...recipientsPath(listener), index] }] });
  });
  mountRecipientForm(desk);
}

/** The row that a form is about: its place, and what stood there when the page was made. */
async function rowOf(call: FormCall): Promise<{
  listener: string;
  rows: readonly Recipient[];
  index: number | undefined;
  again: (errors: readonly FieldFault[]) => FormEnd;
}> {
  const { world, identity, fields, note } = call;
  const candidate = await candidateOf(world, identity.user);
  const listener = fields.exact("listener");
  const address = fields.exact("address");
  note(`${listener} ${address}`);
  const rows = recipientsOf(candidate, listener) ?? [];
  const place = placeOf(fields.text("row"), rows.length);
  const again = (errors: readonly FieldFault[]): FormEnd => (
    { again: <Overview {...{ call, candidate, listener: listenerOf(candidate, listener), errors }} /> }
  );
  const index = place !== undefined && String(rows[place].address) === address ? place : undefined;
  return { listener, rows, index, again };
}

async function ended(
  { world, identity, words }: FormCall,
  { listener, moved, again, changes }: {
    listener: string;
    moved?: { to: number; way: "up" | "down" };
    again: (errors: readonly FieldFault[]) => FormEnd;
    changes: Parameters<typeof submit>[1]["changes"];
  },
): Promise<FormEnd> {
  const result = await submit(world, { user: identity.user, words, changes });
  if (!result.ok) return again(result.errors);
  const query = new URLSearchParams({ listener });
  if (moved !== undefined) {
    query.set("cursor", String(moved.to - moved.to % rowsShown));
    query.set("moved", String(moved.to));
    query.set("way", moved.way);
  }
  return { go: `/rat?${query}`, notice: { kind: "ok", text: words("common.staged") } };
}

interface Props {
  call: PageCall;
  candidate: Candidate;
  listener: string | undefined;
  errors: readonly FieldFault[];
}

function Overview({ call, candidate, listener, errors }: Props): View {
  const { page, words } = call;
  const frame = { page: { ...page, path: "/rat" }, title: words("nav.rat"), about: words("rat.about") };
  if (listener === undefined) {
    return (
      <Page {...frame}>
        <CandidateNotices {...{ words, candidate, path: "listeners" }} />
        <Empty title={words("order.no_listener")}>
          <a href="/listeners">{words("nav.listeners")}</a>
        </Empty>
      </Page>
    );
  }
  return (
    <Page {...frame} scripts={["order.js"]}>
      <ListenerChoice {...{ call, candidate, path: "/rat", listener }} />
      <CandidateNotices {...{ words, candidate, path: pathText(recipientsPath(listener)) }} />
      <FormFaults {...{ words, errors, shown: [] }} />
      <Rows {...{ call, candidate, listener }} />
    </Page>
  );
}

function Rows({ call, candidate, listener }: { call: PageCall; candidate: Candidate; listener: string }): View {
  const { page, words, query } = call;
  const may = mayChange(call);
  const own = recipientsOf(candidate, listener);
  const table = own ?? [];
  const filter = (query.get("filter") ?? "").trim().toLowerCase();
  const wished = Math.trunc(Number(query.get("cursor") ?? 0));
  const offset = wished > 0 ? wished : 0;
  const found = filter === "" ? undefined : placesOf(table, filter);
  const count = found?.length ?? table.length;
  const rows = (found?.slice(offset, offset + rowsShown) ??
    Array.from({ length: Math.max(0, Math.min(rowsShown, count - offset)) }, (_, at) => offset + at))
    .map((index) => ({ rule: table[index], index, count: table.length, name: String(table[index].address) }));
  const columns: Column<(typeof rows)[number]>[] = [
    {
      title: words("order.place"),
      cell: (row) => (
        <span class="nowrap">
          {may && filter === "" && <Handle {...{ words, row }} />} {words.number(row.index + 1)}
        </span>
      ),
    },
    {
      title: words("rat.address"),
      names: true,
      cell: ({ rule, name }) => (
        <>
          <span class="break">{name}</span>
          {rule.comment !== undefined && <div class="small muted break">{String(rule.comment)}</div>}
        </>
      ),
    },
    { title: words("rat.action"), cell: ({ rule }) => <Action {...{ call, rule }} /> },
  ];
  if (may) {
    const way = query.get("way") === "up" ? "up" : "down";
    columns.push({
      title: words("common.actions"),
      cell: (row) => (
        <RowForm
          {...{ page, words, row, action: "/rat" }}
          fields={{ listener, row: String(row.index), address: row.name }}
          edit={`/rat/edit?${new URLSearchParams({ listener, row: String(row.index) })}`}
          ask={words("rat.ask", { name: row.name })}
          moved={query.get("moved") === String(row.index) ? way : undefined}
        />
      ),
    });
  }
  const title = words("rat.recipients");
  const open = own === undefined && candidate.said(["listeners", listener, "type"]) !== undefined &&
    candidate.said(["listeners", listener, "type"]) !== "public";
  return (
    <Card
      flush
      title={title}
      tools={
        <>
          <form class="inline" method="get" action="/rat" role="search">
            <input type="hidden" name="listener" value={listener} />
            <input
              type="search"
              size={26}
              name="filter"
              value={filter}
              aria-label={words("rat.filter")}
              placeholder={words("rat.filter")}
            />
            <button type="submit">{words("common.filter")}</button>
          </form>
          {may && (
            <a class="button primary" href={`/rat/edit?${new URLSearchParams({ listener })}`}>{words("rat.add")}</a>
          )}
        </>
      }
    >
      <Table
        columns={columns}
        rows={rows}
        caption={title}
        empty={<Empty title={words(filter === "" ? "rat.empty" : "rat.no_match")} />}
      />
      <div class="pager muted small">
        {table.at(-1)?.address === "ALL" ? words("rat.order") : words(open ? "rat.all_taken" : "rat.all_rejected")}
      </div>
      {count > rowsShown && (
        <Pager
          words={words}
          at={{ path: "/rat", query }}
          shown={rows.length}
          next={offset + rowsShown < count ? String(offset + rowsShown) : undefined}
        />
      )}
    </Card>
  );
}

/** The rows whose address or comment has these words. */
function placesOf(table: readonly Recipient[], words: string): number[] {
  const places: number[] = [];
  for (const [index, { address, comment }] of table.entries()) {
    const has = String(address).toLowerCase().includes(words) ||
      comment !== undefined && `${address} ${comment}`.toLowerCase().includes(words);
    if (has) places.push(index);
  }
  return places;
}

function Action({ call: { words }, rule }: { call: PageCall; rule: Recipient }): View {
  if (rule.action !== "reject") {
    return (
      <>
        <Badge tone="ok">{words("rat.accept")}</Badge>
        {rule.bypass_recipient_validation === true && <div class="small muted">{words("rat.bypass")}</div>}
      </>
    );
  }
  const reply = [rule.code, rule.text].filter((part) => part !== undefined).map(String).join(" ");
  return (
    <>
      <Badge tone="bad">{words("rat.reject")}</Badge>
      {reply !== "" && <div class="small muted break">{reply}</div>}
    </>
  );
}
