/**
 * Delivery in a world of its own: a queue in memory, the real sockets, a DNS that a table answers, and a log in an array.
 *
 * @module
 */
import { type Clock, systemClock, type Timer } from "../../src/base/clock.ts";
import type { Octets } from "../../src/base/octets.ts";
import { octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Config, DestinationControl, NextHop, PeerCertificateRules } from "../../src/config/config.ts";
import { type Delivery, startDelivery } from "../../src/deliver/delivery.ts";
import type { DeliveryWorld } from "../../src/deliver/world.ts";
import type { Answer, RecordType, RecordTypes, Resolver } from "../../src/dns/records.ts";
import { destinationName } from "../../src/mail/destination.ts";
import type { Envelope } from "../../src/mail/envelope.ts";
import { domainOf } from "../../src/mail/envelope.ts";
import { eventText, type MailEvent, type MailLog } from "../../src/mail/events.ts";
import type { Outcome } from "../../src/mail/outcome.ts";
import { tcp } from "../../src/net/tcp.ts";
import type { Lease, RetryRule, Settlement, Spool } from "../../src/queue/spool.ts";
import type { ClientContext } from "../../src/tls/engine.ts";
import { startTls } from "../../src/tls/pump.ts";
import { connectFar, type FakeRunner } from "./far_delivery.ts";

/** The machine's clock, which a test can put forward. */
export class ShiftedClock implements Clock {
  shift = 0;
  now = (): number => systemClock.now() + this.shift;
  monotonic = (): number => systemClock.monotonic() + this.shift;
  after = systemClock.after;
  every = systemClock.every;
}

/** A message to deliver. */
export interface Mail {
  to: string[];
  text?: string | Octets;
  /** Not held in memory: the text comes in pieces of so many octets. */
  pieces?: number;
  envelope?: Partial<Envelope>;
}

interface Kept {
  lease: Lease;
  leased: boolean;
}

/** A queue in memory: what is deferred stays out until `retry`. */
export class MemorySpool implements Spool {
  readonly ids: { next: () => number };
  /** What was settled, in order. */
  readonly settled: { lease: Lease; outcomes: Outcome[] }[] = [];
  givenBack = 0;
  #next = 0;
  #listener: (destination: string) => void = () => {};
  #due = new Map<string, Kept[]>();
  #deferred: Kept[] = [];
  #waiters: (() => void)[] = [];
  readonly #texts = new Map<number, Lease>();

