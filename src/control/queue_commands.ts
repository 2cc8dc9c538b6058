/**
 * The commands on the queue: `queue list`, `show`, `retry`, `hold`, `release`, `redirect`, `delete`, `bounce`.
 *
 * What they act on is said by MIDs, by filters, or by `--all`, never by nothing: an empty command must not mean everything.
 *
 * @module
 */
import { parseDomain, parseHostPort } from "../config/values.ts";
import { destinationParts, type Via, viaText } from "../mail/destination.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { QueueFilter } from "../queue/browse.ts";
import type { Managed, QueueAction, QueueManager, ShownRow } from "../queue/manage.ts";
import { heldDue } from "../queue/schema.ts";
import type { TrailAnswer } from "../queue/trail.ts";
import { type Args, type Command, CommandError } from "./commands.ts";
import { tell } from "./texts.ts";

/** What the commands work with. */
export interface QueueHands {
  manage: QueueManager;
  /** Messages in the queue. */
  messages(): number;
  /** Wall milliseconds. */
  now(): number;
  /** Whether mail for a domain is suspended. */
  suspended(domain: string): boolean;
  /** Forgets which hosts failed, so that a retry now is one; absent where no gateway runs. */
  forgetFailures?(): void;
}

/** What waits of a message for one domain. Times are wall milliseconds. */
export interface ListedRow {
  mid: number;
  received: number;
  octets: number;
  sender: string;
  domain: string;
  /** What the message demands of TLS beyond the destination's level. */
  tls: "required" | "requiretls" | null;
  /** Where it was redirected to. */
  via: string | null;
  state: "waiting" | "delivering" | "held" | "suspended";
  attempts: number;
  /** The next attempt; null where it is held. */
  due: number | null;
  tried: number | null;
  /** Of the last attempt: a word, and in full. */
  word: string | null;
  reason: string | null;
  recipients: { rid: number; address: string }[];
  /** Recipients beyond those that are listed. */
  more: number;
}

/** A page of `queue list`. */
export interface ListedPage {
  now: number;
  rows: ListedRow[];
  /** For `--cursor`, to go on behind this page; null: there is no more. */
  cursor: string | null;
}

/** Behind the last page. */
export interface ListEnd {
  shown: number;
  /** In the whole queue. */
  messages: number;
  cursor: string | null;
}

/** What `queue show` gives. */
export interface ShownMessage {
  mid: number;
  now: number;
  received: number;
  octets: number;
  sender: string;
  /** Parameters that the sender gave: BODY, SMTPUTF8, RET, ENVID, and what TLS has to be. */
  parameters: string[];
  rows: (ListedRow & { recipients: Recipient[] })[];
  trail: { at: number; domain: string; via: string | null; answers: TrailAnswer[] }[];
  header: string;
}

/** What an action gives. */
export interface ActionFacts extends Managed {
  action: QueueAction["kind"];
}

/** Recipients that a list shows of each message. */
const recipientsShown = 5;
/** What a list gives where nothing is said. */
const limitUsual = 100;

/** See the module. */
export function queueCommands(hands: QueueHands): Command[] {
  const acting = (kind: Exclude<QueueAction["kind"], "redirect">): Command => ({
    name: `queue ${kind}`,
    run: (args, { signal }) => act(hands, { action: { kind }, filter: targets(args, hands), signal }),
  });
  return [
    { name: "queue list", run: (args, { signal }) => list(hands, { args, signal }) },
    { name: "queue show", run: (args, { signal }) => show(hands, { mid: midOf(args.needed("mid")), signal }) },
    ...(["retry", "hold", "release", "delete", "bounce"] as const).map(acting),
    {
      name: "queue redirect",
      run(args, { signal }) {
        const words = [...args.list("words")];
        const via = args.has("back") ? undefined : viaOf(words.pop());
        return act(hands, { action: { kind: "redirect", via }, filter: targets(args, hands, words), signal });
      },
    },
  ];
}

async function act(
  { manage, forgetFailures }: QueueHands,
  { action, filter, signal }: { action: QueueAction; filter: QueueFilter; signal: AbortSignal },
): Promise<ActionFacts> {
  if (action.kind === "retry") forgetFailures?.();
  const managed = await manage.act(action, { filter, signal });
  const { mids } = filter;
  if (mids?.length === 1 && managed.done + managed.later + managed.unchanged === 0) {
    throw new CommandError(tell("fault.queue.gone", { action: action.kind, mid: `${mids[0]}` }));
  }
  return { action: action.kind, ...managed };
}

