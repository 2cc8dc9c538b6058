/**
 * The queue: what waits, one message, and what can be done to them.
 *
 * The search's words go to the operator's commands, which judge them, so they mean here what they mean on the command line.
 *
 * @module
 */
import type { ActionFacts, ListedPage, ListedRow, ListEnd, ShownMessage } from "../../../control/queue_commands.ts";
import type { CommandArgs } from "../../../control/protocol.ts";
import { call, callOne } from "../../api/bridge.ts";
import { mayAct } from "../../identity.ts";
import { Problem } from "../../problem.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, type Notice, NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Empty, Facts, Pager, Table, type Tone } from "../parts.tsx";
import { problemWords } from "../faults.ts";
import type { Words } from "../words.ts";

const rowsShown = 50;
/** MIDs that one form may name. */
const selectedMax = 1_000;
const actions = ["retry", "hold", "release", "redirect", "bounce", "delete"] as const;
const texts = ["sender", "recipient", "domain", "reason", "older"] as const;

/** Adds the pages. */
export function mountQueue(desk: Desk): void {
  desk.page("/queue", (asked) => listPage(asked));
  desk.form("/queue", { action: "queue.act", role: "operator" }, act);
  desk.page("/queue/:mid", async (asked) => {
    const { page, words, params: { mid }, world, signal } = asked;
    const message = await callOne<ShownMessage>(world.commands, {
      name: "queue show",
      args: { mid },
      signal,
      refused: 404,
    });
    return (
      <Page page={page} title={words("queue.message", { mid })} above={{ path: "/queue", title: words("nav.queue") }}>
        <Message {...{ asked, message }} />
      </Page>
    );
  });
}

/** What the address searches for, as words of the command. */
function filterOf(query: URLSearchParams): Record<string, string | true> {
  const filter: Record<string, string | true> = {};
  for (const name of texts) {
    const value = query.get(name)?.trim();
    if (value) filter[name] = value;
  }
  if (query.has("held")) filter.held = true;
  return filter;
}

