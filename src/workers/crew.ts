/**
 * The threads that serve sessions and connections to next hops: `workers` of them, each with the same listeners (SO_REUSEPORT, so that the
 * kernel deals connections out), tables and TLS contexts, around one queue.
 *
 * The crew knows what every thread has to have: editions, doors, what stands behind each door. Who comes later, since one died, is told
 * all of it. A change is made in every thread before it is in force in any; where one cannot make it, none keeps it. A thread that
 * dies takes its sessions along: their clients try again, and what was acknowledged is in the queue. What was going out is offered again.
 *
 * @module
 */
import type { OpenListener } from "../accept/acceptor.ts";
import type { Service } from "../accept/service.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { LineLog } from "../base/log.ts";
import { piecesOf } from "../base/parcel.ts";
import { causeOf, printable } from "../base/text.ts";
import type { MailEvent } from "../mail/events.ts";
import { type Endpoint, endpointText, type Listen, type Listener } from "../net/net.ts";
import { heldOctetsMax } from "../queue/bodies.ts";
import { FarCaller, FarResolver, type Here } from "./errands.ts";
import { type Employer, Hand } from "./hand.ts";
import type { Staple } from "../tls/revocation.ts";
import { countedKinds, type Recipe, type ToWorker, type WorkerHello } from "./words.ts";

/** How often threads are looked at. */
const lookMs = 1_000;
/** A thread that is not heard for so long does nothing any more. */
const silenceMax = 30;
/** The pause before a thread that died is started anew: doubled each time, until one has lived for {@linkcode provenMs}. */
const restartMs = 1_000;
const restartMsMax = 60_000;
const provenMs = 60_000;

/** What a crew is made with. */
export interface CrewOptions {
  /** Threads. */
  count: number;
  /** Starts one. */
  spawn: () => Worker;
  /** Opens a listener alone, to see that nobody else has the address. */
  probe: Listen;
  clock: Clock;
  log: LineLog<MailEvent>;
  hello: WorkerHello;
}

/** A door in every thread. */
interface Door {
  id: number;
  at: Endpoint;
  /** The name of the listener that it serves, once it serves. */
  listener: string | undefined;
}

/** A place that a thread takes, and the one that follows when it died. */
interface Post {
  hand: Hand | undefined;
  since: number;
  pauseMs: number;
}

