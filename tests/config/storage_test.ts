/** The folder of all state: modes, owners, one holder. */
import assert from "node:assert/strict";
import { openStorage, StorageError } from "../../src/config/storage.ts";

async function inFolder(run: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const mode = (path: string) => (Deno.statSync(path).mode! & 0o777).toString(8);

Deno.test("openStorage: makes the folder and its parts with mode 0700", () =>
  inFolder((folder) => {
    using storage = openStorage(`${folder}/a/data`);
    for (const path of [storage.directory, storage.queue, storage.certificates, storage.logs, storage.run]) {
      assert.equal(mode(path), "700", path);
    }
    assert.equal(mode(`${storage.directory}/lock`), "600");
    assert.equal(Deno.readTextFileSync(`${storage.directory}/lock`), `${Deno.pid}\n`);
  }));

Deno.test("openStorage: one process holds the folder; the second is told whose it is, and may have it afterwards", () =>
  inFolder((folder) => {
    {
      using _storage = openStorage(folder);
      assert.throws(() => openStorage(folder), (thrown: Error) => {
        assert.ok(thrown instanceof StorageError);
        assert.equal(thrown.message, `Cannot use ${folder}: process ${Deno.pid} has it`);
        return true;
      });
    }
    openStorage(folder)[Symbol.dispose]();
  }));

Deno.test("openStorage: a lock ends with the process that took it, even by SIGKILL", () =>
  inFolder(async (folder) => {
    const module = new URL("../../src/config/storage.ts", import.meta.url).href;
    const code = `const { openStorage } = await import(${JSON.stringify(module)});
      openStorage(${JSON.stringify(folder)}); console.log("held"); setInterval(() => {}, 1000);`;
    const child = new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "piped", stderr: "inherit" })
      .spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    assert.throws(() => openStorage(folder), new RegExp(`process ${child.pid} has it`));
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    openStorage(folder)[Symbol.dispose]();
  }));

Deno.test("openStorage: a folder that others may write to is refused", () =>
  inFolder((folder) => {
    Deno.chmodSync(folder, 0o777);
    assert.throws(() => openStorage(folder), /others may write to it \(mode 777\); chmod 700/);
    Deno.chmodSync(folder, 0o700);
    Deno.mkdirSync(`${folder}/queue`);
    Deno.chmodSync(`${folder}/queue`, 0o770);
    assert.throws(() => openStorage(folder), /queue: others may write to it/);
    Deno.chmodSync(`${folder}/queue`, 0o755);
    using _storage = openStorage(folder);
    assert.equal(mode(`${folder}/queue`), "700");
  }));

Deno.test("openStorage: an empty folder is closed to readers, one with other things in it is left as it was", () =>
  inFolder((folder) => {
    for (const name of ["empty", "home"]) Deno.mkdirSync(`${folder}/${name}`, { mode: 0o755 });
    Deno.writeTextFileSync(`${folder}/home/letter`, "");
    openStorage(`${folder}/empty`)[Symbol.dispose]();
    openStorage(`${folder}/home`)[Symbol.dispose]();
    assert.deepEqual([mode(`${folder}/empty`), mode(`${folder}/home`)], ["700", "755"]);
  }));

Deno.test("openStorage: a file in the way, and a folder of another user", () =>
  inFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/file`, "");
    assert.throws(() => openStorage(`${folder}/file`), /file: it is no folder/);
    assert.throws(() => openStorage(`${folder}/file/below`), StorageError);
  }));

Deno.test({
  name: "openStorage: what root makes for another user's gateway belongs to that user",
  ignore: Deno.uid() !== 0,
  fn: () =>
    inFolder((folder) => {
      Deno.chownSync(folder, 65534, 65534);
      using storage = openStorage(folder);
      assert.deepEqual([storage.queue, `${folder}/lock`].map((path) => Deno.statSync(path).uid), [65534, 65534]);
    }),
});

Deno.test("openStorage: libraries that earlier starts unpacked go, under whatever name; what else is in run stays", () =>
  inFolder((folder) => {
    openStorage(folder)[Symbol.dispose]();
    const run = `${folder}/run`;
    const old = [
      "postern108392033174593915823650556862227387590.3",
      "other-name1515845896015879751615168229094077500349.3",
      "postern99911845896015879751615168229094077500349.so",
      "postern108392033174593915823650556862227387590.3f2a91c0.tmp",
    ];
    const kept = ["setup-link", "notes.3", "postern2.3", "control.sock", "lib.so", "x.tmp"];
    const long = new Date(Date.now() - 120_000);
    for (const name of [...old, ...kept]) {
      Deno.writeTextFileSync(`${run}/${name}`, name);
      Deno.utimeSync(`${run}/${name}`, long, long);
    }
    Deno.mkdirSync(`${run}/.postern-check-1a2b`);
    Deno.writeTextFileSync(`${run}/.postern-check-1a2b/postern108392033174593915823650556862227387590.3`, "");
    Deno.utimeSync(`${run}/.postern-check-1a2b`, long, long);
    // A command that runs beside the gateway unpacked its own just now.
    const fresh = "tool208392033174593915823650556862227387590.3";
    Deno.writeTextFileSync(`${run}/${fresh}`, "");
    openStorage(folder)[Symbol.dispose]();
    assert.deepEqual([...Deno.readDirSync(run)].map(({ name }) => name).sort(), [...kept, fresh].sort());
  }));
