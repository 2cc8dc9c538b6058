/**
 * The archives that the page keeps: listed, fetched, deleted. What makes one and what restores it is in `settings.ts`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Problem } from "../problem.ts";
import { type ApiApp, serve } from "./operation.ts";
import { content } from "./run.ts";
import { moment } from "./schemas.ts";

const keptShape = {
  name: z.string(),
  origin: z.enum(["made", "uploaded"]),
  at: moment,
  octets: z.int(),
};

const keptSchema = z.strictObject(keptShape).openapi("KeptBackup");

const params = z.strictObject({
  name: z.string().min(1).max(100).openapi({ example: "made-20260722T090000Z.backup" }),
});

const absent = (name: string) => new Problem(404, { detail: `There is no archive ${name}` });

/** Adds the operations. */
export function mountBackups(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/backups",
    id: "listBackups",
    tag: "backup",
    summary: "The archives that are kept, the newest first",
    role: "administrator",
    answer: z.strictObject({ backups: z.array(keptSchema) }).openapi("KeptBackups"),
  }, async ({ world }) => ({ backups: await world.backups.list() }));
  serve(app, {
    method: "get",
    path: "/backups/{name}",
    id: "getBackup",
    tag: "backup",
    summary: "An archive that is kept, as it is: sealed by its password",
    role: "administrator",
    params,
    answer: z.strictObject({ ...keptShape, archive: content }).openapi("FetchedBackup"),
  }, async ({ params: { name }, world, identity, context }) => {
    const [kept, archive] = [await world.backups.find(name), await world.backups.read(name)];
    if (kept === undefined || archive === undefined) throw absent(name);
    const { address } = context.var.client;
    // Nothing changes, and yet somebody has all keys now, if he knows the password.
    const [user, via] = [identity?.user, identity?.via];
    world.audit.note({ action: "backup.download", ok: true, user, via, address, target: name });
    return { ...kept, archive: archive.toBase64() };
  });
  serve(app, {
    method: "delete",
    path: "/backups/{name}",
    id: "deleteBackup",
    tag: "backup",
    summary: "Delete an archive that is kept",
    role: "administrator",
    params,
  }, async ({ params: { name }, world }) => {
    if (!await world.backups.remove(name)) throw absent(name);
  });
}
