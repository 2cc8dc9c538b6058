/**
 * Passwords from a person, who does not see them, or from a pipe.
 *
 * @module
 */

/** What was typed, or why there is nothing. */
export type Secret = { kind: "text"; text: string } | { kind: "none"; why: string };

/** Where it comes from. */
export interface SecretSource {
  /** Somebody types it: there are prompts, and it is asked for twice. */
  person: boolean;
  read(into: Uint8Array): Promise<number | null>;
  /** Keys come one by one and are not shown. */
  raw(on: boolean): void;
  /** For the person. */
  say(text: string): void;
}

/** More than any password has. */
const octetsMax = 4_096;

/** There was nothing to read. */
export const ended: Secret = { kind: "none", why: "the input ended" };

/** Reads a password: twice from a person; from a pipe its first line. */
export async function readSecret(source: SecretSource): Promise<Secret> {
  if (!source.person) return await firstLine(source);
  const first = await typed("Password: ", source);
  if (first.kind === "none") return first;
  const again = await typed("Again: ", source);
  if (again.kind === "text" && again.text !== first.text) return { kind: "none", why: "the two are not the same" };
  return again;
}

/** The first line of what is read, as a password. */
export async function firstLine({ read }: Pick<SecretSource, "read">): Promise<Secret> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(512);
  while (bytes.length <= octetsMax) {
    const count = await read(buffer);
    if (count === null) return bytes.length === 0 ? ended : textOf(bytes);
    for (const byte of buffer.subarray(0, count)) {
      if (byte === 0x0a) return textOf(bytes.at(-1) === 0x0d ? bytes.slice(0, -1) : bytes);
      bytes.push(byte);
    }
  }
  return { kind: "none", why: "it is too long" };
}

/** Keys up to Return. Backspace, Ctrl-U, Ctrl-C and Ctrl-D do what they always do. */
async function typed(prompt: string, { read, raw, say }: SecretSource): Promise<Secret> {
  say(prompt);
  raw(true);
  try {
    const bytes: number[] = [];
    const key = new Uint8Array(1);
    for (;;) {
      if (await read(key) === null || key[0] === 0x04) return ended;
      switch (key[0]) {
        case 0x03:
          return { kind: "none", why: "interrupted" };
        case 0x0d:
        case 0x0a:
          return textOf(bytes);
        case 0x15:
          bytes.length = 0;
          break;
        case 0x08:
        case 0x7f:
          // A character may have several octets: those that go on go too.
          while (bytes.length > 0 && (bytes.pop()! & 0xc0) === 0x80);
          break;
        default:
          if (bytes.length >= octetsMax) return { kind: "none", why: "it is too long" };
          bytes.push(key[0]);
      }
    }
  } finally {
    raw(false);
    say("\n");
  }
}

function textOf(bytes: readonly number[]): Secret {
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes)) };
  } catch {
    return { kind: "none", why: "it is not UTF-8" };
  }
}

/** This process's standard input; prompts go to standard error, where no pipe catches them. */
export const standardInput: SecretSource = {
  get person() {
    return Deno.stdin.isTerminal();
  },
  read: (into) => Deno.stdin.read(into),
  raw: (on) => Deno.stdin.setRaw(on),
  say: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
};
