/**
 * Whether somebody is a recipient, as whoever knows says it.
 *
 * @module
 */

/** What is known of an address. */
export type RecipientAnswer =
  & (
    | { kind: "known" | "unknown" }
    /** Nobody knows now. */
    | { kind: "temporary"; text: string }
  )
  & {
    /** Who was asked, as the log names him: `LDAP query staff.accept`. */
    by: string;
    /** What was asked, and who answered, in words. */
    detail?: string;
  };

/** An address, and the service of the configuration that is asked about it. */
export interface RecipientQuestion {
  service: string;
  address: string;
}

/** Asks about recipients. Bounded in time; must not reject. */
export interface RecipientCheck {
  check(question: RecipientQuestion): Promise<RecipientAnswer>;
}
