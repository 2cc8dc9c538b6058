/**
 * Tables that are read from the top: host access table, in English.
 *
 * @module
 */

/** See the module. */
export const hat = {
  "order.place": "Order",
  "order.drag": "Drag {name} to another place",
  "order.up": "Move {name} up",
  "order.down": "Move {name} down",
  "order.changed": "This row is not there any more. The table as it is now is below.",
  "order.listener": "Listener",
  "order.no_listener": "There is no listener yet",
  "order.comment": "Comment",
  "hat.about": "Who connects: the first sender group that matches decides the mail flow policy",
  "hat.groups": "Sender groups",
  "hat.group": "Sender group",
  "hat.senders": "Senders",
  "hat.policy": "Mail flow policy",
  "hat.add": "Add sender group",
  "hat.one": "Sender group {name}",
  "hat.ask": "Delete the sender group {name}?",
  "hat.order": "Read from the top. ALL ends the table. Drag rows, or use the arrows.",
  "hat.none": "The file has no table for this listener: all senders get the policy default.",
  "hat.of_listener": "Of the listener {listener}",
  "hat.members": "Who belongs to it",
  "hat.senders.hint":
    "One in a line; words behind # are a comment. An IP address, a CIDR, a range a-b, part of an IPv4 address (10.0.), a host name, .domain, dnslist[zone], dnslist[zone, 127.0.0.2, 127.0.0.4-127.0.0.8], certificate[name] or ALL.",
  "hat.conditions": "Besides, hosts whose name in the DNS",
  "hat.condition.no_ptr": "is missing",
  "hat.condition.ptr_lookup_failed": "cannot be looked up now",
  "hat.condition.ptr_mismatch": "does not point back to their address",
} as const;
