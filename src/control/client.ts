/**
 * Asks the gateway that runs on a storage directory.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import { dialLocal, type LocalStream } from "../net/unix.ts";
import { type ControlAnswer, type ControlRequest, encodeLine, linesOf } from "./protocol.ts";
import { socketName } from "./server.ts";

/** How a command ended. */
export type Called =
  | { kind: "done" }
  | { kind: "failed"; text: string }
  /** Nobody listens there. */
  | { kind: "not running" };

/** Where to ask, and what hears the answer. */
export interface CallOptions {
  /** `storage.directory`. */
  directory: string;
  clock: Clock;
  /** Takes a result; the next is read when it returns. */
  item(item: unknown): void | Promise<void>;
  warning(text: string): void;
  /** Writes what a command made for the file under this option; rejects with one clear line. Absent where no command makes any. */
  save?(option: string, content: Octets): Promise<void>;
}

/** Runs a command on the gateway of `directory`. Never rejects for what the other side does. */
export async function callGateway(request: ControlRequest, options: CallOptions): Promise<Called> {
  const { directory, clock } = options;
  const path = `${directory}/${socketName}`;
  let stream: LocalStream;
  try {
    const refusal = strange(directory, path);
    if (refusal !== undefined) return { kind: "failed", text: `Cannot use ${path}: ${refusal}` };
    stream = await dialLocal(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) {
      return { kind: "not running" };
    }
    const denied = error instanceof Deno.errors.PermissionDenied;
    const text = denied ? `Cannot use ${path}: it belongs to another user` : causeOf(error);
    return { kind: "failed", text };
  }
  using _closing = stream;
  let late = false;
  let timer = clock.after(0, () => {});
  const within = (ms: number) => {
    timer.cancel();
    timer = clock.after(ms, () => {
      late = true;
      stream.close();
    });
  };
  try {
    within(limits.controlSilenceMs);
    await stream.write(encodeLine(request));
    for await (const line of linesOf(stream, limits.controlAnswerOctetsMax)) {
      timer.cancel();
      const answer: ControlAnswer = JSON.parse(line);
      const { item, end, error } = answer;
      const unsaved = await takeAside(answer, options);
      if (unsaved !== undefined) return { kind: "failed", text: unsaved };
      if (item !== undefined) await options.item(item);
      if (error !== undefined) return { kind: "failed", text: error };
      if (end) return { kind: "done" };
      within(limits.controlSilenceMs);
    }
    return { kind: "failed", text: "Cannot finish the command: the gateway ended before its answer was whole" };
  } catch (error) {
    const cause = late ? `no answer for ${limits.controlSilenceMs / 1000} s` : causeOf(error);
    return { kind: "failed", text: `Cannot finish the command: ${cause}` };
  } finally {
    timer.cancel();
  }
}

/** Takes a warning or a file of an answer. Why the file could not be written, where it could not. */
export async function takeAside(
  { warning, file }: ControlAnswer,
  options: Pick<CallOptions, "warning" | "save">,
): Promise<string | undefined> {
  if (warning !== undefined) options.warning(warning);
  if (file === undefined) return undefined;
  if (options.save === undefined) return `Cannot write the file of ${file.option}: nobody named one`;
  try {
    await options.save(file.option, Uint8Array.fromBase64(file.content));
    return undefined;
  } catch (error) {
    return causeOf(error);
  }
}

/** Why a socket is not to be trusted: whoever else may put one there would hear every command and answer what he likes. */
function strange(directory: string, path: string): string | undefined {
  const file = Deno.lstatSync(path);
  if (!file.isSocket) return "it is no socket";
  const user = Deno.uid();
  const owner = user === 0 ? Deno.statSync(directory).uid : user;
  return file.uid === owner || file.uid === user ? undefined : `it belongs to user ${file.uid}`;
}
