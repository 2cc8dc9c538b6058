/**
 * The text of the configuration file for whoever looks at it, which is every page: a long one is read again only where the file is another one.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { limits } from "../base/limits.ts";
import { readSource } from "./load.ts";

/** Texts whose marks are known. */
const marksMax = 4;

/** See the module. */
export class SourceReader {
  readonly #file: string;
  #last: { stamp: string; text: string } | undefined;
  readonly #marks: { text: string; etag: string }[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** What the file says, as far as its times and size tell that it is the same. Rejects with one clear line. */
  async text(): Promise<string> {
    const stamp = await stampOf(this.#file);
    if (stamp !== undefined && this.#last?.stamp === stamp) return this.#last.text;
    const text = await this.fresh();
    // A short one costs less than the doubt whether times are fine enough. One that changed meanwhile is read again the next time.
    const known = text.length >= limits.configOctetsHereMax && stamp !== undefined &&
      await stampOf(this.#file) === stamp;
    this.#last = known ? { stamp, text } : undefined;
    return text;
  }

  /** What the file says now: for changes. */
  async fresh(): Promise<string> {
    const text = await readSource(this.#file);
    if (typeof text === "string") return text;
    throw new Error(`Cannot read ${this.#file}: it ${text.cause}`);
  }

  /** What is said of a text in `If-Match`. */
  etag(text: string): string {
    const at = this.#marks.findIndex((mark) => mark.text === text);
    const [known] = at < 0 ? [] : this.#marks.splice(at, 1);
    const mark = known ?? { text, etag: createHash("sha256").update(text).digest("hex").slice(0, 32) };
    this.#marks.unshift(mark);
    this.#marks.length = Math.min(this.#marks.length, marksMax);
    return mark.etag;
  }
}

async function stampOf(file: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtime, ctime } = await Deno.stat(file);
    return [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join(" ");
  } catch {
    return undefined;
  }
}
