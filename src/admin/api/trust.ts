/**
 * Whom the gateway trusts: authorities, revocation lists, and what responders say of its own certificates.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { AuthoritiesItem, AuthorityChange, AuthorityExport } from "../../control/authority_commands.ts";
import type { ListsItem, StatusItem } from "../../control/revocation_commands.ts";
import { type ApiApp, serve } from "./operation.ts";
import { content, fileOf, type Known, profileName, type Run, runOne, stage, warnings } from "./run.ts";
import { moment } from "./schemas.ts";
import { fetchingSchema, shownFetching, shownUpdates, updatesSchema } from "./fetching.ts";

const tag = "trust";

const authoritySchema = z.strictObject({
  subject: z.string(),
  issuer: z.string(),
  notBefore: moment,
  notAfter: moment,
  fingerprint: z.string().openapi({ description: "SHA-256" }),
  key: z.string(),
  authority: z.boolean().openapi({ description: "It may sign others" }),
}).openapi("Authority");

const authoritiesSchema = z.strictObject({
  now: moment,
  system: z.strictObject({
    trusted: z.boolean(),
    file: z.string().nullable(),
    certificates: z.int(),
    updates: updatesSchema.optional().openapi({
      description: "The updater's list, which stands in for the system's once it was fetched",
    }),
  }),
  bundles: z.array(z.strictObject({
    name: z.string(),
    file: z.string(),
    ours: z.boolean().openapi({ description: "It was added here, and its file goes with it" }),
    certificates: z.array(authoritySchema),
    fault: z.string().optional(),
  })),
  crls: z.int().openapi({ description: "Sources of revocation lists" }),
}).openapi("Authorities");

const changeSchema = z.strictObject({
  done: z.string().openapi({ description: "What was done, in words" }),
  staged: z.boolean(),
  certificates: z.array(authoritySchema).optional(),
  warnings,
}).openapi("TrustChange");

const listsSchema = z.strictObject({
  now: moment,
  lists: z.array(z.strictObject({
    source: z.string(),
    kind: z.enum(["file", "url"]),
    lists: z.array(z.strictObject({
      issuer: z.string(),
      from: moment,
      until: moment.optional(),
      entries: z.int(),
      signature: z.enum(["proven", "unproven", "wrong"]),
    })),
    fault: z.string().optional(),
    fetching: fetchingSchema.optional(),
  })),
}).openapi("RevocationLists");

const statusesSchema = z.strictObject({
  now: moment,
  certificates: z.array(z.strictObject({
    profiles: z.array(z.string()),
    subject: z.string(),
    fingerprint: z.string(),
    responders: z.array(z.string()),
    mustStaple: z.boolean(),
    status: z.enum(["good", "revoked", "unknown", "none"]),
    stapled: z.boolean(),
    from: moment.optional(),
    until: moment.optional(),
    fetching: fetchingSchema.optional(),
  })),
}).openapi("OwnStatus");

const source = z.string().min(1).max(2_048).openapi({ example: "http://crl.partner.example/ca.crl" });
const bundle = z.strictObject({ name: profileName });

/** Adds the operations. */
export function mountTrust(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/authorities",
    id: "listAuthorities",
    tag,
    summary: "Whom the gateway trusts: the system's list and bundles of its own",
    role: "read-only",
    answer: authoritiesSchema,
  }, async (asked) => {
    const { item } = await runOne<AuthoritiesItem>(asked, { name: "certconfig authorities list" });
    const { updates, ...system } = item.system;
    return { ...item, system: { ...system, ...(updates === undefined ? {} : { updates: shownUpdates(updates) }) } };
  });
  serve(app, {
    method: "post",
    path: "/authorities",
    id: "addAuthorities",
    tag,
    summary: "Trust the certificates of a file: PEM, DER or PKCS#7",
    role: "administrator",
    status: 201,
    body: z.strictObject({ name: profileName, content, stage }),
    answer: changeSchema,
  }, async ({ body: { name, content, stage }, note, ...asked }) => {
    note(name);
    return await changed(asked, {
      name: "certconfig authorities add",
      args: { name },
      files: { file: fileOf(name, content) },
      stage,
    });
  });
  serve(app, {
    method: "put",
    path: "/authorities/system",
    id: "trustSystem",
    tag,
    summary: "Trust the system's list, or do not",
    role: "administrator",
    body: z.strictObject({ trusted: z.boolean(), stage }),
    answer: changeSchema,
  }, async ({ body: { trusted, stage }, ...asked }) => {
    const state = trusted ? "on" : "off";
    return await changed(asked, { name: "certconfig authorities system", args: { state }, stage });
  });
  serve(app, {
    method: "get",
    path: "/authorities/{name}",
    id: "exportAuthorities",
    tag,
    summary: "A bundle in PEM; `system` is the system's list",
    role: "read-only",
    params: bundle,
    answer: z.strictObject({ pem: z.string() }).openapi("Bundle"),
  }, async (asked) => {
    const wish: Run = { name: "certconfig authorities export", args: asked.params, refused: 404 };
    const { item } = await runOne<AuthorityExport>(asked, wish);
    return { pem: "pem" in item ? item.pem : "" };
  });
  serve(
    app,
    {
      method: "delete",
      path: "/authorities/{name}",
      id: "removeAuthorities",
      tag,
      summary: "Trust a bundle no more",
      role: "administrator",
      params: bundle,
      answer: changeSchema,
    },
    async (asked) => await changed(asked, { name: "certconfig authorities remove", args: asked.params, refused: 404 }),
  );
  serve(app, {
    method: "get",
    path: "/crls",
    id: "listRevocationLists",
    tag,
    summary: "Revocation lists: what they hold, until when, how the fetching goes",
    role: "read-only",
    answer: listsSchema,
  }, async (asked) => shownLists((await runOne<ListsItem>(asked, { name: "certconfig crls list" })).item));
  serve(app, {
    method: "post",
    path: "/crls",
    id: "addRevocationList",
    tag,
    summary: "Hold certificates against a revocation list: a URL, or a file of the gateway's machine",
    role: "administrator",
    status: 201,
    body: z.strictObject({ source, stage }),
    answer: changeSchema,
  }, async ({ body: { source, stage }, note, ...asked }) => {
    note(source);
    return await changed(asked, { name: "certconfig crls add", args: { source }, stage });
  });
  serve(app, {
    method: "delete",
    path: "/crls",
    id: "removeRevocationList",
    tag,
    summary: "Hold certificates against a revocation list no more",
    role: "administrator",
    query: z.strictObject({ source }),
    answer: changeSchema,
  }, async ({ query, note, ...asked }) => {
    note(query.source);
    return await changed(asked, { name: "certconfig crls remove", args: query, refused: 404 });
  });
  serve(
    app,
    {
      method: "post",
      path: "/crls/refresh",
      id: "refreshRevocationLists",
      tag,
      summary: "Fetch revocation lists now: one URL, or all",
      role: "administrator",
      body: z.strictObject({ url: source.optional() }),
      answer: listsSchema,
    },
    async ({ body: { url }, ...asked }) =>
      shownLists((await runOne<ListsItem>(asked, { name: "certconfig crls refresh", args: { url }, keep: true })).item),
  );
  serve(app, {
    method: "get",
    path: "/ocsp",
    id: "listOwnStatus",
    tag,
    summary: "What responders say of our certificates, and whether it is stapled",
    role: "read-only",
    answer: statusesSchema,
  }, async (asked) => shownStatuses((await runOne<StatusItem>(asked, { name: "certconfig ocsp list" })).item));
  serve(
    app,
    {
      method: "post",
      path: "/ocsp/refresh",
      id: "refreshOwnStatus",
      tag,
      summary: "Ask the responders now",
      role: "administrator",
      answer: statusesSchema,
    },
    async (asked) =>
      shownStatuses((await runOne<StatusItem>(asked, { name: "certconfig ocsp refresh", keep: true })).item),
  );
}

async function changed(asked: Known, wish: Run): Promise<z.input<typeof changeSchema>> {
  const { item: { done, staged, certificates }, warnings } = await runOne<AuthorityChange>(asked, wish);
  return { done, staged, ...(certificates === undefined ? {} : { certificates }), warnings };
}

function shownLists({ now, lists }: ListsItem): z.input<typeof listsSchema> {
  return { now, lists: lists.map((each) => ({ ...each, ...shownFetching(each) })) };
}

function shownStatuses({ now, certificates }: StatusItem): z.input<typeof statusesSchema> {
  return { now, certificates: certificates.map((each) => ({ ...each, ...shownFetching(each) })) };
}
