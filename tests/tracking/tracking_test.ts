import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { limits } from "../../src/base/limits.ts";
import { Tracking, TrackingBusyError } from "../../src/tracking/tracking.ts";
import { wayOf, writeLog } from "./log_files.ts";

Deno.test("Tracking searches in a thread of its own, one after the other, and refuses a crowd", async () => {
  const directory = await Deno.makeTempDir({ prefix: "postern-tracking-" });
  try {
    const { came, went } = wayOf({ mid: 3, at: Date.UTC(2026, 10, 20) });
    writeLog(directory, [...came, ...went]);
    const tracking = new Tracking({ clock: systemClock, directory });
    const all = Array.from({ length: limits.trackingWaitingMax }, () => tracking.find({ subject: "number" }, 5));
    await assert.rejects(tracking.find({}, 5), TrackingBusyError);
    for (const { messages } of await Promise.all(all)) assert.deepEqual(messages.map(({ mid }) => mid), [3]);
    assert.equal((await tracking.trail(3))?.lines.length, 16);
    assert.equal(await tracking.trail(4), undefined);
    const broken = new Tracking({ clock: systemClock, directory: `${directory}/mail.log` });
    await assert.rejects(broken.find({}, 1), /Cannot search the mail log: .*[Nn]ot a directory/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
