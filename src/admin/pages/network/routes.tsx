/**
 * SMTP routes: where a domain's mail goes, in order of preference, instead of its MX hosts.
 *
 * @module
 */
import { type Candidate, candidateOf, faultAt, known, sortedNamesUnder, submit } from "../candidate.ts";
import type { Change } from "../../../config/edit.ts";
import type { FieldFault } from "../../problem.ts";
import type { Desk, FormFields, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, type Column, Empty, Field, fieldState, Pager, Table, TextField } from "../parts.tsx";
import { CandidateNotices, FormFaults, mayChange } from "../policies/keys.tsx";

const root = "smtp_routes";
/** Rows of a page. */
const rowsShown = 100;

/** Adds the pages. */
export function mountRoutes(desk: Desk): void {
  desk.page("/routes", listPage);
  desk.page(
    "/routes/edit",
    async (call) => await editPage(call, { domain: call.query.get("domain") ?? undefined, errors: [] }),
    { role: "administrator" },
  );
  desk.form("/routes/edit", { action: "route.edit" }, async (call) => {
    const { fields, words, world, identity, note } = call;
    const isNew = fields.text("new") === "yes";
    const domain = isNew ? fields.text("domain") : fields.exact("domain");
    note(domain);
    const candidate = await candidateOf(world, identity.user);
    const there = hasRoute(candidate, domain);
    const again = async (errors: readonly FieldFault[]) => ({
      again: await editPage(call, { domain: isNew ? undefined : domain, typed: fields, errors }),
    });
    if (isNew && there) return await again([{ path: "domain", detail: words("net.route.exists", { domain }) }]);
    if (!isNew) known(there ? domain : undefined);
    const hops = fields.lines("hops");
    if (hops.length === 0) return await again([{ path: `${root}.${domain}`, detail: words("net.route.none") }]);
    const changes: Change[] = hops.join() === hopsOf(candidate, domain).join()
      ? []
      : [{ path: [root, domain], value: hops }];
    const ended = await submit(world, { user: identity.user, words, changes });
    return ended.ok
      ? { go: "/routes", notice: { kind: "ok", text: words("common.staged") } }
      : await again(ended.errors);
  });
  desk.form("/routes/delete", { action: "route.delete" }, async (call) => {
    const { fields, words, world, identity, note } = call;
    const domain = fields.exact("domain");
    note(domain);
    const candidate = await candidateOf(world, identity.user);
    known(hasRoute(candidate, domain) ? domain : undefined);
    const ended = await submit(world, { user: identity.user, words, changes: [{ path: [root, domain] }] });
    if (ended.ok) return { go: "/routes", notice: { kind: "ok", text: words("common.staged") } };
    return { again: await editPage(call, { domain, errors: ended.errors }) };
  });
}

function hasRoute({ said }: Candidate, domain: string): boolean {
  return said([root, domain]) !== undefined;
}

/** The next hops of a domain as the file has them: one may stand alone. */
function hopsOf({ said }: Candidate, domain: string): string[] {
  const value = said([root, domain]);
  return value === undefined || value === null ? [] : (Array.isArray(value) ? value : [value]).map(String);
}