async function* list(
  hands: QueueHands,
  { args, signal }: { args: Args; signal: AbortSignal },
): AsyncGenerator<ListedPage | ListEnd> {
  const limit = args.count("limit", 10_000_000) ?? limitUsual;
  const from = cursorOf(args.text("cursor"));
  const now = hands.now();
  let shown = 0;
  let cursor: string | null = null;
  for await (const { rows, next } of hands.manage.list(filterOf(args, hands), { limit, from, signal })) {
    shown += rows.length;
    cursor = next === undefined ? null : `${next.mid}/${next.destination}`;
    yield { now, rows: rows.map((row) => listed(hands, row)), cursor };
  }
  yield { shown, messages: hands.messages(), cursor: shown < limit ? null : cursor };
}

async function show(hands: QueueHands, { mid, signal }: { mid: number; signal: AbortSignal }): Promise<ShownMessage> {
  const details = await hands.manage.details(mid, signal);
  if (details === undefined) throw new CommandError(tell("fault.queue.unknown", { mid: `${mid}` }));
  const { envelope: { sender, receivedAt, eightBit, smtputf8, ret, envid, tls }, octets, rows, trail, header } =
    details;
  const parameters = [
    eightBit ? "BODY=8BITMIME" : "",
    smtputf8 ? "SMTPUTF8" : "",
    ret === undefined ? "" : `RET=${ret}`,
    envid === undefined ? "" : `ENVID=${envid}`,
    tls === "requiretls" ? "REQUIRETLS" : tls === "required" ? "X-Postern-TLS: required" : "",
  ].filter((each) => each !== "");
  return {
    mid,
    now: hands.now(),
    received: receivedAt,
    octets,
    sender,
    parameters,
    rows: rows.map((row) => ({ ...listed(hands, row), recipients: row.recipients, more: 0 })),
    trail: trail.map(({ at, destination, answers }) => {
      const { domain, via } = destinationParts(destination);
      return { at, domain, via: via === undefined ? null : viaText(via), answers };
    }),
    header,
  };
}

function listed({ suspended }: QueueHands, row: ShownRow): ListedRow {
  const { domain, demand, via } = destinationParts(row.destination);
  const { mid, octets, sender, state, attempts, due, tried, word, reason, recipients } = row;
  return {
    mid,
    received: row.receivedAt,
    octets,
    sender,
    domain,
    tls: demand ?? null,
    via: via === undefined ? null : viaText(via),
    state: state === "waiting" && suspended(domain) ? "suspended" : state,
    attempts,
    due: due >= heldDue ? null : due,
    tried,
    word,
    reason,
    recipients: recipients.slice(0, recipientsShown).map(({ rid, address }) => ({ rid, address })),
    more: Math.max(recipients.length - recipientsShown, 0),
  };
}

/** What a list or an action is about. */
function filterOf(args: Args, { now }: QueueHands, words: readonly string[] = args.list("mids")): QueueFilter {
  const filter: QueueFilter = {};
  if (words.length > 0) filter.mids = words.map(midOf);
  for (const name of ["sender", "recipient", "domain", "reason"] as const) {
    const text = args.text(name);
    if (text !== undefined) filter[name] = text;
  }
  const older = args.duration("older");
  if (older !== undefined) filter.before = now() - older;
  if (args.has("held")) filter.held = true;
  return filter;
}

/** As {@linkcode filterOf}, of a command that changes something: it has to say what. */
function targets(args: Args, hands: QueueHands, words?: readonly string[]): QueueFilter {
  const filter = filterOf(args, hands, words);
  const some = Object.keys(filter).length > 0;
  if (args.has("all")) {
    if (some) throw new CommandError("Cannot tell what is meant: --all stands alone");
  } else if (!some) throw new CommandError(tell("fault.queue.which"));
  return filter;
}

function midOf(word: string): number {
  if (/^\d{1,15}$/.test(word)) return Number(word);
  throw new CommandError(tell("fault.queue.no_mid", { word }));
}

function cursorOf(text: string | undefined): { mid: number; destination: string } | undefined {
  if (text === undefined) return undefined;
  const found = /^(\d{1,15})\/(.*)$/s.exec(text);
  if (found === null) throw new CommandError(`Cannot use --cursor ${text}: it is none that a list gave`);
  return { mid: Number(found[1]), destination: found[2] };
}

/** Where mail is redirected to. Throws a {@linkcode CommandError} for a word that is no host. */
export function viaOf(word: string | undefined): Via {
  if (word === undefined) throw new CommandError(tell("fault.queue.nowhere"));
  const bare = /^\[[^\]]*\]$/.test(word) || !word.includes(":") ? `${word}:25` : word;
  const parsed = parseHostPort(bare);
  if (!parsed.ok) throw new CommandError(tell("fault.queue.hop", { word, what: parsed.what }));
  const { host, port, address } = parsed.value;
  const name = address ? undefined : parseDomain(host);
  const what = name?.ok === false ? name.what : port === 0 ? "has port 0" : undefined;
  if (what !== undefined) throw new CommandError(tell("fault.queue.hop", { word, what }));
  return { host, port };
}
