/**
 * Where a revocation list comes from: a file, or a URL that it is fetched from.
 *
 * @module
 */
import type { Parsed } from "./values.ts";

/** Whether a source is a URL and no path. */
export function isUrl(source: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(source);
}

const right = "a file, or an http or https URL as in http://crl.example.test/ca.crl";

/** A path as written, or a URL in its one spelling. */
export function parseSource(text: string): Parsed<string> {
  if (!isUrl(text)) return { ok: true, value: text };
  const refuse = (what: string): Parsed<string> => ({ ok: false, what, right });
  if (!/^https?:/i.test(text)) return refuse("cannot be fetched");
  const url = URL.parse(text);
  if (url === null || url.hostname === "") return refuse("is no URL");
  // Lists are public, and URLs stand in logs.
  if (url.username !== "" || url.password !== "") return refuse("has a user or a password in it");
  if (url.hash !== "") return refuse("has a fragment, which no server sees");
  return { ok: true, value: url.href };
}
