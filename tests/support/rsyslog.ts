/**
 * Debian's rsyslogd as a log host: datagrams, TCP, and TLS that demands a client certificate.
 *
 * What it takes it writes into one file, in a form that shows how it understood each message.
 *
 * @module
 */
import { freePorts, isListening, pause } from "./gateway_process.ts";
import { needPeer } from "./peers.ts";

/** One message as the log host understood it. */
export interface Taken {
  pri: number;
  time: string;
  host: string;
  app: string;
  id: string;
  text: string;
}

/** Files in PEM: who may come, and who the host is. */
export interface LogHostFiles {
  ca: string;
  certificate: string;
  key: string;
}

/** A log host that runs. */
export class Rsyslog implements AsyncDisposable {
  readonly folder: string;
  readonly ports: Readonly<Record<"udp" | "tcp" | "tls", number>>;
  #child: Deno.ChildProcess | undefined;
  #said: Promise<string> | undefined;

  private constructor(folder: string, ports: Record<"udp" | "tcp" | "tls", number>) {
    this.folder = folder;
    this.ports = ports;
  }

  /** Starts one, and waits until it listens. */
  static async start(tls: LogHostFiles): Promise<Rsyslog> {
    const ports = freePorts(["udp", "tcp", "tls"]) as Record<"udp" | "tcp" | "tls", number>;
    const host = new Rsyslog(await Deno.makeTempDir({ prefix: "postern-rsyslog-" }), ports);
    const form = ["pri", "timestamp:::date-rfc3339", "hostname", "app-name", "msgid", "msg"];
    await Deno.writeTextFile(
      `${host.folder}/rsyslog.conf`,
      `global(workDirectory="${host.folder}" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="${tls.ca}"
  defaultNetstreamDriverCertFile="${tls.certificate}" defaultNetstreamDriverKeyFile="${tls.key}")
module(load="imudp")
module(load="imptcp")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imudp" address="127.0.0.1" port="${ports.udp}")
input(type="imptcp" address="127.0.0.1" port="${ports.tcp}")
input(type="imtcp" address="127.0.0.1" port="${ports.tls}")
template(name="form" type="string" string="${form.map((property) => `%${property}%`).join("\\t")}\\n")
action(type="omfile" file="${host.folder}/taken" template="form")
`,
    );
    await host.launch();
    return host;
  }

  /** Starts it, again after {@linkcode stop}. */
  async launch(): Promise<void> {
    const child = this.#child = new Deno.Command(needPeer("rsyslogd"), {
      args: ["-n", "-f", `${this.folder}/rsyslog.conf`, "-i", `${this.folder}/pid`],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#said = new Response(child.stderr).text();
    for (const since = performance.now(); !isListening(this.ports.tcp) || !isListening(this.ports.tls);) {
      if (performance.now() - since > 20_000) {
        await this.stop();
        throw new Error(`Cannot start rsyslogd: it does not listen\n${await this.#said}`);
      }
      await pause(20);
    }
  }

  /** Everything that it has taken so far. */
  async taken(): Promise<Taken[]> {
    const text = await Deno.readTextFile(`${this.folder}/taken`).catch(() => "");
    return text.split("\n").slice(0, -1).map((line) => {
      const [pri, time, host, app, id, ...rest] = line.split("\t");
      return { pri: Number(pri), time, host, app, id, text: rest.join("\t") };
    });
  }

  /** Ends it; what it took stays. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await child.status;
    clearTimeout(timer);
    await this.#said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}
