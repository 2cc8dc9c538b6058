/**
 * The text of a message on its way in: through DATA with dots, or through BDAT by count.
 *
 * Only CRLF.CRLF ends DATA (RFC 5321 §4.1.1.4). What a sloppy server might take for a line end is a fault of the message, because
 * two servers that disagree about it can be made to see two messages where we saw one (SMTP smuggling): a lone LF or CR
 * is either a fault or made CRLF (`fix`), after the dots were judged; NUL is always a fault. A fault does not end the text:
 * its real end is still looked for, so that nothing behind it is taken for a command.
 *
 * Four octets are looked at together; only those words that hold a control character are taken apart.
 *
 * @module
 */
import { CR, DOT, LF, type Octets } from "../base/octets.ts";
import { limits } from "../base/limits.ts";

/** Why a text is refused. */
export type TextFault = "bare_line_end" | "nul" | "line_too_long";

/** Where the reader stands. */
const enum At {
  /** Behind CRLF. */
  LineStart,
  InLine,
  /** Behind a CR that was held back. */
  Cr,
  /** Behind CRLF and a dot that was taken away. */
  Dot,
  /** Behind CRLF, such a dot, and a CR that was held back. */
  DotCr,
}

const noOctets = new Uint8Array(0);

/** How a text comes. */
export interface TextOptions {
  /** DATA: dots are doubled and the end is marked. False: BDAT, whoever counts says when it ends. */
  dots: boolean;
  /** Lone CR and LF are made CRLF instead of a fault. */
  fix: boolean;
}

/** Reads one message's text. Nothing lent is kept; what comes out is new memory. */
export class TextReader {
  /** The first fault; those that come later do not matter. */
  fault: TextFault | undefined;
  /** A lone CR or LF was seen that was not made CRLF. */
  bareLineEnd = false;
  /** The end was seen (DATA only). */
  ended = false;
  /** An octet above 127 was seen. */
  eightBit = false;
  /** Octets of text so far, without doubled dots and end. */
  octets = 0;
  readonly #dots: boolean;
  readonly #fix: boolean;
  #at: At = At.LineStart;
  /** Octets of the current line in earlier pushes. */
  #line = 0;

  constructor(options: TextOptions) {
    this.#dots = options.dots;
    this.#fix = options.fix;
  }

  /** Edits of this push: offset, octets left out there, octets put in (0, or 2 for CRLF), one after the other. */
  #edits: number[] = [];
  #from = 0;
  #to = 0;
  #bytes: Octets = noOctets;

  /** Reads `bytes` from `from` to `to` at most, to the end of the text where it comes: the offset behind what was read. */
  push(bytes: Octets, from: number, to: number): number {
    this.#bytes = bytes;
    this.#from = from;
    if (this.#edits.length > 0) this.#edits = [];
    return this.#scan(bytes, from, to);
  }

  /** The text of the last push, `prefix` in front: undefined where it is empty. */
  take(prefix: Octets = noOctets): Octets | undefined {
    const edits = this.#edits;
    const from = this.#from;
    const to = this.#to;
    let length = prefix.length + to - from;
    for (let at = 0; at < edits.length; at += 3) length += edits[at + 2] - edits[at + 1];
    if (length === 0) return undefined;
    const out = new Uint8Array(length);
    out.set(prefix);
    let into = prefix.length;
    let copied = from;
    for (let at = 0; at < edits.length; at += 3) {
      const place = edits[at];
      if (place > copied) out.set(this.#bytes.subarray(copied, place), into);
      into += place - copied;
      if (edits[at + 2] > 0) {
        out[into++] = CR;
        out[into++] = LF;
      }
      copied = place + edits[at + 1];
    }
    out.set(this.#bytes.subarray(copied, to), into);
    this.#bytes = noOctets;
    this.#from = this.#to = 0;
    this.#edits = [];
    return out;
  }

  /** No more comes (BDAT LAST): a CR that waits for its LF is a lone one. */
  finish(): Octets | undefined {
    if (this.#at !== At.Cr) return undefined;
    this.#loneLineEnd(this.#line + 1);
    this.octets += 2;
    return Uint8Array.of(CR, LF);
  }

  #scan(bytes: Octets, from: number, to: number): number {
    const edits = this.#edits;
    let state = this.#at;
    let lineFrom = from - this.#line;
    let at = from;
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let bits = 0;
    while (at < to) {
      // In the middle of a line: nothing below 0x0e in a word means that it is nothing but text.
      if (state === At.InLine) {
        while (at + 4 <= to) {
          const word = words.getInt32(at, true);
          if (((word - 0x0e0e0e0e) & ~word & 0x80808080) !== 0) break;
          bits |= word;
          at += 4;
        }
        if (at >= to) break;
      }
      const octet = bytes[at];
      if (octet >= 0x80) bits |= 0x80;
      switch (state) {
        case At.InLine:
          if (octet === CR) {
            state = At.Cr;
            if (at === to - 1) edits.push(at, 1, 0);
          } else if (octet === LF) {
            this.#loneLineEnd(at + 2 - lineFrom);
            if (this.#fix) edits.push(at, 1, 2);
            lineFrom = at + 1;
          } else if (octet === 0) this.fault ??= "nul";
          at++;
          break;
        case At.Cr:
          if (octet === LF) {
            // The CR was held back where it ended the push before.
            if (at === from) edits.push(at, 1, 2);
            state = At.LineStart;
            at++;
            if (at - lineFrom > limits.textLineOctetsMax) this.fault ??= "line_too_long";
            lineFrom = at;
          } else {
            this.#loneLineEnd(at + 1 - lineFrom);
            if (at === from) edits.push(at, 0, 2);
            else if (this.#fix) edits.push(at - 1, 1, 2);
            state = At.InLine;
            lineFrom = at;
          }
          break;
        case At.LineStart:
          if (octet === DOT && this.#dots) {
            state = At.Dot;
            edits.push(at, 1, 0);
            at++;
            // RFC 5321 §4.5.3.1.6: the doubled dot does not count.
            lineFrom = at;
          } else state = At.InLine;
          break;
        case At.Dot:
          if (octet === CR) {
            state = At.DotCr;
            edits.push(at, 1, 0);
            at++;
          } else state = At.InLine;
          break;
        case At.DotCr:
          if (octet === LF) {
            edits.push(at, 1, 0);
            this.ended = true;
            return this.#done(at + 1, { state: At.LineStart, bits, line: 0 });
          }
          // The dot was a doubled one, the CR a lone one.
          this.#loneLineEnd(at + 1 - lineFrom);
          edits.push(at, 0, 2);
          state = At.InLine;
          lineFrom = at;
          break;
        default:
          state satisfies never;
      }
    }
    const line = to - lineFrom;
    if (line > limits.textLineOctetsMax) this.fault ??= "line_too_long";
    return this.#done(to, { state, bits, line });
  }

  #done(behind: number, end: { state: At; bits: number; line: number }): number {
    this.#at = end.state;
    this.#line = end.line;
    this.#to = behind;
    if ((end.bits & 0x80808080) !== 0) this.eightBit = true;
    let length = behind - this.#from;
    for (let at = 0; at < this.#edits.length; at += 3) length += this.#edits[at + 2] - this.#edits[at + 1];
    this.octets += length;
    return behind;
  }

  /** A lone CR or LF, which ends a line of so many octets with the CRLF that it is made. */
  #loneLineEnd(line: number): void {
    if (line > limits.textLineOctetsMax) this.fault ??= "line_too_long";
    if (this.#fix) return;
    this.bareLineEnd = true;
    this.fault ??= "bare_line_end";
  }
}
