/**
 * The servers under test: each is a JSON file and a start script in `targets/`.
 *
 * A server runs in a group of its own (CPU, memory), in a mount namespace of its own where /etc/resolv.conf names a resolver
 * that does not exist, so that no look-up leaves the machine, and with hardly any environment.
 *
 * @module
 */
import { type Group, newGroup } from "./processes.ts";
import type { Scenario } from "./scenarios.ts";
import { here } from "./tool.ts";

/** A file of `targets/`. README.md says what each key means. */
export interface Target {
  name: string;
  addr: string;
  start?: string;
  dir: string;
  /** The generator is wired to the sink: what the harness itself can do. */
  direct?: boolean;
  starttls?: boolean;
  env?: Record<string, string>;
  overrides?: Record<string, Partial<{ sessions: number; messages: number }>>;
}

/** Reads `targets/NAME.json`. Loopback addresses only. */
export function readTarget(name: string): Target {
  const target: Target = JSON.parse(Deno.readTextFileSync(`${here}targets/${name}.json`));
  if (!/^127\./.test(target.addr)) throw new Error(`Cannot load ${target.name}: ${target.addr} is not on loopback`);
  return target;
}

/** A server that runs. */
export interface Server extends AsyncDisposable {
  /** Null for the generator wired to the sink. */
  group: Group | null;
}

/** Starts a server and waits for its greeting. */
export async function startServer(target: Target, scenario: Scenario, sinkPort: number): Promise<Server> {
  if (target.direct) return { group: null, async [Symbol.asyncDispose]() {} };
  const port = Number(target.addr.split(":")[1]);
  if (await greets(port)) throw new Error(`Cannot start ${target.name}: port ${port} is taken`);
  const group = newGroup();
  const certificate = `${here}certs/${scenario.certificate ?? "ecdsa"}`;
  Deno.mkdirSync(target.dir, { recursive: true });
  const child = new Deno.Command("unshare", {
    args: [
      "--mount",
      "/bin/bash",
      "-c",
      `${group.joinCommand}; mount --bind resolv.conf /etc/resolv.conf; exec >> ../results/${target.name}.log 2>&1; ${target.start}`,
    ],
    cwd: `${here}targets`,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: Deno.env.get("HOME") ?? "/root",
      LANG: "C.UTF-8",
      BENCH_PORT: `${port}`,
      BENCH_SINK_PORT: `${sinkPort}`,
      BENCH_TLS: scenario.tls ? "1" : "0",
      BENCH_CERT: `${certificate}.crt`,
      BENCH_KEY: `${certificate}.key`,
      BENCH_DIR: target.dir,
      ...target.env,
    },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const server: Server = { group, [Symbol.asyncDispose]: () => stop(child, group) };
  let ended = false;
  child.status.then(() => ended = true);
  for (let tries = 0; tries < 150; tries++) {
    if (await greets(port)) return server;
    if (ended && group.pids().length === 0) break;
    await pause(200);
  }
  await server[Symbol.asyncDispose]();
  throw new Error(`Cannot start ${target.name}: no greeting on ${target.addr}; see results/${target.name}.log`);
}

/** Ends the processes of the group and of nothing else: politely, then not. */
async function stop(child: Deno.ChildProcess, group: Group): Promise<void> {
  signal(child.pid, "SIGTERM");
  const gone = async (ms: number) => {
    for (let waited = 0; waited < ms && group.pids().length > 0; waited += 100) await pause(100);
    return group.pids().length === 0;
  };
  for (const last of ["SIGTERM", "SIGKILL", "SIGKILL"] as const) {
    if (await gone(3000)) break;
    for (const pid of group.pids()) signal(pid, last);
  }
  await gone(1000);
  await child.status;
  await pause(100); // the kernel lets go of the last process a moment after it ended
  group[Symbol.dispose]();
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound) && !(thrown instanceof TypeError)) throw thrown;
  }
}

/** Does an SMTP server greet on this port? */
async function greets(port: number): Promise<boolean> {
  try {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const timer = setTimeout(() => conn.close(), 1000);
    try {
      const bytes = new Uint8Array(512);
      const count = await conn.read(bytes);
      await conn.write(new TextEncoder().encode("QUIT\r\n"));
      await conn.read(new Uint8Array(512));
      return count !== null && new TextDecoder().decode(bytes).startsWith("220");
    } finally {
      clearTimeout(timer);
    }
  } catch {
    return false; // refused, or silent for a second
  }
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
