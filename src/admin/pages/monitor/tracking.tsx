/**
 * Message tracking: where a message came from and what became of it, from the mail log.
 *
 * @module
 */
import type { LogLevel } from "../../../base/log.ts";
import { hourMs } from "../../../monitor/counts.ts";
import type { Found, FoundMessage, MessageState, Trail, Wanted } from "../../../tracking/find.ts";
import { TrackingBusyError } from "../../../tracking/tracking.ts";
import type { LogLine } from "../../../tracking/line.ts";
import { Problem } from "../../problem.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Empty, Pager, Table, type Tone } from "../parts.tsx";
import type { Words } from "../words.ts";

const rowsShown = 50;
const textMax = 500;
/** How far back a search goes, by its word in the address. */
const spans = { hour: hourMs, day: 24 * hourMs, week: 7 * 24 * hourMs, ever: undefined } as const;
const texts = ["sender", "recipient", "subject", "messageId"] as const;
const labels = {
  sender: "tracking.sender",
  recipient: "tracking.recipient",
  subject: "tracking.subject",
  messageId: "tracking.message_id",
} as const;

/** Adds the pages. */
export function mountTracking(desk: Desk): void {
  desk.page("/tracking", async (asked) => {
    const { page, words, world, query } = asked;
    const found = await searched(() => world.tracking.find(wantedOf(asked), rowsShown));
    return (
      <Page page={page} title={words("nav.tracking")} about={words("tracking.about")}>
        <Search {...{ query, words }} />
        {found === "busy"
          ? <NoticeBox notice={{ kind: "warn", text: words("tracking.busy") }} />
          : <Results {...{ asked, found }} />}
      </Page>
    );
  });
  desk.page("/tracking/:mid", async ({ page, words, world, params: { mid } }) => {
    if (!/^[1-9]\d{0,14}$/.test(mid)) throw new Problem(404);
    const above = { path: "/tracking", title: words("nav.tracking") };
    const trail = await searched(() => world.tracking.trail(Number(mid)));
    if (trail === undefined) throw new Problem(404, { detail: words("tracking.not_known", { mid }) });
    return (
      <Page page={page} title={words("tracking.way", { mid })} above={above}>
        {trail === "busy"
          ? <NoticeBox notice={{ kind: "warn", text: words("tracking.busy") }} />
          : <Way {...{ trail, words }} />}
      </Page>
    );
  });
}

async function searched<T>(search: () => Promise<T>): Promise<T | "busy"> {
  try {
    return await search();
  } catch (error) {
    if (error instanceof TrackingBusyError) return "busy";
    throw error;
  }
}

function wantedOf({ query, world }: PageCall): Wanted {
  const number = (name: string) => {
    const text = query.get(name)?.trim() ?? "";
    return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
  };
  const wanted: Wanted = { mid: number("mid"), before: number("cursor") };
  for (const name of texts) {
    const value = query.get(name)?.trim().slice(0, textMax);
    if (value) wanted[name] = value;
  }
  const span = spanOf(query);
  // Who asks for a MID wants that message, however old it is.
  const back = wanted.mid === undefined ? spans[span] : undefined;
  if (back !== undefined) wanted.since = world.clock.now() - back;
  return wanted;
}

function spanOf(query: URLSearchParams): keyof typeof spans {
  const span = query.get("since") ?? "day";
  return Object.hasOwn(spans, span) ? span as keyof typeof spans : "day";
}

function Search({ query, words }: { query: URLSearchParams; words: Words }): View {
  const span = spanOf(query);
  return (
    <form class="inline" method="get" action="/tracking" role="search">
      {texts.map((name) => (
        <div class="field">
          <label for={name}>{words(labels[name])}</label>
          <input id={name} name={name} value={query.get(name) ?? ""} />
        </div>
      ))}
      <div class="field">
        <label for="mid">{words("tracking.mid")}</label>
        <input id="mid" name="mid" inputmode="numeric" value={query.get("mid") ?? ""} />
      </div>
      <div class="field">
        <label for="since">{words("tracking.since")}</label>
        <select id="since" name="since">
          {(Object.keys(spans) as (keyof typeof spans)[]).map((each) => (
            <option value={each} selected={each === span}>{words(`tracking.${each}`)}</option>
          ))}
        </select>
      </div>
      <button type="submit" class="primary">{words("common.search")}</button>
    </form>
  );
}

