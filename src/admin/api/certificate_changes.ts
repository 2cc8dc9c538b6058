/**
 * Certificates: what makes, changes, moves and removes them. Keys come in and leave in PKCS#12 or under a password of their own.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { keyKinds } from "../../certs/subject.ts";
import type { AssignFacts } from "../../control/assign_commands.ts";
import type { ExportFacts, ShownProfile } from "../../control/certificate_commands.ts";
import { acmeSchema, assignedSchema, nameParams, placeShape } from "./certificate_schemas.ts";
import { certificateNamed } from "./certificates.ts";
import { type ApiApp, serve } from "./operation.ts";
import {
  content,
  fileOf,
  filePassword,
  type Known,
  passwordFile,
  profileName,
  type Run,
  runOne,
  stage,
  warnings,
} from "./run.ts";

const tag = "certificates";

const changedSchema = z.strictObject({
  name: z.string(),
  done: z.string().openapi({ description: "What was done, in words" }),
  notes: z.array(z.string()),
  warnings,
}).openapi("CertificateChange");

const kind = z.enum(keyKinds).openapi("KeyKind");
const word = z.string().min(1).max(255).optional();

/** Adds the operations. */
export function mountCertificateChanges(app: ApiApp): void {
  serve(app, {
    method: "post",
    path: "/certificates",
    id: "createCertificate",
    tag,
    summary: "Make a key, a self-signed certificate and a signing request",
    role: "administrator",
    status: 201,
    body: z.strictObject({
      name: profileName,
      commonName: z.string().min(1).max(255).openapi({ example: "mx1.example.com" }),
      names: z.array(z.string().min(1).max(255)).max(100).optional().openapi({
        description: "Other names of the host",
      }),
      organization: word,
      organizationalUnit: word,
      locality: word,
      state: word,
      country: word.openapi({ example: "CH" }),
      key: kind.optional().openapi({ description: "rsa:2048 where nothing is said" }),
      days: z.int().min(1).max(3_650).optional(),
    }),
    answer: changedSchema,
  }, async ({ body, note, ...asked }) => {
    note(body.name);
    const { name, commonName, names, organizationalUnit, days, ...words } = body;
    const args = { name, "common-name": commonName, san: names, "organizational-unit": organizationalUnit, ...words };
    return await changed(asked, { name: "certconfig new", args: { ...args, days: days?.toString() } });
  });
  serve(app, {
    method: "post",
    path: "/certificates/import",
    id: "importCertificate",
    tag,
    summary: "Take over a key with its certificate: PKCS#12, or both in PEM or DER",
    role: "administrator",
    status: 201,
    body: z.strictObject({
      name: profileName,
      pkcs12: content.optional(),
      certificate: content.optional(),
      key: content.optional(),
      intermediates: content.optional(),
      password: filePassword.optional().openapi({ description: "Of the PKCS#12 file or of the key" }),
      friendlyName: word.openapi({ description: "Which of several keys in the PKCS#12 file" }),
      replace: z.boolean().optional().openapi({ description: "In place of a certificate of this name" }),
    }),
    answer: changedSchema,
  }, async ({ body, note, ...asked }) => {
    note(body.name);
    const { name, pkcs12, certificate, key, intermediates, password, friendlyName, replace } = body;
    return await changed(asked, {
      name: "certconfig import",
      args: { name, "friendly-name": friendlyName, replace: replace || undefined },
      files: {
        pkcs12: fileOf("pkcs12", pkcs12),
        certificate: fileOf("certificate", certificate),
        key: fileOf("key", key),
        intermediates: fileOf("intermediates", intermediates),
        "password-file": passwordFile(password),
      },
    });
  });
  serve(app, {
    method: "put",
    path: "/certificates/{name}/certificate",
    id: "uploadCertificate",
    tag,
    summary: "Put the certificate that an authority made into service: PEM, DER or PKCS#7",
    role: "administrator",
    params: nameParams,
    body: z.strictObject({ certificate: content, intermediates: content.optional() }),
    answer: changedSchema,
  }, async ({ body: { certificate, intermediates }, ...asked }) =>
    await changed(asked, {
      name: "certconfig upload",
      args: certificateNamed(asked),
      files: { certificate: fileOf("certificate", certificate), intermediates: fileOf("intermediates", intermediates) },
    }));
  serve(app, {
    method: "post",
    path: "/certificates/{name}/export",
    id: "exportCertificate",
    tag,
    summary: "Key, certificate and intermediates as a PKCS#12 file",
    role: "administrator",
    params: nameParams,
    body: z.strictObject({
      password: filePassword,
      legacy: z.boolean().optional().openapi({ description: "For Windows before Server 2019 and Java before 8u301" }),
    }),
    answer: z.strictObject({ name: z.string(), certificates: z.int(), legacy: z.boolean(), pkcs12: content })
      .openapi("ExportedCertificate"),
  }, async ({ body: { password, legacy }, ...asked }) => {
    const { item, file } = await runOne<ExportFacts>(asked, {
      name: "certconfig export",
      args: { ...certificateNamed(asked), pkcs12: "-", legacy: legacy || undefined },
      files: { "password-file": passwordFile(password) },
    });
    return { ...item, pkcs12: file! };
  });
  serve(
    app,
    {
      method: "post",
      path: "/certificates/{name}/renew",
      id: "renewCertificate",
      tag,
      summary: "Make a new signing request; what is in service stays",
      role: "administrator",
      params: nameParams,
      body: z.strictObject({
        newKey: z.boolean().optional().openapi({ description: "On a new key of the same kind" }),
        key: kind.optional().openapi({ description: "On a new key of this kind" }),
      }),
      answer: changedSchema,
    },
    async ({ body: { newKey, key }, ...asked }) =>
      await changed(asked, {
        name: "certconfig renew",
        args: { ...certificateNamed(asked), "new-key": newKey || undefined, key },
      }),
  );
  serve(
    app,
    {
      method: "post",
      path: "/certificates/{name}/rename",
      id: "renameCertificate",
      tag,
      summary: "Give a certificate another name; all uses follow",
      role: "administrator",
      params: nameParams,
      body: z.strictObject({ name: profileName }),
      answer: changedSchema,
    },
    async ({ body, ...asked }) =>
      await changed(asked, { name: "certconfig rename", args: { names: [certificateNamed(asked).name, body.name] } }),
  );
  serve(app, {
    method: "delete",
    path: "/certificates/{name}",
    id: "deleteCertificate",
    tag,
    summary: "Remove a certificate that nothing uses, with its key",
    role: "administrator",
    params: nameParams,
    answer: changedSchema,
  }, async (asked) => await changed(asked, { name: "certconfig delete", args: certificateNamed(asked), refused: 409 }));
  for (
    const [path, id, summary] of [
      ["assign", "assignCertificate", "Show a certificate at one place"],
      ["unassign", "unassignCertificate", "Show it at one place no more"],
    ] as const
  ) {
    serve(app, {
      method: "post",
      path: `/certificates/{name}/${path}`,
      id,
      tag,
      summary,
      description: "Exactly one place is named.",
      role: "administrator",
      params: nameParams,
      body: z.strictObject({
        ...placeShape,
        ...path === "assign"
          ? { add: z.boolean().optional().openapi({ description: "Beside those that are shown there" }) }
          : {},
        stage,
      }),
      answer: z.strictObject({ ...assignedSchema.shape, warnings }).openapi(
        `${path === "assign" ? "A" : "Una"}ssigned`,
      ),
    }, async ({ body: { stage, ...place }, ...asked }) => {
      const flags = Object.entries(place).filter(([, value]) => value !== false);
      const { item, warnings } = await runOne<AssignFacts>(asked, {
        name: `certconfig ${path}`,
        args: { ...Object.fromEntries(flags), name: (asked.params as { name: string }).name },
        stage,
      });
      const { file: _, before, now, ...facts } = item;
      return { ...facts, before: [...before], now: [...now], warnings };
    });
  }
  serve(app, {
    method: "post",
    path: "/certificates/{name}/order",
    id: "orderCertificate",
    tag,
    summary: "Order the certificate from its ACME authority now",
    role: "administrator",
    params: nameParams,
    answer: acmeSchema,
  }, async (asked) => {
    const { item } = await runOne<NonNullable<ShownProfile["acme"]>>(asked, {
      name: "certconfig acme",
      args: { profile: certificateNamed(asked).name },
    });
    return { ...item, names: [...item.names] };
  });
}

async function changed(asked: Known, wish: Run): Promise<z.input<typeof changedSchema>> {
  const { item, warnings } = await runOne<Omit<z.input<typeof changedSchema>, "warnings">>(asked, wish);
  const { name, done, notes } = item;
  return { name, done, notes, warnings };
}
