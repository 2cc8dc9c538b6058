/**
 * One operation of the API: its line in the OpenAPI document, its checks and its handler, from one description.
 *
 * Who may call it, what comes in and what goes out stand in the description, so that the document cannot say something else than the code
 * does. What changes something is written to the audit log, whether it was done or not.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { causeOf } from "../../base/text.ts";
import { isSafe } from "../csrf.ts";
import { requireRole } from "../guard.ts";
import type { Identity, Role } from "../identity.ts";
import { type FieldFault, Problem } from "../problem.ts";
import { doubtIn } from "../strict_json.ts";
import { type FieldIssue, fieldWords, withField } from "./field_words.ts";
import type { AdminEnv, AdminWorld } from "../world.ts";

/** The app that operations are added to. */
export type ApiApp = OpenAPIHono<AdminEnv>;

/** What an operation is. `role` `null`: nobody has to be logged in. */
export interface Operation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType> {
  method: "get" | "post" | "put" | "patch" | "delete";
  /** Below `/api/v1`. */
  path: string;
  /** A name for programs: `listQueue`. */
  id: string;
  tag: string;
  summary: string;
  description?: string;
  role: Role | null;
  params?: P;
  query?: Q;
  body?: B;
  /** Headers that count, for the document: the handler reads them. */
  headers?: z.ZodObject;
  /** Absent: 204, nothing is answered. */
  answer?: A;
  /** 200 where nothing is said. */
  status?: 200 | 201 | 202;
  /** It writes its own lines to the audit log, or changes nothing that anybody would look for there. */
  unaudited?: true;
  /** Media types beside JSON that it answers with. */
  streams?: readonly string[];
}

/** What a handler gets. */
export interface Asked<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  context: Context<AdminEnv>;
  world: AdminWorld;
  /** Where a role is required there is one. */
  identity: Identity | undefined;
  /** Says more of what is done in the audit log's line. */
  note(detail: string): void;
}

const codeSchema = z.string().optional().openapi({
  description: "A word for programs for what the detail says, where there is one",
  example: "fault.cert.taken",
});

/** The schema of problems, as the document has it. */
const problemSchema = z.strictObject({
  type: z.string().openapi({ description: "`about:blank`, or the kind of problem" }),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: codeSchema,
  errors: z.array(z.strictObject({ path: z.string(), detail: z.string(), code: codeSchema })).optional()
    .openapi({ description: "Fields that are wrong" }),
}).openapi("Problem");

/** What refusals answer with. */
export const problemContent: Record<string, { schema: typeof problemSchema }> = {
  "application/problem+json": { schema: problemSchema },
};

/** Adds an operation. */
export function serve<
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  A extends z.ZodType = z.ZodVoid,
>(
  app: ApiApp,
  operation: Operation<P, Q, B, A>,
  handle: (
    asked: Asked<z.output<P>, z.output<Q>, z.output<B>>,
  ) => z.input<A> | Response | Promise<z.input<A> | Response>,
): void {
  const { answer, status = 200, role, unaudited } = operation;
  app.openapi(createRoute(routeOf(operation)), async (context) => {
    // Not `var`, which copies all of them each time.
    const world = context.get("world");
    const identity = context.get("identity");
    // The library's types follow the description; ours do too.
    const valid = (from: "param" | "query" | "json", schema: unknown) =>
      schema === undefined ? undefined : (context.req.valid as (from: string) => unknown)(from);
    const params = valid("param", operation.params) as z.output<P>;
    const query = valid("query", operation.query) as z.output<Q>;
    const body = valid("json", operation.body) as z.output<B>;
    const details: string[] = [];
    const audit = (ok: boolean, detail?: string) => {
      if (isSafe(context.req.method) || unaudited || role === null) return;
      world.audit.note({
        action: operation.id,
        ok,
        user: identity?.user,
        via: identity?.via,
        address: context.var.client.address,
        target: Object.values(params ?? {}).join(" ") || undefined,
        detail: [...details, detail ?? []].flat().join("; ") || undefined,
      });
    };
    try {
      const result = await handle({
        params,
        query,
        body,
        context,
        world,
        identity,
        note: (detail) => void details.push(detail),
      });
      audit(true);
      if (result instanceof Response) return result;
      return answer === undefined ? context.body(null, 204) : context.json(result as object, status);
    } catch (error) {
      audit(false, causeOf(error));
      throw withField(error, { params, query, body });
    }
  });
}

/** Whoever may not ask has nothing read, and whoever may says one thing. */
const refuseDoubt: MiddlewareHandler<AdminEnv> = async (context, next) => {
  const doubt = doubtIn(await context.req.text());
  if (doubt !== undefined) throw new Problem(422, { errors: [doubt] });
  await next();
};

/** The library's word for what did not pass: each field with what is wrong. */
export function refuseFaults(result: { success: boolean; target?: string; error?: unknown }): void {
  if (result.success) return;
  const { issues = [] } = result.error as { issues?: FieldIssue[] };
  const errors = issues.slice(0, 100).flatMap((issue): FieldFault[] => {
    const path = issue.path.map(String).join(".");
    const { keys } = issue;
    if (issue.code !== "unrecognized_keys" || keys === undefined) return [{ path, detail: fieldWords(issue) }];
    return keys.slice(0, 100).map((key) => ({
      path: [path, key].filter((part) => part !== "").join("."),
      detail: "is unknown",
    }));
  });
  throw new Problem(422, { errors });
}

function routeOf<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  {
    method,
    path,
    id,
    tag,
    summary,
    description,
    role,
    params,
    query,
    body,
    headers,
    answer,
    status = 200,
    streams = [],
  }: Operation<P, Q, B, A>,
): RouteConfig {
  const json = (schema: z.ZodType) => ({ "application/json": { schema } });
  const others = Object.fromEntries(streams.map((type) => [type, { schema: z.string() }]));
  return {
    method,
    path: `/api/v1${path}`,
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    security: role === null ? [] : [{ token: [] }, { session: [], csrf: [] }],
    middleware: [...(role === null ? [] : [requireRole(role)]), ...(body === undefined ? [] : [refuseDoubt])],
    request: {
      ...(params === undefined ? {} : { params: params as never }),
      ...(query === undefined ? {} : { query: query as never }),
      ...(headers === undefined ? {} : { headers: headers as never }),
      ...(body === undefined ? {} : { body: { required: true, content: json(body) } }),
    },
    responses: {
      ...(answer === undefined && streams.length === 0 ? { 204: { description: "Done" } } : {
        [status]: { description: summary, content: { ...(answer === undefined ? {} : json(answer)), ...others } },
      }),
      "4XX": { description: "It was not done", content: problemContent },
      "5XX": { description: "It could not be done", content: problemContent },
    },
  };
}
