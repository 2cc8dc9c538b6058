/**
 * The ways in and out, in a real browser: the set-up link, the login, the cookie, the switches of language and theme, the logout.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../gateway/rig.ts";
import { browserTest, Chromium } from "./chromium.ts";
import { baseOf, rightPassword, startDesk } from "./desk.ts";

browserTest("the set-up link makes the first administrator, who goes in, switches and goes out", async (t) => {
  await using gateway = await startDesk();
  await using browser = await Chromium.start();
  await using visitor = await browser.visitor(baseOf(gateway));
  const { page } = visitor;
  const link = `${gateway.folder}/data/run/setup-link`;

  await t.step("the set-up link: what is wrong is told beside its field, and what was typed stays", async () => {
    await until("the link", () => Deno.stat(link).then(() => true, () => false));
    const url = new URL((await Deno.readTextFile(link)).trim());
    assert.equal(await visitor.open(url.pathname + url.search), 200);
    await page.fill("#user", "ann");
    await page.fill("#password", "short");
    await page.fill("#again", "short");
    await page.click("button.primary");
    await page.waitForSelector("#password-error");
    assert.match(await page.innerText("#password-error"), /it has 5 characters; at least 12/);
    assert.equal(await page.getAttribute("#password", "aria-invalid"), "true");
    assert.equal(await page.inputValue("#user"), "ann");
    assert.equal(await page.inputValue("#password"), "");
    visitor.refused(422);
  });

  await t.step("the set-up link: the first administrator is logged in, and the link is gone", async () => {
    await page.fill("#password", rightPassword);
    await page.fill("#again", rightPassword);
    await page.click("button.primary");
    await visitor.at("/");
    assert.match(await visitor.text(), /\bann\b/);
    await assert.rejects(Deno.stat(link));
    assert.match(await Deno.readTextFile(gateway.configPath), /scrypt/);
    visitor.calm("the first administrator");
  });

  await t.step("the session's cookie is HttpOnly, Secure and SameSite=Strict, and no script sees it", async () => {
    const cookies = await visitor.context.cookies();
    const [session] = cookies.filter(({ name }) => name === "__Host-postern");
    assert.deepEqual(
      [session.httpOnly, session.secure, session.sameSite, session.path, session.expires],
      [true, true, "Strict", "/", -1],
    );
    assert.doesNotMatch(await page.evaluate<string>("document.cookie"), /__Host-postern/);
  });

  await t.step("the language switch shows Chinese, in both scripts, and remembers it", async () => {
    for (const [tag, log_out] of [["zh-Hant", "登出"], ["zh-Hans", "注销"], ["en", "Log out"]]) {
      await Promise.all([
        page.waitForURL("**/"),
        page.selectOption("select[name=language]", tag),
      ]);
      await page.waitForSelector(`html[lang=${tag}]`);
      assert.ok((await visitor.text()).includes(log_out), `${log_out} is not on the page`);
      await page.reload();
      assert.equal(await page.getAttribute("html", "lang"), tag);
    }
    visitor.calm("languages");
  });

  await t.step("the theme switch shows itself at once, and persists from page to page", async () => {
    const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const light = await background();
    await page.selectOption("[data-theme-switch]", "dark");
    const dark = await background();
    assert.notEqual(dark, light);
    await visitor.open("/queue");
    assert.equal(await page.getAttribute("html", "data-theme"), "dark");
    assert.equal(await background(), dark);
    assert.equal(await page.inputValue("[data-theme-switch]"), "dark");
    // The browser's own wish counts again.
    await page.selectOption("[data-theme-switch]", "system");
    assert.equal(await background(), light);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await background(), dark);
    visitor.calm("themes");
  });

  await t.step("logout ends the session: neither the page nor its cookie opens anything again", async () => {
    const before = await visitor.context.cookies();
    await page.click("form[action='/logout'] button");
    await visitor.at("/login");
    assert.deepEqual((await visitor.context.cookies()).filter(({ name }) => name === "__Host-postern"), []);
    // The browser has kept nothing to show: going back asks the gateway.
    await page.goBack();
    await visitor.at("/login");
    await visitor.context.addCookies(before);
    await visitor.open("/queue");
    assert.equal(visitor.path, "/login");
    visitor.calm("logout");
  });

  await t.step("a wrong password is told, and says nothing of what was wrong", async () => {
    for (const [user, password] of [["ann", "a wrong password"], ["nobody", rightPassword]]) {
      await visitor.open("/login");
      await page.fill("#user", user);
      await page.fill("#password", password);
      await page.click("button.primary");
      await page.waitForSelector("[role=alert]");
      assert.match(await page.innerText("[role=alert]"), /^User name, password or code is wrong$/);
      assert.equal(visitor.path, "/login");
      visitor.refused(401);
    }
    await visitor.logIn("ann", rightPassword);
    visitor.calm("the right password");
  });
  assert.equal((await gateway.stop()).code, 0);
});
