/**
 * One's own account, in English.
 *
 * @module
 */

/** See the module. */
export const account = {
  "account.about": "You are {user}, {role}",
  "account.password": "Password",
  "account.present": "Present password",
  "account.fresh": "New password, at least {count} characters",
  "account.again": "New password, again",
  "account.differs": "is not the same as above",
  "account.change": "Change the password",
  "account.changed": "Your password is changed; your other sessions have ended.",
  "account.factor": "Second factor",
  "account.factor_off": "Off. With it, a login also takes a code that an authenticator app shows.",
  "account.factor_on": "On since {time}; {count} {count:recovery code is|recovery codes are} left.",
  "account.factor_begin": "Switch it on",
  "account.factor_remove": "Switch it off",
  "account.factor_removed": "The second factor is off.",
  "account.scan": "Scan this with an authenticator app, or type the secret into it. Then type the code that it shows.",
  "account.qr": "QR code of the secret",
  "account.secret": "Secret",
  "account.code": "Code",
  "account.confirm": "Confirm",
  "account.codes": "Recovery codes",
  "account.codes_about":
    "Each opens your account once where the app is lost. They are shown this once: keep them in a safe place.",
  "account.done": "The second factor is on.",
  "account.sessions": "Sessions",
  "account.from": "From",
  "account.began": "Began",
  "account.used": "Last used",
  "account.this": "this one",
  "account.end": "End",
  "account.ended": "The session has ended.",
} as const;
