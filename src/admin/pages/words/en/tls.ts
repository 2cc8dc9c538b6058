/**
 * TLS connections, in English.
 *
 * @module
 */

/** See the module. */
export const tls = {
  "tls.about": "Which mail was encrypted, which was not, and why",
  "tls.direction": "Direction",
  "tls.inbound": "Incoming, by sender domain",
  "tls.outbound": "Outgoing, by destination",
  "tls.span": "Time range",
  "tls.day": "Last 24 hours",
  "tls.week": "Last 7 days",
  "tls.month": "Last 30 days",
  "tls.quarter": "Last 90 days",
  "tls.domain_filter": "Domain has",
  "tls.show": "Show",
  "tls.graph": "Connections over time",
  "tls.required_ok": "TLS required, success",
  "tls.preferred_ok": "TLS preferred, success",
  "tls.clear": "Clear text",
  "tls.required_failed": "TLS required, failed",
  "tls.preferred_failed": "TLS preferred, failed",
  "tls.summary": "In all",
  "tls.connections": "Connections",
  "tls.domains": "Domains",
  "tls.domain": "Domain",
  "tls.share": "Encrypted",
  "tls.messages": "Messages",
  "tls.last": "Last result",
  "tls.result.success": "encrypted",
  "tls.result.failed": "failed",
  "tls.result.clear": "clear text",
  "tls.unverified": "certificate not verified",
  "tls.set_policy": "Set policy",
  "tls.test": "Test now",
  "tls.empty": "No mail in this time",
  "tls.empty.hint": "Choose a longer time, or send a message through the gateway.",
  "tls.all_others": "all other domains",
  "tls.null_sender": "null sender (bounces)",
  "tls.unknown": "connections without mail",
} as const;
