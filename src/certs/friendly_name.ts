/**
 * The friendly name of a key, kept with its certificate: Windows and Java show it, and ask for keys by it.
 *
 * It stands before the certificate's block as `openssl pkcs12` writes it; readers of PEM pass over text that is not within a block (RFC 7468 §2).
 *
 * @module
 */

const lengthMax = 200;

/** The name without what could end a line, move a cursor or reorder what follows, or begin a block. Absent where nothing is left. */
export function friendlyNameOf(text: string): string | undefined {
  const name = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "").replaceAll(/-{5,}/g, "").trim().slice(
    0,
    lengthMax,
  );
  return name === "" ? undefined : name;
}

/** A certificate's PEM with the name before it. */
export function withFriendlyName(pem: string, name: string | undefined): string {
  const shown = name === undefined ? undefined : friendlyNameOf(name);
  return shown === undefined ? pem : `Bag Attributes\n    friendlyName: ${shown}\n${pem}`;
}

/** The name before the first block. */
export function friendlyNameIn(pem: string): string | undefined {
  const [before] = pem.slice(0, 4_096).split("-----BEGIN ", 1);
  const name = /^ *friendlyName: (.+)$/m.exec(before)?.[1];
  return name === undefined ? undefined : friendlyNameOf(name);
}
