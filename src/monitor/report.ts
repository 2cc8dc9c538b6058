/**
 * The TLS connections of all domains in a span of time, a page at a time.
 *
 * Sums over a hundred thousand domains take longer than mail may wait, so they are made in a thread of its own, over a connection of its own that only
 * reads. What was counted but not written yet is written first.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { Thread } from "../base/thread.ts";
import type { Counts, Direction, TlsResult } from "./counts.ts";
import type { Monitor } from "./monitor.ts";

// deno-fmt-ignore
/** What a report can be sorted by. */
export const reportOrders = [
  "domain", "share", "connections", "messages", "clear", "failed",
  "tls_required_success", "tls_required_failed", "tls_preferred_success", "tls_preferred_failed",
] as const;

/** One of {@linkcode reportOrders}. */
export type ReportOrder = (typeof reportOrders)[number];

/** Which part of the report. */
export interface ReportQuestion {
  direction: Direction;
  /** Wall milliseconds. */
  since: number;
  until: number;
  /** Domains that have this in them. */
  filter: string;
  order: ReportOrder;
  descending: boolean;
  /** Rows that come before the page, and rows of it. */
  offset: number;
  count: number;
}

/** One domain. `last`: how TLS went last, ever. */
export interface ReportRow {
  domain: string;
  counts: Counts;
  last?: TlsResult;
}

/** A page of the report. */
export interface ReportPage {
  rows: ReportRow[];
  /** There are rows behind it. */
  more: boolean;
}

/** What the thread is asked. */
export type ReportOrderPaper = ReportQuestion & { path: string };

/** Makes reports. */
export class Reports {
  readonly #monitor: Monitor;
  readonly #path: string;
  readonly #thread: Thread<ReportOrderPaper, ReportPage>;

  /** `directory`: of `monitor.db`. */
  constructor({ monitor, clock, directory }: { monitor: Monitor; clock: Clock; directory: string }) {
    this.#monitor = monitor;
    this.#path = `${directory}/monitor.db`;
    this.#thread = new Thread({
      clock,
      start: () => new Worker(new URL("./report_worker.ts", import.meta.url), { type: "module" }),
      task: "make the report",
      ms: limits.reportMs,
      waitingMax: limits.trackingWaitingMax,
    });
  }

  /** A page; nothing where statistics cannot be read now. Rejects with `ThreadBusyError`. */
  async page(question: ReportQuestion): Promise<ReportPage | undefined> {
    if (this.#monitor.read(() => true) === undefined) return undefined;
    return await this.#thread.ask({ ...question, path: this.#path });
  }
}
