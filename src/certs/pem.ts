/**
 * PEM: RFC 7468, read as people make it.
 *
 * Text around the blocks, CRLF, a byte order mark, indented lines and UTF-16 (Windows' Notepad) are taken. A block that has no
 * end or no base64 in it is told by its number: what was cut off on its way must not pass for a shorter file.
 *
 * @module
 */
import { type Octets, textOf } from "../base/octets.ts";

/** One block. */
export interface PemBlock {
  /** `CERTIFICATE`. */
  label: string;
  /** `Proc-Type`, `DEK-Info` and the like: RFC 1421 §4.4. */
  headers: ReadonlyMap<string, string>;
  der: Octets;
  /** The block as it stood there, lines made plain. */
  text: string;
}

/** What a file in PEM is worth. */
export type PemReading =
  | { kind: "blocks"; blocks: PemBlock[] }
  /** No block begins in it. */
  | { kind: "none" }
  /** What is wrong, after the words `it` or `the file`: `block 2 (CERTIFICATE) has no end`. */
  | { kind: "broken"; cause: string };

/** Blocks of one file; the system's list of authorities has about 140. */
const blocksMax = 1_000;

const begin = "-----BEGIN ";
const dashes = "-----";

/** The blocks of a file, in order. */
export function readPem(bytes: Octets): PemReading {
  const text = decoded(bytes);
  const blocks: PemBlock[] = [];
  for (let at = nextBegin(text, 0); at >= 0; at = nextBegin(text, at)) {
    if (blocks.length === blocksMax) return { kind: "broken", cause: `it has more than ${blocksMax} blocks` };
    const labelEnd = text.indexOf(dashes, at + begin.length);
    const label = labelEnd < 0 ? "" : text.slice(at + begin.length, labelEnd);
    const number = `block ${blocks.length + 1}`;
    // RFC 7468 §3: any printable characters but hyphens.
    if (!/^[\x21-\x2c\x2e-\x7e ]{1,64}$/.test(label)) {
      return { kind: "broken", cause: `${number} has a broken first line` };
    }
    const from = labelEnd + dashes.length;
    const end = `${dashes}END ${label}${dashes}`;
    const to = text.indexOf(end, from);
    const next = nextBegin(text, from);
    if (to < 0 || (next >= 0 && next < to)) {
      return { kind: "broken", cause: `${number} (${label}) is cut off: it has no line "${end}"` };
    }
    const read = block(label, text.slice(from, to));
    if (read === undefined) return { kind: "broken", cause: `${number} (${label}) is not sound base64` };
    blocks.push(read);
    at = to + end.length;
  }
  return blocks.length === 0 ? { kind: "none" } : { kind: "blocks", blocks };
}

/** Where the next block begins: at the beginning of a line, so that no name within a text can begin one. */
function nextBegin(text: string, from: number): number {
  let at = text.indexOf(begin, from);
  while (at >= 0) {
    let before = at - 1;
    while (before >= 0 && (text[before] === " " || text[before] === "\t" || text[before] === "\ufeff")) before--;
    if (before < 0 || text[before] === "\n" || text[before] === "\r") return at;
    at = text.indexOf(begin, at + begin.length);
  }
  return -1;
}

/** One block of PEM, with a line end. */
export function writePem(label: string, der: Octets): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return [`${begin}${label}${dashes}`, ...lines, `${dashes}END ${label}${dashes}`, ""].join("\n");
}

/** PEM is ASCII; a byte order mark tells UTF-16. */
function decoded(bytes: Octets): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return textOf(bytes);
}

function block(label: string, inner: string): PemBlock | undefined {
  const lines = inner.split(/\r\n|\r|\n/).map((line) => line.trim());
  // What stands behind the dashes of the first line.
  if (lines.shift() !== "") return undefined;
  const headers = new Map<string, string>();
  let last: string | undefined;
  let body = 0;
  for (; body < lines.length; body++) {
    const colon = lines[body].indexOf(":");
    if (colon < 0) break;
    last = lines[body].slice(0, colon);
    headers.set(last, lines[body].slice(colon + 1).trim());
  }
  const base64 = lines.slice(body).join("");
  let der: Octets;
  try {
    der = Uint8Array.fromBase64(base64);
  } catch {
    return undefined;
  }
  if (der.length === 0) return undefined;
  const head = headers.size === 0 ? "" : [...headers].map(([name, value]) => `${name}: ${value}\n`).join("") + "\n";
  const wrapped = base64.match(/.{1,64}/g)!.join("\n");
  return {
    label,
    headers,
    der,
    text: `${begin}${label}${dashes}\n${head}${wrapped}\n${dashes}END ${label}${dashes}\n`,
  };
}
