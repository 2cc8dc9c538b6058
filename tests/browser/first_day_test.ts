/**
 * The first day with a gateway, in a real browser: from the set-up link to the first commit, people and programs, settings, and the page cut off by a
 * commit of its own. One gateway and one browser for all of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { gatewayConfig, until } from "../gateway/rig.ts";
import { makeAuthority, makeRevocationList } from "../support/certs.ts";
import { GatewayProcess, isListening } from "../support/gateway_process.ts";
import { browserTest, Chromium } from "./chromium.ts";
import { baseOf } from "./desk.ts";
import { type Day, fileOf, open } from "./first_day.ts";
import { certificates, people } from "./first_day_people.ts";
import { records, settings } from "./first_day_settings.ts";

browserTest(
  "the first day: set-up, first commit, people, programs, settings, and a page that cuts itself off",
  async (t) => {
    const folder = await Deno.makeTempDir();
    try {
      const ca = await makeAuthority(folder, { name: "Administrators" });
      const group = (name: string, senders: string[]) => ({ name, senders, policy: "RELAYED" });
      await using gateway = await GatewayProcess.start({
        main: new URL("clocked_main.ts", import.meta.url).pathname,
        ports: ["inbound", "admin", "other"],
        listening: ["inbound", "admin"],
        files: { "admins.crt": ca.certificatePem, "admins.crl": await makeRevocationList(ca, { revoked: [] }) },
        config: ({ inbound, admin }) =>
          gatewayConfig({
            inbound,
            nextHop: 9,
            listener: {
              sender_groups: [
                group("FIRST", ["192.0.2.1"]),
                group("SECOND", ["192.0.2.2"]),
                group("THIRD", ["192.0.2.3"]),
                { name: "ALL", policy: "RELAYED" },
              ],
            },
            more: {
              admin: { address: `127.0.0.1:${admin}`, client_ca: "admins.crt" },
              certificate_authorities: { crls: ["admins.crl"] },
            },
          }),
      });
      await using browser = await Chromium.start();
      await using ann = await browser.visitor(baseOf(gateway), { acceptDownloads: true });
      const day: Day = { t, gateway, browser, ann, folder, ca };
      await settings(day);
      await records(day);
      await people(day);
      await certificates(day);
      await cutOff(day);
      assert.equal((await gateway.stop()).code, 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

async function cutOff({ t, ...day }: Day): Promise<void> {
  const { gateway, ann } = day;
  const { page } = ann;
  const { admin, other } = gateway.ports;
  /** Moves the page to the other port, by the file that is uploaded; the page that says so is seen then. */
  const move = async () => {
    await open(ann, "/configuration");
    const path = `${day.folder}/moved.yaml`;
    await ann.download("a:text-is('config.yaml')", path);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace(`127.0.0.1:${admin}`, `127.0.0.1:${other}`));
    await ann.choose("#file", path);
    await ann.press("Upload");
    await ann.at("/configuration/changes");
    await ann.press("Commit changes");
    await page.locator("[data-confirm-commit]").waitFor();
    await until("the page has moved", () => isListening(other) && !isListening(admin), { ms: 30_000 });
  };
  const before = await fileOf(day);

  await t.step("a commit that moves the page, and that nobody confirms, is taken back after two minutes", async () => {
    await move();
    const text = await ann.text();
    assert.match(text, /changes how this page is reached \(admin\.address\)/);
    assert.match(text, /taken back by itself unless somebody who still reaches the page confirms it/);
    assert.match(text, new RegExp(`The page is now at https://127\\.0\\.0\\.1:${other}`));
    assert.match(await page.innerText("[data-timer]"), /^\d+ seconds left$/);
    await page.locator("[data-state]").filter({ hasText: "disconnects for a moment" }).waitFor();
    assert.notEqual(await fileOf(day), before);
    const from = gateway.log.length;
    gateway.signal("SIGUSR1");
    await gateway.logged(/Warning: Change \d+ of .* was not confirmed from a new connection and is taken back/, {
      from,
      ms: 30_000,
    });
    await until("the page is back", () => isListening(admin) && !isListening(other), { ms: 30_000 });
    assert.equal(await fileOf(day), before);
    // The page notices by itself, and goes on where it was.
    await page.locator("[data-confirm-commit]").waitFor({ state: "detached" });
    assert.match(await ann.text(), /Nothing is pending|your changes/i);
    // Attempts while nobody was there are told in the console.
    ann.complaints.splice(0);
  });

  await t.step("a commit that moves the page, and is confirmed at the new address, stays", async () => {
    await move();
    await page.click(`main a[href^="https://127.0.0.1:${other}"]`);
    await page.waitForURL((url) => url.port === String(other) && url.pathname === "/configuration/changes");
    await page.locator("[data-confirm-commit]").waitFor({ state: "detached" });
    await assert.rejects(Deno.stat(`${gateway.folder}/data/staged/unconfirmed.json`), Deno.errors.NotFound);
    gateway.signal("SIGUSR1");
    await page.goto(`https://127.0.0.1:${other}/configuration`);
    assert.equal(await page.locator("h1").innerText(), "Configuration file");
    assert.match(await fileOf(day), new RegExp(`127\\.0\\.0\\.1:${other}`));
    assert.ok(isListening(other) && !isListening(admin));
    assert.deepEqual(await ann.unreachable(), []);
  });
  ann.complaints.splice(0);
}
