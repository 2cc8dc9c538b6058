/**
 * The thread of one search.
 *
 * @module
 */
import { systemClock } from "../base/clock.ts";
import { answerWith } from "../base/thread.ts";
import { openLog } from "./backwards.ts";
import { findMessages, trailOf } from "./find.ts";
import type { TrackingAnswer, TrackingOrder } from "./tracking.ts";

answerWith((order: TrackingOrder): TrackingAnswer => {
  using log = openLog(order.directory);
  const end = systemClock.monotonic() + order.ms;
  const enough = () => systemClock.monotonic() > end;
  if ("trail" in order) return { trail: trailOf(log, { mid: order.trail, bounds: { enough } }) };
  return { found: findMessages(log, { wanted: order.find, bounds: { limit: order.limit, enough } }) };
});
