/**
 * Certificates: what there is to see of them; what changes them is in `certificate_changes.ts`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { ProfileRow } from "../../certs/profiles.ts";
import type { AgreementFacts, PemFacts, ShownProfile } from "../../control/certificate_commands.ts";
import type { TlsaFacts } from "../../control/tlsa_commands.ts";
import { Problem } from "../problem.ts";
import type { AdminWorld } from "../world.ts";
import { certificateRowSchema, certificateSchema, nameParams, shownRecord, tlsaSchema } from "./certificate_schemas.ts";
import { type ApiApp, serve } from "./operation.ts";
import { run, runOne, warnings } from "./run.ts";

const tag = "certificates";

const pemSchema = z.strictObject({ name: z.string(), pem: z.string() }).openapi("Pem");

/** Adds the operations that change nothing. */
export function mountCertificates(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/certificates",
    id: "listCertificates",
    tag,
    summary: "Certificates: names, issuers, days left, where they are used",
    role: "read-only",
    answer: z.strictObject({ certificates: z.array(certificateRowSchema) }).openapi("Certificates"),
  }, async (asked) => ({ certificates: (await runOne<ProfileRow[]>(asked, { name: "certconfig list" })).item }));
  serve(app, {
    method: "get",
    path: "/certificates/{name}",
    id: "getCertificate",
    tag,
    summary: "One certificate: what it says, its chain, what a peer will make of it",
    role: "read-only",
    params: nameParams,
    answer: certificateSchema,
  }, async (asked) => {
    const { name } = certificateNamed(asked);
    const { item } = await runOne<ShownProfile>(asked, { name: "certconfig show", args: { name } });
    return shownCertificate(item);
  });
  for (
    const [path, id, summary, args] of [
      ["certificate", "getCertificatePem", "The certificate alone, in PEM", { pem: true }],
      ["chain", "getCertificateChain", "The certificate and its intermediates, in PEM", { chain: true }],
    ] as const
  ) {
    serve(app, {
      method: "get",
      path: `/certificates/{name}/${path}`,
      id,
      tag,
      summary,
      role: "read-only",
      params: nameParams,
      answer: pemSchema,
    }, async (asked) => {
      const { name } = certificateNamed(asked);
      return (await runOne<PemFacts>(asked, { name: "certconfig show", args: { name, ...args } })).item;
    });
  }
  serve(app, {
    method: "get",
    path: "/certificates/{name}/request",
    id: "getSigningRequest",
    tag,
    summary: "The signing request (PKCS#10, PEM) for an authority",
    role: "read-only",
    params: nameParams,
    answer: pemSchema,
  }, async (asked) => {
    const { name } = certificateNamed(asked);
    return (await runOne<PemFacts>(asked, { name: "certconfig csr", args: { name }, refused: 404 })).item;
  });
  serve(app, {
    method: "get",
    path: "/certificates/{name}/check",
    id: "checkCertificate",
    tag,
    summary: "Do MX record, certificate and listener agree, as senders that verify need it",
    role: "read-only",
    params: nameParams,
    query: z.strictObject({
      for: z.string().min(1).max(255).optional().openapi({ description: "A domain or host", example: "example.com" }),
    }),
    answer: z.strictObject({
      agrees: z.boolean(),
      rows: z.array(
        z.strictObject({ about: z.enum(["listener", "mx", "certificate"]), agrees: z.boolean(), text: z.string() }),
      ),
      warnings,
    }).openapi("CertificateCheck"),
  }, async (asked) => {
    const { name } = certificateNamed(asked);
    const { items, warnings } = await run<AgreementFacts>(asked, {
      name: "certconfig check",
      args: { name, for: asked.query.for },
      keep: true,
    });
    const agrees = items.every(({ agrees }) => agrees);
    // The command's last word says what `agrees` does.
    return {
      agrees,
      rows: items.map(({ about, agrees, text }) => ({ about, agrees, text })),
      warnings: agrees ? warnings : warnings.slice(0, -1),
    };
  });
  serve(app, {
    method: "get",
    path: "/certificates/{name}/tlsa",
    id: "getTlsaRecords",
    tag,
    summary: "The TLSA records that the certificate asks for, and what the DNS says",
    role: "read-only",
    params: nameParams,
    query: z.strictObject({
      host: z.string().min(1).max(255).optional().openapi({
        description: "The hosts of its listeners where nothing is said",
      }),
      port: z.string().regex(/^[1-9]\d{0,4}$/, "is no port").optional().openapi({ example: "25" }),
    }),
    answer: z.strictObject({ hosts: z.array(tlsaSchema) }).openapi("TlsaRecords"),
  }, async (asked) => {
    const { name } = certificateNamed(asked);
    const { items } = await run<TlsaFacts>(asked, { name: "certconfig tlsa", args: { profile: name, ...asked.query } });
    return { hosts: items };
  });
}

function shownCertificate({ acme, certificates, warnings, ...facts }: ShownProfile): z.input<
  typeof certificateSchema
> {
  return {
    ...facts,
    certificates: certificates.map(shownRecord),
    warnings: warnings.map(({ text }) => text),
    ...(acme === undefined ? {} : { acme: { ...acme, names: [...acme.names] } }),
  };
}

/** The name of a certificate that there is. */
export function certificateNamed({ world, params }: { world: AdminWorld; params: { name: string } }): { name: string } {
  const { name } = params;
  if (world.config().certificates.has(name)) return { name };
  throw new Problem(404, { detail: `There is no certificate ${name}` });
}
