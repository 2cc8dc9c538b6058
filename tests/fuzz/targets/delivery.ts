/**
 * Delivery against next hops that mean no good: they answer wrongly, out of turn, never, without an end; they cut, drip, stop reading, and break
 * TLS half-way. Time is a clock that goes from timer to timer, so what would last hours is over at once, and what never ends is seen.
 *
 * Afterwards books are made up: every lease is settled once or given back; who was told "delivered" has had the whole text sent; whose receipt was
 * sound is not asked for again; a level that requires TLS showed no mail in clear; nothing is left open; each log line is of its grammar.
 *
 * @module
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { LineLog } from "../../../src/base/log.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { startDelivery } from "../../../src/deliver/delivery.ts";
import { limits } from "../../../src/base/limits.ts";
import { eventText, type MailEvent } from "../../../src/mail/events.ts";
import type { Outcome } from "../../../src/mail/outcome.ts";
import { type Conn, DeadlineError, type Endpoint } from "../../../src/net/net.ts";
import type { Lease, RetryRule, Settlement } from "../../../src/queue/spool.ts";
import type { ClientContext, ServerContext } from "../../../src/tls/engine.ts";
import { type Level, levelTable } from "../../../src/tls/level.ts";
import { startTls, type TlsConn } from "../../../src/tls/pump.ts";
import { mailLines } from "../../gateway/mail_log.ts";
import { makeAuthority, makeLeaf } from "../../support/certs.ts";
import { configOf, MemorySpool, tableResolver } from "../../support/delivery_bench.ts";
import { pipe } from "../../support/pipe.ts";
import { StepClock } from "../../support/step_clock.ts";
import { latin1 } from "../bytes.ts";
import type { Chance } from "../chance.ts";
import {
  Books,
  HostileServer,
  type Reaction,
  type Script,
  type TlsMood,
  transcribed,
  type Transcript,
} from "../hostile.ts";
import { target } from "../target.ts";

interface MailInput {
  recipients: number;
  text: string;
  /** So many lines more. */
  lines: number;
  /** Not held in memory: it comes in pieces of so many octets. */
  pieces: number | undefined;
}

interface Input {
  level: Level;
  trusted: boolean;
  hosts: number;
  /** What becomes of each dial, in turn. */
  dials: ("open" | "refused" | "times out")[];
  /** Octets that may be under way. */
  capacity: number;
  control: { max_connections: number; max_messages_per_connection: number };
  mails: MailInput[];
  scripts: Script[];
  /** The queue refuses to write so many settlements down at first. */
  stubborn: number;
  /** Delivery is told to stop behind so many timers. */
  stops: number | undefined;
}

/** A queue in memory that watches what becomes of leases, and balks now and then. */
class WatchedSpool extends MemorySpool {
  readonly leasedAt = new Map<Lease, number>();
  readonly clock: StepClock;
  stubborn: number;
  /** The longest that a lease was out. */
  longest = 0;

  constructor(clock: StepClock, stubborn: number) {
    super();
    this.clock = clock;
    this.stubborn = stubborn;
  }

  override async lease(destination: string, count: number): Promise<Lease[]> {
    const leases = await super.lease(destination, count);
    for (const lease of leases) {
      assert.ok(!this.leasedAt.has(lease), "leased once");
      this.leasedAt.set(lease, this.clock.monotonic());
    }
    return leases;
  }

  override giveBack(lease: Lease): void {
    this.#ended(lease);
    super.giveBack(lease);
  }

  override settle(lease: Lease, outcomes: Outcome[], rule: RetryRule): Promise<Settlement> {
    if (this.stubborn-- > 0) return Promise.reject(new Error("database is locked"));
    this.#ended(lease);
    return super.settle(lease, outcomes, rule);
  }

  #ended(lease: Lease): void {
    const since = this.leasedAt.get(lease);
    assert.ok(since !== undefined, "ended once");
    this.leasedAt.delete(lease);
    this.longest = Math.max(this.longest, this.clock.monotonic() - since);
  }
}

interface Tls {
  context: ServerContext;
  client: ClientContext;
  doubting: ClientContext;
}

/** OpenSSL and certificates, when the first input wants them. */
let tls: Promise<Tls> | undefined;

