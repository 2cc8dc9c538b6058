/**
 * The host access table of a listener: sender groups in their order.
 *
 * @module
 */
import { pathText } from "../../../config/faults.ts";
import type { FieldFault } from "../../problem.ts";
import { type Candidate, candidateOf, submit } from "../candidate.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Empty, Table } from "../parts.tsx";
import type { Words } from "../words.ts";
import { type Group, groupsOf, groupsPath, senderText } from "./groups.ts";
import { mountHatGroup } from "./hat_group.tsx";
import { CandidateNotices, FormFaults, mayChange } from "./keys.tsx";
import { Handle, ListenerChoice, listenerOf, placeOf, RowForm, withMoved } from "./order.tsx";

/** Senders of a group that the table names; the rest is counted. */
const sendersShown = 6;

/** Adds the pages. */
export function mountHat(desk: Desk): void {
  desk.page("/hat", async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    return (
      <Overview {...{ call, candidate, listener: listenerOf(candidate, call.query.get("listener")), errors: [] }} />
    );
  });
  desk.form("/hat/move", { action: "hat.move" }, async (call) => {
    const { candidate, listener, groups, index, again } = await rowOf(call);
    const to = placeOf(call.fields.text("to"), groups.length);
    if (index < 0 || to === undefined) return again([{ path: "", detail: call.words("order.changed") }]);
    const value = withMoved(groups, { from: index, to });
    const way = to < index ? "up" : "down";
    return await ended(call, { candidate, listener, way, again, changes: [{ path: groupsPath(listener), value }] });
  });
  desk.form("/hat/delete", { action: "hat.delete" }, async (call) => {
    const { candidate, listener, index, again } = await rowOf(call);
    if (index < 0) return again([{ path: "", detail: call.words("order.changed") }]);
    return await ended(call, { candidate, listener, again, changes: [{ path: [...groupsPath(listener), index] }] });
  });
  mountHatGroup(desk);
}

/** The group that a form is about. */
async function rowOf(call: FormCall): Promise<{
  candidate: Candidate;
  listener: string;
  groups: readonly Group[];
  index: number;
  again: (errors: readonly FieldFault[]) => FormEnd;
}> {
  const { world, identity, fields, note } = call;
  const candidate = await candidateOf(world, identity.user);
  const listener = fields.exact("listener");
  const name = fields.exact("group");
  note(`${listener} ${name}`);
  const groups = groupsOf(candidate, listener) ?? [];
  const again = (errors: readonly FieldFault[]): FormEnd => (
    { again: <Overview {...{ call, candidate, listener: listenerOf(candidate, listener), errors }} /> }
  );
  return { candidate, listener, groups, index: groups.findIndex((group) => String(group.name) === name), again };
}

async function ended(
  { world, identity, words, fields }: FormCall,
  { listener, way, again, changes }: {
    candidate: Candidate;
    listener: string;
    way?: "up" | "down";
    again: (errors: readonly FieldFault[]) => FormEnd;
    changes: Parameters<typeof submit>[1]["changes"];
  },
): Promise<FormEnd> {
  const result = await submit(world, { user: identity.user, words, changes });
  if (!result.ok) return again(result.errors);
  const query = new URLSearchParams({ listener });
  if (way !== undefined) {
    query.set("moved", fields.exact("group"));
    query.set("way", way);
  }
  return { go: `/hat?${query}`, notice: { kind: "ok", text: words("common.staged") } };
}

interface Props {
  call: PageCall;
  candidate: Candidate;
  listener: string | undefined;
  errors: readonly FieldFault[];
}

function Overview({ call, candidate, listener, errors }: Props): View {
  const { page, words } = call;
  const frame = { page: { ...page, path: "/hat" }, title: words("nav.hat"), about: words("hat.about") };
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
      <ListenerChoice {...{ call, candidate, path: "/hat", listener }} />
      <CandidateNotices {...{ words, candidate, path: pathText(groupsPath(listener)) }} />
      <FormFaults {...{ words, errors, shown: [] }} />
      <Groups {...{ call, candidate, listener }} />
    </Page>
  );
}

function Groups(
  { call, candidate, listener }: { call: PageCall; candidate: Candidate; listener: string },
): View {
  const { page, words, query } = call;
  const may = mayChange(call);
  const own = groupsOf(candidate, listener);
  const groups = own ?? [{ name: "ALL", policy: "default" }];
  // ALL ends the table, so nothing goes below it.
  const ends = groups.at(-1)?.name === "ALL";
  const count = ends ? groups.length - 1 : groups.length;
  const rows = groups.map((group, index) => ({ group, index, count, name: String(group.name) }));
  const columns: Column<(typeof rows)[number]>[] = [
    {
      title: words("order.place"),
      cell: (row) => (
        <span class="nowrap">
          {may && own !== undefined && <Handle {...{ words, row }} />} {words.number(row.index + 1)}
        </span>
      ),
    },
    {
      title: words("hat.group"),
      names: true,
      cell: ({ group, name }) => (
        <>
          <span class="break">{name}</span>
          {group.comment !== undefined && <div class="small muted break">{String(group.comment)}</div>}
        </>
      ),
    },
    { title: words("hat.senders"), cell: ({ group }) => <Senders {...{ words, group }} /> },
    {
      title: words("hat.policy"),
      cell: ({ group }) => (
        <a href={`/flow/edit?name=${encodeURIComponent(String(group.policy))}`}>{String(group.policy)}</a>
      ),
    },
  ];
  if (may && own !== undefined) {
    const edit = (name: string) => `/hat/edit?${new URLSearchParams({ listener, group: name })}`;
    const way = query.get("way") === "up" ? "up" : "down";
    columns.push({
      title: words("common.actions"),
      cell: (row) => (
        <RowForm
          {...{ page, words, row, action: "/hat" }}
          fields={{ listener, group: row.name }}
          edit={edit(row.name)}
          ask={words("hat.ask", { name: row.name })}
          held={row.index === count}
          moved={query.get("moved") === row.name ? way : undefined}
        />
      ),
    });
  }
  const title = words("hat.groups");
  return (
    <Card
      flush
      title={title}
      tools={may && (
        <a class="button primary" href={`/hat/edit?${new URLSearchParams({ listener })}`}>{words("hat.add")}</a>
      )}
    >
      <Table columns={columns} rows={rows} caption={title} />
      <div class="pager muted small">{words(own === undefined ? "hat.none" : "hat.order")}</div>
    </Card>
  );
}

/** Who is in a group: senders, and what their host name may lack. */
function Senders({ words, group }: { words: Words; group: Group }): View {
  const senders = group.senders ?? (group.name === "ALL" || group.conditions === undefined ? ["ALL"] : []);
  const rest = senders.length - sendersShown;
  return (
    <>
      {senders.slice(0, sendersShown).map((entry) => <div class="break">{senderText(entry)}</div>)}
      {rest > 0 && <div class="muted">{words("named.more", { count: rest })}</div>}
      {(group.conditions ?? []).map((condition) => (
        <div>
          <Badge tone="warn">{String(condition)}</Badge>
        </div>
      ))}
    </>
  );
}
