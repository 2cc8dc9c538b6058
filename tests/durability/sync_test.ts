/**
 * The 250 to a text is written after the disk has it: read from the system calls of the running gateway, in their order.
 *
 * `kill -9` cannot show this, since the kernel keeps what a dead process wrote; strace can.
 *
 * @module
 */
import assert from "node:assert/strict";
import { peerTest } from "../support/peers.ts";
import { Ledger, sendLoad, startLedgerSink } from "../support/ledger.ts";
import { startRig } from "./rig.ts";

/** One system call that has returned, in the order of the returns. */
interface Call {
  name: string;
  /** The file or socket of its descriptor, or its path. */
  on: string;
  /** Its arguments as strace shows them. */
  text: string;
  result: number;
}

/** The calls of `strace -f -y`, each where it returned: what is unfinished counts when it is resumed. */
function callsOf(trace: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, pid, rest] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (rest === undefined) continue;
    if (rest.endsWith("<unfinished ...>")) {
      unfinished.set(pid, rest.slice(0, -"<unfinished ...>".length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const whole = resumed === null ? rest : `${unfinished.get(pid) ?? ""}${resumed[1]}`;
    const match = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(whole);
    if (match === null) continue;
    const [, name, text, result] = match;
    const on = name === "openat" ? /"([^"]*)"/.exec(text)?.[1] : /^\d+<(.*?)>/.exec(text)?.[1];
    calls.push({ name, on: on ?? text, text, result: Number(result) });
  }
  return calls;
}

peerTest(
  ["strace"],
  "250 is sent after the syncs: the log of the database, and the file and the folder of a large text",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "postern-strace-" });
    try {
      const ledger = new Ledger();
      await using sink = startLedgerSink(ledger);
      const traced = "trace=openat,mkdir,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync";
      await using gateway = await startRig({
        sink,
        // -D: the gateway keeps its own process number, so that signals reach it.
        before: ["strace", "-D", "-f", "-y", "-s", "80", "--seccomp-bpf", "-o", `${folder}/trace`, "-e", traced],
      });
      const recipients = ["a@one.example.test"];
      // One after the other: each 250 has a group of its own.
      const sizes = [5_000, 400_000, 5_000, 1_000_000];
      await sendLoad(gateway.ports.inbound, {
        ledger,
        sessions: 1,
        shape: (number) => ({ octets: sizes[number], recipients }),
        more: () => ledger.sent < sizes.length,
      });
      await ledger.drained(10_000);
      assert.equal((await gateway.stop()).code, 0);
      assert.deepEqual([ledger.acknowledged.size, ledger.missing()], [sizes.length, []]);

      const queue = `${gateway.folder}/data/queue`;
      const calls = callsOf(await Deno.readTextFile(`${folder}/trace`));
      const isSync = ({ name }: Call) => name === "fsync" || name === "fdatasync";
      const find = (what: string, from: number, holds: (call: Call) => boolean): number => {
        const at = calls.findIndex((call, index) => index >= from && holds(call));
        assert.ok(at >= 0, `no ${what}`);
        return at;
      };
      const proven: string[] = [];
      let from = 0;
      for (const octets of sizes) {
        const go = find("354", from, ({ name, text }) => name === "sendto" && text.includes('"354 '));
        const ok = find(
          "250 to the text",
          go,
          ({ name, text }) => name === "sendto" && text.includes('"250 2.0.0 Ok: queued'),
        );
        const mid = Number(/queued as (\d+)/.exec(calls[ok].text)![1]);
        const between = calls.slice(go, ok);
        const written = between.findLastIndex((call) =>
          call.name === "pwrite64" && call.on === `${queue}/queue.db-wal`
        );
        assert.ok(written >= 0, `MID ${mid}: nothing was written to the log of the database`);
        const synced = between.findIndex((call, at) =>
          at > written && isSync(call) && call.on === `${queue}/queue.db-wal`
        );
        assert.ok(synced > written, `MID ${mid}: 250 before the sync of the log of the database`);
        assert.equal(between[synced].result, 0);
        proven.push(`${octets} octets: ${between.filter(isSync).length} syncs`);
        if (octets > 262_144) {
          const body = `${queue}/bodies/${mid}`;
          const text = between.findLastIndex((call) => call.name === "write" && call.on === body);
          const file = between.findIndex((call, at) => at > text && isSync(call) && call.on === body);
          const name = between.findIndex((call, at) => at > file && isSync(call) && call.on === `${queue}/bodies`);
          const row = between.findIndex((call, at) =>
            at > name && call.name === "pwrite64" && call.on.endsWith("-wal")
          );
          assert.ok(text >= 0 && file > text, `MID ${mid}: its file is not synced after its last octet`);
          assert.ok(name > file, `MID ${mid}: the name of its file is not synced`);
          assert.ok(row > name, `MID ${mid}: its row is written before its text is on the disk`);
        }
        from = ok + 1;
      }
      // The folders themselves are names, too: each is synced into the one above it before the first message.
      const first = find("250", 0, ({ text }) => text.includes('"250 2.0.0 Ok: queued'));
      for (const [made, above] of [[`${queue}/bodies`, queue], [queue, `${gateway.folder}/data`]]) {
        const at = find(`mkdir ${made}`, 0, ({ name, text }) => name === "mkdir" && text.includes(`"${made}"`));
        const sync = calls.findIndex((call, index) => index > at && call.name === "fsync" && call.on === above);
        assert.ok(sync > at && sync < first, `the name of ${made} is not synced before the first 250`);
      }
      console.log(ledger.line("syncs before each 250"));
      console.log(`  ${proven.join(", ")}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
