/**
 * Archives of configuration, certificates and keys: made, kept, downloaded, uploaded, looked at and restored.
 *
 * Each step that opens or seals one asks for its password, which is kept nowhere. What restoring would change is shown before it is done.
 *
 * @module
 */
import { limits } from "../../../base/limits.ts";
import { passwordCharactersMin } from "../../../certs/backup_seal.ts";
import type { LoadedFacts, SavedFacts } from "../../../control/backup_commands.ts";
import type { KeptBackup } from "../../backups.ts";
import { Problem } from "../../problem.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, type Column, Empty, Table, TextField } from "../parts.tsx";
import { act, type Acted, look, passwordFile } from "../network/act.ts";
import { Plan } from "./backup_plan.tsx";
import { Confirm } from "./changes.tsx";

const administrator = { role: "administrator" } as const;

/** Adds the pages. */
export function mountBackups(desk: Desk): void {
  desk.page("/backups", (call) => List({ call }), administrator);
  desk.form("/backups", { action: "backup.make" }, make);
  desk.form("/backups/upload", { action: "backup.upload" }, upload);
  desk.page("/backups/:name", (call) => One({ call }), administrator);
  desk.page("/backups/:name/download", download, administrator);
  desk.form("/backups/:name/show", { action: "backup.show" }, async (call) => {
    const loaded = await load(call, { yes: false });
    if (!loaded.ok) return { again: <One call={call} error={loaded.lines.join(" ")} /> };
    return { show: <One call={call} loaded={loaded} /> };
  });
  desk.form("/backups/:name/restore", { action: "backup.restore" }, restore);
  desk.form("/backups/:name/delete", { action: "backup.delete" }, async ({ world, words, params: { name } }) => {
    if (!await world.backups.remove(name)) throw new Problem(404);
    return { go: "/backups", notice: { kind: "ok", text: words("backup.deleted", { name }) } };
  });
}

async function make(call: FormCall): Promise<FormEnd> {
  const { fields, words, world, note } = call;
  const password = fields.exact("password");
  const again = (errors: Errors) => ({ again: <List {...{ call, errors }} /> });
  if ([...password].length < passwordCharactersMin) {
    return again({ password: words("backup.short", { count: passwordCharactersMin }) });
  }
  if (password !== fields.exact("again")) return again({ again: words("account.differs") });
  if (!await world.backups.hasRoom()) return again({ password: words("backup.many", { max: limits.backupsMax }) });
  const saved = await look<SavedFacts>(call, {
    name: "saveconfig",
    files: { "password-file": [passwordFile(password)] },
  });
  if (!saved.ok) return again({ password: saved.lines.join(" ") });
  const name = await world.backups.keep("made", Uint8Array.fromBase64(saved.files[0].content));
  note(name);
  const lines = saved.warnings;
  return {
    go: "/backups",
    notice: { kind: lines.length > 0 ? "warn" : "ok", text: words("backup.made", { name }), lines },
  };
}

async function upload(call: FormCall): Promise<FormEnd> {
  const { fields, words, world, note } = call;
  const file = fields.file("file");
  const again = (errors: Errors) => ({ again: <List {...{ call, errors }} /> });
  if (file === undefined) return again({ file: words("configuration.no_file") });
  if (!await world.backups.hasRoom()) return again({ file: words("backup.many", { max: limits.backupsMax }) });
  const content = await file.bytes();
  // What its password does not open is kept by nobody.
  const opened = await look<LoadedFacts>(call, loadCommand(call, { name: file.name, content, yes: false }));
  if (!opened.ok) return again({ opening: opened.lines.join(" ") });
  const name = await world.backups.keep("uploaded", content);
  note(name);
  return { go: `/backups/${name}`, notice: { kind: "ok", text: words("backup.uploaded") } };
}

async function restore(call: FormCall): Promise<FormEnd> {
  const { words, note } = call;
  const loaded = await load(call, { yes: true });
  if (!loaded.ok) return { again: <One call={call} error={loaded.lines.join(" ")} /> };
  const { items: [{ files, confirm }], warnings: lines } = loaded;
  note(`${files.filter(({ deed }) => deed === "added" || deed === "replaced").length} files`);
  if (confirm !== undefined) return { show: <Confirm call={call} waiting={confirm} /> };
  return {
    go: "/configuration",
    notice: { kind: lines.length > 0 ? "warn" : "ok", text: words("backup.restored"), lines },
  };
}

async function download({ params: { name }, world, identity: { user, via }, context }: PageCall): Promise<Response> {
  const content = await world.backups.read(name);
  if (content === undefined) throw new Problem(404);
  const { address } = context.var.client;
  world.audit.note({ action: "backup.download", ok: true, user, via, address, target: name });
  return context.body(content, 200, {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `attachment; filename="${name}"`,
  });
}

/** Opens the archive that the path names, and restores it where that is wanted. */
async function load(call: FormCall, { yes }: { yes: boolean }): Promise<Acted<LoadedFacts>> {
  const { world, params: { name } } = call;
  const content = await world.backups.read(name);
  if (content === undefined) throw new Problem(404);
  return await (yes ? act : look)<LoadedFacts>(call, loadCommand(call, { name, content, yes }));
}

