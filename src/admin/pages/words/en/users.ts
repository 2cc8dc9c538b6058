/**
 * Users, tokens and one's own account, in English.
 *
 * @module
 */

/** See the module. */
export const users = {
  "users.about": "Who may use this page and its API, and as what",
  "users.list": "Users",
  "users.name": "User name",
  "users.role": "Role",
  "users.login": "Logs in by",
  "users.password": "password",
  "users.certificate": "certificate",
  "users.nothing": "nothing: cannot log in",
  "users.disabled": "disabled: cannot log in",
  "users.disable": "Disabled",
  "users.disable_hint":
    "Shut out at once, with sessions and API tokens; everything is kept until the user is let in again.",
  "users.factor": "Second factor",
  "users.you": "you",
  "users.new": "New user",
  "users.new_password": "Password, at least {count} characters",
  "users.other_password": "New password",
  "users.other_password_hint": "Empty: it stays as it is. His sessions end where it changes.",
  "users.password_hint": "May be empty for somebody who logs in by certificate",
  "users.no_password": "Take the password away",
  "users.certificate_name": "Name on the client certificate",
  "users.certificate_hint": "Where it is another than the user's own",
  "users.create": "Create",
  "users.created": "User {name} was created.",
  "users.changed": "User {name} was changed.",
  "users.deleted": "User {name} was deleted.",
  "users.delete_sure": "Delete {name}, with sessions, tokens and second factor?",
  "users.reset_factor": "Reset the second factor",
  "users.reset_about":
    "As when somebody has lost his telephone: he logs in by the password alone and sets it up again.",
  "users.reset_done": "The second factor of {name} is off.",
  "users.at_once": "Changes of users are in force at once; they do not wait for a commit.",
  "users.tokens": "API tokens",
  "users.tokens_none": "There are no tokens",
  "users.tokens_none_hint": "A program that uses the API, monitoring for instance, needs one: make it below.",
  "users.token_name": "What it is for",
  "users.token_owner": "Owner",
  "users.token_created": "Made",
  "users.token_expires": "Expires",
  "users.token_expired": "expired",
  "users.token_used": "Last used",
  "users.token_days": "Days it lives, 1 to {max}",
  "users.token_days_wrong": "is no number from 1 to {max}",
  "users.token_name_wrong": "is empty, longer than 100 characters, or has control characters",
  "users.token_new": "New token",
  "users.token_made": "The token is made. It is shown this once: copy it now.",
  "users.revoke": "Revoke",
  "users.revoke_sure": "Revoke the token {name}? Programs that use it are shut out.",
  "users.revoked": "The token is worth nothing any more.",
} as const;
