/**
 * What delivery would meet at a destination: each host is connected to as mail would be, and no mail is sent.
 *
 * The code is delivery's own, from the search for hosts to the judgement of the certificate; a connection ends with QUIT behind EHLO.
 * What each of the five levels would do with a host follows from what was proven, by the same table and the same judgement.
 * Nothing is remembered against a host, and nothing is resumed.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { causeOf } from "../base/text.ts";
import type { Config, NextHop } from "../config/config.ts";
import { addressFamily } from "../dns/names.ts";
import type { MailEvent, MailLog } from "../mail/events.ts";
import type { RemoteHost } from "../mail/outcome.ts";
import { endpointText } from "../net/net.ts";
import { type PeerCertificateFault, peerCertificateFault } from "../policy/peer_certificate.ts";
import { type Route, routeOf } from "../policy/route.ts";
import { acceptedNames, judgeTrust, namesFor, type Trust } from "../policy/trust.ts";
import type { BuiltChain, CertificateFacts, PeerFacts, TlsFailure } from "../tls/engine.ts";
import { type Level, type LevelRow, levelRow, levelTable } from "../tls/level.ts";
import { connect, type Connected, type ConnectWorld } from "./connect.ts";
import { HostMemory } from "./host_memory.ts";
import { type Hop, hopsOf } from "./hops.ts";
import { isOwnName } from "./own.ts";
import { Recorder, type Spoken } from "./recording.ts";

/** What is probed. */
export interface ProbeQuestion {
  domain: string;
  config: Config;
  /** This host instead of those that the route or the DNS has. */
  host?: NextHop;
  /** Instead of the destination's own. */
  level?: Level;
  /** The longest for one address, milliseconds; all together take ten times this at most. */
  ms: number;
  /** Hears of each address when it is done. */
  onHost?(host: HostProbe): void;
}

/** What a probe needs of the world. */
export type ProbeWorld = Omit<ConnectWorld, "spool" | "log" | "config">;

/** What a host did when TLS was asked for. */
export type Met =
  /** The handshake is done. `broken`: what went wrong behind it. */
  | { kind: "encrypted"; facts: ProvenFacts; broken?: string }
  /** There was a 220 to STARTTLS, and no handshake. */
  | { kind: "tls_failed"; failure: TlsFailure }
  /** STARTTLS is not to be had. */
  | { kind: "no_tls"; reason: string; text: string }
  /** It did not come to that. */
  | { kind: "no_dialogue"; reason: string; text: string };

/** What a handshake proved, kept behind its session. */
export interface ProvenFacts extends Pick<PeerFacts, "protocol" | "cipher" | "bits" | "chain" | "certificate"> {
  /** As the host sent them, leaf first. */
  certificates: CertificateFacts[];
  built: BuiltChain;
  /** What `tls.peer_certificate` has against a chain that is trusted. */
  unsound?: PeerCertificateFault;
  /** Each name that may count: whether the leaf has it, and whether `verify_names` lets it count. */
  names: { name: string; matches: boolean; counts: boolean }[];
}

/** What a level does with a host. */
export interface LevelEnd {
  level: Level;
  end: "encrypted" | "clear" | "deferred";
  text: string;
}

/** One address of a host. */
export interface HostProbe {
  host: RemoteHost;
  dialogue: Spoken[];
  met: Met;
  /** The chain is trusted and a name that counts is on the certificate. */
  verified: boolean;
  levels: LevelEnd[];
}

/** Everything that was found. */
export interface Probe {
  destination: string;
  /** The level that was asked under. */
  level: Level;
  verifyNames: Route["control"]["verify_names"];
  /** Where hosts came from: the DNS, `smtp_routes`, or the question. */
  hostsFrom: "mx" | "route" | "given";
  hosts: HostProbe[];
  /** Why there is no host, or not all of them. */
  text?: string;
}

/** Hosts that are looked at. */
const hostsMax = 10;

