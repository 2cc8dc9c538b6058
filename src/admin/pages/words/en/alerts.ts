/**
 * Alerts, in English.
 *
 * @module
 */

/** See the module. */
export const alerts = {
  "alerts.about": "What was wrong since the start, and who is told",
  "alerts.board": "Since the start",
  "alerts.none": "There was no alert",
  "alerts.none.hint": "What goes wrong is listed here, and mailed to the recipients below.",
  "alerts.severity": "Severity",
  "alerts.severity.critical": "critical",
  "alerts.severity.warning": "warning",
  "alerts.severity.info": "information",
  "alerts.severities": "Severities",
  "alerts.what": "What",
  "alerts.classes": "Classes",
  "alerts.class.system": "system",
  "alerts.class.tls": "TLS and certificates",
  "alerts.last": "Last",
  "alerts.first": "First",
  "alerts.count": "Times",
  "alerts.recipients": "Recipients",
  "alerts.nobody": "Nobody is told",
  "alerts.nobody.hint": "Add an address below, else alerts are seen on this page and in the mail log only.",
  "alerts.all": "all",
  "alerts.address": "Address",
  "alerts.boxes_hint": "Nothing ticked: all",
  "alerts.settings": "Settings",
  "alerts.from": "Sender",
  "alerts.repeat_after": "The same alert again, at the earliest",
  "alerts.max_repeat": "What that doubles up to",
  "alerts.server": "Server",
  "alerts.server_hint": "host:port.",
  "alerts.server_none": "by route or MX of the recipient",
  "alerts.tls": "TLS level",
  "alerts.test": "Send a test",
  "alerts.test_sent": "The test was sent to everybody.",
  "alerts.test_failed": "The test did not reach everybody.",
} as const;
