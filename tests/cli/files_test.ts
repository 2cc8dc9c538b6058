import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { octets, textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { callCommand, type CallWorld } from "../../src/cli/call.ts";
import { callFiles, type FileUse } from "../../src/cli/files.ts";
import type { CliCommand } from "../../src/cli/command.ts";
import { systemClock } from "../../src/base/clock.ts";
import { Commands } from "../../src/control/commands.ts";
import { openControl } from "../../src/control/server.ts";
import type { CommandArgs } from "../../src/control/protocol.ts";
import { Lines } from "../queue/world.ts";

type World = Parameters<typeof callFiles>[1]["world"];

const uses: Record<string, FileUse> = { certificate: "read", chain: "read", secret: "secret", out: "save" };

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "postern-files-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Standard input with these octets. */
function input(bytes: Uint8Array): NonNullable<World["input"]> {
  let at = 0;
  return (into) => {
    const count = Math.min(into.length, bytes.length - at);
    into.set(bytes.subarray(at, at + count));
    at += count;
    return Promise.resolve(count === 0 ? null : count);
  };
}

const gather = (args: CommandArgs, world: Partial<World> = {}) =>
  callFiles(uses, { args, world: { random: seededRandom(1), ...world } });

Deno.test("callFiles sends what is in the files, and the first line of a password's", async () => {
  await inFolder(async (folder) => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => at * 7);
    await Deno.writeFile(`${folder}/a`, bytes);
    await Deno.writeTextFile(`${folder}/p`, "Grüße \r\nsecond line");
    const { sent, piped } = await gather({ certificate: [`${folder}/a`, "-"], secret: `${folder}/p`, name: "x" }, {
      input: input(octets("from a pipe")),
    });
    const text = (content: string) => textOf(Uint8Array.fromBase64(content));
    assert.equal(piped, false);
    assert.deepEqual(Object.keys(sent), ["certificate", "secret"]);
    assert.deepEqual(sent.certificate.map(({ name }) => name), [`${folder}/a`, "standard input"]);
    assert.deepEqual(Uint8Array.fromBase64(sent.certificate[0].content), bytes);
    assert.equal(text(sent.certificate[1].content), "from a pipe");
    assert.equal(text(sent.secret[0].content), "Grüße ");
    const asked = await gather({ secret: "-" }, { secret: () => Promise.resolve({ kind: "text", text: "typed" }) });
    assert.equal(text(asked.sent.secret[0].content), "typed");
  });
});

Deno.test("callFiles refuses what cannot be sent in one line that shows nothing of it", async () => {
  await inFolder(async (folder) => {
    const noise = new Uint8Array(20_000_000).fill(0xa5);
    await Deno.writeFile(`${folder}/noise`, noise);
    await Deno.writeFile(`${folder}/half`, noise.subarray(0, 9_000_000));
    await Deno.writeTextFile(`${folder}/empty`, "");
    const all = limits.controlFilesOctetsMax;
    const cases: [CommandArgs, string][] = [
      [{ certificate: `${folder}/noise` }, `Cannot read ${folder}/noise: it is larger than ${all} octets`],
      [
        { certificate: `${folder}/half`, chain: `${folder}/half` },
        `Cannot read ${folder}/half: it is larger than ${all} octets with what is read before it`,
      ],
      [{ certificate: `${folder}/none` }, `Cannot read ${folder}/none: no such file`],
      [{ certificate: folder }, `Cannot read ${folder}: it is a folder`],
      [{ certificate: "a\nb" }, "Cannot read a\\nb: no such file"],
      [{ secret: `${folder}/noise` }, `Cannot read the password in ${folder}/noise: it is too long`],
      [{ secret: `${folder}/empty` }, `Cannot read the password in ${folder}/empty: it is empty`],
      [{ secret: `${folder}/none` }, `Cannot read the password in ${folder}/none: no such file`],
      [{ certificate: "-", secret: "-" }, "Cannot read two files from standard input: - can stand once"],
      [{ secret: "-" }, "Cannot read the password in standard input: this shell reads it"],
      [{ certificate: "-" }, "Cannot read standard input: this shell reads it"],
    ];
    for (const [args, message] of cases) await assert.rejects(gather(args), { message });
    await assert.rejects(gather({ certificate: "-" }, { input: input(noise) }), {
      message: `Cannot read standard input: it is larger than ${all} octets`,
    });
  });
});

