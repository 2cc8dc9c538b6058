/**
 * The C programs of `tools/`: they are told things on standard input and answer with one JSON object a line.
 *
 * @module
 */
import { TextLineStream } from "./lines.ts";

/** This folder. */
export const here = new URL(".", import.meta.url).pathname;

/** One line of a tool. */
export type Answer = { event?: string } & Record<string, unknown>;

/** The answers of a tool, one after the other; `exited` resolves with its code. */
export interface Tool extends AsyncDisposable {
  answers: AsyncIterator<Answer>;
  say(line: string): Promise<void>;
  exited: Promise<number>;
}

/** Starts `tools/NAME`. */
export function startTool(name: string, args: readonly (string | number)[]): Tool {
  const child = new Deno.Command(`${here}tools/${name}`, {
    args: args.map(String),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const exited = child.status.then(({ code }) => code);
  let ended = false;
  exited.then(() => ended = true);
  return {
    answers: parsed(lines),
    say: (line) => writer.write(new TextEncoder().encode(line + "\n")),
    exited,
    async [Symbol.asyncDispose]() {
      await writer.close().catch(() => {}); // it ends at the end of its input …
      const timer = setTimeout(() => ended || child.kill("SIGKILL"), 3000); // … or is ended
      await exited;
      clearTimeout(timer);
    },
  };
}

async function* parsed(lines: ReadableStream<string>): AsyncGenerator<Answer> {
  for await (const line of lines) if (line !== "") yield JSON.parse(line);
}

/** What a probe prints. */
export function probe(name: string, args: readonly string[]): unknown {
  const { stdout } = new Deno.Command(`${here}tools/${name}`, { args: [...args], stderr: "inherit" }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout));
}
