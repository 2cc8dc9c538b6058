/**
 * The configuration file: download, upload, and its history with roll back.
 *
 * What is given to a browser has no secrets in it; a mask that comes back with an upload means what was there.
 *
 * @module
 */
import { limits } from "../../../base/limits.ts";
import type { HistoryFacts } from "../../../config/history.ts";
import { mayAct } from "../../identity.ts";
import { Problem } from "../../problem.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, type Column, Difference, Empty, Table, TextField } from "../parts.tsx";
import { afterCommit } from "./changes.tsx";
import { commentOf, editorText, faultLines } from "./shared.tsx";

/** Adds the pages. */
export function mountConfiguration(desk: Desk): void {
  desk.page("/configuration", (call) => Overview({ call }));
  desk.page("/configuration/download", async ({ world, identity, query, context }) => {
    const own = query.get("of") === "candidate";
    const { text } = await world.staging.shown(own ? identity.user : undefined);
    return context.body(text, 200, {
      "Content-Type": "application/yaml; charset=utf-8",
      "Content-Disposition": `attachment; filename="${own ? "config-candidate" : "config"}.yaml"`,
    });
  });
  desk.form("/configuration/upload", { action: "config.upload" }, async (call) => {
    const { fields, words, world, identity, note } = call;
    const file = fields.file("file");
    const again = (error: string) => ({ again: <Overview call={call} error={error} /> });
    if (file === undefined) return again(words("configuration.no_file"));
    if (file.size > limits.configOctetsMax) {
      return again(words("configuration.too_large", { size: words.octets(limits.configOctetsMax) }));
    }
    const source = decoded(await file.arrayBuffer());
    if (source === undefined) return again(words("configuration.no_text"));
    note(`${file.size} octets`);
    // What has faults waits all the same: they are shown with their lines, and a commit refuses them.
    const staged = await world.staging.replace(identity.user, { source, keepFaults: true });
    if (!staged.ok) return again(faultLines(staged.errors).join("; "));
    const same = staged.pending === undefined;
    return {
      go: same ? "/configuration" : "/configuration/changes",
      notice: { kind: "ok", text: words(same ? "configuration.same" : "configuration.uploaded") },
    };
  });
  desk.page("/configuration/history/:id", (call) => Entry({ call }));
  desk.form("/configuration/history/:id/rollback", { action: "config.rollback" }, async (call) => {
    const { world, identity, fields } = call;
    const { id } = await entryOf(call);
    const comment = commentOf(fields.text("comment"));
    const result = await world.staging.rollback(id, { who: identity.user, comment, from: "page" });
    return afterCommit(call, { result, again: (notice) => <Entry call={call} notice={notice} /> });
  });
}

function decoded(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function Overview(
  { call: { page, words, world, identity }, error }: { call: PageCall; error?: string },
): Promise<View> {
  const entries = await world.staging.history();
  return (
    <Page page={page} title={words("nav.configuration")} about={words("configuration.about")}>
      <div class="grid">
        <Card title={words("configuration.download")}>
          <p>{words("configuration.download_about")}</p>
          <p class="row">
            <a class="button" href="/configuration/download">{words("configuration.download_file")}</a>
            {page.pending > 0 && (
              <a class="button" href="/configuration/download?of=candidate">
                {words("configuration.download_candidate")}
              </a>
            )}
          </p>
        </Card>
        {mayAct(identity.role, "administrator") && (
          <Card title={words("configuration.upload")}>
            <p>{words("configuration.upload_about")}</p>
            <form method="post" action="/configuration/upload" enctype="multipart/form-data">
              <Csrf page={page} />
              <TextField
                id="file"
                type="file"
                label={words("configuration.file")}
                accept=".yaml,.yml,text/yaml,application/yaml"
                error={error}
                required
              />
              <div>
                <button type="submit">{words("configuration.upload_submit")}</button>
              </div>
            </form>
          </Card>
        )}
      </div>
      <Card title={words("configuration.history")} flush>
        <Table
          columns={columns(words)}
          rows={entries}
          caption={words("configuration.history")}
          empty={<Empty title={words("configuration.no_history")} />}
        />
      </Card>
    </Page>
  );
}

function columns(words: PageCall["words"]): Column<HistoryFacts>[] {
  return [
    {
      title: words("configuration.entry"),
      names: true,
      cell: ({ id }) => <a href={`/configuration/history/${id}`}>{words("configuration.number", { id: `${id}` })}</a>,
    },
    { title: words("configuration.when"), cell: ({ at }) => <span class="nowrap">{words.time(at)}</span> },
    { title: words("configuration.who"), cell: ({ who }) => editorText(who, words) },
    {
      title: words("configuration.comment"),
      cell: ({ comment }) => comment !== "" && <div class="break">{comment}</div>,
    },
    { title: words("configuration.lines"), cell: ({ difference }) => <Lines difference={difference} /> },
  ];
}

function Lines({ difference }: { difference: string }): View {
  const lines = difference.split("\n");
  const count = (mark: string) =>
    lines.filter((line) => line.startsWith(mark) && !line.startsWith(mark.repeat(3))).length;
  return (
    <span class="nowrap">
      <span class="ok">+{count("+")}</span> <span class="bad">−{count("-")}</span>
    </span>
  );
}

/** The entry that a path names. */
async function entryOf({ params, world }: PageCall): Promise<HistoryFacts & { text: string }> {
  const id = /^[1-9]\d{0,8}$/.test(params.id) ? Number(params.id) : 0;
  const entry = await world.staging.entry(id);
  if (entry === undefined) throw new Problem(404);
  return entry;
}

async function Entry({ call, notice }: { call: PageCall; notice?: View }): Promise<View> {
  const { page, words, world, identity } = call;
  const { id, at, who, comment, difference, text } = await entryOf(call);
  const rollback = await world.staging.rollbackDifference(id) ?? "";
  const title = words("configuration.number", { id: `${id}` });
  const about = [words.time(at), editorText(who, words), comment].filter((part) => part !== "").join(" · ");
  return (
    <Page
      page={page}
      title={title}
      about={about}
      above={{ path: "/configuration", title: words("nav.configuration") }}
    >
      {notice}
      <Card title={words("configuration.changed_then")}>
        {difference === ""
          ? <p class="muted">{words("configuration.no_difference")}</p>
          : <Difference text={difference} label={words("configuration.changed_then")} />}
      </Card>
      <Card title={words("configuration.rollback")}>
        {rollback === "" ? <p class="muted">{words("configuration.rollback_same")}</p> : (
          <>
            <p>{words("configuration.rollback_about")}</p>
            <Difference text={rollback} label={words("configuration.rollback")} />
            {mayAct(identity.role, "administrator") && (
              <form
                class="inline"
                method="post"
                action={`/configuration/history/${id}/rollback`}
                data-confirm={words("configuration.rollback_sure", { id: `${id}` })}
              >
                <Csrf page={page} />
                <TextField id="comment" label={words("changes.comment")} />
                <button type="submit" class="danger">{words("configuration.rollback_submit")}</button>
              </form>
            )}
          </>
        )}
      </Card>
      <details>
        <summary>{words("configuration.whole")}</summary>
        <div class="diff" tabindex={0} role="region" aria-label={words("configuration.whole")}>{text}</div>
      </details>
    </Page>
  );
}
