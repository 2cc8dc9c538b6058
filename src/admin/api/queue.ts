/**
 * Mail that waits: lists, single messages, actions on one or on all that match.
 *
 * The words of a filter go to the operator's commands, which judge them; so they mean here what they mean on the command line.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { causeOf } from "../../base/text.ts";
import type { CommandArgs } from "../../control/protocol.ts";
import {
  type ActionFacts,
  type ListedPage,
  type ListEnd,
  type ShownMessage,
  viaOf,
} from "../../control/queue_commands.ts";
import { Problem } from "../problem.ts";
import { call, callOne } from "./bridge.ts";
import { type ApiApp, type Asked, serve } from "./operation.ts";
import { midText, moment } from "./schemas.ts";

const tag = "queue";
const actions = ["retry", "hold", "release", "delete", "bounce", "redirect"] as const;

const filterShape = {
  sender: z.string().min(1).max(1_000).optional(),
  recipient: z.string().min(1).max(1_000).optional(),
  domain: z.string().min(1).max(255).optional().openapi({ description: "`.domain`: those below it" }),
  reason: z.string().min(1).max(100).optional().openapi({
    description: "The word of the last attempt",
    example: "no_starttls",
  }),
  older: z.string().regex(/^\d{1,9}[smhd]$/, "is no time; as in 2h").optional().openapi({ example: "2h" }),
};

const rowSchema = z.strictObject({
  mid: z.int(),
  received: moment,
  octets: z.int(),
  sender: z.string(),
  domain: z.string(),
  tls: z.enum(["required", "requiretls"]).nullable().openapi({
    description: "Demanded beyond the destination's level",
  }),
  via: z.string().nullable().openapi({ description: "Where it was redirected to" }),
  state: z.enum(["waiting", "delivering", "held", "suspended"]),
  attempts: z.int(),
  due: moment.nullable().openapi({ description: "The next attempt; null: it is held" }),
  tried: moment.nullable(),
  word: z.string().nullable().openapi({ description: "Of the last attempt" }),
  reason: z.string().nullable(),
  recipients: z.array(z.strictObject({ rid: z.int(), address: z.string() })),
  more: z.int().openapi({ description: "Recipients beyond those that are listed" }),
}).openapi("QueueRow");

const recipientSchema = z.strictObject({
  rid: z.int(),
  address: z.string(),
  notify: z.array(z.enum(["NEVER", "SUCCESS", "FAILURE", "DELAY"])).optional(),
  orcpt: z.string().optional(),
  warned: z.boolean().optional(),
}).openapi("Recipient");

const messageSchema = z.strictObject({
  mid: z.int(),
  now: moment,
  received: moment,
  octets: z.int(),
  sender: z.string(),
  parameters: z.array(z.string()),
  rows: z.array(z.strictObject({ ...rowSchema.shape, recipients: z.array(recipientSchema) }).openapi("MessageRow")),
  trail: z.array(z.strictObject({
    at: moment,
    domain: z.string(),
    via: z.string().nullable(),
    answers: z.array(z.strictObject({
      kind: z.string(),
      rids: z.array(z.int()),
      host: z.string().optional(),
      text: z.string(),
    })),
  })),
  header: z.string(),
}).openapi("QueueMessage");

const doneSchema = z.strictObject({
  action: z.enum(actions),
  done: z.int().openapi({ description: "Messages and destinations: a message for two domains counts twice" }),
  recipients: z.int(),
  later: z.int().openapi({ description: "Being delivered: done when the attempt ends" }),
  unchanged: z.int(),
}).openapi("QueueDone");

const to = z.string().min(1).max(300).superRefine((text, context) => {
  try {
    viaOf(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: causeOf(error) });
  }
}).openapi({
  description: "HOST[:PORT], for redirect; absent: back to its route",
  example: "10.0.0.9:25",
});
const midParams = z.strictObject({ mid: midText });

/** Adds the operations. */
export function mountQueue(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/queue",
    id: "listQueue",
    tag,
    summary: "What waits, by message and destination",
    role: "read-only",
    query: z.strictObject({
      ...filterShape,
      held: z.enum(["true"]).optional().openapi({ description: "What is held alone" }),
      mid: z.string().regex(/^[1-9]\d{0,14}(,[1-9]\d{0,14}){0,999}$/, "is no list of MIDs").optional()
        .openapi({ description: "MIDs, with commas" }),
      limit: z.string().regex(/^([1-9]\d{0,2}|1000)$/, "is no number from 1 to 1000").optional(),
      cursor: z.string().max(1_000).optional().openapi({ description: "As the page before gave it" }),
    }),
    answer: z.strictObject({
      now: moment,
      messages: z.int().openapi({ description: "In the whole queue" }),
      rows: z.array(rowSchema),
      cursor: z.string().nullable().openapi({ description: "For the next page; null: there is no more" }),
    }).openapi("QueuePage"),
  }, async ({ world, query: { held, mid, ...rest }, context }) => {
    const args: Record<string, string | string[] | true> = { ...present(rest) };
    if (held !== undefined) args.held = true;
    if (mid !== undefined) args.mids = mid.split(",");
    const { items } = await call<ListedPage | ListEnd>(world.commands, {
      name: "queue list",
      args,
      signal: context.req.raw.signal,
    });
    const end = items.at(-1) as ListEnd;
    const rows = items.slice(0, -1).flatMap((page) => (page as ListedPage).rows);
    return { now: world.clock.now(), messages: end.messages, rows, cursor: end.cursor };
  });
  serve(app, {
    method: "get",
    path: "/queue/{mid}",
    id: "getMessage",
    tag,
    summary: "One message: recipients, header, the last attempts",
    role: "read-only",
    params: midParams,
    answer: messageSchema,
  }, async ({ world, params, context }) =>
    await callOne<ShownMessage>(world.commands, {
      name: "queue show",
      args: params,
      signal: context.req.raw.signal,
      refused: 404,
    }));
  serve(app, {
    method: "delete",
    path: "/queue/{mid}",
    id: "deleteMessage",
    tag,
    summary: "Take a message out of the queue, without a report",
    role: "operator",
    params: midParams,
    answer: doneSchema,
  }, async ({ params, ...asked }) => await act(asked, "delete", { mids: [params.mid] }, 404));
  for (const action of actions.filter((each) => each !== "delete" && each !== "redirect")) {
    serve(app, {
      method: "post",
      path: `/queue/{mid}/${action}`,
      id: `${action}Message`,
      tag,
      summary: `${summaries[action]}, one message`,
      role: "operator",
      params: midParams,
      answer: doneSchema,
    }, async ({ params, ...asked }) => await act(asked, action, { mids: [params.mid] }, 404));
  }
  serve(app, {
    method: "post",
    path: "/queue/{mid}/redirect",
    id: "redirectMessage",
    tag,
    summary: "Send a message to another host",
    role: "operator",
    params: midParams,
    body: z.strictObject({ to: to.optional() }),
    answer: doneSchema,
  }, async ({ params, body, note, ...asked }) => {
    note(`to ${body.to ?? "its route"}`);
    return await act(asked, "redirect", { words: redirectWords([params.mid], body.to), ...back(body.to) }, 404);
  });
  serve(app, {
    method: "post",
    path: "/queue/actions",
    id: "actOnQueue",
    tag,
    summary: "Do one thing to all that match",
    description: "`filter` has to say something; `all: true` instead means everything.",
    role: "operator",
    body: z.strictObject({
      action: z.enum(actions),
      to: to.optional(),
      all: z.literal(true).optional(),
      filter: z.strictObject({
        ...filterShape,
        held: z.literal(true).optional(),
        mids: z.array(z.int().min(1).max(999_999_999_999_999)).min(1).max(10_000).optional(),
      }).optional(),
    }),
    answer: doneSchema,
  }, async ({ body: { action, to, all, filter = {} }, note, ...asked }) => {
    if (to !== undefined && action !== "redirect") {
      throw new Problem(422, { errors: [{ path: "to", detail: "is for redirect" }] });
    }
    if (!all && Object.keys(filter).length === 0) {
      throw new Problem(422, { errors: [{ path: "filter", detail: "says nothing; what shall match, or all: true" }] });
    }
    note(
      `${action}${to === undefined ? "" : ` to ${to}`} ${all ? "everything" : JSON.stringify(filter).slice(0, 300)}`,
    );
    const { held, mids = [], ...rest } = filter;
    const words = mids.map(String);
    const args: CommandArgs = {
      ...present(rest),
      ...(held ? { held } : {}),
      ...(all ? { all } : {}),
      ...(action === "redirect"
        ? { words: redirectWords(words, to), ...back(to) }
        : words.length > 0
        ? { mids: words }
        : {}),
    };
    return await act(asked, action, args, 422);
  });
}

// deno-fmt-ignore
const summaries = {
  retry:   "Try now",
  hold:    "Leave in the queue until it is released",
  release: "Let what was held go",
  bounce:  "Give up, with a report to the sender",
} as const;

function act(
  { world, context }: Pick<Asked<unknown, unknown, unknown>, "world" | "context">,
  action: (typeof actions)[number],
  args: CommandArgs,
  refused: 404 | 422,
): Promise<ActionFacts> {
  return callOne(world.commands, { name: `queue ${action}`, args, signal: context.req.raw.signal, refused });
}

/** The words of `queue redirect`: MIDs, and behind them where to. */
function redirectWords(mids: string[], to: string | undefined): string[] {
  return to === undefined ? mids : [...mids, to];
}

function back(to: string | undefined): CommandArgs {
  return to === undefined ? { back: true } : {};
}

function present(words: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(words).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
