/**
 * The form of one destination, or of the default entry.
 *
 * `/destinations/edit?domain=NAME` is where other pages lead to: where there is no entry for the domain, it makes one.
 *
 * @module
 */
import { pathText } from "../../../config/faults.ts";
import { parseDomainPattern } from "../../../config/values.ts";
import { Problem } from "../../problem.ts";
import { type Candidate, candidateOf, faultAt, namesUnder, submit } from "../candidate.ts";
import { faultWords } from "../faults.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, Facts, TextField } from "../parts.tsx";
import type { Words } from "../words.ts";
import { destinationBlock, destinationKeyList, destinationKeys, levels } from "./destination_keys.ts";
import {
  CandidateNotices,
  fieldValue,
  FormFaults,
  inheritedText,
  type KeyBlock,
  keyBlock,
  keyChanges,
  keyFault,
  KeyField,
  type KeyState,
  KeyValue,
  mayChange,
} from "./keys.tsx";

const domainsPath = ["destination_controls", "domains"] as const;

/** Adds the pages. */
export function mountDestinationForm(desk: Desk): void {
  desk.page("/destinations/edit", async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    const wished = (call.query.get("domain") ?? "").slice(0, 255);
    const name = entryOf(candidate, wished);
    // Who may not make one looks at those that are there.
    if (name === undefined && !mayChange(call)) throw new Problem(404);
    return <EntryPage {...{ call, candidate, name, wished, state: { errors: [] } }} />;
  });
  desk.page("/destinations/default", async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    return <DefaultPage {...{ call, candidate, state: { errors: [] } }} />;
  });
  desk.form("/destinations/edit", { action: "destinations.edit" }, editEntry);
  desk.form("/destinations/default", { action: "destinations.default" }, async (call) => {
    const { world, identity, fields, words } = call;
    const candidate = await candidateOf(world, identity.user);
    const changes = keyChanges(destinationKeyList, { block: destinationBlock(candidate, undefined), fields });
    const ended = await submit(world, { user: identity.user, words, changes });
    if (ended.ok) return { go: "/destinations", notice: { kind: "ok", text: words("common.staged") } };
    return { again: <DefaultPage {...{ call, candidate, state: { typed: fields, errors: ended.errors } }} /> };
  });
}

async function editEntry(call: FormCall): Promise<FormEnd> {
  const { world, identity, fields, words, note } = call;
  const candidate = await candidateOf(world, identity.user);
  const wished = fields.text("domain");
  note(wished);
  const existing = fields.ticked("existing");
  const again = (errors: KeyState["errors"]): FormEnd => {
    const name = existing ? entryOf(candidate, wished) : undefined;
    return { again: <EntryPage {...{ call, candidate, name, wished, state: { typed: fields, errors } }} /> };
  };
  const taken = entryOf(candidate, wished);
  if (existing) {
    if (taken === undefined) return again([{ path: "domain", detail: words("destinations.gone") }]);
    const changes = keyChanges(destinationKeyList, { block: destinationBlock(candidate, taken), fields });
    const ended = await submit(world, { user: identity.user, words, changes });
    return ended.ok ? done(words) : again(ended.errors);
  }
  const parsed = parseDomainPattern(wished);
  if (!parsed.ok) {
    return again([{ path: "domain", detail: faultWords(words, `${parsed.what}; ${parsed.right}`) }]);
  }
  if (taken !== undefined) return again([{ path: "domain", detail: words("destinations.exists") }]);
  const value = keyBlock(destinationKeyList, fields);
  const path = [...domainsPath, parsed.value];
  const ended = await submit(world, { user: identity.user, words, changes: [{ path, value }] });
  return ended.ok ? done(words) : again(ended.errors);
}

function done(words: Words): FormEnd {
  return { go: "/destinations", notice: { kind: "ok", text: words("common.staged") } };
}

/** The entry of a domain as the file writes it: letter case says nothing. */
function entryOf(candidate: Candidate, wished: string): string | undefined {
  const parsed = parseDomainPattern(wished);
  const name = parsed.ok ? parsed.value : wished.toLowerCase();
  if (candidate.said([...domainsPath, name]) !== undefined) return name;
  return namesUnder(candidate, domainsPath).find((each) => each.toLowerCase().replace(/\.$/, "") === name);
}

interface FormProps {
  call: PageCall;
  candidate: Candidate;
  state: KeyState;
}

