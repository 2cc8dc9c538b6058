/**
 * Bytes: the few operations that every protocol part needs.
 *
 * @module
 */

/** Carriage return. */
export const CR = 0x0d;
/** Line feed. */
export const LF = 0x0a;
/** The full stop that ends a text and is doubled within it. */
export const DOT = 0x2e;

/** Bytes over a plain buffer: what sockets and files take. */
export type Octets = Uint8Array<ArrayBuffer>;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** `text` as UTF-8. */
export function octets(text: string): Octets {
  return utf8Encoder.encode(text);
}

/** Bytes as text. Octets that are not UTF-8 become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

/** One array with the bytes of all chunks; a single chunk is returned as it is. */
export function joined(chunks: readonly Octets[]): Octets {
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
