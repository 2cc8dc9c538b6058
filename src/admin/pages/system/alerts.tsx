/**
 * Alerts: what there was since the start, who is told, and how.
 *
 * @module
 */
import { alertClasses, alertSeverities } from "../../../mail/alert.ts";
import type { AlertTestFacts } from "../../../control/alert_commands.ts";
import type { BoardRow } from "../../../services/alert_board.ts";
import { call as run } from "../../api/bridge.ts";
import { mayAct } from "../../identity.ts";
import type { FieldFault } from "../../problem.ts";
import { type Candidate, candidateOf, faultAt, known, submit } from "../candidate.ts";
import type { Desk, FormCall, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Empty, Table, TextField, type Tone } from "../parts.tsx";
import { levels } from "../policies/destination_keys.ts";
import {
  blockOf,
  CandidateNotices,
  FormFaults,
  keyChanges,
  KeyField,
  type KeySpec,
  mayChange,
  plainChoices,
} from "../policies/keys.tsx";
import { alertWords } from "../faults.ts";
import type { Words } from "../words.ts";
import { attempt, otherLines } from "./attempt.ts";
import { Refused } from "./shared.tsx";

// deno-fmt-ignore
const specs: readonly KeySpec[] = [
  { key: "from", label: "alerts.from", kind: "text" },
  { key: "repeat_after", label: "alerts.repeat_after", hint: "keys.time", kind: "text" },
  { key: "max_repeat", label: "alerts.max_repeat", hint: "keys.time", kind: "text" },
  { key: "server", label: "alerts.server", hint: "alerts.server_hint", kind: "text" },
  { key: "tls", label: "alerts.tls", kind: "choice", choices: plainChoices(levels) },
];
const path = ["alerts"] as const;

/** Adds the page. */
export function mountAlerts(desk: Desk): void {
  desk.page("/alerts", (call) => Alerts({ call }));
  desk.form("/alerts/test", { action: "alerts.test", role: "operator" }, (call) => {
    const { world, signal, words } = call;
    return attempt(async () => {
      const { items } = await run<AlertTestFacts>(world.commands, { name: "alerts test", signal, keep: true });
      const sent = items.every((item) => item.sent);
      const lines = items.map(({ recipient, text }) => `${recipient}: ${text}`);
      const text = words(sent ? "alerts.test_sent" : "alerts.test_failed");
      return { go: "/alerts", notice: { kind: sent ? "ok" : "bad", text, lines } };
    }, { words, again: (errors) => <Alerts call={call} lines={otherLines(errors, [])} /> });
  });
  desk.form("/alerts/settings", { action: "alerts.set" }, async (call) => {
    const { world, identity, words, fields } = call;
    const candidate = await candidateOf(world, identity.user);
    const changes = keyChanges(specs, { block: blockOfAlerts(candidate, words), fields });
    return await stage(call, { changes, typed: "settings" });
  });
  desk.form("/alerts/recipients", { action: "alerts.add_recipient" }, async (call) => {
    const { fields, note } = call;
    const candidate = await candidateOf(call.world, call.identity.user);
    const now = saidRecipients(candidate);
    const address = fields.text("address");
    note(address);
    const some = (name: string, all: readonly string[]) => {
      const chosen = fields.list(name);
      return chosen.length === 0 || chosen.length === all.length ? {} : { [name]: chosen };
    };
    const entry = { address, ...some("classes", alertClasses), ...some("severities", alertSeverities) };
    return await stage(call, { changes: [{ path: [...path, "recipients"], value: [...now, entry] }], typed: "new" });
  });
  desk.form("/alerts/recipients/delete", { action: "alerts.remove_recipient" }, async (call) => {
    const { fields, note } = call;
    const now = saidRecipients(await candidateOf(call.world, call.identity.user));
    const at = Number(fields.text("at"));
    // By place and address: another window may have taken one out meanwhile.
    const { address } = known(now[at]) as { address: unknown };
    if (String(address) !== fields.text("address")) known(undefined);
    note(String(address));
    return await stage(call, { changes: [{ path: [...path, "recipients"], value: now.toSpliced(at, 1) }] });
  });
}

