/**
 * Pebble: Let's Encrypt's own ACME server for tests (Debian's package), with a name server for it to ask.
 *
 * @module
 */
import { type FakeAnswer, type FakeQuestion, soa, startFakeDns } from "./fake_dns.ts";
import { freePorts } from "./gateway_process.ts";
import { makeCertificate } from "./openssl_certs.ts";
import { needPeer } from "./peers.ts";

/** How a server is to be. */
export interface PebbleWish {
  /** Where it looks for challenges. */
  ports: { http: number; tls: number };
  /** Of the certificates that it issues. */
  seconds?: number;
  /** How many nonces of a hundred it refuses; 5 by default, as Pebble has it. */
  nonceReject?: number;
  /** Accounts have to be bound to one of these: key id → key in base64url. */
  externalKeys?: Record<string, string>;
  /** Names that it has to refuse. */
  blocked?: readonly string[];
  /** Names that lead nowhere. */
  unknown?: readonly string[];
  /** The port of a server that was there before; with a folder, its certificate too. */
  again?: { port: number; folder: string };
}

/** A server that runs. */
export class Pebble implements AsyncDisposable {
  readonly port: number;
  /** Its files, `ca.pem` among them: who signed the certificate of its HTTPS. */
  readonly folder: string;
  readonly #managementPort: number;
  readonly #child: Deno.ChildProcess;
  readonly #dns: AsyncDisposable;
  #output = "";
  readonly #reading: Promise<unknown>;

  private constructor(
    { port, managementPort, folder, child, dns }: {
      port: number;
      managementPort: number;
      folder: string;
      child: Deno.ChildProcess;
      dns: AsyncDisposable;
    },
  ) {
    this.port = port;
    this.#managementPort = managementPort;
    this.folder = folder;
    this.#child = child;
    this.#dns = dns;
    this.#reading = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
  }

  /** Starts one and waits until it answers. */
  static async start(wish: PebbleWish): Promise<Pebble> {
    const { ports, seconds, nonceReject = 5, externalKeys, blocked = [], unknown = [], again } = wish;
    const found = freePorts(["acme", "management"]);
    const folder = again?.folder ?? await Deno.makeTempDir({ prefix: "pebble-" });
    const port = again?.port ?? found.acme;
    if (again === undefined) {
      const authority = await makeCertificate({ names: [], authority: true });
      const own = await makeCertificate({ names: ["DNS:localhost", "IP:127.0.0.1"], issuer: authority });
      await Deno.writeTextFile(`${folder}/ca.pem`, authority.certificatePem);
      await Deno.writeTextFile(`${folder}/cert.pem`, own.certificatePem);
      await Deno.writeTextFile(`${folder}/key.pem`, own.keyPem);
    }
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${found.management}`,
      certificate: `${folder}/cert.pem`,
      privateKey: `${folder}/key.pem`,
      httpPort: ports.http,
      tlsPort: ports.tls,
      externalAccountBindingRequired: externalKeys !== undefined,
      externalAccountMACKeys: externalKeys ?? {},
      domainBlocklist: blocked,
      ...(seconds === undefined ? {} : { certificateValidityPeriod: seconds }),
    };
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ pebble }));
    const dns = startFakeDns((question) => everythingHere(question, unknown));
    const child = new Deno.Command(needPeer("pebble"), {
      args: ["-config", `${folder}/config.json`, "-dnsserver", `127.0.0.1:${dns.server.port}`],
      env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_AUTHZREUSE: "0", PEBBLE_WFE_NONCEREJECT: String(nonceReject) },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const made = new Pebble({ port, managementPort: found.management, folder, child, dns });
    const client = await made.#client();
    try {
      await made.#answers(client);
    } catch (thrown) {
      await made[Symbol.asyncDispose]();
      throw thrown;
    } finally {
      client.close();
    }
    return made;
  }

  /** The directory's URL. */
  get directory(): string {
    return `https://127.0.0.1:${this.port}/dir`;
  }

  /** What it printed. */
  get output(): string {
    return this.#output;
  }

  /** The root that its certificates end in, PEM. */
  async root(): Promise<string> {
    const client = await this.#client();
    try {
      return await (await fetch(`https://127.0.0.1:${this.#managementPort}/roots/0`, { client })).text();
    } finally {
      client.close();
    }
  }

  /** Ends it; its files stay. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await this.#child.status;
    await this.#reading;
    await this.#dns[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }

  async #client(): Promise<Deno.HttpClient> {
    return Deno.createHttpClient({ caCerts: [await Deno.readTextFile(`${this.folder}/ca.pem`)] });
  }

  async #answers(client: Deno.HttpClient): Promise<void> {
    for (const since = Date.now();;) {
      try {
        const response = await fetch(this.directory, { client });
        await response.body?.cancel();
        return;
      } catch (thrown) {
        if (Date.now() - since > 30_000) throw new Error(`Cannot reach pebble: ${thrown}\n${this.#output}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#output += decoder.decode(chunk, { stream: true });
  }
}

/** Every name leads to this machine, unless it is unknown. */
function everythingHere({ name, type }: FakeQuestion, unknown: readonly string[]): FakeAnswer {
  if (unknown.includes(name.toLowerCase())) return { rcode: 3, authorities: [soa(60)] };
  return type === "A" ? { answers: [{ name, type: "A", data: "127.0.0.1" }] } : { authorities: [soa(60)] };
}
