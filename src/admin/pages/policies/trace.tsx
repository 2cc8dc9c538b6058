/**
 * Trace: a client that is played against the configuration, and each decision with the line that made it.
 *
 * The form is asked by its address, so that a trace can be sent to a colleague.
 *
 * @module
 */
import type { Trace } from "../../../explain/trace.ts";
import { traceArgs } from "../../api/explain.ts";
import type { TraceEnd } from "../../world.ts";
import { candidateOf, namesUnder } from "../candidate.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { NoticeBox, Page, type View } from "../frame.tsx";
import { Card, CheckField, ChoiceField, type Column, Field, fieldState, Table, TextField } from "../parts.tsx";
import { faultWords } from "../faults.ts";

/** What one field takes. */
const wordMax = 1_000;
/** Recipients and lists of one trace. */
const linesMax = 50;

/** Adds the page. */
export function mountTrace(desk: Desk): void {
  desk.page("/trace", async (call) => {
    const { page, words, world, query } = call;
    const end = query.has("ip") ? await world.trace(traceArgs(bodyOf(query))) : undefined;
    const candidate = await candidateOf(world, call.identity.user);
    return (
      <Page page={page} title={words("nav.trace")} about={words("trace.about")}>
        {page.pending > 0 && <NoticeBox notice={{ kind: "warn", text: words("trace.staged") }} />}
        {end !== undefined && <Result {...{ call, end }} />}
        <Client {...{ call, listeners: namesUnder(candidate, ["listeners"]) }} />
      </Page>
    );
  });
}

const texts = ["ip", "listener", "helo", "tls", "auth"] as const;
const flags = ["noDns", "requiretls", "tlsHeader"] as const;

/** The words of the address, as the API has them. */
function bodyOf(query: URLSearchParams): Parameters<typeof traceArgs>[0] {
  const said = (name: string) => (query.get(name) ?? "").trim().slice(0, wordMax);
  const lines = (name: string) =>
    said(name).split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== "").slice(0, linesMax);
  const body: Record<string, string | string[] | boolean | undefined> = {};
  for (const name of texts) if (said(name) !== "") body[name] = said(name);
  for (const name of flags) body[name] = query.has(name);
  // An empty address that is asked for is no address: the command says so.
  body.ip = said("ip");
  if (said("host") !== "") body[query.has("hostUnverified") ? "unverifiedHost" : "host"] = said("host");
  if (said("certificate") !== "") {
    body[query.has("certificateUnverified") ? "unverifiedCertificate" : "certificate"] = said("certificate");
  }
  if (said("from") !== "") body.from = said("from") === "<>" ? "" : said("from");
  for (const name of ["to", "listed"]) if (lines(name).length > 0) body[name] = lines(name);
  return body;
}

function Result({ call, end }: { call: PageCall; end: TraceEnd }): View {
  const { words } = call;
  if (!end.ok) {
    return (
      <NoticeBox
        notice={{ kind: "bad", text: words("common.errors"), lines: end.faults.map((text) => faultWords(words, text)) }}
      />
    );
  }
  const { verdict, dialogue, log } = end.trace;
  return (
    <>
      <NoticeBox notice={{ kind: verdict.accepted ? "ok" : "bad", text: verdict.text }} />
      <Decisions {...{ call, trace: end.trace }} />
      <Card title={words("trace.dialogue")}>
        <pre class="log" tabindex={0}>
          {dialogue.flatMap(({ command, reply }) => [command === "" ? [] : `C: ${command}`, reply.map((line) => `S: ${line}`)].flat(2))
            .map((line) => <div>{line}</div>)}
        </pre>
      </Card>
      {log.length > 0 && (
        <Card title={words("trace.log")}>
          <pre class="log" tabindex={0}>{log.map((line) => <div>{line}</div>)}</pre>
        </Card>
      )}
    </>
  );
}

type Decision = Trace["decisions"][number];

function Decisions({ call: { words }, trace: { decisions } }: { call: PageCall; trace: Trace }): View {
  const columns: Column<Decision>[] = [
    { title: words("trace.step"), names: true, cell: ({ step }) => words.maybe(`trace.step.${step}`) },
    {
      title: words("trace.decision"),
      cell: ({ step, text, notes: all }) => {
        // What the client hears is below, line by line.
        const notes = step === "session" ? [] : all;
        const isBuiltIn = (note: Decision["notes"][number]) => "from" in note && note.from === "built-in";
        const usual = notes.filter(isBuiltIn).map((note) => note.text);
        return (
          <>
            <span class="break">{text}</span>
            {notes.filter((note) => !isBuiltIn(note)).map((note) => (
              <div class="small muted break">
                {note.text}
                {note.line !== undefined && ` · ${words("trace.line_of", { line: String(note.line) })}`}
                {"from" in note && note.from === "default" && ` · ${words("trace.from_default")}`}
              </div>
            ))}
            {usual.length > 0 && (
              <div class="small muted break">{words("keys.built_in", { value: usual.join(", ") })}</div>
            )}
          </>
        );
      },
    },
    { title: words("trace.line"), number: true, cell: ({ line }) => line === undefined ? "–" : String(line) },
  ];
  const title = words("trace.decisions");
  return (
    <Card title={title} flush>
      <Table columns={columns} rows={decisions} caption={title} />
    </Card>
  );
}

function Client({ call, listeners }: { call: PageCall; listeners: readonly string[] }): View {
  const { words, query } = call;
  const value = (name: string) => query.get(name) ?? "";
  const area = (id: "to" | "listed") => (
    <Field id={id} label={words(`trace.${id}`)} hint={words(`trace.${id}.hint`)}>
      <textarea {...fieldState({ id, hint: words(`trace.${id}.hint`) })} spellcheck={false}>{value(id)}</textarea>
    </Field>
  );
  const check = (id: (typeof flags)[number] | "hostUnverified" | "certificateUnverified") => (
    <CheckField id={id} label={words(`trace.${id}`)} checked={query.has(id)} />
  );
  const text = (id: "ip" | "host" | "helo" | "certificate" | "auth" | "from", required = false) => (
    <TextField
      id={id}
      label={words(`trace.${id}`)}
      hint={words(`trace.${id}.hint`)}
      value={value(id)}
      required={required}
    />
  );
  return (
    <form method="get" action="/trace">
      <Card title={words("trace.client")}>
        <div class="two">
          {text("ip", true)}
          <div class="stack">
            {text("host")}
            {check("hostUnverified")}
          </div>
          {text("helo")}
          <ChoiceField
            id="listener"
            label={words("order.listener")}
            value={value("listener") || listeners[0]}
            choices={listeners.map((name) => [name, name])}
          />
          <ChoiceField
            id="tls"
            label={words("trace.tls")}
            value={value("tls")}
            choices={[
              ["", words("trace.tls.none")],
              ...["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"].map((name): [string, string] => [name, name]),
            ]}
          />
          <div class="stack">
            {text("certificate")}
            {check("certificateUnverified")}
          </div>
          {text("auth")}
          {area("listed")}
        </div>
      </Card>
      <Card title={words("trace.message")}>
        <div class="two">
          {text("from")}
          {area("to")}
        </div>
        {check("requiretls")}
        {check("tlsHeader")}
        {check("noDns")}
      </Card>
      <div class="row">
        <button type="submit" class="primary">{words("trace.start")}</button>
        <a class="button" href="/trace">{words("trace.clear")}</a>
      </div>
    </form>
  );
}
