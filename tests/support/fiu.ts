/**
 * Calls of the C library that fail on demand: libfiu, preloaded into the gateway.
 *
 * SQLite inside Deno calls the C library by its dynamic symbols (`nm -D` lists `pwrite64`, `fsync`, `ftruncate64`, `open64`,
 * `unlink` as undefined), and so does Deno's own file code, so the preloaded library stands before both. Points of failure
 * count for the whole process: `write` is left alone here, since the runtime wakes its own threads with it.
 *
 * @module
 */
import { runCommand } from "./peers.ts";

const folder = "/usr/lib/fiu";

/** The environment of a process that can be told to fail; `pipes` is a path that its control pipes begin with. */
export function fiuEnvironment(pipes: string): Record<string, string> {
  return { LD_PRELOAD: `${folder}/fiu_run_preload.so ${folder}/fiu_posix_preload.so`, FIU_CTRL_FIFO: pipes };
}

/**
 * How long a start under libfiu may stand still. It locks up now and then: libfiu looks a function up (`dlsym`) while it holds a lock of its own, and
 * another thread that loads a library holds the loader's lock and allocates, for which it needs libfiu's.
 */
export const fiuStillMs = 8_000;

/** Gives a process that runs a command, such as `enable name=posix/io/sync/fsync,failinfo=5`. */
export async function fiuControl(command: string, { pipes, pid }: { pipes: string; pid: number }): Promise<void> {
  const { code, stderr } = await runCommand("fiu-ctrl", ["-f", pipes, "-c", command, String(pid)]);
  if (code !== 0) throw new Error(`Cannot tell process ${pid} to ${command}: ${stderr}`);
}
