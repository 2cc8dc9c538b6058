/**
 * What a relay wants to know of a message's header: Message-ID and Subject for the log, Received fields for the loop.
 *
 * The header is only looked at, never held: lines that do not begin like one of the three are skipped. It ends at the
 * empty line, or where {@linkcode limits.headerOctetsMax} octets were seen; a text without an empty line is all header.
 *
 * @module
 */
import { CR, LF, type Octets, textOf } from "../base/octets.ts";
import { limits } from "../base/limits.ts";

/** How much of a field's value is kept, octets. */
const valueOctetsMax = 998;
/** The fields, in lower case with the colon; spaces in front of the colon are obsolete (RFC 5322 §4.5) and count. */
const names = ["message-id", "received", "subject"];
const nameOctetsMax = "message-id".length + 2;

/** Looks at one message, in chunks cut anywhere. */
export class HeaderScanner {
  /** The value of the first Message-ID, unfolded. */
  messageId = "";
  /** The value of the first Subject, unfolded, as it stands there. */
  subject = "";
  /** Received fields. RFC 5321 §6.3. */
  received = 0;
  /** The header is over. */
  done = false;
  #seen = 0;
  #state: "start" | "name" | "skip" | "value" = "start";
  #name = "";
  #field: "messageId" | "subject" | undefined;
  #value: number[] = [];

  /** Looks at the next chunk, from offset `from` on. */
  push(chunk: Octets, from = 0): void {
    let at = from;
    while (at < chunk.length && !this.done) {
      switch (this.#state) {
        case "start":
          at = this.#start(chunk, at);
          break;
        case "name":
          at = this.#readName(chunk, at);
          break;
        case "skip": {
          const end = chunk.indexOf(LF, at);
          at = end < 0 ? chunk.length : end + 1;
          if (end >= 0) this.#state = "start";
          break;
        }
        case "value":
          at = this.#readValue(chunk, at);
          break;
        default:
          this.#state satisfies never;
      }
    }
    this.#seen += chunk.length - from;
    if (this.#seen > limits.headerOctetsMax) this.finish();
  }

  /** No more text comes. */
  finish(): void {
    this.#store();
    this.done = true;
  }

  #start(chunk: Octets, at: number): number {
    const octet = chunk[at];
    if (octet === CR || octet === LF) {
      this.finish();
      return at;
    }
    if (octet === 0x20 || octet === 0x09) {
      // A folded line goes on where the field stood: RFC 5322 §2.2.3.
      this.#state = this.#field === undefined ? "skip" : "value";
      return at;
    }
    this.#store();
    const lower = octet | 0x20;
    this.#state = lower === 0x72 || lower === 0x6d || lower === 0x73 ? "name" : "skip";
    this.#name = "";
    return at;
  }

  #readName(chunk: Octets, at: number): number {
    while (at < chunk.length) {
      const octet = chunk[at];
      if (octet === 0x3a) {
        this.#named(this.#name.trimEnd().toLowerCase());
        return at + 1;
      }
      if (octet === LF || this.#name.length >= nameOctetsMax) {
        this.#state = "skip";
        return at;
      }
      this.#name += String.fromCharCode(octet);
      at++;
    }
    return at;
  }

  #named(name: string): void {
    const known = names.indexOf(name);
    if (known === 1) this.received++;
    this.#field = known === 0 && this.messageId === ""
      ? "messageId"
      : known === 2 && this.subject === ""
      ? "subject"
      : undefined;
    this.#state = this.#field === undefined ? "skip" : "value";
  }

  #readValue(chunk: Octets, at: number): number {
    const end = chunk.indexOf(LF, at);
    const stop = end < 0 ? chunk.length : end;
    for (let i = at; i < stop && this.#value.length < valueOctetsMax; i++) {
      if (chunk[i] !== CR) this.#value.push(chunk[i]);
    }
    if (end < 0) return chunk.length;
    this.#state = "start";
    return end + 1;
  }

  #store(): void {
    if (this.#field === undefined) return;
    this[this.#field] = textOf(Uint8Array.from(this.#value)).trim();
    this.#field = undefined;
    this.#value = [];
  }
}