/** See the module. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #posts: Post[] = [];
  /** In force, or on their way to it, with the numbers by which threads know them. */
  readonly #editions = new Map<Recipe, number>();
  /** By fingerprint. */
  readonly #staples = new Map<string, Staple>();
  readonly #doors = new Map<number, Door>();
  #inForce = 0;
  #employer: Employer | undefined;
  #ids = 0;
  readonly #look: Timer;
  readonly #restarts = new Set<Timer>();
  #stopping = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    for (let place = 0; place < options.count; place++) {
      const post: Post = { hand: undefined, since: 0, pauseMs: restartMs };
      this.#posts.push(post);
      void this.#hire(post);
    }
    this.#look = options.clock.every(lookMs, () => this.#lookAfter());
  }

  /** Sessions that run in all threads. */
  get sessions(): number {
    return this.#employer?.gate.sessions ?? 0;
  }

  /** How late the latest thread is, ms. */
  get lag(): number {
    // The beat of a second that has just begun is not late yet.
    return Math.max(0, ...this.#hands.map(({ silence }) => (silence - 2) * lookMs));
  }

  /** Begins to work for the queue and the counts of `employer`. */
  employ(employer: Employer): void {
    this.#employer = employer;
    employer.pressure.onMailShortage = (shortage) => this.#tellAll("shortage", shortage);
    for (const hand of this.#hands) this.#start(hand);
  }

  /** Makes an edition in every thread. Rejects where one cannot; then {@linkcode Crew.retire} takes it back. */
  async build(recipe: Recipe): Promise<void> {
    const id = ++this.#ids;
    this.#editions.set(recipe, id);
    await sendRecipe(this.#hands, { recipe, id });
  }

  /** From now on this edition serves. Those who come through a door that stays do so under {@linkcode OpenListener.service}. */
  enforce(recipe: Recipe): void {
    this.#inForce = this.#editions.get(recipe)!;
    this.#tellAll("inForce", this.#inForce);
  }

  /** An edition is not needed any more. */
  retire(recipe: Recipe): void {
    const id = this.#editions.get(recipe);
    if (id === undefined) return;
    this.#editions.delete(recipe);
    this.#tellAll("retire", id);
  }

  /** Shows what a responder says of a certificate. */
  staple(fingerprint: string, staple: Staple | undefined): void {
    if (staple === undefined) this.#staples.delete(fingerprint);
    else this.#staples.set(fingerprint, staple);
    this.#tellAll("staple", { fingerprint, staple });
  }

  /** Opens an address in every thread. Rejects, and leaves nothing open, where one cannot. */
  async open(at: Endpoint): Promise<Listener> {
    // SO_REUSEPORT would share the port with another gateway of the same user.
    const probe = this.#options.probe(at);
    const { local } = probe;
    await probe.close();
    const door: Door = { id: ++this.#ids, at: local, listener: undefined };
    this.#doors.set(door.id, door);
    try {
      await this.#askAll("open", { id: door.id, at: local });
    } catch (thrown) {
      await this.#shut(door);
      throw thrown;
    }
    return new CrewListener(door, () => this.#shut(door));
  }

  /** As `Acceptor.listen`, for a listener that {@linkcode Crew.open} gave. */
  listen(listener: Listener, service: Service): OpenListener {
    const { door } = listener as CrewListener;
    const serve = ({ listener: { name } }: Service) => {
      door.listener = name;
      this.#tellAll("serve", { id: door.id, edition: this.#inForce, listener: name });
    };
    serve(service);
    return new CrewLoop({ service, serve, listener, sessions: () => this.#sessionsAt(door.at) });
  }

  /** Delivery's connections in these threads. `here`: what the main one does while none of them lives. */
  outbound(here: Here): Here {
    const runners = () => this.#hands.filter(({ fit }) => fit);
    return { caller: new FarCaller(runners, here.caller), resolver: new FarResolver(runners, here.resolver) };
  }

  /** As `Acceptor.shutdown`. Connections out go on until {@linkcode Crew.close}, and who does nothing any more is still ended. */
  async shutdown(): Promise<void> {
    this.#stop();
    // One that dies now has no sessions left that could end well.
    await Promise.all(this.#hands.map(({ wire }) => wire.ask("shutdown", undefined).catch(() => {})));
  }

  /** Ends all threads at once. */
  close(): void {
    this.#stop();
    this.#look.cancel();
    for (const post of this.#posts) {
      post.hand?.end("the gateway stops");
      post.hand = undefined;
    }
  }

  /** Nobody is started any more. */
  #stop(): void {
    this.#stopping = true;
    for (const timer of this.#restarts) timer.cancel();
  }

  /** Those that know all that the others know. */
  get #hands(): Hand[] {
    return this.#posts.flatMap(({ hand }) => hand?.told ? [hand] : []);
  }

  /** Starts a thread and tells it all that the others know. Whether it takes connections then. */
  async #hire(post: Post): Promise<boolean> {
    const { spawn, clock, log, hello } = this.#options;
    const hand: Hand = new Hand({
      number: this.#posts.indexOf(post) + 1,
      worker: spawn(),
      clock,
      log,
      employer: () => this.#employer,
      counted: (counted) => {
        for (const other of this.#hands) if (other !== hand) other.wire.tell("counted", counted);
      },
      died: (why) => this.#died(post, why),
    });
    post.hand = hand;
    post.since = clock.monotonic();
    const { wire } = hand;
    wire.tell("hello", hello);
    const built = new Map<Recipe, number>();
    try {
      // Others may come, and go, while one of them is on its way.
      for (;;) {
        const next = [...this.#editions].find(([recipe]) => !built.has(recipe));
        if (next === undefined) break;
        const [recipe, id] = next;
        built.set(recipe, id);
        await sendRecipe([hand], { recipe, id });
      }
      hand.told = true;
      for (const [recipe, id] of built) if (!this.#editions.has(recipe)) wire.tell("retire", id);
      const asked = [...this.#doors.values()].map(({ id, at }) => wire.ask("open", { id, at }));
      for (const [fingerprint, staple] of this.#staples) wire.tell("staple", { fingerprint, staple });
      if (this.#inForce > 0) wire.tell("inForce", this.#inForce);
      if (this.#employer !== undefined) this.#start(hand);
      await Promise.all(asked);
      return hand.fit = true;
    } catch (thrown) {
      if (post.hand === hand && !this.#stopping) this.#unfit(post, thrown);
      return false;
    }
  }

  #start({ wire }: Hand): void {
    const { intake, rates, queue } = this.#employer!;
    wire.tell("start", {
      bodies: queue.bodies,
      heldMax: Math.floor(heldOctetsMax / this.#options.count),
      ids: queue.ids,
      shortage: intake.shortage,
      counts: new Map(countedKinds.map((kind) => [kind, rates[kind].left()])),
    });
    for (const { id, listener } of this.#doors.values()) {
      if (listener !== undefined) wire.tell("serve", { id, edition: this.#inForce, listener });
    }
  }

  /** A thread that came later could not be made like the others. */
  #unfit(post: Post, thrown: unknown): void {
    const why = causeOf(thrown);
    post.hand?.end(why);
    this.#died(post, why);
  }

  #died(post: Post, why: string): void {
    const { clock, log } = this.#options;
    const number = post.hand?.number;
    post.hand = undefined;
    if (this.#stopping) return;
    if (clock.monotonic() - post.since >= provenMs) post.pauseMs = restartMs;
    const pause = `${post.pauseMs / 1000} s`;
    const text = `Worker ${number} has died, and its sessions and connections with it: ${
      printable(why)
    }; the next one starts in ${pause}`;
    log.critical({ event: "note", reason: "worker_died", text });
    const timer = clock.after(post.pauseMs, () => {
      this.#restarts.delete(timer);
      void this.#hire(post).then((fit) => {
        if (fit) log.warning({ event: "note", reason: "worker_started", text: `Worker ${number} was started anew` });
      });
    });
    this.#restarts.add(timer);
    post.pauseMs = Math.min(post.pauseMs * 2, restartMsMax);
  }

  #lookAfter(): void {
    for (const post of this.#posts) {
      const { hand } = post;
      if (hand === undefined || ++hand.silence < silenceMax) continue;
      const why = `it was not heard for ${silenceMax} s`;
      hand.end(why);
      this.#died(post, why);
    }
  }

  #tellAll<W extends keyof ToWorker>(word: W, value: Parameters<ToWorker[W]>[0]): void {
    for (const { wire } of this.#hands) wire.tell(word, value);
  }

  async #askAll<W extends keyof ToWorker>(word: W, value: Parameters<ToWorker[W]>[0]): Promise<void> {
    await Promise.all(this.#hands.map(({ wire }) => wire.ask(word, value)));
  }

  async #shut(door: Door): Promise<void> {
    if (!this.#doors.delete(door.id)) return;
    await Promise.allSettled(this.#hands.map(({ wire }) => wire.ask("shut", door.id)));
  }

  #sessionsAt(at: Endpoint): number {
    return this.#employer?.gate.sessionsAt(endpointText(at)) ?? 0;
  }
}

/** Has an edition made in threads. What it is made of may be long, and goes piece by piece, so that nobody's mail waits for it on either side. */
async function sendRecipe(
  hands: readonly Hand[],
  { recipe: { config, keyPairs, trust }, id }: { recipe: Recipe; id: number },
): Promise<void> {
  // An edition itself has more, which is of this thread alone.
  const recipe: Recipe = { config, keyPairs, trust };
  for (const piece of piecesOf(recipe)) {
    await Promise.all(hands.map(({ wire }) => wire.ask("piece", { id, piece })));
  }
  await Promise.all(hands.map(({ wire }) => wire.ask("build", id)));
}

/** A door, as whoever opened it sees it. Connections come in elsewhere. */
class CrewListener implements Listener {
  readonly door: Door;
  readonly #shut: () => Promise<void>;

  constructor(door: Door, shut: () => Promise<void>) {
    this.door = door;
    this.#shut = shut;
  }

  get local(): Endpoint {
    return this.door.at;
  }

  accept(): Promise<null> {
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    return this.#shut();
  }

  [Symbol.dispose](): void {
    void this.close();
  }
}

class CrewLoop implements OpenListener {
  listening = true;
  readonly #around: { serve: (service: Service) => void; listener: Listener; sessions: () => number };
  #service: Service;

  constructor(
    { service, ...around }: {
      service: Service;
      serve: (service: Service) => void;
      listener: Listener;
      sessions: () => number;
    },
  ) {
    this.#service = service;
    this.#around = around;
  }

  get service(): Service {
    return this.#service;
  }

  set service(service: Service) {
    this.#service = service;
    this.#around.serve(service);
  }

  get sessions(): number {
    return this.#around.sessions();
  }

  close(): void {
    this.listening = false;
    void this.#around.listener.close();
  }
}
