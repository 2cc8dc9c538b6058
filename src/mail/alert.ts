/**
 * An alert: something that the owner is told by mail, whoever noticed it.
 *
 * @module
 */

import type { Told } from "../base/told.ts";

/** How bad it is, the worst first; the words of `alerts.recipients`. */
export const alertSeverities = ["critical", "warning", "info"] as const;

/** One of {@linkcode alertSeverities}. */
export type AlertSeverity = (typeof alertSeverities)[number];

/**
 * Who may be concerned. Every alert is of class `system`, as an appliance has it; those about TLS connections and certificates are of class `tls`
 * too, for whoever looks after nothing else.
 */
export const alertClasses = ["system", "tls"] as const;

/** One of {@linkcode alertClasses}. */
export type AlertClass = (typeof alertClasses)[number];

/** One thing that happened. Texts may quote peers: they are escaped and cut where a mail is made of them. */
export interface Alert {
  /** The stable word of what happened: `required_tls`, `certificate_expiry`, a reason word of the log. Few are known to the program. */
  kind: string;
  /** What it happened to: a destination, a certificate. Alerts of one kind about one thing are grouped. Empty: the gateway itself. */
  about: string;
  severity: AlertSeverity;
  classes: readonly AlertClass[];
  /** A few words for the subject. */
  title: string;
  /** What happened, in a sentence. */
  text: string;
  /** Label and value, for a table. */
  facts: readonly (readonly [label: string, value: string])[];
  /** What to do, in a sentence or two. */
  advice: string;
  /** Title and advice for readers of other languages. */
  words?: { title: Told; advice: Told };
  /** When it will be told again, where that is not a matter of its being repeated. */
  again?: string;
  /** Called once a mail that tells it was taken by a next hop. */
  told?: () => void;
}
