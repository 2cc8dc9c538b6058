/**
 * Destination controls: what counts for all destinations, the default entry, and the entries by domain.
 *
 * @module
 */
import type { Change } from "../../../config/edit.ts";
import type { FieldFault } from "../../problem.ts";
import { type Candidate, candidateOf, faultAt, sortedNamesUnder, submit } from "../candidate.ts";
import type { Desk, FormFields, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, CheckField, ChoiceField, type Column, Empty, Facts, Pager, Table } from "../parts.tsx";
import { mountDestinationForm } from "./destination_form.tsx";
import { destinationBlock, destinationKeyList, destinationKeys, levels } from "./destination_keys.ts";
import { CandidateNotices, certificateChoices, FormFaults, KeyValue, mayChange, noneChoice, typedOf } from "./keys.tsx";

/** Rows of a page. */
const rowsShown = 100;
const root = ["destination_controls"] as const;

/** Adds the pages. */
export function mountDestinations(desk: Desk): void {
  desk.page("/destinations", async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    return <Overview {...{ call, candidate, errors: [] }} />;
  });
  desk.form("/destinations/settings", { action: "destinations.settings" }, async (call) => {
    const { fields, words, world, identity } = call;
    const candidate = await candidateOf(world, identity.user);
    const changes = settingsChanges(candidate, fields);
    const ended = await submit(world, { user: identity.user, words, changes });
    if (ended.ok) return { go: "/destinations", notice: { kind: "ok", text: words("common.staged") } };
    return { again: <Overview {...{ call, candidate, errors: ended.errors, typed: fields }} /> };
  });
  desk.form("/destinations/delete", { action: "destinations.delete" }, async (call) => {
    const { fields, words, world, identity, note } = call;
    const domain = fields.exact("domain");
    note(domain);
    const path = [...root, "domains", domain];
    const ended = await submit(world, { user: identity.user, words, changes: [{ path }] });
    if (ended.ok) return { go: "/destinations", notice: { kind: "ok", text: words("common.staged") } };
    const candidate = await candidateOf(world, identity.user);
    return { again: <Overview {...{ call, candidate, errors: ended.errors }} /> };
  });
  mountDestinationForm(desk);
}

const alertKey = "alert_on_required_tls_failure";

function settingsChanges({ said }: Candidate, fields: FormFields): Change[] {
  const changes: Change[] = [];
  const certificate = fields.text("certificate");
  if (certificate !== (typedOf({}, said([...root, "certificate"])) || noneChoice)) {
    // Without the key there is none either, and the file stays short.
    changes.push({ path: [...root, "certificate"], value: certificate === noneChoice ? undefined : certificate });
  }
  const alert = fields.ticked(alertKey);
  if (alert !== (said([...root, alertKey]) === true)) changes.push({ path: [...root, alertKey], value: alert });
  return changes;
}

interface OverviewProps {
  call: PageCall;
  candidate: Candidate;
  errors: readonly FieldFault[];
  typed?: FormFields;
}

function Overview({ call, candidate, errors, typed }: OverviewProps): View {
  const { page, words } = call;
  const shown = [`${root[0]}.certificate`, `${root[0]}.${alertKey}`];
  return (
    <Page
      page={{ ...page, path: "/destinations" }}
      title={words("nav.destinations")}
      about={words("destinations.about")}
      tools={
        <>
          <a class="button" href="#default-entry">{words("destinations.default")}</a>
          <a class="button" href="#settings">{words("destinations.settings")}</a>
        </>
      }
    >
      <CandidateNotices {...{ words, candidate, path: root[0] }} />
      <FormFaults {...{ words, errors, shown }} />
      <Entries {...{ call, candidate }} />
      <div class="grid">
        <DefaultEntry {...{ call, candidate }} />
        <div class="stack">
          <Settings {...{ call, candidate, errors, typed }} />
          <Levels call={call} />
        </div>
      </div>
    </Page>
  );
}

