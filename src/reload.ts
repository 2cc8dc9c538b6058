/**
 * Configurations in force, one after the other: read, validate, build, swap.
 *
 * A file is read and checked, its edition is built and its new listeners are opened; only then does it replace the edition in force, at
 * once for all. One fault undoes what was made for it, is logged, and mail goes on as before. Sessions that run keep what they began with. What fails
 * without a fault of the file's, a thread that dies, is tried again by itself.
 *
 * @module
 */
import type { Timer } from "./base/clock.ts";
import { limits } from "./base/limits.ts";
import { causeOf } from "./base/text.ts";
import { tlsCheck } from "./certs/check.ts";
import { filesOf, loadInventory, loadTrust, withNewLists } from "./certs/inventory.ts";
import type { Config } from "./config/config.ts";
import type { Findings } from "./config/cross.ts";
import { ConfigError, faultText, warningText } from "./config/faults.ts";
import { loadConfig } from "./config/load.ts";
import { threadTexts } from "./config/text_thread.ts";
import type { TextWork } from "./config/text_work.ts";
import { type FileWatch, watchFiles } from "./config/watch.ts";
import { type DoorDraft, Doors, type DoorState, type Inbound, newDoorDraft } from "./doors.ts";
import { buildEdition, type Edition, type EditionParts } from "./edition.ts";
import { type EditionsWorld, type Ground, type LaidGround, layGround, setLog } from "./ground.ts";
import { endpointText } from "./net/net.ts";

export type { EditionsWorld, Ground } from "./ground.ts";

/** Everything that was made for the next configuration, until it is in force or undone. */
interface Draft {
  edition?: Edition;
  doors: DoorDraft;
}

/** See the module. */
export class Editions {
  readonly #file: string;
  readonly #world: EditionsWorld;
  #ground: LaidGround | undefined;
  #current: Edition | undefined;
  readonly #doors: Doors;
  #watch: FileWatch | undefined;
  #reloading: Promise<readonly string[]> = Promise.resolve([]);
  /** What was wrong with the file when it was read last. */
  #refused: readonly string[] = [];
  #generation = 0;
  /** Attempts since the file was read to its end, and the next. */
  #failures = 0;
  #again: Timer | undefined;
  /** Wall milliseconds at which the reading of what is in force began. */
  #readAt = 0;
  #ended = false;
  /** Works on long texts of configurations. */
  readonly texts: TextWork & Disposable;
  /** Called with each edition that is put in force, the first one left out. A reload waits for it. It must neither throw nor reject. */
  onApplied: (edition: Edition) => void | Promise<void> = () => {};
  #settled: void | Promise<void> = undefined;
  /** Called where certificates may have changed under the configuration that was in force before. It must not throw. */
  onRenewed: (edition: Edition) => void = () => {};

  private constructor(file: string, world: EditionsWorld) {
    this.#file = file;
    this.#world = world;
    this.texts = world.texts ?? threadTexts(world.clock);
    this.#doors = new Doors((at) => this.#ground?.crew?.open(at) ?? world.sockets.listen(at));
  }

  /** Reads the file for the first time. Rejects with {@linkcode ConfigError} or `StorageError`; then nothing is left open. */
  static async open(file: string, world: EditionsWorld): Promise<Editions> {
    const editions = new Editions(file, world);
    try {
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

  /** The listeners in force. */
  get listeners(): DoorState[] {
    return this.#doors.states(this.current.config);
  }

  /** Storage, engine and log. */
  get ground(): Ground {
    return this.#ground!;
  }

  /** Begins to serve on all listeners, and to watch the files. */
  async serve(inbound: Inbound): Promise<void> {
    this.#doors.serve(inbound, this.current);
    const { config } = this.current;
    this.#watch = await watchFiles({
      files: [],
      clock: this.#world.clock,
      onChange: async () => void await this.reload(),
    });
    // What changed since it was read counts: a long queue takes a while to open.
    await this.#watch.replace(filesOf(config), this.#readAt);
    this.#world.clock.after(0, () => this.#readTrust());
  }

  /** Says that everything runs. */
  announce(): void {
    const { log, engine } = this.ground;
    const { config } = this.current;
    const doors = config.listeners.map(({ name, address }) => `${name} ${endpointText(address)}`).join(", ");
    const { version } = this.#world;
    log.info({
      event: "note",
      text: `Postern ${version} is running with ${engine.version}; listening: ${doors || "nowhere"}`,
    });
  }

  /** The authorities, which nobody waited for at the start: what is wrong with them is told now rather than with the first chain. */
  #readTrust(): void {
    if (this.#ended) return;
    const { log, engine } = this.ground;
    try {
      engine.inspectTrust(this.current.trust);
    } catch (error) {
      const text = `Cannot verify any server: ${causeOf(error)}`;
      log.critical({ event: "note", reason: "no_authorities", text });
    }
  }

