import assert from "node:assert/strict";
import { beginFile } from "../../src/cli/first_file.ts";

async function inFolder(work: (folder: string, names: () => string[]) => void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "postern-first-" });
  try {
    work(folder, () => [...Deno.readDirSync(folder)].map(({ name }) => name));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("beginFile stands beside its file, takes its name where it was filled, and goes where not", async () => {
  await inFolder((folder, names) => {
    const file = `${folder}/config.yaml`;
    {
      using begun = beginFile(file)!;
      assert.match(Deno.readTextFileSync(begun.path), /^version: 1\b/);
      assert.equal(Deno.statSync(begun.path).mode! & 0o777, 0o600);
      begun.keep();
      assert.throws(() => Deno.statSync(file), Deno.errors.NotFound);
    }
    assert.deepEqual(names(), []);
    {
      using begun = beginFile(file)!;
      Deno.writeTextFileSync(begun.path, "version: 1\n");
      begun.keep();
    }
    assert.deepEqual(names(), ["config.yaml"]);
    assert.equal(Deno.readTextFileSync(file), "version: 1\n");
  });
});

Deno.test("beginFile replaces no file, were it made a moment ago, and makes no folder", async () => {
  await inFolder((folder, names) => {
    const file = `${folder}/config.yaml`;
    {
      using begun = beginFile(file)!;
      Deno.writeTextFileSync(begun.path, "version: 1\n");
      Deno.writeTextFileSync(file, "hostname: [");
      assert.throws(() => begun.keep(), /^Error: Cannot make .*\/config\.yaml: /);
    }
    assert.equal(Deno.readTextFileSync(file), "hostname: [");
    assert.equal(beginFile(file), undefined);
    assert.throws(
      () => beginFile(`${folder}/nowhere/c.yaml`),
      /^Error: Cannot make .*\/nowhere\/c\.yaml: there is no such folder$/,
    );
    assert.deepEqual(names(), ["config.yaml"]);
  });
});
