/**
 * Several files and the configuration changed as one: key, certificate and intermediates of a profile go together or not at all.
 *
 * A rename is atomic, four of them are not. So what is going to be done is written down first, in one file with everything in it, `.swap`;
 * it is removed when all is done. Whoever finds it after a crash goes on where nothing depends on the configuration, or where that has
 * changed already; else he puts back what was there. Files that have to be there before the configuration may name them come `first`,
 * files that it must not name any more go `last`.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import { readDocument } from "../config/document.ts";
import { samePlain } from "../config/plain.ts";
import { CertificateFileError, readBounded, writeAtomic } from "./files.ts";

/** Contents by name within the folder; `null`: no such file. */
export type Files = Readonly<Record<string, string | null>>;

/** Puts in force what is written: the lines that say why it is not. */
export type Apply = () => Promise<readonly string[]>;

/** What is changed. */
export interface Swap {
  first: Files;
  /** Where the configuration changes too. */
  settle?: Settling & { commit(apply: Apply): Promise<void> };
}

/** How it is seen that the configuration has changed: what stands there under `certificates`. */
export interface Settling {
  profile: string;
  /** `undefined`: the profile is gone. */
  value?: Readonly<Record<string, unknown>>;
  last: Files;
}

/** What is done to files; a test has one that stops in the middle. */
export interface SwapHands {
  /** Does work during which nobody reads a configuration but by `apply`: files that belong together do not fit meanwhile. */
  alone<T>(work: (apply: Apply) => Promise<T>): Promise<T>;
  /** Replaces a file at once and for good. */
  write(path: string, content: string): Promise<void>;
  /** Nothing where there is none. */
  remove(path: string): Promise<void>;
}

/** The system's. */
export const swapHands: SwapHands = {
  alone: (work) => work(() => Promise.resolve([])),
  async write(path, content) {
    await writeAtomic(path, content);
    sync(path);
  },
  async remove(path) {
    try {
      await Deno.remove(path);
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return;
      throw thrown;
    }
    sync(path);
  },
};

/** A name in a folder is kept when the folder is. */
function sync(path: string): void {
  using folder = Deno.openSync(path.slice(0, path.lastIndexOf("/")));
  folder.syncSync();
}

/** The file's content. */
interface Journal {
  first: Files;
  back: Files;
  settle?: Settling;
}

const journalName = ".swap";

/** Does it. Rejects with what went wrong, and then everything is as it was, or is put back by the next {@linkcode recoverSwap}. */
export async function swapFiles(
  directory: string,
  { swap: { first, settle }, hands = swapHands }: { swap: Swap; hands?: SwapHands },
): Promise<void> {
  const back: Record<string, string | null> = {};
  for (const name of Object.keys(first)) back[name] = await contentOf(`${directory}/${name}`);
  const settling = settle === undefined ? undefined : { ...settle, commit: undefined };
  const journal = `${directory}/${journalName}`;
  await hands.write(journal, JSON.stringify({ first, back, settle: settling } satisfies Journal));
  // Files and configuration in one: whoever read it in between would serve a certificate without its chain.
  await hands.alone(async (apply) => {
    try {
      await put(directory, first, hands);
      await settle?.commit(apply);
    } catch (thrown) {
      await put(directory, back, hands);
      await hands.remove(journal);
      throw thrown;
    }
    if (settle !== undefined) await put(directory, settle.last, hands);
  });
  await hands.remove(journal);
}

/** What recovering came to: what was begun was finished, or undone; or there was nothing. */
export type Recovered = "nothing" | "finished" | "undone";

/** Ends what a crash interrupted. `file` is the configuration. Rejects with `CertificateFileError`. */
export async function recoverSwap(
  directory: string,
  { file, hands = swapHands }: { file: string; hands?: SwapHands },
): Promise<Recovered> {
  const path = `${directory}/${journalName}`;
  const text = await contentOf(path);
  // A draft that never got its name.
  await hands.remove(`${path}.new`);
  if (text === null) return "nothing";
  const { first, back, settle } = journalOf(path, text);
  try {
    const forward = settle === undefined || samePlain(await profileIn(file, settle.profile), settle.value);
    await hands.alone(() => put(directory, forward ? { ...first, ...settle?.last } : back, hands));
    await hands.remove(path);
    return forward ? "finished" : "undone";
  } catch (thrown) {
    throw new CertificateFileError(`Cannot end what ${path} began: ${causeOf(thrown)}`);
  }
}

async function put(directory: string, files: Files, hands: SwapHands): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = `${directory}/${name}`;
    if (content === null) await hands.remove(path);
    else await hands.write(path, content);
  }
}

async function contentOf(path: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await readBounded(path));
  } catch (thrown) {
    if (thrown instanceof CertificateFileError && /no such file$/.test(thrown.message)) return null;
    throw thrown;
  }
}

function journalOf(path: string, text: string): Journal {
  try {
    const journal: Journal = JSON.parse(text);
    const names = [journal.first, journal.back, journal.settle?.last ?? {}].flatMap((files) => Object.keys(files));
    if (names.some((name) => !/^(acme\/)?[A-Za-z0-9][\w.-]*$/.test(name))) throw new Error("a name leaves the folder");
    return journal;
  } catch (thrown) {
    throw new CertificateFileError(
      `Cannot end what ${path} began: it is not what was written there (${causeOf(thrown)})`,
    );
  }
}

/** What the file says about a profile, whatever else is wrong with it. */
async function profileIn(file: string, name: string): Promise<unknown> {
  const { value } = readDocument(new TextDecoder().decode(await readBounded(file)));
  const certificates = (value as { certificates?: Record<string, unknown> } | null)?.certificates;
  return certificates?.[name];
}
