/**
 * Listeners: where mail is taken, how each does, and its main keys. Host access and recipient tables have pages of their own.
 *
 * @module
 */
import type { Change } from "../../../config/edit.ts";
import type { ListenerConfig } from "../../../config/config.ts";
import { type Candidate, candidateOf, faultAt, known, namesUnder, submit } from "../candidate.ts";
import type { Desk, FormFields, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Empty, Table, TextField } from "../parts.tsx";
import {
  blockOf,
  CandidateNotices,
  certificateChoices,
  FormFaults,
  type KeyBlock,
  keyBlock,
  keyChanges,
  KeyField,
  type KeySpec,
  type KeyState,
  mayChange,
  plainChoices,
  typedOf,
} from "../policies/keys.tsx";
import type { Words } from "../words.ts";
import { certificatePath } from "./certificates.tsx";

const root = "listeners";

// deno-fmt-ignore
const fieldSpecs: readonly KeySpec[] = [
  { key: "type",      label: "net.type",      hint: "net.type.hint",      kind: "choice", choices: plainChoices(["public", "private", "blackhole"]) },
  { key: "transport", label: "net.transport", hint: "net.transport.hint", kind: "choice", choices: plainChoices(["starttls", "smtps"]) },
  { key: "hostname",  label: "net.hostname",  hint: "net.hostname.hint",  kind: "text" },
  { key: "max_connections", label: "net.max_connections", kind: "number" },
];

/** It has to be there, so its field says nothing of what is inherited. */
const addressSpec: KeySpec = { key: "address", label: "net.address", kind: "text" };
const specs: readonly KeySpec[] = [addressSpec, ...fieldSpecs];

/** Adds the pages. */
export function mountListeners(desk: Desk): void {
  desk.page("/listeners", listPage);
  desk.page("/listeners/edit", async (call) => await editPage(call, call.query.get("name") ?? undefined), {
    role: "administrator",
  });
  desk.form("/listeners/edit", { action: "listener.edit" }, async (call) => {
    const { fields, words, world, identity, note } = call;
    const name = fields.text("name");
    note(name);
    const candidate = await candidateOf(world, identity.user);
    const isNew = fields.text("new") === "yes";
    const there = namesUnder(candidate, [root]).includes(name);
    if (isNew && (there || name === "")) {
      const detail = name === "" ? words("named.missing") : words("net.listener.exists", { name });
      const errors = [{ path: "name", detail }];
      return { again: await editPage(call, undefined, { typed: fields, errors }) };
    }
    if (!isNew) known(there ? name : undefined);
    const ended = await submit(world, {
      user: identity.user,
      words,
      changes: isNew ? newListener(name, fields) : changesOf(listenerBlock(candidate, name), fields),
    });
    if (ended.ok) return { go: "/listeners", notice: { kind: "ok", text: words("common.staged") } };
    return { again: await editPage(call, isNew ? undefined : name, { typed: fields, errors: ended.errors }) };
  });
  desk.form("/listeners/delete", { action: "listener.delete" }, async (call) => {
    const { fields, words, world, identity, note } = call;
    const name = fields.text("name");
    note(name);
    const candidate = await candidateOf(world, identity.user);
    known(namesUnder(candidate, [root]).includes(name) ? name : undefined);
    const ended = await submit(world, { user: identity.user, words, changes: [{ path: [root, name] }] });
    if (ended.ok) return { go: "/listeners", notice: { kind: "ok", text: words("common.staged") } };
    return { again: await editPage(call, name, { errors: ended.errors }) };
  });
}

function listenerBlock(candidate: Candidate, name: string | undefined): KeyBlock {
  const builtIn = {
    type: "public",
    transport: "starttls",
    hostname: candidate.config.hostname,
    certificate: "demo",
    max_connections: 1000,
  };
  return blockOf(candidate, { path: [root, name ?? ""], builtIn });
}

function changesOf(block: KeyBlock, fields: FormFields): Change[] {
  const changes = keyChanges(specs, { block, fields });
  const now = fields.list("certificate");
  const before = listed(block.said("certificate"));
  if (now.join() === before.join()) return changes;
  const value = now.length === 0 ? undefined : now.length === 1 ? now[0] : now;
  return [...changes, { path: [...block.path, "certificate"], value }];
}

