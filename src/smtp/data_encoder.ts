/**
 * The text of a message on its way out through DATA: dots doubled, the end marked. RFC 5321 §4.5.2.
 *
 * Chunks may be cut anywhere. A chunk without a dot at the beginning of a line is handed back as it is, uncopied. Our
 * queue holds CRLF lines only; should a lone LF ever get here, a dot behind it is doubled too, since a next hop that takes it for a
 * line end must not see the end of a message there (SMTP smuggling).
 *
 * @module
 */
import { CR, DOT, LF, type Octets } from "../base/octets.ts";

const end: Octets = Uint8Array.of(DOT, CR, LF);
const lineAndEnd: Octets = Uint8Array.of(CR, LF, DOT, CR, LF);

/** Encodes the text of one message. */
export class DataEncoder {
  /** The last two octets; the reply to DATA stands at the beginning, and what follows it starts a line. */
  #beforeLast = CR;
  #last = LF;

  /** The chunk with dots doubled: the argument itself where there is nothing to double. */
  encode(chunk: Octets): Octets {
    const length = chunk.length;
    if (length === 0) return chunk;
    const places = this.#places(chunk);
    this.#beforeLast = length > 1 ? chunk[length - 2] : this.#last;
    this.#last = chunk[length - 1];
    if (places === undefined) return chunk;
    const stuffed = new Uint8Array(length + places.length);
    let from = 0;
    let to = 0;
    for (const place of places) {
      stuffed.set(chunk.subarray(from, place), to);
      to += place - from;
      stuffed[to++] = DOT;
      from = place;
    }
    stuffed.set(chunk.subarray(from), to);
    return stuffed;
  }

  /** What ends the message: CRLF first where the text does not end with it. */
  end(): Octets {
    return this.#beforeLast === CR && this.#last === LF ? end : lineAndEnd;
  }

  /** Where dots begin lines. Dots are looked for, not line ends: base64 has none. */
  #places(chunk: Octets): number[] | undefined {
    let places: number[] | undefined;
    for (let at = chunk.indexOf(DOT); at >= 0; at = chunk.indexOf(DOT, at + 1)) {
      const before = at === 0 ? this.#last : chunk[at - 1];
      if (before === LF) (places ??= []).push(at);
    }
    return places;
  }
}
