/**
 * The real gateway as a child process: from source or as the compiled binary, in a folder of its own, on free ports.
 *
 * The configuration is written as JSON, which is YAML too, so that tests build it from plain objects; or as the text that it is.
 *
 * @module
 */

const repository = new URL("../../", import.meta.url).pathname;

/** What the log says when a changed configuration is in force. */
const inForce = /Info: Configuration applied: /;
/** What it says when all of it has started, in any format. */
const isRunning = /Postern \S+ is running with /;
/** Logs that leave that out. */
const isQuiet = /\blevel"?: *"?(?:warning|critical)\b/;

/** A configuration: any part of config.yaml. */
export type ConfigObject = { [key: string]: unknown };

/** How a gateway is started. */
export interface GatewayOptions {
  /** config.yaml, of the ports that were found free, by the names in `ports`. */
  config: (ports: Record<string, number>) => ConfigObject | string;
  /** Files beside config.yaml: name → text. */
  files?: Record<string, string>;
  /** Names of the ports wanted. Those in `listening` are waited for. */
  ports: readonly string[];
  /** Ports on which the gateway listens when it has started. Absent: all. */
  listening?: readonly string[];
  /** A compiled binary; absent: from source. */
  binary?: string;
  /** A program of the tests' that runs the gateway in the place of `main.ts`. */
  main?: string;
  env?: Record<string, string>;
  /** Where its folder is made. Absent: the system's folder for temporary files. */
  within?: string;
  /** A command that is put before the gateway's own, as `strace -f -o …`. */
  before?: readonly string[];
  /** How long it may take to start, in ms. */
  startMs?: number;
  /** A library that is put before the program may lock up its start: one that computes nothing for so many ms is killed and begun anew. */
  stillMs?: number;
}

/** What a process has computed so far, in ticks of the kernel; all of its threads. */
function ticksOf(pid: number): number {
  try {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return NaN; // it has ended
  }
}

/**
 * Ports are taken from below those that the kernel gives by itself, to connections and to listeners on port 0: a port that a gateway has not
 * taken yet, or has left for a restart, is nobody else's meanwhile. Runs of tests beside each other look in different parts.
 */
const portsFrom = 10_000;
const parts = 16;
const [kernelsFrom] = Deno.readTextFileSync("/proc/sys/net/ipv4/ip_local_port_range").split("\t").map(Number);
const portsInPart = Math.floor((kernelsFrom - portsFrom) / parts);
let portsAsked = Math.floor(Math.random() * portsInPart);

/** A listener on the next free port. */
function nextListener(): Deno.Listener {
  for (let tries = 0; tries < portsInPart; tries++) {
    const port = portsFrom + Deno.pid % parts * portsInPart + portsAsked++ % portsInPart;
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AddrInUse)) throw thrown;
    }
  }
  return Deno.listen({ hostname: "127.0.0.1", port: 0 }); // the kernel leaves no room below
}

/** A port of 127.0.0.1 that nobody listens on now. */
export function freePort(): number {
  return freePorts(["one"]).one;
}

/** Different free ports, by name. They are held together while they are looked for, so that none comes twice. */
export function freePorts(names: readonly string[]): Record<string, number> {
  const held = names.map((name) => ({ name, listener: nextListener() }));
  const ports = Object.fromEntries(held.map(({ name, listener }) => [name, (listener.addr as Deno.NetAddr).port]));
  for (const { listener } of held) listener.close();
  return ports;
}

/** A gateway that runs, or has ended. */
export class GatewayProcess implements AsyncDisposable {
  /** Its folder: config.yaml, and `data` unless the configuration says otherwise. */
  readonly folder: string;
  readonly ports: Readonly<Record<string, number>>;
  #options: GatewayOptions;
  #child: Deno.ChildProcess | null = null;
  #reading: Promise<unknown> = Promise.resolve();
  #output = "";
  #runs = false;
  #changed = Promise.withResolvers<void>();

  private constructor(folder: string, ports: Record<string, number>, options: GatewayOptions) {
    this.folder = folder;
    this.ports = ports;
    this.#options = options;
  }

  /** Writes the configuration, starts the gateway and waits until it listens. Throws with its output if it ends instead. */
  static async start(options: GatewayOptions): Promise<GatewayProcess> {
    const folder = await Deno.makeTempDir({ prefix: "postern-", dir: options.within });
    const gateway = new GatewayProcess(folder, freePorts(options.ports), options);
    try {
      for (const [name, text] of Object.entries(options.files ?? {})) {
        await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
      }
      await gateway.configure(options.config(gateway.ports));
      await gateway.launch();
    } catch (thrown) {
      await gateway[Symbol.asyncDispose]();
      throw thrown;
    }
    return gateway;
  }

