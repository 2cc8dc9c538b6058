/**
 * The SSL configuration, in English.
 *
 * @module
 */

/** See the module. */
export const ssl = {
  "ssl.about": "Which TLS methods and ciphers each service has",
  "ssl.gui": "GUI HTTPS",
  "ssl.gui.about":
    "This page and its API. When a change is committed, the page disconnects for a moment and comes back by itself; a change that shuts your browser out is taken back after two minutes.",
  "ssl.inbound": "Inbound SMTP",
  "ssl.inbound.about": "What listeners offer to senders",
  "ssl.outbound": "Outbound SMTP",
  "ssl.outbound.about": "What deliveries offer to other servers",
  "ssl.other": "Other TLS client services",
  "ssl.other.about": "LDAP, updater, SMTP call-ahead and remote syslog. Their ciphers are those of outbound SMTP.",
  "ssl.methods": "Methods",
  "ssl.methods.hint": "Only in sequence: a method between two enabled ones cannot be left out.",
  "ssl.ciphers": "SSL ciphers to use",
  "ssl.ciphers.hint": "A cipher string of OpenSSL, for TLS 1.2 and below. TLS 1.3 always has its three suites.",
  "ssl.renegotiation": "Allow TLS renegotiation by clients",
  "ssl.renegotiation.hint": "A matter of TLS 1.2 and below",
  "ssl.selected": "{count} {count:suite is|suites are} selected",
  "ssl.method_suites": "{method}: {count}",
  "ssl.method_none": "{method}: no selected cipher can serve it",
  "ssl.method_level": "{method}: @SECLEVEL in the string forbids it",
  "ssl.key": "{kind} certificates: {methods}",
  "ssl.key_none": "{kind} certificates cannot be used",
  "ssl.list": "List of the suites, best first",
  "ssl.suite": "Suite",
  "ssl.exchange": "Key exchange",
  "ssl.authentication": "Authentication",
  "ssl.encryption": "Encryption",
  "ssl.warnings": "Mind this",
  "ssl.peer": "Peer certificates",
  "ssl.peer.about": "More checks of certificates that other servers show. One that fails them counts as not verified.",
  "ssl.fqdn": "Validate FQDN",
  "ssl.fqdn.hint": "Names in the certificate must be fully qualified: two labels or more, no address.",
  "ssl.x509": "Validate X.509",
  "ssl.x509.hint": "Version 3, signatures and keys of 112 bits or more, basic constraints and key usage that fit.",
  "ssl.unchanged": "Nothing is changed by that.",
} as const;
