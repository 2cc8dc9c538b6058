/**
 * What goes over the control socket: one line of JSON asks, lines of JSON answer, and then the connection ends.
 *
 *     → {"command":"queue list","args":{"domain":"example.test","limit":"20"}}
 *     ← {"item":{…}}            a result; none, one, or one page after the other
 *     ← {"warning":"…"}         for standard error
 *     ← {}                      still at work
 *     ← {"end":true}            everything was done       or
 *     ← {"error":"Cannot …"}    it was not
 *
 * Values of `args` are the words of the command line as they stood there: the gateway reads and judges them, so that a program that
 * talks to the socket by itself gets the same errors.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Octets, octets, textOf } from "../base/octets.ts";

/** The words behind a command: options by name, `true` for one without a value; operands under their own name. */
export type CommandArgs = Readonly<Record<string, string | readonly string[] | true>>;

/** What is asked. */
export interface ControlRequest {
  command: string;
  args: CommandArgs;
}

/** A line of an answer. */
export interface ControlAnswer {
  item?: unknown;
  warning?: string;
  end?: true;
  error?: string;
}

/** A line, with its line end. */
export function encodeLine(value: ControlRequest | ControlAnswer): Octets {
  return octets(JSON.stringify(value) + "\n");
}

/** Reads a request. Throws a clear line for anything else. */
export function readRequest(line: string): ControlRequest {
  const fault = new Error("Cannot read the request: it is no command with its arguments");
  let value: Partial<ControlRequest> | null;
  try {
    value = JSON.parse(line);
  } catch {
    throw fault;
  }
  if (typeof value !== "object" || value === null || typeof value.command !== "string") throw fault;
  const { command, args = {} } = value;
  if (typeof args !== "object" || args === null) throw fault;
  const isArgument = (each: unknown) =>
    each === true || typeof each === "string" ||
    Array.isArray(each) && each.every((word) => typeof word === "string");
  if (!Object.values(args).every(isArgument)) throw fault;
  return { command, args };
}

/** Lines out of a stream, of at most so many octets each. */
export async function* linesOf(
  stream: { read(into: Octets): Promise<number | null> },
  octetsMax: number,
): AsyncGenerator<string> {
  let held: Octets = new Uint8Array(0);
  const into = new Uint8Array(limits.chunkOctets);
  for (;;) {
    const count = await stream.read(into);
    if (count === null) {
      if (held.length > 0) throw new Error("Cannot read a line: the connection ended within it");
      return;
    }
    const bytes = new Uint8Array(held.length + count);
    bytes.set(held);
    bytes.set(into.subarray(0, count), held.length);
    let from = 0;
    for (let at = bytes.indexOf(10, held.length); at >= 0; at = bytes.indexOf(10, from)) {
      yield textOf(bytes.subarray(from, at));
      from = at + 1;
    }
    held = bytes.slice(from);
    if (held.length > octetsMax) throw new Error(`Cannot read a line: it has more than ${octetsMax} octets`);
  }
}
