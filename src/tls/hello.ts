/**
 * Looks into a ClientHello before TLS begins.
 *
 * The server's certificate is chosen by the name that the client asks for (SNI, RFC 6066 §3), and the choice has to stand
 * before the session is made. So the first bytes are gathered here, however they are cut into reads and records (RFC 8446 §5.1),
 * until the ClientHello is whole. Nothing is judged: what is odd but may be TLS is left to the TLS library, which has the
 * right alert and the right words for it.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";

/** What the bytes so far are. */
export type Hello =
  /** The ClientHello is not whole yet. */
  | { kind: "more" }
  /** A whole ClientHello, with the name that it asks for in lower case. */
  | { kind: "hello"; serverName?: string }
  /** Records of TLS, but no proper ClientHello. */
  | { kind: "other" }
  /** Not TLS at all. */
  | { kind: "alien" }
  /** The ClientHello is larger than any honest one. */
  | { kind: "too_large" };

const more: Hello = { kind: "more" };
const other: Hello = { kind: "other" };
const alien: Hello = { kind: "alien" };
const tooLarge: Hello = { kind: "too_large" };

const handshakeRecord = 22;
const clientHello = 1;
const recordHeaderOctets = 5;
const messageHeaderOctets = 4;
const recordOctetsMax = 16_384;
// RFC 6066 §1.1
const serverName = 0;
const protocolNegotiation = 16; // RFC 7301 §3.1

/** Whether a record of TLS may begin with this byte: change_cipher_spec to heartbeat (RFC 8446 App. B.1). */
export function isRecordType(octet: number): boolean {
  return octet >= 20 && octet <= 24;
}

/** Gathers the first bytes of a client. */
export class HelloReader {
  #raw: Octets = new Uint8Array(0);
  #length = 0;
  /** Where the next record begins. */
  #record = 0;
  /** The parts of the handshake message inside `#raw`. */
  #parts: [number, number][] = [];
  #messageOctets = 0;
  /** The message's length with its header, once that is there. */
  #wanted: number | undefined;

  /** Takes the next bytes. After anything but `more`, no further ones. */
  push(bytes: Octets): Hello {
    this.#append(bytes);
    if (this.#length > limits.handshakeOctetsMax) return tooLarge;
    while (true) {
      const start = this.#record;
      const raw = this.#raw;
      if (start === this.#length) return more;
      // TLS's major version is 3. An SSLv2 hello is alien, as RFC 8446 App. D.5 asks.
      if (!isRecordType(raw[start])) return alien;
      if (start + 1 < this.#length && raw[start + 1] !== 3) return alien;
      if (start + recordHeaderOctets > this.#length) return more;
      const octets = (raw[start + 3] << 8) | raw[start + 4];
      if (raw[start] !== handshakeRecord || octets === 0 || octets > recordOctetsMax) return other;
      const body = start + recordHeaderOctets;
      if (body + octets > this.#length) return more;
      this.#parts.push([body, body + octets]);
      this.#messageOctets += octets;
      this.#record = body + octets;
      if (this.#messageOctets < messageHeaderOctets) continue;
      if (this.#wanted === undefined) {
        // Once, not for each record: they may be of one octet each, and 20,000 of them must not cost the square of that.
        const header = this.#message();
        if (header[0] !== clientHello) return other;
        this.#wanted = messageHeaderOctets + (header[1] << 16 | header[2] << 8 | header[3]);
        if (this.#wanted > limits.clientHelloOctetsMax) return tooLarge;
      }
      if (this.#messageOctets < this.#wanted) continue;
      const serverName = serverNameIn(this.#message());
      return serverName === undefined ? { kind: "hello" } : { kind: "hello", serverName };
    }
  }

  /** Everything that was pushed. */
  bytes(): Octets {
    return this.#raw.subarray(0, this.#length);
  }

  /** The protocols that a whole ClientHello offers: RFC 7301 §3.1. */
  protocols(): string[] {
    return protocolsIn(this.#message());
  }

  #message(): Octets {
    if (this.#parts.length === 1) return this.#raw.subarray(this.#parts[0][0], this.#parts[0][1]);
    const message = new Uint8Array(this.#messageOctets);
    let at = 0;
    for (const [start, end] of this.#parts) {
      message.set(this.#raw.subarray(start, end), at);
      at += end - start;
    }
    return message;
  }

  #append(bytes: Octets): void {
    const length = this.#length + bytes.length;
    if (length > this.#raw.length) {
      const grown = new Uint8Array(Math.max(length, this.#raw.length * 2, 512));
      grown.set(this.#raw.subarray(0, this.#length));
      this.#raw = grown;
    }
    this.#raw.set(bytes, this.#length);
    this.#length = length;
  }
}

/** Visits the extensions of a ClientHello. A body that reaches past the end is `undefined`; of a malformed message, what stands before the fault. */
function visitExtensions(message: Octets, visit: (type: number, body: Octets | undefined) => void): void {
  const sixteen = (at: number): number => (message[at] << 8) | message[at + 1]; // NaN-free: a read past the end gives 0
  // Header 4, version 2, random 32, then three vectors: session id, cipher suites, compression methods.
  let at = messageHeaderOctets + 34;
  at += 1 + (message[at] ?? 0);
  at += 2 + sixteen(at);
  at += 1 + (message[at] ?? 0);
  const end = Math.min(message.length, at + 2 + sixteen(at));
  at += 2;
  while (at + 4 <= end) {
    const type = sixteen(at);
    const length = sixteen(at + 2);
    at += 4;
    visit(type, at + length <= end ? message.subarray(at, at + length) : undefined);
    at += length;
  }
}

/** The host name of the first server_name extension; `undefined` where there is none or the message is malformed. */
function serverNameIn(message: Octets): string | undefined {
  let first: { body: Octets | undefined } | undefined;
  visitExtensions(message, (type, body) => {
    if (type === serverName) first ??= { body };
  });
  return first?.body === undefined ? undefined : hostNameIn(first.body);
}

/** The names of the application_layer_protocol_negotiation extension; none where it is malformed. */
function protocolsIn(message: Octets): string[] {
  let list: Octets | undefined;
  visitExtensions(message, (type, body) => {
    if (type === protocolNegotiation) list ??= body;
  });
  const names: string[] = [];
  for (let at = 2; list !== undefined && at < list.length;) {
    const end = at + 1 + list[at];
    if (end > list.length) return [];
    names.push(String.fromCharCode(...list.subarray(at + 1, end)));
    at = end;
  }
  return names;
}

/** RFC 6066 §3: a list of names, of which only host_name (0) is defined. Names of hosts are ASCII letters, digits, `-`, `_`, `.`. */
function hostNameIn(list: Octets): string | undefined {
  const length = (list[3] << 8) | list[4];
  if (list.length < 5 || list[2] !== 0 || length === 0 || length > limits.domainOctetsMax || 5 + length > list.length) {
    return undefined;
  }
  const name = String.fromCharCode(...list.subarray(5, 5 + length)).toLowerCase();
  return /^[a-z0-9_.-]+$/.test(name) ? name : undefined;
}
