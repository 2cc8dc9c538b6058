/**
 * Ownership of native objects.
 *
 * Each OpenSSL object that must be freed is held by exactly one {@linkcode Handle}. Scope ends ownership:
 * `using ctx = new Handle(…)` frees it on every way out, a throw between two allocations included. Some calls take an object
 * over (`SSL_set_bio` takes both BIOs); the caller says so with {@linkcode Handle.release}. Garbage collection never frees
 * anything here: a finalizer runs at an unknown time and would hide the leak.
 *
 * @module
 */

/** A pointer that is not NULL. */
export type Pointer = Deno.PointerObject;

/** The owner of one native object. */
export class Handle implements Disposable {
  readonly #kind: string;
  readonly #free: (pointer: Pointer) => unknown;
  #pointer: Pointer | null;

  /** Takes `pointer` over. NULL is a failed allocation: it throws. */
  constructor(kind: string, made: { pointer: Deno.PointerValue; free: (pointer: Pointer) => unknown }) {
    if (made.pointer === null) throw new Error(`Cannot make ${kind}: OpenSSL returned NULL`);
    this.#kind = kind;
    this.#pointer = made.pointer;
    this.#free = made.free;
  }

  /** The object, lent for one native call. Do not keep it. */
  get pointer(): Pointer {
    if (this.#pointer === null) throw new Error(`Cannot use ${this.#kind}: it was freed or given away`);
    return this.#pointer;
  }

  /** Gives the object away: C, or another owner, frees it from now on. */
  release(): Pointer {
    const pointer = this.pointer;
    this.#pointer = null;
    return pointer;
  }

  /** Frees the object. The second time does nothing. */
  [Symbol.dispose](): void {
    if (this.#pointer === null) return;
    const pointer = this.#pointer;
    this.#pointer = null;
    this.#free(pointer);
  }
}

/**
 * A native object with several holders: the context of an old configuration lives until its last session ends. The one who
 * makes it has the first hold.
 */
export class Shared {
  readonly #end: () => void;
  #holds = 1;

  /** `end` frees; it runs once, at the last {@linkcode Shared.drop}. */
  constructor(end: () => void) {
    this.#end = end;
  }

  /** One more holder. */
  hold(): void {
    if (this.#holds === 0) throw new Error("Cannot hold a native object: it was freed");
    this.#holds++;
  }

  /** One holder less. */
  drop(): void {
    if (this.#holds === 0) throw new Error("Cannot drop a native object: it was freed");
    if (--this.#holds === 0) this.#end();
  }
}
