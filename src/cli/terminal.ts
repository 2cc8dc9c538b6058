/**
 * The terminal, or whatever stands in its place.
 *
 * Lines are written at once and whole. Where nobody reads standard output any more (`postern queue list | head`) it throws
 * {@linkcode Deno.errors.BrokenPipe}, and `main.ts` ends the command.
 *
 * @module
 */
import { type Octets, octets } from "../base/octets.ts";
import type { Terminal } from "./call.ts";

/** Standard output and standard error. */
export const terminal: Terminal = {
  out: (line) => writeAll(Deno.stdout, octets(`${line}\n`)),
  err: (line) => writeAll(Deno.stderr, octets(`${line}\n`)),
};

/** Octets to standard output, which must be no terminal: they may be control characters to it. */
export function writeOctets(content: Octets): void {
  if (Deno.stdout.isTerminal()) throw new Error("Cannot write to the terminal: what is written is no text; > FILE");
  writeAll(Deno.stdout, content);
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, bytes: Octets): void {
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}

/** Reads lines from standard input; the prompt is shown to a person only. */
export function lineReader(): (prompt: string) => Promise<string | null> {
  const person = Deno.stdin.isTerminal();
  const lines = linesOf(Deno.stdin.readable);
  return async (prompt) => {
    if (person) writeAll(Deno.stdout, octets(prompt));
    const { value, done } = await lines.next();
    return done ? null : value;
  };
}

/** Asks a person, and takes `y` or `yes` for yes. */
export async function askPerson(question: string, read: () => Promise<string | null>): Promise<boolean> {
  writeAll(Deno.stderr, octets(`${question} [y/N] `));
  return /^y(es)?$/i.test((await read())?.trim() ?? "");
}

/** Lines of a stream, without their ends; the last may have none. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of stream) {
    const lines = (held + decoder.decode(chunk, { stream: true })).split("\n");
    held = lines.pop()!;
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  if (held !== "") yield held;
}
