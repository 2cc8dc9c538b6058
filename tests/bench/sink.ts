/**
 * The far end: a sink that takes every message, checks that it came whole and counts it once.
 *
 * @module
 */
import { type Answer, here, startTool, type Tool } from "./tool.ts";

/** What the sink has counted since `count` was called. */
export interface SinkCounts {
  total: number;
  unique: number;
  /** Messages without our identifier. */
  noid: number;
  dups: number;
  /** Messages whose end is not the one that was sent. */
  bad_end: number;
  tls_msgs: number;
  conns: number;
  tls_conns: number;
  tls_fail: number;
  max_live: number;
  body_min: number;
  body_max: number;
  t_last_ns: number;
  cpu_s: number;
}

/** A running sink. */
export class Sink implements AsyncDisposable {
  #tool: Tool;
  #waiting = new Map<string, (answer: Answer | null) => void>();

  private constructor(tool: Tool) {
    this.#tool = tool;
    this.#dispatch();
  }

  /** Starts a sink on loopback. `certificate`: it offers STARTTLS. */
  static async start(port: number, certificate: string | null): Promise<Sink> {
    const args = ["-l", `127.0.0.1:${port}`];
    if (certificate !== null) {
      args.push("-c", `${here}certs/${certificate}.crt`, "-k", `${here}certs/${certificate}.key`);
    }
    const sink = new Sink(startTool("bsink", args));
    if (await sink.#answer("ready", 5000) === null) throw new Error(`Cannot start the sink: port ${port} is taken`);
    return sink;
  }

  /** Forgets what was counted, and counts messages of this run from now on. */
  count(run: number): Promise<SinkCounts> {
    return this.#ask(`run ${run}`, "run");
  }

  /** What was counted so far. */
  counts(): Promise<SinkCounts> {
    return this.#ask("stat", "stat");
  }

  /** Resolves when `messages` different ones have come; null after `ms`. */
  async expect(messages: number, ms: number): Promise<SinkCounts | null> {
    const answer = this.#answer("done", ms);
    await this.#tool.say(`expect ${messages}`);
    return await answer as SinkCounts | null;
  }

  async #ask(line: string, event: string): Promise<SinkCounts> {
    const answer = this.#answer(event, 5000);
    await this.#tool.say(line);
    const counts = await answer;
    if (counts === null) throw new Error(`Cannot ask the sink for ${line}: it does not answer`);
    return counts as unknown as SinkCounts;
  }

  #answer(event: string, ms: number): Promise<Answer | null> {
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    const timer = setTimeout(() => resolve(null), ms);
    this.#waiting.set(event, resolve);
    return promise.finally(() => {
      clearTimeout(timer);
      if (this.#waiting.get(event) === resolve) this.#waiting.delete(event);
    });
  }

  async #dispatch(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#tool.answers.next();
      if (done) break;
      this.#waiting.get(value.event ?? "")?.(value);
    }
    for (const resolve of this.#waiting.values()) resolve(null);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#tool[Symbol.asyncDispose]());
  }
}
