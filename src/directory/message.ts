/**
 * LDAP messages as octets: RFC 4511 §4, of which a client that binds and searches needs little.
 *
 * What comes from a server is bounded by {@linkcode MessageReader} before it is read, and read by the reader of `certs/ber.ts`, which never reaches behind
 * an end. A search asks for no attributes and for one entry: whether there is one is the answer.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { joined, type Octets, octets, textOf } from "../base/octets.ts";
import { type Ber, BerError, itemsOf, octetString, readBer, wholeNumber } from "../certs/ber.ts";
import type { LdapFilter } from "../config/ldap_filter.ts";

/** How an operation ended: RFC 4511 §4.1.9. */
export interface LdapResult {
  code: number;
  /** The server's own words; anything may be in them. */
  text: string;
}

/** What a server says. */
export type LdapAnswer =
  | { id: number; kind: "bound" | "done"; result: LdapResult }
  /** `name`: an object identifier, where the server says one. */
  | { id: number; kind: "extended"; result: LdapResult; name: string }
  | { id: number; kind: "entry" }
  /** A referral among the entries, or an intermediate response: neither says anything about a recipient. */
  | { id: number; kind: "other" };

/** RFC 4511 §4.14.1, §4.4.1. */
const startTlsName = "1.3.6.1.4.1.1466.20037";
/** The name of the notice that a server ends the connection. */
export const disconnectionName = "1.3.6.1.4.1.1466.20036";

// deno-fmt-ignore
const codes: Readonly<Record<number, string>> = {
  0: "success", 1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded", 7: "authMethodNotSupported",
  8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded", 12: "unavailableCriticalExtension", 13: "confidentialityRequired",
  14: "saslBindInProgress",
  16: "noSuchAttribute", 17: "undefinedAttributeType", 18: "inappropriateMatching", 21: "invalidAttributeSyntax", 32: "noSuchObject",
  34: "invalidDNSyntax", 48: "inappropriateAuthentication", 49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy",
  52: "unavailable", 53: "unwillingToPerform", 80: "other",
};

/** `invalidCredentials (49)`: RFC 4511 §4.1.9. */
export function codeText(code: number): string {
  const name = codes[code];
  return name === undefined ? `result ${code}` : `${name} (${code})`;
}

/** How somebody says who he is: RFC 4511 §4.2. */
export type BindWish = { kind: "simple"; dn: string; password: string } | { kind: "external" };

/** A request to bind. */
export function bindRequest(id: number, wish: BindWish): Octets {
  const proof = wish.kind === "simple"
    ? element(0x80, octets(wish.password))
    // RFC 4422 §A.1: an empty answer, and the server takes the certificate's identity; without one it would ask for it first.
    : element(0xa3, text("EXTERNAL"), text(""));
  return message(id, element(0x60, integer(3), text(wish.kind === "simple" ? wish.dn : ""), proof));
}

/** A request for TLS. */
export function startTlsRequest(id: number): Octets {
  return message(id, element(0x77, element(0x80, octets(startTlsName))));
}

/** A request for one entry below `base` that fits. */
export function searchRequest(
  id: number,
  { base, filter, seconds }: { base: string; filter: LdapFilter; seconds: number },
): Octets {
  const [wholeSubtree, neverDereference] = [2, 0];
  return message(
    id,
    element(
      0x63,
      text(base),
      enumerated(wholeSubtree),
      enumerated(neverDereference),
      integer(1),
      integer(seconds),
      element(0x01, Uint8Array.of(0xff)),
      filterOctets(filter),
      // RFC 4511 §4.5.1.8: no attributes.
      element(0x30, text("1.1")),
    ),
  );
}

/** Says that the answer to `about` is not waited for any more. */
export function abandonRequest(id: number, about: number): Octets {
  return message(id, element(0x50, numberOctets(about)));
}

/** A farewell. */
export function unbindRequest(id: number): Octets {
  return message(id, element(0x42));
}

/** Cuts a stream into messages. Throws {@linkcode BerError} where what comes is none, or too long. */
export class MessageReader {
  #rest: Octets = new Uint8Array(0);

  /** Takes octets, which it copies. */
  push(bytes: Octets): void {
    this.#rest = this.#rest.length === 0 ? bytes.slice() : joined([this.#rest, bytes]);
  }

  /** Octets that belong to no whole message yet. */
  get left(): number {
    return this.#rest.length;
  }

