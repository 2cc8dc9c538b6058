/**
 * What two threads say to each other: words with plain values, gathered to one message for each turn of the event loop.
 *
 * A message between threads costs more than what it carries, so everything that a turn has to say leaves together, in its order. What
 * nobody waits for (`lazily`) may wait a little longer for company, and rides along with whatever leaves first.
 *
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import type { Clock, Timer } from "../base/clock.ts";
import { causeOf } from "../base/text.ts";

/** How long what nobody waits for may wait. */
const lazyMs = 20;

/** One end of a channel between two threads. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** A vocabulary: each word with what it says and what it is answered. */
// deno-lint-ignore no-explicit-any -- only so are functions of every kind admitted
export type Words = Record<string, (value: any) => unknown>;

/** What a word is answered, sooner or later. */
export type Answered<F extends (value: never) => unknown> = Awaited<ReturnType<F>>;

/** A word, the number under which it is answered (0: it is not), and its value. */
type Item = [word: string, call: number, value: unknown];

const answer = "=";
const fault = "!";

/** The other thread is gone: nothing will be answered any more. */
export class WireCutError extends Error {
  override name = "WireCutError";
}

/** One end: says words of `Out`, hears those of `In`. */
export class Wire<Out extends Words, In extends Words> {
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #hears: In;
  readonly #asked = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #batch: Item[] = [];
  #transfer: Transferable[] = [];
  #turn: ReturnType<typeof setImmediate> | undefined;
  #timer: Timer | undefined;
  #calls = 0;
  #cut: Error | undefined;

  constructor(port: Port, { clock, hears }: { clock: Clock; hears: In }) {
    this.#port = port;
    this.#clock = clock;
    this.#hears = hears;
  }

  /** Says a word. What is in `transfer` belongs to the other thread from now on. */
  tell<W extends keyof Out & string>(word: W, value: Parameters<Out[W]>[0], transfer: Transferable[] = []): void {
    this.#add([word, 0, value], transfer);
    this.#wake();
  }

  /** Says a word that can wait. The value may be added to as long as it has not left: see {@linkcode Wire.last}. */
  lazily<W extends keyof Out & string>(word: W, value: Parameters<Out[W]>[0]): void {
    this.#add([word, 0, value], []);
    if (this.#turn === undefined) this.#timer ??= this.#clock.after(lazyMs, () => this.flush());
  }

  /** The value that was said last and has not left yet. */
  get last(): unknown {
    return this.#batch.at(-1)?.[2];
  }

  /** Says a word and waits for its answer. Rejects with {@linkcode WireCutError}, or with what the other end threw. */
  ask<W extends keyof Out & string>(
    word: W,
    value: Parameters<Out[W]>[0],
    transfer: Transferable[] = [],
  ): Promise<Answered<Out[W]>> {
    if (this.#cut !== undefined) return Promise.reject(this.#cut);
    const { promise, resolve, reject } = Promise.withResolvers<Answered<Out[W]>>();
    const call = ++this.#calls;
    this.#asked.set(call, { resolve, reject });
    this.#add([word, call, value], transfer);
    this.#wake();
    return promise;
  }

  /** Takes a message of the other end in. */
  receive(batch: unknown): void {
    for (const [word, call, value] of batch as Item[]) {
      if (word === answer || word === fault) this.#answered(word, { call, value });
      else this.#heard(word, { call, value });
    }
  }

  /** Sends now what waits. */
  flush(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#batch.length === 0) return;
    const [batch, transfer] = [this.#batch, this.#transfer];
    this.#batch = [];
    this.#transfer = [];
    this.#port.postMessage(batch, transfer);
  }

  /** The other thread is gone: who waits is told, and nothing is said any more. */
  cut(why: string): void {
    this.#cut = new WireCutError(why);
    this.#batch = [];
    this.#transfer = [];
    this.flush();
    for (const { reject } of this.#asked.values()) reject(this.#cut);
    this.#asked.clear();
  }

  #add(item: Item, transfer: Transferable[]): void {
    if (this.#cut !== undefined) return;
    this.#batch.push(item);
    if (transfer.length > 0) this.#transfer.push(...transfer);
  }

  #wake(): void {
    if (this.#cut === undefined) this.#turn ??= setImmediate(() => this.flush());
  }

  #heard(word: string, { call, value }: { call: number; value: unknown }): void {
    const hear = this.#hears[word];
    if (call === 0) return void hear(value);
    let result: unknown;
    try {
      result = hear(value);
    } catch (thrown) {
      return this.#reply(fault, { call, value: causeOf(thrown) });
    }
    if (!(result instanceof Promise)) return this.#reply(answer, { call, value: result });
    result.then(
      (value) => this.#reply(answer, { call, value }),
      (thrown) => this.#reply(fault, { call, value: causeOf(thrown) }),
    );
  }

  #reply(word: typeof answer | typeof fault, { call, value }: { call: number; value: unknown }): void {
    this.#add([word, call, value], []);
    this.#wake();
  }

  #answered(word: typeof answer | typeof fault, { call, value }: { call: number; value: unknown }): void {
    const asked = this.#asked.get(call);
    this.#asked.delete(call);
    if (word === answer) asked?.resolve(value as never);
    else asked?.reject(new Error(value as string));
  }
}
