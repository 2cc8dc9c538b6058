/**
 * What goes over the control socket: one line of JSON asks, lines of JSON answer, and then the connection ends.
 *
 *     → {"command":"queue list","args":{"domain":"example.test","limit":"20"}}
 *       "caller":{"name":"root","stages":false}                         who asks; changes of the configuration are written at once
 *       "files":{"certificate":[{"name":"mx1.crt","content":"…"}]}      what is in files that the caller may read, in base64
 *     ← {"item":{…}}            a result; none, one, or one page after the other
 *     ← {"file":{"option":"pkcs12","content":"…"}}      what is to be written to the file that the option names, by the caller
 *     ← {"warning":"…"}         for standard error
 *     ← {}                      still at work
 *     ← {"end":true}            everything was done       or
 *     ← {"error":"Cannot …"}    it was not
 *
 * Values of `args` are the words of the command line as they stood there: the gateway reads and judges them, so that a program that
 * talks to the socket by itself gets the same errors. The gateway never opens a file of the caller's and never writes one: it has other rights
 * than he has, and may have another folder.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { joined, type Octets, octets, textOf } from "../base/octets.ts";
import type { Told } from "../base/told.ts";

/** The words behind a command: options by name, `true` for one without a value; operands under their own name. */
export type CommandArgs = Readonly<Record<string, string | readonly string[] | true>>;

/** A file as it is sent: how the caller named it, for messages, and its octets in base64. */
export interface SentFile {
  name: string;
  content: string;
}

/** What is in the caller's files, by the option or operand that named them. */
export type SentFiles = Readonly<Record<string, readonly SentFile[]>>;

/** On whose behalf a command runs. Whoever may use the socket owns the gateway, so his word is taken. */
export interface Caller {
  /** As it stands in the history. */
  name: string;
  /** Changes of the configuration wait for `commit`; else they are written at once. */
  stages: boolean;
  /** He asks over the network: somebody at the admin page, or a program by its token. Absent: he has the machine. */
  from?: "page" | "program";
}

/** What is asked. */
export interface ControlRequest {
  command: string;
  args: CommandArgs;
  files?: SentFiles;
  caller?: Caller;
}

/** A line of an answer. */
export interface ControlAnswer {
  item?: unknown;
  warning?: string;
  /** Octets in base64 for the file that the caller named under `option`. */
  file?: { option: string; content: string };
  end?: true;
  error?: string;
  /** The error or the warning for readers of another language. */
  told?: Told;
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
  const { command, args = {}, files = {}, caller } = value;
  if (typeof args !== "object" || args === null || typeof files !== "object" || files === null) throw fault;
  const isArgument = (each: unknown) =>
    each === true || typeof each === "string" ||
    Array.isArray(each) && each.every((word) => typeof word === "string");
  if (!Object.values(args).every(isArgument)) throw fault;
  const isFile = (each: unknown) => {
    const { name, content } = (each ?? {}) as Partial<SentFile>;
    return typeof name === "string" && typeof content === "string";
  };
  if (!Object.values(files).every((each) => Array.isArray(each) && each.every(isFile))) throw fault;
  if (caller === undefined) return { command, args, files };
  const known = typeof caller === "object" && caller !== null && typeof caller.name === "string" &&
    typeof caller.stages === "boolean" && (caller.from === undefined || froms.has(caller.from)) &&
    /^[^\p{C}]{1,100}$/u.test(caller.name);
  if (!known) throw fault;
  return { command, args, files, caller };
}

const froms: ReadonlySet<unknown> = new Set(["page", "program"]);

/** Lines out of a stream, of at most so many octets each. */
export async function* linesOf(
  stream: { read(into: Octets): Promise<number | null> },
  octetsMax: number,
): AsyncGenerator<string> {
  // What is held of a line stays in the pieces in which it came: a file of megabytes is put together once.
  let held: Octets[] = [];
  let length = 0;
  const into = new Uint8Array(limits.chunkOctets);
  for (;;) {
    const count = await stream.read(into);
    if (count === null) {
      if (length > 0) throw new Error("Cannot read a line: the connection ended within it");
      return;
    }
    const bytes = into.subarray(0, count);
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      const last = bytes.subarray(from, at);
      yield textOf(held.length === 0 ? last : joined([...held, last]));
      held = [];
      length = 0;
      from = at + 1;
    }
    if (from === count) continue;
    held.push(bytes.slice(from));
    length += count - from;
    if (length > octetsMax) throw new Error(`Cannot read a line: it has more than ${octetsMax} octets`);
  }
}