  /**
   * Reads the file again. Never rejects: what is wrong is logged and returned, and nothing changes then. One that stops reads nothing.
   */
  reload(): Promise<readonly string[]> {
    if (this.#ended) return this.#reloading;
    return this.#reloading = this.#reloading.then(async () => this.#refused = await this.#reload());
  }

  /**
   * Does work that leaves files half changed meanwhile: no reload begins before it is done, whatever the watch sees, but by the `apply` that it is given;
   * what that puts in force is not put in force again.
   */
  alone<T>(work: (apply: () => Promise<readonly string[]>) => Promise<T>): Promise<T> {
    const apply = async () => {
      await this.#watch?.seen();
      return this.#ended ? [] : this.#refused = await this.#reload();
    };
    // As the watch itself goes about it: first its turn, then the reload's.
    const turn = () => this.#inTurn(() => work(apply));
    return this.#watch?.during(turn) ?? turn();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#reloading.then(work);
    this.#reloading = done.then(() => [], () => []);
    return done;
  }

  /**
   * Puts in force what was fetched meanwhile, revocation lists and authorities; all else stays as it is, even where the file could not be applied
   * today. Never rejects.
   */
  renewLists(): Promise<void> {
    return this.#ended ? Promise.resolve() : this.#inTurn(() => this.#renewLists());
  }

  async #renewLists(): Promise<void> {
    const { engine, log } = this.ground;
    const { config, keyPairs, trust: previous } = this.current;
    try {
      const trust = await withNewLists(config, { previous, engine });
      if (trust === previous) return;
      await this.#renew({ config, engine, trust, keyPairs });
    } catch (error) {
      const text = `Cannot put in force what was fetched: ${causeOf(error)}`;
      log.critical({ event: "note", reason: "crl_refused", text });
    }
  }

