/**
 * Keys that stand twice in one object of a JSON text.
 *
 * JSON.parse keeps the last one and says nothing, a proxy or a log in front may have gone by the first: what was looked at is not what is done. So such a body is
 * refused (RFC 7493 §2.3). Only texts that are JSON are judged; the parser refuses the others.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { printable } from "../base/text.ts";
import type { FieldFault } from "./problem.ts";

/** An object with the keys that it has so far, or a list. */
interface Frame {
  keys: Set<string> | undefined;
  /** The key or index of the value that comes. */
  at: string | number;
  /** The next text is a key. */
  awaits: boolean;
}

/** The first key that stands twice, or what is nested too deep. */
export function doubtIn(text: string): FieldFault | undefined {
  const frames: Frame[] = [];
  for (let at = 0; at < text.length; at++) {
    const top = frames.at(-1);
    switch (text[at]) {
      case "{":
      case "[":
        if (frames.length >= limits.apiBodyDepthMax) {
          return { path: "", detail: `is nested deeper than ${limits.apiBodyDepthMax} levels` };
        }
        frames.push(
          text[at] === "{" ? { keys: new Set(), at: "", awaits: true } : { keys: undefined, at: 0, awaits: false },
        );
        break;
      case "}":
      case "]":
        frames.pop();
        break;
      case ",":
        if (top?.keys !== undefined) top.awaits = true;
        else if (typeof top?.at === "number") top.at++;
        break;
      case '"': {
        const end = endOf(text, at);
        if (end < 0) return undefined;
        if (top?.keys !== undefined && top.awaits) {
          const key = wordOf(text.slice(at, end + 1));
          if (key === undefined) return undefined;
          top.awaits = false;
          top.at = key;
          if (top.keys.has(key)) return { path: pathOf(frames), detail: "stands there twice" };
          top.keys.add(key);
        }
        at = end;
      }
    }
  }
  return undefined;
}

/** The quote that ends a text: no backslash before it, or an even number of them. */
function endOf(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

/** `"\u0061"` is the key `a`. */
function wordOf(quoted: string): string | undefined {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
}

function pathOf(frames: readonly Frame[]): string {
  return frames.map(({ at }) => printable(String(at), 80)).join(".");
}
