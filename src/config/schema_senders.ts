/**
 * The part of the schema that says who connects: the groups of a host access table, and their entries.
 *
 * @module
 */
import * as z from "zod";
import { parseSender, senderFault, senderForms } from "./addresses.ts";
import { choiceKey, listKey, nameKey, plainKey, section, textKey } from "./keys.ts";
import { fault } from "./values.ts";

/** What the reverse name of a client may lack: the conditions of a sender group. */
export const ptrConditions = ["no_ptr", "ptr_lookup_failed", "ptr_mismatch"] as const;

const senderText = textKey({
  noun: "a sender",
  right: `one of: ${senderForms}`,
  parse(text) {
    const pattern = parseSender(text);
    if (pattern === undefined) {
      const { what, right } = senderFault(text);
      return fault(what, right);
    }
    return { ok: true, value: pattern.kind === "all" ? "ALL" : text };
  },
});

const comment = plainKey({ right: 'a text in one line, as in "branch office"' });

/** An entry of `senders`: the sender alone, or `{ sender, comment }`. */
const senderEntry = z.unknown().transform((input, context): { sender: string; comment?: string } => {
  const block = typeof input === "object" && input !== null && !Array.isArray(input);
  const { sender, comment: remark, ...unknown } = (block ? input : { sender: input }) as Record<string, unknown>;
  const fail = (message: string, key: string) =>
    void context.issues.push({ code: "custom", message, input, path: block ? [key] : [] });
  for (const key of Object.keys(unknown)) fail("is an unknown key; known here: sender, comment", key);
  const [who, why] = [senderText.safeParse(sender), remark === undefined ? undefined : comment.safeParse(remark)];
  for (const issue of who.error?.issues ?? []) fail(issue.message, "sender");
  for (const issue of why?.error?.issues ?? []) fail(issue.message, "comment");
  return { sender: who.data ?? "", ...why?.data === undefined ? {} : { comment: why.data } };
}).meta({
  anyOf: [
    { type: ["string", "number"] },
    {
      type: "object",
      properties: { sender: { type: ["string", "number"] }, comment: { type: "string" } },
      required: ["sender"],
      additionalProperties: false,
    },
  ],
}).describe(`A sender, alone or as { sender, comment }: ${senderForms}. What has brackets goes in quotes within [ ].`);

const conditions = listKey(choiceKey(ptrConditions), { right: `as in [${ptrConditions[0]}]`, max: 3 });

/** One row of `sender_groups`. */
const senderGroup = section({
  name: nameKey("a name").describe("The group's name in the log; ALL is the one that ends the table."),
  senders: listKey(senderEntry, { right: "as in [10.0.0.0/8, .example.test]" }).optional()
    .describe("Who belongs to the group. Default: ALL for the group named ALL; the others need it, or conditions."),
  conditions: conditions.optional().describe(
    "Who belongs to it besides: no_ptr, an address without a name in the DNS; ptr_lookup_failed, one whose name the DNS " +
      "cannot tell now; ptr_mismatch, one whose name does not point back to it. Default: none.",
  ),
  comment: comment.optional().describe("What the group is for, in a line; nothing depends on it. Default: none."),
  policy: nameKey("a policy's name").describe("The mail flow policy of this group."),
});

/** What a listener has of it. */
export const senderGroupKey: typeof senderGroup = senderGroup;
