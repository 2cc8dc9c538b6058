/**
 * What a file is when it is imported as a text.
 *
 * @module
 */

/** The text of a file. */
declare const text: string;
export default text;
