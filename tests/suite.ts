/**
 * All tests, in two streams.
 *
 * A minute for each fuzzer is twelve minutes in which a core computes; the other tests wait for timers, disks and peers half of the time, and what is left
 * of two cores is enough for both. So the fuzzers get a process of their own that gives way to the others (`nice`), and the rest runs beside them folder by
 * folder, those first that start gateways and wait. When the fuzzers are done, their stream takes folders from the other end, where tests compute and
 * no clock but their own counts, until the streams meet.
 *
 * Types are not checked here: `deno task test` has done so for all of main.ts, src and tests at once.
 *
 * What the second stream prints is held back until the first is between two folders. What failed is said again at the end.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const root = fileURLToPath(import.meta.resolve("./"));
const fuzzers = `${root}fuzz/fuzzers_test.ts`;

/** Folders that come first, those above all whose tests wait for gateways, servers and browsers. */
const waiting = [
  "gateway",
  "durability",
  "peers",
  "browser",
  "acme",
  "binary",
  "cli",
  "explain",
  "admin",
  "deliver",
  "queue",
];

const found = [...Deno.readDirSync(root)]
  .filter(({ name, isDirectory }) => isDirectory || name.endsWith("_test.ts"))
  .map(({ name }) => name)
  .sort();
const folders = [...waiting.filter((name) => found.includes(name)), ...found.filter((name) => !waiting.includes(name))];

/** How one run of tests ended, and all that it printed. */
interface Run {
  name: string;
  code: number;
  text: string;
}

const failed: Run[] = [];
const held: string[] = [];

function print(text: string): void {
  const octets = new TextEncoder().encode(text);
  for (let at = 0; at < octets.length;) at += Deno.stdout.writeSync(octets.subarray(at));
}

/** Runs the tests of a file or folder; what they print goes to `out` piece by piece, and is returned. */
async function run(name: string, { before = [], env, out }: {
  before?: string[];
  env?: Record<string, string>;
  out: (text: string) => void;
}): Promise<string> {
  const ignored = name.startsWith("fuzz/") ? [] : [`--ignore=${fuzzers}`];
  const test = [Deno.execPath(), "test", "-A", "--no-check", "--permit-no-files", ...ignored, root + name];
  const [program, ...args] = [...before, ...test];
  const child = new Deno.Command(program, { args, env, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)) {
      text += piece;
      out(piece);
    }
  };
  const [{ code }] = await Promise.all([child.status, read(child.stdout), read(child.stderr)]);
  if (code !== 0) failed.push({ name, code, text });
  return text;
}

async function front(): Promise<void> {
  for (let name = folders.shift(); name !== undefined; name = folders.shift()) {
    await run(name, { out: print });
    print(held.splice(0).join(""));
  }
}

async function back(): Promise<void> {
  const out = () => {};
  // Whoever gives way may stand still for a while and does not hang.
  const env = { POSTERN_FUZZ_AT_ONCE: "1", POSTERN_FUZZ_HUNG_SECONDS: "90" };
  held.push(await run("fuzz/fuzzers_test.ts", { before: ["nice", "-n", "10"], env, out }));
  for (let name = folders.pop(); name !== undefined; name = folders.pop()) held.push(await run(name, { out }));
}

await Promise.all([front(), back()]);
print(held.join(""));
for (const { name, code, text } of failed) {
  const errors = text.indexOf("\n ERRORS \n");
  print(
    `\ntests/${name} failed with exit code ${code}\n${
      text.slice(errors < 0 ? -5_000 : errors).replaceAll(/^(?=FAILED \|)/gm, "  ")
    }`,
  );
}
Deno.exit(failed.length === 0 ? 0 : 1);
