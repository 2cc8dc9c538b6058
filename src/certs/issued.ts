/**
 * The pair that an authority issued by ACME: one file, `certificates/acme/NAME.pem`, with key, certificate and intermediates.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import type { KeyPair } from "../tls/engine.ts";
import { CertificateFileError, readBounded } from "./files.ts";
import type { CertificateWorld } from "./self_signed.ts";

/** Which pair. */
export interface IssuedPlace {
  /** `certificates` of the storage. */
  directory: string;
  /** The profile's name. */
  name: string;
}

/** The pair as it lies there; `undefined`: there is none yet. Rejects with `CertificateFileError`. */
export async function readIssued({ directory, name }: IssuedPlace): Promise<KeyPair | undefined> {
  let text: string;
  try {
    text = new TextDecoder().decode(await readBounded(`${directory}/acme/${name}.pem`));
  } catch (thrown) {
    if (thrown instanceof CertificateFileError && /no such file$/.test(thrown.message)) return undefined;
    throw thrown;
  }
  const blocks = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g) ?? [];
  const of = (word: string) => blocks.filter((block) => block.startsWith(`-----BEGIN ${word}`));
  // The key is taken out: whoever prints the certificate must not print it along.
  return { name, certificatePem: `${of("CERTIFICATE").join("\n")}\n`, keyPem: `${of("PRIVATE KEY").join("\n")}\n` };
}

/** The pair, where it is sound; a damaged file is told and counts as none, since a self-signed pair serves better than no gateway. */
export async function issuedPair(
  place: IssuedPlace,
  { engine, note }: Pick<CertificateWorld, "engine" | "note">,
): Promise<KeyPair | undefined> {
  try {
    const pair = await readIssued(place);
    if (pair !== undefined) engine.inspect(pair);
    return pair;
  } catch (thrown) {
    note("warning", `Certificate ${place.name}: what the authority issued cannot be used: ${causeOf(thrown)}`);
    return undefined;
  }
}
