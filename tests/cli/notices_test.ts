/** The licences of what is in the binary. */
import assert from "node:assert/strict";
import { noticeOf, noticesText, packagesIn } from "../../src/cli/notices.ts";
import { runHere } from "../support/here.ts";
import { engine } from "../support/tls_world.ts";

const bundled = `
// ../../home/me/.cache/deno/npm/registry.example.org/@scope/one/1.2.3/dist/index.js
var a = 1; // ../npm/registry.example.org/no/1.0.0/module.js
// src/cli/npm/write.ts
  // ../../home/me/.cache/deno/npm/registry.example.org/two/2.0.0-rc.1_1/a/b.css
// raw-text:/home/me/.cache/deno/npm/my_mirror/three/3.0.0/c.js
// ../../home/me/.cache/deno/npm/registry.example.org/two/1.0.0/index.js
// ../../home/me/.cache/deno/npm/registry.example.org/two/1.0.0/more.js
`;

Deno.test("packagesIn: every package that the bundler names, each version once", () => {
  const cache = "/home/me/.cache/deno/npm";
  assert.deepEqual(packagesIn([bundled, bundled], "/srv/postern"), [
    { name: "@scope/one", version: "1.2.3", folder: `${cache}/registry.example.org/@scope/one/1.2.3` },
    { name: "three", version: "3.0.0", folder: `${cache}/my_mirror/three/3.0.0` },
    { name: "two", version: "1.0.0", folder: `${cache}/registry.example.org/two/1.0.0` },
    { name: "two", version: "2.0.0-rc.1", folder: `${cache}/registry.example.org/two/2.0.0-rc.1_1` },
  ]);
});

Deno.test("noticeOf: a package without a licence text ends the build, unless its authors' other package lends one", async () => {
  const root = await Deno.makeTempDir();
  try {
    const make = (name: string, files: Record<string, string>) => {
      const folder = `${root}/${name}`;
      Deno.mkdirSync(folder, { recursive: true });
      const all = { "package.json": JSON.stringify({ license: "MIT" }), ...files };
      for (const [file, text] of Object.entries(all)) Deno.writeTextFileSync(`${folder}/${file}`, text);
      return { name, version: "1.0.0", folder };
    };
    const whole = make("hono", { "LICENSE": "Copyright A\r\n", "NOTICE.md": "And B\n", "README": "no" });
    const bare = make("bare", {});
    const lent = make("@hono/zod-validator", {});
    const text = "Copyright A\n\nAnd B";
    assert.deepEqual(noticeOf(whole, []), { name: "hono", version: "1.0.0", licence: "MIT", text });
    assert.equal(noticeOf(lent, [bare, whole]).text, text);
    for (const each of [bare, lent]) {
      assert.throws(() => noticeOf(each, [bare]), /Cannot name the licence of \S+ 1\.0\.0: /);
    }
    const notices = noticesText([noticeOf(whole, []), noticeOf(lent, [whole])]);
    assert.match(notices, /=\nhono 1\.0\.0 \(MIT\)\n@hono\/zod-validator 1\.0\.0 \(MIT\)\n=+\n\nCopyright A\n/);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("licenses: a program that runs from its sources says who puts the texts together", async () => {
  const { code, out, err } = await runHere(["licenses"], { file: "/nowhere/config.yaml", engine });
  assert.deepEqual([code, out, err.length], [1, [], 1]);
  assert.match(err[0], /^Cannot print licences: .*compile\.sh/);
});
