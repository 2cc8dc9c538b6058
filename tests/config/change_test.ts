/** Changes of the file on the disk: validated, whole, kept in the history, never over somebody else's. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { commitChanges, type CommitOptions, type Committed, noteHandEdit } from "../../src/config/change.ts";
import { faultText } from "../../src/config/faults.ts";
import { readEntry, readHistory } from "../../src/config/history.ts";

const start = "# mine\nversion: 1\nhostname: a.example # name\n";

interface Place extends AsyncDisposable {
  folder: string;
  file: string;
  history: string;
  commit(options: Pick<CommitOptions, "changes"> & Partial<CommitOptions>): Promise<Committed>;
  text(): string;
}

async function place(source = start): Promise<Place> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/config.yaml`;
  await Deno.writeTextFile(file, source);
  const history = `${folder}/data/history`;
  return {
    folder,
    file,
    history,
    text: () => Deno.readTextFileSync(file),
    commit: (options) =>
      commitChanges(file, {
        who: "ada",
        load: { hostname: "gw.example", generation: 1 },
        history: { directory: history, keep: 3 },
        clock: systemClock,
        ...options,
      }),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

const name = (value: string) => [{ path: ["hostname"], value }];

Deno.test("commitChanges: writes the change and keeps both texts in the history", async () => {
  await using at = await place();
  const done = await at.commit({ changes: name("b.example"), comment: "new name" });
  const after = start.replace("a.example", "b.example");
  assert.deepEqual({ ...done, warnings: [] }, { ok: true, before: start, after, warnings: [] });
  assert.equal(at.text(), after);
  const entries = readHistory(at.history);
  assert.deepEqual(entries.map(({ id, who, comment }) => ({ id, who, comment })), [
    { id: 2, who: "ada", comment: "new name" },
    { id: 1, who: "file", comment: "" },
  ]);
  assert.match(entries[0].difference, /^-hostname: a\.example # name\n\+hostname: b\.example # name$/m);
  assert.equal(readEntry(at.history, 1)?.source, start);
});

Deno.test("commitChanges: history and its entries are their owner's alone, and only the newest are kept", async () => {
  await using at = await place();
  for (const letter of "bcdef") await at.commit({ changes: name(`${letter}.example`) });
  assert.deepEqual(readHistory(at.history).map(({ id }) => id), [6, 5, 4]);
  assert.equal(Deno.statSync(at.history).mode! & 0o777, 0o700);
  for (const { name } of Deno.readDirSync(at.history)) {
    assert.equal(Deno.statSync(`${at.history}/${name}`).mode! & 0o777, 0o600, name);
  }
});

Deno.test("commitChanges: writes nothing where the file would have faults", async () => {
  await using at = await place();
  const done = await at.commit({ changes: [{ path: ["hostname"], value: "not a name" }] });
  assert.ok(!done.ok);
  assert.match(faultText(done.errors[0]), /config\.yaml:3:11: hostname: "not a name"/);
  assert.equal(at.text(), start);
  assert.deepEqual(readHistory(at.history), []);
});

Deno.test("commitChanges: asks the TLS check, as postern check does", async () => {
  await using at = await place();
  const checkTls = () =>
    Promise.resolve({ errors: [{ path: ["tls"], at: "key" as const, text: "no cipher; another" }], warnings: [] });
  const done = await at.commit({ changes: name("b.example"), load: { hostname: "gw", generation: 1, checkTls } });
  assert.ok(!done.ok);
  assert.equal(at.text(), start);
});

Deno.test("commitChanges: an impossible change is a fault with its place", async () => {
  await using at = await place();
  const done = await at.commit({ changes: [{ path: ["hostname", "x"], value: 1 }] });
  assert.ok(!done.ok);
  assert.match(faultText(done.errors[0]), /config\.yaml:3:1: hostname\.x: hostname is no block of keys/);
});

Deno.test("commitChanges: a file that somebody changed meanwhile is merged where the keys differ", async () => {
  await using at = await place();
  await Deno.writeTextFile(at.file, start.replace("# name", "# my name") + "workers: 1\n");
  const done = await at.commit({ changes: name("b.example"), expected: start });
  assert.ok(done.ok);
  assert.equal(at.text(), "# mine\nversion: 1\nhostname: b.example # my name\nworkers: 1\n");
  assert.deepEqual(readHistory(at.history).map(({ who }) => who), ["ada", "file"]);
});

Deno.test("commitChanges: two changes of one key are refused, and the other one is named", async () => {
  await using at = await place();
  const theirs = start.replace("a.example", "c.example");
  await Deno.writeTextFile(at.file, theirs);
  const done = await at.commit({ changes: name("b.example"), expected: start });
  assert.ok(!done.ok);
  assert.match(
    faultText(done.errors[0]),
    /:3:11: hostname: somebody else has changed hostname meanwhile: it is "c\.example" now/,
  );
  assert.equal(at.text(), theirs);
});

Deno.test("commitChanges: the same change twice is no conflict", async () => {
  await using at = await place();
  await Deno.writeTextFile(at.file, start.replace("a.example", "b.example"));
  const done = await at.commit({ changes: name("b.example"), expected: start });
  assert.ok(done.ok && done.before === done.after);
});

Deno.test("commitChanges: keeps the mode, and a symbolic link stays one", async () => {
  await using at = await place();
  await Deno.mkdir(`${at.folder}/real`);
  await Deno.rename(at.file, `${at.folder}/real/c.yaml`);
  await Deno.symlink("real/c.yaml", at.file);
  await Deno.chmod(`${at.folder}/real/c.yaml`, 0o640);
  const done = await at.commit({ changes: name("b.example") });
  assert.ok(done.ok);
  assert.ok((await Deno.lstat(at.file)).isSymlink);
  const real = await Deno.stat(`${at.folder}/real/c.yaml`);
  assert.equal(real.mode! & 0o777, 0o640);
  assert.match(at.text(), /b\.example/);
  assert.deepEqual([...Deno.readDirSync(`${at.folder}/real`)].map(({ name }) => name), ["c.yaml"]);
});

Deno.test({
  name: "commitChanges: root leaves the file to its owner",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using at = await place();
    await Deno.chown(at.file, 1234, 2345);
    assert.ok((await at.commit({ changes: name("b.example") })).ok);
    const { uid, gid } = await Deno.stat(at.file);
    assert.deepEqual([uid, gid], [1234, 2345]);
  },
});

Deno.test("commitChanges: twenty at once are made one after the other", async () => {
  await using at = await place("version: 1\nsmtp_routes: {}\n");
  const all = await Promise.all(
    Array.from(
      { length: 20 },
      (_, index) => at.commit({ changes: [{ path: ["smtp_routes", `d${index}.example`], value: ["127.0.0.1:25"] }] }),
    ),
  );
  assert.ok(all.every(({ ok }) => ok));
  assert.equal(at.text().match(/d\d+\.example/g)?.length, 20);
});

Deno.test("commitChanges: a file that is missing is told, not made", async () => {
  await using at = await place();
  await Deno.remove(at.file);
  const done = await at.commit({ changes: name("b.example") });
  assert.ok(!done.ok && /no such file/.test(done.errors[0].text));
});

Deno.test("noteHandEdit: what an editor wrote gets an entry once", async () => {
  await using at = await place();
  const options = { history: { directory: at.history, keep: 3 }, clock: systemClock, report: assert.fail };
  await noteHandEdit(start, options);
  await noteHandEdit(start, options);
  assert.deepEqual(readHistory(at.history).map(({ id, who }) => ({ id, who })), [{ id: 1, who: "file" }]);
});
