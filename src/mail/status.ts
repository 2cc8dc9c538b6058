/**
 * Enhanced status codes: what they mean, and which one a bare reply stands for. RFC 3463, with the classic log's words.
 *
 * @module
 */
import type { Outcome } from "./outcome.ts";
import type { Reply } from "./reply.ts";

// deno-fmt-ignore
/** Meaning by subject and detail. */
const meanings: Readonly<Record<string, string>> = {
  "0.0": "Other undefined status",
  "1.0": "Unknown address error",
  "1.1": "Bad destination mailbox address",
  "1.2": "Bad destination host",
  "1.3": "Bad destination mailbox address syntax",
  "1.4": "Destination mailbox address ambiguous",
  "1.5": "Destination address valid",
  "1.6": "Destination mailbox has moved, no forwarding address",
  "1.7": "Bad sender's mailbox address syntax",
  "1.8": "Bad sender's system address",
  "1.10": "Recipient address has null MX",
  "2.0": "Other or undefined mailbox status",
  "2.1": "Mailbox disabled, not accepting messages",
  "2.2": "Mailbox full",
  "2.3": "Message length exceeds administrative limit",
  "2.4": "Mailing list expansion problem",
  "3.0": "Other mail system problem",
  "3.1": "Mail system full",
  "3.2": "System not accepting network messages",
  "3.3": "System not capable of selected features",
  "3.4": "Message too big for system",
  "3.5": "System incorrectly configured",
  "4.0": "Other network problem",
  "4.1": "No answer from host",
  "4.2": "Bad connection",
  "4.3": "Directory server failure",
  "4.4": "Unable to route",
  "4.5": "Mail system congestion",
  "4.6": "Routing loop detected",
  "4.7": "Delivery expired (message too old)",
  "5.0": "Other protocol status",
  "5.1": "Invalid command",
  "5.2": "Syntax error",
  "5.3": "Too many recipients",
  "5.4": "Invalid command arguments",
  "5.5": "Wrong protocol version",
  "6.0": "Other media error",
  "6.1": "Media not supported",
  "6.2": "Conversion required and prohibited",
  "6.3": "Conversion required but not supported",
  "6.5": "Conversion failed",
  "6.7": "Non-ASCII addresses not permitted",
  "6.9": "UTF-8 header message cannot be transferred",
  "6.11": "Invalid line ends in message",
  "7.0": "Other security status",
  "7.1": "Delivery not authorized, message refused",
  "7.2": "Mailing list expansion prohibited",
  "7.3": "Security conversion required but not possible",
  "7.4": "Security features not supported",
  "7.5": "Cryptographic failure",
  "7.6": "Cryptographic algorithm not supported",
  "7.7": "Message integrity failure",
  "7.10": "Encryption needed",
  "7.30": "REQUIRETLS support required",
};

/** The words for an enhanced code; of its subject where the detail is unknown. */
export function meaningOf(enhanced: string): string {
  const [, subject, detail] = enhanced.split(".");
  return meanings[`${subject}.${detail}`] ?? meanings[`${subject}.0`] ?? meanings["0.0"];
}

/** What a reply without an enhanced code stands for, by its basic code. The class is the code's first digit. */
export function enhancedOf(answer: Reply): string {
  return answer.enhanced ?? `${Math.floor(answer.code / 100)}.${bareMeanings[answer.code] ?? "0.0"}`;
}

// deno-fmt-ignore
/** RFC 5321 §4.2.2's codes as subject and detail. */
const bareMeanings: Readonly<Record<number, string>> = {
  421: "3.2", 432: "7.0", 450: "2.0", 451: "3.0", 452: "3.1", 454: "7.0", 455: "5.4",
  500: "5.2", 501: "5.4", 502: "5.1", 503: "5.1", 504: "5.4", 521: "3.2", 530: "7.0", 535: "7.0", 538: "7.0",
  550: "1.0", 551: "1.6", 552: "2.2", 553: "1.3", 554: "3.0", 555: "5.4", 556: "1.10",
};

/** The last words on a recipient, as the log and reports show them. */
export interface LastWords {
  enhanced: string;
  /** 0 where nobody answered. */
  code: number;
  lines: string[];
  /** Our reason word, where nobody answered. */
  reason?: string;
}

/** What to say of an outcome. */
export function lastWords(outcome: Outcome): LastWords {
  const { reply } = outcome;
  if (reply !== undefined) return { enhanced: wordsOf(outcome.kind, reply), code: reply.code, lines: reply.lines };
  const failure = outcome.kind === "delivered" ? undefined : outcome.failure;
  if (failure === undefined) return { enhanced: outcome.kind === "refused" ? "5.0.0" : "4.0.0", code: 0, lines: [] };
  return { enhanced: failure.enhanced, code: 0, lines: [failure.text], reason: failure.reason };
}

/** A reply that was out of place, as a 334 or a 250 to STARTTLS, is a fault of the protocol: RFC 3463 §2 knows no class 3, and nothing succeeded. */
function wordsOf(kind: Outcome["kind"], reply: Reply): string {
  if (kind === "delivered" || reply.code >= 400) return enhancedOf(reply);
  return kind === "refused" ? "5.5.0" : "4.5.0";
}
