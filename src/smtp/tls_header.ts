/**
 * The header field X-Postern-TLS: `required` demands TLS for this message on its further way.
 *
 * It is taken out of every text, whoever sent it: it is a word between a sender and this gateway, and a copy that came from outside
 * must not be believed by a server further in. Everything else passes as it came, octet by octet, so signatures stay sound; only
 * one that covers this very field would break, and nobody but a relay that wants to keep it would sign it.
 *
 * Chunks may be cut anywhere. What may become the field's name is held back until it is known; nothing else is ever held or copied,
 * unless there was something to take out.
 *
 * @module
 */
import { CR, joined, LF, type Octets, octets, textOf } from "../base/octets.ts";

const name: Octets = octets("x-postern-tls");
/** Blanks between name and colon are obsolete, RFC 5322 §4.5, and count; so many of name and blanks do. */
const nameOctetsMax = 128;
/** A longer value is none that is known. */
const valueOctetsMax = 64;

const COLON = 0x3a;
const noOctets: Octets = new Uint8Array(0);

/** Takes the field out of one text. */
export class TlsHeader {
  /** It said `required`. */
  required = false;
  /** It said something else. */
  malformed = false;
  /** The header is over. */
  #done = false;
  /** At or behind a name that may be ours; in a line that stays; in one that goes. */
  #state: "name" | "keep" | "drop" = "name";
  /** Octets of the line that fit the name, blanks behind it included. */
  #matched = 0;
  /** Those of them that came with earlier chunks. */
  #held: Octets = noOctets;
  /** The field's value, while it may go on. */
  #value: number[] | undefined;

  /** The chunk without the field. What stands before `from` stays and is not looked at. */
  push(chunk: Octets, from = 0): Octets {
    if (this.#done) return chunk;
    const pieces: Octets[] = [];
    let kept = 0;
    let line = from;
    let at = from;
    while (at < chunk.length && !this.#done) {
      switch (this.#state) {
        case "name": {
          const octet = chunk[at];
          if (this.#matched === 0 && this.#behindLine(octet)) break;
          if (this.#matched >= name.length && octet === COLON) {
            if (this.#held.length === 0) pieces.push(chunk.subarray(kept, line));
            this.#held = noOctets;
            this.#value = [];
            this.#state = "drop";
            kept = ++at;
          } else if (this.#fits(octet)) {
            this.#matched++;
            at++;
          } else {
            if (this.#held.length > 0) pieces.push(this.#held);
            this.#held = noOctets;
            this.#state = "keep";
          }
          break;
        }
        case "keep":
        case "drop": {
          const end = chunk.indexOf(LF, at);
          const stop = end < 0 ? chunk.length : end + 1;
          if (this.#state === "drop") {
            this.#collect(chunk, at, stop);
            kept = stop;
          }
          at = line = stop;
          if (end >= 0) {
            this.#state = "name";
            this.#matched = 0;
          }
          break;
        }
        default:
          this.#state satisfies never;
      }
    }
    if (this.#state === "name" && this.#matched > 0) {
      if (this.#held.length === 0) pieces.push(chunk.subarray(kept, line));
      this.#held = joined([this.#held, chunk.slice(line)]);
      kept = chunk.length;
    }
    if (kept === 0 && pieces.length === 0) return chunk;
    if (kept < chunk.length) pieces.push(chunk.subarray(kept));
    return joined(pieces);
  }

  /** No more text comes: what was held back. */
  finish(): Octets {
    this.#judge();
    this.#done = true;
    const held = this.#held;
    this.#held = noOctets;
    return held;
  }

  /** The first octet of a line: whether it says already what the line is. */
  #behindLine(octet: number): boolean {
    if (octet === 0x20 || octet === 0x09) {
      // A folded line belongs to the field before it: RFC 5322 §2.2.3.
      this.#state = this.#value === undefined ? "keep" : "drop";
      return true;
    }
    this.#judge();
    if (octet === CR || octet === LF) this.#done = true;
    return this.#done;
  }

  #fits(octet: number): boolean {
    if (this.#matched >= name.length) return (octet === 0x20 || octet === 0x09) && this.#matched < nameOctetsMax;
    const lower = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
    return lower === name[this.#matched];
  }

  #collect(chunk: Octets, from: number, to: number): void {
    const value = this.#value!;
    for (let at = from; at < to && value.length <= valueOctetsMax; at++) value.push(chunk[at]);
  }

  #judge(): void {
    if (this.#value === undefined) return;
    const said = textOf(Uint8Array.from(this.#value)).trim().toLowerCase();
    // What was cut may have gone on with anything.
    if (said === "required" && this.#value.length <= valueOctetsMax) this.required = true;
    else this.malformed = true;
    this.#value = undefined;
  }
}
