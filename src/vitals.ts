/**
 * The state of the gateway's parts as plain values, for `/healthz`, `/metrics` and `status`.
 *
 * @module
 */
import type { Turnstile } from "./accept/gate.ts";
import type { Clock } from "./base/clock.ts";
import type { Pressure } from "./base/pressure.ts";
import type { Suspension } from "./control/suspension.ts";
import type { Delivery } from "./deliver/delivery.ts";
import type { CertificateVitals, Vitals } from "./monitor/vitals.ts";
import type { DirectoryFacts } from "./directory/directory.ts";
import type { DurableSpool } from "./queue/durable_spool.ts";
import type { Editions } from "./reload.ts";
import type { Engine, KeyPair } from "./tls/engine.ts";

/** Whose state it is. */
export interface VitalParts {
  clock: Clock;
  delivery: Delivery;
  editions: Editions;
  pressure: Pressure;
  spool: DurableSpool;
  suspension: Suspension;
  gate: Turnstile;
  directories: { readonly facts: DirectoryFacts[] };
  version: string;
  /** Pairs in use beside those of the edition. */
  morePairs(): ReadonlyMap<string, KeyPair[]>;
}

/** Makes what reads the state. Certificates are read once for each set of pairs. */
export function vitalsOf(parts: VitalParts): () => Vitals {
  const { clock, delivery, directories, editions, gate, pressure, spool, suspension, version, morePairs } = parts;
  const certificates = certificateReader(editions.ground.engine);
  return () => {
    const { config, keyPairs } = editions.current;
    const { rss, heapUsed, heapTotal, external } = Deno.memoryUsage();
    return {
      version,
      hostname: config.hostname,
      now: clock.now(),
      generation: config.generation,
      listeners: editions.listeners,
      sessions: gate.sessions,
      connections: delivery.connections,
      failingHosts: delivery.failingHosts,
      queue: {
        messages: spool.messages,
        destinations: spool.figures.destinations,
        oldest: spool.figures.oldest(),
      },
      suspended: suspension.facts,
      pressure: pressure.state(),
      memory: { rss, heapUsed, heapTotal, external },
      certificates: certificates(keyPairs, morePairs()),
      directories: directories.facts.map(({ servers: _, ...counts }) => counts),
    };
  };
}

type Pairs = ReadonlyMap<string, KeyPair[]>;

function certificateReader(engine: Pick<Engine, "inspect">): (...sets: Pairs[]) => CertificateVitals[] {
  const read = new WeakMap<KeyPair, CertificateVitals>();
  return (...sets) => {
    const pairs = new Map(sets.flatMap((set) => [...set]));
    return [...pairs].flatMap(([profile, list]) =>
      list.map((pair) => {
        let facts = read.get(pair);
        if (facts === undefined) {
          const chain = engine.inspect(pair);
          const [{ key, subject }] = chain;
          // A client needs the whole chain, so its first end counts.
          const notAfter = Math.min(...chain.map((one) => one.notAfter));
          facts = { profile, key, subject, notAfter };
          read.set(pair, facts);
        }
        return facts;
      })
    );
  };
}
