/**
 * The composition root: the way of a message on one screen.
 *
 *     in    listener → session → policy.judge → spool.put          src/accept, src/smtp, src/policy/judge.ts
 *     keep  spool: 250 is said after the sync                      src/queue
 *     out   spool.lease → policy.route → hosts → TLS → policy.trust → dialogue → spool.settle
 *                                                                  src/deliver, src/dns, src/tls, src/policy/{route,trust}.ts
 *
 * Everything on that way is wired here and nowhere else; what stands around it (commands, admin page, certificates, alerts) in `operations.ts`. What is
 * built from one configuration is an {@linkcode Edition}, and `reload.ts` puts the next one in its place.
 *
 * @module
 */
import { Acceptor } from "./accept/acceptor.ts";
import { Turnstile } from "./accept/gate.ts";
import { LocalIntake } from "./accept/intake.ts";
import { Passwords } from "./auth/passwords.ts";
import type { Clock } from "./base/clock.ts";
import { Pressure } from "./base/pressure.ts";
import type { Random } from "./base/random.ts";
import { Suspension } from "./control/suspension.ts";
import { startDelivery } from "./deliver/delivery.ts";
import { type Call, callFrom } from "./deliver/link.ts";
import type { DeliveryWorld } from "./deliver/world.ts";
import { Directories } from "./directory/directories.ts";
import { dnsLists } from "./dns/lists.ts";
import { createResolver } from "./dns/resolver.ts";
import { Monitor } from "./monitor/monitor.ts";
import { reverseNames } from "./dns/reverse_names.ts";
import { machineAddresses } from "./net/machine.ts";
import { tcp } from "./net/tcp.ts";
import { systemUdp } from "./net/udp.ts";
import { KeptRates } from "./rates/rates.ts";
import { openSpool } from "./queue/durable_spool.ts";
import { startTls } from "./tls/pump.ts";
import { Editions, type Ground } from "./reload.ts";

/** What the machine gives. */
export interface World {
  clock: Clock;
  random: Random;
  /** The machine's name. */
  hostname: string;
  /** The program's version. */
  version: string;
  /** Shows a line on a terminal; absent: there is none. */
  terminal?: (line: string) => void;
  /** Called when an operator wants the gateway to stop: whoever started it calls {@linkcode Gateway.stop}. */
  askToStop?: () => void;
}

/** A gateway that runs. */
export interface Gateway {
  /** Reads the configuration again, as SIGHUP wants it. */
  reload(): Promise<void>;
  /** Takes no more connections, lets sessions and transactions finish, writes everything down. */
  stop(): Promise<void>;
}

/**
 * Starts the gateway of a configuration file. Rejects with `ConfigError` where the file has faults, with `StorageError`
 * where its storage cannot be had.
 */
export async function startGateway(file: string, world: World): Promise<Gateway> {
  const { clock, random } = world;
  const sockets = tcp(clock);
  const editions = await Editions.open(file, { ...world, sockets });
  const { log, storage, crew }: Ground = editions.ground;
  const config = () => editions.current.config;
  const monitor = new Monitor({ directory: storage.state, clock, log });
  log.observe(monitor.observer);

  const resolver = createResolver({ clock, random, udp: systemUdp, tcp: sockets, settings: () => config().dns });
  const spool = await openSpool({
    directory: storage.queue,
    clock,
    random,
    log,
    settings: () => ({ hostname: config().hostname, ...config().limits }),
  });

  const reverse = reverseNames({ resolver, clock, ms: () => config().dns.timeout });
  const lists = dnsLists({
    resolver,
    clock,
    ms: () => config().dns.timeout,
    report: ({ level, text }) => log[level]({ event: "note", reason: "dns_list", text }),
  });
  const pressure: Pressure = new Pressure({
    clock,
    log,
    limits: () => config().limits,
    sessions: (): number => gate.sessions,
    messages: () => spool.messages,
    space: () => spool.space.free,
    memory: () => Deno.memoryUsage().rss,
    lag: () => crew?.lag ?? 0,
  });
  const suspension = new Suspension(storage.state, log);
  const rates = new KeptRates({ directory: storage.state, clock, log });
  const passwords = new Passwords({ clock, random });
  const gate = new Turnstile({ pressure, suspended: (listener) => suspension.listener(listener) });
  const intake = new LocalIntake({ spool, pressure, log });
  const directories = new Directories({
    clock,
    random,
    log,
    resolver,
    dialer: sockets,
    tls: () => editions.current.clients,
  }, config);
  crew?.employ({ gate, intake, rates, passwords, recipients: directories, queue: spool.far, pressure });
  const inbound = crew ?? new Acceptor({
    clock,
    log,
    intake,
    gate,
    reverse,
    lists,
    rates,
    passwords,
    recipients: directories,
  });
  const outbound: DeliveryWorld = {
    spool,
    config,
    tls: () => editions.current.outbound,
    startTls,
    dialer: sockets,
    resolver,
    suspended: (domain) => suspension.delivery(domain),
    machineAddresses: machineAddresses(clock),
    log,
    clock,
    random,
  };
  const here = { resolver, caller: { call: (call: Call) => callFrom(outbound, call) } };
  const delivery = startDelivery(crew === undefined ? outbound : { ...outbound, ...crew.outbound(here) });
  suspension.onResume = () => delivery.resume();

  await editions.serve(inbound);
  // Mail is served from here on. What is around it is loaded only now: nobody who sends mail waits for it.
  const { startOperations } = await import("./operations.ts");
  const operations = await startOperations({
    ...world,
    file,
    editions,
    sockets,
    resolver,
    monitor,
    spool,
    gate,
    pressure,
    suspension,
    delivery,
    directories,
    outbound,
  });
  editions.announce();
  return {
    reload: async () => void await editions.reload(),
    async stop(): Promise<void> {
      log.info({ event: "note", text: "Postern is stopping: sessions may finish" });
      await operations.begin();
      await Promise.all([inbound.shutdown(), delivery.stop()]);
      crew?.close();
      directories[Symbol.dispose]();
      await operations.end();
      pressure[Symbol.dispose]();
      rates[Symbol.dispose]();
      await spool.close();
      monitor.close();
      log.info({ event: "note", text: "Postern has stopped" });
      await operations.silence();
      editions.close();
    },
  };
}
