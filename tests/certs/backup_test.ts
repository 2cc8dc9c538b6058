/** Archives of configuration, certificates and keys: sealed, opened, put back, and what is wrong with them. */
import assert from "node:assert/strict";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { type Backup, decodeBackup, encodeBackup, planFiles, relocations } from "../../src/certs/backup.ts";
import { seal, unseal } from "../../src/certs/backup_seal.ts";
import { placeFiles, recoverFiles } from "../../src/config/restore.ts";

const random = seededRandom(7);
const password = "correct horse";
const what = "b.postern";

Deno.test("seal and unseal: what goes in comes out, and two archives of one content have nothing in common", async () => {
  for (const content of [octets(""), octets("x".repeat(200_000)), random.bytes(70_000)]) {
    const archive = await seal(content, { password, random, power: 10 });
    assert.deepEqual(await unseal(archive, { password, what }), content);
    assert.ok(!textOf(archive).includes("xxx"));
  }
  const [a, b] = [
    await seal(octets("a"), { password, random, power: 10 }),
    await seal(octets("a"), { password, random, power: 10 }),
  ];
  assert.notDeepEqual(a.subarray(20), b.subarray(20));
});

Deno.test("unseal: a wrong password, a changed octet anywhere, a cut, noise: one clear line each", async () => {
  const archive = await seal(octets("secret"), { password, random, power: 10 });
  await assert.rejects(
    unseal(archive, { password: "wrong pony", what }),
    /^BackupError: Cannot open b\.postern: the password is another one$/,
  );
  // The first letters name the kind, three octets the costs, then salt and check belong to the password, the rest to the content.
  for (let at = 0; at < archive.length; at += at < 20 ? 3 : 19) {
    const changed = archive.slice();
    changed[at] ^= 1;
    await assert.rejects(
      unseal(changed, { password, what }),
      /^BackupError: Cannot open b\.postern: [^\n]+$/,
      `octet ${at}`,
    );
  }
  for (const length of [0, 5, 17, 20, 60, 79, archive.length - 1]) {
    await assert.rejects(
      unseal(archive.slice(0, length), { password, what }),
      /^BackupError: Cannot open b\.postern: /,
    );
  }
  const noise = random.bytes(10_000);
  await assert.rejects(unseal(noise, { password, what }), /it is no archive of saveconfig/);
  const newer = joined([octets("POSTERN-BACKUP 2\n"), archive.subarray(17)]);
  await assert.rejects(unseal(newer, { password, what }), /made by a newer release/);
});

Deno.test("attack: an archive that asks for all memory is refused before any is spent", async () => {
  const archive = await seal(octets("x"), { password, random, power: 10 });
  for (const [power, blockSize, parallelization] of [[31, 8, 1], [20, 255, 1], [16, 8, 200], [0, 8, 1], [16, 0, 1]]) {
    const costly = archive.slice();
    costly.set([power, blockSize, parallelization], 17);
    const began = performance.now();
    await assert.rejects(unseal(costly, { password, what }), /it was changed since it was made/);
    assert.ok(performance.now() - began < 5_000);
  }
});

Deno.test("attack: an archive that unpacks to gigabytes is refused", async () => {
  const archive = await seal(new Uint8Array(68_000_000), { password, random, power: 10 });
  assert.ok(archive.length < 200_000);
  await assert.rejects(unseal(archive, { password, what }), /it holds more than 67108864 octets/);
});

Deno.test("seal: an empty password is refused", async () => {
  await assert.rejects(
    seal(octets("x"), { password: "", random }),
    /Cannot protect the archive: the password is empty/,
  );
});

const folders = { config: "/etc/postern", storage: "/var/lib/postern" };

function backupOf(files: Partial<Backup["files"][number]>[], config = "version: 1\n"): Backup {
  const whole = files.map((file) => ({
    base: "config" as const,
    path: "a",
    mode: 0o600,
    content: octets("x"),
    ...file,
  }));
  return { made: 1, hostname: "gw", folders, config, files: whole };
}

