/**
 * Every page in a real browser, wide and narrow, light and dark: nothing is complained of, nothing scrolls sideways, nothing is asked of another host, and
 * axe finds nothing serious.
 *
 * @module
 */
import assert from "node:assert/strict";
import { navigation } from "../../src/admin/pages/navigation.ts";
import { greeted } from "../gateway/client.ts";
import { until } from "../gateway/rig.ts";
import { browserTest, Chromium, type Visitor } from "./chromium.ts";
import { baseOf, rightPassword, startDesk } from "./desk.ts";

/** Pages that are reached from others, and more than one page of the same kind is not looked at. */
const pagesMax = 90;

/** Rules of axe whose answers change with colours and width. */
const onSight = [
  "color-contrast",
  "target-size",
  "scrollable-region-focusable",
  "label",
  "button-name",
  "aria-hidden-focus",
];

/** What kind of page an address is: `/queue/7` and `/queue/8` are one. */
function kindOf(path: string): string {
  return path.replace(/\d+/g, "N");
}

/** Looks at a page in every way that it is seen. */
async function examine(visitor: Visitor, path: string): Promise<void> {
  const { page } = visitor;
  for (const [width, height] of [[1280, 900], [390, 844]]) {
    for (const colorScheme of ["light", "dark"] as const) {
      const where = `${path}, ${width} pixels, ${colorScheme}`;
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      assert.ok(await visitor.sideways() <= 0, `${where}: it scrolls sideways`);
      // What axe sees depends on the colours and on the width, not on their pairs; and but for these, on neither.
      if (width === 1280 && colorScheme === "light") assert.deepEqual(await visitor.unreachable(), [], where);
      if (width === 390 && colorScheme === "dark") assert.deepEqual(await visitor.unreachable(onSight), [], where);
    }
  }
  visitor.calm(path);
}

browserTest("every page is whole, in its place and for everybody", async (t) => {
  await using gateway = await startDesk({ users: { ann: "administrator" } });
  {
    using client = await greeted(gateway.ports.inbound);
    for (const subject of ["Hello", "Again"]) {
      assert.match(await client.send(`Subject: ${subject}\r\n\r\nHello`), /^250 /);
    }
  }
  await using browser = await Chromium.start();
  await using visitor = await browser.visitor(baseOf(gateway));
  const { page } = visitor;
  await t.step("what is wrong with a page is seen: that the other steps find nothing means something", async () => {
    await visitor.open("/login");
    await page.evaluate(`document.querySelector("main").insertAdjacentHTML("beforeend",
      '<div id="wrong"><img src="https://127.0.0.1:1/x"><img src="/nowhere" alt="" onerror="alert(1)"><input></div>');
      document.querySelector("#wrong").style.width = "1400px";
      setTimeout(() => alert("seen"))`);
    assert.ok(await visitor.sideways() > 0);
    assert.match((await visitor.unreachable()).join("\n"), /critical image-alt at img[^]*critical label at #wrong/);
    for (
      const what of [
        /request to https:\/\/127\.0\.0\.1:1\//,
        /policy: script-src-attr inline/,
        /policy: img-src /,
        /dialog: seen/,
        /console: .*404/,
      ]
    ) {
      await until(`${what}`, () => visitor.complaints.some((text) => what.test(text)));
    }
    visitor.complaints.splice(0);
  });
  await t.step("/login is as every other page", async () => {
    await visitor.open("/login");
    await examine(visitor, "/login");
  });
  await visitor.logIn("ann", rightPassword);
  const waiting = navigation.flatMap(({ entries }) => entries.map(({ path }) => path));
  const seen = new Set(waiting.map(kindOf));
  for (let path: string | undefined; (path = waiting.shift()) !== undefined;) {
    const at = path;
    await page.setViewportSize({ width: 1280, height: 900 });
    const status = await visitor.open(at).catch((thrown: Error) => {
      // A file to keep, which is no page.
      if (/Download is starting/.test(thrown.message)) return null;
      throw thrown;
    });
    if (status === null) continue;
    await t.step(at, async () => {
      assert.equal(status, 200);
      assert.equal(await page.locator("h1").count(), 1, `${at} has one heading`);
      const links = await page.locator("main a[href^='/'], header a[href^='/']").evaluateAll((found) =>
        found.map((link) => link.getAttribute("href")!)
      );
      for (const link of links) {
        const { pathname } = new URL(link, "https://gateway");
        if (seen.has(kindOf(pathname)) || seen.size >= pagesMax) continue;
        seen.add(kindOf(pathname));
        waiting.push(pathname);
      }
      await examine(visitor, at);
    });
  }
  assert.equal((await gateway.stop()).code, 0);
});
