/** The text of the file, for whoever looks at it. */
import assert from "node:assert/strict";
import { SourceReader } from "../../src/config/source_reader.ts";

const long = (word: string) => `version: 1\n# ${word.repeat(20_000)}\n`;

Deno.test("SourceReader: a long file is read again where it is another one, replaced or written in place", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/config.yaml`;
    const reader = new SourceReader(file);
    await assert.rejects(reader.text(), /^Error: Cannot read .*: it no such file/);
    Deno.writeTextFileSync(file, long("a"));
    const first = await reader.text();
    assert.equal(first, long("a"));
    assert.equal(await reader.text(), first);
    Deno.writeTextFileSync(file, long("bc"));
    assert.equal(await reader.text(), long("bc"));
    Deno.writeTextFileSync(`${folder}/new`, long("d"));
    Deno.renameSync(`${folder}/new`, file);
    assert.equal(await reader.text(), long("d"));
    assert.equal(await reader.fresh(), long("d"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SourceReader.etag: one for each text, whichever came between", () => {
  const reader = new SourceReader("/nowhere");
  const texts = ["a", "b", "c", "d", "e", "f"];
  const marks = texts.map((text) => reader.etag(text));
  assert.equal(new Set(marks).size, texts.length);
  assert.deepEqual(texts.map((text) => reader.etag(text)), marks);
  assert.match(marks[0], /^[0-9a-f]{32}$/);
});
