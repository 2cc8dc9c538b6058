/**
 * The configuration: what is in the file, the candidate of whoever asks, commits, history.
 *
 * Every change is staged first, as on the page and in the shell; `config.yaml` stays the only truth. Whoever changes names the state that he has
 * seen (`If-Match`), so that nobody overwrites what he has not. A token has a candidate of its own. Secrets are never given out: they are
 * masked, and a mask that comes back means what was there.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { limits } from "../../base/limits.ts";
import type { Fault } from "../../config/faults.ts";
import type { CommitResult, Pending } from "../../config/stage.ts";
import type { Identity } from "../identity.ts";
import { type FieldFault, Problem } from "../problem.ts";
import { pathText } from "../../config/faults.ts";
import { configValue } from "./config_value.ts";
import { type ApiApp, type Asked, serve } from "./operation.ts";
import { moment } from "./schemas.ts";

const tag = "config";

const faultSchema = z.strictObject({
  path: z.string(),
  line: z.int(),
  column: z.int(),
  detail: z.string(),
}).openapi("ConfigFault");

const pendingSchema = z.strictObject({
  editor: z.string(),
  own: z.boolean(),
  since: moment,
  changed: moment,
  difference: z.string().openapi({ description: "Unified, in YAML, without secrets" }),
  outdated: z.boolean().openapi({ description: "The file says something else by now" }),
  errors: z.array(faultSchema).openapi({ description: "What keeps it from being committed" }),
  warnings: z.array(faultSchema),
}).openapi("PendingChanges");

const textSchema = z.strictObject({
  text: z.string().openapi({ description: "The YAML, secrets masked" }),
  value: z.unknown().openapi({ description: "The same as data" }),
  etag: z.string(),
  candidate: z.boolean().openapi({ description: "It is one's own candidate" }),
}).openapi("Config");

const stagedSchema = z.strictObject({
  etag: z.string().openapi({ description: "Of the candidate, for the next change" }),
  pending: pendingSchema.nullable().openapi({ description: "null: the candidate says what the file says" }),
}).openapi("Staged");

const entrySchema = z.strictObject({
  id: z.int(),
  at: moment,
  who: z.string().openapi({ description: "`file`: somebody edited it" }),
  comment: z.string(),
  difference: z.string(),
}).openapi("HistoryEntry");

const waitingSchema = z.strictObject({ id: z.int(), who: z.string(), until: moment, keys: z.array(z.string()) })
  .openapi("Unconfirmed");

const committedSchema = z.strictObject({
  entry: entrySchema.nullable().openapi({ description: "null: the file said it already" }),
  warnings: z.array(faultSchema),
  confirm: waitingSchema.nullable()
    .openapi({ description: "It is taken back unless `confirmConfig` comes over a new connection in time" }),
}).openapi("Committed");

const changesSchema = z.array(
  z.strictObject({
    path: z.array(z.union([z.string().max(255), z.int().min(0).max(limits.configRowsMax)])).max(32)
      .openapi({ example: ["destination_controls", "domains", "partner.example", "tls"] }),
    value: z.unknown().openapi({ description: "Absent: it is taken out" }),
  }).openapi("ConfigChange"),
).min(1).max(1_000);

const comment = z.string().max(500).regex(/^[^\p{Cc}]*$/u, "has control characters").optional();
const idParams = z.strictObject({
  id: z.string().regex(/^[1-9]\d{0,8}$/, "is no entry's number").openapi({ example: "1" }),
});
const keepFaults = z.boolean().optional()
  .openapi({ description: "Stage it though it has faults, which a commit refuses" });

type Any = Pick<Asked<unknown, unknown, unknown>, "world" | "identity" | "context">;

/** Adds the operations. */
export function mountConfig(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/config",
    id: "getConfig",
    tag,
    summary: "What the file says; of an editor with changes pending, his candidate",
    role: "read-only",
    query: z.strictObject({
      of: z.enum(["candidate", "file"]).optional().openapi({ description: "candidate where nothing is said" }),
    }),
    answer: textSchema,
  }, async ({ query: { of = "candidate" }, ...asked }) => {
    const { staging } = asked.world;
    const file = await staging.shown();
    const own = of === "file" ? file : await staging.shown(editorOf(asked.identity!));
    setEtag(asked.context, own.etag);
    return {
      text: own.text,
      value: await configValue(staging.texts, own.text),
      etag: own.etag,
      candidate: own.etag !== file.etag,
    };
  });
  serve(app, {
    method: "get",
    path: "/config/pending",
    id: "listPending",
    tag,
    summary: "What everybody has pending, and the commit that waits to be confirmed",
    role: "read-only",
    answer: z.strictObject({ pending: z.array(pendingSchema), unconfirmed: waitingSchema.nullable() })
      .openapi("AllPending"),
  }, async ({ world: { staging }, identity }) => ({
    pending: (await staging.pending()).map((each) => shownPending(each, identity!)),
    unconfirmed: staging.waiting ?? null,
  }));
  serve(app, {
    method: "patch",
    path: "/config/candidate",
    id: "changeCandidate",
    tag,
    summary: "Change one's candidate by keys",
    role: "administrator",
    headers: ifMatch,
    body: z.strictObject({ changes: changesSchema, keepFaults }),
    answer: stagedSchema,
  }, async ({ body, note, ...asked }) => {
    await demandMatch(asked);
    note(body.changes.map(({ path }) => pathText(path)).join(", "));
    return await staged(asked, await asked.world.staging.stage(editorOf(asked.identity!), body));
  });
  serve(app, {
    method: "put",
    path: "/config/candidate",
    id: "replaceCandidate",
    tag,
    summary: "Put a whole file in the place of one's candidate",
    role: "administrator",
    headers: ifMatch,
    body: z.strictObject({ text: z.string().max(limits.configOctetsMax), keepFaults }),
    answer: stagedSchema,
  }, async ({ body: { text, keepFaults }, ...asked }) => {
    await demandMatch(asked);
    return await staged(
      asked,
      await asked.world.staging.replace(editorOf(asked.identity!), { source: text, keepFaults }),
    );
  });
  serve(app, {
    method: "delete",
    path: "/config/candidate",
    id: "abandonCandidate",
    tag,
    summary: "Drop one's candidate",
    role: "administrator",
  }, async ({ world, identity }) => {
    if (!await world.staging.abandon(editorOf(identity!))) throw new Problem(404, { detail: "Nothing is pending" });
  });
  serve(app, {
    method: "post",
    path: "/config/commit",
    id: "commitConfig",
    tag,
    summary: "Write one's candidate to the file, and put it in force",
    description:
      "A file that was changed meanwhile is a problem of type `/problems/changed`; with `merge` both changes are made where their keys differ.",
    role: "administrator",
    headers: ifMatch,
    body: z.strictObject({ comment, merge: z.boolean().optional() }),
    answer: committedSchema,
  }, async ({ body, note, ...asked }) => {
    const { world, identity } = asked;
    await demandMatch(asked);
    if (body.comment) note(body.comment);
    const from = identity!.via === "token" ? "elsewhere" : "page";
    return committed(await world.staging.commit(editorOf(identity!), { ...body, from }));
  });
  serve(app, {
    method: "post",
    path: "/config/confirm",
    id: "confirmConfig",
    tag,
    summary: "Confirm a commit that changed how the page is reached, over a new connection",
    role: "administrator",
    body: z.strictObject({ id: z.int().min(1) }),
  }, ({ world, body, context }) => {
    const { kind } = world.staging.confirm(body.id, { openedAt: context.var.client.opened });
    switch (kind) {
      case "confirmed":
        return;
      case "old connection":
        throw new Problem(409, {
          type: "old-connection",
          detail: "This connection is older than the commit: open a new one",
          headers: { Connection: "close" },
        });
      case "nothing waits":
        throw new Problem(404, { detail: "No such commit waits to be confirmed" });
      default:
        return kind satisfies never;
    }
  });
  serve(app, {
    method: "get",
    path: "/config/history",
    id: "listHistory",
    tag,
    summary: "What was committed or edited, the newest first",
    role: "read-only",
    answer: z.strictObject({ entries: z.array(entrySchema) }).openapi("HistoryEntries"),
  }, async ({ world }) => ({ entries: await world.staging.history() }));
  serve(app, {
    method: "get",
    path: "/config/history/{id}",
    id: "getHistoryEntry",
    tag,
    summary: "An entry with its text, and what a roll back to it would change",
    role: "read-only",
    params: idParams,
    answer: z.strictObject({ ...entrySchema.shape, text: z.string(), rollback: z.string() }).openapi(
      "HistoryEntryText",
    ),
  }, async ({ world: { staging }, params }) => {
    const entry = await staging.entry(Number(params.id));
    const rollback = await staging.rollbackDifference(Number(params.id));
    if (entry === undefined || rollback === undefined) {
      throw new Problem(404, { detail: "The history has no such entry" });
    }
    return { ...entry, rollback };
  });
  serve(app, {
    method: "post",
    path: "/config/history/{id}/rollback",
    id: "rollBackConfig",
    tag,
    summary: "Put the text of an entry into the file, and in force",
    role: "administrator",
    params: idParams,
    body: z.strictObject({ comment }),
    answer: committedSchema,
  }, async ({ world, params, body, identity }) => {
    const from = identity!.via === "token" ? "elsewhere" : "page";
    const wish = { ...body, who: editorOf(identity!), from } as const;
    return committed(await world.staging.rollback(Number(params.id), wish));
  });
}

