/**
 * The set-up link: how the first administrator is made where `admin.users` has nobody.
 *
 * It is one unforeseeable word in a URL, of which memory holds the hash. It goes to `storage/run/setup-link` (0600), which whoever owns the
 * storage can read, and to a terminal if there is one; never to the log, which is copied and shipped. It lives for {@linkcode limits.setupLinkMs}, counts
 * once, and is made anew at each start until there is a user.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { writeAtomic } from "../certs/files.ts";
import { hashOf, newSecret, sameText } from "./secrets.ts";

/** What the link needs. */
export interface SetupOptions {
  clock: Clock;
  random: Random;
  /** The folder: `storage.run`. */
  run: string;
  /** Whether `admin.users` has somebody. */
  someUser(): boolean;
  /** Where the admin page is: `https://127.0.0.1:8443`. */
  base(): string;
  /** Shows a line on a terminal; absent: there is none. */
  terminal?: (line: string) => void;
}

/** A link that was made. */
export interface MadeLink {
  url: string;
  /** The file it was written to. */
  path: string;
  /** Wall milliseconds. */
  expires: number;
}

interface Live {
  hash: string;
  /** Monotonic. */
  until: number;
  timer: Timer;
}

/** See the module. */
export class SetupLink {
  readonly #options: SetupOptions;
  #live: Live | undefined;
  #taking = false;

  constructor(options: SetupOptions) {
    this.#options = options;
  }

  get path(): string {
    return `${this.#options.run}/setup-link`;
  }

  /** Whether there is nobody yet. */
  get needed(): boolean {
    return !this.#options.someUser();
  }

  /** Makes a link, and the one before is worth nothing. Rejects where it cannot be written. */
  async make(): Promise<MadeLink> {
    const { clock, random, base, terminal } = this.#options;
    const secret = newSecret(random);
    const url = `${base()}/setup?token=${secret}`;
    await this.void();
    // Nobody but its reader can foretell it, so the file may be there a moment before it counts.
    await writeAtomic(this.path, `${url}\n`);
    this.#live = {
      hash: hashOf(secret),
      until: clock.monotonic() + limits.setupLinkMs,
      timer: clock.after(limits.setupLinkMs, () => void this.void().catch(() => {})), // what is left is a file that opens nothing
    };
    terminal?.(`Make the first administrator within ${limits.setupLinkMs / 60_000} minutes: ${url}`);
    return { url, path: this.path, expires: clock.now() + limits.setupLinkMs };
  }

  /** Whether a word opens the set-up now. */
  opens(token: string): boolean {
    const live = this.#live;
    const hash = hashOf(token);
    const hit = sameText(hash, live?.hash ?? "");
    return live !== undefined && hit && this.needed && this.#options.clock.monotonic() < live.until && !this.#taking;
  }

  /** Does `act` by the link, which is used up when that is done; what `act` rejects with leaves it as it was. `undefined`: it opens nothing. */
  async use<T>(token: string, act: () => Promise<T>): Promise<{ done: T } | undefined> {
    if (!this.opens(token)) return undefined;
    // Nobody comes in beside the one who is in.
    this.#taking = true;
    try {
      const done = await act();
      await this.void();
      return { done };
    } finally {
      this.#taking = false;
    }
  }

  /** Ends the link that there is. */
  async void(): Promise<void> {
    this.#live?.timer.cancel();
    this.#live = undefined;
    try {
      await Deno.remove(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
