/**
 * When an alert is told: the first of its kind at once, repeats together and with growing pauses.
 *
 * Alerts of one kind about one thing are a group. A new group is told {@linkcode gatherMs} after its first alert, with whatever else came in
 * that while. Then comes a pause of `repeat_after`, in which alerts are counted only; at its end they are told together, and the next pause is
 * twice as long, up to `max_repeat`. A pause in which nothing happened is followed by a rest of the same length: an alert in it is told as
 * a repeat, and a rest that stays quiet ends the group, so that the next alert is a first one again.
 *
 * What peers can cause has a bound: groups ({@linkcode groupsMax}; what is beyond goes into one group for its kind), different texts of a
 * group, and mails in an hour ({@linkcode mailsPerHourMax}, of which a part is kept for critical alerts: a flood of warnings must not hide a
 * disk that is full). Alerts beyond that wait, counted, until an earlier mail is an hour old.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Alert, AlertSeverity } from "../mail/alert.ts";

/** How long the first alert waits for others like it. */
export const gatherMs = 2_000;
/** Groups at a time; beyond, one for each kind. */
export const groupsMax = 500;
/** Different texts that one mail tells. */
export const textsMax = 10;
/** Mails within any hour. */
export const mailsPerHourMax = 30;
/** How many of them are for critical alerts only. */
export const mailsForCritical = 10;

const hourMs = 3_600_000;

/** What one mail tells of a group. Times are wall milliseconds. */
export interface AlertReport {
  /** The latest. */
  alert: Alert;
  /** Different texts since the last mail, the oldest first, at most {@linkcode textsMax}, and how many alerts had yet another one. */
  texts: readonly string[];
  textsLeftOut: number;
  /** When the group began, and its latest alert. */
  first: number;
  last: number;
  /** Alerts since the last mail, and in all. */
  count: number;
  total: number;
  /** Mails before this one. */
  mails: number;
  /** The least time until the group is told again. */
  pauseMs: number;
  /** This mail is the last that the hour allows. */
  limit?: HourLimit;
}

/** The hour has no mail left: for alerts that are not critical, or for any. */
export interface HourLimit {
  reached: "all" | "not_critical";
  mails: number;
  /** When the next one may go, wall milliseconds. */
  until: number;
}

/** What the groups need. */
export interface AlertGroupsOptions {
  clock: Clock;
  /** The pauses in force. */
  pauses: () => { repeat_after: number; max_repeat: number };
  /** Tells. `false`: nobody wants to hear it, so it counts neither as a mail nor against the hour. */
  tell: (report: AlertReport) => boolean;
}

interface Group {
  key: string;
  alert: Alert;
  texts: Set<string>;
  textsLeftOut: number;
  first: number;
  last: number;
  count: number;
  total: number;
  mails: number;
  pauseMs: number;
  state: "gathering" | "pausing" | "resting";
  timer: Timer | undefined;
}

/** See the module. */
export class AlertGroups {
  readonly #options: AlertGroupsOptions;
  readonly #groups = new Map<string, Group>();
  /** When mails were told, monotonic milliseconds, the oldest first. */
  readonly #mails: number[] = [];
  #closed = false;

  constructor(options: AlertGroupsOptions) {
    this.#options = options;
  }

  /** Groups that are remembered. */
  get size(): number {
    return this.#groups.size;
  }

  /** Something happened. */
  raise(alert: Alert): void {
    if (this.#closed) return;
    const group = this.#groupOf(alert);
    group.alert = alert;
    group.last = this.#options.clock.now();
    group.count++;
    group.total++;
    if (group.texts.size < textsMax) group.texts.add(alert.text);
    else if (!group.texts.has(alert.text)) group.textsLeftOut++;
    if (group.state === "resting") this.#gather(group);
  }

  /** Tells what was never told, now, as far as the hour allows; then nothing more. */
  close(): void {
    for (const group of this.#groups.values()) {
      group.timer?.cancel();
      if (group.mails === 0 && this.#waitMs(group.alert) === 0) this.#tell(group);
    }
    this.#closed = true;
    this.#groups.clear();
  }

  #groupOf(alert: Alert): Group {
    const own = `${alert.kind} ${alert.about}`;
    // Kinds are words of the program and few, so that groups for the rest of each have a bound too.
    const key = this.#groups.has(own) || this.#groups.size < groupsMax ? own : `${alert.kind} *`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = newGroup(key, alert);
      group.first = this.#options.clock.now();
      this.#groups.set(key, group);
      this.#gather(group);
    }
    return group;
  }

  #gather(group: Group): void {
    group.state = "gathering";
    this.#after(group, gatherMs);
  }

  #after(group: Group, ms: number): void {
    group.timer?.cancel();
    group.timer = this.#options.clock.after(ms, () => this.#due(group));
  }

  #due(group: Group): void {
    if (group.count === 0) {
      if (group.state === "resting") return void this.#groups.delete(group.key);
      group.state = "resting";
      return this.#after(group, group.pauseMs);
    }
    const waitMs = this.#waitMs(group.alert);
    if (waitMs > 0) return this.#after(group, waitMs);
    if (!this.#tell(group)) return void this.#groups.delete(group.key);
    group.state = "pausing";
    this.#after(group, group.pauseMs);
  }

  /** How long the hour's limit holds an alert back. */
  #waitMs({ severity }: Alert): number {
    const now = this.#options.clock.monotonic();
    while (this.#mails.length > 0 && this.#mails[0] <= now - hourMs) this.#mails.shift();
    const most = mailsOf(severity);
    return this.#mails.length < most ? 0 : this.#mails[this.#mails.length - most] + hourMs - now;
  }

  /** Whether a mail went out. */
  #tell(group: Group): boolean {
    const { clock, pauses, tell } = this.#options;
    const { alert, textsLeftOut, first, last, count, total, mails } = group;
    const { repeat_after, max_repeat } = pauses();
    const pauseMs = mails === 0 ? repeat_after : Math.max(Math.min(group.pauseMs * 2, max_repeat), repeat_after);
    const facts = { alert, texts: [...group.texts], textsLeftOut, first, last, count, total, mails, pauseMs };
    const limit = this.#limitAfter(this.#mails.length + 1);
    if (!tell(limit === undefined ? facts : { ...facts, limit })) return false;
    this.#mails.push(clock.monotonic());
    Object.assign(group, { count: 0, mails: mails + 1, pauseMs, texts: new Set(), textsLeftOut: 0 });
    return true;
  }

  #limitAfter(mails: number): HourLimit | undefined {
    const reached = mails === mailsPerHourMax ? "all" : mails === mailsOf("warning") ? "not_critical" : undefined;
    if (reached === undefined) return undefined;
    const { clock } = this.#options;
    return { reached, mails, until: clock.now() + this.#mails[0] + hourMs - clock.monotonic() };
  }
}

function newGroup(key: string, alert: Alert): Group {
  const counts = { count: 0, total: 0, mails: 0, pauseMs: 0 };
  const texts = { texts: new Set<string>(), textsLeftOut: 0 };
  return { key, alert, ...texts, first: 0, last: 0, ...counts, state: "gathering", timer: undefined };
}

function mailsOf(severity: AlertSeverity): number {
  return severity === "critical" ? mailsPerHourMax : mailsPerHourMax - mailsForCritical;
}
