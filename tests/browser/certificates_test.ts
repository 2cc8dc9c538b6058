/**
 * The certificate procedure in a real browser: self-signed, a request, an authority's signature, the listener that OpenSSL's client then believes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeAuthority } from "../support/certs.ts";
import { runCommand } from "../support/peers.ts";
import { handshake } from "../support/s_client.ts";
import { browserTest, Chromium } from "./chromium.ts";
import { baseOf, rightPassword, startDesk } from "./desk.ts";

browserTest(
  "a certificate goes from self-signed through an authority to a listener that s_client believes, by clicks alone",
  async (t) => {
    await using gateway = await startDesk({ users: { ann: "administrator" } });
    const root = await makeAuthority(gateway.folder, { name: "Test Root" });
    const middle = await makeAuthority(gateway.folder, { name: "Test Issuer", parent: root });
    await using browser = await Chromium.start();
    await using visitor = await browser.visitor(baseOf(gateway), { acceptDownloads: true });
    const { page } = visitor;
    await visitor.logIn("ann", rightPassword);
    const request = `${gateway.folder}/mx.csr`;
    const signed = `${gateway.folder}/mx.crt`;
    const shown = () =>
      handshake(gateway.ports.inbound, {
        extra: [
          "-CAfile",
          root.certificatePath,
          "-servername",
          "mx.example.test",
          "-verify_hostname",
          "mx.example.test",
          "-verify_return_error",
        ],
      });

    await t.step("a self-signed profile is made, and what is wrong with its name is told first", async () => {
      await visitor.open("/certificates");
      await page.click("main a.button.primary");
      await visitor.at("/certificates/add/self-signed");
      await page.fill("#name", "../mx");
      await page.fill("#common-name", "mx.example.test");
      await page.fill("#san", "mx.example.test");
      await visitor.press("Make certificate");
      await page.waitForSelector("#name-error");
      assert.equal(await page.inputValue("#common-name"), "mx.example.test");
      visitor.refused(422);
      await page.fill("#name", "mx");
      await visitor.press("Make certificate");
      await visitor.at("/certificates/mx");
      assert.match(await visitor.text(), /mx\.example\.test/);
      visitor.calm("self-signed");
    });

    await t.step("its request is downloaded, and OpenSSL signs it", async () => {
      await visitor.download("a:text('Download request')", request);
      await Deno.writeTextFile(
        `${gateway.folder}/san.cnf`,
        "subjectAltName=DNS:mx.example.test\nbasicConstraints=CA:FALSE\n",
      );
      const { code, stderr } = await runCommand("openssl", [
        ...["x509", "-req", "-in", request, "-CA", middle.certificatePath, "-CAkey", middle.keyPath, "-days", "30"],
        ...["-extfile", `${gateway.folder}/san.cnf`, "-out", signed],
      ]);
      assert.equal(code, 0, stderr);
    });

    await t.step(
      "a certificate of another key is refused; the right one is taken with its issuer",
      async () => {
        await visitor.choose("#certificate", root.certificatePath);
        await visitor.press("Upload");
        const fault = page.locator("#certificate-error, main .notice.bad").first();
        assert.match(await fault.innerText(), /does not fit the key/);
        visitor.refused(422);
        await visitor.choose("#certificate", signed);
        await visitor.choose("#intermediates", middle.certificatePath);
        await visitor.press("Upload");
        await visitor.told("The certificate of mx is in service for new connections.");
        assert.match(await visitor.text(), /CN=Test Issuer/);
        visitor.calm("signed");
      },
    );

    await t.step("it is assigned to the listener, which shows it with its chain once that is committed", async () => {
      const before = await shown();
      assert.equal(before.protocol, null, before.output);
      await page.selectOption("#place", "listener inbound");
      await visitor.press("Assign");
      await visitor.told("mx is assigned to");
      assert.equal((await shown()).protocol, null);
      await page.click(".top a.primary");
      await visitor.at("/configuration/changes");
      const from = gateway.log.length;
      await visitor.press("Commit changes");
      await visitor.at("/configuration");
      await gateway.logged(/Info: Configuration applied: /, { from });
      const after = await shown();
      assert.equal(after.protocol, "TLSv1.3", after.output);
      assert.match(after.output, /Verification: OK/);
      assert.match(after.output, /Verified peername: mx\.example\.test/);
      visitor.calm("assigned");
    });
    assert.equal((await gateway.stop()).code, 0);
  },
);
