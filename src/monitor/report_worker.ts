/**
 * The thread of one report.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { answerWith } from "../base/thread.ts";
import type { ReportOrderPaper, ReportPage } from "./report.ts";
import { reportPage } from "./store.ts";

answerWith(({ path, ...question }: ReportOrderPaper): ReportPage => {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
  try {
    return reportPage(db, question);
  } finally {
    db.close();
  }
});