function EntryPage(
  { call, candidate, name, wished, state }: FormProps & { name: string | undefined; wished: string },
): View {
  const { page, words } = call;
  const parsed = parseDomainPattern(wished);
  const block = destinationBlock(candidate, name ?? (parsed.ok ? parsed.value : wished));
  const place = pathText(block.path);
  const title = name === undefined ? words("destinations.add") : words("destinations.edit", { domain: name });
  const error = faultAt(state.errors, "domain") ??
    state.errors.find(({ path }) => name === undefined && path === place)?.detail;
  return (
    <Page
      page={page}
      title={title}
      about={words("destinations.edit.about")}
      above={{ path: "/destinations", title: words("nav.destinations") }}
    >
      <CandidateNotices {...{ words, candidate, path: place }} />
      <FormFaults {...{ words, errors: state.errors, shown: ["domain", ...shownPaths(block)] }} />
      {!mayChange(call) ? <Values {...{ words, candidate, block }} /> : (
        <form method="post" action="/destinations/edit">
          <Csrf page={page} />
          {name === undefined
            ? (
              <Card>
                <TextField
                  id="domain"
                  label={words("destinations.domain")}
                  hint={words("destinations.domain.hint")}
                  value={wished}
                  error={error}
                  required
                  autocomplete="off"
                />
              </Card>
            )
            : (
              <>
                <input type="hidden" name="existing" value="yes" />
                <input type="hidden" name="domain" value={name} />
              </>
            )}
          <Keys {...{ words, candidate, block, state }} />
        </form>
      )}
    </Page>
  );
}

/** For those who may only look. */
function Values({ words, candidate, block }: Omit<KeysProps, "state">): View {
  return (
    <Card>
      <Facts
        facts={destinationKeyList.map((spec) => [
          words(spec.label),
          <KeyValue {...{ spec, block, words, candidate }} />,
        ])}
      />
    </Card>
  );
}

function DefaultPage({ call, candidate, state }: FormProps): View {
  const { page, words } = call;
  const block = destinationBlock(candidate, undefined);
  return (
    <Page
      page={page}
      title={words("destinations.default")}
      about={words("destinations.default.about")}
      above={{ path: "/destinations", title: words("nav.destinations") }}
    >
      <CandidateNotices {...{ words, candidate, path: pathText(block.path) }} />
      <FormFaults {...{ words, errors: state.errors, shown: shownPaths(block) }} />
      {!mayChange(call)
        ? <Values {...{ words, candidate, block }} />
        : (
          <form method="post" action="/destinations/default">
            <Csrf page={page} />
            <Keys {...{ words, candidate, block, state }} />
          </form>
        )}
    </Page>
  );
}

function shownPaths({ path }: KeyBlock): string[] {
  return destinationKeyList.map(({ key }) => pathText([...path, key]));
}

interface KeysProps {
  words: Words;
  candidate: Candidate;
  block: KeyBlock;
  state: KeyState;
}

function Keys({ words, candidate, block, state }: KeysProps): View {
  const field = (key: keyof typeof destinationKeys) => (
    <KeyField {...{ spec: destinationKeys[key], words, candidate, block, state }} />
  );
  return (
    <>
      <Card>
        <LevelField {...{ words, candidate, block, state }} />
      </Card>
      <Card title={words("destinations.group.certificates")}>
        {field("verify_names")}
        {field("certificate")}
      </Card>
      <Card title={words("destinations.group.limits")}>
        <div class="two">
          {field("max_connections")}
          {field("max_messages_per_connection")}
          {field("max_recipients")}
          {field("recipients_interval")}
          {field("limit_apply_to")}
          {field("ip_preference")}
          {field("bounce_profile")}
        </div>
      </Card>
      <div class="row">
        <button type="submit" class="primary">{words("common.submit")}</button>
        <a class="button" href="/destinations">{words("common.cancel")}</a>
      </div>
    </>
  );
}

/** The level, each with what it does. */
function LevelField({ words, candidate, block, state }: KeysProps): View {
  const spec = destinationKeys.tls;
  const value = fieldValue(spec, { block, state });
  const error = keyFault(spec, block, state);
  const rows: [string, string, string][] = [
    ["", inheritedText(spec, { block, words, candidate }), ""],
    ...levels.map((level): [string, string, string] => [level, level, words(`destinations.level.${level}`)]),
  ];
  return (
    <fieldset aria-describedby={error === undefined ? undefined : "tls-error"}>
      <legend>{words(spec.label)}</legend>
      {rows.map(([level, name, text]) => {
        const id = `tls-${level === "" ? "inherited" : level}`;
        return (
          <div class="field">
            <span class="check">
              <input
                type="radio"
                name="tls"
                id={id}
                value={level}
                checked={level === value}
                aria-describedby={text === "" ? undefined : `${id}-hint`}
              />
              <label for={id}>{name}</label>
            </span>
            {text !== "" && <span class="hint" id={`${id}-hint`}>{text}</span>}
          </div>
        );
      })}
      {error !== undefined && <span class="error" id="tls-error">{error}</span>}
    </fieldset>
  );
}
