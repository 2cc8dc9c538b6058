/**
 * The inbound side as it runs, over connections in memory: several clients at once that go through scripts, vanish, stall and never
 * read, a queue that fails now and then, and a shutdown. Afterwards books are made up: what was acknowledged is stored, what was begun has ended,
 * and the log tells it in lines of its grammar.
 *
 * @module
 */
import assert from "node:assert/strict";
import { logTime } from "../../../src/base/log.ts";
import { octets } from "../../../src/base/octets.ts";
import { type MailFlowPolicy } from "../../../src/config/config.ts";
import type { Conn } from "../../../src/net/net.ts";
import { SpoolFullError } from "../../../src/queue/spool.ts";
import { AcceptRig } from "../../accept/accept_rig.ts";
import { mailLines } from "../../gateway/mail_log.ts";
import { cutSizes, latin1Text, pieces } from "../bytes.ts";
import { repliesIn } from "../replies.ts";
import { type Move, scriptOf } from "../script.ts";
import { target } from "../target.ts";

interface ClientInput {
  moves: Move[];
  cuts: number[];
  address: string;
  /** It closes behind so many moves, in the middle of one. */
  vanishes: number | undefined;
  /** It says nothing more from this move on. */
  stalls: number | undefined;
  /** Its replies are never read. */
  deaf: boolean;
}

interface Input {
  policy: Partial<MailFlowPolicy>;
  clients: ClientInput[];
  host: string | undefined;
  /** The queue fails from this client on. */
  failing: { from: number; how: "write" | "put" | "full" } | undefined;
  /** Time passes behind each client, ms. */
  pause: number;
}

interface Run {
  rig: AcceptRig;
  conn: Conn;
  heard: string;
  /** 250 to a text. */
  acknowledged: number;
}

async function play(run: Run, { moves, cuts, vanishes, stalls, deaf }: ClientInput): Promise<void> {
  const { conn } = run;
  const reading = deaf ? Promise.resolve() : listen(run);
  try {
    await turns(40);
    for (const [at, move] of moves.entries()) {
      if (stalls === at) break;
      const waits = move.kind === "data" && !deaf;
      const wire = bytesOf(move);
      const sent = vanishes === at ? wire.slice(0, wire.length >> 1) : wire;
      for (const piece of pieces(sent, cuts)) await conn.write(piece);
      if (vanishes === at) break;
      await turns(waits ? 40 : 4);
      if (!waits || !run.heard.endsWith("\r\n") || !/(?:^|\n)354 [^\n]*\n$/.test(run.heard)) continue;
      for (const piece of pieces((move as Extract<Move, { kind: "data" }>).wire, cuts)) await conn.write(piece);
      await turns(40);
    }
  } catch {
    // The server closed: that is its right, and what it said is looked at below.
  }
  if (stalls === undefined || vanishes !== undefined) {
    await turns(60);
    conn.close();
  }
  await reading;
}

/** Lets promises run: all that connections in memory need. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

async function listen(run: Run): Promise<void> {
  const buffer = new Uint8Array(4_096);
  try {
    for (let count = await run.conn.read(buffer); count !== null; count = await run.conn.read(buffer)) {
      run.heard += latin1Text(buffer.subarray(0, count));
    }
  } catch {
    // Closed by one of both.
  }
}

function bytesOf(move: Move): Uint8Array<ArrayBuffer> {
  switch (move.kind) {
    case "line":
      return move.line;
    case "data":
      return octets("DATA\r\n");
    case "chunk": {
      const head = octets(`BDAT ${move.text.length}${move.last ? " LAST" : ""}\r\n`);
      const whole = new Uint8Array(head.length + move.text.length);
      whole.set(head);
      whole.set(move.text, head.length);
      return whole;
    }
    default:
      return move satisfies never;
  }
}

const at = `${logTime(Date.UTC(2025, 10, 22, 1, 20))} `;

/** The gateway's own notes; each event is one entry here, so none of them can hide a line in itself. */
const notes = /^(?!(?:New SMTP|ICID|Start MID|MID|Message|DCID|Delivery|Bounced|Delayed|Connection Error)\b)/;

/** Each connection and each message has a beginning and one end. */
function judgeLog(lines: string[], ends: Set<string>): void {
  const told = mailLines(lines.map((line) => `${at}${line}\n`).join(""), notes);
  const texts = told.map(({ text }) => text);
  const numbers = (pattern: RegExp) => texts.flatMap((text) => pattern.exec(text)?.[1] ?? []).sort();
  const opened = numbers(/^New SMTP ICID (\d+) /);
  assert.deepEqual(numbers(/^ICID (\d+) (?:close|lost)$/), opened, "each connection has one end");
  assert.equal(new Set(opened).size, opened.length);
  const begun = numbers(/^Start MID (\d+) /);
  const ended = [...numbers(/^MID (\d+) queued for delivery$/), ...numbers(/^Message aborted MID (\d+) /)].sort();
  assert.deepEqual(ended, begun, "each message has one end");
  for (const text of texts) {
    if (/lost$/.test(text)) ends.add("lost");
    if (/timed out$/.test(text)) ends.add("timed out");
    if (/too many connections/.test(text)) ends.add("crowded");
    if (/queued for delivery$/.test(text)) ends.add("queued");
    if (/^Message aborted/.test(text)) ends.add("aborted");
    if (/Rejected by RAT$/.test(text)) ends.add("rejected");
  }
}

