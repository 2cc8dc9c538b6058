/**
 * PKCS#12 (RFC 7292), read and written: how Windows, Java and OpenSSL hand over a key with its certificates.
 *
 * The file is taken apart here, and OpenSSL opens and derives piece by piece. Its own `PKCS12_parse` would do all at once: count as many rounds as
 * the file asks for with nobody able to stop it, keep one key of several, and lose the names. Kept libraries were left: node-forge
 * reads no EC key, and those over WebCrypto neither RC2 nor triple DES.
 *
 * The checksum is verified before anything else is looked at, and tells a wrong password from a damaged file.
 *
 * @module
 */
import { type Octets } from "../base/octets.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { type Ber, BerError, items, itemsOf, octetString, oidText, readBer, tagged, tags, wholeNumber } from "./ber.ts";
import { FormatError } from "./format_error.ts";
import { friendlyNameOf } from "./friendly_name.ts";
import { kindOfBytes, kindOfLabel } from "./kinds.ts";
import { macPassword } from "./pkcs12_mac.ts";
import { readPem } from "./pem.ts";
import { checkEnd, checkSize, otherKind, unreadable } from "./read.ts";
import { fits, isKey, type KeyRecord, type KeyWorld, ofDer } from "./read_key.ts";
import { type CertificateRecord, certificateRecord, derOf } from "./record.ts";
import { checkedPassword, openSealed, passwordsOf, RoundsBudget, type SealedWorld } from "./sealed.ts";
import { tell } from "./texts.ts";
import type { Told } from "../base/told.ts";

/** A key, with the certificate that fits it. */
export interface Pkcs12Entry {
  key: KeyRecord;
  /** Absent where the file has none for this key. */
  certificate: CertificateRecord | undefined;
  friendlyName: string | undefined;
}

/** What a PKCS#12 file holds. */
export interface Pkcs12Reading {
  entries: Pkcs12Entry[];
  /** Certificates that are no key's: intermediates, roots, strangers. */
  certificates: CertificateRecord[];
  /** What is worth a word, a sentence each. */
  notes: string[];
}

/** What is written. */
export interface Pkcs12Content {
  key: Pick<KeyRecord, "pem">;
  certificate: CertificateRecord;
  /** In order, the leaf's issuer first. */
  chain: readonly CertificateRecord[];
  friendlyName: string;
  password: string;
  /** `legacy`: triple DES and SHA-1, for Windows before Server 2019 and Java before 8u301. */
  protection: "modern" | "legacy";
}

/** A PKCS#12 file. Rejects with {@linkcode FormatError}. */
export async function writePkcs12(content: Pkcs12Content, engine: CertificateEngine): Promise<Octets> {
  checkedPassword(content.password, "the password");
  try {
    return await engine.writePkcs12({
      ...content,
      key: content.key.pem,
      certificate: derOf(content.certificate),
      chain: content.chain.map(derOf),
      friendlyName: friendlyNameOf(content.friendlyName) ?? "",
    });
  } catch (thrown) {
    if (thrown instanceof TlsSetupError) throw new FormatError("mismatch", thrown.message);
    throw thrown;
  }
}

/** All that a PKCS#12 file holds. Rejects with {@linkcode FormatError}. */
export async function readPkcs12(bytes: Octets, world: KeyWorld): Promise<Pkcs12Reading> {
  const { what } = world;
  checkSize(bytes, world);
  checkedPassword(world.password, what);
  const element = outer(bytes, world);
  try {
    return await new Walk(world).file(element);
  } catch (thrown) {
    if (!(thrown instanceof BerError)) throw thrown;
    throw unreadable("format", { what, why: tell("fault.pkcs12.broken", { cause: thrown.message }) });
  }
}

/** The key that is meant: the only one, or the one of this friendly name. Throws {@linkcode FormatError}. */
export function chosenEntry(
  { entries, certificates }: Pkcs12Reading,
  { what, name }: { what: string; name?: string },
): Pkcs12Entry {
  if (entries.length === 0) {
    const { length } = certificates;
    const why = length === 0
      ? tell("fault.pkcs12.empty")
      : tell("fault.pkcs12.no_key", { certificates: counted(length, "certificate") });
    throw new FormatError("count", tell("fault.file.import", { what, why }));
  }
  const meant = name === undefined
    ? entries
    : entries.filter(({ friendlyName }) => friendlyName?.toLowerCase() === name.toLowerCase());
  if (meant.length === 1) return meant[0];
  const names = entries.map(({ friendlyName, certificate }) =>
    friendlyName ?? certificate?.subject ?? "without a name"
  );
  const state = { keys: counted(entries.length, "key"), names: names.join(", ") };
  const why = name !== undefined && meant.length === 0
    ? tell("fault.pkcs12.none_named", { ...state, name })
    : tell("fault.pkcs12.which", state);
  throw new FormatError("count", tell("fault.file.import", { what, why }));
}

