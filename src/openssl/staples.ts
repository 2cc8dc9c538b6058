/**
 * Answers of responders that servers show to clients who ask (RFC 6066 §8, "OCSP stapling").
 *
 * An answer belongs to a certificate, not to a context: all contexts of all configurations that hold the certificate show the newest
 * one. OpenSSL asks when it has chosen the certificate, which may be one of several; it does so only where the client asked.
 *
 * @module
 */
import type { Staple } from "../tls/revocation.ts";
import type { Native } from "./library.ts";
import type { Pointer } from "./handle.ts";

const setStatusResponse = 71; // SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP
const answered = 0; // SSL_TLSEXT_ERR_OK
const notAnswered = 3; // SSL_TLSEXT_ERR_NOACK

/** What is shown for one certificate; the object stays, its content changes. */
interface Slot {
  staple: Staple | undefined;
  now: () => number;
  /** Contexts that show it. */
  holds: number;
}

/** By the address of the certificate in its context. */
const served = new Map<bigint, Slot>();

/** The answers of one engine. */
export class Staples {
  readonly #now: () => number;
  readonly #slots = new Map<string, Slot>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What is shown for a certificate from now on. */
  set(fingerprint: string, staple: Staple | undefined): void {
    const slot = this.#slot(fingerprint);
    slot.staple = staple;
    this.#forget(fingerprint, slot);
  }

  /** A context that holds `certificate` shows its answers until the hold is disposed of; by then no session may use the context. */
  serve(certificate: Pointer, fingerprint: string): Disposable {
    const key = Deno.UnsafePointer.value(certificate);
    const slot = this.#slot(fingerprint);
    slot.holds++;
    served.set(key, slot);
    return {
      [Symbol.dispose]: () => {
        served.delete(key);
        slot.holds--;
        this.#forget(fingerprint, slot);
      },
    };
  }

  #slot(fingerprint: string): Slot {
    const slot = this.#slots.get(fingerprint) ?? { staple: undefined, now: this.#now, holds: 0 };
    this.#slots.set(fingerprint, slot);
    return slot;
  }

  /** Certificates come and go with each renewal. */
  #forget(fingerprint: string, { holds, staple }: Slot): void {
    if (holds === 0 && staple === undefined) this.#slots.delete(fingerprint);
  }
}

/** `SSL_CTX_set_tlsext_status_cb(3)`. Never throws. */
export function answerStatus(native: Native, ssl: Deno.PointerValue): number {
  if (ssl === null) return notAnswered;
  const certificate = native.SSL_get_certificate(ssl);
  const slot = certificate === null ? undefined : served.get(Deno.UnsafePointer.value(certificate));
  const staple = slot?.staple;
  if (slot === undefined || staple === undefined || slot.now() >= staple.until) return notAnswered;
  const { response } = staple;
  // OpenSSL frees it with the session.
  const copy = native.CRYPTO_memdup(response, BigInt(response.length), null, 0);
  if (copy === null) return notAnswered;
  native.SSL_ctrl_pointer(ssl, setStatusResponse, BigInt(response.length), copy);
  return answered;
}
