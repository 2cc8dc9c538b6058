/**
 * The functions that OpenSSL calls back: there are no others.
 *
 * They are made once, live as long as the process, and run only inside a synchronous call into OpenSSL on our own thread.
 * They must not throw: an exception has no way through C.
 *
 * @module
 */
import { type Octets, octets } from "../base/octets.ts";
import type { Native } from "./library.ts";
import { answerStatus } from "./staples.ts";

const verifyDefinition = { parameters: ["i32", "pointer"], result: "i32" } as const;
const alpnDefinition = {
  parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"],
  result: "i32",
} as const;
const statusDefinition = { parameters: ["pointer", "pointer"], result: "i32" } as const;

/** Pointers for OpenSSL. */
export interface Callbacks {
  /**
   * `SSL_verify_cb`: goes on whatever was found, since with SSL_VERIFY_PEER a bad client certificate would end the handshake.
   * What the chain is worth is found out afterwards (`verify.ts`).
   */
  verify: Deno.PointerObject;
  /** `SSL_CTX_alpn_select_cb_func`; its argument is a protocol list's {@linkcode AlpnList.pointer}. */
  alpn: Deno.PointerObject;
  /** `int (*cb)(SSL *, void *)` of `SSL_CTX_set_tlsext_status_cb`: `staples.ts` has the answers. */
  status: Deno.PointerObject;
}

let made: Callbacks | undefined;

/** The callbacks, made at the first call. */
export function callbacks(native: Native): Callbacks {
  return made ??= {
    verify: new Deno.UnsafeCallback(verifyDefinition, () => 1).pointer,
    alpn: new Deno.UnsafeCallback(alpnDefinition, (_ssl, out, outLength, offered, offeredLength, argument) => {
      const list = argument === null ? undefined : alpnLists.get(Deno.UnsafePointer.value(argument));
      if (list === undefined) return alertFatal;
      const { bytes } = list;
      const chosen = native.SSL_select_next_proto(out, outLength, bytes, bytes.length, offered, offeredLength);
      // RFC 7301 §3.2: no common protocol is a fatal no_application_protocol.
      return chosen === negotiated ? 0 : alertFatal;
    }).pointer,
    status: new Deno.UnsafeCallback(statusDefinition, (ssl) => answerStatus(native, ssl)).pointer,
  };
}

const negotiated = 1; // OPENSSL_NPN_NEGOTIATED
const alertFatal = 2; // SSL_TLSEXT_ERR_ALERT_FATAL

const alpnLists = new Map<bigint, AlpnList>();

/** A server's protocols in wire form, where OpenSSL may point into them. Kept until disposed. */
export class AlpnList implements Disposable {
  readonly bytes: Octets;
  readonly pointer: Deno.PointerObject;

  constructor(protocols: readonly string[]) {
    const bytes = alpnBytes(protocols);
    // A buffer of its own: the engine may move a small array's bytes, but not a buffer's.
    this.bytes = new Uint8Array(new ArrayBuffer(bytes.length));
    this.bytes.set(bytes);
    this.pointer = Deno.UnsafePointer.of(this.bytes)!;
    alpnLists.set(Deno.UnsafePointer.value(this.pointer), this);
  }

  /** Forgets the list: no context may refer to it any more. */
  [Symbol.dispose](): void {
    alpnLists.delete(Deno.UnsafePointer.value(this.pointer));
  }
}

/** RFC 7301 §3.1: each name with its length in front. */
export function alpnBytes(protocols: readonly string[]): Octets {
  const bytes: number[] = [];
  for (const protocol of protocols) {
    const name = octets(protocol);
    if (name.length === 0 || name.length > 255) throw new Error(`Cannot offer protocol "${protocol}": 1 to 255 bytes`);
    bytes.push(name.length, ...name);
  }
  return Uint8Array.from(bytes);
}
