/**
 * What the DNS says, as values: RFC 1035, RFC 2308.
 *
 * An answer is one of four things, and mail treats each in its own way: records; a name without such records; no such
 * name; or no answer at all, which says nothing about the name and is tried again.
 *
 * @module
 */

/** A mail exchanger: RFC 1035 §3.3.9. `exchange` is `.` in a null MX, RFC 7505. */
export interface MxData {
  /** Lower is better. */
  preference: number;
  /** The host. */
  exchange: string;
}

/** A certificate association: RFC 6698 §2.1. */
export interface TlsaData {
  /** RFC 6698 §2.1.1. */
  usage: number;
  /** RFC 6698 §2.1.2. */
  selector: number;
  /** RFC 6698 §2.1.3. */
  matchingType: number;
  /** The certificate, key or digest to compare with. */
  certificate: Uint8Array;
}

/** The record types that are asked for, and what each carries. Names are in lower case without the last dot. */
export interface RecordTypes {
  /** Dotted IPv4. */
  A: string;
  /** IPv6. */
  AAAA: string;
  /** A name. */
  PTR: string;
  /** A mail exchanger. */
  MX: MxData;
  /** The strings of one record, joined. */
  TXT: string;
  /** A certificate association. */
  TLSA: TlsaData;
}

/** A type of {@linkcode RecordTypes}. */
export type RecordType = keyof RecordTypes;

/** Why there is no answer. */
export type DnsFailure =
  | "timeout"
  | "unreachable"
  | "server_failure"
  | "refused"
  | "malformed"
  | "bad_name"
  | "alias_loop"
  | "no_servers";

/** The end of one question. `ttl` is in seconds; `authentic`: proven by DNSSEC, as a server said whose word cannot be changed on its way. */
export type Answer<T> =
  | { kind: "found"; records: T[]; ttl: number; authentic: boolean }
  | { kind: "no_data"; ttl: number; authentic: boolean }
  | { kind: "no_such_domain"; ttl: number; authentic: boolean }
  | { kind: "failed"; reason: DnsFailure };

/** A name server. */
export interface DnsServer {
  /** IPv4 or IPv6, with a zone where it needs one. */
  address: string;
  /** 53 as a rule. */
  port: number;
}

/** What other stages need of the DNS. */
export interface Resolver {
  /** Records of `type` at `name`, aliases followed. Never rejects. */
  resolve<T extends RecordType>(name: string, type: T): Promise<Answer<RecordTypes[T]>>;
}
