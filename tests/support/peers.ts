/**
 * Real peers from Debian: OpenSSL's command, swaks, Postfix.
 *
 * `tests/setup.sh` installs them. Where one is missing its tests are skipped by name on a laptop, and fail in CI, where
 * a peer that is quietly absent would make the evidence vanish.
 *
 * @module
 */

const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"];

/** The path of a command, null where there is none. */
export function peerPath(name: string): string | null {
  for (const folder of folders) {
    try {
      if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
    } catch {
      // not in this folder
    }
  }
  return null;
}

/** The path of a command that a test cannot do without. */
export function needPeer(name: string): string {
  const path = peerPath(name);
  if (path === null) throw new Error(`Cannot test with ${name}: it is not installed; run tests/setup.sh`);
  return path;
}

/** A test that needs peers. Missing ones: a stated skip on a laptop, a failure in CI. */
export function peerTest(peers: readonly string[], name: string, run: (t: Deno.TestContext) => Promise<void>): void {
  const missing = peers.filter((peer) => peerPath(peer) === null);
  const skipped = missing.length > 0 && Deno.env.get("CI") === undefined;
  Deno.test({
    name: skipped ? `${name} (skipped: ${missing.join(", ")} missing; run tests/setup.sh)` : name,
    ignore: skipped,
    fn: async (t) => {
      for (const peer of peers) needPeer(peer);
      await run(t);
    },
  });
}

/** How a command ended. */
export interface CommandEnd {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end, `ms` at the most (60 s), with `input` on its standard input. */
export async function runCommand(
  name: string,
  args: readonly string[],
  { input = "", ms = 60_000, env = {} }: { input?: string; ms?: number; env?: Record<string, string> } = {},
): Promise<CommandEnd> {
  const child = new Deno.Command(needPeer(name), {
    args: [...args],
    env: { LC_ALL: "C", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, ms);
  const writer = child.stdin.getWriter();
  // A command that ends before it has read everything closes the pipe; how it ended is what counts.
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  const end = { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  if (late) throw new Error(`Cannot wait for ${name}: it ran longer than ${ms} ms\n${end.stdout}\n${end.stderr}`);
  return end;
}
