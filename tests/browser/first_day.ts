/**
 * What the first day with a gateway brings, as steps that share one gateway and one browser: see `first_day_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { GatewayProcess } from "../support/gateway_process.ts";
import type { Authority } from "../support/certs.ts";
import type { Chromium, Visitor } from "./chromium.ts";

/** What the steps share. */
export interface Day {
  t: Deno.TestContext;
  gateway: GatewayProcess;
  browser: Chromium;
  /** The administrator, once she is made. */
  ann: Visitor;
  /** A folder for what is downloaded. */
  folder: string;
  /** `admin.client_ca`. */
  ca: Authority;
}

/** What `config.yaml` says now. */
export function fileOf({ gateway }: Pick<Day, "gateway">): Promise<string> {
  return Deno.readTextFile(gateway.configPath);
}

/** Opens a page by its link in the side bar. */
export async function open({ page }: Visitor, path: string): Promise<void> {
  await page.click(`nav.side a[href="${path}"]`);
  await page.waitForURL((url) => url.pathname === path);
}

/** Commits what is pending, by the button at the top, and waits until it is in force. */
export async function commit({ gateway, ann }: Pick<Day, "gateway" | "ann">, comment: string): Promise<void> {
  await ann.page.click(".top a.primary");
  await ann.at("/configuration/changes");
  await ann.page.fill("#comment", comment);
  const from = gateway.log.length;
  await ann.press("Commit changes");
  await ann.at("/configuration");
  await gateway.logged(/Info: Configuration applied: /, { from });
  assert.ok((await ann.page.innerText("main table")).includes(comment));
}

/** Looks at a page that other tests do not: nothing serious for axe, nothing complained of. */
export async function examined(visitor: Visitor, where: string): Promise<void> {
  assert.deepEqual(await visitor.unreachable(), [], where);
  assert.ok(await visitor.sideways() <= 0, `${where}: it scrolls sideways`);
  visitor.calm(where);
}