/** Probes the hosts of a destination in the order of trial. Never rejects for what peers do. */
export async function probe(world: ProbeWorld, question: ProbeQuestion): Promise<Probe> {
  const { config, domain, level: asked, ms, onHost } = question;
  const plain = routeOf(domain, config);
  // Without STARTTLS there would be nothing to see.
  const level = levelRow(asked ?? (plain.level.tries ? plain.level.name : "preferred"));
  const route: Route = { ...plain, level };
  const result: Probe = {
    destination: route.destination,
    level: level.name,
    verifyNames: route.control.verify_names,
    hostsFrom: question.host !== undefined ? "given" : route.hops.kind === "mx" ? "mx" : "route",
    hosts: [],
  };
  const found = question.host === undefined
    ? await hopsOf(route, { ...world, isOwn: (host) => isOwnName(host, config) })
    : { kind: "hops", hops: [givenHop(route, question.host)] } as const;
  if (found.kind === "end") return { ...result, text: found.end.failure?.text ?? "there is no host" };
  const memory = new HostMemory(world);
  const endsAt = world.clock.monotonic() + 10 * ms;
  const texts: string[] = [];
  for (const hop of found.hops.slice(0, hostsMax)) {
    const probed = await new HopProbe(world, { hop, route, config, memory, endsAt, ms }).run();
    result.hosts.push(...probed.hosts);
    for (const host of probed.hosts) onHost?.(host);
    if (probed.text !== undefined) texts.push(probed.text);
  }
  if (found.hops.length > hostsMax) texts.push(`${found.hops.length - hostsMax} more hosts are not looked at`);
  return texts.length === 0 ? result : { ...result, text: texts.join("; ") };
}

/** A host that was named is one that the DNS or the route might have named. */
function givenHop({ destination: domain, hops }: Route, { host, port }: NextHop): Hop {
  const named = addressFamily(host) === 0;
  const names = !named ? {} : hops.kind === "mx" ? { mx: { name: host, authentic: false } } : { route: host };
  return { host, port, names: { domain, ...names }, byMx: false };
}

interface HopQuestion {
  hop: Hop;
  route: Route;
  config: Config;
  memory: HostMemory;
  endsAt: number;
  ms: number;
}

class HopProbe {
  readonly #world: ProbeWorld;
  readonly #question: HopQuestion;
  /** Of the address that is being tried; each one begins with a dial. */
  readonly #events: MailEvent[][] = [];
  readonly #facts: (ProvenFacts | undefined)[] = [];

  constructor(world: ProbeWorld, question: HopQuestion) {
    this.#world = world;
    this.#question = question;
  }

  async run(): Promise<{ hosts: HostProbe[]; text?: string }> {
    const { hop, route, config, memory, endsAt, ms } = this.#question;
    const { clock, dialer, startTls } = this.#world;
    const recorder = new Recorder({
      clock,
      dialer,
      startTls,
      endsAt,
      ms,
      onTls: (start, recording) => {
        if (start.kind === "done") {
          this.#facts[recorder.recordings.indexOf(recording)] = this.#proven(start.facts);
        }
      },
    });
    const events = (): MailEvent[] => this.#events[recorder.recordings.length - 1] ??= [];
    const note = (event: MailEvent) => void events().push(event);
    const log: MailLog = { critical: note, warning: note, info: note, debug: note, trace: note };
    let last = 0;
    const connected = await connect(
      {
        ...this.#world,
        config: () => config,
        spool: { ids: { next: () => ++last } },
        log,
        // In this thread: what is said is recorded here.
        caller: undefined,
        dialer: recorder,
        startTls: recorder.startTls,
      },
      {
        route,
        hops: [hop],
        config,
        memory,
        connectMs: Math.min(limits.connectMs, ms),
        // Nothing is to be remembered against a host.
        isSpare: () => true,
        waiting: () => 0,
        // A single question counts against no limit of delivery's.
        gate: { enter: () => true, leave: () => {} },
      },
    ).catch((error: unknown): Connected => ({
      kind: "none",
      dcid: 0,
      end: { kind: "deferred", failure: { reason: "failed", enhanced: "4.3.0", text: causeOf(error) } },
    }));
    if (connected.kind === "ready") await connected.channel.quit(limits.quitMs);
    const hosts = recorder.recordings.map(({ to, spoken }, index): HostProbe => {
      const met = this.#met(index, connected.kind === "ready" && index === recorder.recordings.length - 1);
      return {
        host: { name: hop.host, ...to },
        dialogue: spoken,
        met,
        verified: met.kind === "encrypted" && met.broken === undefined &&
          this.#trust(met.facts, levelRow("required-verify")).kind === "go_on",
        levels: levelTable.map((row) => this.#end(met, row)),
      };
    });
    if (hosts.length > 0) return { hosts };
    const text = connected.kind === "none" ? connected.end.failure?.text : undefined;
    return { hosts, text: text ?? `${hop.host} was not tried` };
  }

  #proven(facts: PeerFacts): ProvenFacts {
    const { hop: { names }, route } = this.#question;
    const counting = namesFor(route, names);
    const { protocol, cipher, bits, chain, certificate } = facts;
    return {
      ...{ protocol, cipher, bits, chain, certificate },
      certificates: facts.certificates(),
      built: facts.builtChain(),
      unsound: chain.trusted ? peerCertificateFault(facts, route.validation) : undefined,
      names: acceptedNames("hosted", names).map((name) => ({
        name,
        matches: facts.matches(name),
        counts: counting.includes(name),
      })),
    };
  }