// deno-fmt-ignore
const tones: Readonly<Record<MessageState, Tone>> = {
  delivered: "ok", bounced: "bad", aborted: "bad", deleted: "warn", open: "accent", mixed: "warn", finished: "",
};

function Results({ asked: { words, query }, found }: { asked: PageCall; found: Found }): View {
  const { messages, more, endedAt } = found;
  const columns: Column<FoundMessage>[] = [
    { title: words("tracking.mid"), names: true, cell: ({ mid }) => <a href={`/tracking/${mid}`}>{String(mid)}</a> },
    { title: words("tracking.time"), cell: ({ at }) => <span class="nowrap">{words.time(at)}</span> },
    {
      title: words("tracking.from"),
      cell: ({ from }) => from !== undefined && <span class="break">{`<${from}>`}</span>,
    },
    {
      title: words("tracking.to"),
      cell: ({ to, recipients }) => (
        <>
          {to.slice(0, 5).map((each) => <div class="break">{`<${each}>`}</div>)}
          {recipients > 5 && <div class="small muted">{words("queue.more", { count: recipients - 5 })}</div>}
        </>
      ),
    },
    { title: words("tracking.subject_column"), cell: ({ subject }) => <div class="break">{subject}</div> },
    {
      title: words("tracking.state"),
      cell: ({ state, mid }) => (
        <>
          <Badge tone={tones[state]}>{words(`tracking.state.${state}`)}</Badge>
          {state === "open" && (
            <div class="small">
              <a href={`/queue/${mid}`}>{words("tracking.in_queue")}</a>
            </div>
          )}
        </>
      ),
    },
  ];
  const last = messages.at(-1);
  return (
    <>
      {endedAt !== undefined && (
        <NoticeBox notice={{ kind: "warn", text: words("tracking.cut_short", { time: words.time(endedAt) }) }} />
      )}
      <Card title={words("tracking.found")} flush>
        <Table
          columns={columns}
          rows={messages}
          caption={words("tracking.found")}
          empty={
            <Empty title={words("tracking.empty")}>
              <p>{words("tracking.empty.hint")}</p>
            </Empty>
          }
        />
        <Pager
          words={words}
          at={{ path: "/tracking", query }}
          shown={messages.length}
          next={more && last !== undefined ? String(last.mid) : undefined}
        />
      </Card>
    </>
  );
}

/** How a line is coloured: by its level, and by the words that our log has for good and bad ends. */
function toneOf({ level, text }: LogLine): string {
  const levels: Partial<Record<LogLevel, string>> = { critical: "bad", warning: "warn" };
  const byLevel = levels[level];
  if (byLevel !== undefined) return byLevel;
  if (/^(Bounced:|Message aborted|MID \d+ ICID \d+ To: .* Rejected by )|TLS failed/.test(text)) return "bad";
  if (/^(Delayed:|Connection Error:)|TLS deferring/.test(text)) return "warn";
  return /^Message (done|finished)| TLS success /.test(text) ? "ok" : "";
}

function Way({ trail: { lines, cut, parent, children }, words }: { trail: Trail; words: Words }): View {
  return (
    <Card>
      {cut && <p class="muted">{words("tracking.lines_cut")}</p>}
      {parent !== undefined && (
        <p>
          <a href={`/tracking/${parent}`}>{words("tracking.parent", { mid: String(parent) })}</a>
        </p>
      )}
      <ol class="timeline">
        {lines.map((line) => (
          <li class={toneOf(line)}>
            <time>{words.time(line.at)}</time>
            <div class="break">{line.text}</div>
          </li>
        ))}
      </ol>
      {children.length > 0 && (
        <p>
          {words("tracking.children")}: {children.map((mid) => (
            <>
              <a href={`/tracking/${mid}`}>MID {String(mid)}</a>
              {" "}
            </>
          ))}
        </p>
      )}
    </Card>
  );
}
