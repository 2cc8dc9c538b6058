/**
 * Alerts: what the log's events say is wrong, told to the owner by mail.
 *
 * Events come from the log's stream (`LineLog.observe`) and from whoever calls {@linkcode Alerts.raise}; `alert_facts.ts` says which are alerts,
 * `alert_groups.ts` when they are told, `alert_mail.ts` in which words. Mails go out by a function that is given, over connections of their own and
 * never through the queue. The envelope sender is the null one (RFC 5321 §4.5.5): a bounce of an alert would come back to the gateway that has
 * trouble already, perhaps as the next trouble.
 *
 * Each mail is tried {@linkcode attemptPausesMs}`.length + 1` times, in memory only. What cannot be sent is one Warning line, and never an alert.
 *
 * @module
 */
import { type Clock, sleep } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { LogLevel } from "../base/log.ts";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import type { AlertRecipient, Config } from "../config/config.ts";
import type { Alert } from "../mail/alert.ts";
import type { MailEvent, MailLog } from "../mail/events.ts";
import type { Outcome } from "../mail/outcome.ts";
import { replyText } from "../mail/reply.ts";
import { lastWords } from "../mail/status.ts";
import { alertOf, ownReason } from "./alert_facts.ts";
import { AlertBoard } from "./alert_board.ts";
import { AlertGroups, type AlertReport } from "./alert_groups.ts";
import { alertMail } from "./alert_mail.ts";
import { said } from "./alert_facts.ts";
import { tell } from "./alert_texts.ts";

/** Between the attempts of one mail. */
export const attemptPausesMs: readonly number[] = [30_000, 120_000];

/** One attempt to send; the RID of an outcome is the recipient's place. It must not reject. */
export type SendAlert = (
  mail: { recipients: readonly string[]; text: Octets; smtputf8: boolean },
  signal: AbortSignal,
) => Promise<Outcome[]>;

/** What alerts need. */
export interface AlertsOptions {
  clock: Clock;
  random: Random;
  log: MailLog;
  /** The snapshot in force. */
  config: () => Pick<Config, "hostname" | "alerts" | "destination_controls">;
  send: SendAlert;
}

/** What became of a mail for one recipient: in words, for people. */
export interface AlertEnd {
  recipient: string;
  sent: boolean;
  text: string;
}

/** See the module. */
export class Alerts {
  readonly #options: AlertsOptions;
  readonly #groups: AlertGroups;
  readonly #sending = new Set<Promise<unknown>>();
  /** For whoever looks. */
  readonly board: AlertBoard;
  /** The gateway stops: no pause between attempts; and then: no attempt any more. */
  readonly #hurry = new AbortController();
  readonly #cut = new AbortController();

