/**
 * A disk that answers with errors: each call that the queue needs fails, under load, in the running gateway.
 *
 * The database's calls and the syncs of texts fail by libfiu, now and then or always. libfiu knows no files, and a failing `write` would
 * stop the runtime's own pipes, so what concerns texts alone (`openat`, `write`, `fdatasync`, `unlink` on `bodies/<mid>`) and the
 * renames of a repair are failed by strace, which knows paths.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../gateway/rig.ts";
import { type GatewayProcess, pause } from "../support/gateway_process.ts";
import { fiuControl, fiuEnvironment, fiuStillMs } from "../support/fiu.ts";
import { Ledger, sendLoad, startLedgerSink } from "../support/ledger.ts";
import { peerTest } from "../support/peers.ts";
import { assertEmptyQueue, emptied, mixedShape, settleBooks, startRig } from "./rig.ts";

/** Linux's numbers of errors. */
const errno = { EIO: 5, EMFILE: 24, ENOSPC: 28 } as const;

/** A point of failure: how likely it fails. 1: no call of it succeeds. */
interface Fault {
  point: string;
  errno: number;
  probability: number;
}

const faults: Fault[] = [
  { point: "posix/io/sync/*", errno: errno.EIO, probability: 1 },
  { point: "posix/io/sync/*", errno: errno.EIO, probability: 0.2 },
  { point: "posix/io/sync/fsync", errno: errno.EIO, probability: 1 },
  { point: "posix/io/sync/fdatasync", errno: errno.EIO, probability: 1 },
  { point: "posix/io/sync/fdatasync", errno: errno.EIO, probability: 0.2 },
  { point: "posix/io/rw/pwrite", errno: errno.EIO, probability: 1 },
  { point: "posix/io/rw/pwrite", errno: errno.EIO, probability: 0.02 },
  { point: "posix/io/rw/pwrite", errno: errno.ENOSPC, probability: 0.02 },
  // A short write: the call takes a part of what it was given.
  { point: "posix/io/rw/pwrite/reduce", errno: 0, probability: 0.2 },
  { point: "posix/io/rw/pread", errno: errno.EIO, probability: 0.2 },
  { point: "posix/io/rw/ftruncate", errno: errno.EIO, probability: 1 },
  { point: "posix/io/oc/open", errno: errno.EMFILE, probability: 0.2 },
  { point: "posix/io/dir/unlink", errno: errno.EIO, probability: 1 },
];

/** Clients that send at the same time. */
const sessions = 4;

/** Where these always fail, no commit can succeed, so nothing may be acknowledged. A commit makes about fifteen `pwrite` calls. */
const stopsCommits = /\*|pwrite$/;
/** The log of the database cannot be synced, but all of it can be moved to the database file, which is synced by the other call. */
const isRescued = /fdatasync$/;

peerTest(
  ["fiu-ctrl"],
  "I/O errors and short writes under load: no 250 without a sync, nothing lost, service after them",
  async () => {
    const pipes = await Deno.makeTempDir({ prefix: "postern-fiu-" });
    try {
      const ledger = new Ledger();
      await using sink = startLedgerSink(ledger);
      await using gateway = await startRig({
        sink,
        env: fiuEnvironment(`${pipes}/fiu`),
        stillMs: fiuStillMs,
      });
      const control = (command: string) => fiuControl(command, { pipes: `${pipes}/fiu`, pid: gateway.pid });
      const refused = () => [...ledger.refused.values()].reduce((sum, count) => sum + count, 0);
      const facts: string[] = [];
      let loading = true;
      const load = sendLoad(gateway.ports.inbound, {
        ledger,
        sessions,
        shape: mixedShape,
        more: () => loading,
        refusedMs: 50,
      });
      try {
        for (const [at, { point, errno, probability }] of faults.entries()) {
          const [taken, before] = [ledger.acknowledged.size, refused()];
          await until("mail is taken again after the last fault", () => ledger.acknowledged.size > taken + 5);
          await control(
            probability === 1
              ? `enable name=${point},failinfo=${errno}`
              : `enable_random name=${point},failinfo=${errno},probability=${probability}`,
          );
          const stopped = probability === 1 && stopsCommits.test(point);
          const rescued = probability === 1 && isRescued.test(point);
          // What was synced just before may still be on its way: it is there when each session was refused meanwhile.
          await pause(150);
          if (stopped) await until("refusals", () => refused() >= before + 3 * sessions);
          const acknowledged = ledger.acknowledged.size;
          await pause(700);
          if (rescued) await until(`a 250 although ${point} fails`, () => ledger.acknowledged.size > acknowledged);
          const during = ledger.acknowledged.size - acknowledged;
          if (stopped) assert.equal(during, 0, `250 while every ${point} failed`);
          const end = gateway.runs ? "" : ", and the gateway ended";
          facts.push(`${point.slice(9)} ${probability}: ${during} taken, ${refused() - before} refused${end}`);
          // Killed in the middle of it, too: what the failed calls left is what the next start finds.
          if (!gateway.runs) {
            await goneLoudly(gateway);
            await gateway.launch();
          } else if (at % 3 === 0) {
            await gateway.kill();
            await gateway.launch();
          } else {
            await control(`disable name=${point}`);
          }
        }
      } finally {
        loading = false;
        await load;
      }
      await ledger.drained(60_000);
      settleBooks(ledger, `I/O errors, ${faults.length} kinds`, gateway);
      console.log(`  ${facts.join("\n  ")}`);
      assert.match(gateway.log, /Critical: Cannot write to the queue: disk I\/O error/);
      assert.match(gateway.log, /Warning: The queue can be written again/);
      await emptied(`${gateway.folder}/data`);
      // A start sweeps what could not be removed.
      assert.equal((await gateway.stop()).code, 0);
      await gateway.launch();
      assert.equal((await gateway.stop()).code, 0);
      assertEmptyQueue(`${gateway.folder}/data`);
    } finally {
      await Deno.remove(pipes, { recursive: true });
    }
  },
);