  /** What an address came to, from delivery's own events. */
  #met(index: number, ready: boolean): Met {
    const events = this.#events[index] ?? [];
    const ended = events.find((event) => event.event === "connection_error");
    const facts = this.#facts[index];
    const deferring = events.find((event) => event.event === "dcid_tls_deferring");
    if (facts !== undefined) {
      // Where the certificate is what ended it, the levels say so.
      const sound = ready || deferring !== undefined;
      return sound ? { kind: "encrypted", facts } : { kind: "encrypted", facts, broken: ended?.details ?? "it broke" };
    }
    if (deferring !== undefined) {
      const { code, error, reason } = deferring;
      return { kind: "tls_failed", failure: { code, error, reason: reason as TlsFailure["reason"] } };
    }
    const failed = events.find((event) => event.event === "dcid_tls_failed");
    if (failed?.reason === "injected") {
      return { kind: "tls_failed", failure: { code: 0, error: failed.text, reason: "injected" } };
    }
    if (failed !== undefined) return { kind: "no_tls", reason: failed.reason, text: failed.text };
    if (ready) return { kind: "no_tls", reason: "not_tried", text: "STARTTLS was not tried" };
    return { kind: "no_dialogue", reason: ended?.reason ?? "failed", text: ended?.details ?? "it was not tried" };
  }

  #trust({ names, built, certificates, unsound: _judged, ...proven }: ProvenFacts, row: LevelRow): Trust {
    const facts: PeerFacts = {
      ...proven,
      resumed: false,
      certificates: () => certificates,
      builtChain: () => built,
      matches: (name) => names.some((one) => one.name === name && one.matches),
    };
    const counting = names.filter(({ counts }) => counts).map(({ name }) => name);
    return judgeTrust(row, { facts, names: counting, validation: this.#question.route.validation });
  }

  /** What a level makes of it: `levelTable` and `judgeTrust` in words. */
  #end(met: Met, row: LevelRow): LevelEnd {
    const level = row.name;
    const deferred = (text: string): LevelEnd => ({ level, end: "deferred", text });
    if (met.kind === "no_dialogue") return deferred(met.text);
    if (!row.tries) return { level, end: "clear", text: "STARTTLS is not tried" };
    if (met.kind === "no_tls") {
      return row.withoutStarttls === "defer" ? deferred(met.text) : { level, end: "clear", text: met.text };
    }
    if (met.kind === "tls_failed") return deferred(met.failure.error);
    if (met.broken !== undefined) return deferred(met.broken);
    const trust = this.#trust(met.facts, row);
    switch (trust.kind) {
      case "go_on":
        return {
          level,
          end: "encrypted",
          text: trust.verified ? `verified for ${trust.name}` : `not verified, which it need not be: ${trust.text}`,
        };
      case "deliver_unverified":
        return { level, end: "encrypted", text: `not verified, which is logged: ${trust.text}` };
      case "defer":
        return deferred(trust.text);
      default:
        return trust satisfies never;
    }
  }
}

/** `mx.example.test [192.0.2.1]:25`, or the address alone. */
export function hostText({ name, address, port }: RemoteHost): string {
  return name === address ? endpointText({ address, port }) : `${name} [${address}]:${port}`;
}
