/**
 * DNS messages: a question out, an answer in and judged. No I/O.
 *
 * An answer counts only where id, name, type and class are those of the question (RFC 5452 §9.1): anything else is what a forger
 * sends, and is passed over as if it had not come. Encoding and decoding of records is `npm:dns-packet`'s.
 *
 * @module
 */
// @ts-types="@types/dns-packet"
import packet from "dns-packet";
import { Buffer } from "node:buffer";
import { addressFamily, asciiName } from "./names.ts";
import type { MxData, RecordType, TlsaData } from "./records.ts";

/** What may come over UDP without being cut: the value of DNS flag day 2020. */
const udpOctets = 1232;
/** Aliases followed in one question. */
export const aliasesMax = 8;
/** Records of one answer that are kept. */
const recordsMax = 256;

/** One question. */
export interface Question {
  /** 16 bits, drawn by chance. */
  id: number;
  /** In lower case, without a last dot. */
  name: string;
  /** What is asked for. */
  type: RecordType;
  /** Ask with EDNS0 (RFC 6891) for DNSSEC data and the AD flag (RFC 6840 §5.7). Old servers answer FORMERR; then without. */
  edns: boolean;
}

/** What a message says about a question. */
export type Reading =
  /** It is no answer to this question. */
  | { kind: "foreign" }
  /** It was cut: ask over TCP. */
  | { kind: "truncated" }
  /** The server does not know EDNS0. */
  | { kind: "no_edns" }
  | { kind: "failed"; reason: "server_failure" | "refused" | "malformed" | "alias_loop" }
  | { kind: "found"; records: unknown[]; ttl: number; ad: boolean }
  /** An alias whose target the message says nothing about. */
  | { kind: "alias"; target: string; ttl: number; ad: boolean }
  /** `ttl` is 0 where the answer must not be kept: RFC 2308 §5. */
  | { kind: "no_data" | "no_such_domain"; ttl: number; ad: boolean };

/** The message that asks. */
export function encodeQuestion({ id, name, type, edns }: Question): Uint8Array<ArrayBuffer> {
  const bytes = packet.encode({
    type: "query",
    id,
    flags: packet.RECURSION_DESIRED | (edns ? packet.AUTHENTIC_DATA : 0),
    questions: [{ type, name, class: "IN" }],
    additionals: edns
      ? [{
        type: "OPT",
        name: ".",
        udpPayloadSize: udpOctets,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: packet.DNSSEC_OK,
        flag_do: true,
        options: [],
      }]
      : [],
  });
  return new Uint8Array(bytes);
}

/** Reads what a server sent. */
export function readAnswer(bytes: Uint8Array, question: Question): Reading {
  // The header is read by hand: a message cut in the middle of a record cannot be decoded, and its TC flag is what counts.
  if (bytes.length < 12) return { kind: "foreign" };
  const id = (bytes[0] << 8) | bytes[1];
  const isResponse = (bytes[2] & 0x80) !== 0;
  if (!isResponse || id !== question.id) return { kind: "foreign" };
  let message: packet.DecodedPacket;
  try {
    message = packet.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    // The id was right, so it is the server's: no use to wait for a better one.
    return (bytes[2] & 0x02) !== 0 ? { kind: "truncated" } : { kind: "failed", reason: "malformed" };
  }
  const rcode = bytes[3] & 0x0f;
  const asked = message.questions ?? [];
  // Some servers leave the question out of a FORMERR.
  if (asked.length === 0 && rcode === 1 && question.edns) return { kind: "no_edns" };
  if (asked.length !== 1 || !sameName(asked[0].name, question.name) || asked[0].type !== question.type) {
    return { kind: "foreign" };
  }
  if ((asked[0].class ?? "IN") !== "IN") return { kind: "foreign" };
  if ((bytes[2] & 0x02) !== 0) return { kind: "truncated" };
  if (rcode === 1 && question.edns) return { kind: "no_edns" };
  const ad = (bytes[3] & 0x20) !== 0;
  if (rcode === 0 || rcode === 3) return readRecords(message, question, { ad, nxdomain: rcode === 3 });
  return { kind: "failed", reason: rcode === 5 ? "refused" : rcode === 1 ? "malformed" : "server_failure" };
}

function readRecords(
  message: packet.DecodedPacket,
  question: Question,
  { ad, nxdomain }: { ad: boolean; nxdomain: boolean },
): Reading {
  const answers = (message.answers ?? []) as LooseRecord[];
  let name = question.name;
  let ttl = Infinity;
  let aliases = 0;
  for (;;) {
    const own = answers.filter((record) => sameName(record.name, name) && (record.class ?? "IN") === "IN");
    const alias = own.find((record) => record.type === "CNAME");
    const records = own.filter((record) => record.type === question.type).slice(0, recordsMax);
    const kept = records.map((record) => valueOf(question.type, record.data)).filter((value) => value !== undefined);
    for (const record of records.length > 0 ? records : alias === undefined ? [] : [alias]) {
      ttl = Math.min(ttl, ttlOf(record));
    }
    if (kept.length > 0) return { kind: "found", records: kept, ttl, ad };
    if (records.length > 0) return { kind: "failed", reason: "malformed" };
    if (alias === undefined) break;
    const target = asciiName(String(alias.data));
    if (target === undefined) return { kind: "failed", reason: "malformed" };
    if (++aliases > aliasesMax) return { kind: "failed", reason: "alias_loop" };
    name = target;
  }
  const soa = ((message.authorities ?? []) as LooseRecord[]).find((record) => record.type === "SOA");
  if (!nxdomain && soa === undefined && aliases > 0) return { kind: "alias", target: name, ttl, ad };
  // RFC 2308 §5: as long as the SOA says; without one it is not kept.
  const minimum = Number((soa?.data as { minimum?: number } | undefined)?.minimum ?? 0);
  const negative = soa === undefined ? 0 : Math.min(ttlOf(soa), minimum, ttl);
  return { kind: nxdomain ? "no_such_domain" : "no_data", ttl: negative, ad };
}

interface LooseRecord {
  name: string;
  type: string;
  class?: string;
  ttl?: number;
  data: unknown;
}

function sameName(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}

/** RFC 2181 §8: a TTL with the highest bit set is 0. */
function ttlOf(record: LooseRecord): number {
  const ttl = record.ttl ?? 0;
  return ttl > 0x7fffffff ? 0 : ttl;
}

function valueOf(type: RecordType, data: unknown): unknown {
  switch (type) {
    case "A":
    case "AAAA":
      // A record that is cut short decodes as "10.0.0.undefined".
      return addressFamily(String(data)) === (type === "A" ? 4 : 6) ? String(data) : undefined;
    case "PTR":
      return asciiName(String(data));
    case "MX": {
      const { preference, exchange } = data as MxData;
      const name = exchange === "." ? "." : asciiName(exchange);
      return name === undefined ? undefined : { preference, exchange: name };
    }
    case "TXT":
      return (Array.isArray(data) ? data : [data]).map((part) => Buffer.from(part).toString("utf8")).join("");
    case "TLSA": {
      const { usage, selector, matchingType, certificate } = data as TlsaData;
      return { usage, selector, matchingType, certificate: new Uint8Array(certificate) };
    }
    default:
      return type satisfies never;
  }
}
