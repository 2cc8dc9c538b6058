/**
 * What every configuration in force stands on, made once with the first one: storage, TLS engine, log, pairs, threads.
 *
 * @module
 */
import type { Clock } from "./base/clock.ts";
import { LineLog, type LogOptions } from "./base/log.ts";
import { LateSink, RotatingFile, standardOutput } from "./base/log_sinks.ts";
import type { Random } from "./base/random.ts";
import { Pairs } from "./certs/pairs.ts";
import { recoverSwap } from "./certs/swap.ts";
import type { Config } from "./config/config.ts";
import type { TextWork } from "./config/text_work.ts";
import { openStorage, type Storage } from "./config/storage.ts";
import { eventText, type MailEvent } from "./mail/events.ts";
import type { Tcp } from "./net/tcp.ts";
import { type OpenSslEngine, openSslEngine, ticketKeysOctets } from "./openssl/engine.ts";
import { Crew } from "./workers/crew.ts";

/** What editions are made with. */
export interface EditionsWorld {
  clock: Clock;
  random: Random;
  hostname: string;
  version: string;
  sockets: Tcp;
  /** Works on long texts of configurations; absent: a thread. */
  texts?: TextWork & Disposable;
}

/** What every edition stands on; it stays for the life of the process. */
export interface Ground {
  storage: Storage;
  engine: OpenSslEngine;
  pairs: Pairs;
  /** Statistics and alerts hear it by `observe`. */
  log: LineLog<MailEvent>;
  /** Where log hosts hear it. */
  late: LateSink;
  /** The threads that serve sessions and connections to next hops, where it is not this one. */
  crew: Crew | undefined;
}

/** As it was laid, with the file of the log. */
export type LaidGround = Ground & { file: RotatingFile };

/** Storage, engine and log, in this order: the binary's libraries are unpacked below the storage. `file` is the configuration. */
export async function layGround(
  config: Config,
  { file: configFile, world }: { file: string; world: EditionsWorld },
): Promise<LaidGround> {
  const { clock, random, sockets } = world;
  const storage = openStorage(config.storage.directory);
  try {
    await recoverSwap(storage.certificates, { file: configFile }); // before anything reads a certificate
    // A compiled program unpacks libraries to TMPDIR under names that can be foretold: nobody else may write there.
    Deno.env.set("TMPDIR", storage.run);
    const ticketKeys = random.bytes(ticketKeysOctets);
    const engine = openSslEngine({
      ticketKeys,
      onStaple: (fingerprint, staple) => crew?.staple(fingerprint, staple),
    });
    const file = new RotatingFile(`${storage.logs}/mail.log`, {
      clock,
      rotateSize: config.logs.rotate_size,
      keep: config.logs.keep,
    });
    const late = new LateSink(() => clock.now());
    const log = new LineLog<MailEvent>(logOptions(config, { sinks: [standardOutput(clock), file, late], clock }));
    const pairs = new Pairs({
      ...world,
      engine,
      note: (level, text) => log[level]({ event: "note", text }),
      tell: (level, text) => log[level]({ event: "note", reason: "certificate_unfit", text }),
    });
    const spawn = () => new Worker(new URL("./mail_worker.ts", import.meta.url), { type: "module" });
    const crew = config.workers === 1 ? undefined : new Crew({
      count: config.workers,
      spawn,
      probe: (at) => sockets.listen(at),
      clock,
      log,
      hello: { ticketKeys, logs: config.logs },
    });
    return { storage, engine, log, late, pairs, file, crew };
  } catch (error) {
    storage[Symbol.dispose]();
    throw error;
  }
}

/** The log as a configuration has it. */
export function setLog(
  { log, file }: LaidGround,
  { config, clock }: { config: Config; clock: Clock },
): void {
  file.rotateSize = config.logs.rotate_size;
  file.keep = config.logs.keep;
  log.options = logOptions(config, { sinks: log.options.sinks, clock });
}

function logOptions(
  { logs: { level, format } }: Config,
  { sinks, clock }: { sinks: LogOptions<MailEvent>["sinks"]; clock: Clock },
): LogOptions<MailEvent> {
  return { level, format, sinks, render: eventText, now: () => clock.now() };
}
