/**
 * Unbound as the name server of a test: a real recursive server with zones of its own.
 *
 * @module
 */
import { freePort, isListening, pause } from "./gateway_process.ts";
import { needPeer } from "./peers.ts";

/** A running server on loopback. */
export interface Unbound extends AsyncDisposable {
  port: number;
}

/** Starts it with lines of unbound.conf(5): `server` stand within `server:`, `clauses` behind it. */
export async function startUnbound(
  { server, clauses = [] }: { server: readonly string[]; clauses?: readonly string[] },
): Promise<Unbound> {
  const folder = await Deno.makeTempDir({ prefix: "unbound-" });
  const port = freePort();
  const lines = [
    `interface: 127.0.0.1@${port}`,
    "do-daemonize: no",
    "use-syslog: no",
    'logfile: ""',
    'username: ""',
    'chroot: ""',
    `directory: "${folder}"`,
    `pidfile: "${folder}/pid"`,
    'module-config: "iterator"',
    "do-not-query-localhost: no",
    ...server,
  ];
  const text = ["server:", ...lines, ...clauses, "remote-control:", "control-enable: no"].join("\n");
  await Deno.writeTextFile(`${folder}/unbound.conf`, `${text}\n`);
  const child = new Deno.Command(needPeer("unbound"), {
    args: ["-d", "-c", `${folder}/unbound.conf`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (let tries = 0; tries < 600 && !isListening(port); tries++) await pause(50);
  return {
    port,
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
