import assert from "node:assert/strict";
import { type Apply, recoverSwap, type Swap, swapFiles, type SwapHands, swapHands } from "../../src/certs/swap.ts";

class PowerCut extends Error {}

/** Hands that do `steps` steps and no more, as a process that is killed. */
function cutAfter(steps: number): SwapHands & { step(work: () => Promise<void>): Promise<void> } {
  let done = 0;
  const step = async (work: () => Promise<void>) => {
    if (done === steps) throw new PowerCut();
    done++;
    await work();
  };
  return {
    step,
    alone: <T>(work: (apply: Apply) => Promise<T>) => work(() => Promise.resolve([])),
    write: (path: string, content: string) => step(() => swapHands.write(path, content)),
    remove: (path: string) => step(() => swapHands.remove(path)),
  };
}

const old = { "a.key": "old key", "a.crt": "old crt", "a.chain.crt": "old chain" };
const entry = { certificate: "certificates/a.crt", key: "certificates/a.key" };
const config = (certificates: Record<string, unknown>) => JSON.stringify({ version: 1, certificates, listeners: {} });

interface Scene {
  name: string;
  before: { files: Record<string, string>; config: string };
  after: { files: Record<string, string>; config: string };
  first: Swap["first"];
  settle?: Pick<NonNullable<Swap["settle"]>, "profile" | "value" | "last">;
}

const scenes: Scene[] = [
  {
    name: "key, certificate and chain of a profile in service",
    before: { files: old, config: config({ a: entry }) },
    after: { files: { "a.key": "new key", "a.crt": "new crt" }, config: config({ a: entry }) },
    first: { "a.key": "new key", "a.crt": "new crt", "a.chain.crt": null },
  },
  {
    name: "a new profile",
    before: { files: {}, config: config({}) },
    after: { files: { "a.key": "key", "a.crt": "crt" }, config: config({ a: entry }) },
    first: { "a.key": "key", "a.crt": "crt", "a.chain.crt": null },
    settle: { profile: "a", value: entry, last: {} },
  },
  {
    name: "another certificate with intermediates, which the configuration has to name",
    before: { files: { "a.key": "key", "a.crt": "old" }, config: config({ a: entry }) },
    after: {
      files: { "a.key": "key", "a.crt": "new", "a.chain.crt": "chain" },
      config: config({ a: { ...entry, intermediates: "x" } }),
    },
    first: { "a.crt": "new", "a.chain.crt": "chain" },
    settle: { profile: "a", value: { ...entry, intermediates: "x" }, last: {} },
  },
  {
    name: "another name",
    before: { files: old, config: config({ a: entry }) },
    after: { files: { "b.key": "old key", "b.crt": "old crt" }, config: config({ b: { certificate: "b" } }) },
    first: { "b.key": "old key", "b.crt": "old crt" },
    settle: {
      profile: "b",
      value: { certificate: "b" },
      last: { "a.key": null, "a.crt": null, "a.chain.crt": null },
    },
  },
  {
    name: "a profile that goes",
    before: { files: old, config: config({ a: entry }) },
    after: { files: {}, config: config({}) },
    first: {},
    settle: { profile: "a", last: { "a.key": null, "a.crt": null, "a.chain.crt": null } },
  },
];

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "postern-swap-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function contents(folder: string): Record<string, string> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name !== "config.yaml").sort();
  return Object.fromEntries(names.map((name) => [name, Deno.readTextFileSync(`${folder}/${name}`)]));
}

async function lay(folder: string, { before }: Scene): Promise<void> {
  for (const [name, text] of Object.entries(before.files)) await Deno.writeTextFile(`${folder}/${name}`, text);
  await Deno.writeTextFile(`${folder}/config.yaml`, before.config);
}

function swapOf(folder: string, { first, settle, after }: Scene, commits = () => Promise.resolve()): Swap {
  if (settle === undefined) return { first };
  const commit = async () => {
    await commits();
    await Deno.writeTextFile(`${folder}/config.yaml`, after.config);
  };
  return { first, settle: { ...settle, commit } };
}

const sorted = (files: Record<string, string>) => Object.fromEntries(Object.entries(files).sort());

for (const scene of scenes) {
  Deno.test(`swapFiles changes ${scene.name}, and leaves old or new wherever it is cut off`, async () => {
    const seen = new Set<string>();
    for (let steps = 0;; steps++) {
      let whole = false;
      await withFolder(async (folder) => {
        await lay(folder, scene);
        const hands = cutAfter(steps);
        try {
          await swapFiles(folder, { swap: swapOf(folder, scene, () => hands.step(() => Promise.resolve())), hands });
          whole = true;
        } catch (thrown) {
          assert.ok(thrown instanceof PowerCut);
        }
        const recovered = await recoverSwap(folder, { file: `${folder}/config.yaml` });
        const now = { files: contents(folder), config: await Deno.readTextFile(`${folder}/config.yaml`) };
        const is = (state: Scene["before"]) =>
          now.config === state.config && JSON.stringify(now.files) === JSON.stringify(sorted(state.files));
        assert.ok(is(scene.before) || is(scene.after), `cut after ${steps}: ${JSON.stringify(now)}`);
        if (whole) assert.ok(is(scene.after));
        seen.add(recovered);
        assert.equal(await recoverSwap(folder, { file: `${folder}/config.yaml` }), "nothing");
      });
      if (whole) break;
    }
    assert.ok(seen.has("finished"), [...seen].join());
    assert.equal(seen.has("undone"), scene.settle !== undefined);
  });
}

Deno.test("swapFiles puts everything back where the configuration is refused", async () => {
  for (const scene of scenes.filter(({ settle }) => settle !== undefined)) {
    await withFolder(async (folder) => {
      await lay(folder, scene);
      const refused = swapOf(folder, scene, () => Promise.reject(new Error("refused")));
      await assert.rejects(swapFiles(folder, { swap: refused }), { message: "refused" });
      assert.deepEqual(contents(folder), sorted(scene.before.files), scene.name);
    });
  }
});

Deno.test("swapFiles writes for the owner alone, and a journal that leaves the folder is not obeyed", async () => {
  await withFolder(async (folder) => {
    await swapFiles(folder, { swap: { first: { "a.key": "key" } } });
    assert.equal((await Deno.stat(`${folder}/a.key`)).mode! & 0o777, 0o600);
    const file = `${folder}/config.yaml`;
    await Deno.writeTextFile(file, "version: 1\n");
    for (const journal of ["{", "null", JSON.stringify({ first: { "../x": "" }, back: {} })]) {
      await Deno.writeTextFile(`${folder}/.swap`, journal);
      await assert.rejects(recoverSwap(folder, { file }), {
        name: "CertificateFileError",
        message: /^Cannot end what .*\.swap began: it is not what was written there \([^\n]+\)$/,
      });
    }
  });
});
