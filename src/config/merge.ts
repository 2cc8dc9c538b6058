/**
 * Changes that were made for one text, on another: what does not touch each other goes together.
 *
 * @module
 */
import { pathText } from "./faults.ts";
import { maskedText } from "./mask.ts";
import { type Change, changesBetween, overlap, samePlain, withChange } from "./plain.ts";
import type { Path } from "./faults.ts";

/** Two changes of one thing. */
export interface Conflict {
  path: Path;
  /** What is wrong; what would be right. */
  text: string;
}

/**
 * What `changes`, made for a file that said `base`, say of one that says `now`; or where somebody else has changed the same. All are plain data.
 */
export function mergeChanges(
  changes: readonly Change[],
  { base, now }: { base: unknown; now: unknown },
): { changes: Change[] } | { conflicts: Conflict[] } {
  const wanted = changes.reduce((value: unknown, change) => withChange(value, change), base ?? {});
  const mine = changesBetween(base ?? {}, wanted);
  const theirs = changesBetween(base ?? {}, now ?? {});
  const conflicts = mine.flatMap((change): Conflict[] => {
    const other = theirs.find((each) => overlap(each.path, change.path));
    if (other === undefined || other.path.length === change.path.length && samePlain(other.value, change.value)) {
      return [];
    }
    const here = change.path.length <= other.path.length ? change.path : other.path;
    const text = `somebody else has changed ${pathText(other.path)} meanwhile: it is ${
      shown(other)
    } now; look at it and change it again`;
    return [{ path: here, text }];
  });
  return conflicts.length > 0 ? { conflicts } : { changes: mine };
}

function shown({ path, value }: Change): string {
  return value === undefined ? "gone" : maskedText(path, value);
}
