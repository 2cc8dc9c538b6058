/**
 * The thread of long texts.
 *
 * @module
 */
import { answerWith } from "../base/thread.ts";
import { causeOf } from "../base/text.ts";
import { keepPlain } from "./edit.ts";
import { EditError } from "./plain.ts";
import type { TextAnswer, TextOrder } from "./text_thread.ts";
import { keepReadings } from "./read_text.ts";
import { textTasks } from "./text_work.ts";
import { keepDocuments } from "./yaml_tables.ts";

/** The texts of one change: the file, the candidate before and after. */
keepDocuments(4);
keepReadings(2);
keepPlain(2);

answerWith(async ({ task, question }: TextOrder): Promise<TextAnswer> => {
  try {
    return { done: await (textTasks[task] as (question: unknown) => unknown)(question) };
  } catch (error) {
    if (error instanceof EditError) return { refused: { path: error.path, cause: error.cause } };
    return { failed: causeOf(error) };
  }
});
