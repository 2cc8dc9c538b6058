/**
 * An SMTP reply as a value: RFC 5321 §4.2, with the enhanced code of RFC 3463.
 *
 * @module
 */

/** A whole reply; `lines` has at least one entry, without codes and line ends. */
export interface Reply {
  /** 200 to 599. */
  code: number;
  /** `5.7.1`; absent where the peer or the RFC gives none (greeting, EHLO, 354). */
  enhanced?: string;
  lines: string[];
}

/** A reply from its code, enhanced code and text. */
export function reply(code: number, enhanced: string | undefined, ...lines: string[]): Reply {
  return enhanced === undefined ? { code, lines } : { code, enhanced, lines };
}

/** 4xx: the same may work later. */
export function isTransient(answer: Reply): boolean {
  return answer.code >= 400 && answer.code < 500;
}

/** 2xx. */
export function isPositive(answer: Reply): boolean {
  return answer.code >= 200 && answer.code < 300;
}

/** The text on one line, enhanced code in front: what the log shows. */
export function replyText(answer: Reply): string {
  const text = answer.lines.join(" ");
  return answer.enhanced === undefined ? text : `${answer.enhanced} ${text}`;
}
