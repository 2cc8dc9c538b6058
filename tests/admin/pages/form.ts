/**
 * Forms of pages, sent as a browser sends them.
 *
 * @module
 */
import type { Answer, WebRig } from "../web_rig.ts";

/** What is typed. A list is several boxes of a name. */
export type Typed = Readonly<Record<string, string | readonly string[]>>;

/** Sends a form as whoever the headers show. */
export async function sendForm(
  rig: WebRig,
  path: string,
  { headers, fields = {} }: { headers: Record<string, string>; fields?: Typed },
): Promise<Answer> {
  const body = new URLSearchParams({ csrf: headers["X-CSRF-Token"] });
  for (const [name, values] of Object.entries(fields)) {
    for (const value of [values].flat()) body.append(name, value);
  }
  const { "X-CSRF-Token": _word, ...others } = headers;
  return await rig.ask(path, {
    method: "POST",
    body: body.toString(),
    headers: { ...others, "Content-Type": "application/x-www-form-urlencoded", Accept: "text/html" },
  });
}

/** Opens a page as a browser does. */
export async function openPage(rig: WebRig, path: string, headers: Record<string, string>): Promise<Answer> {
  return await rig.ask(path, { headers: { ...headers, Accept: "text/html" } });
}

/** The value of a hidden field on a page. */
export function hiddenOf(body: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(body)?.[1] ?? "";
}
