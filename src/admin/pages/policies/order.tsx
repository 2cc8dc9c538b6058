/**
 * Tables that are read from the top: rows that change their place by buttons or by being dragged, and the listener whose table it is.
 *
 * @module
 */
import { type Candidate, namesUnder } from "../candidate.ts";
import type { PageCall } from "../desk.tsx";
import { Csrf, type PageFacts, type View } from "../frame.tsx";
import type { Words } from "../words.ts";

/** A row that can be moved. */
export interface OrderedRow {
  /** Its place in the whole list. */
  index: number;
  /** Places there are. */
  count: number;
  /** What it is called, for those who hear the page. */
  name: string;
}

/** The row with another place. */
export function withMoved<Row>(rows: readonly Row[], { from, to }: { from: number; to: number }): Row[] {
  const moved = rows.toSpliced(from, 1);
  moved.splice(to, 0, rows[from]);
  return moved;
}

/** What a form says of a place; `undefined`: nothing that is one. */
export function placeOf(typed: string, count: number): number | undefined {
  const place = Number(typed);
  return /^\d{1,7}$/.test(typed) && place < count ? place : undefined;
}

/** What is grabbed. `order.js` makes it work; without it the buttons do. */
export function Handle({ words, row: { index, name } }: { words: Words; row: OrderedRow }): View {
  return (
    <span class="drag" data-drag={String(index)} title={words("order.drag", { name })} aria-hidden="true" hidden>
      ⠿
    </span>
  );
}

/** The buttons of a row, in forms of their own. `held`: it is there by its nature, in this place. */
export function RowForm(
  { page, words, row: { index, count, name }, action, fields, edit, ask, moved, held = false }: {
    page: PageFacts;
    words: Words;
    row: OrderedRow;
    /** The forms are at `ACTION/move` and `ACTION/delete`. */
    action: string;
    /** What names the row. */
    fields: Readonly<Record<string, string>>;
    edit: string;
    /** Before it is deleted. */
    ask: string;
    /** Which way it was moved just now: that button is in focus again. */
    moved?: "up" | "down";
    held?: boolean;
  },
): View {
  const [first, last] = [index === 0 || held, index === count - 1 || held];
  const focus = moved === "up" ? first ? "down" : "up" : moved === "down" ? last ? "up" : "down" : undefined;
  const button = (way: "up" | "down", off: boolean) => (
    <button
      type="submit"
      name="to"
      value={String(index + (way === "up" ? -1 : 1))}
      disabled={off}
      autofocus={focus === way}
      aria-label={words(way === "up" ? "order.up" : "order.down", { name })}
      title={words(way === "up" ? "order.up" : "order.down", { name })}
    >
      {way === "up" ? "↑" : "↓"}
    </button>
  );
  return (
    <div class="actions">
      <form class="inline" method="post" action={`${action}/move`} data-move={held ? undefined : ""}>
        <Csrf page={page} />
        {Object.entries(fields).map(([key, value]) => <input type="hidden" name={key} value={value} />)}
        {button("up", first)}
        {button("down", last)}
      </form>
      <a class="button" href={edit}>
        {words("common.edit")} <span class="sr-only">{name}</span>
      </a>
      {!held && (
        <form class="inline" method="post" action={`${action}/delete`} data-confirm={ask}>
          <Csrf page={page} />
          {Object.entries(fields).map(([key, value]) => <input type="hidden" name={key} value={value} />)}
          <button type="submit" class="danger">
            {words("common.delete")} <span class="sr-only">{name}</span>
          </button>
        </form>
      )}
    </div>
  );
}

/** The listener that the address names; the first one where it names none. `undefined`: there is none. */
export function listenerOf(candidate: Candidate, wished: string | null): string | undefined {
  const names = namesUnder(candidate, ["listeners"]);
  return names.find((name) => name === wished) ?? names[0];
}

/** Chooses the listener. */
export function ListenerChoice(
  { call: { words }, candidate, path, listener }: {
    call: Pick<PageCall, "words">;
    candidate: Candidate;
    path: string;
    listener: string;
  },
): View {
  return (
    <form class="inline" method="get" action={path}>
      <div class="field">
        <label for="listener">{words("order.listener")}</label>
        <select id="listener" name="listener" data-submit-on-change>
          {namesUnder(candidate, ["listeners"]).map((name) => (
            <option value={name} selected={name === listener}>{name}</option>
          ))}
        </select>
      </div>
      <noscript>
        <button type="submit">{words("tls.show")}</button>
      </noscript>
    </form>
  );
}
