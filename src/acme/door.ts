/**
 * What answers an authority's questions while an order runs.
 *
 * @module
 */

/** One question's answer. */
export interface ChallengeAnswer {
  /** The host whose name is to be proven. */
  name: string;
  token: string;
  /** RFC 8555 §8.1. */
  authorization: string;
}

/** Opened before an order begins, so that an address that cannot be had costs no order; closed when it has ended, however. */
export interface ChallengeDoor extends AsyncDisposable {
  /** Answers from now on. */
  add(answer: ChallengeAnswer): Promise<void>;
}
