/**
 * Destination controls, and forms of keys that inherit, in English.
 *
 * @module
 */

/** See the module. */
export const destinations = {
  "keys.built_in": "built in: {value}",
  "keys.empty": "Empty: {inherited}.",
  "keys.list_from": "The list is",
  "keys.own_list": "the one below",
  "keys.entries": "Entries, one in a line",
  "keys.time": "A number with s, m, h or d.",
  "keys.candidate_faults": "Your changes have faults. The values in force are shown:",
  "keys.warnings": "Look at this before you commit:",
  "destinations.about": "How mail leaves, by destination: encryption, certificates, limits and bounces",
  "destinations.settings": "Global settings",
  "destinations.settings.certificate.hint":
    "Shown to every server that asks for one, unless the destination has its own.",
  "destinations.alert": "Send an alert when a required TLS connection fails",
  "destinations.alert.hint": "To the recipients of system alerts.",
  "destinations.default": "Default entry",
  "destinations.default.about": "What counts for every destination that does not say otherwise",
  "destinations.levels": "What the TLS levels do",
  "destinations.entries": "Destinations",
  "destinations.filter": "Domain has",
  "destinations.empty": "No destination of its own yet",
  "destinations.no_match": "No destination has that in its name",
  "destinations.empty.hint": "Mail to all other domains goes by the default entry.",
  "destinations.add": "Add destination",
  "destinations.edit": "Destination {domain}",
  "destinations.edit.about": "What is left empty is inherited from the default entry",
  "destinations.delete.ask": "Delete the destination {domain}? Its mail then goes by the default entry.",
  "destinations.domain": "Domain",
  "destinations.domain.hint": "example.com, or .example.com for all its subdomains. The longest match counts.",
  "destinations.exists": "has an entry already; edit that one",
  "destinations.gone": "has no entry any more; add it again",
  "destinations.group.certificates": "Certificates",
  "destinations.group.limits": "Limits and delivery",
  "destinations.tls": "TLS level",
  "destinations.level.none": "TLS is not used. Mail goes in clear text, also where the server offers encryption.",
  "destinations.level.preferred":
    "TLS is used where the server offers it; its certificate is not verified. Where it is not offered, mail goes in clear text. A handshake that fails makes mail wait.",
  "destinations.level.required":
    "TLS must be used; the certificate is not verified. Where it is not offered or fails, mail waits and bounces at last: never in clear text.",
  "destinations.level.preferred-verify":
    "TLS is used where the server offers it and its certificate is verified; the result is logged and reported. Mail goes also where it does not verify, and in clear text where TLS is not offered.",
  "destinations.level.required-verify":
    "TLS must be used and the certificate must verify: a trusted authority, the right name, in time, not revoked. Else mail waits and bounces at last.",
  "destinations.verify_names": "Names that count on the certificate",
  "destinations.verify_names.hint": "For the levels that verify.",
  "destinations.verify.domain": "the destination's domain",
  "destinations.verify.mx": "the domain, or the name of its MX host",
  "destinations.verify.hosted": "the domain, the MX host, or the host of the route",
  "destinations.certificate": "Certificate shown to servers",
  "destinations.certificate.hint": "Only to servers that ask for one.",
  "destinations.certificate.global": "the one of the global settings",
  "destinations.certificate.none": "none",
  "destinations.ip_preference": "Addresses of hosts",
  "destinations.family.prefer_v6": "IPv6 first, then IPv4",
  "destinations.family.require_v6": "IPv6 only",
  "destinations.family.prefer_v4": "IPv4 first, then IPv6",
  "destinations.family.require_v4": "IPv4 only",
  "destinations.max_connections": "Connections at a time",
  "destinations.max_messages": "Messages in one connection",
  "destinations.max_recipients": "Recipients in an interval",
  "destinations.max_recipients.hint": "0: no limit. What is above waits in the queue.",
  "destinations.recipients_interval": "Interval for recipients",
  "destinations.limit_apply_to": "Limits count for",
  "destinations.apply.domain": "the whole domain",
  "destinations.apply.mx_address": "each address of its hosts",
  "destinations.bounce_profile": "Bounce profile",
} as const;
