/**
 * The ESMTP parameters of MAIL and RCPT: exact grammar, bounds, none twice. RFC 5321 §4.1.2.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Notify } from "../mail/envelope.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { isBeyondAscii, reversePath } from "./address.ts";
import { decodeXtext, isXtext } from "./xtext.ts";

/** What MAIL may say besides the sender. */
export interface MailParameters {
  /** SIZE, RFC 1870 §3. */
  size?: number;
  /** BODY, RFC 6152. BINARYMIME is not offered. */
  body?: "7BIT" | "8BITMIME";
  /** RFC 6531 §3.4. */
  smtputf8?: true;
  /** RFC 3461 §4.3. */
  ret?: "FULL" | "HDRS";
  /** RFC 3461 §4.4, in xtext. */
  envid?: string;
  /** RFC 8689 §2. The session refuses it where it is not offered. */
  requireTls?: true;
  /** RFC 4954 §5: who submitted the message first; `<>`: not known. */
  auth?: string;
}

/** What RCPT may say besides the recipient. */
export interface RcptParameters {
  /** RFC 3461 §4.1. */
  notify?: Notify[];
  /** RFC 3461 §4.2, `type;xtext`. */
  orcpt?: string;
}

/** Parameters, or the reply that refuses them. */
export type Parsed<P> = { kind: "ok"; parameters: P } | { kind: "refused"; reply: Reply };

/** Takes one value; false: it is malformed. */
type Take<P> = (into: P, value: string | undefined) => boolean;

const none: { kind: "ok"; parameters: Record<string, never> } = { kind: "ok", parameters: {} };

const mailTable: Record<string, Take<MailParameters>> = {
  SIZE(into, value) {
    // RFC 1870 §6.1: 1 to 20 digits.
    if (value === undefined || !/^[0-9]{1,20}$/.test(value)) return false;
    into.size = Number(value);
    return true;
  },
  BODY(into, value) {
    const kind = value?.toUpperCase();
    if (kind !== "7BIT" && kind !== "8BITMIME") return false;
    into.body = kind;
    return true;
  },
  SMTPUTF8(into, value) {
    into.smtputf8 = true;
    return value === undefined;
  },
  REQUIRETLS(into, value) {
    into.requireTls = true;
    return value === undefined;
  },
  RET(into, value) {
    const kind = value?.toUpperCase();
    if (kind !== "FULL" && kind !== "HDRS") return false;
    into.ret = kind;
    return true;
  },
  ENVID(into, value) {
    if (value === undefined || value.length > limits.envidOctetsMax || !isXtext(value)) return false;
    into.envid = value;
    return true;
  },
  AUTH(into, value) {
    if (value === undefined || value.length > limits.authParameterOctetsMax) return false;
    const mailbox = decodeXtext(value);
    if (mailbox === undefined) return false;
    const path = mailbox === "<>" ? undefined : reversePath(`<${mailbox}>`, 0);
    into.auth = mailbox;
    return mailbox === "<>" || path !== undefined && path.address === mailbox;
  },
};

const rcptTable: Record<string, Take<RcptParameters>> = {
  NOTIFY(into, value) {
    const words = value?.toUpperCase().split(",") ?? [];
    if (!words.every((word): word is Notify => /^(NEVER|SUCCESS|FAILURE|DELAY)$/.test(word))) return false;
    // RFC 3461 §4.1: NEVER stands alone.
    if (new Set(words).size !== words.length || (words.length > 1 && words.includes("NEVER"))) return false;
    into.notify = words;
    return words.length > 0;
  },
  ORCPT(into, value) {
    if (value === undefined || value.length > limits.orcptOctetsMax) return false;
    const at = value.indexOf(";");
    if (!/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(value.slice(0, Math.max(at, 0)))) return false;
    const address = value.slice(at + 1);
    // RFC 6533 §3: the type utf-8 may carry plain UTF-8; the session asks for SMTPUTF8 then.
    const plain = /^utf-8;/i.test(value) ? address.replace(/[\u00a1-\u1fff\u2030-\ufefe]/g, "x") : address;
    if (address === "" || !isXtext(plain)) return false;
    into.orcpt = value;
    return true;
  },
};

/** The parameters in `text` from `from` to its end, for MAIL. */
export function mailParameters(text: string, from: number): Parsed<MailParameters> {
  return parse(mailTable, text, from);
}

/** The parameters in `text` from `from` to its end, for RCPT. */
export function rcptParameters(text: string, from: number): Parsed<RcptParameters> {
  return parse(rcptTable, text, from);
}

// RFC 5321 §4.1.2: esmtp-keyword, and esmtp-value without "=", SP and controls (RFC 6531 §3.4 adds what is beyond ASCII).
const parameterPattern = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\u{10ffff}]+))?$/u;

function parse<P extends object>(table: Record<string, Take<P>>, text: string, from: number): Parsed<P> {
  if (from === text.length) return none as unknown as Parsed<P>;
  if (text[from] !== " ") return refuse(501, "Syntax error behind the address");
  const parameters = {} as P;
  const seen = new Set<string>();
  for (const word of text.slice(from).split(" ")) {
    if (word === "") continue;
    const parts = parameterPattern.exec(word);
    if (parts === null) return refuse(501, "Syntax error in a parameter");
    const keyword = parts[1].toUpperCase();
    if (!Object.hasOwn(table, keyword)) {
      // RFC 5321 §4.1.1.11: 555.
      return refuse(555, `Parameter ${isBeyondAscii(keyword) ? "" : keyword.slice(0, 40)} not recognized`);
    }
    if (seen.has(keyword)) return refuse(501, `Parameter ${keyword} given twice`);
    seen.add(keyword);
    if (!table[keyword](parameters, parts[2])) return refuse(501, `Parameter ${keyword} malformed`);
  }
  return { kind: "ok", parameters };
}

function refuse(code: number, text: string): { kind: "refused"; reply: Reply } {
  return { kind: "refused", reply: reply(code, "5.5.4", text) };
}
