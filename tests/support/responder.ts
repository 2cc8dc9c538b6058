/**
 * OpenSSL's `ocsp` command as the responder of a test's authority, on a free port of the loopback.
 *
 * @module
 */
import type { Authority, MadeCertificate } from "./certs.ts";
import { freePort } from "./gateway_process.ts";
import { needPeer } from "./peers.ts";

/** How it answers. */
export interface ResponderWish {
  ca: Authority;
  /** Who signs answers: the authority by default. */
  signer?: MadeCertificate;
  /** How long answers count; absent: they do not say it. */
  minutes?: number;
  port?: number;
}

/** Takes the newest certificate out of the authority's list: its responder knows it no more. */
export async function forgetNewest({ dir }: Authority): Promise<void> {
  const path = `${dir}/index.txt`;
  const lines = (await Deno.readTextFile(path)).split("\n").slice(0, -2);
  await Deno.writeTextFile(path, lines.map((line) => `${line}\n`).join(""));
}

/** A responder that runs. */
export class Responder implements AsyncDisposable {
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;

  private constructor(child: Deno.ChildProcess, { port, reading }: { port: number; reading: Promise<unknown> }) {
    this.#child = child;
    this.port = port;
    this.#reading = reading;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Starts it and waits until it listens. It reads the authority's list of certificates now, and again when that is newer. */
  static async start({ ca, signer = ca, minutes, port = freePort() }: ResponderWish): Promise<Responder> {
    const child = new Deno.Command(needPeer("openssl"), {
      args: [
        ...["ocsp", "-index", `${ca.dir}/index.txt`, "-CA", ca.certificatePath, "-port", String(port), "-ignore_err"],
        ...["-rsigner", signer.certificatePath, "-rkey", signer.keyPath],
        ...(minutes === undefined ? [] : ["-nmin", String(minutes)]),
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const listens = Promise.withResolvers<number>();
    let output = "";
    const read = async (stream: ReadableStream<Uint8Array>) => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) {
        output += decoder.decode(chunk, { stream: true });
        const found = /ACCEPT \S*?:(\d+)\b/.exec(output);
        if (found !== null) listens.resolve(Number(found[1]));
      }
    };
    const reading = Promise.all([read(child.stdout), read(child.stderr)]);
    child.status.then(() => listens.reject(new Error(`Cannot start a responder: ${output}`)));
    return new Responder(child, { port: await listens.promise, reading });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await this.#reading;
  }
}
