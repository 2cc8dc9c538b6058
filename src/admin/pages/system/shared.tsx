/**
 * What several pages of the section have in common.
 *
 * @module
 */
import type { Fault } from "../../../config/faults.ts";
import { NoticeBox, type View } from "../frame.tsx";
import type { Words } from "../words.ts";

/** A comment as the history takes it. */
export function commentOf(text: string): string | undefined {
  const clean = text.replaceAll(/\p{Cc}+/gu, " ").slice(0, 500).trim();
  return clean === "" ? undefined : clean;
}

/** Faults as `postern check` tells them, without the file's name. */
export function faultLines(faults: readonly Fault[]): string[] {
  return faults.map(({ path, line, text }) => `${line}: ${path}: ${text}`);
}

/** Who changed the file; edits by hand have no user. */
export function editorText(who: string, words: Words): string {
  return who === "file" ? words("configuration.by_hand") : who;
}

/** A box of what cannot be done. */
export function Refused({ text, lines = [] }: { text: string; lines?: readonly string[] }): View {
  return <NoticeBox notice={{ kind: "bad", text, lines }} />;
}
