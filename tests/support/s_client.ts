/**
 * OpenSSL's s_client as an SMTP client over STARTTLS.
 *
 * @module
 */
import type { Method } from "../../src/tls/method.ts";
import { needPeer, runCommand } from "./peers.ts";

const versionFlags: Readonly<Record<Method, string>> = {
  "TLSv1.0": "-tls1",
  "TLSv1.1": "-tls1_1",
  "TLSv1.2": "-tls1_2",
  "TLSv1.3": "-tls1_3",
};

/** What s_client says of its handshake. */
export interface Handshake {
  /** As the configuration writes it; null: there was no handshake. */
  protocol: Method | null;
  cipher: string | null;
  /** OpenSSL's words for what went wrong. */
  error: string | null;
  /** Everything that was printed. */
  output: string;
}

/** The system's settings stay out, and so does its security level: the server alone is to refuse. */
const plain = { OPENSSL_CONF: "/dev/null" };

/** One handshake and a QUIT. `ciphers`: those of TLS 1.2 and below. */
export async function handshake(
  port: number,
  { version, ciphers = "ALL", extra = [] }: { version?: Method; ciphers?: string; extra?: readonly string[] },
): Promise<Handshake> {
  const { stdout, stderr } = await runCommand("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-starttls", "smtp", "-brief", "-ign_eof", "-crlf"],
    ...["-cipher", `${ciphers}:@SECLEVEL=0`],
    ...(version === undefined ? [] : [versionFlags[version]]),
    ...extra,
  ], { input: "QUIT\n", env: plain });
  const output = stdout + stderr;
  const protocol = /^Protocol version: (\S+)$/m.exec(output)?.[1] ?? null;
  return {
    protocol: protocol === "TLSv1" ? "TLSv1.0" : protocol as Method | null,
    cipher: /^Ciphersuite: (\S+)$/m.exec(output)?.[1] ?? null,
    error: /error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/.exec(output)?.[1] ?? null,
    output,
  };
}

/** s_client held by hand: what is written to it, and what it prints until a pattern is met. */
export class Session implements AsyncDisposable {
  #child: Deno.ChildProcess;
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #output = "";
  #seen = 0;
  #changed = Promise.withResolvers<void>();
  #reading: Promise<unknown>;
  #ended = false;

  constructor(port: number, { version, extra = [] }: { version: Method; extra?: readonly string[] }) {
    this.#child = new Deno.Command(needPeer("openssl"), {
      args: [
        ...["s_client", "-connect", `127.0.0.1:${port}`, "-starttls", "smtp", "-crlf", versionFlags[version]],
        ...["-cipher", "ALL:@SECLEVEL=0", ...extra],
      ],
      env: plain,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)])
      .then(() => {
        this.#ended = true;
        this.#changed.resolve();
      });
  }

  /** A line for the server; `R` alone asks for a renegotiation. */
  async write(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {}); // it may have ended
  }

  /** Waits for the pattern in what was printed since the last match. Null: it ended, or 30 s passed, without it. */
  async until(pattern: RegExp): Promise<RegExpExecArray | null> {
    const late = Promise.withResolvers<void>();
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      late.resolve();
    }, 30_000);
    try {
      for (;;) {
        const { promise } = this.#changed;
        const match = pattern.exec(this.#output.slice(this.#seen));
        if (match !== null) {
          this.#seen += match.index + match[0].length;
          return match;
        }
        if (over || this.#ended) return null;
        await Promise.race([promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Everything printed so far. */
  get output(): string {
    return this.#output;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output += decoder.decode(chunk, { stream: true });
      const { resolve } = this.#changed;
      this.#changed = Promise.withResolvers();
      resolve();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
  }
}
