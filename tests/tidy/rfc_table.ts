/**
 * The README's RFC table beside the citations in the code.
 *
 * @module
 */

/** What the table says of one RFC. */
export type Support = "yes" | "partly" | "no";

/** RFC number → what the table under the heading `## RFCs` says. */
export function rfcTable(readme: string): Map<number, Support> {
  const section = /^## RFCs$([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(readme);
  if (section === null) throw new Error("Cannot find the RFC table: README.md has no heading `## RFCs`");
  const table = new Map<number, Support>();
  for (const row of section[1].matchAll(/^\|\s*\[?RFC (\d+)\b[^|]*\|\s*([^|]*?)\s*\|/gm)) {
    const [, number, support] = row;
    if (support !== "yes" && support !== "partly" && support !== "no") {
      throw new Error(`Cannot read the RFC table: RFC ${number} is neither yes, partly nor no but ${support}`);
    }
    if (table.has(Number(number))) throw new Error(`Cannot read the RFC table: RFC ${number} stands there twice`);
    table.set(Number(number), support);
  }
  if (table.size === 0) throw new Error("Cannot read the RFC table: it has no rows");
  return table;
}

/** RFC numbers that `source` cites. */
export function citedRfcs(source: string): Set<number> {
  return new Set([...source.matchAll(/\bRFC (\d+)/g)].map(([, number]) => Number(number)));
}

/** Where table and code differ, one sentence each. `cited`: RFC number → a file that cites it. */
export function rfcDifferences(table: ReadonlyMap<number, Support>, cited: ReadonlyMap<number, string>): string[] {
  const differences: string[] = [];
  for (const [number, path] of cited) {
    const support = table.get(number);
    if (support === undefined) differences.push(`RFC ${number} is cited by ${path} and missing in the table`);
    if (support === "no") differences.push(`RFC ${number} is cited by ${path}, and the table says no`);
  }
  for (const [number, support] of table) {
    if (support !== "no" && !cited.has(number)) {
      differences.push(`RFC ${number} is "${support}" in the table, and no line of src cites it`);
    }
  }
  return differences;
}
