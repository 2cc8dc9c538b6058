/**
 * What administrators come for, from the first click to the last, in a real browser on a gateway that runs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { greeted } from "../gateway/client.ts";
import { startNextHop } from "../support/next_hop.ts";
import { browserTest, Chromium } from "./chromium.ts";
import { baseOf, rightPassword, startDesk } from "./desk.ts";

browserTest(
  "administrators set a destination, test it, see to the queue, commit and roll back by clicks alone",
  async (t) => {
    await using hop = startNextHop();
    await using gateway = await startDesk({ users: { ann: "administrator" }, hop: hop.port });
    await using browser = await Chromium.start();
    await using visitor = await browser.visitor(baseOf(gateway));
    const { page } = visitor;
    await visitor.logIn("ann", rightPassword);
    const file = () => Deno.readTextFile(gateway.configPath);
    const before = await file();

    await t.step("a destination: what is wrong is told beside the field and nothing is staged", async () => {
      await visitor.open("/destinations");
      await page.click("a:text('Add destination')");
      await page.fill("#domain", "no domain!");
      await visitor.press("Submit");
      await page.waitForSelector("#domain-error");
      assert.equal(await page.getAttribute("#domain", "aria-invalid"), "true");
      assert.match(await page.innerText(".top"), /No changes pending/);
      visitor.refused(422);
    });

    await t.step("a destination: required-verify is staged, and the file is as it was", async () => {
      await page.fill("#domain", "example.test");
      await page.check("input[name=tls][value=required-verify]");
      await visitor.press("Submit");
      await page.waitForSelector(".top a.primary");
      assert.match(await page.innerText(".top"), /Commit changes · 1/);
      assert.equal(await file(), before);
      visitor.calm("staged");
    });

    await t.step("a destination: the commit is shown as a difference, and is in force with its comment", async () => {
      await page.click(".top a.primary");
      await visitor.at("/configuration/changes");
      assert.match(await page.innerText(".diff"), /\+.*required-verify/);
      await page.fill("#comment", "Partner asks for <b>TLS</b>");
      const from = gateway.log.length;
      await visitor.press("Commit changes");
      await visitor.at("/configuration");
      await gateway.logged(/Info: Configuration applied: /, { from });
      assert.match(await file(), /required-verify/);
      assert.ok((await page.innerText("main table")).includes("Partner asks for <b>TLS</b>"));
      visitor.calm("committed");
    });

    await t.step(
      "a destination: the test says that the next hop has no TLS, and mail waits for that reason",
      async () => {
        await visitor.open("/delivery/example.test/test");
        await page.fill("#host", `127.0.0.1:${hop.port}`);
        await visitor.press("Test now");
        await page.locator("main table").first().waitFor();
        const row = page.locator("main tr", { has: page.locator("th", { hasText: /^required-verify$/ }) });
        assert.match(await row.first().innerText(), /deferred/i);
        using client = await greeted(gateway.ports.inbound);
        assert.match(await client.send("Subject: one\r\n\r\nx"), /^250 /);
        assert.match(await client.send("Subject: two\r\n\r\nx"), /^250 /);
        await gateway.logged(/MID 2 .*\n?[^]*Delayed: .*MID 2 /);
        await visitor.open("/queue");
        assert.match(await page.innerText("#queue"), /no_starttls/);
        visitor.calm("tested");
      },
    );

    await t.step("the queue: a message is held, released, and deleted once the page has asked", async () => {
      await page.check("input[name=mid][value='1']");
      await visitor.press("Hold");
      await page.locator("#queue tr", { hasText: "held" }).waitFor();
      await page.check("input[name=mid][value='1']");
      await visitor.press("Release");
      await page.locator("#queue tr", { hasText: "held" }).waitFor({ state: "detached" });
      await visitor.open("/queue/2");
      await visitor.press("Delete");
      await page.locator("dialog button[value=no]").click();
      assert.equal(visitor.path, "/queue/2");
      await visitor.press("Delete", { sure: true });
      await visitor.at("/queue");
      assert.deepEqual(
        await page.locator("#queue input[name=mid]").evaluateAll((all) =>
          all.map((each) => each.getAttribute("value"))
        ),
        ["1"],
      );
      visitor.calm("the queue");
    });

    await t.step("rolling back brings the file back as it was, and the mail that waited goes out", async () => {
      await visitor.open("/configuration");
      await page.click("a:text('Entry 1')");
      await visitor.at("/configuration/history/1");
      const from = gateway.log.length;
      await visitor.press(/roll back/i, { sure: true });
      await visitor.at("/configuration");
      await gateway.logged(/Info: Configuration applied: /, { from });
      assert.equal(await file(), before);
      await visitor.open("/queue/1");
      await visitor.press("Retry now");
      await gateway.logged(/Message finished MID 1 done/, { from });
      assert.equal(hop.taken.length, 1);
      // It may be delivered before the browser is back at its page, which there is no more then.
      visitor.refused(404);
    });
    assert.equal((await gateway.stop()).code, 0);
  },
);
