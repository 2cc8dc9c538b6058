/**
 * The five outbound TLS levels: DESIGN's table as a table.
 *
 * @module
 */

// deno-fmt-ignore
/**
 * Weakest demand first. `withoutStarttls`: STARTTLS is not offered, or refused before the 220. `unverified`: the handshake is
 * done and the certificate is not verified. A handshake that fails after the 220 always defers: going on in clear text
 * would hand the choice to whoever broke it.
 */
export const levelTable = [
  { name: "none",             tries: false, verifies: false, withoutStarttls: "clear", unverified: "deliver" },
  { name: "preferred",        tries: true,  verifies: false, withoutStarttls: "clear", unverified: "deliver" },
  { name: "required",         tries: true,  verifies: false, withoutStarttls: "defer", unverified: "deliver" },
  { name: "preferred-verify", tries: true,  verifies: true,  withoutStarttls: "clear", unverified: "deliver" },
  { name: "required-verify",  tries: true,  verifies: true,  withoutStarttls: "defer", unverified: "defer" },
] as const;

/** A row of {@linkcode levelTable}. */
export type LevelRow = (typeof levelTable)[number];

/** The name of a level, as `destination_controls` writes it. */
export type Level = LevelRow["name"];

/** The row of a level. */
export function levelRow(level: Level): LevelRow {
  return levelTable.find((row) => row.name === level)!;
}
