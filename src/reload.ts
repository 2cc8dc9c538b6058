/**
 * Configurations in force, one after the other: read, validate, build, swap.
 *
 * A file is read and checked, its edition is built and its new listeners are opened; only then does it replace the edition in force, at
 * once for all. One fault undoes everything that was made for it, is logged, and mail goes on as before. Sessions that run
 * keep what they began with.
 *
 * @module
 */
import type { Acceptor, OpenListener } from "./accept/acceptor.ts";
import type { Clock } from "./base/clock.ts";
import type { Random } from "./base/random.ts";
import { LineLog, type LogOptions } from "./base/log.ts";
import { RotatingFile, standardOutput } from "./base/log_sinks.ts";
import { causeOf } from "./base/text.ts";
import { tlsCheck } from "./certs/check.ts";
import { filesOf, loadInventory, loadTrust } from "./certs/inventory.ts";
import type { Config, ListenerConfig } from "./config/config.ts";
import type { Findings } from "./config/cross.ts";
import { type Fault, faultText, warningText } from "./config/faults.ts";
import { loadConfig } from "./config/load.ts";
import { openStorage, type Storage } from "./config/storage.ts";
import { type FileWatch, watchFiles } from "./config/watch.ts";
import { buildEdition, type Edition } from "./edition.ts";
import { eventText, type MailEvent, type MailLog } from "./mail/events.ts";
import { type Endpoint, endpointText, type Listener } from "./net/net.ts";
import type { Tcp } from "./net/tcp.ts";
import { type OpenSslEngine, openSslEngine } from "./openssl/engine.ts";

/** What editions are made with. */
export interface EditionsWorld {
  clock: Clock;
  random: Random;
  hostname: string;
  version: string;
  sockets: Tcp;
}

/** What every edition stands on; it stays for the life of the process. */
export interface Ground {
  storage: Storage;
  engine: OpenSslEngine;
  log: MailLog;
}

/** A configuration that cannot be applied, with everything that is wrong with it. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly faults: readonly Fault[];
  /** The files that it names: a change of one of them may put it right. */
  readonly files: readonly string[];

  constructor({ errors, files }: { errors: readonly Fault[]; files: readonly string[] }) {
    super(errors.map(faultText).join("\n"));
    this.faults = errors;
    this.files = files;
  }
}

/** A listener's socket and, once it serves, its loop. */
interface Door {
  at: Endpoint;
  listener: Listener;
  loop?: OpenListener;
}

/** Everything that was made for the next configuration, until it is in force or undone. */
interface Draft {
  edition?: Edition;
  opened: Map<string, Door>;
  /** Closed to make room for a new one on the same port, with the service to give back if all is undone. */
  displaced: Door[];
}

/** See the module. */
export class Editions {
  readonly #file: string;
  readonly #world: EditionsWorld;
  #ground: (Ground & { file: RotatingFile; log: LineLog<MailEvent> }) | undefined;
  #current: Edition | undefined;
  #doors = new Map<string, Door>();
  #acceptor: Acceptor | undefined;
  #watch: FileWatch | undefined;
  #reloading: Promise<readonly string[]> = Promise.resolve([]);
  #generation = 0;
  /** Wall milliseconds at which the reading of what is in force began. */
  #readAt = 0;
  #ended = false;

  private constructor(file: string, world: EditionsWorld) {
    this.#file = file;
    this.#world = world;
  }

  /** Reads the file for the first time. Rejects with {@linkcode ConfigError} or `StorageError`; then nothing is left open. */
  static async open(file: string, world: EditionsWorld): Promise<Editions> {
    const editions = new Editions(file, world);
    try {
      // A file with faults leaves no trace: storage, which TLS needs, is made for a sound one.
      const result = await loadConfig(file, { ...world, generation: 1 });
      if (!result.ok) throw new ConfigError(result);
      await editions.#apply();
    } catch (error) {
      editions.close();
      throw error;
    }
    return editions;
  }

  /** The edition in force. */
  get current(): Edition {
    return this.#current!;
  }

  /** Storage, engine and log. */
  get ground(): Ground {
    return this.#ground!;
  }