Deno.test("decodeBackup: what was encoded is read; no mode gives others a right to write or keys away", () => {
  const backup = backupOf([{ path: "tls/a.crt", mode: 0o777 }, {
    base: "storage",
    path: "certificates/b.key",
    mode: 0o400,
  }]);
  const read = decodeBackup(encodeBackup(backup), what);
  assert.deepEqual(read.files.map(({ path, mode }) => [path, mode.toString(8)]), [["tls/a.crt", "644"], [
    "certificates/b.key",
    "600",
  ]]);
});

Deno.test("attack: a path that leaves its folder is refused, whatever it looks like", () => {
  const bad: Partial<Backup["files"][number]>[] = [
    { path: "../x" },
    { path: "a/../../x" },
    { path: "/etc/passwd" },
    { path: "" },
    { path: "a//b" },
    { path: "./a" },
    { path: "a/." },
    { path: "a\\..\\b" },
    { path: "a\0b" },
    { path: "a\nb" },
    { base: "storage", path: "queue/queue.db" },
    { base: "storage", path: "certificates" },
    { base: "storage", path: "certificates/../lock" },
    { base: "outside", path: "etc/x" },
    { base: "outside", path: "/etc/../x" },
    { base: "elsewhere" as "config" },
  ];
  for (const file of bad) {
    assert.throws(
      () => decodeBackup(encodeBackup(backupOf([file])), what),
      /^BackupError: Cannot use b\.postern: [^\n]+$/,
      JSON.stringify(file),
    );
  }
  assert.throws(() => decodeBackup(encodeBackup(backupOf([{}, {}])), what), /is there twice/);
  for (
    const content of [
      "",
      "{}",
      "[]",
      "null",
      '{"version":2}',
      '{"version":1,"files":{}}',
      '{"version":1,"made":1,"hostname":"x","folders":{"config":"/","storage":"/"},"config":"","files":[null]}',
    ]
  ) {
    assert.throws(() => decodeBackup(octets(content), what), /^BackupError: Cannot use/);
  }
});

interface Tree extends AsyncDisposable {
  root: string;
  put(path: string, text: string): void;
  text(path: string): string;
}

