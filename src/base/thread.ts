/**
 * Questions that take long, answered in a thread: one for each, which ends with it, or one that stays for a while.
 *
 * One runs at a time; a few wait, more are refused. A thread that does not answer in time is ended.
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
}

/** Too many questions wait. */
export class ThreadBusyError extends Error {
  override name = "ThreadBusyError";
}

/** What the thread sends: an answer, or why there is none. */
export type ThreadAnswer<Answer> = { answer: Answer } | { error: string };

/** See the module. Questions and answers are plain values. */
export class Thread<Question, Answer> {
  readonly #options: ThreadOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Asks. Rejects with {@linkcode ThreadBusyError}, or with what the thread says. */
  async ask(question: Question): Promise<Answer> {
    const { task, waitingMax } = this.#options;
    if (this.#waiting >= waitingMax) throw new ThreadBusyError(`Cannot ${task}: too many wait for it already`);
    this.#waiting++;
    const mine = this.#last.then(() => this.#run(question));
    this.#last = mine.catch(() => {}); // the next one does not care how this one ended
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }

  async #run(question: Question): Promise<Answer> {
    const { clock, start, task, ms } = this.#options;
    const worker = start();
    const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer<Answer>>();
    const timer = clock.after(ms, () => reject(new Error(`Cannot ${task}: it took too long`)));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot ${task}: ${event.message}`));
    };
    try {
      worker.postMessage(question);
      const said = await promise;
      if ("error" in said) throw new Error(`Cannot ${task}: ${said.error}`);
      return said.answer;
    } finally {
      timer.cancel();
      worker.terminate();
    }
  }
}

/**
 * A thread that stays for a while, since the next question is likely to be about the same. Questions are answered in turn; one that takes too long ends
 * the thread, and the next one begins another.
 */
export class LastingThread<Question, Answer> implements Disposable {
  readonly #options: ThreadOptions & { idleMs: number };
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #worker: Worker | undefined;
  #idle: Timer | undefined;

  constructor(options: ThreadOptions & { idleMs: number }) {
    this.#options = options;
  }

  /** Asks. Rejects with {@linkcode ThreadBusyError}, or with what the thread says. */
  async ask(question: Question): Promise<Answer> {
    const { task, waitingMax } = this.#options;
    if (this.#waiting >= waitingMax) throw new ThreadBusyError(`Cannot ${task}: too many wait for it already`);
    this.#waiting++;
    this.#idle?.cancel();
    const mine = this.#last.then(() => this.#run(question));
    this.#last = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      if (--this.#waiting === 0 && this.#worker !== undefined) {
        this.#idle = this.#options.clock.after(this.#options.idleMs, () => this[Symbol.dispose]());
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
    const { clock, start, task, ms } = this.#options;
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
    }
  }
}

/** The thread's side: answers the one question. To be called once, by the worker's module. */
export function answerWith<Question, Answer>(answer: (question: Question) => Answer): void {
  const thread = self as unknown as {
    onmessage: (event: { data: Question }) => void;
    postMessage(answer: ThreadAnswer<Answer>): void;
  };
  thread.onmessage = ({ data }) => {
    try {
      thread.postMessage({ answer: answer(data) });
    } catch (error) {
      thread.postMessage({ error: error instanceof Error ? error.message : String(error) });
    }
  };
}

/** As {@linkcode answerWith}, for a {@linkcode LastingThread}: answers one question after the other. */
export function answerAlways<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  const thread = self as unknown as {
    onmessage: (event: { data: Question }) => void;
    postMessage(answer: ThreadAnswer<Answer>): void;
  };
  thread.onmessage = ({ data }) =>
    void answer(data).then(
      (answer) => thread.postMessage({ answer }),
      (error) => thread.postMessage({ error: error instanceof Error ? error.message : String(error) }),
    );
}
