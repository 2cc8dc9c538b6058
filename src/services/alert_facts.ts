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
import type { Alert, AlertSeverity } from "../mail/alert.ts";
import { eventText, type MailEvent } from "../mail/events.ts";

/** Reason words of this part's own lines begin so: an alert that cannot be sent must not be the next alert. */
export const ownReason = "alert_";

/** A group's text is a line of the mail; what a peer said in it is cut. */
export const factLengthMax = 500;

/** What an alert about the gateway itself says besides its line in the log. */
interface Trouble {
  /** Where another reason word means the same: they are one group. */
  kind?: string;
  title: string;
  advice: string;
  /** When it is over. */
  over?: string;
  /** A Warning is an alert too. */
  warns?: true;
  /** It is about certificates. */
  tls?: true;
}

const disk =
  "Free space on the file system of storage.directory, or give it more. Clients keep the mail that they could not hand in, " +
  "and try again.";
const storage =
  "Look at the file system of storage.directory and at the kernel's log for disk errors. Nothing was acknowledged that is not " +
  "stored.";

// deno-fmt-ignore
/** By reason word of the log. */
const troubles: Readonly<Record<string, Trouble>> = {
  config_refused: {
    title: "the configuration was refused",
    advice: "Correct the file; `postern check` names every fault. The configuration from before stays in force meanwhile.",
  },
  config_failed: {
    title: "the configuration could not be read", over: "the configuration can be read again",
    advice: "Nothing is wrong with the file: the gateway tries again by itself, and the configuration from before stays in force meanwhile. See whether " +
      "memory or processors are short.",
  },
  listener_down: {
    title: "a listener is down",
    advice: "See who else uses the address (`ss -ltnp`), then let the configuration be read again (SIGHUP).",
  },
  pressure_sessions: {
    title: "too many sessions", over: "sessions are below their limit again",
    advice: "See who connects, and limit them in the sender groups; limits.max_sessions is the limit.",
  },
  pressure_memory: {
    title: "memory is short", over: "memory is below its limit again",
    advice: "See what else uses the machine's memory; limits.max_memory is the limit.",
  },
  pressure_lag: {
    title: "the gateway is overloaded", over: "the gateway keeps up again",
    advice: "See what uses the processors; limits.max_event_loop_lag is the limit.",
  },
  pressure_queue: {
    title: "the queue is above its limit", over: "the queue is below its limit again",
    advice: "See which destination its mail waits for and why it cannot be delivered; limits.max_queue_messages is the limit.",
  },
  pressure_disk: { title: "disk space is low", over: "there is disk space again", advice: disk },
  pressure_inodes: { title: "inodes are low", over: "there are inodes again", advice: disk },
  disk_full: { title: "the disk is full", advice: disk },
  full: { kind: "disk_full", title: "the disk is full", over: "messages can be stored again", advice: disk },
  queue_io: { title: "the queue cannot be written", advice: storage },
  queue_busy: { kind: "queue_io", title: "the queue cannot be written", advice: storage },
  queue_other: { kind: "queue_io", title: "the queue cannot be written", advice: storage },
  queue_corrupt: {
    title: "the queue was damaged",
    advice: "The damaged file is kept beside the queue and whatever could be read goes on. Look for disk errors before there are more.",
  },
  queue: { title: "the queue cannot be used", over: "the queue can be used again", advice: storage },
  front: {
    title: "the admin page cannot be served",
    advice: "See admin and metrics in the configuration, and their certificates and files. Mail goes on.",
  },
  control: {
    title: "the control socket is down",
    advice: "See that storage.directory can be written; restart the gateway when it suits. Mail goes on, commands do not reach it.",
  },
  certificate_unfit: {
    title: "a certificate cannot be used",
    advice: "See that certificate and key belong together and can be read; files that change are read again at once. Mail goes on with the " +
      "certificate from before, or with a self-signed one where there was none.",
  },
  acme_failed: {
    title: "a certificate could not be had from its authority",
    advice: "See what the authority says: the names have to lead here, and port 80 or 443 has to be answered (`acme` of the profile). It is tried " +
      "again by itself; `postern certconfig acme NAME` tries now.",
  },
  no_authorities: {
    title: "no certificate authorities were found",
    advice: "Install the package ca-certificates or set SSL_CERT_FILE: until then no server's certificate can be verified.",
  },
  certificate_revoked: {
    title: "a certificate in use was revoked", tls: true,
    advice: "Put another certificate in its place: clients that check it refuse the connection.",
  },
  certificate_unknown: {
    title: "a certificate in use is unknown to its authority", tls: true, warns: true,
    advice: "A new certificate may take a few minutes to be known. Else ask whoever issued it.",
  },
  must_staple: {
    title: "a certificate promises a stapled status that is not there", tls: true, warns: true,
    advice: "See that the gateway reaches the responder that the certificate names (http), and that the issuer's certificate is in intermediates.",
  },
  crl_expired: {
    title: "a revocation list is out of date", tls: true, warns: true,
    advice: "Put a current list in its place, or see that the gateway reaches its URL: certificates are not held against an old list.",
  },
  crl_refused: {
    title: "new revocation lists could not be put in force", tls: true,
    advice: "The lists from before stay in force. Read the log around this time, and see the lists: `postern certconfig crls list`.",
  },
  update_failed: {
    title: "an update could not be fetched", over: "updates are fetched again", warns: true,
    advice: "What was fetched before goes on, else the system's list. See services.updater, and that its server is reached and verified: `postern updatenow`.",
  },
  log_host_unverified: {
    title: "a log host could not be verified", over: "the log host was verified", tls: true,
    advice: "Nothing is sent to it. See its certificate, its name in services.syslog and the authorities that are trusted; mail and its own log go on.",
  },
  log_host_down: {
    title: "a log host cannot be reached", over: "the log host takes lines again", warns: true,
    advice: "Lines wait in memory, and the oldest go when there are too many; logs/mail.log below storage.directory has all of them.",
  },
};