Deno.test("callFiles saves whole files for their owner alone, and over another one only by force", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/out.p12`;
    await (await gather({ out: path })).save("out", octets("one"));
    assert.equal(await Deno.readTextFile(path), "one");
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);

    const exists = { message: `Cannot write ${path}: it exists; --force replaces it` };
    await assert.rejects(gather({ out: path }), exists);
    const forced = await gather({ out: path, force: true });
    await Deno.chmod(path, 0o644);
    await forced.save("out", octets("two"));
    assert.equal(await Deno.readTextFile(path), "two");
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);

    // Somebody makes it between the look and the writing.
    await Deno.remove(path);
    const late = await gather({ out: path });
    await Deno.writeTextFile(path, "his");
    await assert.rejects(late.save("out", octets("three")), exists);
    assert.equal(await Deno.readTextFile(path), "his");

    await assert.rejects(gather({ out: folder }), { message: `Cannot write ${folder}: it is a folder` });
    // Said before the work is done, not behind a line that says it was.
    await assert.rejects(gather({ out: `${folder}/none/out` }), {
      message: `Cannot write ${folder}/none/out: there is no such folder`,
    });
    assert.deepEqual(namesIn(folder), ["out.p12"]);
  });
});

Deno.test("a command's files travel to the gateway and back, and nothing but results is printed", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/data/run`, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(`${folder}/config.yaml`, "version: 1\n");
    const commands = new Commands();
    commands.add({
      name: "turn",
      run(args, { save, warn }) {
        const { name, content } = args.neededFile("certificate");
        assert.equal(args.password("secret"), "pass word");
        warn("it is turned");
        save("out", content.toReversed());
        return { name, octets: content.length };
      },
    });
    const [directory, log] = [`${folder}/data`, new Lines()];
    const control = openControl({ directory, run: `${directory}/run`, commands, clock: systemClock, log });
    const turn: CliCommand = {
      name: "turn",
      usage: "",
      summary: "",
      options: { certificate: "value", secret: "value", out: "value", force: "flag" },
      files: uses,
      view: ({ name, octets }) => `${name} ${octets}`,
    };
    try {
      const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 251);
      await Deno.writeFile(`${folder}/in`, bytes);
      await Deno.writeTextFile(`${folder}/p`, "pass word\n");
      const run = async (out: string) => {
        const result = { code: 0, out: [] as string[], err: [] as string[], octets: [] as Uint8Array[] };
        result.code = await callCommand(
          { name: "turn", args: { certificate: `${folder}/in`, secret: `${folder}/p`, out }, json: false },
          {
            commands: [turn],
            file: `${folder}/config.yaml`,
            clock: systemClock,
            random: seededRandom(2),
            out: (line) => void result.out.push(line),
            err: (line) => void result.err.push(line),
            output: (content) => void result.octets.push(content),
          } as Partial<CallWorld> as CallWorld,
        );
        return result;
      };
      const line = `${folder}/in 3000000`;
      assert.deepEqual(await run(`${folder}/out`), { code: 0, out: [line], err: ["it is turned"], octets: [] });
      assert.deepEqual(await Deno.readFile(`${folder}/out`), bytes.toReversed());
      assert.deepEqual(await run("-"), { code: 0, out: [], err: ["it is turned", line], octets: [bytes.toReversed()] });
      const again = await run(`${folder}/out`);
      assert.deepEqual([again.code, again.out], [1, []]);
      assert.deepEqual(again.err, [`Cannot write ${folder}/out: it exists; --force replaces it`]);
      const none = await run(`${folder}/none/out`);
      assert.deepEqual([none.code, none.out], [1, []]);
      assert.deepEqual(none.err, [`Cannot write ${folder}/none/out: there is no such folder`]);
      assert.doesNotMatch(JSON.stringify(log), /pass word/);
    } finally {
      await control.close();
    }
  });
});
