/**
 * Commands on the files of a gateway that does not run: the same code as the gateway's own, under the lock of the storage.
 *
 * The lock is held for as long as the command takes; a gateway that starts meanwhile says who has it. What is done goes to the mail log, as it
 * would from the gateway. Nothing is delivered. Files that root makes on the way are given to the owner of the storage, since the gateway is
 * to open them later.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { LineLog } from "../base/log.ts";
import { RotatingFile } from "../base/log_sinks.ts";
import type { Random } from "../base/random.ts";
import { loadConfig } from "../config/load.ts";
import { giveToOwnerOf, openStorage } from "../config/storage.ts";
import type { Called, CallOptions } from "../control/client.ts";
import { Commands } from "../control/commands.ts";
import type { ControlRequest } from "../control/protocol.ts";
import { queueCommands } from "../control/queue_commands.ts";
import { Suspension, suspensionDomain } from "../control/suspension.ts";
import { suspensionCommands } from "../control/suspension_commands.ts";
import { eventText, type MailEvent } from "../mail/events.ts";
import { openSpool } from "../queue/durable_spool.ts";

/** What the machine gives. */
export interface OfflineWorld {
  clock: Clock;
  random: Random;
  hostname: string;
}

/** Where and how a command is run. */
export interface OfflineOptions extends OfflineWorld {
  /** The configuration file; it may be faulty. */
  file: string;
  call: CallOptions;
}

/** What the log is where the file does not say. */
const usualLogs = { level: "info", format: "text", rotate_size: 104_857_600, keep: 10 } as const;

/** Runs a command on the files of `call.directory`. Rejects where the storage cannot be had. */
export async function callOffline(request: ControlRequest, options: OfflineOptions): Promise<Called> {
  const { file, clock, random, hostname, call: { directory, item, warning } } = options;
  if (!exists(`${directory}/queue`)) return { kind: "not running" };
  const loaded = await loadConfig(file, { hostname, generation: 1 });
  using storage = openStorage(directory);
  const logs = loaded.ok ? loaded.config.logs : usualLogs;
  using sink = new RotatingFile(`${storage.logs}/mail.log`, { clock, rotateSize: logs.rotate_size, keep: logs.keep });
  const { level, format } = logs;
  const log = new LineLog<MailEvent>({ level, format, render: eventText, now: clock.now, sinks: [sink] });
  const settings = {
    hostname: loaded.ok ? loaded.config.hostname : hostname,
    max_queue_messages: Infinity,
    min_free_disk: 0,
  };
  const spool = await openSpool({ directory: storage.queue, clock, random, log, settings: () => settings });
  const handOver = () => {
    for (const folder of [storage.queue, `${storage.queue}/bodies`, storage.logs]) {
      for (const { name } of Deno.readDirSync(folder)) giveToOwnerOf(directory, `${folder}/${name}`);
    }
  };
  try {
    handOver();
    const suspension = new Suspension(storage.state, log);
    const commands = new Commands();
    commands.add(
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
    );
    let called: Called = { kind: "done" };
    await commands.run(request, {
      signal: new AbortController().signal,
      async send(answer) {
        if (answer.warning !== undefined) warning(answer.warning);
        if (answer.item !== undefined) await item(answer.item);
        if (answer.error !== undefined) called = { kind: "failed", text: answer.error };
      },
    });
    return called;
  } finally {
    await spool.close();
    log.options.sinks.forEach((each) => each.flush());
    handOver();
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
