/**
 * One message's text on its way in: decoding, the header's facts, and the reasons to refuse it.
 *
 * A refusal is told at the text's end, since only there a reply is due; up to there the text is read and thrown away,
 * within {@linkcode limits.drainedOctetsMax}.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { CR, joined, LF, type Octets, octets } from "../base/octets.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { HeaderScanner } from "./header_scanner.ts";
import { receivedField } from "./received.ts";
import type { DropReason, ServerState, Transaction } from "./server_state.ts";
import { tooLarge } from "./server_verbs.ts";
import { type TextFault, TextReader } from "./text_reader.ts";
import { TlsHeader } from "./tls_header.ts";

const faults: Record<TextFault, { reply: Reply; text: string }> = {
  bare_line_end: {
    reply: reply(550, "5.6.11", "Message has lines that do not end with CRLF"),
    text: "a line ends without CRLF",
  },
  nul: { reply: reply(550, "5.6.0", "Message has a NUL octet"), text: "a NUL octet" },
  // RFC 5321 §4.5.3.1.9.
  line_too_long: { reply: reply(500, "5.6.0", "Line too long"), text: "a line is too long" },
};

// Who asks for protection in words that are not understood must not believe that he has it.
const badTlsHeader = reply(550, "5.6.0", "X-Postern-TLS says required, or is left out");

const noOctets = new Uint8Array(0);
const emptyLine = Uint8Array.of(CR, LF);

// RFC 3463 §3.5: X.4.6, routing loop detected.
const loop = reply(554, "5.4.6", "Too many hops: the message goes round in circles");

/** The text of one transaction. */
export class IncomingText {
  /** What the end of the text will be answered with. */
  refusal: Reply | undefined;
  readonly transaction: Transaction;
  /** It comes by DATA; else by BDAT. */
  readonly dots: boolean;
  readonly reader: TextReader;
  readonly header: HeaderScanner = new HeaderScanner();
  readonly #tlsHeader = new TlsHeader();
  readonly #state: ServerState;
  #started = false;
  #finished = false;
  #octetsAtRefusal = 0;

  constructor(state: ServerState, options: { transaction: Transaction; dots: boolean }) {
    this.#state = state;
    this.transaction = options.transaction;
    this.dots = options.dots;
    this.reader = new TextReader({ dots: options.dots, fix: state.options.fixBareLineEnds });
  }

  /** Reads up to `to`; the offset behind what was read. Then {@linkcode IncomingText.take} gives what came. */
  push(bytes: Octets, from: number, to: number): number {
    const behind = this.reader.push(bytes, from, to);
    this.#judge();
    return behind;
  }

  /** The text of the last push in new memory, Received field in front of the first. */
  take(): Octets | undefined {
    if (this.refusal !== undefined) return undefined;
    let chunk: Octets | undefined;
    if (this.#started) {
      chunk = this.reader.take();
      if (chunk !== undefined) chunk = this.#tlsHeader.push(chunk);
      if (chunk !== undefined) this.header.push(chunk);
    } else {
      const prefix = octets(this.#received());
      chunk = this.reader.take(prefix)!;
      if (chunk.length === prefix.length && !this.#finished) return undefined;
      this.#started = true;
      // A text that begins with a blank would go on with our field, and say there what it likes: it has no header, so it is all body.
      const first = chunk[prefix.length];
      if (first === 0x20 || first === 0x09) chunk = joined([prefix, emptyLine, chunk.subarray(prefix.length)]);
      chunk = this.#tlsHeader.push(chunk, prefix.length);
      this.header.push(chunk, prefix.length);
    }
    if (this.header.received <= limits.receivedFieldsMax) return chunk?.length === 0 ? undefined : chunk;
    this.refuse(loop, { reason: "loop", text: `more than ${limits.receivedFieldsMax} Received fields` });
    return undefined;
  }

  /** The text is over: what is still to be kept, such as the Received field of an empty text. Later calls give nothing. */
  finish(): Octets | undefined {
    if (this.#finished) return undefined;
    this.#finished = true;
    const first = this.take();
    const rest = this.#tlsHeader.push(this.reader.finish() ?? noOctets);
    const held = this.#tlsHeader.finish();
    this.#judge();
    this.header.finish();
    if (this.#tlsHeader.malformed && this.#demandsTls) {
      this.refuse(badTlsHeader, { reason: "bad_header", text: "X-Postern-TLS with an unknown value" });
    }
    if (this.refusal !== undefined) return undefined;
    if (rest.length + held.length === 0) return first;
    return joined([...first === undefined ? [] : [first], rest, held]);
  }

  /** The sender demands TLS by the header, and may. */
  get tlsRequired(): boolean {
    return this.#tlsHeader.required && this.#demandsTls;
  }

  get #demandsTls(): boolean {
    return this.#state.host.mayDemandTls?.() === true;
  }

  /** Refuses the text, once. */
  refuse(answer: Reply, reason: DropReason): void {
    if (this.refusal !== undefined) return;
    this.refusal = answer;
    this.#octetsAtRefusal = this.reader.octets;
    this.#state.drop(reason);
  }

  /** More was thrown away than anybody has to read. */
  get exhausted(): boolean {
    return this.refusal !== undefined && this.reader.octets - this.#octetsAtRefusal > limits.drainedOctetsMax;
  }

  #judge(): void {
    const { fault, octets: count } = this.reader;
    if (fault !== undefined) this.refuse(faults[fault].reply, { reason: fault, text: faults[fault].text });
    const max = this.#state.options.messageOctetsMax;
    if (count > max) this.refuse(tooLarge, { reason: "too_large", text: `more than ${max} octets` });
  }

  #received(): string {
    const { helo, extended, tls, user, options, host } = this.#state;
    const { mid, recipients, parameters } = this.transaction;
    return receivedField({
      helo: helo!,
      extended,
      host: options.host,
      address: options.address,
      tls,
      authenticated: user !== undefined,
      by: options.hostname,
      smtputf8: parameters.smtputf8 === true,
      mid,
      recipient: recipients.length === 1 ? recipients[0].address : undefined,
      at: host.now(),
    });
  }
}
