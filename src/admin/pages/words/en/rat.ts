/**
 * Recipient access table, in English.
 *
 * @module
 */

/** See the module. */
export const rat = {
  "rat.about": "Whose mail is taken: the first row that matches decides",
  "rat.recipients": "Recipients",
  "rat.address": "Recipient",
  "rat.address.hint": "domain, .domain (its subdomains), user@, user@domain, [IP address] or ALL.",
  "rat.action": "Action",
  "rat.accept": "Accept",
  "rat.reject": "Reject",
  "rat.add": "Add recipient",
  "rat.one": "Recipient {name}",
  "rat.ask": "Delete the row of {name}?",
  "rat.filter": "Recipient or comment has",
  "rat.empty": "The table has no rows",
  "rat.no_match": "No row has that",
  "rat.order": "Read from the top. Drag rows, or use the arrows.",
  "rat.all_taken": "The file has no table for this listener, which is not public: all recipients are taken.",
  "rat.all_rejected": "Read from the top. Whoever is not in the table is rejected.",
  "rat.accepting": "Where it is accepted",
  "rat.rejecting": "Where it is rejected",
  "rat.bypass": "Bypass recipient validation",
  "rat.bypass.hint": "Not looked up in a directory or at the next hop.",
  "rat.code.hint": "400 to 599. Empty: 550.",
  "rat.text.hint": "An enhanced code may stand in front. Empty: that the address is rejected.",
} as const;