  /** Reads the file where it, or what it names, has changed. As {@linkcode Editions.reload}; what is in force already is not put in force again. */
  async follow(): Promise<readonly string[]> {
    if (this.#watch === undefined) return await this.reload();
    await this.#watch.check();
    await this.#reloading;
    return this.#refused;
  }

  /** No reload begins from now on; resolves when the last one is done. */
  async stopWatching(): Promise<void> {
    this.#ended = true;
    this.#again?.cancel();
    await this.#watch?.stop();
    await this.#reloading;
  }

  /** Frees everything: the last thing before the process ends. */
  close(): void {
    this.#again?.cancel();
    this.texts[Symbol.dispose]();
    this.#doors.close();
    this.#current?.retire();
    this.#ground?.crew?.close();
    this.#ground?.file[Symbol.dispose]();
    for (const sink of this.#ground?.log.options.sinks ?? []) sink.flush();
    this.#ground?.storage[Symbol.dispose]();
  }

  async #reload(): Promise<readonly string[]> {
    const { log } = this.ground;
    const since = this.#world.clock.now();
    this.#again?.cancel();
    try {
      await this.#apply();
      await this.#settled;
      await this.#watch?.replace(filesOf(this.current.config), since);
      log.info({ event: "note", reason: "config_applied", text: `Configuration applied: ${this.#file}` });
      this.#judged();
      return [];
    } catch (error) {
      const lines = error instanceof ConfigError ? error.faults.map(faultText) : [`${this.#file}: ${causeOf(error)}`];
      if (error instanceof ConfigError) {
        this.#judged();
        for (const text of lines) {
          log.critical({ event: "note", reason: "config_refused", text: `Cannot apply ${text}` });
        }
      } else this.#tryAgain(lines[0]);
      await this.#renewPairs();
      const files = error instanceof ConfigError ? error.files : [];
      await this.#watch?.replace([...filesOf(this.current.config), ...files], since);
      return lines;
    }
  }

  /** It failed, and not for what is in the file: nobody will change that, so it is tried again by itself. */
  #tryAgain(line: string): void {
    const ms = Math.min(limits.configRetryMs * 2 ** this.#failures, limits.configRetryMsMax);
    const text = `Cannot apply ${line}; what is in force stays, and it is tried again in ${ms / 1000} s`;
    this.ground.log[this.#failures === 0 ? "critical" : "warning"]({ event: "note", reason: "config_failed", text });
    this.#failures++;
    if (!this.#ended) this.#again = this.#world.clock.after(ms, () => void this.reload());
  }

  /** It was read to its end, well or not. */
  #judged(): void {
    if (this.#failures === 0) return;
    const text = `The configuration can be read again, after ${this.#failures} attempts that failed`;
    this.#failures = 0;
    this.ground.log.warning({ event: "note", reason: "config_failed_over", text });
  }

  /** Puts certificates in force whose files changed, under a file that cannot be applied today: a renewal does not wait for its owner. */
  async #renewPairs(): Promise<void> {
    const { engine, log, pairs } = this.ground;
    const { config, trust, keyPairs: before } = this.current;
    try {
      const keyPairs = await loadInventory(config, (config, name) => pairs.load(config, name));
      if (JSON.stringify([...keyPairs]) === JSON.stringify([...before])) return this.onRenewed(this.current);
      await this.#renew({ config, engine, trust, keyPairs });
      const text = "Certificates that changed are in service, under the configuration from before";
      log.info({ event: "note", reason: "certificates_applied", text });
    } catch (error) {
      const text = `Cannot put certificates in service that changed: ${causeOf(error)}`;
      log.critical({ event: "note", reason: "certificate_unfit", text });
    }
  }

  /** Puts the same configuration in force with other pairs or authorities. Rejects, and changes nothing, where it cannot. */
  async #renew(parts: EditionParts): Promise<void> {
    const draft: Draft = { edition: await buildEdition(parts), doors: newDoorDraft() };
    try {
      await this.ground.crew?.build(draft.edition!);
    } catch (error) {
      await this.#undo(draft);
      throw error;
    }
    this.#put(draft);
    this.onRenewed(this.current);
  }

  async #apply(): Promise<void> {
    const draft: Draft = { doors: newDoorDraft() };
    const readAt = this.#world.clock.now();
    try {
      const result = await loadConfig(this.#file, {
        hostname: this.#world.hostname,
        generation: this.#generation + 1,
        texts: this.#current && this.texts, // no mail waits for the first one
        checkTls: (config, facts) => this.#check(config, facts),
        prepare: (config) => this.#prepare(config, draft),
      });
      if (!result.ok) throw new ConfigError(result);
      this.#readAt = readAt;
      setLog(this.#ground!, { config: result.config, clock: this.#world.clock });
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
  async #check(config: Config, { whole }: { whole: boolean }): Promise<Findings> {
    // A file with faults leaves no trace: storage, which TLS needs, is made for a sound one.
    if (this.#ground === undefined && !whole) return { errors: [], warnings: [] };
    const { engine, pairs } = this.#ground ??= await layGround(config, { file: this.#file, world: this.#world });
    const { errors, warnings } = await tlsCheck({ engine, now: this.#world.clock.now })(config);
    return { errors: pairs.spare(errors, { config, current: this.#current?.config }), warnings };
  }

  /** Makes everything that a flawless configuration needs. What goes wrong gets its place in the file. */
  async #prepare(config: Config, draft: Draft): Promise<Findings> {
    const found: Findings = { errors: [], warnings: [] };
    const { storage, engine, log, pairs, crew } = this.#ground ??= await layGround(config, {
      file: this.#file,
      world: this.#world,
    });
    if (config.storage.directory !== storage.directory) {
      const text = `it is ${storage.directory} while the gateway runs; another one needs a restart`;
      found.errors.push({ path: ["storage", "directory"], at: "value", text });
      return found;
    }
    const keyPairs = await loadInventory(config, (config, name) => pairs.load(config, name));
    const { anchors: trust, systemList } = await loadTrust(config, { previous: this.#current?.trust, engine });
    if (systemList === null) {
      const text = "No list of the system's certificate authorities was found: no server can be verified";
      log.critical({ event: "note", reason: "no_authorities", text });
    }
    draft.edition = await buildEdition({ config, engine, trust, keyPairs });
    await crew?.build(draft.edition);
    const threads = this.#current?.config.workers ?? config.workers;
    if (config.workers !== threads) {
      const text = `${config.workers} threads serve mail from the next start on; now it is ${threads}`;
      found.warnings.push({ path: ["workers"], at: "value", text });
    }
    await this.#doors.open(config, draft.doors, found);
    return found;
  }

  /** From here on nothing fails. */
  #swap(draft: Draft): void {
    this.#put(draft);
    this.#settled = this.onApplied(draft.edition!);
  }

  #put({ edition, doors }: Draft): void {
    const retired = this.#current;
    this.#current = edition!;
    this.#generation = edition!.config.generation;
    const { crew } = this.ground;
    crew?.enforce(edition!);
    this.#doors.swap(edition!, doors);
    retired?.retire();
    if (retired !== undefined) crew?.retire(retired);
  }

  async #undo({ edition, doors }: Draft): Promise<void> {
    await this.#doors.undo(doors, { edition: this.#current, log: () => this.ground.log });
    edition?.retire();
    if (edition !== undefined) this.#ground?.crew?.retire(edition);
  }
}
