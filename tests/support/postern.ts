/**
 * `postern COMMAND` beside a gateway that runs, or has run.
 *
 * @module
 */
import type { GatewayProcess } from "./gateway_process.ts";

const main = new URL("../../main.ts", import.meta.url).pathname;

/** How a command is run. */
export interface PosternWish {
  /** What it reads. */
  input?: string;
  /** A compiled binary; absent: from source. */
  binary?: string;
}

/** What a command printed, and its exit code. */
export interface PosternResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command with the configuration of `gateway`, for a minute at most. */
export async function postern(
  gateway: Pick<GatewayProcess, "configPath">,
  ...rest: string[] | [PosternWish, ...string[]]
): Promise<PosternResult> {
  const [first, ...others] = rest;
  const { input = "", binary } = typeof first === "object" ? first : {};
  const words = typeof first === "string" ? [first, ...others as string[]] : others as string[];
  const [program, ...args] = binary === undefined ? [Deno.execPath(), "run", "-A", main] : [binary];
  const child = new Deno.Command(program, {
    args: [...args, ...words, "--config", gateway.configPath],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {}); // it may not want to read
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
