/**
 * The commands `saveconfig` and `loadconfig`: configuration, certificates and keys in one file under a password.
 *
 * @module
 */
import {
  type Backup,
  collectBackup,
  decodeBackup,
  encodeBackup,
  type Folders,
  planFiles,
  type PlannedFile,
  relocations,
} from "../certs/backup.ts";
import { BackupError, passwordCharactersMin, seal, unseal } from "../certs/backup_seal.ts";
import { CertificateFileError } from "../certs/files.ts";
import { limits } from "../base/limits.ts";
import { printable } from "../base/text.ts";
import { editSource, plainSource } from "../config/edit.ts";
import { valueAt } from "../config/issues.ts";
import { faultText } from "../config/faults.ts";
import { loadSource } from "../config/load.ts";
import { maskedDifference } from "../config/mask.ts";
import { EditError } from "../config/plain.ts";
import { placeFiles } from "../config/restore.ts";
import type { Waiting } from "../config/stage_confirm.ts";
import type { WriteWish } from "../config/stage_results.ts";
import { dirname, resolve } from "node:path";
import { type Args, type Command, CommandError } from "./commands.ts";
import { placeOf, tellCommit } from "./config_ground.ts";
import type { FileGround } from "./file_commands.ts";
import type { Caller } from "./protocol.ts";
import { tellingOf, type Told } from "../base/told.ts";
import { tell } from "./texts.ts";

/** What `saveconfig` gives. */
export interface SavedFacts {
  /** Files besides the configuration. */
  files: string[];
  octets: number;
}

/** What `loadconfig` gives. */
export interface LoadedFacts {
  /** Wall milliseconds at which the archive was made, and on which machine. */
  made: number;
  hostname: string;
  /** Of the configuration, without secrets. */
  difference: string;
  files: PlannedFile[];
  /** It was done; else it is what would be. */
  done: boolean;
  /** It is taken back unless it is confirmed over a new connection. */
  confirm?: Waiting;
}

/** See the module. */
export function backupCommands(ground: FileGround): Command[] {
  // A password costs up to 256 MiB to try, which nobody spends twice at once.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(() => clearly(work));
    turn = done.catch(() => {});
    return done;
  };
  return [
    {
      name: "saveconfig",
      async run(args, { save, caller, warn }): Promise<SavedFacts> {
        const { file, hostname, clock, random, staging } = ground;
        const { text: source } = await staging.source();
        const loaded = await loadSource(source, { file, hostname, generation: 1, texts: staging.texts });
        if (!loaded.ok) throw new CommandError(tell("fault.backup.save", { file, fault: faultText(loaded.errors[0]) }));
        const password = passwordOf(args);
        const weak = weakness(password);
        if (weak !== undefined && caller.from !== undefined) {
          throw new CommandError(tell("fault.backup.weak", { why: weak }));
        }
        if (weak !== undefined) {
          warn(`Warning: ${weak.text}: whoever gets the archive may guess it, and has the keys then`);
        }
        const afar = caller.from === undefined ? undefined : { leftOut: warn };
        return await inTurn(async () => {
          const backup = await collectBackup(loaded.config, { source, made: clock.now(), hostname, afar });
          const archive = await seal(encodeBackup(backup), { password, random });
          if (archive.length > limits.controlFilesOctetsMax) {
            throw new BackupError(tell("fault.backup.save_large", { max: limits.controlFilesOctetsMax }));
          }
          save("file", archive);
          return { files: backup.files.map(({ path }) => path), octets: archive.length };
        });
      },
    },
    {
      name: "loadconfig",
      async run(args, { caller, warn }): Promise<LoadedFacts> {
        const { name, content } = args.neededFile("file");
        const password = passwordOf(args);
        if (caller.from !== undefined && args.has("outside")) {
          throw new CommandError("Cannot restore files outside storage and configuration over the network");
        }
        return await inTurn(async () => {
          const backup = decodeBackup(await unseal(content, { password, what: printable(name) }), printable(name));
          const wish = { yes: args.has("yes"), outside: args.has("outside"), caller, warn };
          return await load(ground, { backup, wish });
        });
      },
    },
  ];
}

