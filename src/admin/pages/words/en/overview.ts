/**
 * The overview, in English.
 *
 * @module
 */

/** See the module. */
export const overview = {
  "overview.about": "Mail of the last 24 hours, and what wants attention now",
  "overview.messages_in": "Messages in",
  "overview.messages_out": "Messages out",
  "overview.an_hour": "{count} an hour now",
  "overview.queue": "In the queue",
  "overview.oldest": "the oldest for {span}",
  "overview.queue_empty": "nothing waits",
  "overview.encrypted_in": "Encrypted in",
  "overview.encrypted_out": "Encrypted out",
  "overview.of_connections": "of {count} {count:connection|connections}",
  "overview.sessions": "Sessions open",
  "overview.out_now": "{count} {count:connection|connections} out",
  "overview.attention": "Wants attention",
  "overview.all_well": "Nothing wants attention.",
  "overview.pressure": "Overload, {kind}: {text}",
  "overview.suspended_listeners": "Listeners are suspended: {names}",
  "overview.suspended_delivery": "Delivery is suspended: {names}",
  "overview.everything": "everything",
  "overview.listener_down": "Listener {name} at {address} is not listening",
  "overview.certificate_expires": "Certificate {name} expires in {span}",
  "overview.certificate_expired": "Certificate {name} has expired",
  "overview.config_refused":
    "The configuration file was refused at {time}; the mail log says why. What was in force is in force.",
  "overview.failing_hosts": "{count} {count:host|hosts} failed lately and {count:is|are} left alone for a while",
  "overview.alerts": "{count} {count:alert|alerts} in the last 24 hours, the last: {title}",
  "overview.flow": "Mail by the hour",
  "overview.in": "in",
  "overview.out": "out",
  "overview.deferred": "deferred",
  "overview.bounced": "bounced",
  "overview.certificates": "Certificates in use",
  "overview.expires": "Expires",
  "overview.subject": "Subject",
  "overview.listeners": "Listeners",
  "overview.state": "State",
  "overview.listening": "listening",
  "overview.down": "down",
  "overview.sessions_short": "Sessions",
  "overview.version": "Postern {version}, running for {span}",
  "overview.no_statistics": "Statistics cannot be read now; the mail log says why.",
} as const;