  /** Those that come back later: recipients that were held back. */
  readonly #timers: Timer[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    let id = 0;
    this.ids = { next: () => ++id };
  }

  waiting(destination: string): number {
    return this.#due.get(destination)?.filter(({ leased }) => !leased).length ?? 0;
  }

  count(destination: string): number {
    return this.#due.get(destination)?.length ?? 0;
  }

  /** Messages that are out. */
  get leased(): number {
    return [...this.#due.values()].flat().filter(({ leased }) => leased).length;
  }

  get messages(): number {
    return this.#deferred.length + [...this.#due.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** Puts a message in; it is due at once. */
  add({ to, text = "Subject: test\r\n\r\nHello\r\n", pieces, envelope = {} }: Mail): Lease {
    const bytes = typeof text === "string" ? octets(text) : text;
    const mid = ++this.#next;
    const lease: Lease = {
      id: mid,
      envelope: { mid, sender: "from@sender.test", eightBit: false, smtputf8: false, receivedAt: 0, ...envelope },
      recipients: envelope.recipients ?? to.map((address, rid) => ({ rid, address })),
      destination: destinationName(domainOf(to[0]), envelope.tls),
      attempts: 0,
      octets: bytes.length,
      async *text() {
        const step = pieces ?? bytes.length;
        for (let at = 0; at < bytes.length; at += step) yield await Promise.resolve(bytes.slice(at, at + step));
      },
      held: pieces === undefined ? bytes : undefined,
      filed: pieces !== undefined,
    };
    this.#texts.set(mid, lease);
    this.#put({ lease, leased: false });
    return lease;
  }

  /** The text of a message, as its file has it. */
  textOf(mid: number): AsyncIterable<Octets> {
    return this.#texts.get(mid)!.text();
  }

  /** What was deferred is due again. */
  retry(): void {
    for (const kept of this.#deferred.splice(0)) this.#put({ ...kept, leased: false });
  }

  /** Waits until `count` leases were settled. */
  async whenSettled(count: number): Promise<void> {
    while (this.settled.length < count) await new Promise<void>((go) => this.#waiters.push(go));
  }

  #put(kept: Kept): void {
    const { destination } = kept.lease;
    const list = this.#due.get(destination);
    if (list === undefined) this.#due.set(destination, [kept]);
    else list.push(kept);
    this.#listener(destination);
  }

  lease(destination: string, count: number): Promise<Lease[]> {
    const free = (this.#due.get(destination) ?? []).filter(({ leased }) => !leased).slice(0, count);
    for (const kept of free) kept.leased = true;
    return Promise.resolve(free.map(({ lease }) => lease));
  }

  giveBack(lease: Lease): void {
    this.givenBack++;
    const kept = this.#due.get(lease.destination)?.find((one) => one.lease === lease);
    if (kept === undefined || !kept.leased) throw new Error("Cannot give back: it was not leased");
    kept.leased = false;
    this.#listener(lease.destination);
  }

  settle(lease: Lease, outcomes: Outcome[], rule: RetryRule & { held?: number }): Promise<Settlement> {
    const list = this.#due.get(lease.destination)!;
    const at = list.findIndex((one) => one.lease === lease);
    if (at < 0 || !list[at].leased) throw new Error("Cannot settle: it was not leased");
    const rids = outcomes.map(({ rid }) => rid).sort((one, other) => one - other);
    const untried = lease.recipients.filter(({ rid }) => !rids.includes(rid));
    if (rids.length + untried.length !== lease.recipients.length || untried.length > 0 && rule.held === undefined) {
      throw new Error(`Cannot settle: recipients ${rids}`);
    }
    const [kept] = list.splice(at, 1);
    const deferred = outcomes.filter(({ kind }) => kind === "deferred");
    const open = lease.recipients.filter(({ rid }) => deferred.some((outcome) => outcome.rid === rid));
    if (open.length > 0) this.#deferred.push({ ...kept, lease: { ...lease, recipients: open } });
    else if (untried.length > 0) {
      const again = { lease: { ...lease, recipients: untried }, leased: false };
      this.#timers.push(this.#clock.after(rule.held!, () => this.#put(again)));
    }
    this.settled.push({ lease, outcomes });
    for (const go of this.#waiters.splice(0)) go();
    return Promise.resolve({
      finished: open.length + untried.length === 0,
      bounced: outcomes.filter(({ kind }) => kind === "refused"),
      deferred: open.length > 0 ? { outcomes: deferred, until: 0 } : undefined,
      report: undefined,
    });
  }

  *destinations(): Generator<{ destination: string; waiting: number; due: number }> {
    for (const [destination, list] of this.#due) {
      const waiting = list.filter(({ leased }) => !leased).length;
      if (waiting > 0) yield { destination, waiting, due: 0 };
    }
  }

  onDue(listener: (destination: string) => void): void {
    this.#listener = listener;
  }

  draft(): never {
    throw new Error("Cannot write to this queue");
  }
  put(): never {
    throw new Error("Cannot write to this queue");
  }
  close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    return Promise.resolve();
  }
}

/** A DNS as a table: `"MX example.test": [...]`. A name without any entry does not exist. */
export function tableResolver(
  table: Record<string, RecordTypes[RecordType][]>,
  { authentic = false }: { authentic?: boolean } = {},
): Resolver {
  return {
    resolve<T extends RecordType>(name: string, type: T): Promise<Answer<RecordTypes[T]>> {
      const records = table[`${type} ${name}`] as RecordTypes[T][] | undefined;
      if (records !== undefined) return Promise.resolve({ kind: "found", records, ttl: 60, authentic });
      const exists = Object.keys(table).some((key) => key.endsWith(` ${name}`));
      return Promise.resolve({ kind: exists ? "no_data" : "no_such_domain", ttl: 60, authentic });
    },
  };
}

/** What a test wants of the world. */
export interface BenchWish {
  /** What a host's certificate has to be besides; nothing where it is left out. */
  validation?: PeerCertificateRules;
  control?: Partial<DestinationControl>;
  controls?: Record<string, Partial<DestinationControl>>;
  routes?: Record<string, NextHop[]>;
  resolver?: Resolver;
  context?: ClientContext;
  byCertificate?: ReadonlyMap<string, ClientContext>;
  certificate?: string;
  initialRetry?: number;
  clock?: Clock;
  /** Connections are in so many threads; 0 or absent: in this one. */
  threads?: number;
}

/** Running delivery with what a test looks at. */
export interface Bench extends AsyncDisposable {
  spool: MemorySpool;
  delivery: Delivery;
  events: MailEvent[];
  /** The log's lines. */
  lines(): string[];
  config: Config;
  world: DeliveryWorld;
  clock: ShiftedClock;
  /** The threads. */
  far: FakeRunner[];
}

const noContext: ClientContext = {
  session: () => {
    throw new Error("no TLS in this test");
  },
  [Symbol.dispose]: () => {},
};

/** A configuration with the parts that delivery reads. */
export function configOf(wish: BenchWish): Config {
  const standard: DestinationControl = {
    match: "default",
    tls: "preferred",
    verify_names: "domain",
    ip_preference: "prefer_v6",
    max_connections: 500,
    max_messages_per_connection: 50,
    max_recipients: 0,
    recipients_interval: 60_000,
    limit_apply_to: "domain",
    certificate: wish.certificate ?? null,
    bounce_profile: "default",
    ...wish.control,
  };
  const rule = { max_retries: 100, max_queue_time: 259_200_000, max_retry_interval: 3_600_000 };
  return {
    generation: 1,
    hostname: "gw.test",
    smtp_routes: new Map(Object.entries(wish.routes ?? {})),
    destination_controls: {
      certificate: wish.certificate ?? null,
      default: standard,
      domains: new Map(
        Object.entries(wish.controls ?? {}).map(([match, changes]) => [match, { ...standard, match, ...changes }]),
      ),
    },
    bounce_profiles: new Map([["default", { name: "default", initial_retry: wish.initialRetry ?? 60_000, ...rule }]]),
    delivery: { address: null, hostname: "gw.test" },
    tls: { peer_certificate: wish.validation ?? { fqdn_validation: false, x509_validation: false } },
    listeners: [],
  } as unknown as Config;
}

/** Starts delivery. Messages can be put in before or after. */
export function startBench(wish: BenchWish, mails: Mail[] = []): Bench {
  const shifted = new ShiftedClock();
  const clock = wish.clock ?? shifted;
  const spool = new MemorySpool(clock);
  const events: MailEvent[] = [];
  const push = (event: MailEvent): void => {
    events.push(event);
  };
  const log: MailLog = { critical: push, warning: push, info: push, debug: push, trace: push };
  const bench = { config: configOf(wish) };
  for (const mail of mails) spool.add(mail);
  const world: DeliveryWorld = {
    spool,
    config: () => bench.config,
    tls: () => ({ context: wish.context ?? noContext, byCertificate: wish.byCertificate, trustGeneration: 1 }),
    startTls,
    dialer: tcp(clock),
    resolver: wish.resolver ?? tableResolver({}),
    machineAddresses: () => [],
    log,
    clock,
    random: seededRandom(1),
  };
  const { threads = 0 } = wish;
  const far = threads === 0 ? [] : connectFar(world, { count: threads, read: (mid) => spool.textOf(mid) });
  const delivery = startDelivery(world);
  return Object.assign(bench, {
    far,
    spool,
    delivery,
    events,
    world,
    clock: shifted,
    lines: () => events.map(eventText),
    async [Symbol.asyncDispose]() {
      await delivery.stop(500);
      await spool.close();
    },
  });
}
