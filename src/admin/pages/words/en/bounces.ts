/**
 * Bounce profiles, and pages of blocks that inherit from a default one, in English.
 *
 * @module
 */

/** See the module. */
export const bounces = {
  "named.used_by": "Used by",
  "named.unused": "nothing",
  "named.more": "and {count} more",
  "named.exists": "is there already; edit that one",
  "named.gone": "is not there any more; add it again",
  "named.missing": "is missing; a name",
  "named.name.hint": "Letters, digits, dot, underscore and hyphen.",
  "named.inherits": "What is left empty is inherited from default",
  "named.default.about": "All others inherit from this one what they do not say",
  "bounces.about": "How long mail that cannot be delivered is tried, and when its sender is told",
  "bounces.add": "Add bounce profile",
  "bounces.one": "Bounce profile {name}",
  "bounces.ask": "Delete the bounce profile {name}?",
  "bounces.group.retries": "Retries",
  "bounces.group.warning": "Delay warning",
  "bounces.max_retries": "Attempts after the first",
  "bounces.max_queue_time": "Longest time in the queue",
  "bounces.initial_retry": "Wait before the second attempt",
  "bounces.initial_retry.hint": "Later waits grow. A number with s, m, h or d.",
  "bounces.max_retry_interval": "Longest wait between attempts",
  "bounces.send_delay_warning": "Tell the sender that mail waits",
  "bounces.send_delay_warning.hint": "Once for each message.",
  "bounces.delay_warning_after": "Tell him after",
} as const;
