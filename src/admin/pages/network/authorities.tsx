/**
 * Authorities that are trusted, revocation lists, and what responders say of our own certificates.
 *
 * @module
 */
import type { AuthoritiesItem, AuthorityChange } from "../../../control/authority_commands.ts";
import type { ListsItem, StatusItem } from "../../../control/revocation_commands.ts";
import type { CommandArgs, SentFiles } from "../../../control/protocol.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Empty, Table, TextField } from "../parts.tsx";
import { mayChange } from "../policies/keys.tsx";
import type { WordKey } from "../words.ts";
import { act, type Acted, argsOf, filesOf, look } from "./act.ts";
import { fileAnswer } from "./certificate.tsx";
import { ListsCard, StatusesCard } from "./revocation.tsx";

const path = "/authorities";

/** Adds the page. */
export function mountAuthorities(desk: Desk): void {
  desk.page(path, (call) => authoritiesPage(call));
  desk.page(`${path}/export/:name`, async (call) => {
    const { name } = call.params;
    const acted = await look<{ pem: string }>(call, { name: "certconfig authorities export", args: { name } });
    if (!acted.ok) return await authoritiesPage(call, acted.lines);
    return fileAnswer(acted.items[0].pem, { name: `${name}.pem`, type: "application/x-pem-file" });
  });
  const form = (
    word: string,
    ask: (call: FormCall) => Promise<{ command: string; args: CommandArgs; files?: SentFiles; about?: string }>,
  ) =>
    desk.form(`${path}/${word}`, { action: `authorities.${word}` }, async (call) => {
      const { command, args, files, about } = await ask(call);
      call.note([`certconfig ${command}`, about ?? []].flat().join(" "));
      return await end(call, await act<AuthorityChange>(call, { name: `certconfig ${command}`, args, files }));
    });
  form("add", async (call) => {
    const { fields } = call;
    const files = await filesOf(call, ["file"]);
    return { command: "authorities add", args: argsOf(fields, ["name"]), files };
  });
  form("remove", ({ fields }) => {
    const name = fields.text("name");
    return Promise.resolve({ command: "authorities remove", args: { name }, about: name });
  });
  form("system", ({ fields }) => {
    const state = fields.text("state");
    return Promise.resolve({ command: "authorities system", args: { state }, about: state });
  });
  form("crl-add", ({ fields }) => {
    const source = fields.text("source");
    return Promise.resolve({ command: "crls add", args: { source }, about: source });
  });
  form("crl-remove", ({ fields }) => {
    const source = fields.text("source");
    return Promise.resolve({ command: "crls remove", args: { source }, about: source });
  });
  const refresh = (word: string, command: string, done: WordKey) =>
    desk.form(`${path}/${word}`, { action: `authorities.${word}`, role: "operator" }, async (call) => {
      const acted = await act<unknown>(call, { name: command, args: argsOf(call.fields, ["url"]) });
      if (!acted.ok) return { again: await authoritiesPage(call, acted.lines) };
      return { go: path, notice: { kind: "ok", text: call.words(done) } };
    });
  refresh("crl-refresh", "certconfig crls refresh", "net.crls.refreshed");
  refresh("ocsp-refresh", "certconfig ocsp refresh", "net.ocsp.refreshed");
}

async function end(call: FormCall, acted: Acted<AuthorityChange>): Promise<FormEnd> {
  if (!acted.ok) return { again: await authoritiesPage(call, acted.lines) };
  return {
    go: path,
    notice: {
      kind: acted.warnings.length > 0 ? "warn" : "ok",
      text: call.words("common.staged"),
      lines: [...acted.items.map(({ done }) => done), ...acted.warnings],
    },
  };
}

/** What a command gives; lines where it cannot. */
async function asked<T>(call: PageCall, name: string): Promise<{ item?: T; lines: readonly string[] }> {
  const acted = await look<T>(call, { name });
  return acted.ok ? { item: acted.items[0], lines: acted.warnings } : { lines: acted.lines };
}

async function authoritiesPage(call: PageCall, trouble: readonly string[] = []): Promise<View> {
  const { page, words } = call;
  const [authorities, lists, statuses] = await Promise.all([
    asked<AuthoritiesItem>(call, "certconfig authorities list"),
    asked<ListsItem>(call, "certconfig crls list"),
    asked<StatusItem>(call, "certconfig ocsp list"),
  ]);
  const lines = [...trouble, ...authorities.lines, ...lists.lines, ...statuses.lines];
  const held = authorities.item;
  return (
    <Page page={{ ...page, path }} title={words("nav.authorities")} about={words("net.authorities.about")}>
      {lines.length > 0 && <NoticeBox notice={{ kind: "bad", text: words("common.errors"), lines }} />}
      {held !== undefined && (
        <>
          <System {...{ call, held }} />
          <Bundles {...{ call, held }} />
        </>
      )}
      {mayChange(call) && <AddBundle call={call} />}
      <ListsCard {...{ call, lists: lists.item }} />
      <StatusesCard {...{ call, statuses: statuses.item }} />
    </Page>
  );
}

