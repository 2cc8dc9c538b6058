/**
 * The words of the command line, with the file taken out: as much as it takes to see what is wanted.
 *
 * It imports nothing, so that `run` waits for no code but the gateway's.
 *
 * @module
 */

/** What the command line reads of the world. */
export interface ArgumentsWorld {
  /** An environment variable. */
  env: (name: string) => string | undefined;
  /** Whether a file is there. */
  exists: (path: string) => boolean;
}

/** The words without `--config FILE`, and that file; or why they make no sense. */
export type Words = { words: string[]; file: string } | { fault: string };

/** Takes the file out. Where none is named: `$POSTERN_CONFIG`, else `./config.yaml`, else `/etc/postern/config.yaml`. */
export function wordsOf(args: readonly string[], world: ArgumentsWorld): Words {
  const words: string[] = [];
  let config: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (word === "--config" || word === "-c") {
      config = args[++at];
      if (config === undefined) return { fault: "--config needs a file name behind it" };
    } else if (word.startsWith("--config=")) config = word.slice("--config=".length);
    else words.push(word);
  }
  if (config === "") return { fault: "--config needs a file name behind it" };
  return { words, file: config ?? defaultConfig(world) };
}

/** The file, where nothing but `run` is wanted. */
export function fileToRun(args: readonly string[], world: ArgumentsWorld): string | undefined {
  const found = wordsOf(args, world);
  return "words" in found && found.words.length === 1 && found.words[0] === "run" ? found.file : undefined;
}

function defaultConfig({ env, exists }: ArgumentsWorld): string {
  const named = env("POSTERN_CONFIG");
  if (named !== undefined && named !== "") return named;
  return exists("./config.yaml") || !exists("/etc/postern/config.yaml") ? "./config.yaml" : "/etc/postern/config.yaml";
}