function saidRecipients({ said }: Candidate): unknown[] {
  const value = said([...path, "recipients"]);
  return Array.isArray(value) ? value : [];
}

function blockOfAlerts(candidate: Candidate, words: Words) {
  const builtIn = {
    from: `alert@${candidate.config.hostname}`,
    repeat_after: "5m",
    max_repeat: "1h",
    server: words("alerts.server_none"),
    tls: "preferred",
  };
  return blockOf(candidate, { path, builtIn });
}

type FormName = "settings" | "new";

async function stage(
  call: FormCall,
  { changes, typed }: { changes: Parameters<typeof submit>[1]["changes"]; typed?: FormName },
) {
  const { world, identity, words } = call;
  const ended = await submit(world, { user: identity.user, words, changes });
  if (ended.ok) return { go: "/alerts", notice: { kind: "ok", text: words("common.staged") } } as const;
  return { again: <Alerts {...{ call, errors: ended.errors, typed }} /> };
}

async function Alerts(
  { call, errors = [], typed, lines = [] }: {
    call: PageCall | FormCall;
    errors?: readonly FieldFault[];
    typed?: FormName;
    lines?: readonly string[];
  },
): Promise<View> {
  const { page, words, world, identity } = call;
  const candidate = await candidateOf(world, identity.user);
  const block = blockOfAlerts(candidate, words);
  const may = mayChange(call);
  const fields = "fields" in call ? call.fields : undefined;
  const state = { errors, ...(typed === "settings" && fields !== undefined ? { typed: fields } : {}) };
  const shown = [...specs.map(({ key }) => `alerts.${key}`), "alerts.recipients"];
  return (
    <Page
      page={{ ...page, path: "/alerts" }}
      title={words("nav.alerts")}
      about={words("alerts.about")}
      tools={mayAct(identity.role, "operator") && (
        <form class="inline" method="post" action="/alerts/test">
          <Csrf page={page} />
          <button type="submit">{words("alerts.test")}</button>
        </form>
      )}
    >
      {lines.length > 0 && <Refused text={words("common.errors")} lines={lines} />}
      <CandidateNotices {...{ words, candidate, path: "alerts" }} />
      <FormFaults {...{ words, errors, shown }} />
      <Card title={words("alerts.board")} flush>
        <Table
          columns={columns(words)}
          rows={world.alerts()}
          caption={words("alerts.board")}
          empty={
            <Empty title={words("alerts.none")}>
              <p>{words("alerts.none.hint")}</p>
            </Empty>
          }
        />
      </Card>
      <Recipients
        {...{ call, candidate, may }}
        typed={typed === "new" ? fields?.text("address") : undefined}
        error={faultAt(errors, "alerts.recipients")}
      />
      <Card title={words("alerts.settings")}>
        <form method="post" action="/alerts/settings">
          <Csrf page={page} />
          <fieldset disabled={!may}>
            <legend class="sr-only">{words("alerts.settings")}</legend>
            {specs.map((spec) => <KeyField {...{ spec, block, state, words, candidate }} />)}
          </fieldset>
          {may && (
            <div>
              <button type="submit" class="primary">{words("common.submit")}</button>
            </div>
          )}
        </form>
      </Card>
    </Page>
  );
}

const tones: Record<BoardRow["severity"], Tone> = { critical: "bad", warning: "warn", info: "" };

