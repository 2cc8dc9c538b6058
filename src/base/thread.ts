/**
 * Questions that take long, answered in a thread, one at a time and in turn.
 *
 * A few wait, more are refused. A thread ends with its answer, or stays for a while, where the next question is likely to be about the same. One that does not
 * answer in time is ended; the next question begins another. A long answer comes in pieces, each in a turn of its own, since it is asked for.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";
import { Parcel, type Piece, piecesOf } from "./parcel.ts";

/** What a thread is like. */
export interface ThreadOptions {
  clock: Clock;
  /** Starts it: `new Worker(new URL("./x_worker.ts", import.meta.url), { type: "module" })`, literally, so that the binary has the file. */
  start(): Worker;
  /** In errors: `search the mail log`. */
  task: string;
  /** An answer has to be there by then. */
  ms: number;
  /** Questions that run and wait. */
  waitingMax: number;
  /** How long it stays when nobody asks; left out: it ends with its answer. */
  idleMs?: number;
}

/** How one question is asked. */
export interface AskOptions {
  /** Called with the parts of the answer as they come: see {@linkcode Parcel}. */
  seal?: (value: unknown) => void;
}

/** Too many questions wait. */
export class ThreadBusyError extends Error {
  override name = "ThreadBusyError";
}

/** What the thread is sent: a question, or the word that the next piece of its answer may come. */
export type ThreadWord<Question> = { question: Question } | "more";
/** What the thread sends: a piece of the answer, or why there is none. */
export type ThreadAnswer = { piece: Piece } | { error: string };

/** See the module. Questions and answers are plain values. */
export class Thread<Question, Answer> implements Disposable {
  readonly #options: ThreadOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #worker: Worker | undefined;
  #idle: Timer | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Asks. Rejects with {@linkcode ThreadBusyError}, or with what the thread says. */
  async ask(question: Question, options: AskOptions = {}): Promise<Answer> {
    const { clock, task, waitingMax, idleMs } = this.#options;
    if (this.#waiting >= waitingMax) throw new ThreadBusyError(`Cannot ${task}: too many wait for it already`);
    this.#waiting++;
    this.#idle?.cancel();
    const mine = this.#last.then(() => this.#run(question, options));
    this.#last = mine.catch(() => {}); // the next one does not care how this one ended
    try {
      return await mine;
    } finally {
      if (--this.#waiting === 0 && this.#worker !== undefined && idleMs !== undefined) {
        this.#idle = clock.after(idleMs, () => this[Symbol.dispose]());
      }
    }
  }

  /** Ends the thread; another question begins another one. */
  [Symbol.dispose](): void {
    this.#idle?.cancel();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #run(question: Question, { seal }: AskOptions): Promise<Answer> {
    const { clock, start, task, ms, idleMs } = this.#options;
    const worker = this.#worker ??= start();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const parcel = new Parcel(seal);
    const failed = (why: string) => {
      this[Symbol.dispose]();
      reject(new Error(`Cannot ${task}: ${why}`));
    };
    const timer = clock.after(ms, () => failed("it took too long"));
    worker.onmessage = ({ data }: { data: ThreadAnswer }) => {
      if ("error" in data) return reject(new Error(`Cannot ${task}: ${data.error}`));
      parcel.add(data.piece);
      if (parcel.whole === undefined) worker.postMessage("more" satisfies ThreadWord<Question>);
      else resolve(parcel.whole.value as Answer);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      failed(event.message);
    };
    try {
      worker.postMessage({ question } satisfies ThreadWord<Question>);
      return await promise;
    } finally {
      timer.cancel();
      if (idleMs === undefined) this[Symbol.dispose]();
    }
  }
}

/** The thread's side: answers one question after the other. To be called once, by the worker's module. */
export function answerWith<Question, Answer>(answer: (question: Question) => Answer | Promise<Answer>): void {
  const thread = self as unknown as {
    onmessage: (event: { data: ThreadWord<Question> }) => void;
    postMessage(answer: ThreadAnswer): void;
  };
  let pieces: Iterator<Piece, void> | undefined;
  const next = () => {
    const piece = pieces?.next();
    if (piece !== undefined && !piece.done) thread.postMessage({ piece: piece.value });
    if (piece?.done !== false || piece.value.id === 0 && piece.value.ends) pieces = undefined;
  };
  thread.onmessage = async ({ data }) => {
    if (data === "more") return next();
    try {
      pieces = piecesOf(await answer(data.question));
      next();
    } catch (error) {
      thread.postMessage({ error: error instanceof Error ? error.message : String(error) });
    }
  };
}