const unknown: Trouble = {
  title: "a fault needs attention",
  advice: "Read the log around this time (logs/mail.log below storage.directory).",
};

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
  const alert = gatewayAlert(event, { kind: kind ?? (reason || "critical"), severity, title, advice });
  return tls === true ? { ...alert, classes: ["system", "tls"] } : alert;
}

/** A trouble that is over: worth knowing for who was told of it. */
function overAlert(event: MailEvent, reason: string): Alert {
  const over = reason === "queue_writable" ? "the queue can be written again" : undefined;
  const title = over ?? troubles[reason.replace(/_over$/, "")]?.over ?? "a fault is over";
  const advice = "Nothing has to be done any more.";
  return gatewayAlert(event, { kind: reason, severity: "info", title, advice });
}

function gatewayAlert(
  event: MailEvent,
  words: Pick<Alert, "kind" | "severity" | "title" | "advice">,
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
    title: `a required TLS connection to ${printable(domain, titleDomainMax)} failed`,
    text: `${shownHost} (${address} port ${port}): ${reason}: ${code === 0 ? words : `(${code}, '${words}')`}`,
    facts: [
      ["Destination", shownDomain],
      ["Host", `${shownHost} (${address} port ${port})`],
      ["TLS level", tlsLevel],
      ["Reason", reason],
      [code === 0 ? "Details" : "OpenSSL", code === 0 ? words : `(${code}, '${words}')`],
      ["Messages", `${messages} in the queue for this destination`],
    ],
    advice:
      `The mail waits and is tried again; it bounces when its bounce profile's time is up. \`postern tlsverify ${shownDomain}\` shows what ` +
      "the hosts offer. If the partner cannot put it right, destination_controls says what is demanded of the destination.",
  };
}

/** A domain of the longest allowed kind would fill the subject. */
const titleDomainMax = 80;

function cut(text: string): string {
  return text.length > factLengthMax ? `${text.slice(0, factLengthMax)}…` : text;
}
