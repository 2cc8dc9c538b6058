/**
 * A browser in front of the pages of settings, over a configuration of the owner's.
 *
 * @module
 */
import { type Answer, userOf, WebRig } from "../web_rig.ts";

/** See the module. */
export interface Bench extends AsyncDisposable {
  rig: WebRig;
  page(path: string): Promise<Answer>;
  post(path: string, fields: Record<string, string> | [string, string][]): Promise<Answer>;
  /** The text of the candidate. */
  staged(): Promise<string>;
}

/** A browser of Ann's over a configuration of the owner's. */
export async function benchOf(source: string, role: "administrator" | "read-only" = "administrator"): Promise<Bench> {
  const rig = await WebRig.open({ users: [userOf("ann", role)] });
  Deno.writeTextFileSync(`${rig.folder}/config.yaml`, source);
  const headers = { ...await rig.loggedIn("ann"), Accept: "text/html" };
  return {
    rig,
    page: (path) => rig.ask(path, { headers }),
    post: (path, fields) =>
      rig.ask(path, {
        method: "POST",
        body: new URLSearchParams([
          ["csrf", headers["X-CSRF-Token"]],
          ...(Array.isArray(fields) ? fields : Object.entries(fields)),
        ]).toString(),
        headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" },
      }),
    staged: async () => (await rig.world.staging.source("ann")).text,
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}
