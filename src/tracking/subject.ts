/**
 * A subject as people wrote it.
 *
 * What is not ASCII travels in encoded-words (RFC 2047), and the log has them as they came. Whoever searches types what he reads, so subjects are
 * decoded before they are compared and shown. What is no encoded-word, or is in a character set that nobody knows here, stays as it is.
 *
 * @module
 */

/** `=?charset*language?encoding?text?=` (RFC 2047 §2, RFC 2231 §5). */
const word = String.raw`=\?[^?*\s]{1,40}(?:\*[^?\s]{0,40})?\?[BbQq]\?[^?\s]{0,1000}\?=`;
/** White space between two of them is not shown (RFC 2047 §6.2). */
const run = new RegExp(`${word}(?:\\s+${word})*`, "g");
const parts = /=\?([^?*\s]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?\s]*)\?=/g;

/** A subject with its encoded-words decoded. */
export function readableSubject(subject: string): string {
  if (!subject.includes("=?")) return subject;
  // Nothing of it may look like an end of the line, or turn its direction round.
  return subject.replaceAll(
    run,
    (words) => decoded(words)?.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, " ") ?? words,
  );
}

/** `undefined`: a character set or an encoding that cannot be read. */
function decoded(words: string): string | undefined {
  let text = "";
  /** Octets of words side by side in one character set: some senders cut a character in two. */
  let waiting: { charset: string; octets: number[] } | undefined;
  const flush = () => {
    if (waiting !== undefined) text += new TextDecoder(waiting.charset).decode(Uint8Array.from(waiting.octets));
    waiting = undefined;
  };
  try {
    for (const [, charset, encoding, body] of words.matchAll(parts)) {
      const octets = /[Bb]/.test(encoding) ? base64(body) : quoted(body);
      if (waiting?.charset !== charset.toLowerCase()) flush();
      waiting ??= { charset: charset.toLowerCase(), octets: [] };
      waiting.octets.push(...octets);
    }
    flush();
    return text;
  } catch {
    return undefined;
  }
}

function base64(body: string): Iterable<number> {
  return Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
}

/** The Q encoding (RFC 2047 §4.2). */
function quoted(body: string): number[] {
  const octets: number[] = [];
  for (const [, hex, character] of body.matchAll(/=([0-9A-Fa-f]{2})|([^])/g)) {
    octets.push(hex !== undefined ? parseInt(hex, 16) : character === "_" ? 0x20 : character.charCodeAt(0));
  }
  return octets;
}
