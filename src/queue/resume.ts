/**
 * What is done when the queue is opened: its names are synced, and what an interruption left behind is put right, a clock that went back and
 * texts without a message.
 *
 * @module
 */
import { note, type Parts } from "./parts.ts";

/** The last time seen is written this often, with whatever else is written. */
export const seenMs = 60_000;

/** Brings due times forward where the clock is behind `seen`, the last time that was written. */
export function catchUp({ store, time, options: { log } }: Parts, seen: number): void {
  const behind = seen - time.now();
  if (behind < seenMs) return;
  const seconds = Math.round(behind / 1000);
  note(log, "warning", `The clock went back by ${seconds} s since the queue was open; due times follow`);
  store().shiftDue(behind);
}

/** Takes texts away that no message names: to `aside` where it is given, since the database was damaged. */
export function sweep({ store, bodies, options: { log } }: Parts, aside: string | undefined): void {
  const { swept, stuck, missing } = bodies.sweep(store().files(), aside);
  const where = aside === undefined ? "removed" : `moved to ${aside}`;
  if (swept > 0) note(log, "info", `Found ${swept} texts that belong to no message: ${where}`);
  if (stuck.length > 0) {
    note(log, "warning", `Cannot take away ${stuck.length} texts that belong to no message: ${stuck[0]}`);
  }
  for (const mid of missing) {
    note(log, "critical", `Cannot find the text of MID ${mid}: ${bodies.path(mid)} is missing`);
  }
}

/** Waits until the queue's folder is on the disk: a file's name is worth as much as the names of the folders above it. */
export function syncNames(directory: string): void {
  for (const up of ["", "/..", "/../.."]) {
    try {
      using folder = Deno.openSync(directory + up);
      folder.syncSync();
    } catch (error) {
      // A folder above that only its owner may read was made by him, long before.
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
}
