/**
 * Command lines out of a stream. RFC 5321 §2.3.8: a line ends with CRLF and with nothing else.
 *
 * A lone CR or LF makes the whole line up to the next CRLF a fault. It does not end the line: a relay in front of us that sees
 * one command must not be made to carry two. The fault is reported when it is seen, not at the end of the line, so that a
 * client that knows LF only gets an answer instead of silence.
 *
 * @module
 */
import { CR, LF, type Octets, textOf } from "../base/octets.ts";
import { limits } from "../base/limits.ts";

/** What is wrong with a line. `endless`: the rest of a faulty line does not end either. */
export type LineFault = "bare_line_end" | "too_long" | "endless";

/** What {@linkcode LineReader.next} found. `undefined`: the bytes are used up. */
export type LineEvent = { line: string } | { fault: LineFault } | undefined;

const bareLineEnd: LineEvent = { fault: "bare_line_end" };
const tooLong: LineEvent = { fault: "too_long" };
const endless: LineEvent = { fault: "endless" };

/** Splits what is handed in; the beginning of a line is copied and kept, nothing lent is. */
export class LineReader {
  /** The offset behind what the last call used. */
  used = 0;
  #carry: Octets | undefined;
  #carried = 0;
  /** The rest of a faulty line is thrown away: octets so far, or -1. */
  #skipped = -1;
  #skippedCr = false;

  /** The next line of `bytes`, from offset `from` on. */
  next(bytes: Octets, from: number): LineEvent {
    if (this.#skipped >= 0) {
      from = this.#skip(bytes, from);
      if (from < 0) return this.#skipped > limits.skippedLineOctetsMax ? endless : undefined;
    }
    if (from >= bytes.length) {
      this.used = bytes.length;
      return undefined;
    }
    const end = bytes.indexOf(LF, from);
    if (this.#carried > 0) return this.#nextCarried(bytes, from, end);
    if (end < 0) return this.#keep(bytes, from, bytes.length);
    return this.#judge(bytes, from, end);
  }

  /** The line from `from` to the LF at `end`. */
  #judge(bytes: Octets, from: number, end: number): LineEvent {
    this.used = end + 1;
    const cr = bytes.indexOf(CR, from);
    if (cr < 0 || cr >= end) return this.#fault(bareLineEnd, false);
    // The lone CR comes first: what is behind it is thrown away up to a CRLF, which may be this one.
    if (cr !== end - 1) return bytes[end - 1] === CR ? bareLineEnd : this.#fault(bareLineEnd, false);
    if (end + 1 - from > limits.commandOctetsMax) return tooLong;
    return { line: textOf(bytes.subarray(from, cr)) };
  }

  #nextCarried(bytes: Octets, from: number, end: number): LineEvent {
    const kept = this.#keep(bytes, from, end < 0 ? bytes.length : end + 1);
    if (kept !== undefined || end < 0) return kept;
    const line = this.#carry!;
    const length = this.#carried;
    this.#carry = undefined;
    this.#carried = 0;
    const found = this.#judge(line.subarray(0, length), 0, length - 1);
    this.used = end + 1;
    return found;
  }

  /** Copies a part of a line. A fault that is plain already is reported now. */
  #keep(bytes: Octets, from: number, to: number): LineEvent {
    this.used = to;
    const endsWithCr = bytes[to - 1] === CR;
    const whole = bytes[to - 1] === LF;
    const length = to - from;
    if (this.#carried + length > limits.commandOctetsMax) {
      return whole ? this.#wholeTooLong(bytes, to) : this.#fault(tooLong, endsWithCr);
    }
    const loneBefore = this.#carried > 0 && this.#carry![this.#carried - 1] === CR && bytes[from] !== LF;
    const cr = bytes.indexOf(CR, from);
    if (!whole && (loneBefore || (cr >= 0 && cr < to - 1))) return this.#fault(bareLineEnd, endsWithCr);
    if (this.#carry === undefined || this.#carry.length < this.#carried + length) {
      const wider = new Uint8Array(Math.min(limits.commandOctetsMax, Math.max(256, 2 * (this.#carried + length))));
      if (this.#carry !== undefined) wider.set(this.#carry.subarray(0, this.#carried));
      this.#carry = wider;
    }
    this.#carry.set(bytes.subarray(from, to), this.#carried);
    this.#carried += length;
    return undefined;
  }

  /** A line that is over the limit and whole: its end may be a lone LF. */
  #wholeTooLong(bytes: Octets, to: number): LineEvent {
    const before = to >= 2 ? bytes[to - 2] : undefined;
    const crlf = before === CR || (before === undefined && this.#carried > 0 && this.#carry![this.#carried - 1] === CR);
    if (!crlf) return this.#fault(tooLong, false);
    this.#carry = undefined;
    this.#carried = 0;
    return tooLong;
  }

  #fault(event: LineEvent, afterCr: boolean): LineEvent {
    this.#carry = undefined;
    this.#carried = 0;
    this.#skipped = 0;
    this.#skippedCr = afterCr;
    return event;
  }

  /** Throws bytes away up to a CRLF: the offset behind it, or -1. */
  #skip(bytes: Octets, from: number): number {
    let at = from;
    for (;;) {
      const end = bytes.indexOf(LF, at);
      if (end < 0) break;
      if (end > from ? bytes[end - 1] === CR : this.#skippedCr) {
        this.#skipped = -1;
        return end + 1;
      }
      at = end + 1;
    }
    if (bytes.length > from) this.#skippedCr = bytes[bytes.length - 1] === CR;
    this.#skipped += bytes.length - from;
    this.used = bytes.length;
    return -1;
  }
}
