/**
 * Domains that a connection was counted for: as a rule one.
 *
 * @module
 */

/** A peer may name a domain with each message; beyond this many a connection is counted for no more. */
const domainsMax = 100;

/** See the module. A set is made only where there are several. */
export class DomainSet {
  #first: string | undefined;
  #more: Set<string> | undefined;

  /** True: it is new, and to be counted. */
  add(domain: string): boolean {
    if (this.#first === domain) return false;
    if (this.#first === undefined) {
      this.#first = domain;
      return true;
    }
    this.#more ??= new Set();
    if (this.#more.has(domain) || this.#more.size >= domainsMax) return false;
    this.#more.add(domain);
    return true;
  }
}