function Settings({ call, candidate, errors, typed }: OverviewProps): View {
  const { page, words } = call;
  const { said } = candidate;
  const may = mayChange(call);
  const certificate = typed?.text("certificate") ?? (typedOf({}, said([...root, "certificate"])) || noneChoice);
  const known: [string, string][] = [
    [noneChoice, words("destinations.certificate.none")],
    ...certificateChoices(candidate).map(([name, shown]): [string, string] => [name, shown]),
  ];
  if (!known.some(([name]) => name === certificate)) known.push([certificate, certificate]);
  return (
    <Card id="settings" title={words("destinations.settings")}>
      <form method="post" action="/destinations/settings">
        <Csrf page={page} />
        <ChoiceField
          id="certificate"
          label={words("destinations.certificate")}
          hint={words("destinations.settings.certificate.hint")}
          value={certificate}
          choices={known}
          error={faultAt(errors, `${root[0]}.certificate`)}
          disabled={!may}
        />
        <CheckField
          id={alertKey}
          label={words("destinations.alert")}
          hint={words("destinations.alert.hint")}
          checked={typed?.ticked(alertKey) ?? said([...root, alertKey]) === true}
          disabled={!may}
        />
        {may && (
          <div class="row">
            <button type="submit" class="primary">{words("common.submit")}</button>
          </div>
        )}
      </form>
    </Card>
  );
}

function DefaultEntry({ call, candidate }: { call: PageCall; candidate: Candidate }): View {
  const { words } = call;
  const block = destinationBlock(candidate, undefined);
  return (
    <Card
      id="default-entry"
      title={words("destinations.default")}
      tools={mayChange(call) && <a class="button" href="/destinations/default">{words("common.edit")}</a>}
    >
      <p class="muted">{words("destinations.default.about")}</p>
      <Facts
        facts={destinationKeyList.map((spec) => [
          words(spec.label),
          <KeyValue {...{ spec, block, words, candidate }} />,
        ])}
      />
    </Card>
  );
}

function Levels({ call: { words } }: { call: PageCall }): View {
  return (
    <Card title={words("destinations.levels")}>
      <Facts facts={levels.map((level) => [level, words(`destinations.level.${level}`)])} />
    </Card>
  );
}

async function Entries({ call, candidate }: { call: PageCall; candidate: Candidate }): Promise<View> {
  const { page, words, query } = call;
  const may = mayChange(call);
  const filter = (query.get("filter") ?? "").trim().toLowerCase();
  const offset = Math.max(0, Math.trunc(Number(query.get("cursor") ?? 0)) || 0);
  const all = await sortedNamesUnder(candidate, [...root, "domains"]);
  const names = filter === "" ? all : all.filter((name) => name.toLowerCase().includes(filter));
  const rows = names.slice(offset, offset + rowsShown).map((name) => ({
    name,
    block: destinationBlock(candidate, name),
  }));
  const column = (key: keyof typeof destinationKeys): Column<(typeof rows)[number]> => ({
    title: words(destinationKeys[key].label),
    cell: ({ block }) => <KeyValue {...{ spec: destinationKeys[key], block, words, candidate }} />,
  });
  const columns: Column<(typeof rows)[number]>[] = [
    {
      title: words("destinations.domain"),
      names: true,
      cell: ({ name }) => <a class="break" href={`/destinations/edit?domain=${encodeURIComponent(name)}`}>{name}</a>,
    },
    column("tls"),
    column("max_connections"),
    column("max_recipients"),
    column("bounce_profile"),
  ];
  if (may) {
    columns.push({
      title: words("common.actions"),
      cell: ({ name }) => (
        <form
          class="inline"
          method="post"
          action="/destinations/delete"
          data-confirm={words("destinations.delete.ask", { domain: name })}
        >
          <Csrf page={page} />
          <input type="hidden" name="domain" value={name} />
          <a class="button" href={`/destinations/edit?domain=${encodeURIComponent(name)}`}>
            {words("common.edit")} <span class="sr-only">{name}</span>
          </a>
          <button type="submit" class="danger">
            {words("common.delete")} <span class="sr-only">{name}</span>
          </button>
        </form>
      ),
    });
  }
  const title = words("destinations.entries");
  return (
    <Card
      flush
      title={title}
      tools={
        <>
          <form class="inline" method="get" action="/destinations" role="search">
            <input
              type="search"
              size={26}
              name="filter"
              value={filter}
              aria-label={words("destinations.filter")}
              placeholder={words("destinations.filter")}
            />
            <button type="submit">{words("common.filter")}</button>
          </form>
          {may && <a class="button primary" href="/destinations/edit">{words("destinations.add")}</a>}
        </>
      }
    >
      <Table
        columns={columns}
        rows={rows}
        caption={title}
        empty={
          <Empty title={words(filter === "" ? "destinations.empty" : "destinations.no_match")}>
            <p>{words("destinations.empty.hint")}</p>
          </Empty>
        }
      />
      {names.length > rowsShown && (
        <Pager
          words={words}
          at={{ path: "/destinations", query }}
          shown={rows.length}
          next={offset + rowsShown < names.length ? String(offset + rowsShown) : undefined}
        />
      )}
    </Card>
  );
}
