/**
 * Which lines of the log are alerts, and what to do about each. Pure: an event in, an alert or nothing out.
 *
 * Alerts are every Critical line, the warnings about load, the end of each such trouble (as `info`), and TLS connections that a destination demands
 * and that failed, where `destination_controls.alert_on_required_tls_failure` says so. Lines about alerts themselves never are.
 *
 * @module
 */
import type { LogLevel } from "../base/log.ts";
import { printable } from "../base/text.ts";
import type { Told } from "../base/told.ts";
import type { Alert, AlertSeverity } from "../mail/alert.ts";
import { eventText, type MailEvent } from "../mail/events.ts";
import { alertTexts, tell } from "./alert_texts.ts";

/** Reason words of this part's own lines begin so: an alert that cannot be sent must not be the next alert. */
export const ownReason = "alert_";

/** A group's text is a line of the mail; what a peer said in it is cut. */
export const factLengthMax = 500;

/** Texts that name nothing. */
type PlainCode = {
  [Code in keyof typeof alertTexts]: typeof alertTexts[Code] extends `${string}{${string}` ? never : Code;
}[keyof typeof alertTexts];

/** What an alert about the gateway itself says besides its line in the log. */
interface Trouble {
  /** Where another reason word means the same: they are one group. */
  kind?: string;
  title: PlainCode;
  advice: PlainCode;
  /** When it is over. */
  over?: PlainCode;
  /** A Warning is an alert too. */
  warns?: true;
  /** It is about certificates. */
  tls?: true;
}

// deno-fmt-ignore
/** By reason word of the log. */
const troubles: Readonly<Record<string, Trouble>> = {
  config_refused: { title: "alert.config_refused", advice: "alert.config_refused.advice" },
  config_failed: { title: "alert.config_failed", advice: "alert.config_failed.advice", over: "alert.config_failed.over" },
  listener_down: { title: "alert.listener_down", advice: "alert.listener_down.advice" },
  pressure_sessions: { title: "alert.pressure_sessions", advice: "alert.pressure_sessions.advice", over: "alert.pressure_sessions.over" },
  pressure_memory: { title: "alert.pressure_memory", advice: "alert.pressure_memory.advice", over: "alert.pressure_memory.over" },
  pressure_lag: { title: "alert.pressure_lag", advice: "alert.pressure_lag.advice", over: "alert.pressure_lag.over" },
  pressure_queue: { title: "alert.pressure_queue", advice: "alert.pressure_queue.advice", over: "alert.pressure_queue.over" },
  pressure_disk: { title: "alert.pressure_disk", advice: "alert.disk.advice", over: "alert.pressure_disk.over" },
  pressure_inodes: { title: "alert.pressure_inodes", advice: "alert.disk.advice", over: "alert.pressure_inodes.over" },
  disk_full: { title: "alert.disk_full", advice: "alert.disk.advice" },
  full: { kind: "disk_full", title: "alert.disk_full", advice: "alert.disk.advice", over: "alert.disk_full.over" },
  queue_io: { title: "alert.queue_io", advice: "alert.storage.advice" },
  queue_busy: { kind: "queue_io", title: "alert.queue_io", advice: "alert.storage.advice" },
  queue_other: { kind: "queue_io", title: "alert.queue_io", advice: "alert.storage.advice" },
  queue_corrupt: { title: "alert.queue_corrupt", advice: "alert.queue_corrupt.advice" },
  queue: { title: "alert.queue", advice: "alert.storage.advice", over: "alert.queue.over" },
  front: { title: "alert.front", advice: "alert.front.advice" },
  control: { title: "alert.control", advice: "alert.control.advice" },
  certificate_unfit: { title: "alert.certificate_unfit", advice: "alert.certificate_unfit.advice" },
  acme_failed: { title: "alert.acme_failed", advice: "alert.acme_failed.advice" },
  no_authorities: { title: "alert.no_authorities", advice: "alert.no_authorities.advice" },
  certificate_revoked: { title: "alert.certificate_revoked", advice: "alert.certificate_revoked.advice", tls: true },
  certificate_unknown: { title: "alert.certificate_unknown", advice: "alert.certificate_unknown.advice", tls: true, warns: true },
  must_staple: { title: "alert.must_staple", advice: "alert.must_staple.advice", tls: true, warns: true },
  crl_expired: { title: "alert.crl_expired", advice: "alert.crl_expired.advice", tls: true, warns: true },
  crl_refused: { title: "alert.crl_refused", advice: "alert.crl_refused.advice", tls: true },
  update_failed: { title: "alert.update_failed", advice: "alert.update_failed.advice", over: "alert.update_failed.over", warns: true },
  log_host_unverified: { title: "alert.log_host_unverified", advice: "alert.log_host_unverified.advice", over: "alert.log_host_unverified.over", tls: true },
  directory_down: { title: "alert.directory_down", advice: "alert.directory_down.advice", over: "alert.directory_down.over", warns: true },
  log_host_down: { title: "alert.log_host_down", advice: "alert.log_host_down.advice", over: "alert.log_host_down.over", warns: true },
};

