/**
 * The repository's files, for tests that read them.
 *
 * @module
 */

/** The repository's folder, as a URL that ends in `/`. */
export const root = new URL("../../", import.meta.url);

/** Files that end in one of `extensions` below `folder`, sorted, relative to the repository. */
export function filesBelow(folder: string, extensions: readonly string[] = [".ts", ".tsx"]): string[] {
  const found: string[] = [];
  for (const entry of Deno.readDirSync(new URL(`${folder}/`, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...filesBelow(path, extensions));
    else if (entry.isFile && extensions.some((each) => path.endsWith(each))) found.push(path);
  }
  return found.sort();
}

/** The text of a file of the repository; null where there is none. */
export function textOfFile(path: string): string | null {
  try {
    return Deno.readTextFileSync(new URL(path, root));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return null;
    throw thrown;
  }
}
