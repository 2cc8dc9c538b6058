/**
 * The crew over real threads: what happens to the others, and to the books, when one dies.
 *
 * @module
 */
import assert from "node:assert/strict";
import { LocalIntake } from "../../src/accept/intake.ts";
import { Turnstile } from "../../src/accept/gate.ts";
import { makeService } from "../../src/accept/service.ts";
import { Passwords } from "../../src/auth/passwords.ts";
import { type Clock, systemClock, type Timer } from "../../src/base/clock.ts";
import { LineLog } from "../../src/base/log.ts";
import { textOf } from "../../src/base/octets.ts";
import { Pressure } from "../../src/base/pressure.ts";
import { systemRandom } from "../../src/base/random.ts";
import type { Config } from "../../src/config/config.ts";
import { type Delivery, startDelivery } from "../../src/deliver/delivery.ts";
import { eventText, type MailEvent } from "../../src/mail/events.ts";
import { tcp } from "../../src/net/tcp.ts";
import type { DurableSpool } from "../../src/queue/durable_spool.ts";
import { countsInMemory } from "../../src/rates/rates.ts";
import { Crew } from "../../src/workers/crew.ts";
import { configOf, listenerOf } from "../accept/accept_rig.ts";
import { Client, greeted, messageOf } from "../gateway/client.ts";
import { until } from "../gateway/rig.ts";
import { World } from "../queue/world.ts";
import { configOf as deliveryConfigOf } from "../support/delivery_bench.ts";
import { type NextHop, startNextHop } from "../support/next_hop.ts";

/** Pauses pass so many times faster, and so do the seconds between two looks once a test says so. */
const haste = 20;

/** The machine's clock, whose timers are in haste; how long they asked for is kept. */
class HastyClock implements Clock {
  readonly pauses: number[] = [];
  hurried = false;
  now = systemClock.now;
  monotonic = systemClock.monotonic;
  after(ms: number, fire: () => void): Timer {
    if (ms >= 1_000) this.pauses.push(ms);
    return systemClock.after(ms / haste, fire);
  }
  every(ms: number, fire: () => void): Timer {
    let ticks = 0;
    return systemClock.every(ms / haste, () => {
      if (++ticks % haste === 0 || this.hurried) fire();
    });
  }
}

const worker = new URL("../../src/mail_worker.ts", import.meta.url);

/** A crew in front of a real queue, with one listener; behind it, where there is a next hop, delivery. */
class Rig implements AsyncDisposable {
  readonly clock = new HastyClock();
  readonly lines: string[] = [];
  readonly threads: Worker[] = [];
  readonly counts = countsInMemory(systemClock.monotonic);
  readonly world = new World();
  gate!: Turnstile;
  crew!: Crew;
  port = 0;
  #pressure!: Pressure;
  #delivery: Delivery | undefined;

