/**
 * How long a session waits for its client.
 *
 * Progress is a whole command, not an octet: who sends a line octet by octet has no longer than one who sends nothing. Text is
 * paid by the octet, and a transaction has an end of its own.
 *
 * @module
 */
import { limits } from "../base/limits.ts";

/** What a wait for a command is judged by. */
export interface CommandWait {
  now: number;
  /** The client was refused: it wins no time by talking. */
  refused: boolean;
  /** Whole commands so far. */
  progress: number;
}

/** The times until which one session waits, in monotonic milliseconds. */
export class Patience {
  #until = Infinity;
  #crowdedUntil = Infinity;
  #progress = -1;
  /** When the transaction began, by its MID. */
  #transaction = { mid: 0, since: 0 };
  /** The text that is coming: since when, and how much of it. */
  #textSince: number | undefined;
  #textOctets = 0;

  /** Whether the wait is over; `crowded`: there is little room for others. */
  isOver({ now, crowded }: { now: number; crowded: boolean }): boolean {
    return now >= (crowded ? this.#crowdedUntil : this.#until);
  }

  /** How long the connection lives from now on: a little longer than the wait, so that a sweep can say why. */
  left(now: number): number {
    return this.#until - now + 2 * limits.farewellMs;
  }

  /** A command is awaited. */
  awaitCommand({ now, refused, progress }: CommandWait): void {
    this.forgetText();
    if (refused ? this.#until === Infinity : this.#progress !== progress) {
      this.#until = now + (refused ? limits.refusedSessionMs : limits.serverCommandMs);
      this.#crowdedUntil = now + limits.serverCrowdedMs;
    }
    this.#progress = progress;
  }

  /** A message's text is awaited. Each octet buys time, and an octet a minute buys too little. */
  awaitText(now: number): void {
    this.#textSince ??= now;
    const bought = this.#textSince + this.#textOctets * 1_000 / limits.serverDataOctetsPerSecondMin;
    this.#until = Math.min(now, bought) + limits.serverDataMs;
    this.#crowdedUntil = Math.min(now, bought) + limits.serverCrowdedMs;
    this.#progress = -1;
  }

  /** A transaction is open, with the number of its message. */
  inTransaction(mid: number, now: number): void {
    if (this.#transaction.mid !== mid) this.#transaction = { mid, since: now };
    this.#until = Math.min(this.#until, this.#transaction.since + limits.serverTransactionMs);
  }

  /** Octets came. */
  received(octets: number): void {
    this.#textOctets += octets;
  }

  /** The text is over. */
  forgetText(): void {
    this.#textSince = undefined;
    this.#textOctets = 0;
  }
}
