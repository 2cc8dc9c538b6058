/**
 * A next hop's replies: bytes in, {@linkcode Reply} out. RFC 5321 §4.2.
 *
 * Everything is bounded, since the peer may be anybody that an MX record names: the length of a line, the
 * lines of a reply. What is no reply ends the reader with a named {@linkcode ReplyFault}; it says nothing more, because
 * after garbage no later line can be matched to a command. A line that ends with LF alone is understood: nothing of a
 * reply is passed on, so nothing can be smuggled in it.
 *
 * @module
 */
import { CR, LF, textOf } from "../base/octets.ts";
import { limits } from "../base/limits.ts";
import type { Reply } from "../mail/reply.ts";

/** Why bytes are no reply. `line` is the beginning of what came, as text. */
export interface ReplyFault {
  kind: "fault";
  fault: "line_too_long" | "too_many_lines" | "not_a_reply" | "codes_differ";
  line: string;
}

/** What {@linkcode ReplyReader.next} gives. */
export type ReplyEvent = { kind: "reply"; reply: Reply } | ReplyFault;

// RFC 5321 §4.2: Reply-code = %x32-35 %x30-35 %x30-39; servers with a second digit above 5 exist and mean what the first digit says.
const replyLine = /^([2-5][0-9]{2})(?:([ -])(.*))?$/su;
// RFC 3463 §2: class "." subject "." detail, up to three digits each.
const enhancedCode = /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/;
/** How much of an odd line a fault quotes. */
const quotedMax = 200;

/** Splits one connection's stream into replies. Bytes are used up within {@linkcode ReplyReader.push}; nothing lent is kept. */
export class ReplyReader {
  /** The beginning of a line whose end has not come. */
  #partial: Uint8Array = new Uint8Array(0);
  #code = 0;
  #enhanced: string | undefined;
  #lines: string[] = [];
  readonly #ready: ReplyEvent[] = [];
  #fault: ReplyFault | undefined;

  /** Takes what was read. After a fault the rest is ignored. */
  push(bytes: Uint8Array): void {
    let from = 0;
    while (this.#fault === undefined) {
      const end = bytes.indexOf(LF, from);
      const length = (end < 0 ? bytes.length : end + 1) - from;
      if (this.#partial.length + length > limits.replyLineOctetsMax) {
        return this.#fail("line_too_long", textOf(this.#whole(bytes.subarray(from, from + quotedMax))));
      }
      if (end < 0) {
        if (length > 0) this.#partial = this.#whole(bytes.subarray(from)).slice();
        return;
      }
      const line = this.#whole(bytes.subarray(from, end));
      this.#partial = line.subarray(0, 0);
      this.#line(textOf(line[line.length - 1] === CR ? line.subarray(0, -1) : line));
      from = end + 1;
    }
  }

  /** The next reply or the fault, which then comes again and again; `undefined`: more bytes are needed. */
  next(): ReplyEvent | undefined {
    return this.#ready.shift() ?? this.#fault;
  }

  /** Whether anything is held that nobody took: behind the 220 to STARTTLS that is an injection (RFC 3207 §5). */
  get pending(): boolean {
    return this.#ready.length > 0 || this.#lines.length > 0 || this.#partial.length > 0 || this.#fault !== undefined;
  }

  /** What came before, with `more` behind it. */
  #whole(more: Uint8Array): Uint8Array {
    if (this.#partial.length === 0) return more;
    const both = new Uint8Array(this.#partial.length + more.length);
    both.set(this.#partial);
    both.set(more, this.#partial.length);
    return both;
  }

  #line(line: string): void {
    const parts = replyLine.exec(line);
    if (parts === null) return this.#fail("not_a_reply", line);
    const code = Number(parts[1]);
    // RFC 5321 §4.2.1: the code is the same on each line.
    if (this.#lines.length > 0 && code !== this.#code) return this.#fail("codes_differ", line);
    if (this.#lines.length === limits.replyLinesMax) return this.#fail("too_many_lines", line);
    const text = parts[3] ?? "";
    const enhanced = enhancedCode.exec(text)?.[1];
    // RFC 2034 §4: the class agrees with the first digit; what does not is text.
    const agrees = enhanced !== undefined && enhanced[0] === parts[1][0];
    if (this.#lines.length === 0) {
      this.#code = code;
      this.#enhanced = agrees ? enhanced : undefined;
    }
    this.#lines.push(agrees && this.#enhanced !== undefined ? text.slice(enhanced.length + 1) : text);
    if (parts[2] === "-") return;
    const reply: Reply = this.#enhanced === undefined
      ? { code, lines: this.#lines }
      : { code, enhanced: this.#enhanced, lines: this.#lines };
    this.#lines = [];
    this.#ready.push({ kind: "reply", reply });
  }

  #fail(fault: ReplyFault["fault"], line: string): void {
    this.#fault = { kind: "fault", fault, line: line.slice(0, quotedMax) };
    this.#partial = new Uint8Array(0);
  }
}