async function listPage(asked: PageCall, wrong?: Notice): Promise<View> {
  const { page, words, world, query, signal } = asked;
  const filter = filterOf(query);
  const cursor = query.get("cursor");
  const args: CommandArgs = { ...filter, limit: String(rowsShown), ...cursor === null ? {} : { cursor } };
  let fault: Notice | undefined = wrong;
  const rows: ListedRow[] = [];
  let now = world.clock.now();
  let end: ListEnd = { shown: 0, messages: world.vitals().queue.messages, cursor: null };
  try {
    const { items } = await call<ListedPage | ListEnd>(world.commands, { name: "queue list", args, signal });
    for (const item of items) {
      if ("rows" in item) {
        rows.push(...item.rows);
        now = item.now;
      } else end = item;
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    fault = { kind: "bad", text: problemWords(words, error) };
  }
  const may = mayAct(asked.identity.role, "operator");
  const count = words("queue.count", { count: end.messages });
  return (
    <Page page={page} title={words("nav.queue")} about={`${words("queue.about")} · ${count}`} scripts={["queue.js"]}>
      {fault !== undefined && <NoticeBox notice={fault} />}
      <Search {...{ query, words }} />
      <form method="post" action={`/queue?${query}`} data-queue>
        <Csrf page={page} />
        <Card title={words("queue.messages")} flush>
          <Table
            id="queue"
            columns={columnsOf(words, { now, may })}
            rows={rows}
            caption={words("queue.about")}
            empty={
              <Empty title={words("queue.empty")}>
                <p>{words("queue.empty.hint")}</p>
              </Empty>
            }
          />
          <Pager words={words} at={{ path: "/queue", query }} shown={rows.length} next={end.cursor ?? undefined} />
        </Card>
        {may && rows.length > 0 && <Actions {...{ words, filtered: Object.keys(filter).length > 0 }} />}
      </form>
    </Page>
  );
}

function Search({ query, words }: { query: URLSearchParams; words: Words }): View {
  const labels = {
    sender: "queue.sender",
    recipient: "queue.recipient",
    domain: "queue.domain",
    reason: "queue.reason",
    older: "queue.older",
  } as const;
  return (
    <form class="inline" method="get" action="/queue" role="search">
      {texts.map((name) => (
        <div class="field">
          <label for={name}>{words(labels[name])}</label>
          <input
            id={name}
            name={name}
            value={query.get(name) ?? ""}
            placeholder={name === "older" ? words("queue.older.hint") : undefined}
          />
        </div>
      ))}
      <label class="check">
        <input type="checkbox" name="held" checked={query.has("held")} /> {words("queue.held")}
      </label>
      <button type="submit">{words("common.search")}</button>
    </form>
  );
}

const stateTones: Readonly<Record<ListedRow["state"], Tone>> = {
  waiting: "",
  delivering: "accent",
  held: "warn",
  suspended: "warn",
};

function State({ state, words }: { state: ListedRow["state"]; words: Words }): View {
  return <Badge tone={stateTones[state]}>{words(state === "held" ? "queue.held_state" : `queue.${state}`)}</Badge>;
}

function Due({ row: { due }, now, words }: { row: ListedRow; now: number; words: Words }): View {
  if (due === null) return "–";
  return due <= now ? words("queue.due_now") : words("queue.due_in", { span: words.span(due - now) });
}

function columnsOf(words: Words, { now, may }: { now: number; may: boolean }): Column<ListedRow>[] {
  const select: Column<ListedRow> = {
    title: <input type="checkbox" data-select-all aria-label={words("queue.select_all")} />,
    cell: ({ mid }) => (
      <input type="checkbox" name="mid" value={String(mid)} aria-label={words("queue.select", { mid: String(mid) })} />
    ),
  };
  return [
    ...may ? [select] : [],
    { title: words("queue.mid"), names: true, cell: ({ mid }) => <a href={`/queue/${mid}`}>{String(mid)}</a> },
    {
      title: words("queue.age"),
      cell: ({ received, octets }) => (
        <>
          <span class="nowrap">{words.span(now - received)}</span>
          <div class="small muted nowrap">{words.octets(octets)}</div>
        </>
      ),
    },
    { title: words("queue.sender"), cell: ({ sender }) => <div class="address">{`<${sender}>`}</div> },
    { title: words("queue.recipients"), cell: (row) => <Recipients {...{ row, words }} /> },
    {
      title: words("queue.state"),
      cell: (row) => (
        <>
          <State {...{ state: row.state, words }} />
          <div class="small muted nowrap">{words("queue.tried", { count: row.attempts })}</div>
          <div class="small muted nowrap">
            {row.due !== null && `${words("queue.next")}: `}
            {row.due !== null && <Due {...{ row, now, words }} />}
          </div>
        </>
      ),
    },
    { title: words("queue.why"), cell: ({ word, reason }) => <Why {...{ word, reason }} /> },
  ];
}

function Why({ word, reason }: Pick<ListedRow, "word" | "reason">): View {
  return (
    <>
      {word !== null && <code class="nowrap">{word}</code>}
      {reason !== null && <div class="small muted break">{reason}</div>}
    </>
  );
}

function Recipients({ row: { recipients, more, via, tls }, words }: { row: ListedRow; words: Words }): View {
  return (
    <>
      {recipients.map(({ address }) => <div class="address">{`<${address}>`}</div>)}
      {more > 0 && <div class="small muted">{words("queue.more", { count: more })}</div>}
      {via !== null && <div class="small muted">{words("queue.via", { host: via })}</div>}
      {tls !== null && <div class="small muted">{words("queue.demand", { demand: tls })}</div>}
    </>
  );
}

function Actions({ words, filtered }: { words: Words; filtered: boolean }): View {
  return (
    <Card title={words("common.actions")}>
      <div class="row">
        <div class="field">
          <label for="scope">{words("queue.action")}</label>
          <select id="scope" name="scope">
            <option value="selected">{words("queue.selected")}</option>
            {filtered && <option value="matching">{words("queue.matching")}</option>}
            {!filtered && <option value="everything">{words("queue.everything")}</option>}
          </select>
        </div>
        <div class="field">
          <label for="to">{words("queue.to")}</label>
          <input id="to" name="to" placeholder="10.0.0.9:25" aria-describedby="to-hint" />
          <span class="hint" id="to-hint">{words("queue.to.hint")}</span>
        </div>
      </div>
      <div class="row">
        {actions.map((action) => (
          <button
            type="submit"
            name="act"
            value={action}
            class={action === "delete" || action === "bounce" ? "danger" : undefined}
            data-sure={words("queue.sure")}
          >
            {words(`queue.${action}`)}
          </button>
        ))}
      </div>
    </Card>
  );
}

/** Does what a form says. */
async function act(asked: FormCall): Promise<FormEnd> {
  const { fields, words, world, query, signal, note } = asked;
  const action = actions.find((each) => each === fields.text("act"));
  if (action === undefined) throw new Problem(422, { detail: words("queue.nothing_selected") });
  const mids = fields.list("mid").slice(0, selectedMax);
  const scope = fields.text("scope");
  const filter = filterOf(query);
  const chosen: CommandArgs | undefined = scope === "everything"
    ? { all: true }
    : scope === "matching"
    ? Object.keys(filter).length === 0 ? undefined : filter
    : mids.length === 0
    ? undefined
    : { mids };
  const back = fields.text("back") === "message" && mids.length === 1 ? `/queue/${mids[0]}` : `/queue?${query}`;
  if (chosen === undefined) {
    return { again: await listPage(asked, { kind: "bad", text: words("queue.nothing_selected") }) };
  }
  const to = fields.text("to");
  const where = action !== "redirect"
    ? {}
    : to === ""
    ? { back: true, ...(mids.length > 0 && "mids" in chosen ? { words: mids } : {}) }
    : { words: [..."mids" in chosen ? mids : [], to] };
  const { mids: named, ...rest } = chosen as Record<string, string | string[] | true>;
  const args = {
    ...rest,
    ...action === "redirect" ? where : named === undefined ? {} : { mids: named },
  } as CommandArgs;
  note(`${action} ${scope === "selected" || scope === "" ? mids.join(", ") : scope} ${to}`.trim());
  try {
    const { done, later, unchanged } = await callOne<ActionFacts>(world.commands, {
      name: `queue ${action}`,
      args,
      signal,
    });
    const notice: Notice = { kind: "ok", text: words("queue.done", { count: done, later, unchanged }) };
    // What was deleted or bounced has no page any more.
    return { go: action === "delete" || action === "bounce" ? "/queue" : back, notice };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return {
      again: await listPage(asked, { kind: "bad", text: problemWords(words, error) }),
    };
  }
}

function Message({ asked: { words, identity, page }, message }: { asked: PageCall; message: ShownMessage }): View {
  const { mid, now, received, octets, sender, parameters, rows, trail, header } = message;
  const columns: Column<ShownMessage["rows"][number]>[] = [
    {
      title: words("queue.domain"),
      names: true,
      cell: ({ domain }) => <a href={`/delivery/${encodeURIComponent(domain)}`}>{domain}</a>,
    },
    { title: words("queue.recipients"), cell: (row) => <Recipients {...{ row, words }} /> },
    { title: words("queue.state"), cell: ({ state }) => <State {...{ state, words }} /> },
    { title: words("queue.tries"), number: true, cell: ({ attempts }) => words.number(attempts) },
    { title: words("queue.next"), cell: (row) => <Due {...{ row, now, words }} /> },
    { title: words("queue.why"), cell: ({ word, reason }) => <Why {...{ word, reason }} /> },
  ];
  return (
    <>
      <Card>
        <Facts
          facts={[
            [words("queue.sender"), `<${sender}>`],
            [words("queue.received"), words.time(received)],
            [words("queue.size"), words.octets(octets)],
            [words("queue.parameters"), parameters.length === 0 ? undefined : parameters.join(" ")],
          ]}
        />
        <p>
          <a href={`/tracking/${mid}`}>{words("queue.whole_way")}</a>
        </p>
        {mayAct(identity.role, "operator") && (
          <form method="post" action="/queue" class="inline">
            <Csrf page={page} />
            <input type="hidden" name="mid" value={String(mid)} />
            <input type="hidden" name="back" value="message" />
            <div class="field">
              <label for="to">{words("queue.to")}</label>
              <input id="to" name="to" placeholder="10.0.0.9:25" />
            </div>
            {actions.map((action) => (
              <button
                type="submit"
                name="act"
                value={action}
                class={action === "delete" || action === "bounce" ? "danger" : undefined}
                data-confirm={action === "delete" || action === "bounce" ? words("queue.sure") : undefined}
              >
                {words(`queue.${action}`)}
              </button>
            ))}
          </form>
        )}
      </Card>
      <Card title={words("queue.destinations")} flush>
        <Table columns={columns} rows={rows} caption={words("queue.destinations")} />
      </Card>
      <Card title={words("queue.attempts")}>
        {trail.length === 0 ? <p class="muted">{words("queue.no_attempts")}</p> : (
          <ol class="timeline">
            {trail.map(({ at, domain, via, answers }) => (
              <li class={answers.every(({ kind }) => kind === "delivered") ? "ok" : "warn"}>
                <time>{words.time(at)}</time> {domain} {via !== null && words("queue.via", { host: via })}
                {answers.map(({ host, text, kind }) => (
                  <div class="break">
                    <Badge tone={kind === "delivered" ? "ok" : kind === "refused" ? "bad" : "warn"}>
                      {words(`queue.kind.${kind}`)}
                    </Badge>{" "}
                    {host} {text}
                  </div>
                ))}
              </li>
            ))}
          </ol>
        )}
      </Card>
      <Card title={words("queue.header")}>
        <pre>{header}</pre>
      </Card>
    </>
  );
}
