/**
 * The mail log as it is written: its last lines, by level and text.
 *
 * @module
 */
import { type LogLevel, logLevels } from "../../../base/log.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { Page, type View } from "../frame.tsx";
import { addressWith, Card, ChoiceField, TextField } from "../parts.tsx";

const linesShown = 200;
const textMax = 200;

/** Adds the page. */
export function mountLog(desk: Desk): void {
  desk.page("/log", async (call) => {
    const { page, words, query } = call;
    const { level, text } = wishOf(query);
    const live = addressWith({ path: "/log/lines", query: new URLSearchParams() }, {
      level,
      text: text === "" ? undefined : text,
    });
    return (
      <Page page={page} title={words("nav.log")} about={words("log.about", { count: linesShown })}>
        <Card>
          <form class="inline" method="get" action="/log">
            <ChoiceField
              id="level"
              label={words("log.level")}
              value={level}
              choices={logLevels.map((each) => [each, words(`log.level.${each}`)])}
            />
            <TextField
              id="text"
              type="search"
              label={words("log.text")}
              value={text}
              placeholder={words("log.text_hint")}
            />
            <button type="submit" class="primary">{words("common.filter")}</button>
          </form>
        </Card>
        <div class="log" role="log" tabindex={0} aria-label={words("nav.log")} data-live={live} data-every="3">
          {await lines(call)}
        </div>
      </Page>
    );
  });
  desk.piece("/log/lines", lines);
}

function wishOf(query: URLSearchParams): { level: LogLevel; text: string } {
  const level = logLevels.find((each) => each === query.get("level")) ?? "trace";
  return { level, text: (query.get("text") ?? "").slice(0, textMax).trim() };
}

/** The youngest line first, where a reader who scrolls down looks back. */
async function lines({ words, world, query }: PageCall): Promise<View> {
  const found = await world.tracking.tail({ ...wishOf(query), limit: linesShown });
  if (found.length === 0) return <div class="muted">{words("log.none")}</div>;
  return (
    <>
      {found.toReversed().map(({ at, level, text }) => (
        <div class={level}>
          <span class="muted">{words.time(at)}</span> {words(`log.level.${level}`)}: {text}
        </div>
      ))}
    </>
  );
}
