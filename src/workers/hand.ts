/**
 * One thread that serves sessions and connections, as the main thread holds it: its wire, what it is answered, and what it would leave behind.
 *
 * @module
 */
import type { Knock, Turnstile } from "../accept/gate.ts";
import type { LocalIntake } from "../accept/intake.ts";
import type { PasswordCheck } from "../auth/passwords.ts";
import type { Clock } from "../base/clock.ts";
import type { LineLog } from "../base/log.ts";
import type { Shortage } from "../base/pressure.ts";
import type { MailEvent } from "../mail/events.ts";
import type { RecipientCheck } from "../mail/recipient_check.ts";
import type { FarQueue } from "../queue/far.ts";
import type { Rates } from "../rates/rates.ts";
import type { Runner } from "./errands.ts";
import { Wire } from "./wire.ts";
import type { Counted, ToMain, ToWorker } from "./words.ts";

/** How long a thread may take to start beyond the silence that it is granted: code is loaded, maybe on a busy machine. */
const startSeconds = 60;

/** What the main thread does for the others. */
export interface Employer {
  gate: Turnstile;
  intake: LocalIntake;
  rates: Rates;
  passwords: PasswordCheck;
  recipients: RecipientCheck;
  queue: Pick<FarQueue, "take" | "counted" | "forget" | "ids" | "bodies">;
  pressure: { onMailShortage: (shortage: Shortage | undefined) => void };
}

/** What a hand needs of the crew that it belongs to. */
export interface HandOptions {
  /** From 1. */
  number: number;
  worker: Worker;
  clock: Clock;
  log: LineLog<MailEvent>;
  /** Nobody is served before there is one. */
  employer: () => Employer | undefined;
  /** It counted something, of which the others are to be told. */
  counted: (counted: Counted) => void;
  /** It has ended by itself. */
  died: (why: string) => void;
}

/** See the module. */
export class Hand implements Runner {
  readonly number: number;
  readonly wire: Wire<ToWorker, ToMain>;
  /** Seconds since it was heard last, as the crew counts them; until it is heard for the first time there are more of them. */
  silence: number = -startSeconds;
  /** It has been told of all editions; from then on it is told whatever the others are. */
  told = false;
  /** It has everything that the others have. */
  fit = false;
  links = 0;
  readonly #options: HandOptions;
  readonly #knocks = new Map<number, Knock>();
  /** Texts that are files, and not the queue's yet. */
  readonly #texts = new Set<number>();
  #ended = false;

  constructor(options: HandOptions) {
    const { number, worker, clock } = options;
    this.number = number;
    this.#options = options;
    this.wire = new Wire<ToWorker, ToMain>(worker, { clock, hears: this.#hears() });
    worker.onmessage = ({ data }) => {
      if (!this.#ended) this.wire.receive(data);
    };
    worker.onerror = (event) => {
      // Else it would be an error of ours too, and end the process.
      event.preventDefault();
      this.#died(event.message);
    };
    worker.onmessageerror = () => this.#died("it said something that cannot be read");
  }

  /** Ends the thread. What it held is given back. */
  end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.worker.terminate();
    this.wire.cut(why);
    if (this.#knocks.size + this.#texts.size === 0) return;
    const { gate, queue } = this.#employer;
    for (const knock of this.#knocks.values()) gate.leave(knock);
    queue.forget(this.#texts);
  }

  get #employer(): Employer {
    const employer = this.#options.employer();
    if (employer === undefined) throw new Error("Cannot serve a worker: the gateway is not ready");
    return employer;
  }

  #died(why: string): void {
    if (this.#ended) return;
    this.end(why);
    this.#options.died(why);
  }

  #hears(): ToMain {
    const { log, employer, counted } = this.#options;
    return {
      log: ({ lines, events }) => {
        log.relay(lines, events);
        employer()?.queue.counted();
      },
      enter: (knock) => {
        this.#knocks.set(knock.icid, knock);
        return this.#employer.gate.enter(knock);
      },
      leave: (icid) => {
        const knock = this.#knocks.get(icid);
        this.#knocks.delete(icid);
        if (knock !== undefined) this.#employer.gate.leave(knock);
      },
      crowd: () => this.#employer.gate.crowd(),
      put: ({ envelope, octets, text }) => {
        this.#texts.delete(envelope.mid);
        const { intake, queue } = this.#employer;
        return intake.settle(envelope.mid, queue.take(envelope, { octets, text }));
      },
      spilled: (mid) => void this.#texts.add(mid),
      dropped: (mid) => void this.#texts.delete(mid),
      refused: (shortage) => this.#employer.intake.refused(shortage),
      unstored: ({ mid, unstored }) => this.#employer.intake.tell(mid, unstored),
      count: ({ kind, key, by }) => {
        this.#employer.rates[kind].add(key, by);
        counted({ kind, key, by });
      },
      attempt: ({ client, most }) => this.#employer.rates.auth.attempt(client, most),
      attemptBack: ({ client, by }) => void this.#employer.rates.auth.add(client, by),
      check: ({ password, hash }) => this.#employer.passwords.check(password, hash),
      validate: (question) => this.#employer.recipients.check(question),
      beat: () => void (this.silence = 0),
    };
  }
}
