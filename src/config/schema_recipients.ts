/**
 * The part of the schema that says who is a recipient: the rows of a listener's recipient access table.
 *
 * @module
 */
import type * as z from "zod";
import { choiceKey, countKey, flagKey, plainKey, replyTextKey, section, textKey, type TextSchema } from "./keys.ts";
import { parseRecipientPattern } from "./values.ts";

const forms = 'domain, .domain, user@, user@domain, "[IP address]" or ALL';

/** A pattern of addresses, as the recipient table and lists of senders have them. */
export const recipientPattern: TextSchema<string> = textKey({
  noun: "a recipient",
  right: forms,
  parse: parseRecipientPattern,
});

const rowShape = {
  address: recipientPattern.describe(
    "domain, .domain (its subdomains), user@, user@domain, an address in brackets and quotes ('[192.0.2.1]', 'user@[IPv6:2001:db8::1]') or ALL.",
  ),
  action: choiceKey(["accept", "reject"]).describe("What a recipient that matches gets."),
  code: countKey({ min: 400, max: 599 }).optional()
    .describe("SMTP code of action reject, 400 to 599. Default: 550."),
  text: replyTextKey().optional()
    .describe("Its text; an enhanced code may stand in front. Default: 5.1.0 <the address> Address rejected."),
  bypass_recipient_validation: flagKey().optional()
    .describe(
      "With action accept: recipients that match are taken without being looked up in a directory or at the next hop. Default: false.",
    ),
  comment: plainKey({ right: "a few words", max: 1000 }).optional().describe("Words for people. Default: none."),
};

const row = section(rowShape).superRefine((rule, context) => {
  const fault = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  if (rule.action === "accept") {
    for (const key of ["code", "text"] as const) {
      if (rule[key] !== undefined) {
        fault(key, "says what a rejected recipient gets, and this row accepts; action: reject");
      }
    }
    return;
  }
  if (rule.bypass_recipient_validation) {
    fault("bypass_recipient_validation", "has nothing to bypass where the recipient is rejected; action: accept");
  }
  // RFC 2034 §4: the enhanced code is of the same class as the reply.
  const lead = /^([245])\.\d{1,3}\.\d{1,3}(?: |$)/.exec(rule.text ?? "")?.[1];
  const own = String(rule.code ?? 550)[0];
  if (lead !== undefined && lead !== own) {
    fault("text", `begins with an enhanced code of class ${lead}, and the reply's class is ${own}; ${own} in front`);
  }
});

/** One row of `recipients`. */
export const recipientRuleKey: z.ZodPreprocess<z.ZodObject<typeof rowShape, z.core.$strict>> = row;