interface Wish {
  yes: boolean;
  outside: boolean;
  caller: Caller;
  warn: (text: string) => void;
}

async function load(ground: FileGround, { backup, wish }: { backup: Backup; wish: Wish }): Promise<LoadedFacts> {
  const { file, staging, storage } = ground;
  const { warn } = wish;
  const folders: Folders = { config: dirname(resolve(file)), storage: storage.directory };
  const { text: now } = await staging.source();
  const storageSaid = valueAt(plainNow(now), ["storage", "directory"]);
  const changes = relocations(backup, { folders, storageSaid });
  for (const { path, value } of changes) {
    warn(
      `${path.join(".")} is ${
        value === undefined ? "left out" : printable(String(value))
      } here: this gateway keeps its own storage`,
    );
  }
  const after = editSource(backup.config, changes);
  const { caller: { name: who, from }, outside } = wish;
  const { plan, files } = planFiles(backup, { folders, outside, file, afar: from !== undefined });
  const difference = maskedDifference(now, after, { names: ["config.yaml", "config.yaml (archive)"] });
  const { made, hostname } = backup;
  const facts: LoadedFacts = { made, hostname, difference, files: plan, done: false };
  if (!wish.yes) return facts;
  const comment = `loadconfig: made ${new Date(made).toISOString()}`;
  const confirm = await restore(ground, { after, files, wish: { who, comment, from: placeOf(wish.caller) }, warn });
  return { ...facts, done: true, ...(confirm === undefined ? {} : { confirm }) };
}

/** All or nothing: the files, then the configuration, then it is put in force. What it waits for, where it does. */
async function restore(
  { file, staging, storage, alone, apply, log }: FileGround,
  { after, files, wish, warn }: {
    after: string;
    files: Parameters<typeof placeFiles>[1]["files"];
    wish: WriteWish;
    warn: (text: string) => void;
  },
): Promise<Waiting | undefined> {
  const before = (await staging.source()).text;
  const placed = await alone(() =>
    Promise.resolve(placeFiles(storage.directory, { files, file: resolve(file), after }))
  );
  let confirm: Waiting | undefined;
  try {
    const written = await staging.writeSource(after, { ...wish, files: placed.before });
    ({ confirm } = tellCommit(written, { file, warn }));
    // What the files say is new even where the configuration is not. What waits to be confirmed is in force, files and all.
    const lines = confirm === undefined ? await apply() : [];
    if (lines.length > 0) {
      for (const line of lines) warn(line);
      throw new CommandError(tell("fault.backup.not_in_force"));
    }
  } catch (error) {
    await alone(() => Promise.resolve(placed.undo()));
    if ((await staging.source()).text !== before) {
      await staging.writeSource(before, { who: "postern", comment: "loadconfig undone" });
    }
    await apply();
    throw error;
  }
  placed.done();
  log.info({
    event: "note",
    reason: "config_restored",
    text: `Configuration and ${files.length} files were restored from an archive by ${wish.who}`,
  });
  return confirm;
}

/** A file that is no YAML any more is replaced all the same. */
function plainNow(text: string): unknown {
  try {
    return plainSource(text);
  } catch (error) {
    if (error instanceof EditError) return null;
    throw error;
  }
}

function passwordOf(args: Args): string {
  const password = args.password("password-file");
  if (password === undefined) {
    throw new CommandError(tell("fault.backup.no_password"));
  }
  if (password === "") throw new CommandError(tell("fault.backup.password_empty"));
  return password;
}

/** What is wrong with the password of a new archive. */
function weakness(password: string): Told | undefined {
  if ([...password].length >= passwordCharactersMin) return undefined;
  return tell("fault.backup.short", { min: passwordCharactersMin });
}

/** What is the operator's to put right reaches him as it is. */
async function clearly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const known = error instanceof BackupError || error instanceof CertificateFileError || error instanceof EditError;
    throw known ? new CommandError(tellingOf(error)) : error;
  }
}
