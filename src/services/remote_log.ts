/**
 * The mail log on its way to one log host.
 *
 * Mail never waits for it: a line is put into bounded memory ({@linkcode WaitingLines}) and that is all that its writer does. One loop takes lines from
 * there. While the host cannot be had they wait, attempts come in pauses that grow to a minute, the trouble is told once when it begins and once,
 * with what was dropped, when it is over. The line that tells its beginning goes everywhere but to this host: no trouble feeds on itself.
 *
 * There are no answers in syslog. What was handed over in the last seconds before a connection ended is sent again, since nobody knows whether it
 * arrived: a line that is there twice is better than one that is missing. A server that takes our certificate only to refuse it behind its own handshake
 * (TLS 1.3) looks like that too.
 *
 * @module
 */
import { type Clock, sleep, type Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import type { LogHost } from "../config/config.ts";
import type { MailLog } from "../mail/events.ts";
import { DeadlineError, endpointText } from "../net/net.ts";
import type { LinkFault } from "./client_link.ts";
import { type Lines, linesIn, WaitingLines } from "./syslog_lines.ts";
import { SyslogForm } from "./syslog_message.ts";
import { openWay, type Way, type WayWorld } from "./syslog_way.ts";

/** What a remote log needs of the world. */
export interface RemoteLogWorld extends WayWorld {
  clock: Clock;
  random: Random;
  log: MailLog;
  pid: number;
}

/** How a log host does, as plain data. */
export interface LogHostFacts {
  name: string;
  /** `logs.example.test:6514`. */
  server: string;
  transport: LogHost["transport"];
  /** `idle`: there was nothing to send lately. */
  state: "open" | "idle" | "failing";
  /** Lines: handed over, waiting, dropped; since the start. */
  sent: number;
  waiting: number;
  dropped: number;
  /** Why it fails. */
  fault?: string;
}

/** What it is told by, and whose. */
export interface RemoteLogSettings {
  host: LogHost;
  hostname: string;
  /** Another text: the connection has to be another one. */
  stamp: string;
}

/** Lines that come shortly after each other go together. */
const gatherMs = 20;
/** Characters that are sent at a time. */
const batchCharacters = 65_536;
/** What was sent so shortly before the end of a connection may not have arrived. */
const unsureMs = 3_000;
const unsureCharactersMax = 1_048_576;
/** A connection that ends sooner is a failure, and one that has lasted for the second is the end of one. */
const shortLifeMs = 10_000;
const settledMs = 2_000;
/** The address of a datagram is looked up again. */
const datagramLifeMs = 60_000;
const pauseMs = 1_000;
const pauseMsMax = 60_000;

/** See the module. */
export class RemoteLog {
  readonly #world: RemoteLogWorld;
  readonly #waiting = new WaitingLines(limits.logHostWaitingCharactersMax);
  #settings: RemoteLogSettings;
  #form: SyslogForm;
  #way: { way: Way; openedAt: number; sent: boolean } | undefined;
  /** What is being handed over. */
  #underWay: readonly Lines[] = [];
  /** What was sent lately (monotonic), the oldest first. */
  #unsure: { at: number; lines: Lines[] }[] = [];
  #fault: { kind: string; text: string; told: boolean } | undefined;
  #failures = 0;
  #sent = 0;
  #dropped = 0;
  #muted = false;
  #closing = false;
  /** The way is to be another one. */
  #stale = false;
  #wake: (() => void) | undefined;
  /** Ends a pause. */
  #hurry = new AbortController();
  /** Ends everything. */
  readonly #cut = new AbortController();
  readonly #done: Promise<void>;

  constructor(world: RemoteLogWorld, settings: RemoteLogSettings) {
    this.#world = world;
    this.#settings = settings;
    this.#form = this.#newForm();
    this.#done = this.#run();
  }

  /** Takes lines, each with its end; `at`: wall milliseconds. */
  write(text: string, at: number): void {
    if (this.#muted || this.#closing) return;
    this.#waiting.push({ text, at });
    this.#wake?.();
  }

  /** Other settings, where they are other ones; lines that wait go by them. */
  use(settings: RemoteLogSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.#settings = settings;
    this.#form = this.#newForm();
    this.#stale = true;
    this.#failures = 0;
    if (this.#fault !== undefined) this.#fault.told = false;
    this.#hurry.abort();
    this.#hurry = new AbortController();
    this.#wake?.();
  }

  /** Takes no more lines, sends those that wait, within `ms`, and ends. */
  async close(ms: number = limits.logHostFlushMs): Promise<void> {
    const { clock } = this.#world;
    this.#closing = true;
    this.#hurry.abort();
    this.#wake?.();
    const late = Promise.withResolvers<void>();
    const timer = clock.after(ms, () => {
      this.#cut.abort();
      this.#way?.way.close();
      late.resolve();
    });
    await Promise.race([this.#done, late.promise]);
    timer.cancel();
    const left = this.#left;
    if (left > 0) {
      this.#tell("warning", {
        text: `${linesText(left)} of the log were not sent to ${this.#name}`,
        reason: "log_host_left",
      });
    }
  }

  get facts(): LogHostFacts {
    const { host: { name, host, port, transport } } = this.#settings;
    return {
      name,
      server: endpointText({ address: host, port }),
      transport,
      state: this.#fault !== undefined ? "failing" : this.#way === undefined ? "idle" : "open",
      sent: this.#sent,
      waiting: this.#left,
      dropped: this.#dropped + this.#waiting.dropped,
      ...(this.#fault === undefined ? {} : { fault: this.#fault.text }),
    };
  }

  /** Lines that the host does not have yet. */
  get #left(): number {
    return this.#underWay.reduce((sum, { text }) => sum + linesIn(text), this.#waiting.count);
  }

  async #run(): Promise<void> {
    const { clock } = this.#world;
    while (!this.#cut.signal.aborted) {
      let fault = this.#look();
      if (fault === undefined) {
        if (this.#waiting.isEmpty) {
          if (this.#closing) break;
          await this.#untilLines();
          continue;
        }
        if (!this.#closing) await sleep(clock, gatherMs, this.#hurry.signal);
        fault = await this.#sendSome();
        if (fault === undefined) continue;
      }
      this.#failed(fault);
      if (this.#closing) break;
      await sleep(clock, this.#pause(), this.#hurry.signal);
    }
    this.#drop();
  }

  /** What has changed since: other settings, a way that has ended or is old, a trouble that is over. A failure, where the end is one. */
  #look(): LinkFault | undefined {
    const { clock } = this.#world;
    const open = this.#way;
    const age = open === undefined ? 0 : clock.monotonic() - open.openedAt;
    if (open !== undefined && open.way.ended === undefined && open.sent && age >= settledMs) this.#over();
    if (this.#fault === undefined && this.#waiting.isEmpty) this.#tellSlow();
    const stale = this.#stale || this.#settings.host.transport === "udp" && age >= datagramLifeMs;
    this.#stale = false;
    if (open?.way.ended !== undefined) return this.#lost(open.way.ended);
    if (stale) this.#drop();
  }

  /** Waits for something to do. A connection that nobody needs is closed: a way that is silent for long may be dead without a word. */
  async #untilLines(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    let timer: Timer | undefined;
    if (this.#fault !== undefined && this.#way !== undefined) timer = this.#world.clock.after(settledMs, resolve);
    else if (this.#way !== undefined) {
      timer = this.#world.clock.after(limits.logHostIdleMs, () => {
        this.#drop();
        resolve();
      });
    }
    await promise;
    timer?.cancel();
    this.#wake = undefined;
  }

  async #sendSome(): Promise<LinkFault | undefined> {
    const { clock } = this.#world;
    if (this.#way === undefined) {
      const opened = await openWay(this.#world, {
        host: this.#settings.host,
        form: this.#form,
        attempt: this.#failures,
        onEnd: () => this.#wake?.(),
        signal: this.#cut.signal,
      });
      if ("fault" in opened) return opened.fault;
      this.#way = { way: opened, openedAt: clock.monotonic(), sent: false };
    }
    const open = this.#way;
    const lines = this.#waiting.take(batchCharacters);
    this.#underWay = lines;
    try {
      await open.way.send(lines);
    } catch (thrown) {
      this.#waiting.putBack(lines);
      const fault: LinkFault = { reason: "network", text: printable(causeOf(thrown), 300), unproven: false };
      const lost = this.#lost(fault);
      // A host that does not read is no better for having been there for long.
      return thrown instanceof DeadlineError ? fault : lost;
    } finally {
      this.#underWay = [];
    }
    open.sent = true;
    const now = clock.monotonic();
    for (const { text } of lines) this.#sent += linesIn(text);
    this.#remember(lines, now);
    return open.way.ended === undefined ? undefined : this.#lost(open.way.ended);
  }

  /** Keeps what may not arrive, for a while. */
  #remember(lines: Lines[], now: number): void {
    this.#unsure.push({ at: now, lines });
    let characters = 0;
    const kept = this.#unsure.findLastIndex(({ at, lines }) => {
      for (const { text } of lines) characters += text.length;
      return now - at >= unsureMs || characters > unsureCharactersMax;
    });
    if (kept >= 0) this.#unsure.splice(0, kept + 1);
  }

  /** The way ended by itself. What is to be sent again after a short life is a failure. */
  #lost(fault: LinkFault): LinkFault | undefined {
    const now = this.#world.clock.monotonic();
    const again = this.#unsure.filter(({ at }) => now - at < unsureMs).flatMap(({ lines }) => lines);
    for (const { text } of again) this.#sent -= linesIn(text);
    this.#waiting.putBack(again);
    const young = this.#way !== undefined && now - this.#way.openedAt < shortLifeMs;
    this.#drop();
    return young && !this.#waiting.isEmpty ? fault : undefined;
  }

  #drop(): void {
    this.#way?.way.close();
    this.#way = undefined;
    this.#unsure = [];
  }

  #failed({ text, unproven }: LinkFault): void {
    this.#failures++;
    const kind = unproven ? "log_host_unverified" : "log_host_down";
    const told = this.#fault?.told === true && this.#fault.kind === kind;
    this.#fault = { kind, text, told: true };
    if (told || this.#closing) return;
    const words =
      `Cannot send the log to ${this.#name}: ${text}; lines wait in memory, and the oldest go when it is full`;
    this.#tell(unproven ? "critical" : "warning", { text: words, reason: kind });
  }

  #over(): void {
    this.#failures = 0;
    if (this.#fault === undefined) return;
    const { kind } = this.#fault;
    this.#fault = undefined;
    const dropped = this.#takeDropped();
    const text = `The log host ${this.#name} takes lines again` +
      (dropped === 0 ? "" : `; ${linesText(dropped)} were dropped meanwhile`);
    this.#world.log.warning({ event: "note", text, reason: `${kind}_over` });
  }

  #tellSlow(): void {
    const dropped = this.#takeDropped();
    if (dropped === 0) return;
    const text = `The log host ${this.#name} was too slow: ${linesText(dropped)} were dropped`;
    this.#world.log.warning({ event: "note", text, reason: "log_host_slow" });
  }

  #takeDropped(): number {
    const dropped = this.#waiting.takeDropped();
    this.#dropped += dropped;
    return dropped;
  }

  /** Says something to everybody but this host. */
  #tell(level: "critical" | "warning", note: { text: string; reason: string }): void {
    this.#muted = true;
    this.#world.log[level]({ event: "note", ...note });
    this.#muted = false;
  }

  #pause(): number {
    const pause = Math.min(pauseMs * 2 ** Math.min(this.#failures - 1, 10), pauseMsMax);
    return pause * (0.9 + 0.2 * this.#world.random.fraction());
  }

  #newForm(): SyslogForm {
    const { host: { facility, transport }, hostname } = this.#settings;
    const octetsMax = transport === "udp" ? limits.logHostDatagramOctetsMax : limits.logHostMessageOctetsMax;
    return new SyslogForm({ facility, hostname, pid: this.#world.pid, octetsMax });
  }

  /** `far (logs.example.test:6514, tls)`. */
  get #name(): string {
    const { host: { name, host, port, transport } } = this.#settings;
    return `${printable(name)} (${printable(endpointText({ address: host, port }))}, ${transport})`;
  }
}

function linesText(count: number): string {
  return `${count} ${count === 1 ? "line" : "lines"}`;
}
