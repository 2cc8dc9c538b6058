/**
 * Who gets a report, and what of the message it returns: RFC 3461 §4 and §6.
 *
 * @module
 */
import { textOf } from "../base/octets.ts";
import type { Notify, Recipient } from "../mail/envelope.ts";
import type { Outcome } from "../mail/outcome.ts";

/** What a report says of a recipient: RFC 3464 §2.3.3. */
export type Action = "failed" | "delayed" | "delivered" | "relayed";

/** One recipient of a report. */
export interface ReportedRecipient {
  recipient: Recipient;
  outcome: Outcome;
  action: Action;
  /** Given up because its time or its tries were used up, not because it was refused. */
  expired: boolean;
}

/** What an expired recipient is told: RFC 3463 §3.5, X.4.7; the text is what appliance gateways log. */
export const expired = { enhanced: "5.4.7", meaning: "Delivery expired (message too old)" } as const;

/** A message is returned whole up to this, where RET says nothing. */
const returnOctetsMax = 10_240;
/** And where RET=FULL asks for it: a report is held in memory, and a returned message must not make the next one larger. */
const returnFullOctetsMax = 131_072;

/** Those whose sender wants to know. Without NOTIFY a failure and a delay are reported: RFC 3461 §4.1. */
export function wantedReports(ended: readonly ReportedRecipient[]): ReportedRecipient[] {
  return ended.filter(({ recipient: { notify }, action }) => {
    if (notify === undefined) return action === "failed" || action === "delayed";
    return notify.includes(keywordOf(action));
  });
}

function keywordOf(action: Action): Notify {
  switch (action) {
    case "failed":
      return "FAILURE";
    case "delayed":
      return "DELAY";
    case "delivered":
    case "relayed":
      return "SUCCESS";
    default:
      return action satisfies never;
  }
}

/** Whether the whole message goes back, or its header. RET counts for failures only: RFC 3461 §4.3. */
export function returnsWhole(
  message: { ret?: "FULL" | "HDRS"; octets: number },
  actions: readonly Action[],
): boolean {
  if (!actions.includes("failed") || message.ret === "HDRS") return false;
  return message.octets <= (message.ret === "FULL" ? returnFullOctetsMax : returnOctetsMax);
}

/** `+HH` decoded: RFC 3461 §4. What is not hexadecimal stays as it is; octets above 127 are read as UTF-8. */
export function fromXtext(text: string): string {
  return text.replace(/(?:\+[0-9A-F]{2})+/g, (run) => {
    return textOf(Uint8Array.from(run.slice(1).split("+"), (hex) => parseInt(hex, 16)));
  });
}

/** `\x{HEX}` decoded: the utf-8-addr-xtext of RFC 6533 §3. */
export function fromAddressXtext(text: string): string {
  return text.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (all, hex: string) => {
    const point = parseInt(hex, 16);
    return point > 0x10ffff || point >= 0xd800 && point <= 0xdfff ? all : String.fromCodePoint(point);
  });
}

/** The ORCPT parameter as (type, address), decoded: RFC 3461 §4.2, RFC 6533 §3. */
export function originalRecipient(orcpt: string): { type: string; address: string } | undefined {
  const semicolon = orcpt.indexOf(";");
  if (semicolon <= 0) return undefined;
  const type = orcpt.slice(0, semicolon);
  const rest = orcpt.slice(semicolon + 1);
  return { type, address: type.toLowerCase() === "utf-8" ? fromAddressXtext(fromXtext(rest)) : fromXtext(rest) };
}