async function check({ policy, clients, host, failing, pause }: Input): Promise<string[]> {
  const ends = new Set<string>();
  const rig = new AcceptRig({ policy, reverse: () => ({ host, verified: host !== undefined }) });
  const runs: Run[] = [];
  const plays: Promise<void>[] = [];
  for (const [number, client] of clients.entries()) {
    if (failing?.from === number) {
      const error = failing.how === "full"
        ? new SpoolFullError("no space left\non the device")
        : new Error("input/output error");
      if (failing.how === "put") rig.spool.failPut = error;
      else rig.spool.failWrite = error;
      ends.add(`queue ${failing.how}`);
    }
    const conn = rig.listener.connect({
      client: { address: client.address, port: 40_000 + number },
      ...client.deaf ? { capacity: 200 } : {},
    });
    const run: Run = { rig, conn, heard: "", acknowledged: 0 };
    runs.push(run);
    plays.push(play(run, client));
    if (pause > 0) await rig.clock.advance(pause);
    else await turns(100);
  }
  // Those that stall are ended by the clock, and so is everybody else at last.
  if (pause === 0) await turns(2_000);
  const stalled = rig.acceptor.sessions;
  if (stalled > 0) {
    await rig.clock.advance(700_000);
    ends.add("stalled");
  }
  const ended = rig.acceptor.shutdown();
  if (rig.acceptor.sessions > 0) await rig.clock.advance(60_000);
  await ended;
  rig.pressure[Symbol.dispose]();
  await Promise.all(plays);
  await turns(100);
  assert.equal(rig.clock.timers, 0, "no timer is left");
  assert.equal(rig.acceptor.sessions, 0, "no session is left");
  assert.equal(rig.spool.drafts.size, 0, "no draft is left");
  let acknowledged = 0;
  for (const [number, { heard, conn }] of runs.entries()) {
    conn.close();
    if (clients[number].deaf) continue;
    const whole = heard.slice(0, heard.lastIndexOf("\n") + 1);
    assert.ok(whole === heard, "replies are whole");
    for (const { code, lines } of repliesIn(whole)) {
      if (code === 250 && / queued as \d+$/.test(lines[0])) acknowledged++;
      if (code === 421) ends.add("421");
    }
  }
  const deaf = clients.some((client) => client.deaf);
  assert.ok(acknowledged <= rig.spool.stored.length, "250 means stored");
  // Who closes in time hears nothing of what is stored all the same; who does not close hears everything.
  if (!deaf && clients.every(({ vanishes }) => vanishes === undefined)) ends.add("all heard");
  for (const { text, envelope } of rig.spool.stored) {
    assert.ok(envelope.recipients.length > 0 && text.startsWith("Received: from "), "a whole message");
  }
  judgeLog(rig.lines, ends);
  return [...ends];
}

export const acceptorTarget = target<Input>({
  name: "acceptor",
  reaches: [
    "queued",
    "aborted",
    "lost",
    "421",
    "stalled",
    "timed out",
    "rejected",
    "crowded",
    "queue write",
    "queue put",
    "queue full",
  ],
  make: (chance) => ({
    policy: {
      max_message_size: chance.pick([100, 100_000]),
      max_messages_per_connection: chance.pick([1, 10]),
      max_connections_per_ip: chance.pick([1, 10]),
      bare_line_feed: chance.pick(["reject", "fix"]),
      action: chance.oneIn(15) ? "reject" : chance.oneIn(3) ? "relay" : "accept",
      tls: chance.oneIn(8) ? "required" : "preferred",
    },
    clients: chance.many(1, 4, () => {
      const moves = scriptOf(chance);
      return {
        moves,
        cuts: cutSizes(chance, 1_000),
        address: chance.pick(["192.0.2.7", "192.0.2.8", "2001:db8::7"]),
        vanishes: chance.oneIn(3) ? chance.below(moves.length) : undefined,
        stalls: chance.oneIn(4) ? chance.below(moves.length + 1) : undefined,
        deaf: chance.oneIn(10),
      };
    }),
    host: chance.pick([undefined, "client.example.com"]),
    failing: chance.oneIn(4) ? { from: chance.below(2), how: chance.pick(["write", "put", "full"]) } : undefined,
    pause: chance.pick([0, 0, 0, 0, 10_000]),
  }),
  check,
});