const ifMatch = z.object({
  "if-match": z.string().max(100).optional().openapi({ description: "The etag of what was seen; `*`: whatever it is" }),
});

/** Under which name somebody stages and commits. */
export function editorOf({ user, via, handle }: Identity): string {
  return via === "token" ? `${user}/${handle}` : user;
}

function setEtag(context: Context, etag: string): void {
  context.header("ETag", `"${etag}"`);
}

/** Refuses who has not seen the candidate as it is now. */
async function demandMatch({ world, identity, context }: Any): Promise<void> {
  const given = context.req.header("If-Match");
  if (given === undefined) {
    throw new Problem(428, { detail: "If-Match is missing: the etag of the configuration that was seen" });
  }
  const { etag } = await world.staging.source(editorOf(identity!));
  if (given.trim() === "*" || given.split(",").some((each) => each.trim() === `"${etag}"`)) return;
  throw new Problem(412, {
    detail: "The candidate is another one by now: get it again",
    headers: { ETag: `"${etag}"` },
  });
}

async function staged(
  { world, identity, context }: Any,
  result: Awaited<ReturnType<Any["world"]["staging"]["stage"]>>,
): Promise<z.input<typeof stagedSchema>> {
  if (!result.ok) throw new Problem(422, { errors: result.errors.map(fieldFault) });
  const { etag } = await world.staging.source(editorOf(identity!));
  setEtag(context, etag);
  return { etag, pending: result.pending === undefined ? null : shownPending(result.pending, identity!) };
}

