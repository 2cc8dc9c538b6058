/**
 * The methods of `tls.gui_https` and real browsers: they are changed on the page, which disconnects, comes back and confirms; a browser that cannot speak
 * what is left is told so by its own error.
 *
 * @module
 */
import assert from "node:assert/strict";
import { browserTest, Chromium } from "./chromium.ts";
import { baseOf, rightPassword, startDesk } from "./desk.ts";

browserTest(
  "methods of the admin page are changed on it: in sequence, with the reconnect, and old browsers are out",
  async (t) => {
    await using gateway = await startDesk({
      users: { ann: "administrator" },
      more: { tls: { gui_https: { methods: ["TLSv1.2", "TLSv1.3"] } } },
    });
    const base = baseOf(gateway);
    {
      await using browser = await Chromium.start();
      await using visitor = await browser.visitor(base);
      const { page } = visitor;
      await visitor.logIn("ann", rightPassword);
      const box = (method: string) => page.locator(`[id="gui-${method}"]`);
      const isFree = async () => {
        const free: string[] = [];
        for (const method of ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]) {
          if (await box(method).isEnabled()) {
            free.push(method);
          }
        }
        return free.join(" ");
      };

      await t.step("boxes that would break the sequence are greyed out as one clicks", async () => {
        await visitor.open("/ssl");
        assert.equal(await isFree(), "TLSv1.1 TLSv1.2 TLSv1.3");
        await box("TLSv1.1").check();
        assert.equal(await isFree(), "TLSv1.0 TLSv1.1 TLSv1.3");
        await box("TLSv1.0").check();
        assert.equal(await isFree(), "TLSv1.0 TLSv1.3");
        await box("TLSv1.0").uncheck();
        await box("TLSv1.1").uncheck();
        await box("TLSv1.3").uncheck();
        // One has to stay.
        assert.equal(await isFree(), "TLSv1.1 TLSv1.3");
        visitor.calm("greyed out");
      });

      await t.step("the server refuses a broken sequence too, beside the boxes", async () => {
        await visitor.open("/ssl");
        // As a browser without scripts sends it.
        await page.evaluate(`{
        const form = document.querySelector('form[data-ssl="gui"]');
        form.replaceWith(form.cloneNode(true));
        for (const box of document.querySelectorAll('input[name="gui-method"]')) box.disabled = false;
      }`);
        await box("TLSv1.0").check();
        await page.locator("#gui").getByRole("button", { name: "Submit" }).click();
        await page.waitForSelector("#gui-error");
        assert.match(await page.innerText("#gui-error"), /sequence/);
        assert.match(await page.innerText(".top"), /No changes pending/);
        visitor.refused(422);
      });

      await t.step("the cipher field shows at once what it selects", async () => {
        await visitor.open("/ssl");
        const suites = page.locator("#gui [data-suites]");
        await page.fill("#gui-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384");
        await suites.filter({ hasText: "4 suites are selected" }).waitFor();
        assert.match(await suites.innerText(), /TLSv1\.2: 1/);
        await page.fill("#gui-ciphers", "NOTHING-OF-THE-KIND");
        await suites.filter({ hasNotText: "4 suites are selected" }).waitFor();
        visitor.calm("ciphers");
      });

      await t.step(
        "TLS 1.2 is taken away: the page disconnects, comes back over a new connection, and confirms",
        async () => {
          await visitor.open("/ssl");
          await box("TLSv1.2").uncheck();
          await page.locator("#gui").getByRole("button", { name: "Submit" }).click();
          await page.waitForSelector(".top a.primary");
          await page.click(".top a.primary");
          await visitor.at("/configuration/changes");
          await visitor.press("Commit changes");
          await page.locator("[data-state]").waitFor();
          assert.match(await visitor.text(), /This page disconnects for a moment and comes back by itself/);
          await page.locator("[data-confirm-commit]").waitFor({ state: "detached" });
          await visitor.at("/configuration/changes");
          assert.match(await visitor.text(), /No changes/);
          // Attempts over the connection that is replaced are told in the console.
          visitor.complaints.splice(0);
          assert.equal((await page.goto("/ssl").then((answer) => answer!.securityDetails()))?.protocol, "TLS 1.3");
          assert.equal(await box("TLSv1.2").isChecked(), false);
          visitor.calm("TLS 1.3");
        },
      );
    }

    await t.step("a browser of TLS 1.2 sees its own protocol error, and nothing of the page", async () => {
      await using browser = await Chromium.start("--ssl-version-max=tls1.2");
      await using visitor = await browser.visitor(base);
      await assert.rejects(visitor.open("/login"), /net::ERR_SSL_(VERSION_OR_CIPHER_MISMATCH|PROTOCOL_ERROR)/);
      assert.doesNotMatch(await visitor.text(), /gw\.example\.test|Log in/);
    });
    assert.equal((await gateway.stop()).code, 0);
  },
);
