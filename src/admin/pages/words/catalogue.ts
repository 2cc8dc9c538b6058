/**
 * The shape of a catalogue: every text has a key, and every language has every key.
 *
 * English is written first; the other languages have its type, so that a key that is missing, or one too many, does not compile. A test
 * compares the names in braces too.
 *
 * @module
 */

/** The texts of another language for the keys of an English catalogue. */
export type Catalogue<English extends Readonly<Record<string, string>>> = { readonly [Key in keyof English]: string };
