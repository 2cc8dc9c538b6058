/**
 * Variables in texts that clients see: `reject_text` and `greeting_text` of a mail flow policy.
 *
 * @module
 */

/** The variables, as appliance gateways name them: the listener's name, the client's address, the sender group, the entry that matched. */
export const textVariables = ["$Hostname", "$RemoteIP", "$Group", "$HATEntry"] as const;

/** One of them. */
export type TextVariable = typeof textVariables[number];

/** What looks like a variable: a name and nothing behind that could belong to it. */
export const variablePattern: RegExp = /\$[A-Za-z]\w*/g;

/** What looks like a variable in `text` and is none: it stays as it is, which its author may not have meant. */
export function unknownVariables(text: string): string[] {
  return (text.match(variablePattern) ?? []).filter((name) => !(textVariables as readonly string[]).includes(name));
}
