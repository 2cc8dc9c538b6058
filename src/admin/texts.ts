/**
 * What is told of logins, users, their passwords and tokens, by code.
 *
 * @module
 */
import { type Teller, tellerOf } from "../base/told.ts";

// deno-fmt-ignore
/** Every text. */
export const adminTexts = {
  "problem.400": "The request cannot be understood",
  "problem.401": "A login is needed",
  "problem.403": "This is not allowed",
  "problem.404": "There is nothing here",
  "problem.405": "This cannot be done here",
  "problem.409": "Something else was there first",
  "problem.412": "It has changed meanwhile",
  "problem.413": "The request is too large",
  "problem.415": "The request is of the wrong kind",
  "problem.422": "The request has faults",
  "problem.428": "The state that is to be changed has to be named",
  "problem.429": "Too many requests",
  "problem.500": "The gateway failed to answer",
  "problem.503": "This cannot be done now",
  "fault.login.wrong": "User name, password or code is wrong",
  "fault.login.code": "The code of the second factor is needed",
  "fault.login.locked": "Too many logins have failed: wait",
  "fault.login.busy": "Too many are logging in: wait a moment",
  "fault.login.certificate": "No client certificate that verifies was shown",
  "fault.setup.link": "The set-up link is used up, has expired or is another one; `postern setup-link` makes a new one",
  "fault.setup.soon": "The user is made, and will be there in a moment: log in",
  "fault.user.name": "is no user's name; letters, digits, _ - and . , at most 64, a letter or digit first",
  "fault.user.taken": "There is a user {name} already",
  "fault.user.unknown": "There is no user {name}",
  "fault.user.last": "{name} is the only administrator: another one has to be there first",
  "fault.user.refused": "The configuration with this change has faults",
  "fault.user.same": "is not the same",
  "fault.password.short": "it has {count} characters; at least {min}",
  "fault.password.plain": "it repeats a few characters; more different ones",
  "fault.password.name": "it contains the user's name; another one",
  "fault.password.present": "is not the present one",
  "fault.factor.code": "is not the code of the app now; the next one",
  "fault.token.tokens": "A token makes no tokens",
  "fault.token.owner": "A token cannot change what its owner logs in with",
  "fault.token.many": "There are {max} tokens: remove some",
  "fault.backup.kept": "{max} archives are kept",
  "fault.role.needed": "The role {role} is needed",
} as const;

/** Tells one of them. */
export const tell: Teller<typeof adminTexts> = tellerOf(adminTexts);
