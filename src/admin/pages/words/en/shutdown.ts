/**
 * Shutdown and suspend, in English.
 *
 * @module
 */

/** See the module. */
export const shutdown = {
  "shutdown.about": "What is suspended stays so until it is resumed, also over a restart",
  "shutdown.listeners": "Listeners",
  "shutdown.listeners_about":
    "Suspended listeners answer new sessions with 421 and let those that run finish: {count} now.",
  "shutdown.only_listeners": "Only these",
  "shutdown.delivery": "Delivery",
  "shutdown.delivery_about": "Suspended delivery leaves mail in the queue: {count} {count:message|messages} now.",
  "shutdown.domains": "Only to these domains",
  "shutdown.domains_hint": "With commas between; .example.com means those below it",
  "shutdown.suspend_all": "Suspend all",
  "shutdown.resume_all": "Resume all",
  "shutdown.suspend": "Suspend these",
  "shutdown.resume": "Resume these",
  "shutdown.sure.listeners": "Take no new mail on any listener?",
  "shutdown.sure.delivery": "Deliver nothing until it is resumed?",
  "shutdown.suspended_now": "It is suspended.",
  "shutdown.resumed_now": "It is resumed.",
  "shutdown.some": "Suspended: {names}",
  "shutdown.nothing_named": "Nothing was named",
  "shutdown.stop": "Stop the gateway",
  "shutdown.stop_about":
    "Sessions may finish, for 30 seconds at most; the queue stays on the disk. This page goes with it: a service manager or somebody at the machine starts it again.",
  "shutdown.stop_sure": "Stop the gateway? Mail and this page stop.",
  "shutdown.stopping": "The gateway stops. This page is gone until it is started again.",
} as const;