/** What came of a commit, or the {@linkcode Problem} that it came to. */
function committed(result: CommitResult): z.input<typeof committedSchema> {
  switch (result.kind) {
    case "committed": {
      const { entry = null, warnings, confirm = null } = result;
      return { entry, warnings: warnings.map(shownFault), confirm };
    }
    case "nothing":
      throw new Problem(404, { detail: "There is nothing to commit" });
    case "faults":
      throw new Problem(422, { errors: result.errors.map(fieldFault) });
    case "changed":
      throw new Problem(409, {
        type: "changed",
        detail: `The file was changed meanwhile:\n${result.difference}`,
        errors: result.conflicts.map(({ path, text }) => ({ path: pathText(path), detail: text })),
      });
    case "not applied":
      throw new Problem(409, { type: "not-applied", detail: result.lines.join("\n") });
    case "waiting":
      throw new Problem(409, {
        type: "unconfirmed",
        detail: `Change ${result.confirm.id} of ${result.confirm.who} waits to be confirmed`,
      });
    default:
      return result satisfies never;
  }
}

function shownPending(
  { editor, since, changed, difference, outdated, errors, warnings }: Pending,
  identity: Identity,
): z.input<typeof pendingSchema> {
  const own = editor === editorOf(identity);
  const told = { errors: errors.map(shownFault), warnings: warnings.map(shownFault) };
  return { editor, own, since, changed, difference, outdated, ...told };
}

function shownFault({ path, line, column, text }: Fault): z.input<typeof faultSchema> {
  return { path, line, column, detail: text };
}

function fieldFault({ path, text }: Fault): FieldFault {
  return { path, detail: text };
}