async function makeTls(): Promise<Tls> {
  const { engine, pairOf, profileOf, trustIn } = await import("../../support/tls_world.ts");
  const folder = await Deno.makeTempDir();
  try {
    const [authority, other] = [await makeAuthority(folder), await makeAuthority(folder)];
    const leaf = await makeLeaf({ ca: authority, names: ["example.test"], key: "ec:p256" });
    const profile = profileOf();
    return {
      context: engine.serverContext({
        profile,
        keyPairs: [pairOf("hop", leaf)],
        askClientCertificate: false,
        trust: trustIn([authority]),
        sessionIdContext: "hop",
      }),
      client: engine.clientContext({ profile, trust: trustIn([authority]) }),
      doubting: engine.clientContext({ profile, trust: trustIn([other]) }),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const rcptOf = (mid: number, rid: number): string => `r${rid}.m${mid}@example.test`;
const line = `${"c".repeat(98)}\r\n`;
const textOf = (mid: number, { text, lines }: MailInput): string =>
  `Subject: ${mid}\r\n\r\n${line.repeat(lines)}${text}`;
/** Time for every step of every message, on every host, one behind the other. */
const patienceMs = (mails: number): number =>
  (mails + 2) * 2 * (limits.transactionMs + 3 * limits.connectTotalMs) + 10 * limits.shutdownMs;
const stepsMax = 60_000;

async function check(input: Input): Promise<string[]> {
  const { context, client, doubting } = await (tls ??= makeTls());
  const clock = new StepClock();
  const books = new Books();
  const spool = new WatchedSpool(clock, input.stubborn);
  const transcripts: Transcript[] = [];
  let log = "";
  const servers: Promise<void>[] = [];
  const control = { ...input.control, tls: input.level };
  const hosts = Array.from({ length: input.hosts }, (_, n) => ({ host: `192.0.2.${n + 1}`, port: 25 }));
  const config = configOf({ control, routes: { "example.test": hosts } });
  for (const [at, mail] of input.mails.entries()) {
    const mid = at + 1;
    const recipients = Array.from({ length: mail.recipients }, (_, rid) => ({ rid, address: rcptOf(mid, rid) }));
    const envelope = { mid, sender: `m${mid}@sender.test`, recipients };
    spool.add({
      to: recipients.map(({ address }) => address),
      text: latin1(textOf(mid, mail)),
      ...mail.pieces === undefined ? {} : { pieces: mail.pieces },
      envelope,
    });
  }
  let dials = 0;
  const dial = async (to: Endpoint, { ms }: { ms: number }): Promise<Conn> => {
    const number = dials++;
    const how = input.dials[number % input.dials.length];
    books.ends.add(`dial ${how}`);
    if (how === "refused") throw new Deno.errors.ConnectionRefused("Connection refused (os error 111)");
    if (how === "times out") {
      await new Promise<void>((resolve) => clock.after(ms, resolve));
      throw new DeadlineError("no connection");
    }
    const ends = pipe({ clock, server: to, client: { address: "192.0.2.7", port: 40_000 }, capacity: input.capacity });
    const script = input.scripts[number % input.scripts.length];
    servers.push(new HostileServer(ends.server, { script, books, clock, context }).run());
    const transcript: Transcript = { encrypted: false, wrote: "", read: 0 };
    transcripts.push(transcript);
    return transcribed(ends.client, transcript);
  };
  const delivery = startDelivery({
    spool,
    config: () => config,
    tls: () => ({ context: input.trusted ? client : doubting, trustGeneration: input.trusted ? 1 : 2 }),
    startTls: async (conn, session) => {
      const started = await startTls(conn, session);
      if (started.kind === "failed") return started;
      const transcript: Transcript = { encrypted: true, wrote: "", read: 0 };
      transcripts.push(transcript);
      return { ...started, conn: transcribed(started.conn, transcript) as TlsConn };
    },
    dialer: { dial },
    resolver: tableResolver({}),
    machineAddresses: () => [],
    log: new LineLog<MailEvent>({
      level: "trace",
      format: "text",
      render: eventText,
      now: () => clock.now(),
      sinks: [{ write: (lines) => void (log += lines), flush: () => {} }],
    }),
    clock,
    random: seededRandom(1),
  });

  let steps = 0;
  /** Goes on until it holds. */
  const until = async (what: string, holds: () => boolean) => {
    for (;; steps++) {
      await turn();
      if (holds()) return;
      assert.ok(steps < stepsMax, `${what} within ${stepsMax} timers`);
      assert.ok(clock.monotonic() <= patienceMs(input.mails.length), `${what} within ${clock.monotonic()} ms`);
      assert.ok(clock.step(), `${what}: nothing moves any more`);
    }
  };
  const rounds = input.stops === undefined ? 2 : 1;
  for (let round = 0, told = 0; round < rounds; round++) {
    const due = spool.messages;
    if (round > 0) spool.retry();
    if (due === 0) break;
    told = spool.settled.length;
    await until("all is settled", () => input.stops === steps || spool.settled.length - told >= due);
  }
  const ended = delivery.stop();
  let over = false;
  void ended.then(() => over = true);
  await until("delivery has stopped", () => over && clock.timers === 0);

  assert.equal(spool.leasedAt.size, 0, "no lease is out");
  assert.equal(delivery.connections, 0, "no connection is left");
  assert.deepEqual(books.faults, []);
  judgeOutcomes(input, { spool, transcripts, books });
  judgeTls(input.level, transcripts);
  judgeReading(transcripts);
  for (const { text } of mailLines(log, /^Cannot write down what became of MID \d+: database is locked/)) {
    if (/^Bounced/.test(text)) books.ends.add("bounced");
  }
  if (spool.givenBack > 0) books.ends.add("given back");
  return [...books.ends];
}

function judgeOutcomes(
  { mails }: Input,
  { spool, transcripts, books }: { spool: WatchedSpool; transcripts: Transcript[]; books: Books },
): void {
  const delivered = new Set<string>();
  for (const { lease: { envelope: { mid } }, outcomes } of spool.settled) {
    for (const outcome of outcomes) {
      books.ends.add(outcome.kind);
      if (outcome.kind !== "delivered") continue;
      const rcpt = rcptOf(mid, outcome.rid);
      assert.ok(!delivered.has(rcpt), `${rcpt} is delivered once`);
      delivered.add(rcpt);
      assert.ok(outcome.reply.code >= 200 && outcome.reply.code < 300);
      const text = textOf(mid, mails[mid - 1]);
      // RFC 5321 §4.1.1.4, §4.5.2: what DATA makes of it.
      const whole = text.endsWith("\r\n") ? text : `${text}\r\n`;
      const dotted = whole.replaceAll(/^\./gm, "..") + ".\r\n";
      const sent = transcripts.some(({ wrote }) =>
        wrote.includes(`RCPT TO:<${rcpt}>`) &&
        (wrote.includes(`BDAT ${text.length} LAST\r\n${text}`) || wrote.includes(`\r\n${dotted}`))
      );
      assert.ok(sent, `${rcpt} counts as delivered, and the text was never sent to the end`);
    }
  }
  for (const { rcpt, text, asked } of books.receipts) {
    const mid = Number(/\.m(\d+)@/.exec(rcpt)![1]);
    const expected = textOf(mid, mails[mid - 1]);
    assert.ok(text === expected || text === `${expected}\r\n`, `the text of ${rcpt} arrives as it is`);
    assert.ok(delivered.has(rcpt), `${rcpt} was delivered, and nobody noticed`);
    assert.equal(books.asked.get(rcpt), asked, `${rcpt} has the message and was asked for again`);
  }
}

function judgeTls(level: Level, transcripts: Transcript[]): void {
  const row = levelTable.find(({ name }) => name === level)!;
  for (const { encrypted, wrote } of transcripts) {
    if (encrypted || !/^MAIL FROM/m.test(wrote)) continue;
    assert.ok(!row.tries || row.withoutStarttls === "clear", `mail in clear, and the level is ${level}`);
  }
}

/** A peer that says much is not listened to for long: one longest reply for each thing that was said to it, and a handshake. */
function judgeReading(transcripts: Transcript[]): void {
  const replyOctetsMax = limits.replyLineOctetsMax * (limits.replyLinesMax + 1);
  for (const { wrote, read } of transcripts) {
    const said = 2 + (wrote.match(/^(?:EHLO|HELO|STARTTLS|MAIL|RCPT|DATA|BDAT|RSET|QUIT|\.\r)/gm) ?? []).length;
    assert.ok(read <= said * replyOctetsMax + limits.handshakeOctetsMax, `${read} octets were read`);
  }
}

/** Everything that waits for no timer has run behind it. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

const forged = [
  "250 ok\r\nSat Nov 22 01:20:00 2025 Info: Message finished MID 1 done\r\n",
  "550 5.1.1 \x1b[2J\x07no\r\n",
  "250 a\u2028\u202eb\r\n",
  "250 '], 'x\r\n",
  "450 4.2.1 \xff\xfe\xc3(\r\n",
];
const odd = [
  ...forged,
  "",
  "\r\n",
  "250\r\n",
  "250 ok\n",
  "250-a\r\n250 b\r\n",
  "250-a\r\n550 b\r\n",
  "250-",
  "25",
  "999 what\r\n",
  "100 what\r\n",
  "hello\r\n",
  "\0\0\0\0",
  `250 ${"x".repeat(5_000)}\r\n`,
  `250-${"x".repeat(4_000)}\r\n`,
  "250-x\r\n",
  "220 again\r\n",
  "354 go on\r\n",
  "354 go on\r\n250 2.0.0 taken\r\n",
  "221 bye\r\n",
  "421 4.3.2 closing\r\n",
  "450 4.2.1 later\r\n",
  "452 4.5.3 too many\r\n",
  "552 5.2.2 full\r\n",
  "550 5.1.1 no\r\n",
  "554 5.7.1 no\r\n",
  "250 2.0.0 yes\r\n",
  "334 dGVzdA==\r\n",
];

function reaction(chance: Chance): Reaction {
  switch (chance.below(16)) {
    case 0:
      return { kind: "also", text: chance.pick(odd) };
    case 1:
      return { kind: "slow", ms: chance.pick([1_001, 50_003, 119_001, 299_003, 599_001, 700_001]) };
    case 2:
      return { kind: "drip", ms: chance.pick([7, 1_003, 9_001, 40_009]) };
    case 3:
      return { kind: "cut", after: chance.below(12) };
    case 4:
      return chance.oneIn(2) ? { kind: "silent" } : { kind: "deaf" };
    case 5:
      return { kind: "flood", text: chance.pick(odd) };
    case 6:
    case 7:
    case 8:
    case 9:
      return { kind: "say", text: chance.pick(odd), times: 1 };
    case 10:
      return { kind: "say", text: chance.pick(odd), times: chance.pick([2, 12, 300]) };
    default:
      return { kind: "honest" };
  }
}

function tlsMood(chance: Chance): TlsMood {
  switch (chance.below(8)) {
    case 0:
      return {
        kind: "instead",
        text: chance.pick(["\x15\x03\x01\x00\x02\x02\x28", "250 ok\r\n", "\0".repeat(40_000), "\x16\x03\x03\xff\xff"]),
      };
    case 1:
      return { kind: "half", octets: chance.below(2_000), silent: chance.oneIn(2) };
    case 2:
      return { kind: "spoiled", at: chance.below(1_500) };
    case 3:
      return { kind: "injected", text: chance.pick(["250 injected\r\n", "2", "250-a\r\n", "\r\n"]) };
    default:
      return { kind: "honest" };
  }
}

const extensionSets = [
  ["PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN"],
  ["PIPELINING", "8BITMIME"],
  ["CHUNKING"],
  [],
  ["SIZE 100", "DSN"],
  ["PIPELINING", "\x1b[31mX", "SIZE -5", "SIZE 99999999999999999999"],
];

function scriptOf(chance: Chance): Script {
  // Some are good for a while: what is far in the dialogue has to be reached too.
  const good = chance.pick([0, 1, 3, 5, 8, 12]);
  return {
    extensions: chance.pick(extensionSets),
    offersTls: !chance.oneIn(3),
    tls: tlsMood(chance),
    reactions: [
      ...Array.from({ length: good }, (): Reaction => ({ kind: "honest" })),
      ...chance.many(0, 6, () => reaction(chance)),
    ],
  };
}

function mailOf(chance: Chance): MailInput {
  const parts = ["\r\n", ".", "..", "\r\n.\r\n", "a", "QUIT\r\n", "\xc3\xbc", "b".repeat(70)];
  const large = chance.oneIn(12);
  return {
    recipients: chance.oneIn(30) ? chance.between(99, 130) : chance.between(1, 3),
    text: chance.text(0, 30, parts),
    lines: large ? chance.between(700, 1_500) : 0,
    pieces: large || chance.oneIn(4) ? chance.pick([1_000, 65_536]) : undefined,
  };
}

export const deliveryTarget = target<Input>({
  name: "delivery",
  reaches: [
    ...["delivered", "deferred", "refused", "receipt", "bounced", "given back"],
    ...["say", "also", "slow", "drip", "cut", "silent", "deaf", "flood", "injected"],
    ...["tls honest", "tls instead", "tls half", "tls spoiled", "dial refused", "dial times out"],
  ],
  make: (chance) => ({
    level: chance.pick(levelTable).name,
    trusted: !chance.oneIn(3),
    hosts: chance.between(1, 2),
    dials: chance.many(1, 4, () => chance.oneIn(8) ? chance.pick(["refused", "times out"] as const) : "open"),
    capacity: chance.pick([500, 20_000, 1_000_000]),
    control: { max_connections: chance.pick([1, 3]), max_messages_per_connection: chance.pick([1, 2, 50]) },
    mails: chance.many(1, 4, () => mailOf(chance)),
    scripts: chance.many(1, 4, () => scriptOf(chance)),
    // Where it balks eight times, or once while delivery stops, the message goes back, and out again: that is said in the log.
    ...chance.oneIn(8)
      ? { stubborn: 0, stops: chance.below(30) }
      : { stubborn: chance.oneIn(12) ? chance.between(1, 7) : 0, stops: undefined },
  }),
  check,
});
