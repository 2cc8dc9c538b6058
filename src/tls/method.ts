/**
 * TLS methods and their rules: at least one, and only in sequence.
 *
 * @module
 */

// deno-fmt-ignore
/** The methods in order, oldest first; `wire` is the version's number in a ClientHello. */
export const methodTable = [
  { name: "TLSv1.0", wire: 0x0301 },
  { name: "TLSv1.1", wire: 0x0302 },
  { name: "TLSv1.2", wire: 0x0303 },
  { name: "TLSv1.3", wire: 0x0304 },
] as const;

/** The name of a TLS version, as the configuration and the log write it. */
export type Method = (typeof methodTable)[number]["name"];

/** All methods, oldest first. */
export const methods: readonly Method[] = methodTable.map((row) => row.name);

/** What is wrong with a selection, or `undefined`: it must not be empty and has no gap. Order and repetition do not matter. */
export function methodsFault(selected: readonly Method[]): string | undefined {
  const ranks = [...new Set(selected.map((name) => methods.indexOf(name)))].sort();
  if (ranks.length === 0) return "no method is selected; select at least one of " + methods.join(", ");
  const missing = methods.filter((_, rank) =>
    rank > ranks[0] && rank < ranks[ranks.length - 1] && !ranks.includes(rank)
  );
  if (missing.length === 0) return undefined;
  return `${missing.join(" and ")} missing in between; methods can be enabled only in sequence`;
}

/** The oldest and the newest of a selection that {@linkcode methodsFault} has nothing against. */
export function methodRange(selected: readonly Method[]): { oldest: Method; newest: Method } {
  const sorted = methods.filter((name) => selected.includes(name));
  return { oldest: sorted[0], newest: sorted[sorted.length - 1] };
}
