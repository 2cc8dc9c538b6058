/**
 * Pages of blocks that the owner names and that inherit from `default`: bounce profiles, mail flow policies.
 *
 * @module
 */
import { type Path, pathText } from "../../../config/faults.ts";
import { Problem } from "../../problem.ts";
import { type Candidate, candidateOf, namesUnder, submit } from "../candidate.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, type Column, Facts, Table, TextField } from "../parts.tsx";
import type { WordKey, Words } from "../words.ts";
import {
  blockOf,
  CandidateNotices,
  FormFaults,
  type KeyBlock,
  keyBlock,
  keyChanges,
  KeyField,
  type KeySpec,
  type KeyState,
  KeyValue,
  mayChange,
} from "./keys.tsx";

/** Blocks of one kind. */
export interface NamedKind {
  /** `/bounces`. */
  path: string;
  /** The word in the audit log: `bounces.edit`. */
  action: string;
  /** The map that has them. */
  root: string;
  builtIn: Readonly<Record<string, unknown>>;
  /** The keys, in the groups of the form. */
  groups: readonly { title: WordKey; keys: readonly KeySpec[] }[];
  /** What the list shows. */
  columns: readonly KeySpec[];
  /** Where a block is used, in words of the file. */
  usedBy(candidate: Candidate): ReadonlyMap<string, readonly string[]>;
  title: WordKey;
  about: WordKey;
  add: WordKey;
  /** `{name}`. */
  one: WordKey;
  /** `{name}`. */
  ask: WordKey;
}

/** Uses that are named; the rest is counted. */
const usesShown = 5;

/** Adds the pages of a kind. */
export function mountNamed(desk: Desk, kind: NamedKind): void {
  const specs = kind.groups.flatMap(({ keys }) => keys);
  desk.page(kind.path, async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    return <ListPage {...{ call, kind, candidate, errors: [] }} />;
  });
  desk.page(`${kind.path}/edit`, async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    const name = call.query.get("name") ?? undefined;
    if (name !== undefined && !namesOf(candidate, kind).includes(name)) throw new Problem(404);
    return <EditPage {...{ call, kind, candidate, name, state: { errors: [] } }} />;
  });
  desk.form(`${kind.path}/edit`, { action: `${kind.action}.edit` }, async (call) => {
    const { world, identity: { user }, fields, words, note } = call;
    const candidate = await candidateOf(world, user);
    const wished = fields.text("name");
    note(wished);
    const known = namesOf(candidate, kind).includes(wished);
    const existing = fields.ticked("existing");
    const again = (errors: KeyState["errors"]): FormEnd => {
      const name = existing && known ? wished : undefined;
      return { again: <EditPage {...{ call, kind, candidate, name, state: { typed: fields, errors } }} /> };
    };
    if (existing !== known) return again([{ path: "name", detail: words(known ? "named.exists" : "named.gone") }]);
    if (wished === "") return again([{ path: "name", detail: words("named.missing") }]);
    const block = blockFor(candidate, { kind, name: wished });
    const changes = existing
      ? keyChanges(specs, { block, fields })
      : [{ path: block.path, value: keyBlock(specs, fields) }];
    return await ended(call, { kind, changes, again });
  });
  desk.form(`${kind.path}/delete`, { action: `${kind.action}.delete` }, async (call) => {
    const { world, identity: { user }, fields, note } = call;
    const name = fields.exact("name");
    note(name);
    const candidate = await candidateOf(world, user);
    const again = (errors: KeyState["errors"]): FormEnd => (
      { again: <ListPage {...{ call, kind, candidate, errors }} /> }
    );
    return await ended(call, { kind, changes: [{ path: [kind.root, name] }], again });
  });
}

async function ended(
  { world, identity: { user }, words }: FormCall,
  { kind, changes, again }: {
    kind: NamedKind;
    changes: { path: Path; value?: unknown }[];
    again: (errors: KeyState["errors"]) => FormEnd;
  },
): Promise<FormEnd> {
  const result = await submit(world, { user, words, changes });
  if (!result.ok) return again(result.errors);
  return { go: kind.path, notice: { kind: "ok", text: words("common.staged") } };
}

/** `default` is always there and stands first. */
function namesOf(candidate: Candidate, { root }: NamedKind): string[] {
  return [...new Set(["default", ...namesUnder(candidate, [root])])];
}

function blockFor(
  candidate: Candidate,
  { kind: { root, builtIn }, name }: { kind: NamedKind; name: string },
): KeyBlock {
  return blockOf(candidate, {
    path: [root, name],
    builtIn,
    ...(name === "default" ? {} : { fallback: [root, "default"] }),
  });
}

interface ListProps {
  call: PageCall;
  kind: NamedKind;
  candidate: Candidate;
  errors: KeyState["errors"];
}

