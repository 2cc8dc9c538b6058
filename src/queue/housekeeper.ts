/**
 * What the queue does in quiet moments: it gives room back to the file system, and keeps the reserve whole.
 *
 * A database that was large once keeps its pages for new mail. Where the disk runs short nobody may put any in, so then the pages go back
 * whether it is quiet or not: 4 MiB take 20 ms at most, four times a second.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import type { Parts } from "./parts.ts";
import type { FreeSpace } from "./space.ts";

/** How often is looked. */
const tidyMs = 250;
/** Without a commit for so long it is quiet. */
const quietMs = 1_000;
/** Pages that are given back at once. */
const pagesMax = 1_024;
/** Free pages that stay for new mail, and those that do where the disk runs short. */
const keptPages = 2_048;
const keptPagesShort = 256;
/** From this many times the room that must stay free on, nothing is done for it: clients are turned away until there is a little to spare. */
const roomy = 1.25;

/** See the module. */
export class Housekeeper implements Disposable {
  readonly #parts: Parts;
  readonly #space: FreeSpace;
  readonly #timer: Timer;
  #shrunk = false;
  /** Commits when the log was last emptied for its room. */
  #emptiedAt = 0;

  constructor(parts: Parts, space: FreeSpace) {
    this.#parts = parts;
    this.#space = space;
    this.#timer = parts.options.clock.every(tidyMs, () => this.#tidy());
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #tidy(): void {
    const { committer, store, options: { clock, settings } } = this.#parts;
    const { min_free_disk } = settings();
    this.#space.keepReserve(min_free_disk);
    const short = this.#space.shortage(min_free_disk) !== undefined;
    if (!short && (committer.pending > 0 || clock.monotonic() - committer.lastAt < quietMs)) return;
    try {
      const more = store().shrink({ pages: pagesMax, keep: short ? keptPagesShort : keptPages });
      // The file gets shorter when the log is emptied into it.
      if (!more && this.#shrunk) store().checkpoint("passive");
      this.#shrunk = more;
      // The log keeps its length, 8 MiB and more: where nothing is taken for want of room, no commit would ever use it again.
      if (this.#space.shortage(min_free_disk * roomy) !== undefined && this.#emptiedAt !== committer.commits) {
        store().checkpoint("truncate");
        this.#emptiedAt = committer.commits;
      }
    } catch {
      // Free pages stay in the file and are used again; whatever the trouble is, the next write tells it.
    }
  }
}
