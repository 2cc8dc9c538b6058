/**
 * Alerts and reports for tests.
 *
 * @module
 */
import type { Alert } from "../../src/mail/alert.ts";
import type { AlertReport } from "../../src/services/alert_groups.ts";

/** An alert, changed at will. */
export function alertFor(changes: Partial<Alert> = {}): Alert {
  return {
    kind: "required_tls",
    about: "partner.example",
    severity: "warning",
    classes: ["system", "tls"],
    title: "a required TLS connection to partner.example failed",
    text: "mx.partner.example (192.0.2.1 port 25): no_starttls: STARTTLS not offered",
    facts: [],
    advice: "Ask the partner.",
    ...changes,
  };
}

/** A report of one alert, changed at will. */
export function reportOf(alert: Alert, changes: Partial<AlertReport> = {}): AlertReport {
  const at = Date.UTC(2025, 10, 22, 1, 20);
  const counts = { count: 1, total: 1, mails: 0, pauseMs: 300_000 };
  return { alert, texts: [alert.text], textsLeftOut: 0, first: at, last: at, ...counts, ...changes };
}
