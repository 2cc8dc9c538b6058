/**
 * What staging takes from the world.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { LoadWorld } from "./load.ts";
import type { TextWork } from "./text_work.ts";

/** What staging works on. */
export interface StagingWorld {
  /** The configuration file, as the owner named it. */
  file: string;
  /** `storage.directory`: candidates are in `staged/`, the history in `history/`. */
  directory: string;
  clock: Clock;
  /** `admin.history` of the configuration in force. */
  keep(): number;
  /** Works on long texts; absent: it is done here. */
  texts?: TextWork;
  /** What validates: with `checkTls` it is what `postern check` does. */
  load(): LoadWorld;
  /** Puts in force what the file says: the lines that say what is wrong; none where it is in force, or where no gateway runs. */
  apply(): Promise<readonly string[]>;
  /** Does work that leaves files half changed meanwhile: nobody reads the configuration before it is done. It calls the `apply` it is given alone. */
  alone<T>(work: (apply: StagingWorld["apply"]) => Promise<T>): Promise<T>;
  /** A line for the log. */
  report(level: "critical" | "warning" | "info", text: string): void;
}
