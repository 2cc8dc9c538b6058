/**
 * Lines that wait for a log host, in bounded memory.
 *
 * What does not fit pushes the oldest lines out: those are in the mail log's file as well, and what an operator wants to see of a trouble is how it
 * goes on. They are counted.
 *
 * @module
 */

/** Lines that the log wrote together. */
export interface Lines {
  /** Wall milliseconds. */
  at: number;
  /** Each with its line end. */
  text: string;
}

/** See the module. */
export class WaitingLines {
  readonly #charactersMax: number;
  /** From `#first` on. */
  #waiting: Lines[] = [];
  #first = 0;
  #characters = 0;
  #dropped = 0;

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  get isEmpty(): boolean {
    return this.#first === this.#waiting.length;
  }

  /** Lines that wait. */
  get count(): number {
    let count = 0;
    for (let at = this.#first; at < this.#waiting.length; at++) count += linesIn(this.#waiting[at].text);
    return count;
  }

  /** Lines that were pushed out since this was asked for last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Lines that were pushed out and not asked for yet. */
  get dropped(): number {
    return this.#dropped;
  }

  push(lines: Lines): void {
    this.#waiting.push(lines);
    this.#characters += lines.text.length;
    while (this.#characters > this.#charactersMax && !this.isEmpty) this.#dropped += linesIn(this.#shift().text);
  }

  /** The oldest, about so many characters of them, at least what came first. */
  take(characters: number): Lines[] {
    const taken: Lines[] = [];
    for (let left = characters; left > 0 && !this.isEmpty; left -= taken.at(-1)!.text.length) taken.push(this.#shift());
    return taken;
  }

  /** Puts back, in front of all others, what was taken and perhaps not sent. */
  putBack(lines: readonly Lines[]): void {
    if (lines.length === 0) return;
    const kept: Lines[] = [];
    for (let at = lines.length - 1; at >= 0; at--) {
      const { text } = lines[at];
      if (this.#characters + text.length > this.#charactersMax) {
        for (const one of lines.slice(0, at + 1)) this.#dropped += linesIn(one.text);
        break;
      }
      this.#characters += text.length;
      kept.unshift(lines[at]);
    }
    this.#waiting = [...kept, ...this.#waiting.slice(this.#first)];
    this.#first = 0;
  }

  #shift(): Lines {
    const lines = this.#waiting[this.#first++];
    this.#characters -= lines.text.length;
    // Removing the first one of a long array would move all others.
    if (this.#first > 1_000 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return lines;
  }
}

/** How many lines a text has. */
export function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
