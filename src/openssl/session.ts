/**
 * One TLS session over two memory BIOs.
 *
 * The hot calls are `feed`, `read`, `write` and `drain`: one foreign call each where all goes well. The error queue is looked at
 * before each call (a stale entry would turn "more data, please" into a failure) and read only after a failed one.
 *
 * A server's native object is made when the ClientHello is whole, since the certificate depends on it.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import type { PeerFacts, Session, Step, TlsFailure, TlsReason } from "../tls/engine.ts";
import { type Hello, HelloReader, isRecordType } from "../tls/hello.ts";
import { clearErrors, ownFailure, takeFailure } from "./errors.ts";
import { peerFacts } from "./facts.ts";
import type { Pointer } from "./handle.ts";
import type { Native } from "./library.ts";
import type { Trust } from "./verify.ts";

/** What a session needs of the context that made it. */
export interface SessionPlan {
  native: Native;
  side: "server" | "client";
  /** Whether clients may start a renegotiation. */
  renegotiation: boolean;
  trust: Trust | undefined;
  now: () => number;
  /** A new native object, ready for the handshake; the name is that of the ClientHello. */
  open: (serverName: string | undefined) => Pointer;
  /** Called with the object when a ticket may have come, and at an orderly end. */
  keep?: (ssl: Pointer) => void;
  /** Called once, after the object was freed. */
  ended: () => void;
}

const wantRead: Step = { kind: "want_read" };
const handshakeDone: Step = { kind: "done", octets: 0 };
const closed: Step = { kind: "closed" };

// SSL_ERROR_… of ssl.h.
const errorWantRead = 2;
const errorWantWrite = 3;
const errorZeroReturn = 6;

const sentAndReceivedShutdown = 3;

/** A memory BIO keeps the room that it once needed; one that grew above this is replaced when the session falls idle. */
const bioOctetsKept = 8_192;

/** See the module. */
export class OpenSslSession implements Session {
  readonly #plan: SessionPlan;
  readonly #native: Native;
  #hello: HelloReader | undefined;
  #serverName: string | undefined;
  #ssl: Pointer | null = null;
  #incoming: Pointer | null = null;
  #outgoing: Pointer | null = null;
  /** The most that was fed or written at once since the BIOs were made. */
  #grown = 0;
  /** Whether the peer's first byte begins no record of TLS; unknown before it came. */
  #alien: boolean | undefined;
  #established = false;
  #ended = false;
  #failed: Step | undefined;
  #finished: Octets | undefined;
  #renegotiations = 0;
  #keepAtRead: boolean;

  constructor(plan: SessionPlan) {
    this.#plan = plan;
    this.#native = plan.native;
    this.#keepAtRead = plan.keep !== undefined;
    if (plan.side === "server") this.#hello = new HelloReader();
    else this.#open(undefined);
  }

