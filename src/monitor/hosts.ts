/**
 * The hosts of each destination, as delivery met them lately: which took a connection, which failed, and with what.
 *
 * In memory only: after a restart the next attempt tells. Bounded in destinations and in hosts of each; who was met least lately goes.
 *
 * @module
 */

const destinationsMax = 5_000;
const hostsMax = 20;

/** One host of one destination. */
export interface HostFacts {
  /** The name by which it was found, or its address. */
  host: string;
  address: string;
  port: number;
  /** Wall milliseconds of the last connection that could be used; 0: there was none. */
  workedAt: number;
  /** Failures in a row; 0: the last attempt worked. */
  failures: number;
  /** The last failure, while there is one. Raw: it may quote the peer. */
  failure: { at: number; reason: string; text: string } | undefined;
}

/** A host as an event names it. */
export interface Met {
  domain: string;
  /** Absent: not told; a name that was told before stays. */
  host?: string;
  address: string;
  port: number;
  at: number;
}

/** See the module. */
export class Hosts {
  readonly #destinations = new Map<string, Map<string, HostFacts>>();

  /** A connection was opened. Whether it can be used is told by what follows. */
  opened(met: Met): void {
    this.#of(met);
  }

  /** The connection could be used: it carried mail. */
  worked(met: Met): void {
    const facts = this.#of(met);
    facts.workedAt = met.at;
    facts.failures = 0;
    facts.failure = undefined;
  }

  /** The host could not be used. */
  failed(met: Met, { reason, text }: { reason: string; text: string }): void {
    const facts = this.#of(met);
    facts.failures++;
    facts.failure = { at: met.at, reason, text };
  }

  /** Hosts of a destination, the one met last first. */
  of(domain: string): HostFacts[] {
    return [...this.#destinations.get(domain)?.values() ?? []].reverse();
  }

  #of({ domain, host, address, port }: Met): HostFacts {
    const hosts = youngest(this.#destinations, domain, { max: destinationsMax, make: () => new Map() });
    const facts = youngest(hosts, `${address} ${port}`, {
      max: hostsMax,
      make: (): HostFacts => ({ host: address, address, port, workedAt: 0, failures: 0, failure: undefined }),
    });
    if (host !== undefined) facts.host = host;
    return facts;
  }
}

/** The value of a key, made where there is none, and moved to the end of the map; the oldest makes room. */
function youngest<V>(map: Map<string, V>, key: string, { max, make }: { max: number; make: () => V }): V {
  const known = map.get(key);
  if (known !== undefined) map.delete(key);
  else if (map.size >= max) map.delete(map.keys().next().value!);
  const value = known ?? make();
  map.set(key, value);
  return value;
}