function newListener(name: string, fields: FormFields): Change[] {
  const certificate = fields.list("certificate");
  const shown = certificate.length === 0
    ? {}
    : { certificate: certificate.length === 1 ? certificate[0] : certificate };
  return [{ path: [root, name], value: { ...keyBlock(specs, fields), ...shown } }];
}

function listed(value: unknown): string[] {
  return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);
}

/** A listener of the candidate or of the configuration in force, or of both. */
interface Row {
  name: string;
  config: ListenerConfig;
  state: "listening" | "down" | "suspended" | "staged" | "gone";
  sessions: number | undefined;
  /** With the port that it really has. */
  address: string;
}

function rowsOf({ world }: PageCall, { config }: Candidate): Row[] {
  const { listeners: met, suspended } = world.vitals();
  const wanted = new Map(config.listeners.map((listener) => [listener.name, listener]));
  const now = new Map(world.config().listeners.map((listener) => [listener.name, listener]));
  return [...new Map([...now, ...wanted])].map(([name, listener]): Row => {
    const vitals = met.find((each) => each.name === name);
    const isSuspended = suspended.listeners === "all" || suspended.listeners.includes(name);
    const { address, port } = listener.address;
    return {
      name,
      config: listener,
      state: !wanted.has(name)
        ? "gone"
        : !now.has(name)
        ? "staged"
        : isSuspended
        ? "suspended"
        : vitals?.listening
        ? "listening"
        : "down",
      sessions: vitals?.sessions,
      address: now.has(name) && vitals !== undefined && samePlace(now.get(name)!, listener)
        ? vitals.address
        : `${address.includes(":") ? `[${address}]` : address}:${port}`,
    };
  });
}

function samePlace(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.address.address === b.address.address && a.address.port === b.address.port;
}

/** Sender groups of a listener that the list names. */
const groupsShown = 5;

const tones = { listening: "ok", down: "bad", suspended: "warn", staged: "accent", gone: "warn" } as const;

async function listPage(call: PageCall): Promise<View> {
  const { page, words, world, identity } = call;
  const candidate = await candidateOf(world, identity.user);
  const may = mayChange(call);
  const columns: Column<Row>[] = [
    {
      title: words("common.name"),
      names: true,
      cell: ({ name, state, config }) => (
        <>
          {may && state !== "gone" ? <a href={`/listeners/edit?name=${encodeURIComponent(name)}`}>{name}</a> : name}
          <div class="small muted">{config.hostname}</div>
        </>
      ),
    },
    {
      title: words("net.state"),
      cell: ({ state }) => <Badge tone={tones[state]}>{words(`net.state.${state}`)}</Badge>,
    },
    {
      title: words("net.sessions"),
      number: true,
      cell: ({ sessions }) => sessions === undefined ? "–" : words.number(sessions),
    },
    {
      title: words("net.address"),
      cell: ({ address, config: { type, transport } }) => (
        <>
          <span class="nowrap">{address}</span>
          <div class="small muted nowrap">{type} · {transport}</div>
        </>
      ),
    },
    {
      title: words("net.certificates"),
      cell: ({ config }) =>
        config.certificate.map((name, at) => (
          <>
            {at > 0 && ", "}
            <a href={certificatePath(name)}>{name}</a>
          </>
        )),
    },
    {
      title: words("net.groups"),
      cell: ({ name, config: { sender_groups: groups } }) => (
        <>
          <span class="break">{groups.slice(0, groupsShown).map((group) => group.name).join(", ")}</span>
          {groups.length > groupsShown && (
            <div>
              <a href={`/hat?listener=${encodeURIComponent(name)}`}>
                {words("named.more", { count: groups.length - groupsShown })}
              </a>
            </div>
          )}
        </>
      ),
    },
  ];
  return (
    <Page
      page={page}
      title={words("nav.listeners")}
      about={words("net.listeners.about")}
      tools={may && <a class="button primary" href="/listeners/edit">{words("net.listener.add")}</a>}
    >
      <CandidateNotices {...{ words, candidate, path: root }} />
      <Card flush>
        <Table
          columns={columns}
          rows={rowsOf(call, candidate)}
          caption={words("nav.listeners")}
          empty={
            <Empty title={words("net.listeners.empty")}>
              <p>{words("net.listeners.empty.hint")}</p>
            </Empty>
          }
        />
      </Card>
    </Page>
  );
}