  constructor(options: AlertsOptions) {
    this.#options = options;
    this.board = new AlertBoard(options.clock);
    this.#groups = new AlertGroups({
      clock: options.clock,
      pauses: () => options.config().alerts,
      tell: (report) => this.#tell(report),
    });
  }

  /** An observer of the log. */
  hear = (event: MailEvent, level: LogLevel): void => {
    // Most lines are about mail that goes its way.
    if (event.event !== "note" && event.event !== "required_tls_failed" && level !== "critical") return;
    const { alert_on_required_tls_failure: requiredTls } = this.#options.config().destination_controls;
    const alert = alertOf(event, { level, requiredTls });
    if (alert !== undefined) this.raise(alert);
  };

  /** Something is wrong. */
  raise(alert: Alert): void {
    this.board.note(alert);
    this.#groups.raise(alert);
  }

  /** Sends a test to every recipient, one attempt each, whatever they want to hear. */
  async test(): Promise<AlertEnd[]> {
    const { clock, config } = this.#options;
    const recipients = addressesOf(config().alerts.recipients);
    if (recipients.length === 0) return [];
    const now = clock.now();
    const facts = { first: now, last: now, count: 1, total: 1, mails: 0, pauseMs: 0 };
    const report = { alert: testAlert, texts: [testAlert.text], textsLeftOut: 0, ...facts };
    const { text, smtputf8 } = await this.#mail(report, recipients);
    return endsOf(await this.#options.send({ recipients, text, smtputf8 }, this.#cut.signal), recipients);
  }

  /** Tells what nobody was told yet, within `ms`; then nothing more. */
  async stop(ms: number = limits.alertsFlushMs): Promise<void> {
    this.#groups.close();
    this.#hurry.abort();
    const timer = this.#options.clock.after(ms, () => this.#cut.abort());
    await Promise.all(this.#sending);
    timer.cancel();
  }

  #tell(report: AlertReport): boolean {
    const { alerts } = this.#options.config();
    const recipients = addressesOf(alerts.recipients.filter((recipient) => wants(recipient, report.alert)));
    if (recipients.length === 0) return false;
    const sending = this.#send(report, recipients).catch((thrown: unknown) => {
      const text = `Cannot make the alert '${printable(report.alert.title)}': ${printable(causeOf(thrown))}`;
      this.#options.log.warning({ event: "note", text, reason: `${ownReason}failed` });
    }).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
    return true;
  }

  #mail(report: AlertReport, to: readonly string[]): ReturnType<typeof alertMail> {
    const { clock, random, config } = this.#options;
    const { hostname, alerts: { from } } = config();
    return alertMail(report, { hostname, from, to, now: clock.now(), random });
  }

  async #send(report: AlertReport, to: readonly string[]): Promise<void> {
    const { clock, log, send } = this.#options;
    const { subject, text, smtputf8 } = await this.#mail(report, to);
    let recipients = to;
    for (let attempt = 0;; attempt++) {
      const outcomes = await send({ recipients, text, smtputf8 }, this.#cut.signal);
      const ends = endsOf(outcomes, recipients);
      const sent = ends.filter((end) => end.sent);
      if (sent.length > 0) {
        report.alert.told?.();
        log.info({ event: "note", text: `Alert sent '${subject}': ${endsText(sent)}`, reason: `${ownReason}sent` });
      }
      const last = attempt >= attemptPausesMs.length || this.#cut.signal.aborted;
      const again = (rid: number) => !last && outcomes.some((one) => one.rid === rid && one.kind === "deferred");
      const failed = ends.filter(({ sent }, rid) => !sent && !again(rid));
      if (failed.length > 0) {
        const words = `Cannot send the alert '${subject}': ${endsText(failed)}`;
        log.warning({ event: "note", text: words, reason: `${ownReason}failed` });
      }
      recipients = recipients.filter((_, rid) => again(rid));
      if (recipients.length === 0) return;
      await sleep(clock, attemptPausesMs[attempt], this.#hurry.signal);
    }
  }
}

const testAlert: Alert = {
  kind: "test",
  about: "",
  severity: "info",
  classes: ["system"],
  text: "Somebody asked for a test of the way that alerts take.",
  facts: [],
  ...said(tell("alert.test"), tell("alert.test.advice")),
  again: "A test is sent whenever somebody asks for one.",
};

/** An empty list is everything. */
function wants({ classes, severities }: AlertRecipient, alert: Alert): boolean {
  return (classes.length === 0 || alert.classes.some((name) => classes.includes(name))) &&
    (severities.length === 0 || severities.includes(alert.severity));
}

/** Each once. */
function addressesOf(recipients: readonly AlertRecipient[]): string[] {
  return [...new Set(recipients.map(({ address }) => address))];
}

/** In the order of the recipients; who has no outcome was not reached. */
function endsOf(outcomes: readonly Outcome[], recipients: readonly string[]): AlertEnd[] {
  return recipients.map((recipient, rid) => {
    const outcome = outcomes.find((one) => one.rid === rid);
    if (outcome === undefined) return { recipient, sent: false, text: "it was not tried" };
    const { reply } = outcome;
    const words = reply === undefined ? lastWords(outcome).lines.join(" ") : `${reply.code} ${replyText(reply)}`;
    return { recipient, sent: outcome.kind === "delivered", text: printable(words) };
  });
}

/** `a@example.test, b@example.test: 250 Ok`, recipients with the same end together. */
function endsText(ends: readonly AlertEnd[]): string {
  const byText = Map.groupBy(ends, ({ text }) => text);
  return [...byText].map(([text, same]) => `${same.map(({ recipient }) => printable(recipient)).join(", ")}: ${text}`)
    .join("; ");
}
