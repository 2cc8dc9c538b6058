/**
 * Message tracking, in English.
 *
 * @module
 */

/** See the module. */
export const tracking = {
  "tracking.about": "Where a message came from and what became of it, from the mail log",
  "tracking.sender": "Sender has",
  "tracking.recipient": "Recipient has",
  "tracking.subject": "Subject has",
  "tracking.message_id": "Message-ID has",
  "tracking.mid": "MID",
  "tracking.since": "Begun within",
  "tracking.hour": "the last hour",
  "tracking.day": "the last 24 hours",
  "tracking.week": "the last 7 days",
  "tracking.ever": "all that the log has",
  "tracking.found": "Messages",
  "tracking.time": "Time",
  "tracking.from": "Sender",
  "tracking.to": "Recipients",
  "tracking.subject_column": "Subject",
  "tracking.state": "What became of it",
  "tracking.state.delivered": "delivered",
  "tracking.state.bounced": "bounced",
  "tracking.state.aborted": "aborted",
  "tracking.state.deleted": "deleted",
  "tracking.state.open": "on its way",
  "tracking.state.mixed": "not the same for all",
  "tracking.state.finished": "thrown away",
  "tracking.empty": "No message was found",
  "tracking.empty.hint":
    "Search with other words or a longer time. The log goes back as far as its rotated files, and knows messages where its level is info.",
  "tracking.cut_short": "The search took too long and came back to {time}. A shorter time or a MID finds more.",
  "tracking.busy": "Other searches are running. Try again in a moment.",
  "tracking.way": "The way of message {mid}",
  "tracking.not_known": "The mail log knows nothing of MID {mid}",
  "tracking.lines_cut": "Earlier lines are left out: there are too many.",
  "tracking.parent": "Made because of MID {mid}",
  "tracking.children": "Made because of it",
  "tracking.in_queue": "In the queue",
} as const;