  feed(cipherText: Octets): void {
    this.#live();
    if (this.#hello !== undefined) return this.#greet(this.#hello, cipherText);
    if (this.#incoming === null || cipherText.length === 0) return;
    this.#alien ??= !isRecordType(cipherText[0]);
    if (cipherText.length > this.#grown) this.#grown = cipherText.length;
    if (this.#native.BIO_write(this.#incoming, cipherText, cipherText.length) !== cipherText.length) {
      this.#fail(ownFailure("other", "out of memory"));
    }
  }

  drain(into: Octets): number {
    this.#live();
    if (this.#outgoing === null) return 0;
    const octets = this.#native.BIO_read(this.#outgoing, into, into.length);
    return octets > 0 ? octets : 0;
  }

  handshake(): Step {
    const ssl = this.#ssl;
    if (ssl === null || this.#failed !== undefined) return this.#idle();
    clearErrors(this.#native);
    const result = this.#native.SSL_do_handshake(ssl);
    if (result !== 1) return this.#outcome(ssl, result);
    this.#established = true;
    clearErrors(this.#native);
    // TLS 1.3 has no renegotiation, and its tickets come later.
    if (this.#native.SSL_version(ssl) < tls13) {
      if (this.#plan.renegotiation) this.#finished = this.#peerFinished(ssl);
      if (this.#keepAtRead) this.#keep(ssl);
    }
    return handshakeDone;
  }

  read(into: Octets): Step {
    const ssl = this.#ssl;
    if (ssl === null || this.#failed !== undefined) return this.#idle();
    clearErrors(this.#native);
    const octets = this.#native.SSL_read(ssl, into, into.length);
    if (this.#finished !== undefined && this.#renegotiatedTooOften(ssl, this.#finished)) return this.#failed!;
    if (octets <= 0) return this.#outcome(ssl, octets);
    if (this.#keepAtRead) this.#keep(ssl);
    return { kind: "done", octets };
  }

  write(clearText: Octets): Step {
    const ssl = this.#ssl;
    if (ssl === null || this.#failed !== undefined) return this.#idle();
    if (clearText.length === 0) return { kind: "done", octets: 0 };
    if (clearText.length > this.#grown) this.#grown = clearText.length;
    clearErrors(this.#native);
    const octets = this.#native.SSL_write(ssl, clearText, clearText.length);
    return octets > 0 ? { kind: "done", octets } : this.#outcome(ssl, octets);
  }

  shutdown(): void {
    this.#live();
    if (this.#ssl === null || this.#failed !== undefined || !this.#established || this.#ended) return;
    this.#ended = true;
    clearErrors(this.#native);
    this.#native.SSL_shutdown(this.#ssl);
    clearErrors(this.#native);
  }

  facts(): PeerFacts {
    const { native, side, trust, now } = this.#plan;
    if (!this.#established) throw new Error("Cannot tell the facts of a TLS session: its handshake is not done");
    return peerFacts({ native, side, trust, now, serverName: this.#serverName, ssl: () => this.#object() });
  }

  [Symbol.dispose](): void {
    if (this.#gone) return;
    this.#gone = true;
    const ssl = this.#ssl;
    this.#ssl = this.#incoming = this.#outgoing = null;
    this.#hello = undefined;
    if (ssl !== null) this.#free(ssl);
    else this.#plan.ended();
  }
  #gone = false;

  #free(ssl: Pointer): void {
    if (this.#established && this.#failed === undefined) {
      // Freed without a shutdown, its session would count as broken and never be resumed (ssl_clear_bad_session).
      if (this.#plan.keep !== undefined) this.#plan.keep(ssl);
      this.#native.SSL_set_shutdown(ssl, sentAndReceivedShutdown);
    }
    this.#native.SSL_free(ssl); // and both BIOs
    clearErrors(this.#native);
    this.#plan.ended();
  }

  /** The first bytes of a client. */
  #greet(reader: HelloReader, cipherText: Octets): void {
    const hello: Hello = reader.push(cipherText);
    switch (hello.kind) {
      case "more":
        return;
      case "too_large":
        this.#hello = undefined;
        return this.#fail(ownFailure("too_large", "the ClientHello is too large"));
      case "hello":
        this.#serverName = hello.serverName;
        break;
      case "alien":
        this.#alien = true;
        break;
      case "other":
        this.#alien = false;
        break;
      default:
        hello satisfies never;
    }
    this.#hello = undefined;
    this.#open(this.#serverName);
    this.feed(reader.bytes());
  }

  #open(serverName: string | undefined): void {
    const native = this.#native;
    clearErrors(native);
    const ssl = this.#plan.open(serverName);
    const incoming = native.BIO_new(native.BIO_s_mem());
    const outgoing = native.BIO_new(native.BIO_s_mem());
    if (incoming === null || outgoing === null) {
      if (incoming !== null) native.BIO_free(incoming);
      if (outgoing !== null) native.BIO_free(outgoing);
      native.SSL_free(ssl);
      throw new Error("Cannot make a memory BIO: OpenSSL returned NULL");
    }
    native.SSL_set_bio(ssl, incoming, outgoing);
    if (this.#plan.side === "server") native.SSL_set_accept_state(ssl);
    else native.SSL_set_connect_state(ssl);
    this.#ssl = ssl;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  /** What a call that did not succeed means. */
  #outcome(ssl: Pointer, result: number): Step {
    const error = this.#native.SSL_get_error(ssl, result);
    if (error === errorWantRead || error === errorWantWrite) {
      if (this.#alien) return this.#failWith(ownFailure("not_tls", "the peer does not speak TLS"));
      if (this.#grown > bioOctetsKept) this.#shrink(ssl);
      return wantRead;
    }
    if (error === errorZeroReturn) return closed;
    const failure = takeFailure(this.#native);
    return this.#failWith({ ...failure, reason: this.#reason(failure.reason) });
  }

  /** "Wrong version number" is said of clear text, and of an alert in another version's record. */
  #reason(reason: TlsReason): TlsReason {
    if (this.#alien) return "not_tls";
    return reason === "not_tls" && !this.#established ? "version_mismatch" : reason;
  }

  /** Replaces BIOs that grew, where they are empty. */
  #shrink(ssl: Pointer): void {
    const native = this.#native;
    if (native.BIO_ctrl_pending(this.#incoming) > 0 || native.BIO_ctrl_pending(this.#outgoing) > 0) return;
    const incoming = native.BIO_new(native.BIO_s_mem());
    if (incoming !== null) native.SSL_set0_rbio(ssl, this.#incoming = incoming);
    const outgoing = native.BIO_new(native.BIO_s_mem());
    if (outgoing !== null) native.SSL_set0_wbio(ssl, this.#outgoing = outgoing);
    this.#grown = 0;
  }

  /** The step of a session that has no object yet, or has failed. */
  #idle(): Step {
    this.#live();
    return this.#failed ?? wantRead;
  }

  #fail(failure: TlsFailure): void {
    this.#failed ??= { kind: "failed", failure };
  }

  #failWith(failure: TlsFailure): Step {
    this.#fail(failure);
    return this.#failed!;
  }

  #keep(ssl: Pointer): void {
    this.#keepAtRead = false;
    this.#plan.keep?.(ssl);
  }

  /** The peer's Finished message changes with each handshake of a session: OpenSSL counts only those that it began itself. */
  #renegotiatedTooOften(ssl: Pointer, before: Octets): boolean {
    const after = this.#peerFinished(ssl);
    if (sameOctets(before, after)) return false;
    this.#finished = after;
    if (++this.#renegotiations <= limits.renegotiationsMax) return false;
    this.#fail(ownFailure("renegotiation", `the client renegotiated more than ${limits.renegotiationsMax} times`));
    return true;
  }

  #peerFinished(ssl: Pointer): Octets {
    const buffer = new Uint8Array(64);
    const octets = this.#native.SSL_get_peer_finished(ssl, buffer, 64n);
    return buffer.subarray(0, octets);
  }

  #object(): Pointer {
    if (this.#ssl === null) throw new Error("Cannot read the facts of a TLS session: it was freed");
    return this.#ssl;
  }

  #live(): void {
    if (this.#gone) throw new Error("Cannot use a TLS session: it was freed");
  }
}

const tls13 = 0x0304;

function sameOctets(a: Octets, b: Octets): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
