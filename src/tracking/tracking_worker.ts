/**
 * The thread of one search.
 *
 * @module
 */
import { systemClock } from "../base/clock.ts";
import { causeOf } from "../base/text.ts";
import { openLog } from "./backwards.ts";
import { findMessages, trailOf } from "./find.ts";
import type { TrackingAnswer, TrackingOrder } from "./tracking.ts";

function answerTo(order: TrackingOrder): TrackingAnswer {
  try {
    using log = openLog(order.directory);
    const end = systemClock.monotonic() + order.ms;
    const enough = () => systemClock.monotonic() > end;
    if ("trail" in order) return { trail: trailOf(log, { mid: order.trail, bounds: { enough } }) };
    return { found: findMessages(log, { wanted: order.find, bounds: { limit: order.limit, enough } }) };
  } catch (error) {
    return { error: `Cannot search the mail log: ${causeOf(error)}` };
  }
}

const thread = self as unknown as {
  onmessage: (event: { data: TrackingOrder }) => void;
  postMessage(answer: TrackingAnswer): void;
};
thread.onmessage = ({ data }) => thread.postMessage(answerTo(data));
