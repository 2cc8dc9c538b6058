/**
 * A queue that is damaged when the gateway starts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { until } from "../gateway/rig.ts";
import { type GatewayProcess, pause } from "../support/gateway_process.ts";
import { Ledger, type LedgerSink, sendLoad, startLedgerSink } from "../support/ledger.ts";
import { peerTest } from "../support/peers.ts";
import { assertEmptyQueue, emptied, mixedShape, settleBooks, startRig } from "./rig.ts";

/** Mail that waits in a gateway which has been stopped; the next hop takes it from now on. */
async function waitingMail(
  gateway: GatewayProcess,
  { ledger, sink, count }: { ledger: Ledger; sink: LedgerSink; count: number },
): Promise<void> {
  sink.answer = () => "451 4.3.0 later";
  const load = { ledger, sessions: 4, shape: mixedShape };
  await sendLoad(gateway.ports.inbound, { ...load, more: () => ledger.acknowledged.size < count });
  assert.equal((await gateway.stop()).code, 0);
  sink.answer = () => "250 ok";
}

/** The root page of the index of due times, from 0: each start reads it, and a repair can do without. */
const dueIndex = 6;

/** Overwrites pages of the database. */
function spoil(path: string, pages: readonly number[]): void {
  using file = Deno.openSync(path, { write: true });
  for (const page of pages) {
    file.seekSync(page * 4096, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(4096).fill(0xee));
  }
}

/** The files that were set aside. */
function asideIn(queue: string): string[] {
  return [...Deno.readDirSync(queue)].map(({ name }) => name).filter((name) => name.includes(".corrupt-"));
}

Deno.test("a damaged queue at the start: set aside, Critical, what can be read is delivered, the rest is named, mail is taken", async () => {
  const seed = Number(Deno.env.get("SEED") ?? Date.now() % 1e9);
  const random = seededRandom(seed);
  const ledger = new Ledger();
  await using sink = startLedgerSink(ledger);
  await using gateway = await startRig({ sink });
  const data = `${gateway.folder}/data`;
  const path = `${data}/queue/queue.db`;
  await waitingMail(gateway, { ledger, sink, count: 150 });
  const before = ledger.tally();
  const pages = Deno.statSync(path).size / 4096;
  spoil(path, [dueIndex, ...Array.from({ length: 3 }, () => 12 + Math.floor(random.fraction() * (pages - 12)))]);
  const from = gateway.log.length;
  await gateway.launch();
  const said = () => gateway.log.slice(from);
  await until("the word on what was moved", () => /Critical: Moved \d+ messages/.test(said()));
  assert.match(said(), /Critical: Cannot read the queue .*queue\.db: .*; it is set aside as .*queue\.db\.corrupt-/);
  assert.equal(asideIn(`${data}/queue`).filter((name) => name.startsWith("queue.db")).length, 1);
  const moved = Number(/Critical: Moved (\d+) messages/.exec(said())![1]);
  // SQLite keeps no checksums: a page of text that is overwritten goes unnoticed, and shows in a text that came otherwise than it was sent.
  const arrived = () => new Set([...ledger.delivered.keys()].map((key) => key.split(" ")[0])).size;
  const whole = () => arrived() + new Set(ledger.faulty).size;
  await until("all that was moved", () => whole() >= moved, { ms: 60_000 });
  const { duplicated } = ledger.tally();
  console.log(
    `damaged at the start, seed ${seed}: acknowledged ${before.messages} messages, delivered ${arrived()}, duplicated ${duplicated}, ` +
      `named as not readable ${before.messages - moved}, with spoilt octets ${
        new Set(ledger.faulty).size
      }, lost in silence 0`,
  );
  assert.equal(whole(), moved, "as many arrive as were said to be moved");
  assert.ok(arrived() >= 150 * 0.6, `${arrived()} of 150 arrived whole, seed ${seed}`);
  if (moved < before.messages) assert.match(said(), /Critical: Moved .*; not readable: .*MID /);
  // New mail is taken, with numbers that nobody had.
  const load = { ledger, sessions: 2, shape: mixedShape };
  const had = ledger.acknowledged.size;
  await sendLoad(gateway.ports.inbound, { ...load, more: () => ledger.acknowledged.size < had + 20 });
  const fresh = [...ledger.acknowledged.keys()].slice(had);
  await until("new mail", () => fresh.every((number) => !ledger.missing().some((key) => key.startsWith(`${number} `))));
  await emptied(data);
  assert.equal((await gateway.stop()).code, 0);
  assertEmptyQueue(data);
});

const cutOff =
  "a repair that is cut off at each of its renames, by kill -9 or an error: the next start ends it, nothing readable is lost";

peerTest(["strace"], cutOff, async () => {
  for (const [rename, by] of [[1, "kill -9"], [1, "an error"], [2, "kill -9"], [2, "an error"]] as const) {
    const ledger = new Ledger();
    await using sink = startLedgerSink(ledger);
    await using gateway = await startRig({ sink });
    const queue = `${gateway.folder}/data/queue`;
    await waitingMail(gateway, { ledger, sink, count: 24 });
    spoil(`${queue}/queue.db`, [dueIndex]);
    const paths = ["-P", `${queue}/queue.db`, "-P", `${queue}/queue.db.rescue`];
    const fault = by === "kill -9" ? "delay_enter=2500000" : "error=EIO";
    const inject = ["-e", "trace=rename", "-e", `inject=rename:${fault}:when=${rename}`];
    const before = ["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", ...paths, ...inject];
    // Its sockets are open before its queue is, so that a start may look like one for a moment.
    const starting = gateway.launch({ before }).catch(() => {});
    if (by === "kill -9") {
      // The rename is held up at its entry, and everything before it is done.
      const there = (name: string) => [...Deno.readDirSync(queue)].some((entry) => entry.name === name);
      const complete = () => there("queue.db.rescue") && !there("queue.db.rescue-wal");
      await until(`rename ${rename}`, () => complete() && there("queue.db") === (rename === 1));
      await pause(300);
      await starting;
      await gateway.kill();
    } else {
      await starting;
      const { code } = await gateway.ended(30_000);
      assert.notEqual(code, 0);
      assert.match(gateway.log, /Input\/output error \(os error 5\): rename/);
    }
    await gateway.launch();
    await ledger.drained(60_000);
    settleBooks(ledger, `repair cut off before rename ${rename} by ${by}`, gateway);
    await emptied(`${gateway.folder}/data`);
    assert.equal((await gateway.stop()).code, 0);
    assertEmptyQueue(`${gateway.folder}/data`);
  }
});