function counted(count: number, noun: "certificate" | "key"): Told {
  return tell(`fault.pkcs12.${count === 1 ? "one" : "several"}_${noun}`, { count });
}

function outer(bytes: Octets, world: KeyWorld): Ber {
  const { what } = world;
  const pem = readPem(bytes);
  if (pem.kind !== "none") {
    const kinds = pem.kind === "blocks" ? pem.blocks.map(({ label }) => kindOfLabel(label)) : [];
    const why = kinds.length === 0 ? tell("fault.pkcs12.pem") : otherKind(kinds, "pkcs12_wanted");
    throw unreadable("kind", { what, why });
  }
  const { kind, element } = kindOfBytes(bytes);
  if (element === undefined || kind === "unknown") {
    if (kind !== "unknown") throw unreadable("kind", { what, why: otherKind([kind], "pkcs12_wanted") });
    throw unreadable("format", { what, why: tell("fault.pkcs12.none") });
  }
  checkEnd(bytes, element, world);
  if (kind === "pkcs12") return element;
  throw unreadable("kind", { what, why: otherKind([kind], "pkcs12_wanted") });
}

interface Bag {
  friendlyName: string | undefined;
}

const data = "1.2.840.113549.1.7.1";
const signedData = "1.2.840.113549.1.7.2";
const encryptedData = "1.2.840.113549.1.7.6";
const bags = "1.2.840.113549.1.12.10.1";
const friendlyName = "1.2.840.113549.1.9.20";
const x509Certificate = "1.2.840.113549.1.9.22.1";
const nestedMax = 4;

/** One file on its way from bytes to keys and certificates. */
class Walk {
  readonly #world: KeyWorld;
  readonly #sealed: SealedWorld;
  readonly #keys: (Bag & { key: KeyRecord })[] = [];
  readonly #certificates: (Bag & { certificate: CertificateRecord })[] = [];
  readonly #notes = new Set<string>();
  #passwords: (string | null)[];

  constructor(world: KeyWorld) {
    this.#world = world;
    this.#sealed = { ...world, budget: new RoundsBudget(world.what) };
    this.#passwords = passwordsOf(world.password);
  }

  async file(element: Ber): Promise<Pkcs12Reading> {
    const { what } = this.#world;
    const [version, safe, mac] = itemsOf(element, tags.sequence);
    if (wholeNumber(version) !== 3) throw new BerError("its version is not 3");
    const [type, content] = itemsOf(safe, tags.sequence);
    if (oidText(type) === signedData) {
      throw this.#unsupported(tell("fault.pkcs12.signature"));
    }
    if (oidText(type) !== data) throw new BerError("it is made of other parts");
    const bytes = octetString(itemsOf(content, 0xa0)[0]);
    if (mac === undefined) this.#notes.add(`${what} has no checksum, so nothing tells whether somebody changed it`);
    else await this.#checkMac(mac, bytes);
    for (const part of itemsOf(readBer(bytes), tags.sequence)) await this.#part(part);
    return this.#reading();
  }

  async #checkMac(mac: Ber, bytes: Octets): Promise<void> {
    const password = await macPassword({ mac, data: bytes, passwords: this.#passwords }, this.#sealed);
    if (password === undefined) throw this.#wrongPassword();
    this.#passwords = [password, ...this.#passwords.filter((other) => other !== password)];
  }

  /** A ContentInfo of the authenticated safe. */
  async #part(part: Ber): Promise<void> {
    const [type, content] = itemsOf(part, tags.sequence);
    const oid = oidText(type);
    const within = itemsOf(content, 0xa0)[0];
    if (oid === data) return await this.#bags(octetString(within), nestedMax);
    if (oid !== encryptedData) throw this.#unsupported(tell("fault.pkcs12.certificate"));
    const [, sealed] = itemsOf(within, tags.sequence);
    const [, algorithm, cipherText] = itemsOf(sealed, tags.sequence);
    await this.#bags(await this.#open(algorithm, octetString(cipherText, 0x80), isSequence), nestedMax);
  }