  static async open(count: number, hop?: NextHop): Promise<Rig> {
    const rig = new Rig();
    const { clock, lines, threads, world } = rig;
    const sockets = tcp(systemClock);
    const log = new LineLog<MailEvent>({
      level: "info",
      format: "text",
      render: eventText,
      now: clock.now,
      sinks: [{ write: (text) => void lines.push(...text.split("\n").slice(0, -1)), flush() {} }],
    });
    const spool = await world.open();
    const listener = listenerOf();
    const policy = { tls: "off", max_connections_per_ip: 100, max_invalid_recipients_per_hour: 25 } as const;
    const config: Config = { ...configOf(listener, { policy }), ...hop === undefined ? {} : towards(hop) };
    const pressure = rig.#pressure = new Pressure({
      clock: systemClock,
      log,
      limits: () => ({ ...config.limits, max_memory: Infinity, max_event_loop_lag: Infinity }),
      sessions: () => rig.gate.sessions,
      messages: () => spool.messages,
      space: () => ({ octets: Infinity, inodes: Infinity }),
      memory: () => 0,
    });
    rig.gate = new Turnstile({ pressure });
    rig.crew = new Crew({
      count,
      spawn() {
        threads.push(new Worker(worker, { type: "module" }));
        return threads.at(-1)!;
      },
      probe: (at) => sockets.listen(at),
      clock,
      log,
      hello: { ticketKeys: systemRandom.bytes(80), logs: config.logs },
    });
    const edition = { config, keyPairs: new Map(), trust: { bundles: [], crls: [], generation: 1 } };
    await rig.crew.build(edition);
    rig.crew.enforce(edition);
    rig.crew.employ({
      gate: rig.gate,
      intake: new LocalIntake({ spool, pressure, log }),
      rates: rig.counts,
      passwords: new Passwords({ clock, random: systemRandom }),
      recipients: {
        check: ({ service, address }) =>
          Promise.resolve({ kind: address.startsWith("no") ? "unknown" : "known", by: `LDAP query ${service}.accept` }),
      },
      queue: spool.far,
      pressure,
    });
    const door = await rig.crew.open({ address: "127.0.0.1", port: 0 });
    rig.port = door.local.port;
    rig.crew.listen(door, makeService(config, { listener }));
    if (hop !== undefined) rig.#deliver(config, { spool, log });
    return rig;
  }

  /** Delivers what is in the queue, over the threads alone: the main one reaches nobody. */
  #deliver(config: Config, { spool, log }: { spool: DurableSpool; log: LineLog<MailEvent> }): void {
    const nobody = () => Promise.reject(new Error("the main thread connects to nobody"));
    const resolver = { resolve: nobody };
    const context = {
      session() {
        throw new Error("the main thread makes no TLS");
      },
      [Symbol.dispose]() {},
    };
    this.#delivery = startDelivery({
      spool,
      config: () => config,
      tls: () => ({ context, trustGeneration: 1 }),
      startTls: nobody,
      dialer: { dial: nobody },
      machineAddresses: () => [],
      log,
      clock: systemClock,
      random: systemRandom,
      ...this.crew.outbound({ caller: { call: nobody }, resolver }),
    });
  }

  /** Makes a thread fail: it is told something that it cannot understand. */
  kill(place: number): void {
    this.threads[place].postMessage([["no such word", 0, undefined]]);
  }

  /** How often a line was logged. */
  said(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.crew.shutdown(), this.#delivery?.stop(1_000)]);
    this.crew.close();
    this.#pressure[Symbol.dispose]();
    await this.world[Symbol.asyncDispose]();
  }
}

/** What a configuration needs besides, to deliver to `hop` over two connections. */
function towards(hop: NextHop): Partial<Config> {
  const control = { tls: "none", max_connections: 2 } as const;
  const routes = { "example.test": [{ host: "127.0.0.1", port: hop.port }] };
  const { smtp_routes, destination_controls, bounce_profiles, delivery } = deliveryConfigOf({ control, routes });
  return { smtp_routes, destination_controls, bounce_profiles, delivery };
}

const died =
  /Critical: Worker \d has died, and its sessions and connections with it: .+; the next one starts in \d+ s$/;
const anew = /Warning: Worker \d was started anew$/;

Deno.test("Crew starts a thread that died anew, with growing pauses; its sessions and its texts are forgotten, mail goes on", async () => {
  await using rig = await Rig.open(2);
  const open: Client[] = [];
  while (open.length < 12) open.push(await greeted(rig.port));
  // Each has a text that is a file by now.
  for (const client of open) {
    await client.begin();
    await client.write(messageOf(400_000));
  }
  await until("files of texts", () => rig.world.files().length === open.length);
  assert.equal(rig.gate.sessions, open.length);
  rig.kill(0);
  await until("its end", () => rig.said(died) === 1);
  const ends = await Promise.all(
    open.map((client) => client.write(".\r\n").then(() => client.reply()).catch(() => "cut")),
  );
  const lost = ends.filter((end) => end === "cut").length;
  assert.ok(lost > 0 && lost < open.length, `${lost} of ${open.length} were cut off`);
  assert.equal(ends.filter((end) => end.startsWith("250 ")).length, open.length - lost, ends.join("\n"));
  for (const client of open) client[Symbol.dispose]();
  await until("no session", () => rig.gate.sessions === 0);
  await until("no file of a lost text", () => rig.world.files().length === open.length - lost);
  await until("a new one", () => rig.said(anew) === 1);
  // The new one has editions, doors and counts: the kernel deals connections out to it again.
  await until("both serve", async () => {
    const clients = await Promise.all(Array.from({ length: 12 }, () => greeted(rig.port)));
    for (const client of clients) client[Symbol.dispose]();
    return rig.threads.length === 3;
  });
  using client = await greeted(rig.port);
  assert.match(await client.send("Subject: again\r\n\r\nit goes on"), /^250 /);
  rig.kill(2);
  await until("its end, again", () => rig.said(died) === 2);
  await until("another new one", () => rig.said(anew) === 2);
  assert.deepEqual(rig.clock.pauses.filter((ms) => ms >= 1_000), [1_000, 2_000]);
});

