/**
 * How much of a request has come: its head, then its body. The front counts before the runtime's server sees anything.
 *
 * Where a head ends is looked for here, since a body may be here before anybody answers, and a head is bounded far below a body. Requests that
 * are sent before the answer to the one before (RFC 9112 §9.3.2) count as its body, and count too much, never too little.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";

/** What has come is in bounds, or what of it is not. */
export type Measured = "fine" | "head" | "body";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** See the module. */
export class RequestMeter {
  /** `rest`: what is left of a request that was answered before its end. */
  #part: "none" | "head" | "body" | "rest" = "none";
  #headOctets = 0;
  #bodyOctets = 0;
  /** The line is empty so far; there was one that is not. Lines that are empty before the first one count for nothing (RFC 9112 §2.2). */
  #emptyLine = true;
  #someLine = false;

  /** A head has begun and is not there yet. */
  get inHead(): boolean {
    return this.#part === "head";
  }

  /** The next octets begin a head. */
  get between(): boolean {
    return this.#part === "none";
  }

  /** Counts what came. */
  take(bytes: Octets): Measured {
    if (this.#part === "none") {
      this.#part = "head";
      this.#headOctets = this.#bodyOctets = 0;
      this.#emptyLine = true;
      this.#someLine = false;
    }
    const end = this.#part === "head" ? this.#headEnd(bytes) : 0;
    this.#headOctets += end;
    this.#bodyOctets += bytes.length - end;
    if (this.#headOctets > limits.httpHeadOctetsMax) return "head";
    return this.#bodyOctets > limits.httpBodyOctetsMax ? "body" : "fine";
  }

  /** Somebody answers a request: its head is there. */
  begin(): void {
    this.#part = "body";
  }

  /** Whether `headers` tell of a body that has not come as a whole, as far as one can know. */
  owes(headers: Headers): boolean {
    return headers.has("Transfer-Encoding") || this.#bodyOctets < lengthOf(headers);
  }

  /** A request was answered, and none other is being answered. */
  finish(headers: Headers): void {
    this.#part = this.owes(headers) ? "rest" : "none";
    this.#bodyOctets = Math.max(0, this.#bodyOctets - lengthOf(headers));
  }

  /** How many of the octets belong to the head, which may end with them. */
  #headEnd(bytes: Octets): number {
    for (let at = 0; at < bytes.length; at++) {
      const octet = bytes[at];
      if (octet === lineFeed) {
        if (this.#emptyLine && this.#someLine) {
          this.#part = "body";
          return at + 1;
        }
        this.#emptyLine = true;
      } else if (octet !== carriageReturn) {
        this.#emptyLine = false;
        this.#someLine = true;
      }
    }
    return bytes.length;
  }
}

function lengthOf(headers: Headers): number {
  return Number(headers.get("Content-Length") ?? 0);
}