  async #open(algorithm: Ber, cipherText: Octets, sound: (opened: Octets) => boolean): Promise<Octets> {
    const opened = await openSealed({ algorithm, data: cipherText, passwords: this.#passwords }, this.#sealed);
    if (opened === undefined || !sound(opened.data)) throw this.#wrongPassword();
    return opened.data;
  }

  /** SafeContents: RFC 7292 §4.2. */
  async #bags(contents: Octets, nested: number): Promise<void> {
    for (const bag of itemsOf(readBer(contents), tags.sequence)) {
      const [id, value, attributes] = itemsOf(bag, tags.sequence);
      const within = itemsOf(value, 0xa0)[0];
      const name = nameIn(attributes);
      switch (oidText(id)) {
        case `${bags}.1`:
          this.#keys.push({ friendlyName: name, key: { ...ofDer(within.whole, this.#world), encrypted: false } });
          break;
        case `${bags}.2`: {
          const [algorithm, cipherText] = itemsOf(within, tags.sequence);
          const der = await this.#open(algorithm, octetString(cipherText), isKey);
          this.#keys.push({ friendlyName: name, key: { ...ofDer(der, this.#world), encrypted: true } });
          break;
        }
        case `${bags}.3`:
          this.#certificate(within, name);
          break;
        case `${bags}.6`:
          if (nested === 0) throw new BerError("it is nested too deeply");
          await this.#bags(within.whole, nested - 1);
          break;
        default:
          this.#leftOut(oidText(id));
      }
    }
  }

  #leftOut(bag: string): void {
    const words = bag === `${bags}.4`
      ? "a revocation list"
      : bag === `${bags}.5`
      ? "a secret key"
      : "something unknown";
    this.#notes.add(`In ${this.#world.what} there is ${words} too: it is left out`);
  }

  #certificate(bag: Ber, name: string | undefined): void {
    const [type, value] = itemsOf(bag, tags.sequence);
    if (oidText(type) !== x509Certificate) {
      this.#notes.add(`In ${this.#world.what} there is a certificate of another kind than X.509: it is left out`);
      return;
    }
    const der = octetString(itemsOf(value, 0xa0)[0]);
    try {
      const certificate = certificateRecord(readBer(der).whole, this.#world.engine);
      this.#certificates.push({ friendlyName: name, certificate });
    } catch (thrown) {
      if (!(thrown instanceof TlsSetupError)) throw thrown;
      throw new BerError(`a certificate in it: ${thrown.message}`);
    }
  }

  #reading(): Pkcs12Reading {
    const entries = this.#keys.map(({ key, friendlyName }) => {
      // Of an old one and its renewal the one that lasts longer.
      const [own] = this.#certificates.filter(({ certificate }) => fits(key, certificate))
        .toSorted((a, b) => b.certificate.notAfter - a.certificate.notAfter);
      return { key, certificate: own?.certificate, friendlyName: friendlyName ?? own?.friendlyName };
    });
    const leaves = new Set(entries.map(({ certificate }) => certificate));
    const certificates = this.#certificates.map(({ certificate }) => certificate).filter((one) => !leaves.has(one));
    return { entries, certificates, notes: [...this.#notes] };
  }

  #wrongPassword(): FormatError {
    const { what, password } = this.#world;
    return password === undefined
      ? unreadable("password_missing", { what, why: tell("fault.file.password_missing") })
      : unreadable("password_wrong", { what, why: tell("fault.file.password_or_damage") });
  }

  #unsupported(why: Told): FormatError {
    return unreadable("unsupported", { what: this.#world.what, why });
  }
}

function isSequence(bytes: Octets): boolean {
  try {
    return readBer(bytes).tag === tags.sequence;
  } catch (thrown) {
    if (thrown instanceof BerError) return false;
    throw thrown;
  }
}

/** The friendlyName attribute, a BMPString. */
function nameIn(attributes: Ber | undefined): string | undefined {
  if (attributes === undefined) return undefined;
  for (const attribute of itemsOf(attributes, tags.set)) {
    const [type, values] = items(attribute);
    if (oidText(type) !== friendlyName) continue;
    const { content } = tagged(itemsOf(values, tags.set)[0], tags.bmp);
    return friendlyNameOf(new TextDecoder("utf-16be").decode(content));
  }
  return undefined;
}
