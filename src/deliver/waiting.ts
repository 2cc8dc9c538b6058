/**
 * Destinations with mail that is due, in turn, and how many messages about.
 *
 * @module
 */

/** A queue of destinations. The numbers are what was heard, not what is: the queue alone knows that. */
export class Waiting {
  readonly #byDestination = new Map<string, number>();
  #messages = 0;

  /** Messages that were heard of. At least one for each destination here. */
  get messages(): number {
    return this.#messages;
  }

  /** Who waits. */
  get destinations(): Iterable<string> {
    return this.#byDestination.keys();
  }

  /** `messages` more; a destination that is new goes to the end. */
  add(destination: string, messages: number): void {
    this.#byDestination.set(destination, (this.#byDestination.get(destination) ?? 0) + messages);
    this.#messages += messages;
  }

  /** The destination whose turn it is, taken out. */
  take(): { destination: string; messages: number } | undefined {
    const next = this.#byDestination.entries().next().value;
    if (next === undefined) return undefined;
    const [destination, messages] = next;
    this.#byDestination.delete(destination);
    this.#messages -= messages;
    return { destination, messages };
  }
}
