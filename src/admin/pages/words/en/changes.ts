/**
 * Changes that wait, and commits, in English.
 *
 * @module
 */

/** See the module. */
export const changes = {
  "changes.title": "Changes",
  "changes.about": "What waits to be committed. Nothing of it is in force before.",
  "changes.own": "Your changes",
  "changes.of": "Changes of {who}",
  "changes.none": "Nothing is pending",
  "changes.none_about": "What you submit on other pages is shown here.",
  "changes.last": "last changed {time}",
  "changes.outdated": "the file was changed meanwhile",
  "changes.faults": "This keeps it from being committed:",
  "changes.warnings": "Warnings",
  "changes.comment": "Comment",
  "changes.comment_hint": "For the history; may be empty",
  "changes.abandon": "Abandon changes",
  "changes.abandon_sure": "Drop everything that you have pending?",
  "changes.abandoned": "Your changes are dropped.",
  "changes.committed": "Committed and in force.",
  "changes.same": "The file said it already.",
  "changes.not_applied": "It could not be put in force; the file is what it was:",
  "changes.other_waits": "A change of {who} waits to be confirmed; wait until it is confirmed or taken back",
  "changes.other_candidate": "Your changes are others by now, as from another window. Look at them again.",
  "changes.changed": "The file was changed meanwhile",
  "changes.merge_about": "Your changes touch other keys. Both can be made.",
  "changes.merge": "Merge and commit",
  "changes.conflicts": "Both change the same keys. Abandon yours, or change them so that they fit:",
  "changes.confirm_title": "Waits to be confirmed",
  "changes.confirm_about":
    "Change {id} of {who} changes how this page is reached ({keys}). It is taken back by itself unless somebody who still reaches the page confirms it over a new connection.",
  "changes.left": "{seconds} seconds left",
  "changes.trying": "This page disconnects for a moment and comes back by itself.",
  "changes.confirmed": "Confirmed: it stays in force.",
  "changes.over": "It waits no more: it was confirmed elsewhere, or taken back.",
  "changes.nothing_waits": "No such change waits: it was confirmed, or taken back.",
  "changes.old_connection":
    "This connection is older than the change, so it proves nothing. Confirm again: a new one is opened.",
  "changes.elsewhere": "The page is now at",
  "changes.confirm": "Confirm: I reach the page",
} as const;