  /** Begins to serve on all listeners, and to watch the files. */
  async serve(acceptor: Acceptor): Promise<void> {
    this.#acceptor = acceptor;
    this.#serveDoors();
    const { log, engine } = this.ground;
    const { config } = this.current;
    const doors = config.listeners.map(({ name, address }) => `${name} ${endpointText(address)}`).join(", ");
    const { version } = this.#world;
    log.info({
      event: "note",
      text: `Postern ${version} is running with ${engine.version}; listening: ${doors || "nowhere"}`,
    });
    this.#watch = await watchFiles({
      files: [],
      clock: this.#world.clock,
      onChange: async () => void await this.reload(),
    });
    // What changed since it was read counts: a long queue takes a while to open.
    await this.#watch.replace(filesOf(config), this.#readAt);
  }

  /**
   * Reads the file again. Never rejects: what is wrong is logged and returned, and nothing changes then. A gateway that stops reads
   * nothing.
   */
  reload(): Promise<readonly string[]> {
    if (this.#ended) return this.#reloading;
    return this.#reloading = this.#reloading.then(() => this.#reload());
  }

  /** No reload begins from now on; resolves when the last one is done. */
  async stopWatching(): Promise<void> {
    this.#ended = true;
    await this.#watch?.stop();
    await this.#reloading;
  }

  /** Frees everything: the last thing before the process ends. */
  close(): void {
    for (const door of this.#doors.values()) door.listener.close();
    this.#current?.retire();
    this.#ground?.file[Symbol.dispose]();
    for (const sink of this.#ground?.log.options.sinks ?? []) sink.flush();
    this.#ground?.storage[Symbol.dispose]();
  }

  async #reload(): Promise<readonly string[]> {
    const { log } = this.ground;
    const since = this.#world.clock.now();
    try {
      await this.#apply();
      await this.#watch?.replace(filesOf(this.current.config), since);
      log.info({ event: "note", text: `Configuration applied: ${this.#file}` });
      return [];
    } catch (error) {
      const lines = error instanceof ConfigError ? error.faults.map(faultText) : [`${this.#file}: ${causeOf(error)}`];
      for (const line of lines) log.critical({ event: "note", reason: "config_refused", text: `Cannot apply ${line}` });
      const files = error instanceof ConfigError ? error.files : [];
      await this.#watch?.replace([...filesOf(this.current.config), ...files], since);
      return lines;
    }
  }

  async #apply(): Promise<void> {
    const draft: Draft = { opened: new Map(), displaced: [] };
    const readAt = this.#world.clock.now();
    try {
      const result = await loadConfig(this.#file, {
        hostname: this.#world.hostname,
        generation: this.#generation + 1,
        checkTls: (config) => this.#check(config),
        prepare: (config) => this.#prepare(config, draft),
      });
      if (!result.ok) throw new ConfigError(result);
      this.#readAt = readAt;
      this.#setLog(result.config);
      for (const warning of result.warnings) {
        this.ground.log.warning({ event: "note", reason: "config", text: warningText(warning) });
      }
      this.#swap(draft);
    } catch (error) {
      await this.#undo(draft);
      throw error;
    }
  }

  /** Tries ciphers, certificates and authorities. */
  async #check(config: Config): Promise<Findings> {
    const { engine } = this.#ground ??= this.#lay(config);
    return await tlsCheck({ engine, now: this.#world.clock.now })(config);
  }

  /** Makes everything that a flawless configuration needs. What goes wrong gets its place in the file. */
  async #prepare(config: Config, draft: Draft): Promise<Findings> {
    const found: Findings = { errors: [], warnings: [] };
    const { storage, engine, log } = this.#ground ??= this.#lay(config);
    if (config.storage.directory !== storage.directory) {
      const text = `it is ${storage.directory} while the gateway runs; another one needs a restart`;
      found.errors.push({ path: ["storage", "directory"], at: "value", text });
      return found;
    }
    const note = (level: "warning" | "info", text: string) => log[level]({ event: "note", text });
    const keyPairs = await loadInventory(config, { engine, ...this.#world, note });
    const { anchors: trust, systemList } = await loadTrust(config, this.#current?.trust);
    if (systemList === null) {
      const text = "No list of the system's certificate authorities was found: no server can be verified";
      log.critical({ event: "note", reason: "no_authorities", text });
    }
    draft.edition = buildEdition({ config, engine, trust, keyPairs });
    await this.#openDoors(config, draft, found);
    return found;
  }

  /** Storage, engine and log, in this order: the binary's libraries are unpacked below the storage. */
  #lay(config: Config): Ground & { file: RotatingFile; log: LineLog<MailEvent> } {
    const { clock } = this.#world;
    const storage = openStorage(config.storage.directory);
    try {
      // A compiled program unpacks libraries to TMPDIR under names that can be foretold: nobody else may write there.
      Deno.env.set("TMPDIR", storage.run);
      const engine = openSslEngine();
      const file = new RotatingFile(`${storage.logs}/mail.log`, {
        clock,
        rotateSize: config.logs.rotate_size,
        keep: config.logs.keep,
      });
      const log = new LineLog<MailEvent>(this.#logOptions(config, [standardOutput(clock), file]));
      return { storage, engine, log, file };
    } catch (error) {
      storage[Symbol.dispose]();
      throw error;
    }
  }

  #logOptions({ logs: { level, format } }: Config, sinks: LogOptions<MailEvent>["sinks"]): LogOptions<MailEvent> {
    return { level, format, sinks, render: eventText, now: this.#world.clock.now };
  }

  #setLog(config: Config): void {
    const { log, file } = this.#ground!;
    file.rotateSize = config.logs.rotate_size;
    file.keep = config.logs.keep;
    log.options = this.#logOptions(config, log.options.sinks);
  }

  /** Opens the addresses that are not open yet. */
  async #openDoors(config: Config, draft: Draft, { errors }: Findings): Promise<void> {
    const wanted = new Set(config.listeners.map(({ address }) => endpointText(address)));
    const rivals = ({ port }: Endpoint) =>
      [...this.#doors].flatMap(([key, door]) => door.at.port === port && !wanted.has(key) ? [door] : []);
    const open = (at: Endpoint) => draft.opened.set(endpointText(at), { at, listener: this.#world.sockets.listen(at) });
    const refuse = (name: string, error: unknown) =>
      errors.push({ path: ["listeners", name, "address"], at: "value", text: causeOf(error) });

    const hindered: ListenerConfig[] = [];
    for (const listener of config.listeners) {
      const { name, address } = listener;
      if (this.#doors.has(endpointText(address))) continue;
      try {
        open(address);
      } catch (error) {
        if (rivals(address).length > 0) hindered.push(listener);
        else refuse(name, error);
      }
    }
    if (errors.length > 0) return;
    // 0.0.0.0:25 after 127.0.0.1:25: ours has to go first, since the two exclude each other.
    for (const { name, address } of hindered) {
      for (const door of rivals(address)) {
        if (draft.displaced.includes(door)) continue;
        draft.displaced.push(door);
        await door.listener.close();
      }
      try {
        open(address);
      } catch (error) {
        refuse(name, error);
      }
    }
  }

  /** From here on nothing fails. */
  #swap({ edition, opened }: Draft): void {
    const retired = this.#current;
    this.#current = edition!;
    this.#generation = edition!.config.generation;
    this.ground.engine.threads = edition!.config.workers;
    const doors = new Map<string, Door>();
    for (const { address } of edition!.config.listeners) {
      const key = endpointText(address);
      doors.set(key, opened.get(key) ?? this.#doors.get(key)!);
    }
    for (const [key, door] of this.#doors) if (doors.get(key) !== door) this.#shut(door);
    this.#doors = doors;
    this.#serveDoors();
    retired?.retire();
  }

  /** Gives each open address the service of the edition in force. */
  #serveDoors(): void {
    if (this.#acceptor === undefined) return;
    for (const { name, address } of this.current.config.listeners) {
      const door = this.#doors.get(endpointText(address));
      // An address that could not be had back.
      if (door === undefined) continue;
      const service = this.current.services.get(name)!;
      if (door.loop === undefined) door.loop = this.#acceptor.listen(door.listener, service);
      else door.loop.service = service;
    }
  }

  #shut({ loop, listener }: Door): void {
    loop?.close();
    listener.close();
  }

  async #undo({ edition, opened, displaced }: Draft): Promise<void> {
    for (const door of opened.values()) await door.listener.close();
    edition?.retire();
    for (const door of displaced) {
      try {
        door.listener = this.#world.sockets.listen(door.at);
        door.loop = undefined;
      } catch (error) {
        // The next configuration, or SIGHUP, tries it again.
        this.#doors.delete(endpointText(door.at));
        this.ground.log.critical({ event: "note", reason: "listener_down", text: causeOf(error) });
      }
    }
    if (displaced.length > 0) this.#serveDoors();
  }
}