  get configPath(): string {
    return `${this.folder}/config.yaml`;
  }

  /** The process, while it runs. */
  get pid(): number {
    if (this.#child === null) throw new Error("Cannot name the process: the gateway does not run");
    return this.#child.pid;
  }

  /** Whether the process lives; it may end by itself. */
  get runs(): boolean {
    return this.#runs;
  }

  /** Everything it has printed so far, over all its starts: the mail log. */
  get log(): string {
    return this.#output;
  }

  /** Replaces config.yaml by a rename, as editors do. */
  async configure(config: ConfigObject | string): Promise<void> {
    const text = typeof config === "string" ? config : JSON.stringify(config, null, 2);
    await Deno.writeTextFile(`${this.folder}/config.new`, text);
    await Deno.rename(`${this.folder}/config.new`, this.configPath);
  }

  /** Replaces config.yaml and waits until the gateway says that it is in force. */
  async apply(config: ConfigObject | string): Promise<void> {
    const from = this.#output.length;
    await this.configure(config);
    await this.logged(inForce, { from });
  }

  /**
   * Starts it, again after {@linkcode stop} or {@linkcode kill}, and waits until it listens and says that it runs: it takes mail before it
   * watches its files and hears commands. `before` counts for this start.
   */
  async launch(only: Pick<GatewayOptions, "before"> = {}): Promise<void> {
    const {
      binary,
      main = `${repository}main.ts`,
      env,
      startMs = 60_000,
      stillMs = Infinity,
      listening,
      ports,
      before = [],
    } = {
      ...this.#options,
      ...only,
    };
    const quiet = isQuiet.test(await Deno.readTextFile(this.configPath));
    const program = binary === undefined ? [Deno.execPath(), "run", "-A", main] : [binary];
    const [command, ...args] = [...before, ...program, "run", "--config", this.configPath];
    const child = new Deno.Command(command, {
      args,
      cwd: this.folder,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    const from = this.#output.length;
    this.#reading = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
    let ended: Deno.CommandStatus | null = null;
    this.#runs = true;
    child.status.then((status) => {
      ended = status;
      this.#runs = false;
    });
    const wanted = (listening ?? ports).map((name) => this.ports[name]);
    let computed = { ticks: 0, at: Date.now() };
    for (const since = Date.now();; await pause(20)) {
      if (wanted.every(isListening) && (quiet || isRunning.test(this.#output.slice(from)))) return;
      const ticks = ticksOf(child.pid);
      if (ticks !== computed.ticks) computed = { ticks, at: Date.now() };
      if (ended === null && Date.now() - computed.at > stillMs) {
        await this.kill();
        return await this.launch(only);
      }
      if (ended === null && Date.now() - since < startMs) continue;
      const what = ended === null ? `it is not there after ${startMs} ms` : "it ended";
      throw new Error(`Cannot start the gateway: ${what}\n${this.#output}`);
    }
  }

  /** Waits until the log from character `from` on matches, and returns the match. */
  async logged(
    pattern: RegExp,
    { ms = 30_000, from = 0 }: { ms?: number; from?: number } = {},
  ): Promise<RegExpExecArray> {
    const late = Promise.withResolvers<void>();
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      late.resolve();
    }, ms);
    try {
      for (;;) {
        const { promise } = this.#changed;
        const match = pattern.exec(this.#output.slice(from));
        if (match !== null) return match;
        if (over) throw new Error(`Cannot find ${pattern} in the log after ${ms} ms:\n${this.#output.slice(from)}`);
        await Promise.race([promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  signal(name: Deno.Signal): void {
    Deno.kill(this.pid, name);
  }

  /** SIGTERM and the wait for its end, `ms` at the most. */
  async stop(ms = 35_000): Promise<Deno.CommandStatus> {
    this.signal("SIGTERM");
    return await this.ended(ms);
  }

  /** SIGKILL: what a power cut or the kernel's out-of-memory killer does. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended(30_000);
  }

  /** Waits for the end of the process, which a signal asked for. */
  async ended(ms: number): Promise<Deno.CommandStatus> {
    const child = this.#child!;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, ms);
    const status = await child.status;
    clearTimeout(timer);
    this.#child = null;
    await this.#reading;
    if (late) throw new Error(`Cannot stop the gateway: it ran on for ${ms} ms\n${this.#output}`);
    return status;
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
    if (this.#child !== null) await this.kill().catch(() => {}); // it has ended by itself
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Does somebody listen on this port? Asked of the kernel, since a connection would be seen in the log. */
export function isListening(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  return ["/proc/net/tcp", "/proc/net/tcp6"].some((file) =>
    Deno.readTextFileSync(file).split("\n").some((line) => line.includes(local) && / 0A /.test(line))
  );
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