const unknown: Trouble = { title: "alert.unknown", advice: "alert.unknown.advice" };

/** The alert that an event is. `requiredTls`: failures of required TLS connections are wanted. */
export function alertOf(
  event: MailEvent,
  { level, requiredTls }: { level: LogLevel; requiredTls: boolean },
): Alert | undefined {
  if (event.event === "required_tls_failed") return requiredTls ? requiredTlsAlert(event) : undefined;
  const reason = event.event === "note" ? event.reason ?? "" : event.event;
  if (reason.startsWith(ownReason)) return undefined;
  if (level === "critical") return troubleAlert(event, { reason, severity: "critical" });
  if (event.event !== "note" || level !== "warning") return undefined;
  if (reason.endsWith("_over") || reason === "queue_writable") return overAlert(event, reason);
  return reason.startsWith("pressure_") || reason === "acme_failed" || troubles[reason]?.warns === true
    ? troubleAlert(event, { reason, severity: "warning" })
    : undefined;
}

function troubleAlert(
  event: MailEvent,
  { reason, severity }: { reason: string; severity: AlertSeverity },
): Alert {
  const { kind, title, advice, tls } = troubles[reason] ?? unknown;
  const alert = gatewayAlert(event, {
    kind: kind ?? (reason || "critical"),
    severity,
    ...said(tell(title), tell(advice)),
  });
  return tls === true ? { ...alert, classes: ["system", "tls"] } : alert;
}

/** A trouble that is over: worth knowing for who was told of it. */
function overAlert(event: MailEvent, reason: string): Alert {
  const over = reason === "queue_writable" ? reason : undefined;
  const title = over === undefined
    ? troubles[reason.replace(/_over$/, "")]?.over ?? "alert.over"
    : `alert.${over}` as const;
  return gatewayAlert(event, { kind: reason, severity: "info", ...said(tell(title), tell("alert.over.advice")) });
}

/** The words of an alert that were told by codes. */
export function said(title: Told, advice: Told): Pick<Alert, "title" | "advice" | "words"> {
  return { title: title.text, advice: advice.text, words: { title, advice } };
}

function gatewayAlert(
  event: MailEvent,
  words: Pick<Alert, "kind" | "severity" | "title" | "advice" | "words">,
): Alert {
  // The note is the gateway's own text, in which peers' words are escaped already.
  const text = cut(eventText(event));
  return { ...words, about: "", classes: ["system"], text, facts: [] };
}

/** The alert of a required TLS connection that failed. Its group is the destination. */
function requiredTlsAlert(failed: Extract<MailEvent, { event: "required_tls_failed" }>): Alert {
  const { domain, host, address, port, tlsLevel, reason, code, error, messages } = failed;
  const [shownDomain, shownHost, words] = [domain, host, error].map((text) => printable(text, factLengthMax));
  return {
    kind: "required_tls",
    about: domain.slice(0, factLengthMax),
    severity: "warning",
    classes: ["system", "tls"],
    ...said(
      tell("alert.required_tls", { domain: printable(domain, titleDomainMax) }),
      tell("alert.required_tls.advice", { domain: shownDomain }),
    ),
    text: `${shownHost} (${address} port ${port}): ${reason}: ${code === 0 ? words : `(${code}, '${words}')`}`,
    facts: [
      ["Destination", shownDomain],
      ["Host", `${shownHost} (${address} port ${port})`],
      ["TLS level", tlsLevel],
      ["Reason", reason],
      [code === 0 ? "Details" : "OpenSSL", code === 0 ? words : `(${code}, '${words}')`],
      ["Messages", `${messages} in the queue for this destination`],
    ],
  };
}

/** A domain of the longest allowed kind would fill the subject. */
const titleDomainMax = 80;

function cut(text: string): string {
  return text.length > factLengthMax ? `${text.slice(0, factLengthMax)}…` : text;
}
