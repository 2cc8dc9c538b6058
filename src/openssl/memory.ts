/**
 * Carries text and bytes between C and us, without views into C's memory.
 *
 * C strings come out through a memory BIO (`BIO_puts`, then `BIO_read`), or through functions that fill a buffer of ours.
 * One scratch BIO serves the process: it is used inside synchronous calls only and always left empty.
 *
 * @module
 */
import { joined, type Octets, octets, textOf } from "../base/octets.ts";
import { Handle, type Pointer } from "./handle.ts";
import type { Native } from "./library.ts";

/** `text` as a C string. A NUL inside would cut it in silence: it throws. */
export function cString(text: string): Octets {
  if (text.includes("\0")) throw new Error("Cannot hand text to OpenSSL: it has a NUL character inside");
  return octets(text + "\0");
}

/** The bytes where they stay: a call on another thread must not name a small array, whose bytes the engine may move. */
export function settled(bytes: Octets): Octets {
  const copy = new Uint8Array(new ArrayBuffer(Math.max(bytes.length, 8)));
  copy.set(bytes);
  return copy;
}

/** The text of a buffer that C filled, up to its NUL. */
export function textUntilNul(buffer: Octets): string {
  const end = buffer.indexOf(0);
  return textOf(end < 0 ? buffer : buffer.subarray(0, end));
}

/** A pointer that C wrote into `cell[0]`. */
export function pointerIn(cell: BigUint64Array): Deno.PointerValue {
  return Deno.UnsafePointer.create(cell[0]);
}

/** A memory BIO that holds `bytes`. */
export function memoryBio(native: Native, bytes?: Octets): Handle {
  const bio = new Handle("a memory BIO", { pointer: native.BIO_new(native.BIO_s_mem()), free: native.BIO_free });
  if (bytes !== undefined && bytes.length > 0 && native.BIO_write(bio.pointer, bytes, bytes.length) !== bytes.length) {
    bio[Symbol.dispose]();
    throw new Error("Cannot fill a memory BIO: out of memory");
  }
  return bio;
}

let scratch: Pointer | undefined;

/** What `print` writes into a BIO. */
export function printed(native: Native, print: (bio: Pointer) => void): Octets {
  const bio = scratch ??= memoryBio(native).release();
  const chunks: Octets[] = [];
  try {
    print(bio);
  } finally {
    for (let pending = native.BIO_ctrl_pending(bio); pending > 0; pending = native.BIO_ctrl_pending(bio)) {
      const chunk = new Uint8Array(pending);
      const length = native.BIO_read(bio, chunk, pending);
      if (length <= 0) break;
      chunks.push(length === pending ? chunk : chunk.subarray(0, length));
    }
  }
  return joined(chunks);
}

/** The text of a `const char *` that OpenSSL owns; empty for NULL. */
export function textAt(native: Native, pointer: Deno.PointerValue): string {
  return pointer === null ? "" : textOf(printed(native, (bio) => native.BIO_puts(bio, pointer)));
}

/** The members of a `STACK_OF(…)`, borrowed. NULL has none. */
export function stackMembers(native: Native, stack: Deno.PointerValue): Pointer[] {
  const members: Pointer[] = [];
  if (stack === null) return members;
  for (let index = 0, count = native.OPENSSL_sk_num(stack); index < count; index++) {
    const member = native.OPENSSL_sk_value(stack, index);
    if (member !== null) members.push(member);
  }
  return members;
}
