/**
 * The first administrator's settings: from the set-up link to the first commit, the order of sender groups, the file, archives, the audit log.
 *
 * @module
 */
import assert from "node:assert/strict";
import { rightPassword } from "./desk.ts";
import { commit, type Day, examined, fileOf, open } from "./first_day.ts";

/** See the module. */
export async function settings({ t, ...day }: Day): Promise<void> {
  const { gateway, ann, folder } = day;
  const { page } = ann;

  await t.step("the set-up link leads to the first commit in one go, by clicks alone", async () => {
    const url = new URL((await Deno.readTextFile(`${gateway.folder}/data/run/setup-link`)).trim());
    await ann.open(url.pathname + url.search);
    await page.fill("#user", "ann");
    await page.fill("#password", rightPassword);
    await page.fill("#again", rightPassword);
    await page.click("button.primary");
    await ann.at("/");
    await open(ann, "/destinations");
    await page.click("a:text('Add destination')");
    await page.fill("#domain", "partner.test");
    await page.check("input[name=tls][value=required]");
    await ann.press("Submit");
    await commit({ gateway, ann }, "Our first partner");
    assert.match(await fileOf(day), /partner\.test[^]*required/);
    ann.calm("first commit");
  });

  const order = async () => {
    const rows = await page.locator("tr:has([data-drag]) th").allInnerTexts();
    return rows.map((text) => /FIRST|SECOND|THIRD/.exec(text) ?? []).flat().join(" ");
  };

  const moved = (group: string, way: "up" | "down") =>
    page.waitForURL(({ searchParams }) => searchParams.get("moved") === group && searchParams.get("way") === way);

  await t.step("sender groups are put in order by drag, and Escape puts a row back", async () => {
    await open(ann, "/hat");
    assert.equal(await order(), "FIRST SECOND THIRD");
    const boxOf = async (row: number) => (await page.locator("[data-drag]").nth(row).boundingBox())!;
    const drag = async (from: number, to: number) => {
      const [start, end] = [await boxOf(from), await boxOf(to)];
      await page.mouse.move(start.x + start.width / 2, start.y + start.height / 2);
      await page.mouse.down();
      await page.mouse.move(end.x + end.width / 2, end.y + end.height - 1, { steps: 5 });
    };
    await drag(0, 2);
    assert.equal(await order(), "SECOND THIRD FIRST");
    await page.keyboard.press("Escape");
    await page.mouse.up();
    assert.equal(await order(), "FIRST SECOND THIRD");
    assert.match(await page.innerText(".top"), /No changes pending/);
    await drag(0, 2);
    await page.mouse.up();
    await moved("FIRST", "down");
    await ann.told("Staged");
    assert.equal(await order(), "SECOND THIRD FIRST");
    ann.calm("drag");
  });

  await t.step(
    "sender groups are put in order by keyboard, which stays at the row, and the file has that order",
    async () => {
      await page.locator("tr", { hasText: "THIRD" }).getByRole("button", { name: /up/i }).focus();
      await page.keyboard.press("Enter");
      await moved("THIRD", "up");
      assert.equal(await order(), "THIRD SECOND FIRST");
      // At the top there is no up any more: the other way has the focus.
      assert.match(await page.evaluate<string>("document.activeElement.closest('tr').innerText"), /THIRD/);
      await page.keyboard.press("Space");
      await moved("THIRD", "down");
      assert.equal(await order(), "SECOND THIRD FIRST");
      await commit({ gateway, ann }, "Second first");
      const file = await fileOf(day);
      assert.ok(file.indexOf("SECOND") < file.indexOf("THIRD") && file.indexOf("THIRD") < file.indexOf("FIRST"), file);
      ann.calm("keyboard");
    },
  );

  await t.step(
    "the file is downloaded without secrets, uploaded by the browser's own dialog, and rolled back",
    async () => {
      const before = await fileOf(day);
      const path = `${folder}/config.yaml`;
      await open(ann, "/configuration");
      assert.equal(await ann.download("a:text-is('config.yaml')", path), "config.yaml");
      const text = await Deno.readTextFile(path);
      assert.doesNotMatch(text, /scrypt/);
      await Deno.writeTextFile(path, text.replace('"version": 1', '"workers": 1, "version": 1'));
      await ann.choose("#file", path);
      await ann.press("Upload");
      await ann.at("/configuration/changes");
      assert.match(await page.innerText(".diff"), /^\+.*workers/m);
      assert.doesNotMatch(await page.innerText(".diff"), /scrypt|password_hash/);
      await commit({ gateway, ann }, "One worker");
      assert.match(await fileOf(day), /workers/);
      assert.match(await fileOf(day), /scrypt/);
      await page.click("main tr:has-text('Second first') a");
      const from = gateway.log.length;
      await ann.press(/roll back/i, { sure: true });
      await ann.at("/configuration");
      await gateway.logged(/Info: Configuration applied: /, { from });
      assert.equal(await fileOf(day), before);
      ann.calm("file");
    },
  );
}

/** Archives and the audit log. */
export async function records({ t, ...day }: Day): Promise<void> {
  const { gateway, ann, folder } = day;
  const { page } = ann;
  const [password, path] = ["a word for archives", `${folder}/gw.backup`];

  await t.step(
    "an archive is made, downloaded, deleted, uploaded, looked at and restored, each with its password",
    async () => {
      await open(ann, "/backups");
      await page.fill("#password", password);
      await page.fill("#again", password);
      await ann.press("Make archive");
      await ann.told("is made");
      const name = await ann.download("a:text('Download')", path);
      assert.match(name, /^made-\d{8}T\d{6}Z\.backup$/);
      const before = await fileOf(day);
      await ann.press(/^Delete/, { sure: true });
      await ann.told(`${name} is deleted`);
      await open(ann, "/destinations");
      await page.click("a:text('Add destination')");
      await page.fill("#domain", "other.test");
      await page.check("input[name=tls][value=none]");
      await ann.press("Submit");
      await commit({ gateway, ann }, "Another one");
      await open(ann, "/backups");
      await ann.choose("#file", path);
      await page.fill("#opening", "another password");
      await ann.press("Upload");
      await page.waitForSelector("#opening-error");
      ann.refused(422);
      await ann.choose("#file", path);
      await page.fill("#opening", password);
      await ann.press("Upload");
      await ann.told("The archive is kept");
      await page.fill("#opening", password);
      await ann.press("Show changes");
      assert.match(await page.locator(".diff").innerText(), /^-.*other\.test/m);
      await examined(ann, "what an archive would change");
      await page.fill("#opening", password);
      const from = gateway.log.length;
      await ann.press("Restore", { sure: true });
      await ann.at("/configuration");
      await ann.told("The archive is restored and in force");
      await gateway.logged(/files were restored from an archive by ann/, { from });
      assert.equal(await fileOf(day), before);
      ann.calm("archive");
    },
  );

  await t.step("the audit log has all of that, and is filtered by who, what and outcome", async () => {
    await open(ann, "/audit");
    await page.fill("#who", "ANN");
    await page.fill("#what", "backup.");
    await page.selectOption("#outcome", "refused");
    await ann.press("Search");
    await page.waitForURL((url) => url.searchParams.get("outcome") === "refused");
    const actions = await page.locator("#audit td code").allInnerTexts();
    assert.deepEqual(actions, ["backup.upload"]);
    ann.calm("audit");
  });
}
