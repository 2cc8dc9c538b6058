/**
 * Login and set-up, in English.
 *
 * @module
 */

/** See the module. */
export const entrance = {
  "entrance.login": "Log in",
  "entrance.user": "User",
  "entrance.password": "Password",
  "entrance.code": "Code, where a second factor is on",
  "entrance.no_user":
    "There is no user yet. Open the set-up link: postern setup-link prints it on the gateway's machine.",
  "entrance.certificate": "Log in with a certificate",
  "entrance.setup": "The first administrator",
  "entrance.setup.about": "This link works once. Afterwards users are made on the page.",
  "entrance.new_password": "Password, at least {count} characters",
  "entrance.again": "The same again",
  "entrance.make": "Make the administrator",
  "entrance.there_is": "There is an administrator already.",
} as const;