function ListPage({ call, kind, candidate, errors }: ListProps): View {
  const { page, words } = call;
  const may = mayChange(call);
  const uses = kind.usedBy(candidate);
  const rows = namesOf(candidate, kind).map((name) => ({ name, block: blockFor(candidate, { kind, name }) }));
  const address = (name: string) => `${kind.path}/edit?name=${encodeURIComponent(name)}`;
  const columns: Column<(typeof rows)[number]>[] = [
    {
      title: words("common.name"),
      names: true,
      cell: ({ name }) => <a class="break" href={address(name)}>{name}</a>,
    },
    ...kind.columns.map((spec): Column<(typeof rows)[number]> => ({
      title: words(spec.label),
      cell: ({ block }) => <KeyValue {...{ spec, block, words, candidate }} />,
    })),
    { title: words("named.used_by"), cell: ({ name }) => <Uses {...{ words, uses: uses.get(name) ?? [] }} /> },
  ];
  if (may) {
    columns.push({
      title: words("common.actions"),
      cell: ({ name }) => (
        <form class="inline" method="post" action={`${kind.path}/delete`} data-confirm={words(kind.ask, { name })}>
          <Csrf page={page} />
          <input type="hidden" name="name" value={name} />
          <a class="button" href={address(name)}>
            {words("common.edit")} <span class="sr-only">{name}</span>
          </a>
          {name !== "default" && (
            <button type="submit" class="danger">
              {words("common.delete")} <span class="sr-only">{name}</span>
            </button>
          )}
        </form>
      ),
    });
  }
  const title = words(kind.title);
  return (
    <Page page={{ ...page, path: kind.path }} title={title} about={words(kind.about)}>
      <CandidateNotices {...{ words, candidate, path: kind.root }} />
      <FormFaults {...{ words, errors, shown: [] }} />
      <Card flush tools={may && <a class="button primary" href={`${kind.path}/edit`}>{words(kind.add)}</a>}>
        <Table columns={columns} rows={rows} caption={title} />
      </Card>
    </Page>
  );
}

function Uses({ words, uses }: { words: Words; uses: readonly string[] }): View {
  if (uses.length === 0) return <span class="muted">{words("named.unused")}</span>;
  const rest = uses.length - usesShown;
  return (
    <div class="break">
      {uses.slice(0, usesShown).join(", ")}
      {rest > 0 && ` ${words("named.more", { count: rest })}`}
    </div>
  );
}

function EditPage(
  { call, kind, candidate, name, state }: {
    call: PageCall;
    kind: NamedKind;
    candidate: Candidate;
    name: string | undefined;
    state: KeyState;
  },
): View {
  const { page, words } = call;
  const wished = name ?? state.typed?.text("name") ?? "";
  const block = blockFor(candidate, { kind, name: wished });
  const place = pathText(block.path);
  const shown = kind.groups.flatMap(({ keys }) => keys.map(({ key }) => pathText([...block.path, key])));
  const nameFault = state.errors.find(({ path }) => path === "name" || path === place)?.detail;
  // What a new name is accused of stands beside it.
  const beside = name === undefined ? state.errors.filter(({ path }) => path !== place) : state.errors;
  return (
    <Page
      page={page}
      title={name === undefined ? words(kind.add) : words(kind.one, { name })}
      about={words(block.from === "default" ? "named.inherits" : "named.default.about")}
      above={{ path: kind.path, title: words(kind.title) }}
    >
      <CandidateNotices {...{ words, candidate, path: place }} />
      <FormFaults {...{ words, errors: beside, shown: ["name", ...shown] }} />
      {!mayChange(call)
        ? <Values {...{ words, kind, candidate, block }} />
        : (
          <form method="post" action={`${kind.path}/edit`}>
            <Csrf page={page} />
            {name === undefined
              ? (
                <Card>
                  <TextField
                    id="name"
                    label={words("common.name")}
                    hint={words("named.name.hint")}
                    value={wished}
                    error={nameFault}
                    required
                    autocomplete="off"
                  />
                </Card>
              )
              : (
                <>
                  <input type="hidden" name="existing" value="yes" />
                  <input type="hidden" name="name" value={name} />
                </>
              )}
            {kind.groups.map(({ title, keys }) => (
              <Card title={words(title)}>
                <div class="two">
                  {keys.map((spec) => <KeyField {...{ spec, words, candidate, block, state }} />)}
                </div>
              </Card>
            ))}
            <div class="row">
              <button type="submit" class="primary">{words("common.submit")}</button>
              <a class="button" href={kind.path}>{words("common.cancel")}</a>
            </div>
          </form>
        )}
    </Page>
  );
}

/** For those who may only look. */
function Values(
  { words, kind, candidate, block }: { words: Words; kind: NamedKind; candidate: Candidate; block: KeyBlock },
): View {
  return (
    <div class="stack">
      {kind.groups.map(({ title, keys }) => (
        <Card title={words(title)}>
          <Facts
            facts={keys.map((spec) => [words(spec.label), <KeyValue {...{ spec, block, words, candidate }} />])}
          />
        </Card>
      ))}
    </div>
  );
}
