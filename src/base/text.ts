/**
 * Text that is safe to print.
 *
 * A log line is one line. Whatever came from a peer passes {@linkcode printable} on its way out, so that
 * no peer can end a line, start one of his own, or move the cursor of the terminal that shows it.
 *
 * @module
 */

// C0, DEL, C1, the two Unicode line ends, and the marks that reorder what follows (Trojan Source).
// deno-lint-ignore no-control-regex
const unsafe = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]/gu;

/**
 * `text` with every control character, line end and direction mark written as an escape (`\n`, `\x1b`, `\u2028`) and
 * backslashes doubled, so that the escape itself cannot be forged. Longer than `lengthMax` characters: cut, with `…`.
 */
export function printable(text: string, lengthMax = 1000): string {
  const cut = text.length > lengthMax ? text.slice(0, lengthMax) + "…" : text;
  if (!cut.includes("\\") && cut.search(unsafe) < 0) return cut;
  return cut.replaceAll("\\", "\\\\").replace(unsafe, escapeOf);
}

function escapeOf(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** What is wrong, in one line, from anything that was thrown. */
export function causeOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