function columns(words: Words): Column<BoardRow>[] {
  return [
    {
      title: words("alerts.severity"),
      cell: ({ severity }) => <Badge tone={tones[severity]}>{words(`alerts.severity.${severity}`)}</Badge>,
    },
    {
      title: words("alerts.what"),
      names: true,
      cell: (row) => {
        const { title, advice } = alertWords(words, row);
        return (
          <details>
            <summary class="break">{title}</summary>
            <p class="break">{row.text}</p>
            <p class="break muted">{advice}</p>
          </details>
        );
      },
    },
    {
      title: words("alerts.classes"),
      cell: ({ classes }) => classes.map((each) => words(`alerts.class.${each}`)).join(words("common.comma")),
    },
    { title: words("alerts.last"), cell: ({ last }) => <span class="nowrap">{words.time(last)}</span> },
    { title: words("alerts.first"), cell: ({ first }) => <span class="nowrap">{words.time(first)}</span> },
    { title: words("alerts.count"), number: true, cell: ({ count }) => words.number(count) },
  ];
}

interface RecipientRow {
  at: number;
  address: string;
  classes: string;
  severities: string;
}

function Recipients(
  { call, candidate, may, typed, error }: {
    call: PageCall;
    candidate: Candidate;
    may: boolean;
    typed?: string;
    error?: string;
  },
): View {
  const { page, words } = call;
  const names = (value: unknown, kind: "class" | "severity") =>
    Array.isArray(value) && value.length > 0
      ? value.map((each) => words.maybe(`alerts.${kind}.${each}`)).join(words("common.comma"))
      : words("alerts.all");
  const rows = saidRecipients(candidate).map((each, at): RecipientRow => {
    const { address, classes, severities } = (each ?? {}) as Record<string, unknown>;
    return {
      at,
      address: String(address),
      classes: names(classes, "class"),
      severities: names(severities, "severity"),
    };
  });
  const list: Column<RecipientRow>[] = [
    { title: words("alerts.address"), names: true, cell: ({ address }) => <span class="break">{address}</span> },
    { title: words("alerts.classes"), cell: ({ classes }) => classes },
    { title: words("alerts.severities"), cell: ({ severities }) => severities },
  ];
  if (may) {
    list.push({
      title: words("common.actions"),
      cell: ({ at, address }) => (
        <form class="inline" method="post" action="/alerts/recipients/delete">
          <Csrf page={page} />
          <input type="hidden" name="at" value={`${at}`} />
          <input type="hidden" name="address" value={address} />
          <button type="submit" class="danger" aria-label={`${words("common.delete")}: ${address}`}>
            {words("common.delete")}
          </button>
        </form>
      ),
    });
  }
  return (
    <Card title={words("alerts.recipients")}>
      <Table
        columns={list}
        rows={rows}
        caption={words("alerts.recipients")}
        empty={
          <Empty title={words("alerts.nobody")}>
            {may && <p>{words("alerts.nobody.hint")}</p>}
          </Empty>
        }
      />
      {may && (
        <form method="post" action="/alerts/recipients">
          <Csrf page={page} />
          <TextField
            id="address"
            label={words("alerts.address")}
            value={typed}
            error={error}
            autocomplete="off"
            required
          />
          <Boxes {...{ words, name: "classes", kind: "class", values: alertClasses }} />
          <Boxes {...{ words, name: "severities", kind: "severity", values: alertSeverities }} />
          <p class="hint">{words("alerts.boxes_hint")}</p>
          <div>
            <button type="submit">{words("common.add")}</button>
          </div>
        </form>
      )}
    </Card>
  );
}

function Boxes(
  { words, name, kind, values }: {
    words: Words;
    name: "classes" | "severities";
    kind: "class" | "severity";
    values: readonly string[];
  },
): View {
  return (
    <fieldset>
      <legend>{words(`alerts.${name}`)}</legend>
      <div class="row">
        {values.map((value) => (
          <span class="check">
            <input type="checkbox" id={`${name}-${value}`} name={name} value={value} />
            <label for={`${name}-${value}`}>{words.maybe(`alerts.${kind}.${value}`)}</label>
          </span>
        ))}
      </div>
    </fieldset>
  );
}
