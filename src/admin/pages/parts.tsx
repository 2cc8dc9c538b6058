/**
 * The parts that pages are made of.
 *
 * A list is sorted, filtered and cut on the server, by links that carry the wish in the address: so it works with 100,000 rows, without scripts, and a
 * link to it can be sent to a colleague.
 *
 * @module
 */
import type { Notice, View } from "./frame.tsx";
import type { Words } from "./words.ts";

/** How a state is coloured. */
export type Tone = "ok" | "warn" | "bad" | "accent" | "";

/** A word that stands for a state. */
export function Badge({ tone = "", children }: { tone?: Tone; children?: View }): View {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** Lines of a notice that are seen at once, and those that are there at all. */
const [linesOpen, linesMax] = [3, 100];

/** The lines of a notice: the first ones, and the others folded below them. */
export function folded(words: Words, lines: readonly string[]): Pick<Notice, "lines" | "rest"> {
  if (lines.length <= linesOpen) return { lines };
  const text = words("named.more", { count: lines.length - linesOpen });
  return { lines: lines.slice(0, linesOpen), rest: { text, lines: lines.slice(linesOpen, linesMax) } };
}

/** A card with a heading. `flush`: its content, a table, reaches the edges. */
export function Card(
  { title, tools, flush = false, id, children }: {
    title?: View;
    tools?: View;
    flush?: boolean;
    id?: string;
    children?: View;
  },
): View {
  return (
    <section class={flush ? "card flush" : "card"} id={id}>
      {(title !== undefined || tools !== undefined) && (
        <header>
          {title !== undefined && <h2>{title}</h2>}
          {tools !== undefined && <div class="row">{tools}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** A figure that is read at a glance. */
export function Figure({ label, value, note }: { label: string; value: string; note?: View }): View {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>{value}</dd>
      {note !== undefined && <dd class="note">{note}</dd>}
    </div>
  );
}

/** Names and their values. A value that is missing is left out with its name. */
export function Facts({ facts }: { facts: readonly (readonly [string, View])[] }): View {
  return (
    <dl class="facts">
      {facts.filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

/** A list that has nothing in it: says so, and what to do next. */
export function Empty({ title, children }: { title: string; children?: View }): View {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** A column of a {@linkcode Table}. */
export interface Column<Row> {
  title: View;
  /** What the address says to sort by it; absent: the list is not sorted by it. */
  sort?: string;
  /** Figures stand at the right. */
  number?: boolean;
  /** The cell that names its row. */
  names?: boolean;
  cell(row: Row): View;
}

/** The address of a list: its path, and what is wished. */
export interface ListAddress {
  path: string;
  query: URLSearchParams;
}

/** The address with some wishes changed; an `undefined` one is taken away. */
export function addressWith(
  { path, query }: ListAddress,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  const changed = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) changed.delete(name);
    else changed.set(name, value);
  }
  const text = changed.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** A table. Sorting is by links: `sort=NAME`, or `sort=-NAME` for the largest first. */
export function Table<Row>(
  { columns, rows, caption, at, id, empty }: {
    columns: readonly Column<Row>[];
    rows: readonly Row[];
    /** What the table shows, for those who hear the page; also above it where it helps. */
    caption: string;
    /** The list's own address, where it can be sorted. */
    at?: ListAddress;
    id?: string;
    /** What stands there instead where there are no rows. */
    empty?: View;
  },
): View {
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  const wished = at?.query.get("sort") ?? "";
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={caption}>
      <table id={id} class={kindOf(columns)}>
        <caption class="sr-only">{caption}</caption>
        <thead>
          <tr>{columns.map((column) => <Head {...{ column, at, wished }} />)}</tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {columns.map((column) =>
                column.names
                  ? <th scope="row">{column.cell(row)}</th>
                  : (
                    <td class={column.number ? "number" : undefined} data-label={labelOf(column)}>
                      {column.cell(row)}
                    </td>
                  )
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Columns with which a table is close to too wide for a desk. */
const columnsOfDense = 6;

/** A table that is too wide for a telephone has a card for each row there; a name with a few figures is not. */
function kindOf<Row>(columns: readonly Column<Row>[]): string | undefined {
  const texts = columns.filter(({ number }) => number !== true).length;
  if (columns.length < 3 || columns.length < 5 && texts < 2) return undefined;
  return columns.length < columnsOfDense ? "cards" : "cards dense";
}

/** What stands before a value on a card, where there is no head above it. */
function labelOf<Row>({ title }: Column<Row>): string | undefined {
  return typeof title === "string" ? title : undefined;
}

function Head<Row>(
  { column: { title, sort, number }, at, wished }: { column: Column<Row>; at?: ListAddress; wished: string },
): View {
  const kind = number ? "number" : undefined;
  if (sort === undefined || at === undefined) return <th scope="col" class={kind}>{title}</th>;
  const order = wished === sort ? "ascending" : wished === `-${sort}` ? "descending" : undefined;
  // Figures are looked at from the largest down, names from A on; a second click turns the order round.
  const first = number ? `-${sort}` : sort;
  const second = number ? sort : `-${sort}`;
  const next = addressWith(at, { sort: wished === first ? second : first, cursor: undefined });
  return (
    <th scope="col" class={kind} aria-sort={order}>
      <a href={next}>{title}</a>
    </th>
  );
}

/** The foot of a list that goes on. */
export function Pager(
  { words, at, shown, next }: { words: Words; at: ListAddress; shown: number; next: string | undefined },
): View {
  return (
    <nav class="pager" aria-label={words("common.next")}>
      <span class="muted">{words("common.shown", { shown })}</span>
      <span class="row">
        {at.query.has("cursor") && (
          <a class="button" href={addressWith(at, { cursor: undefined })}>{words("common.first")}</a>
        )}
        {next !== undefined && <a class="button" href={addressWith(at, { cursor: next })}>{words("common.next")}</a>}
      </span>
    </nav>
  );
}

/** A labelled field with its hint and, beside it, what is wrong with it. The input comes from the caller, with `id` and {@linkcode fieldState}. */
export function Field(
  { id, label, hint, error, children }: { id: string; label: string; hint?: View; error?: string; children?: View },
): View {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint !== undefined && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      {error !== undefined && <span class="error" id={`${id}-error`}>{error}</span>}
    </div>
  );
}

/** The attributes of the input of a {@linkcode Field}. */
export function fieldState(
  { id, hint, error }: { id: string; hint?: View; error?: string },
): Record<string, string | undefined> {
  const told = [error === undefined ? "" : `${id}-error`, hint === undefined ? "" : `${id}-hint`].filter((name) =>
    name !== ""
  );
  return {
    id,
    name: id,
    "aria-invalid": error === undefined ? undefined : "true",
    "aria-describedby": told.length === 0 ? undefined : told.join(" "),
  };
}

/** A field of one line of text. */
export function TextField(
  { id, label, value, hint, error, type = "text", ...rest }: {
    id: string;
    label: string;
    value?: string;
    hint?: View;
    error?: string;
    type?: "text" | "password" | "number" | "email" | "search" | "file" | "datetime-local";
    required?: boolean;
    disabled?: boolean;
    placeholder?: string;
    autocomplete?: string;
    inputmode?: "decimal" | "numeric" | "email" | "url";
    list?: string;
    accept?: string;
  },
): View {
  return (
    <Field {...{ id, label, hint, error }}>
      <input type={type} value={value} {...fieldState({ id, hint, error })} {...rest} />
    </Field>
  );
}

/** A field that takes one of a few values. */
export function ChoiceField(
  { id, label, value, choices, hint, error, disabled }: {
    id: string;
    label: string;
    value?: string;
    /** Value and what is shown for it. */
    choices: readonly (readonly [string, string])[];
    hint?: View;
    error?: string;
    disabled?: boolean;
  },
): View {
  return (
    <Field {...{ id, label, hint, error }}>
      <select {...fieldState({ id, hint, error })} disabled={disabled}>
        {choices.map(([choice, shown]) => <option value={choice} selected={choice === value}>{shown}</option>)}
      </select>
    </Field>
  );
}

/** A box to tick. */
export function CheckField(
  { id, label, checked, hint, disabled, value = "on" }: {
    id: string;
    label: string;
    checked: boolean;
    hint?: View;
    disabled?: boolean;
    value?: string;
  },
): View {
  return (
    <div class="field">
      <span class="check">
        <input type="checkbox" id={id} name={id} value={value} checked={checked} disabled={disabled} />
        <label for={id}>{label}</label>
      </span>
      {hint !== undefined && <span class="hint">{hint}</span>}
    </div>
  );
}

/** A difference in unified form, with its two lines of names, coloured by line. */
export function Difference({ text, label }: { text: string; label: string }): View {
  const kind = (line: string, index: number) =>
    index < 2 || line.startsWith("@") ? "at" : line.startsWith("+") ? "add" : line.startsWith("-") ? "del" : "";
  return (
    <div class="diff" tabindex={0} role="region" aria-label={label}>
      {text.trimEnd().split("\n").map((line, index) => <span class={kind(line, index)}>{line === "" ? " " : line}
      </span>)}
    </div>
  );
}

/** One line of a chart. */
export interface ChartSeries {
  label: string;
  tone: "ok" | "warn" | "bad" | "accent" | "muted";
  /** One for each time. */
  values: readonly number[];
  /** It lies on top of those before it that are stacked. */
  stack?: true;
}

/** A chart over time, with the same numbers as a table for those who do not see it. The page has to load `chart.js` and `uplot.css`. */
export function Chart(
  { words, title, times, series }: {
    words: Words;
    title: string;
    /** Wall milliseconds. */
    times: readonly number[];
    series: readonly ChartSeries[];
  },
): View {
  const rows = times.map((at, index) => ({ at, index }));
  const columns: Column<{ at: number; index: number }>[] = [
    { title: words("chart.time"), names: true, cell: ({ at }) => <span class="nowrap">{words.time(at)}</span> },
    ...series.map(({ label, values }): Column<{ at: number; index: number }> => ({
      title: label,
      number: true,
      cell: ({ index }) => words.number(values[index]),
    })),
  ];
  const chart = JSON.stringify({ times: times.map((at) => at / 1000), time: words("chart.time"), series });
  return (
    <>
      <div class="chart" data-chart={chart} role="img" aria-label={title}></div>
      <details>
        <summary>{words("chart.table")}</summary>
        <Table columns={columns} rows={rows} caption={title} />
      </details>
    </>
  );
}