Deno.test("Crew ends a thread that is not heard any more, and tells how late it is before", async () => {
  await using rig = await Rig.open(2);
  assert.equal(rig.crew.lag, 0);
  // Only what serves can fall silent: it may take a while to start.
  for (let served = 0; served < 8; served++) (await greeted(rig.port))[Symbol.dispose]();
  // The parent hears nothing of a thread that it ends itself: as silent as one that hangs.
  rig.threads[1].terminate();
  rig.clock.hurried = true;
  await until("its lateness", () => rig.crew.lag >= 2_000);
  await until("its end", () => rig.said(/Critical: Worker 2 has died, .*: it was not heard for 30 s; /) === 1);
  await until("a new one", () => rig.said(anew) === 1);
  using client = await greeted(rig.port);
  assert.match(await client.send("Subject: again\r\n\r\nit goes on"), /^250 /);
});

Deno.test("Crew tells a thread that comes later what was counted, and all of them what one counts", async () => {
  await using rig = await Rig.open(2);
  for (let n = 0; n < 30; n++) rig.counts.invalid.add("127.0.0.1");
  rig.kill(0);
  rig.kill(1);
  await until("their ends", () => rig.said(died) === 2);
  await until("new ones", () => rig.said(anew) === 2);
  for (let session = 0; session < 8; session++) {
    using client = await Client.open(rig.port);
    assert.match(client.greeting, /^421 4\.7\.1 Too many invalid recipients/);
  }
});

Deno.test("Crew opens an address in all threads or in none", async () => {
  await using rig = await Rig.open(2);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await assert.rejects(rig.crew.open({ address: "127.0.0.1", port }), {
    message: `Cannot listen on 127.0.0.1:${port}: the port is in use by another program`,
  });
  const door = await rig.crew.open({ address: "127.0.0.1", port: 0 });
  await door.close();
  // Nobody holds it any more.
  Deno.listen({ hostname: "127.0.0.1", port: door.local.port }).close();
});

Deno.test("Crew builds an edition in all threads, or says why not", async () => {
  await using rig = await Rig.open(2);
  const listener = listenerOf({ certificate: ["nobody has it"] });
  const config = { ...configOf(listener, { policy: { tls: "preferred" } }), generation: 2 };
  const recipe = { config, keyPairs: new Map(), trust: { bundles: [], crls: [], generation: 1 } };
  await assert.rejects(rig.crew.build(recipe), { message: "Cannot make a TLS server: it has no key pair" });
  rig.crew.retire(recipe);
  using client = await greeted(rig.port);
  assert.match(await client.send("Subject: as before\r\n\r\nit goes on"), /^250 /);
});

Deno.test("Crew delivers in its threads; one that dies in the middle of a transaction loses nothing, and others go on", async () => {
  const gate = Promise.withResolvers<void>();
  await using hop = startNextHop({
    answer: (command) => command.startsWith("BDAT") ? { wait: gate.promise } : undefined,
  });
  await using rig = await Rig.open(2, hop);
  const texts = () => hop.sessions.filter(({ commands }) => commands.some((line) => line.startsWith("BDAT"))).length;
  using client = await greeted(rig.port);
  // One in memory, one that is a file by now: each over a connection in another thread.
  assert.match(await client.send("Subject: short\r\n\r\nshort"), /^250 /);
  await until("the first text", () => texts() === 1);
  assert.match(await client.send(messageOf(400_000)), /^250 /);
  await until("the second text", () => texts() === 2);
  rig.kill(0);
  await until("its end", () => rig.said(died) === 1);
  gate.resolve();
  await until("both", () => rig.said(/Message finished MID \d+ done$/) === 2);
  const subjects = hop.taken.map(({ text }) => /^Subject: (\S+)/m.exec(textOf(text))?.[1]);
  assert.deepEqual(new Set(subjects).size, 2, subjects.join());
  assert.equal(rig.said(/Delayed|Bounced/), 0, rig.lines.join("\n"));
  await until("an empty queue", () => rig.world.files().length === 0);
});