async function listPage(call: PageCall): Promise<View> {
  const { page, words, world, identity, query } = call;
  const candidate = await candidateOf(world, identity.user);
  const may = mayChange(call);
  const filter = (query.get("filter") ?? "").trim().toLowerCase().slice(0, 255);
  const descending = query.get("sort") === "-domain";
  const all = await sortedNamesUnder(candidate, [root]);
  const found = filter === "" ? all : all.filter((domain) => domain.toLowerCase().includes(filter));
  const cursor = Number(query.get("cursor") ?? 0);
  const from = Number.isSafeInteger(cursor) && cursor > 0 ? cursor : 0;
  const rows = descending
    ? found.slice(Math.max(0, found.length - from - rowsShown), Math.max(0, found.length - from)).reverse()
    : found.slice(from, from + rowsShown);
  const at = { path: page.path, query };
  const columns: Column<string>[] = [
    {
      title: words("net.route.domain"),
      sort: "domain",
      names: true,
      cell: (domain) => <span class="break">{domain}</span>,
    },
    {
      title: words("net.route.hops"),
      cell: (domain) => (
        <ol class="plain">
          {hopsOf(candidate, domain).map((hop) => <li class="break">{hop}</li>)}
        </ol>
      ),
    },
  ];
  if (may) {
    columns.push({
      title: words("common.actions"),
      cell: (domain) => (
        <div class="actions">
          <a
            class="button"
            href={`/routes/edit?domain=${encodeURIComponent(domain)}`}
            aria-label={`${words("common.edit")} ${domain}`}
          >
            {words("common.edit")}
          </a>
          <form
            class="inline"
            method="post"
            action="/routes/delete"
            data-confirm={words("net.route.delete.sure", { domain })}
          >
            <Csrf page={page} />
            <input type="hidden" name="domain" value={domain} />
            <button type="submit" class="danger" aria-label={`${words("common.delete")} ${domain}`}>
              {words("common.delete")}
            </button>
          </form>
        </div>
      ),
    });
  }
  const hint = filter === "" ? words("net.routes.empty.hint") : words("net.routes.empty.filter");
  return (
    <Page
      page={page}
      title={words("nav.routes")}
      about={words("net.routes.about")}
      tools={may && <a class="button primary" href="/routes/edit">{words("net.route.add")}</a>}
    >
      <CandidateNotices {...{ words, candidate, path: root }} />
      <form class="inline" method="get">
        <div class="field">
          <label for="filter">{words("net.route.domain")}</label>
          <input type="search" id="filter" name="filter" value={filter} />
        </div>
        <button type="submit">{words("common.search")}</button>
      </form>
      <Card flush>
        <Table
          columns={columns}
          rows={rows}
          caption={words("nav.routes")}
          at={at}
          empty={
            <Empty title={words("net.routes.empty")}>
              <p>{hint}</p>
            </Empty>
          }
        />
        <Pager
          words={words}
          at={at}
          shown={rows.length}
          next={from + rowsShown < found.length ? String(from + rowsShown) : undefined}
        />
      </Card>
    </Page>
  );
}

interface EditState {
  /** Absent: a new one. */
  domain?: string;
  typed?: FormFields;
  errors: readonly FieldFault[];
}

async function editPage(call: PageCall, { domain, typed, errors }: EditState): Promise<View> {
  const { page, words, world, identity } = call;
  const candidate = await candidateOf(world, identity.user);
  if (domain !== undefined) known(hasRoute(candidate, domain) ? domain : undefined);
  const said = domain === undefined ? "" : hopsOf(candidate, domain).join("\n");
  const hint = words("net.route.hops.hint");
  // Faults of next hops have a path below the domain; everything else about this route stands there too.
  const error = errors.find(({ path }) => path.startsWith(root))?.detail;
  const hops = { id: "hops", hint, error };
  return (
    <Page
      page={{ ...page, path: "/routes" }}
      title={domain ?? words("net.route.add")}
      above={{ path: "/routes", title: words("nav.routes") }}
    >
      <FormFaults {...{ words, errors, shown: ["domain", root] }} />
      <form class="card" method="post" action="/routes/edit">
        <Csrf page={page} />
        {domain === undefined
          ? (
            <>
              <input type="hidden" name="new" value="yes" />
              <TextField
                id="domain"
                label={words("net.route.domain")}
                value={typed?.text("domain")}
                hint={words("net.route.domain.hint")}
                error={faultAt(errors, "domain")}
                autocomplete="off"
                required
              />
            </>
          )
          : <input type="hidden" name="domain" value={domain} />}
        <Field {...hops} label={words("net.route.hops")}>
          <textarea {...fieldState(hops)} spellcheck={false}>{typed?.exact("hops") ?? said}</textarea>
        </Field>
        <div class="row">
          <button type="submit" class="primary">{words("common.submit")}</button>
          <a class="button" href="/routes">{words("common.cancel")}</a>
        </div>
      </form>
    </Page>
  );
}
