/**
 * Requests that another site makes in a browser's name: they are refused, though the browser sends the session along.
 *
 * Two checks, each enough in today's browsers, both in force: what the browser says of where a request comes from (`Sec-Fetch-Site`, `Origin`), and
 * a word that only our own pages know. The cookie's `SameSite=Strict` is a third. A token in a header is sent by no browser by itself, so
 * requests with one need neither.
 *
 * @module
 */
import { sameText } from "./secrets.ts";

/** The header in which scripts send the session's word; forms have it in {@linkcode csrfField}. */
export const csrfHeader = "X-CSRF-Token";
/** The name of a form's hidden field. */
export const csrfField = "csrf";

const safeMethods: readonly string[] = ["GET", "HEAD", "OPTIONS"];

/** Whether a method changes nothing. */
export function isSafe(method: string): boolean {
  return safeMethods.includes(method);
}

/** Why a request that changes something comes from elsewhere, in words; `undefined`: it is from our own pages, or from no browser. */
export function foreignOrigin(request: Request): string | undefined {
  const site = request.headers.get("Sec-Fetch-Site");
  // `none` is the address bar, which makes no request that changes something.
  if (site !== null && site !== "same-origin") return `Sec-Fetch-Site is ${site}`;
  const origin = request.headers.get("Origin");
  if (origin !== null && origin !== new URL(request.url).origin) return "Origin is another one";
  return undefined;
}

/** Whether the word that came is the session's. */
export function isOwnWord(given: string | null | undefined, csrf: string): boolean {
  return typeof given === "string" && csrf !== "" && sameText(given, csrf);
}