async function tree(): Promise<Tree> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  return {
    root,
    put(path, text) {
      Deno.mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(`${root}/${path}`, text);
    },
    text: (path) => Deno.readTextFileSync(`${root}/${path}`),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

Deno.test("planFiles: adds, replaces, leaves what is the same; what is outside or a link is kept unless it is wanted", async () => {
  await using at = await tree();
  at.put("etc/same", "x");
  at.put("etc/other", "old");
  at.put("out/there", "old");
  at.put("secret", "old");
  Deno.symlinkSync(`${at.root}/secret`, `${at.root}/etc/link`);
  Deno.mkdirSync(`${at.root}/elsewhere`);
  Deno.symlinkSync(`${at.root}/elsewhere`, `${at.root}/etc/folder`);
  const backup = backupOf([
    ...["same", "other", "new/file", "link", "folder/x"].map((path) => ({ path })),
    { base: "outside", path: `${at.root}/out/there` },
    { base: "outside", path: `${at.root}/out/missing` },
  ]);
  const wish = {
    folders: { config: `${at.root}/etc`, storage: `${at.root}/data` },
    file: `${at.root}/etc/config.yaml`,
  };
  const deeds = (outside: boolean) =>
    planFiles(backup, { ...wish, outside }).plan.map(({ path, deed }) => `${deed} ${path.slice(at.root.length)}`);
  const kept = ["same /etc/same", "replaced /etc/other", "added /etc/new/file", "kept /etc/link", "kept /etc/folder/x"];
  assert.deepEqual(deeds(false), [...kept, "kept /out/there", "missing /out/missing"]);
  assert.deepEqual(deeds(true), [...kept, "replaced /out/there", "added /out/missing"]);
  assert.throws(() => planFiles(backupOf([{ path: "config.yaml" }]), { ...wish, outside: false }), /twice/);
});

Deno.test("relocations: the storage stays where it is here, and paths into the old one lead into it", () => {
  const config = [
    "version: 1",
    "storage: { directory: /var/lib/postern }",
    "certificates:",
    "  a: { certificate: /var/lib/postern/certificates/a.crt, key: /var/lib/postern/certificates/a.key }",
    "  b: { certificate: tls/b.crt, key: /etc/ssl/b.key }",
    'certificate_authorities: { crls: ["http://crl.example/x.crl"] }',
    "",
  ].join("\n");
  const changes = relocations(backupOf([], config), {
    folders: { config: "/home/me", storage: "/home/me/data" },
    storageSaid: undefined,
  });
  assert.deepEqual(changes, [
    { path: ["storage", "directory"], value: undefined },
    { path: ["certificates", "a", "certificate"], value: "/home/me/data/certificates/a.crt" },
    { path: ["certificates", "a", "key"], value: "/home/me/data/certificates/a.key" },
  ]);
  assert.deepEqual(relocations(backupOf([], config), { folders, storageSaid: "/var/lib/postern" }), []);
});

Deno.test("placeFiles: undone, everything is as it was, folders and modes included", async () => {
  await using at = await tree();
  at.put("data/x", "");
  at.put("etc/old", "old");
  Deno.chmodSync(`${at.root}/etc/old`, 0o640);
  const file = `${at.root}/etc/config.yaml`;
  const files = [
    { path: `${at.root}/etc/old`, content: octets("new"), mode: 0o600 },
    { path: `${at.root}/etc/a/b/new`, content: octets("new"), mode: 0o644 },
  ];
  const placed = placeFiles(`${at.root}/data`, { files, file, after: "after" });
  assert.deepEqual([at.text("etc/old"), at.text("etc/a/b/new")], ["new", "new"]);
  const modeOf = (path: string) => Deno.statSync(`${at.root}/${path}`).mode! & 0o777;
  assert.deepEqual([modeOf("etc/old"), modeOf("etc/a/b/new"), modeOf("data/restore.json")], [0o640, 0o644, 0o600]);
  placed.undo();
  assert.equal(at.text("etc/old"), "old");
  assert.equal(modeOf("etc/old"), 0o640);
  assert.deepEqual([...Deno.readDirSync(`${at.root}/etc`)].map(({ name }) => name), ["old"]);
  assert.deepEqual([...Deno.readDirSync(`${at.root}/data`)].map(({ name }) => name), ["x"]);
});

Deno.test("recoverFiles: after a crash files go back, unless the configuration was written already", async () => {
  for (const [config, left] of [["before", "old"], ["after", "new"]]) {
    await using at = await tree();
    at.put("data/x", "");
    at.put("etc/old", "old");
    at.put("etc/config.yaml", config);
    const files = [{ path: `${at.root}/etc/old`, content: octets("new"), mode: 0o600 }];
    placeFiles(`${at.root}/data`, { files, file: `${at.root}/etc/config.yaml`, after: "after" });
    recoverFiles(`${at.root}/data`);
    recoverFiles(`${at.root}/data`);
    assert.equal(at.text("etc/old"), left);
  }
});

Deno.test("placeFiles: a disk that refuses halfway leaves everything as it was", async () => {
  await using at = await tree();
  at.put("data/x", "");
  at.put("etc/old", "old");
  at.put("etc/blocked.restored/inside", "");
  const files: { path: string; content: Octets; mode: number }[] = [
    { path: `${at.root}/etc/old`, content: octets("new"), mode: 0o600 },
    { path: `${at.root}/etc/blocked`, content: octets("new"), mode: 0o600 },
  ];
  assert.throws(() => placeFiles(`${at.root}/data`, { files, file: `${at.root}/etc/config.yaml`, after: "" }));
  assert.equal(at.text("etc/old"), "old");
});