function loadCommand(
  { fields }: FormCall,
  { name, content, yes }: { name: string; content: Uint8Array; yes: boolean },
): Parameters<typeof look>[1] {
  return {
    name: "loadconfig",
    args: yes ? { yes: true } : {},
    files: {
      "file": [{ name, content: content.toBase64() }],
      "password-file": [passwordFile(fields.exact("opening"))],
    },
  };
}

/** What is wrong, by field. */
type Errors = Partial<Record<"password" | "again" | "file" | "opening", string>>;

async function List({ call, errors = {} }: { call: PageCall; errors?: Errors }): Promise<View> {
  const { page, words, world } = call;
  const secret = (id: "password" | "again" | "opening") =>
    ({ id, type: "password", error: errors[id], required: true }) as const;
  const fresh = { autocomplete: "new-password" };
  return (
    <Page page={{ ...page, path: "/backups" }} title={words("nav.backups")} about={words("backup.about")}>
      <Card title={words("backup.kept")} flush>
        <Table
          columns={columnsOf(call)}
          rows={await world.backups.list()}
          caption={words("backup.kept")}
          empty={
            <Empty title={words("backup.none")}>
              <p>{words("backup.none_about")}</p>
            </Empty>
          }
        />
      </Card>
      <div class="grid">
        <Card title={words("backup.make")}>
          <p>{words("backup.make_about")}</p>
          <form method="post" action="/backups">
            <Csrf page={page} />
            <TextField
              {...secret("password")}
              {...fresh}
              label={words("backup.new_password", { count: passwordCharactersMin })}
              hint={words("backup.password_hint")}
            />
            <TextField {...secret("again")} {...fresh} label={words("backup.again")} />
            <div>
              <button type="submit" class="primary">{words("backup.make_submit")}</button>
            </div>
          </form>
        </Card>
        <Card title={words("backup.upload")}>
          <p>{words("backup.upload_about")}</p>
          <form method="post" action="/backups/upload" enctype="multipart/form-data">
            <Csrf page={page} />
            <TextField
              id="file"
              type="file"
              label={words("backup.file")}
              accept=".backup"
              error={errors.file}
              required
            />
            <TextField {...secret("opening")} autocomplete="off" label={words("backup.password")} />
            <div>
              <button type="submit">{words("backup.upload_submit")}</button>
            </div>
          </form>
        </Card>
      </div>
    </Page>
  );
}

function columnsOf({ page, words }: PageCall): Column<KeptBackup>[] {
  return [
    {
      title: words("common.name"),
      names: true,
      cell: ({ name }) => <a class="break" href={`/backups/${name}`}>{name}</a>,
    },
    { title: words("backup.when"), cell: ({ at }) => <span class="nowrap">{words.time(at)}</span> },
    { title: words("backup.origin"), cell: ({ origin }) => words(`backup.origin.${origin}`) },
    { title: words("backup.size"), number: true, cell: ({ octets }) => words.octets(octets) },
    {
      title: words("common.actions"),
      cell: ({ name }) => (
        <form
          class="inline"
          method="post"
          action={`/backups/${name}/delete`}
          data-confirm={words("backup.delete_sure", { name })}
        >
          <Csrf page={page} />
          <a class="button" href={`/backups/${name}/download`} aria-label={`${words("backup.download")}: ${name}`}>
            {words("backup.download")}
          </a>
          <button type="submit" class="danger" aria-label={`${words("common.delete")}: ${name}`}>
            {words("common.delete")}
          </button>
        </form>
      ),
    },
  ];
}

async function One(
  { call, error, loaded }: { call: PageCall; error?: string; loaded?: Extract<Acted<LoadedFacts>, { ok: true }> },
): Promise<View> {
  const { page, words, world, params: { name } } = call;
  const kept = await world.backups.find(name);
  if (kept === undefined) throw new Problem(404);
  const about = `${words.time(kept.at)} · ${words(`backup.origin.${kept.origin}`)} · ${words.octets(kept.octets)}`;
  return (
    <Page
      page={{ ...page, path: "/backups" }}
      title={name}
      about={about}
      above={{ path: "/backups", title: words("nav.backups") }}
      tools={<a class="button" href={`/backups/${name}/download`}>{words("backup.download")}</a>}
    >
      {loaded !== undefined && <Plan {...{ words, loaded }} />}
      <Card title={words(loaded === undefined ? "backup.show" : "backup.restore")}>
        <p>{words(loaded === undefined ? "backup.show_about" : "backup.restore_about")}</p>
        <form
          method="post"
          action={`/backups/${name}/${loaded === undefined ? "show" : "restore"}`}
          data-confirm={loaded === undefined ? undefined : words("backup.restore_sure")}
        >
          <Csrf page={page} />
          <TextField
            id="opening"
            type="password"
            label={words("backup.password")}
            error={error}
            autocomplete="off"
            required
          />
          <div>
            <button type="submit" class={loaded === undefined ? "primary" : "danger"}>
              {words(loaded === undefined ? "backup.show_submit" : "backup.restore_submit")}
            </button>
          </div>
        </form>
      </Card>
    </Page>
  );
}