interface HeldProps {
  call: PageCall;
  held: AuthoritiesItem;
}

function System({ call, held: { system } }: HeldProps): View {
  const { page, words } = call;
  const { trusted, file, certificates, updates } = system;
  const fetched = updates?.fetching?.fetched;
  return (
    <Card title={words("net.system")}>
      <p>
        <Badge tone={trusted ? "ok" : "warn"}>{words(trusted ? "net.system.on" : "net.system.off")}</Badge>{" "}
        <span class="break">
          {file === null ? words("net.system.none") : words("net.system.held", { count: certificates, file })}
        </span>
      </p>
      {updates !== undefined && (
        <div class="small">
          <span class="break">
            {words("net.system.updates", {
              url: updates.url,
              time: fetched === undefined ? words("common.never") : words.time(fetched),
            })}
          </span>
          {updates.fetching?.failure !== undefined && <div class="bad break">{updates.fetching.failure}</div>}
        </div>
      )}
      {mayChange(call) && (
        <form method="post" action={`${path}/system`}>
          <Csrf page={page} />
          <input type="hidden" name="state" value={trusted ? "off" : "on"} />
          <div class="row">
            <button type="submit">{words(trusted ? "net.system.turn_off" : "net.system.turn_on")}</button>
            {file !== null && <a class="button" href={`${path}/export/system`} download>{words("net.export")}</a>}
          </div>
        </form>
      )}
    </Card>
  );
}

type Bundle = AuthoritiesItem["bundles"][number];

function Bundles({ call, held: { bundles, now } }: HeldProps): View {
  const { page, words } = call;
  const columns: Column<Bundle>[] = [
    { title: words("net.bundle"), names: true, cell: ({ name }) => <span class="break">{name}</span> },
    {
      title: words("net.bundle.certificates"),
      cell: ({ certificates, fault }) => (
        <>
          {fault !== undefined && <span class="bad break">{fault}</span>}
          <ul class="plain">
            {certificates.slice(0, 20).map(({ subject, notAfter, key, authority, fingerprint }) => (
              <li>
                <div class="break">{subject}</div>
                <Badge tone={notAfter <= now ? "bad" : ""}>
                  {words(notAfter <= now ? "net.bundle.expired" : "net.bundle.until", { day: words.day(notAfter) })}
                </Badge>{" "}
                {!authority && <Badge tone="warn">{words("net.bundle.no_authority")}</Badge>}
                <div class="small muted break">{key} · SHA-256 {fingerprint}</div>
              </li>
            ))}
          </ul>
          {certificates.length > 20 && <span class="muted">{words("common.more")}</span>}
        </>
      ),
    },
  ];
  if (mayChange(call)) {
    columns.push({
      title: words("common.actions"),
      cell: ({ name }) => (
        <div class="actions">
          <a
            class="button"
            href={`${path}/export/${encodeURIComponent(name)}`}
            download
            aria-label={`${words("net.export")} ${name}`}
          >
            {words("net.export")}
          </a>
          <form
            class="inline"
            method="post"
            action={`${path}/remove`}
            data-confirm={words("net.bundle.remove.sure", { name })}
          >
            <Csrf page={page} />
            <input type="hidden" name="name" value={name} />
            <button type="submit" class="danger" aria-label={`${words("common.delete")} ${name}`}>
              {words("common.delete")}
            </button>
          </form>
        </div>
      ),
    });
  }
  const title = words("net.bundles");
  return (
    <Card title={title} flush>
      <Table
        columns={columns}
        rows={bundles}
        caption={title}
        empty={
          <Empty title={words("net.bundles.empty")}>
            <p>{words("net.bundles.empty.hint")}</p>
          </Empty>
        }
      />
    </Card>
  );
}

function AddBundle({ call: { page, words } }: { call: PageCall }): View {
  return (
    <Card title={words("net.bundle.add")}>
      <form method="post" action={`${path}/add`} enctype="multipart/form-data">
        <Csrf page={page} />
        <p class="muted">{words("net.bundle.add.about")}</p>
        <div class="two">
          <TextField
            id="file"
            type="file"
            label={words("net.bundle.file")}
            hint={words("net.bundle.file.hint")}
            required
          />
          <TextField
            id="name"
            label={words("net.bundle.name")}
            hint={words("net.bundle.name.hint")}
            autocomplete="off"
          />
        </div>
        <div class="row">
          <button type="submit" class="primary">{words("net.bundle.add.submit")}</button>
        </div>
      </form>
    </Card>
  );
}
