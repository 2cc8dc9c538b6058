/**
 * The compiled binary, built once for a file of tests.
 *
 * @module
 */
import { runCommand } from "./peers.ts";

const repository = new URL("../../", import.meta.url).pathname;

/** A finished build. */
export interface Build {
  path: string;
  /** What compile.sh printed. */
  output: string;
}

let building: Promise<Build> | undefined;

/** Builds the binary by compile.sh, at the first call; its base binary is cut from an npm package. */
export function buildBinary(): Promise<Build> {
  return building ??= build();
}

async function build(): Promise<Build> {
  const base = Deno.env.get("DENORT_BIN") ||
    (await runCommand("bash", [`${repository}tests/tools/denort`])).stdout.trim();
  const folder = `${repository}dist/test`;
  const { code, stdout, stderr } = await runCommand("bash", [`${repository}compile.sh`, `${folder}/postern`], {
    env: { DENORT_BIN: base },
    ms: 300_000,
  });
  if (code !== 0) throw new Error(`Cannot build the binary: ${stdout}${stderr}`);
  return { path: `${folder}/postern`, output: stdout };
}
