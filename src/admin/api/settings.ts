/**
 * TLS settings of the services, and the backup of everything.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { LoadedFacts, SavedFacts } from "../../control/backup_commands.ts";
import type { SslSetFacts } from "../../control/sslconfig_commands.ts";
import type { SslSettings } from "../../config/ssl_settings.ts";
import { methods } from "../../tls/method.ts";
import { type ApiApp, serve } from "./operation.ts";
import { content, fileOf, filePassword, passwordFile, run, runOne, stage, warnings } from "./run.ts";
import { moment } from "./schemas.ts";

const service = z.enum(["gui", "inbound", "outbound", "other"]).openapi("TlsService");
const method = z.enum(methods).openapi("TlsMethod");

const settingsSchema = z.strictObject({
  service,
  title: z.string(),
  methods: z.array(method),
  ciphers: z.string(),
  renegotiation: z.boolean().nullable().openapi({ description: "null: clients begin it, and here we are one" }),
}).openapi("TlsSettings");

/** Adds the operations. */
export function mountSettings(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/tls/settings",
    id: "getTlsSettings",
    tag: "config",
    summary: "Methods, ciphers and renegotiation of each service",
    role: "read-only",
    answer: z.strictObject({ services: z.array(settingsSchema) }).openapi("AllTlsSettings"),
  }, async (asked) => {
    const { items } = await run<SslSettings>(asked, { name: "sslconfig show" });
    return { services: items.map((each) => ({ ...each, methods: [...each.methods] })) };
  });
  serve(app, {
    method: "patch",
    path: "/tls/settings/{service}",
    id: "changeTlsSettings",
    tag: "config",
    summary: "Change methods, ciphers or renegotiation of a service",
    role: "administrator",
    params: z.strictObject({ service }),
    body: z.strictObject({
      methods: z.array(method).min(1).max(4).optional().openapi({ example: ["TLSv1.2", "TLSv1.3"] }),
      ciphers: z.string().min(1).max(4_000).optional(),
      renegotiation: z.boolean().optional(),
      stage,
    }),
    answer: z.strictObject({
      service,
      changed: z.array(z.strictObject({
        setting: z.enum(["methods", "ciphers", "renegotiation"]),
        before: z.string(),
        after: z.string(),
      })),
      state: z.enum(["staged", "in force", "written"]),
      warnings,
    }).openapi("TlsSettingsChange"),
  }, async ({ params, body: { methods, ciphers, renegotiation, stage }, ...asked }) => {
    const { item: { service, changed, state }, warnings } = await runOne<SslSetFacts>(asked, {
      name: "sslconfig set",
      args: {
        ...params,
        methods: methods?.join(","),
        ciphers,
        renegotiation: renegotiation === undefined ? undefined : renegotiation ? "on" : "off",
      },
      stage,
    });
    return { service, changed, state, warnings };
  });
  serve(app, {
    method: "post",
    path: "/backup",
    id: "saveBackup",
    tag: "backup",
    summary: "Configuration, certificates and keys in one archive under a password",
    role: "administrator",
    body: z.strictObject({ password: filePassword }),
    answer: z.strictObject({
      archive: content,
      files: z.array(z.string()).openapi({ description: "Files in it besides the configuration" }),
      octets: z.int(),
      warnings,
    }).openapi("Backup"),
  }, async ({ body: { password }, ...asked }) => {
    const files = { "password-file": passwordFile(password) };
    const { item, file, warnings } = await runOne<SavedFacts>(asked, { name: "saveconfig", files });
    return { archive: file!, ...item, warnings };
  });
  serve(app, {
    method: "post",
    path: "/backup/restore",
    id: "restoreBackup",
    tag: "backup",
    summary: "Restore an archive, or show what would change",
    role: "administrator",
    body: z.strictObject({
      archive: content,
      password: filePassword,
      restore: z.boolean().openapi({ description: "false: only shows what would change" }),
    }),
    answer: z.strictObject({
      made: moment,
      hostname: z.string(),
      difference: z.string().openapi({ description: "Of the configuration, without secrets" }),
      files: z.array(z.strictObject({
        path: z.string(),
        deed: z.enum(["same", "added", "replaced", "kept", "missing"]),
        was: z.string().optional(),
        will: z.string().optional(),
        why: z.string().optional(),
      })),
      done: z.boolean(),
      confirm: z.strictObject({ id: z.int(), who: z.string(), until: moment, keys: z.array(z.string()) }).optional()
        .openapi({ description: "It is taken back unless `confirmConfig` comes over a new connection in time" }),
      warnings,
    }).openapi("Restored"),
  }, async ({ body: { archive, password, restore }, ...asked }) => {
    const { item, warnings } = await runOne<LoadedFacts>(asked, {
      name: "loadconfig",
      args: { yes: restore || undefined },
      files: { file: fileOf("archive", archive), "password-file": passwordFile(password) },
    });
    return { ...item, warnings };
  });
}
