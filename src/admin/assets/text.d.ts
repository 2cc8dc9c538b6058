/** The text of a file. */
declare const text: string;
export default text;
