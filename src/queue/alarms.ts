/**
 * One timer for all destinations: a heap of (due, destination).
 *
 * @module
 */

/** A heap by `due`. Entries are not taken out early; who pops one checks that it still counts. */
export class Alarms<T> {
  readonly #heap: { due: number; item: T }[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the first is due; Infinity where there is none. */
  get first(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].due;
  }

  add(due: number, item: T): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push({ due, item });
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent].due <= due) break;
      [heap[at], heap[parent]] = [heap[parent], heap[at]];
      at = parent;
    }
  }

  /** Takes the first out. */
  pop(): { due: number; item: T } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].due < heap[child].due) child++;
      if (heap[at].due <= heap[child].due) break;
      [heap[at], heap[child]] = [heap[child], heap[at]];
      at = child;
    }
    return first;
  }
}
