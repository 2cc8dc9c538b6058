/**
 * Questions that take long, answered in a thread, one at a time and in turn.
 *
 * A few wait, more are refused. A thread ends with its answer, or stays for a while, where the next question is likely to be about the same. One that does not
 * answer in time is ended; the next question begins another.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";

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

/** Too many questions wait. */
export class ThreadBusyError extends Error {
  override name = "ThreadBusyError";
}

/** What the thread sends: an answer, or why there is none. */
export type ThreadAnswer<Answer> = { answer: Answer } | { error: string };

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
  async ask(question: Question): Promise<Answer> {
    const { clock, task, waitingMax, idleMs } = this.#options;
    if (this.#waiting >= waitingMax) throw new ThreadBusyError(`Cannot ${task}: too many wait for it already`);
    this.#waiting++;
    this.#idle?.cancel();
    const mine = this.#last.then(() => this.#run(question));
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

  async #run(question: Question): Promise<Answer> {
    const { clock, start, task, ms, idleMs } = this.#options;
    const worker = this.#worker ??= start();
    const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer<Answer>>();
    const failed = (why: string) => {
      this[Symbol.dispose]();
      reject(new Error(`Cannot ${task}: ${why}`));
    };
    const timer = clock.after(ms, () => failed("it took too long"));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      failed(event.message);
    };
    try {
      worker.postMessage(question);
      const said = await promise;
      if ("error" in said) throw new Error(`Cannot ${task}: ${said.error}`);
      return said.answer;
    } finally {
      timer.cancel();
      if (idleMs === undefined) this[Symbol.dispose]();
    }
  }
}

/** The thread's side: answers one question after the other. To be called once, by the worker's module. */
export function answerWith<Question, Answer>(answer: (question: Question) => Answer | Promise<Answer>): void {
  const thread = self as unknown as {
    onmessage: (event: { data: Question }) => void;
    postMessage(answer: ThreadAnswer<Answer>): void;
  };
  thread.onmessage = async ({ data }) => {
    try {
      thread.postMessage({ answer: await answer(data) });
    } catch (error) {
      thread.postMessage({ error: error instanceof Error ? error.message : String(error) });
    }
  };
}
