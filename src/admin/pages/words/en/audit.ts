/**
 * The audit log, in English.
 *
 * @module
 */

/** See the module. */
export const audit = {
  "audit.about": "Who logged in and who changed what, from where; the newest first",
  "audit.lines": "Entries",
  "audit.who": "User or address",
  "audit.what": "Action, target or detail",
  "audit.outcome": "Outcome",
  "audit.all": "All",
  "audit.done": "done",
  "audit.refused": "refused",
  "audit.since": "From",
  "audit.until": "To",
  "audit.time": "Time",
  "audit.user": "User",
  "audit.from": "Address",
  "audit.via": "By",
  "audit.via.session": "password",
  "audit.via.token": "API token",
  "audit.via.certificate": "certificate",
  "audit.via.control": "command line",
  "audit.action": "Action",
  "audit.target": "Target",
  "audit.detail": "Detail",
  "audit.none": "Nothing was found",
  "audit.none_yet": "Nothing was found so far",
  "audit.none_about": "Search by less, or over a longer time. How much is kept is said by the log settings.",
} as const;
