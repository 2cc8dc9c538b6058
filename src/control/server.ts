/**
 * The control socket of a running gateway: `storage.directory/control.sock`, mode 0600.
 *
 * Who may connect is whom the file system lets: the owner of the storage, and root. What a connection can make the gateway hold is bounded all
 * the same: its request in octets and time, the answer's lines in time, and the number of connections.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { causeOf } from "../base/text.ts";
import type { MailLog } from "../mail/events.ts";
import { listenLocal, type LocalListener, type LocalStream } from "../net/unix.ts";
import type { Commands } from "./commands.ts";
import { type ControlAnswer, encodeLine, linesOf, readRequest } from "./protocol.ts";

/** The socket's name in `storage.directory`. */
export const socketName = "control.sock";

/** What the socket serves, and where. */
export interface ControlOptions {
  /** `storage.directory`. */
  directory: string;
  /** A folder of the same file system with mode 0700: `storage.run`. */
  run: string;
  commands: Commands;
  clock: Clock;
  log: MailLog;
}

/** The open socket. */
export interface Control {
  /** Takes no more connections and ends those that are there, after a moment for their last lines. */
  close(): Promise<void>;
}

/**
 * Opens the socket. Where it cannot be had the gateway runs without it and says so: mail is worth more than the commands. `own` is told of the
 * file that was made, so that root can give it to the storage's owner.
 */
export function openControl(options: ControlOptions, own: (path: string) => void = () => {}): Control {
  const { directory, run, log } = options;
  const path = `${directory}/${socketName}`;
  try {
    const server = new Server(options, listenLocal(path, run));
    own(path);
    return server;
  } catch (error) {
    const text = `Cannot open the control socket: ${causeOf(error)}; commands cannot reach this gateway`;
    log.critical({ event: "note", reason: "control", text });
    return { close: () => Promise.resolve() };
  }
}

class Server implements Control {
  readonly #options: ControlOptions;
  readonly #listener: LocalListener;
  readonly #sessions = new Map<Promise<void>, AbortController>();
  #closed = false;

  constructor(options: ControlOptions, listener: LocalListener) {
    this.#options = options;
    this.#listener = listener;
    void this.#accept();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listener.close();
    const timer = this.#options.clock.after(limits.farewellMs, () => {
      for (const abort of this.#sessions.values()) abort.abort();
    });
    await Promise.all(this.#sessions.keys());
    timer.cancel();
  }

  async #accept(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#closed) {
      try {
        const stream = await this.#listener.accept();
        if (stream === null) return;
        const abort = new AbortController();
        const session = this.#serve(stream, abort).finally(() => this.#sessions.delete(session));
        this.#sessions.set(session, abort);
      } catch (error) {
        if (this.#closed) return;
        // No descriptor to spare, as a rule: a pause keeps this from going round and round.
        log.warning({ event: "note", reason: "control", text: `Cannot accept a command: ${causeOf(error)}` });
        await new Promise<void>((go) => clock.after(limits.controlPauseMs, go));
      }
    }
  }

  /** One connection: a request, its answer, the end. Never rejects. */
  async #serve(stream: LocalStream, abort: AbortController): Promise<void> {
    using _closing = stream;
    const { clock, commands } = this.#options;
    let patience: Timer | undefined;
    const within = (ms: number) => {
      patience?.cancel();
      patience = clock.after(ms, () => abort.abort());
    };
    abort.signal.addEventListener("abort", () => stream.close());
    const send = async (answer: ControlAnswer) => {
      within(limits.controlWriteMs);
      await stream.write(encodeLine(answer));
      patience?.cancel();
    };
    let alive: Timer | undefined;
    try {
      if (this.#sessions.size >= limits.controlConnectionsMax) {
        return await send({ error: `Cannot take a command: ${limits.controlConnectionsMax} are running` });
      }
      within(limits.controlRequestMs);
      const lines = linesOf(stream, limits.controlRequestOctetsMax);
      const { value: line } = await lines.next();
      if (line === undefined) return;
      patience?.cancel();
      // The next read ends when the other side has gone, however it went.
      void lines.next().then(() => abort.abort(), () => abort.abort());
      let writing: Promise<void> = Promise.resolve();
      const inTurn = (answer: ControlAnswer) => writing = writing.then(() => send(answer));
      alive = clock.every(limits.controlAliveMs, () => void inTurn({}).catch(() => {})); // the command's own write tells it
      await commands.run(readRequest(line), { signal: abort.signal, send: inTurn });
    } catch (error) {
      if (!abort.signal.aborted) await send({ error: causeOf(error) }).catch(() => {}); // whoever asked has gone
    } finally {
      alive?.cancel();
      patience?.cancel();
      abort.abort();
    }
  }
}
