/**
 * The methods of `tls.gui_https` and a real browser: one that cannot speak them is told so by its own error, and nothing of the page comes through.
 *
 * @module
 */
import assert from "node:assert/strict";
import { browserTest, Chromium } from "./chromium.ts";
import { baseOf, startDesk } from "./desk.ts";

browserTest(
  "a browser of TLS 1.2 sees a protocol error of a page that has TLS 1.3 alone, and the page of one that has both",
  async () => {
    const settings = (...methods: string[]) => ({ tls: { gui_https: { methods } } });
    await using narrow = await startDesk({ users: { ann: "administrator" }, more: settings("TLSv1.3") });
    await using wide = await startDesk({ users: { ann: "administrator" }, more: settings("TLSv1.2", "TLSv1.3") });
    await using browser = await Chromium.start("--ssl-version-max=tls1.2");
    await using visitor = await browser.visitor(baseOf(narrow));
    await assert.rejects(visitor.open("/login"), /net::ERR_SSL_(VERSION_OR_CIPHER_MISMATCH|PROTOCOL_ERROR)/);
    await using other = await browser.visitor(baseOf(wide));
    assert.equal(await other.open("/login"), 200);
    const details = await other.page.goto("/login").then((answer) => answer!.securityDetails());
    assert.equal(details?.protocol, "TLS 1.2");
    other.calm("TLS 1.2");
    await narrow.stop();
    await wide.stop();
  },
);
