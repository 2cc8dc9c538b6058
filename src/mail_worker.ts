/**
 * A thread that serves sessions and connections to next hops: the same code as in the main thread, behind a wire to it. Started by `src/workers/crew.ts`.
 *
 * @module
 */
import { Acceptor, type OpenListener } from "./accept/acceptor.ts";
import { systemClock as clock } from "./base/clock.ts";
import { LineLog } from "./base/log.ts";
import { Parcel } from "./base/parcel.ts";
import { systemRandom as random } from "./base/random.ts";
import type { Config } from "./config/config.ts";
import { dnsLists } from "./dns/lists.ts";
import { createResolver } from "./dns/resolver.ts";
import { reverseNames } from "./dns/reverse_names.ts";
import { buildEdition, type Edition } from "./edition.ts";
import { eventText, type MailEvent } from "./mail/events.ts";
import type { Listener } from "./net/net.ts";
import { tcp } from "./net/tcp.ts";
import { systemUdp } from "./net/udp.ts";
import { type OpenSslEngine, openSslEngine } from "./openssl/engine.ts";
import { Bodies } from "./queue/bodies.ts";
import { startTls } from "./tls/pump.ts";
import { FarCounts, FarGate, FarIntake, farLog, farPasswords, farRecipients } from "./workers/afar.ts";
import { Lines } from "./workers/lines.ts";
import { type Port, Wire } from "./workers/wire.ts";
import type { Recipe, ToMain, ToWorker, WorkerStart } from "./workers/words.ts";

/** How often it says that it lives. */
const beatMs = 1_000;
/** How often counts whose hour is over are forgotten. */
const purgeMs = 60_000;

const sockets = tcp(clock);
const editions = new Map<number, Edition>();
/** Configurations on their way here. */
const parcels = new Map<number, Parcel>();
const doors = new Map<number, { listener: Listener; loop?: OpenListener }>();
let engine: OpenSslEngine;
let inForce: Edition | undefined;
let serving: { acceptor: Acceptor; intake: FarIntake; counts: FarCounts; bodies: Bodies } | undefined;

const scope = globalThis as unknown as Port & { onmessage: (event: MessageEvent) => void };

const hears: ToWorker = {
  hello({ ticketKeys, logs }) {
    engine = openSslEngine({ ticketKeys });
    setLog(logs);
  },
  start(start) {
    serving = begin(start);
  },
  piece({ id, piece }) {
    const parcel = parcels.get(id) ?? new Parcel();
    parcels.set(id, parcel);
    parcel.add(piece);
  },
  async build(id) {
    const { value } = parcels.get(id)!.whole!;
    parcels.delete(id);
    editions.set(id, await buildEdition({ ...value as Recipe, engine }));
  },
  retire(id) {
    parcels.delete(id);
    editions.get(id)?.retire();
    editions.delete(id);
  },
  open({ id, at }) {
    const listener = sockets.listen(at, { reusePort: true });
    doors.set(id, { listener });
    return listener.local;
  },
  serve({ id, edition, listener }) {
    const door = doors.get(id);
    const service = editions.get(edition)?.services.get(listener);
    // A thread that is told of what has gone meanwhile is told of what came instead, too.
    if (door === undefined || service === undefined || serving === undefined) return;
    if (door.loop === undefined) door.loop = serving.acceptor.listen(door.listener, service);
    else door.loop.service = service;
  },
  async shut(id) {
    const door = doors.get(id);
    doors.delete(id);
    door?.loop?.close();
    await door?.listener.close();
  },
  inForce(id) {
    inForce = editions.get(id)!;
    setLog(inForce.config.logs);
  },
  staple: ({ fingerprint, staple }) => engine.staple(fingerprint, staple),
  shortage(shortage) {
    if (serving !== undefined) serving.intake.shortage = shortage;
  },
  counted: (counted) => serving?.counts.counted(counted),
  call: (call) => lines.call(call),
  converse: (words) => lines.converse(words),
  offer: (words) => lines.offer(words),
  quit: (words) => lines.quit(words),
  hangUp: (dcid) => lines.hangUp(dcid),
  resolve: ({ name, type }) => resolver.resolve(name, type),
  async shutdown() {
    await serving?.acceptor.shutdown();
  },
};

const wire = new Wire<ToMain, ToWorker>(scope, { clock, hears });
const { sink, observer } = farLog(wire);
const log = new LineLog<MailEvent>({ level: "info", format: "text", render: eventText, now: clock.now, sinks: [sink] });
log.observe(observer);

const dns = () => inForce!.config.dns;
const resolver = createResolver({ clock, random, udp: systemUdp, tcp: sockets, settings: dns });
// Delivery begins when the queue is known, which is what threads are started with.
const lines = new Lines(
  { dialer: sockets, startTls, tls: () => inForce!.outbound, log, clock },
  () => serving!.bodies,
);

function setLog({ level, format }: Config["logs"]): void {
  log.options = { ...log.options, level, format };
}

function begin(start: WorkerStart): NonNullable<typeof serving> {
  const { shortage, ids, counts, heldMax } = start;
  const bodies = new Bodies(start.bodies, {
    heldMax,
    told: (mid, there) => wire.tell(there ? "spilled" : "dropped", mid),
  });
  const intake = new FarIntake(wire, { ids, shortage, bodies });
  const rates = new FarCounts(wire, { now: clock.monotonic, counts });
  clock.every(purgeMs, () => rates.purge());
  const acceptor = new Acceptor({
    clock,
    log,
    intake,
    gate: new FarGate(wire),
    rates,
    passwords: farPasswords(wire),
    recipients: farRecipients(wire),
    reverse: reverseNames({ resolver, clock, ms: () => dns().timeout }),
    lists: dnsLists({
      resolver,
      clock,
      ms: () => dns().timeout,
      report: ({ level, text }) => log[level]({ event: "note", reason: "dns_list", text }),
    }),
  });
  return { acceptor, intake, counts: rates, bodies };
}

scope.onmessage = ({ data }) => wire.receive(data);
clock.every(beatMs, () => wire.tell("beat", undefined));
