/**
 * Long texts of configurations, worked on in a thread beside the gateway, so that mail goes on meanwhile; short ones where they are, since a thread
 * takes longer to begin.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { Thread } from "../base/thread.ts";
import type { Path } from "./faults.ts";
import { EditError } from "./plain.ts";
import { frozen } from "./resolve.ts";
import type { TextTask, TextWork } from "./text_work.ts";

/** What the thread is asked. */
export interface TextOrder {
  task: TextTask;
  question: unknown;
}

/** What it answers: an error passes as plain data, an {@linkcode EditError} with all that it has. */
export type TextAnswer = { done: unknown } | { refused: { path: Path; cause: string } } | { failed: string };

/** See the module. It is disposed of when nobody asks any more. */
export function threadTexts(clock: Clock): TextWork & Disposable {
  const thread = new Thread<TextOrder, TextAnswer>({
    clock,
    start: () => new Worker(new URL("./text_worker.ts", import.meta.url), { type: "module" }),
    task: "work on the configuration",
    ms: limits.configWorkMs,
    waitingMax: limits.configWorkWaitingMax,
    idleMs: limits.configWorkIdleMs,
  });
  return {
    async run(task, question) {
      // Nobody who starts a gateway waits for what changes its file.
      const { directTexts, historySize } = await import("./text_work.ts");
      const size = sizeOf(question) + ("directory" in question ? historySize(question.directory) : 0);
      if (size < limits.configOctetsHereMax) return await directTexts.run(task, question) as never;
      // What is read is frozen as it comes, not all of it at once.
      const seal = task === "read" || task === "view" ? frozen : undefined;
      const answer = await thread.ask({ task, question }, { seal });
      if ("refused" in answer) throw new EditError(answer.refused.path, answer.refused.cause);
      if ("failed" in answer) throw new Error(answer.failed);
      return answer.done as never;
    },
    [Symbol.dispose]: () => thread[Symbol.dispose](),
  };
}

function sizeOf(question: object): number {
  return Object.entries(question).reduce((size, [name, part]) => {
    return typeof part === "string" ? size + part.length : name === "octets" ? size + part : size;
  }, 0);
}
