/**
 * Commands on the files of a gateway that does not run: the same code as the gateway's own, under the lock of the storage.
 *
 * The lock is held for as long as the command takes; a gateway that starts meanwhile says who has it. What is done goes to the mail log, as it
 * would from the gateway. Nothing is delivered. Files that root makes on the way are given to the owner of the storage, since the gateway is
 * to open them later. A command on the queue opens it, and there must be one; the other files may be made before the first start, and
 * then the queue, which may be long, stays closed.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { LineLog } from "../base/log.ts";
import { RotatingFile } from "../base/log_sinks.ts";
import type { Random } from "../base/random.ts";
import { loadConfig, type LoadResult } from "../config/load.ts";
import { giveToOwnerOf, openStorage, type Storage } from "../config/storage.ts";
import { type Called, type CallOptions, takeAside } from "../control/client.ts";
import { type Command, Commands } from "../control/commands.ts";
import { openStaging } from "../control/config_ground.ts";
import { fileCommands, type FileEngine } from "../control/file_commands.ts";
import type { ControlRequest } from "../control/protocol.ts";
import { queueCommands } from "../control/queue_commands.ts";
import { Suspension, suspensionDomain } from "../control/suspension.ts";
import { suspensionCommands } from "../control/suspension_commands.ts";
import { createResolver } from "../dns/resolver.ts";
import { eventText, type MailEvent } from "../mail/events.ts";
import { tcp } from "../net/tcp.ts";
import { systemUdp } from "../net/udp.ts";
import { openSpool } from "../queue/durable_spool.ts";

/** What the machine gives. */
export interface OfflineWorld {
  clock: Clock;
  random: Random;
  hostname: string;
  /** Opens the TLS engine; in the binary that unpacks its libraries to TMPDIR. */
  openEngine(): FileEngine;
}

/** Where and how a command is run. */
export interface OfflineOptions extends OfflineWorld {
  /** The configuration file; it may be faulty. */
  file: string;
  /** What the command works on. */
  needs: "queue" | "files";
  call: CallOptions;
}

/** What a command is run with. */
interface Frame extends OfflineOptions {
  storage: Storage;
  log: LineLog<MailEvent>;
  loaded: LoadResult;
}

interface Offer {
  offered: readonly Command[];
}

/** What the log and the DNS are where the file does not say. */
const usualLogs = { level: "info", format: "text", rotate_size: 104_857_600, keep: 10 } as const;
const usualHistory = 50;
const usualDns = { servers: [], timeout: 5_000 };

/** Runs a command on the files of `call.directory`. Rejects where the storage cannot be had. */
export async function callOffline(request: ControlRequest, options: OfflineOptions): Promise<Called> {
  const { file, clock, hostname, needs, call: { directory } } = options;
  if (needs === "queue" && !exists(`${directory}/queue`)) return { kind: "not running" };
  const loaded = await loadConfig(file, { hostname, generation: 1 });
  using storage = openStorage(directory);
  const logs = loaded.ok ? loaded.config.logs : usualLogs;
  using sink = new RotatingFile(`${storage.logs}/mail.log`, { clock, rotateSize: logs.rotate_size, keep: logs.keep });
  const { level, format } = logs;
  const log = new LineLog<MailEvent>({ level, format, render: eventText, now: clock.now, sinks: [sink] });
  const frame: Frame = { ...options, storage, log, loaded };
  try {
    return needs === "queue" ? await onQueue(request, frame) : await onFiles(request, frame);
  } finally {
    log.options.sinks.forEach((each) => each.flush());
    handOver(storage.logs, directory);
  }
}

async function onQueue(request: ControlRequest, frame: Frame): Promise<Called> {
  const { storage, log, loaded, clock, random, hostname } = frame;
  const settings = {
    hostname: loaded.ok ? loaded.config.hostname : hostname,
    max_queue_messages: Infinity,
    min_free_disk: 0,
  };
  const spool = await openSpool({ directory: storage.queue, clock, random, log, settings: () => settings });
  const handQueueOver = () => {
    for (const folder of [storage.queue, `${storage.queue}/bodies`]) handOver(folder, storage.directory);
  };
  try {
    handQueueOver();
    const suspension = new Suspension(storage.state, log);
    const offered = [
      ...queueCommands({
        manage: spool.manage,
        messages: () => spool.messages,
        now: clock.now,
        suspended: (domain) => suspension.delivery(suspensionDomain(domain) ?? domain),
      }),
      ...suspensionCommands({
        suspension,
        tell: (text) => log.warning({ event: "note", reason: "suspended", text }),
      }),
    ];
    return await runOne(request, { ...frame, offered });
  } finally {
    await spool.close();
    handQueueOver();
  }
}

async function onFiles(request: ControlRequest, frame: Frame): Promise<Called> {
  const { loaded, storage, clock, openEngine } = frame;
  let engine: FileEngine | undefined;
  const tmpdir = Deno.env.get("TMPDIR");
  const settings = () => loaded.ok ? loaded.config.dns : usualDns;
  const apply = () => Promise.resolve([]);
  const ground = {
    ...frame,
    engine() {
      if (engine !== undefined) return engine;
      // A compiled program unpacks libraries to TMPDIR under names that can be foretold: nobody else may write there.
      Deno.env.set("TMPDIR", storage.run);
      return engine = openEngine();
    },
    resolver: () => createResolver({ ...frame, udp: systemUdp, tcp: tcp(clock), settings }),
    alone: <T>(work: (done: typeof apply) => Promise<T>) => work(apply),
    running: false,
    apply,
  };
  const staging = openStaging(ground, { keep: () => loaded.ok ? loaded.config.admin.history : usualHistory });
  const offered = fileCommands({ ...ground, staging });
  try {
    return await runOne(request, { ...frame, offered });
  } finally {
    if (tmpdir === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", tmpdir);
  }
}

async function runOne(request: ControlRequest, { call, offered }: Pick<Frame, "call"> & Offer): Promise<Called> {
  const commands = new Commands();
  commands.add(...offered);
  let called: Called = { kind: "done" };
  await commands.run(request, {
    signal: new AbortController().signal,
    async send(answer) {
      const unsaved = await takeAside(answer, call);
      if (answer.item !== undefined) await call.item(answer.item);
      const text = unsaved ?? answer.error;
      if (text !== undefined && called.kind === "done") called = { kind: "failed", text };
    },
  });
  return called;
}

/** What root made in a folder of the gateway's becomes the gateway's. */
function handOver(folder: string, directory: string): void {
  for (const { name } of Deno.readDirSync(folder)) giveToOwnerOf(directory, `${folder}/${name}`);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
