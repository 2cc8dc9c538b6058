/**
 * Operations that are commands of the operator too: who runs them, the files that go with them, and what both sides need.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { octets } from "../../base/octets.ts";
import type { CommandArgs, SentFiles } from "../../control/protocol.ts";
import type { ProblemStatus } from "../problem.ts";
import { call, type CommandAnswer, originOf } from "./bridge.ts";
import { editorOf } from "./config.ts";
import type { Asked } from "./operation.ts";

/** What is asked by whoever is known: its body says whether the change waits for a commit. */
export type Known = Pick<Asked<unknown, unknown, unknown>, "world" | "identity" | "context">;

/** A command with its words. Words that are absent are left out. */
export interface Run {
  name: string;
  args?: Readonly<Record<string, CommandArgs[string] | undefined>>;
  files?: Readonly<Record<string, { name: string; content: string } | undefined>>;
  stage?: boolean;
  refused?: ProblemStatus;
  keep?: true;
}

/** Runs a command as whoever asks; what it warns about without the word in front. */
export async function run<T>(
  { world, identity, context }: Known,
  { name, args = {}, files = {}, stage = false, refused, keep }: Run,
): Promise<CommandAnswer<T>> {
  const given = Object.entries(files).flatMap(([option, file]) => file === undefined ? [] : [[option, [file]]]);
  const answer = await call<T>(world.commands, {
    name,
    args: Object.fromEntries(Object.entries(args).filter(([, word]) => word !== undefined)) as CommandArgs,
    files: Object.fromEntries(given) as SentFiles,
    caller: { name: editorOf(identity!), stages: stage, from: originOf(identity!) },
    signal: context.req.raw.signal,
    refused,
    keep,
  });
  return { ...answer, warnings: answer.warnings.map((text) => text.replace(/^Warning: /, "")) };
}

/** As {@linkcode run}, of a command that gives one thing. */
export async function runOne<T>(known: Known, wish: Run): Promise<{ item: T; warnings: string[]; file?: string }> {
  const { items: [item], warnings, files: [file] } = await run<T>(known, wish);
  return { item, warnings, file: file?.content };
}

/** What is in a file, in a body. */
export const content: z.ZodString = z.string().min(1).regex(/^[A-Za-z0-9+/]*={0,2}$/, "is no base64")
  .openapi({ format: "byte", description: "What is in the file, in base64" });

/** A file of a body. */
export function fileOf(name: string, content: string | undefined): { name: string; content: string } | undefined {
  return content === undefined ? undefined : { name, content };
}

/** A password as the commands take it. */
export function passwordFile(password: string | undefined): { name: string; content: string } | undefined {
  return password === undefined ? undefined : { name: "password", content: octets(password).toBase64() };
}

/** A name of a certificate or bundle. */
export const profileName: z.ZodString = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  "is no name; letters, digits, _ - and . , at most 64, a letter or digit first",
).openapi({ example: "mx1" });

/** The password of a file. */
export const filePassword: z.ZodString = z.string().min(1).max(1_000).regex(/^[^\r\n]*$/, "has more than one line")
  .openapi({ format: "password" });

/** Whether a change waits. */
export const stage: z.ZodOptional<z.ZodBoolean> = z.boolean().optional()
  .openapi({ description: "It waits in one's candidate for a commit; else it is written and in force" });

/** What the reader should know besides. */
export const warnings: z.ZodArray<z.ZodString> = z.array(z.string()).openapi({
  description: "What a peer will not like, and what else there is to know",
});