  /** The next whole message; `undefined`: more octets are needed. */
  next(): LdapAnswer | undefined {
    const whole = wholeLength(this.#rest);
    if (whole === undefined || whole > this.#rest.length) return undefined;
    const bytes = this.#rest.subarray(0, whole);
    this.#rest = this.#rest.subarray(whole);
    return readMessage(bytes);
  }
}

/** RFC 4511 §5.1: lengths are definite. */
function wholeLength(bytes: Octets): number | undefined {
  if (bytes.length > 0 && bytes[0] !== 0x30) throw new BerError("this is not LDAP");
  if (bytes.length < 2) return undefined;
  const first = bytes[1];
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 4) throw new BerError("a length is beyond all measure");
  if (bytes.length < 2 + count) return undefined;
  let length = 0;
  for (let at = 0; at < count; at++) length = length * 256 + bytes[2 + at];
  if (length > limits.directoryMessageOctetsMax) {
    throw new BerError(`a message has ${length} octets, more than ${limits.directoryMessageOctetsMax}`);
  }
  return 2 + count + length;
}

/** Reads one whole message. Throws {@linkcode BerError}. */
export function readMessage(bytes: Octets): LdapAnswer {
  const [number, operation] = itemsOf(readBer(bytes), 0x30);
  const id = wholeNumber(number);
  if (operation === undefined) throw new BerError("a message is empty");
  switch (operation.tag) {
    case 0x61:
      return { id, kind: "bound", result: resultOf(itemsOf(operation, 0x61)) };
    case 0x65:
      return { id, kind: "done", result: resultOf(itemsOf(operation, 0x65)) };
    case 0x78: {
      const parts = itemsOf(operation, 0x78);
      const name = parts.find(({ tag }) => tag === 0x8a);
      return { id, kind: "extended", result: resultOf(parts), name: name === undefined ? "" : textOf(name.content) };
    }
    case 0x64:
      octetString(itemsOf(operation, 0x64)[0]);
      return { id, kind: "entry" };
    default:
      return { id, kind: "other" };
  }
}

function resultOf([code, matched, text]: Ber[]): LdapResult {
  octetString(matched);
  if (code.tag !== 0x0a || code.content.length === 0 || code.content.length > 4 || code.content[0] >= 0x80) {
    throw new BerError("a result has no code");
  }
  return { code: code.content.reduce((sum, octet) => sum * 256 + octet, 0), text: textOf(octetString(text)) };
}

/** RFC 4511 §4.5.1.7. */
function filterOctets(filter: LdapFilter): Octets {
  switch (filter.kind) {
    case "and":
      return element(0xa0, ...filter.of.map(filterOctets));
    case "or":
      return element(0xa1, ...filter.of.map(filterOctets));
    case "not":
      return element(0xa2, filterOctets(filter.of));
    case "present":
      return element(0x87, octets(filter.attribute));
    case "equal":
      return element(0xa3, text(filter.attribute), element(0x04, filter.value));
    case "at_least":
      return element(0xa5, text(filter.attribute), element(0x04, filter.value));
    case "at_most":
      return element(0xa6, text(filter.attribute), element(0x04, filter.value));
    case "approximate":
      return element(0xa8, text(filter.attribute), element(0x04, filter.value));
    case "substrings":
      return element(0xa4, text(filter.attribute), element(0x30, ...substrings(filter.pieces)));
    case "extensible":
      return element(
        0xa9,
        ...filter.rule === "" ? [] : [element(0x81, octets(filter.rule))],
        ...filter.attribute === "" ? [] : [element(0x82, octets(filter.attribute))],
        element(0x83, filter.value),
        ...filter.dn ? [element(0x84, Uint8Array.of(0xff))] : [],
      );
    default:
      return filter satisfies never;
  }
}

function substrings(pieces: readonly Octets[]): Octets[] {
  return pieces.flatMap((piece, place) => {
    if (piece.length === 0) return [];
    return [element(place === 0 ? 0x80 : place === pieces.length - 1 ? 0x82 : 0x81, piece)];
  });
}

function message(id: number, operation: Octets): Octets {
  return element(0x30, integer(id), operation);
}

function element(tag: number, ...parts: Octets[]): Octets {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | unsigned(length).length, ...unsigned(length)];
  return joined([Uint8Array.from(header), ...parts]);
}

function text(value: string): Octets {
  return element(0x04, octets(value));
}

function integer(value: number): Octets {
  return element(0x02, numberOctets(value));
}

function enumerated(value: number): Octets {
  return element(0x0a, numberOctets(value));
}

/** Two's complement of a number that is not negative. */
function numberOctets(value: number): Octets {
  const bytes = unsigned(value);
  return Uint8Array.from(bytes[0] >= 0x80 ? [0, ...bytes] : bytes);
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; left > 0 || bytes.length === 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return bytes;
}