async function editPage(call: PageCall, name: string | undefined, state: KeyState = { errors: [] }): Promise<View> {
  const { page, words, world, identity } = call;
  const candidate = await candidateOf(world, identity.user);
  if (name !== undefined) known(namesUnder(candidate, [root]).includes(name) ? name : undefined);
  const block = listenerBlock(candidate, name);
  const { typed, errors } = state;
  const typedName = typed?.text("name") ?? "";
  const base = `${root}.${name ?? typedName}`;
  // The faults of a new one are told under the name that was typed.
  const drawn = { ...block, path: [root, name ?? typedName] };
  const shown = ["name", ...[...specs.map(({ key }) => key), "certificate"].map((key) => `${base}.${key}`)];
  return (
    <Page
      page={{ ...page, path: "/listeners" }}
      title={name ?? words("net.listener.add")}
      above={{ path: "/listeners", title: words("nav.listeners") }}
    >
      <FormFaults {...{ words, errors, shown }} />
      <form class="card" method="post" action="/listeners/edit">
        <Csrf page={page} />
        {name === undefined
          ? (
            <>
              <input type="hidden" name="new" value="yes" />
              <TextField
                id="name"
                label={words("common.name")}
                value={typedName}
                error={faultAt(errors, "name")}
                hint={words("net.listener.name.hint")}
                autocomplete="off"
                required
              />
            </>
          )
          : <input type="hidden" name="name" value={name} />}
        <div class="two">
          <TextField
            id="address"
            label={words("net.address")}
            value={typed?.text("address") ?? typedOf({}, block.said("address"))}
            hint={words("net.address.hint")}
            error={faultAt(errors, `${base}.address`)}
            autocomplete="off"
            required
          />
          {fieldSpecs.map((spec) => <KeyField {...{ spec, block: drawn, state, words, candidate }} />)}
        </div>
        <Certificates {...{ words, candidate, block, typed, error: faultAt(errors, `${base}.certificate`) }} />
        <div class="row">
          <button type="submit" class="primary">{words("common.submit")}</button>
          <a class="button" href="/listeners">{words("common.cancel")}</a>
        </div>
      </form>
      {name !== undefined && (
        <Card title={words("net.listener.tables")}>
          <div class="row">
            <a class="button" href={`/hat?listener=${encodeURIComponent(name)}`}>{words("nav.hat")}</a>
            <a class="button" href={`/rat?listener=${encodeURIComponent(name)}`}>{words("nav.rat")}</a>
          </div>
        </Card>
      )}
      {name !== undefined && (
        <Card title={words("net.listener.delete")}>
          <form method="post" action="/listeners/delete" data-confirm={words("net.listener.delete.sure", { name })}>
            <Csrf page={page} />
            <input type="hidden" name="name" value={name} />
            <p class="muted">{words("net.listener.delete.about")}</p>
            <div class="row">
              <button type="submit" class="danger">{words("common.delete")}</button>
            </div>
          </form>
        </Card>
      )}
    </Page>
  );
}

function Certificates({ words, candidate, block, typed, error }: {
  words: Words;
  candidate: Candidate;
  block: KeyBlock;
  typed: FormFields | undefined;
  error: string | undefined;
}): View {
  const chosen = typed?.list("certificate") ?? listed(block.said("certificate"));
  const names = [...new Set([...chosen, ...certificateChoices(candidate).map(([name]) => name)])];
  return (
    <fieldset aria-describedby="certificate-hint">
      <legend>{words("net.certificates")}</legend>
      <span class="hint" id="certificate-hint">{words("net.certificates.hint")}</span>
      <div class="row">
        {names.map((name, at) => (
          <span class="check">
            <input
              type="checkbox"
              id={`certificate-${at}`}
              name="certificate"
              value={name}
              checked={chosen.includes(name)}
            />
            <label for={`certificate-${at}`}>{name}</label>
          </span>
        ))}
      </div>
      {error !== undefined && <span class="error">{error}</span>}
    </fieldset>
  );
}
