/** Files that change in every way that editors, package managers and Kubernetes know. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { type FileWatch, watchFiles } from "../../src/config/watch.ts";

/** A folder that is watched, and what was told. */
class Watched implements AsyncDisposable {
  readonly folder: string;
  readonly told: { files: string[]; at: number }[] = [];
  watch!: FileWatch;
  #waiting: (() => void) | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(prepare: (folder: string) => Promise<string[]>): Promise<Watched> {
    const watched = new Watched(await Deno.makeTempDir());
    const files = await prepare(watched.folder);
    watched.watch = await watchFiles({
      files,
      clock: systemClock,
      onChange: (changed) => {
        watched.told.push({ files: changed, at: performance.now() });
        watched.#waiting?.();
      },
    });
    return watched;
  }

  /** Waits for the next telling; how many milliseconds after the call it came. */
  async next(): Promise<{ files: string[]; ms: number }> {
    const from = performance.now();
    const count = this.told.length;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting = resolve;
    const timer = setTimeout(() => reject(new Error("nobody was told within 30 s")), 30_000);
    await promise.finally(() => clearTimeout(timer));
    return {
      files: this.told[count].files.map((file) => file.replace(`${this.folder}/`, "")),
      ms: this.told[count].at - from,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const one = async (folder: string) => {
  await Deno.writeTextFile(`${folder}/config.yaml`, "version: 1\n");
  return [`${folder}/config.yaml`];
};

/** A second is promised; the rest is for a machine that other tests keep busy. */
const toldMs = 5_000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("watchFiles: a write in place is told within 1 s", async () => {
  await using watched = await Watched.start(one);
  await Deno.writeTextFile(`${watched.folder}/config.yaml`, "version: 1\n# changed\n");
  const { files, ms } = await watched.next();
  assert.deepEqual(files, ["config.yaml"]);
  assert.ok(ms < toldMs, `${ms} ms`);
});

Deno.test("watchFiles: an atomic rename is told, and the file that came with it is watched on", async () => {
  await using watched = await Watched.start(one);
  for (const text of ["first", "second", "third"]) {
    await Deno.writeTextFile(`${watched.folder}/new`, text);
    await Deno.rename(`${watched.folder}/new`, `${watched.folder}/config.yaml`);
    const { files, ms } = await watched.next();
    assert.deepEqual(files, ["config.yaml"]);
    assert.ok(ms < toldMs, `${ms} ms`);
  }
  assert.equal(watched.told.length, 3);
});

Deno.test("watchFiles: a link swapped in another folder is told, as Kubernetes does it", async () => {
  await using watched = await Watched.start(async (folder) => {
    await Deno.mkdir(`${folder}/etc`);
    for (const name of ["v1", "v2"]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/config.yaml`, `# ${name}\n`);
    }
    await Deno.symlink("v1", `${folder}/..data`);
    await Deno.symlink("../..data/config.yaml", `${folder}/etc/config.yaml`);
    return [`${folder}/etc/config.yaml`];
  });
  await Deno.symlink("v2", `${watched.folder}/..data_tmp`);
  await Deno.rename(`${watched.folder}/..data_tmp`, `${watched.folder}/..data`);
  const { files, ms } = await watched.next();
  assert.deepEqual(files, ["etc/config.yaml"]);
  assert.ok(ms < toldMs, `${ms} ms`);
});

Deno.test("watchFiles: many writes are told once, after the last", async () => {
  await using watched = await Watched.start(one);
  const telling = watched.next();
  // Pauses that a busy machine made long may each be taken for the end.
  let long = 0;
  for (let index = 0, last = performance.now(); index < 8; index++) {
    await Deno.writeTextFile(`${watched.folder}/config.yaml`, `# ${index}\n`, { append: true });
    await wait(30);
    if (performance.now() - last > 60) long++;
    last = performance.now();
  }
  await telling;
  await wait(800);
  assert.ok(watched.told.length <= 1 + long, `${watched.told.length} times, ${long} long pauses`);
});

Deno.test("watchFiles: touching a file, or writing it as it was, tells nobody", async () => {
  await using watched = await Watched.start(one);
  await Deno.utime(`${watched.folder}/config.yaml`, new Date(), new Date());
  await Deno.writeTextFile(`${watched.folder}/config.yaml`, "version: 1\n");
  await Deno.writeTextFile(`${watched.folder}/other`, "x");
  await wait(1200);
  assert.deepEqual(watched.told, []);
});

Deno.test("watchFiles: a file that is away for a moment is not missed; one that stays away is told, and so is its return", async () => {
  await using watched = await Watched.start(one);
  const path = `${watched.folder}/config.yaml`;
  const removed = performance.now();
  await Deno.remove(path);
  await wait(300);
  await Deno.writeTextFile(path, "version: 1\n");
  const away = performance.now() - removed;
  await wait(1000);
  // On a busy machine it may have been away for longer than a moment.
  assert.ok(watched.told.length === 0 || away > 700, "it came back as it was");

  await Deno.remove(path);
  assert.deepEqual((await watched.next()).files, ["config.yaml"]);
  await Deno.writeTextFile(path, "version: 1\n");
  assert.deepEqual((await watched.next()).files, ["config.yaml"]);
});

Deno.test("watchFiles: a file that never was is told when it appears, in a folder that never was", async () => {
  await using watched = await Watched.start((folder) => Promise.resolve([`${folder}/tls/mx1.crt`]));
  await Deno.mkdir(`${watched.folder}/tls`);
  await Deno.writeTextFile(`${watched.folder}/tls/mx1.crt`, "x");
  assert.deepEqual((await watched.next()).files, ["tls/mx1.crt"]);
});

Deno.test("watchFiles: replace drops files, adds files, and tells of one that changed since it was read", async () => {
  await using watched = await Watched.start(one);
  const path = `${watched.folder}/mx1.crt`;
  const began = Date.now();
  await wait(20);
  await Deno.writeTextFile(path, "new");
  await watched.watch.replace([path], began);
  assert.deepEqual((await watched.next()).files, ["mx1.crt"]);

  await Deno.writeTextFile(`${watched.folder}/config.yaml`, "not watched any more");
  await wait(800);
  assert.equal(watched.told.length, 1);
  await Deno.writeTextFile(path, "newer");
  assert.deepEqual((await watched.next()).files, ["mx1.crt"]);
});

Deno.test("watchFiles: a file that is replaced while the watch takes it in is told", async () => {
  await using watched = await Watched.start(() => Promise.resolve([]));
  const file = `${watched.folder}/config.yaml`;
  await Deno.writeTextFile(file, "as it was read");
  await wait(50);
  const since = Date.now();
  await wait(50);
  const { readFile } = Deno;
  // The moment between the look at the file's times and at its content.
  Deno.readFile = async (path, options) => {
    Deno.readFile = readFile;
    await Deno.writeTextFile(`${watched.folder}/new`, "another");
    await Deno.rename(`${watched.folder}/new`, file);
    return await readFile(path, options);
  };
  try {
    const told = watched.next();
    await watched.watch.replace([file], since);
    assert.deepEqual((await told).files, ["config.yaml"]);
  } finally {
    Deno.readFile = readFile;
  }
});

Deno.test("watchFiles: check looks at once", async () => {
  await using watched = await Watched.start(one);
  await Deno.writeTextFile(`${watched.folder}/config.yaml`, "changed");
  await watched.watch.check();
  assert.equal(watched.told.length, 1);
});

Deno.test("watchFiles: nobody is told while a change is being worked on", async () => {
  const folder = await Deno.makeTempDir();
  let working = 0;
  let together = 0;
  let told = 0;
  const done = Promise.withResolvers<void>();
  const files = await one(folder);
  const watch = await watchFiles({
    files,
    clock: systemClock,
    onChange: async () => {
      together = Math.max(together, ++working);
      if (told++ === 0) await Deno.writeTextFile(files[0], "second");
      await wait(900);
      working--;
      if (told === 2) done.resolve();
    },
  });
  await Deno.writeTextFile(files[0], "first");
  await done.promise;
  assert.equal(together, 1);
  await watch.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("watchFiles: a signal ends it", async () => {
  const folder = await Deno.makeTempDir();
  const end = new AbortController();
  const told: string[][] = [];
  const files = await one(folder);
  const watch = await watchFiles({
    files,
    clock: systemClock,
    signal: end.signal,
    onChange: (it) => void told.push(it),
  });
  end.abort();
  await Deno.writeTextFile(files[0], "changed");
  await wait(700);
  await watch.stop();
  assert.deepEqual(told, []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("watchFiles: what changes during a work is told behind it, and not at all where its reader has seen it", async () => {
  await using watched = await Watched.start(one);
  const path = `${watched.folder}/config.yaml`;
  const { promise: hold, resolve: end } = Promise.withResolvers<void>();
  const during = watched.watch.during(async () => {
    await Deno.writeTextFile(path, "seen\n");
    await watched.watch.seen();
    await hold;
  });
  const looked = watched.watch.check();
  end();
  await Promise.all([during, looked]);
  assert.deepEqual(watched.told, []);
  await watched.watch.during(() => Deno.writeTextFile(path, "not seen\n"));
  await watched.watch.check();
  assert.deepEqual(watched.told.map(({ files }) => files), [[path]]);
  await assert.rejects(watched.watch.during(() => Promise.reject(new Error("failed"))), /failed/);
  await Deno.writeTextFile(path, "after a work that failed\n");
  await watched.watch.check();
  assert.equal(watched.told.length, 2);
});