/** A gateway that gave up has said why, and failed. */
async function goneLoudly(gateway: GatewayProcess): Promise<void> {
  const { code } = await gateway.ended(30_000);
  assert.notEqual(code, 0);
  assert.match(gateway.log.slice(-3000), /Cannot |Critical: |error/);
}

peerTest(["strace"], "errors of calls on large texts: refused with 4xx and cleared away, nothing lost", async () => {
  const storage = await Deno.makeTempDir({ prefix: "postern-storage-" });
  try {
    const ledger = new Ledger();
    await using sink = startLedgerSink(ledger);
    // The texts that will come, by their numbers; an installation begins with 1.
    const paths = Array.from({ length: 200 }, (_, at) => ["-P", `${storage}/data/queue/bodies/${at + 1}`]).flat();
    const injected = [
      "openat:error=EDQUOT:when=9+11",
      "write:error=EIO:when=7+13",
      "fdatasync:error=EIO:when=3+5",
      "unlink:error=EIO:when=1+2",
    ].flatMap((what) => ["-e", `inject=${what}`]);
    const trace = ["-e", "trace=openat,write,fdatasync,unlink", "-o", `${storage}/trace`];
    await using gateway = await startRig({
      sink,
      storage: `${storage}/data`,
      before: ["strace", "-D", "-f", "--seccomp-bpf", ...trace, ...paths, ...injected],
    });
    const load = { ledger, sessions: 4, shape: () => ({ octets: 300_000, recipients: ["a@one.example.test"] }) };
    await sendLoad(gateway.ports.inbound, { ...load, more: () => ledger.sent < 120 });
    await ledger.drained(60_000);
    settleBooks(ledger, "errors on large texts", gateway);
    const failed = new Map<string, number>();
    for (
      const [, name, code] of (await Deno.readTextFile(`${storage}/trace`)).matchAll(
        /(\w+)\(.* = -1 (E\w+) .*INJECTED/g,
      )
    ) {
      failed.set(`${name} ${code}`, (failed.get(`${name} ${code}`) ?? 0) + 1);
    }
    console.log(`  failed: ${[...failed].map(([what, times]) => `${what} ${times}`).join(", ")}`);
    assert.deepEqual([...failed.keys()].sort(), [
      "fdatasync EIO",
      "openat EDQUOT",
      "unlink EIO",
      "write EIO",
    ]);
    assert.ok([...ledger.refused.keys()].every((code) => code === "451" || code === "452"), `${[...ledger.refused]}`);
    // EDQUOT is a full disk; the rest is our own trouble.
    assert.ok(ledger.refused.has("451") && ledger.refused.has("452"));
    await emptied(`${storage}/data`);
    assert.equal((await gateway.stop()).code, 0);
    // A start that cannot take away what is left goes on without; the next one that can does it.
    await gateway.launch();
    assert.equal((await gateway.stop()).code, 0);
    assert.match(gateway.log, /Warning: Cannot take away \d+ texts that belong to no message: .*os error 5/);
    await gateway.launch({ before: [] });
    assert.equal((await gateway.stop()).code, 0);
    assertEmptyQueue(`${storage}/data`);
  } finally {
    await Deno.remove(storage, { recursive: true });
  }
});
