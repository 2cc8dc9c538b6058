/**
 * The loads: what is sent, over how many sessions, in clear or over TLS.
 *
 * @module
 */

/** Settings that all loads share. */
interface Common {
  what: string;
  /** Sessions at a time. */
  sessions: number;
  /** TLS on both sides of the relay. */
  tls: boolean;
  /** The relay's certificate. Absent: P-256. */
  certificate?: "ecdsa" | "rsa";
  /** The client acknowledges every segment at once (TCP_QUICKACK), which takes the stalls of delayed ACKs out. */
  quickAck?: boolean;
}

/** Messages are sent and counted at the sink. */
export interface Send extends Common {
  kind: "send";
  messages: number;
  /** Messages of one session; 0: the session is kept for all. */
  perSession: number;
  /** Octets of one message. */
  octets: number;
  pipelining?: boolean;
  /** The client closes after QUIT without waiting for the 221. */
  hasty?: boolean;
}

/** TLS handshakes for some seconds. */
export interface Handshakes extends Common {
  kind: "handshakes";
  seconds: number;
  version: 12 | 13;
}

/** Sessions that are opened and do nothing. */
export interface Idle extends Common {
  kind: "idle";
  held: number;
}

/** A load. */
export type Scenario = Send | Handshakes | Idle;

const small: Omit<Send, "what"> = {
  kind: "send",
  messages: 2000,
  sessions: 20,
  perSession: 1,
  octets: 5120,
  tls: false,
};
const tls: Omit<Send, "what"> = { ...small, messages: 1000, tls: true };
const large: Omit<Send, "what"> = { ...small, messages: 200, octets: 1_048_576 };
const handshakes: Omit<Handshakes, "what"> = {
  kind: "handshakes",
  sessions: 20,
  seconds: 4,
  tls: true,
  version: 13,
  certificate: "ecdsa",
  quickAck: true,
};

/** Every load by its short name. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  S1a: { ...small, what: "clear, 5 KB, 1 message a session" },
  S1b: { ...small, perSession: 10, what: "clear, 5 KB, 10 messages a session" },
  S1k: { ...small, perSession: 0, what: "clear, 5 KB, sessions kept" },
  S1p: { ...small, perSession: 10, pipelining: true, what: "as S1b with PIPELINING" },
  S1w: { ...small, hasty: true, what: "as S1a, the client does not wait for the 221" },
  S2a: { ...tls, what: "STARTTLS both ways (TLS 1.3, P-256), 5 KB, 1 message a session" },
  S2b: { ...tls, perSession: 10, what: "STARTTLS both ways (TLS 1.3, P-256), 5 KB, 10 messages a session" },
  S2q: { ...tls, quickAck: true, what: "as S2a, the client with TCP_QUICKACK" },
  S2r: { ...tls, messages: 2000, certificate: "rsa", what: "as S2a, the relay's certificate RSA-2048" },
  S3: { ...large, what: "clear, 1 MB, 1 message a session" },
  S3t: { ...large, tls: true, what: "STARTTLS both ways, 1 MB, 1 message a session" },
  S4a: { ...handshakes, what: "handshakes TLS 1.3 P-256" },
  S4b: { ...handshakes, certificate: "rsa", what: "handshakes TLS 1.3 RSA-2048" },
  S4c: { ...handshakes, version: 12, what: "handshakes TLS 1.2 ECDHE-ECDSA P-256" },
  S4d: { ...handshakes, version: 12, certificate: "rsa", what: "handshakes TLS 1.2 ECDHE-RSA-2048" },
  S4n: { ...handshakes, quickAck: false, what: "as S4a, but the client delays its ACKs as Linux does" },
  S5a: { kind: "idle", held: 1000, sessions: 20, tls: false, what: "1,000 idle sessions in clear" },
  S5b: { kind: "idle", held: 1000, sessions: 20, tls: true, what: "1,000 idle STARTTLS sessions" },
};
