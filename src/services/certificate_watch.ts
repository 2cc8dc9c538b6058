/**
 * Warns before a certificate that is in use expires: 30, 14, 7 and 1 days before, and when it has.
 *
 * Each step of each certificate is told once, over restarts too: what was told is a small file. A step counts as told when a mail about it was
 * taken by a next hop; until then every look raises it again. A certificate that is first seen with ten days left gets one alert, not two.
 * It is looked every hour, since a clock may jump and a machine may sleep, and whenever a configuration was applied.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { causeOf, printable } from "../base/text.ts";
import type { Alert } from "../mail/alert.ts";
import type { MailLog } from "../mail/events.ts";
import { said } from "./alert_facts.ts";
import { tell } from "./alert_texts.ts";
import type { Told } from "../base/told.ts";

/** Days before the end, the first warning first; 0: it has expired. */
export const expirySteps: readonly number[] = [30, 14, 7, 1, 0];

/** How often is looked. */
export const lookMs = 3_600_000;

const dayMs = 86_400_000;

/** A certificate in use: a profile's leaf, or another one of its chain. Times are wall milliseconds. */
export interface WatchedCertificate {
  /** Names of the profiles that have it. */
  profiles: readonly string[];
  /** It is the profile's own, or an intermediate. */
  part: "certificate" | "intermediate";
  /** The gateway made it, and makes the next one. */
  selfSigned: boolean;
  /** ACME renews it, and should have by then: nobody is told before, since a certificate that lives for days is always near its end. */
  renewedBefore?: number;
  subject: string;
  issuer: string;
  names: readonly string[];
  serial: string;
  notAfter: number;
  fingerprint: string;
}

/** Where it is kept what was told. */
export interface WatchState {
  /** `undefined`: nothing was kept yet. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}

/** What the watch needs. */
export interface CertificateWatchOptions {
  clock: Clock;
  log: MailLog;
  /** Those in use now. */
  certificates: () => readonly WatchedCertificate[];
  raise: (alert: Alert) => void;
  state: WatchState;
}

/** See the module. */
export class CertificateWatch implements Disposable {
  readonly #options: CertificateWatchOptions;
  /** Fingerprint → the last step that was told. */
  #told = new Map<string, number>();
  /** The same for lines of the log, which tell once in the life of a process. */
  readonly #logged = new Map<string, number>();
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: CertificateWatchOptions) {
    this.#options = options;
  }

  /** Reads what was told, looks, and goes on looking. */
  static async start(options: CertificateWatchOptions): Promise<CertificateWatch> {
    const watch = new CertificateWatch(options);
    try {
      watch.#told = parseTold(await options.state.read());
    } catch (thrown) {
      watch.#stateFailed(thrown);
    }
    watch.#timer = options.clock.every(lookMs, () => watch.look());
    watch.look();
    return watch;
  }

  /** Looks now. */
  look(): void {
    const { clock, certificates, raise, log } = this.#options;
    const now = clock.now();
    const seen = new Set<string>();
    for (const certificate of certificates()) {
      const { fingerprint } = certificate;
      seen.add(fingerprint);
      const step = stepOf(certificate, now);
      if (step === undefined || step >= (this.#told.get(fingerprint) ?? Infinity)) continue;
      const alert = expiryAlert(certificate, { step, now });
      if (step < (this.#logged.get(fingerprint) ?? Infinity)) {
        this.#logged.set(fingerprint, step);
        log.warning({ event: "note", text: alert.text, reason: "certificate_expiry" });
      }
      raise({ ...alert, told: () => this.#tell(fingerprint, step) });
    }
    // Certificates that went are forgotten, so that neither map grows with every renewal.
    for (const map of [this.#told, this.#logged]) {
      for (const fingerprint of map.keys()) if (!seen.has(fingerprint)) map.delete(fingerprint);
    }
  }

  /** Looks no more. Resolves when what was told is written down. */
  async stop(): Promise<void> {
    this[Symbol.dispose]();
    await this.#writing;
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #tell(fingerprint: string, step: number): void {
    if (step >= (this.#told.get(fingerprint) ?? Infinity)) return;
    this.#told.set(fingerprint, step);
    const write = () =>
      this.#options.state.write(JSON.stringify({ certificates: Object.fromEntries(this.#told) }) + "\n");
    this.#writing = this.#writing.then(write).catch((thrown: unknown) => this.#stateFailed(thrown));
  }

  #stateFailed(thrown: unknown): void {
    const text = `Cannot keep which certificates were warned about: ${printable(causeOf(thrown))}`;
    this.#options.log.warning({
      event: "note",
      text: `${text}; they may be warned about again`,
      reason: "alert_state",
    });
  }
}

/** The latest step that a certificate has come to. */
function stepOf({ notAfter, renewedBefore = 0 }: WatchedCertificate, now: number): number | undefined {
  if (now < renewedBefore && now < notAfter) return undefined;
  return expirySteps.findLast((days) => notAfter - now <= days * dayMs);
}

function expiryAlert(certificate: WatchedCertificate, { step, now }: { step: number; now: number }): Alert {
  const { profiles, part, selfSigned, renewedBefore, subject, issuer, names, serial, notAfter, fingerprint } =
    certificate;
  const when = step === 0 ? "has expired" : `expires in ${daysText(Math.ceil((notAfter - now) / dayMs))}`;
  const next = expirySteps[expirySteps.indexOf(step) + 1];
  const advice = selfSigned
    ? tell("alert.expiry_self_signed")
    : renewedBefore !== undefined
    ? tell("alert.expiry_acme")
    : tell("alert.expiry_files");
  const end = new Date(notAfter).toUTCString().replace("GMT", "+0000");
  const shown = (text: string) => printable(text, 300);
  return {
    kind: "certificate_expiry",
    // A step is told once, so it is nobody's repeat.
    about: `${fingerprint} ${step}`,
    severity: step <= 1 ? "critical" : "warning",
    classes: ["system", "tls"],
    ...said(titleOf({ profiles, part, days: step === 0 ? 0 : Math.ceil((notAfter - now) / dayMs) }), advice),
    text: `Certificate ${profiles.join(", ")}${part === "certificate" ? "" : ": an intermediate"} (${
      shown(subject)
    }) ${when}: ${end}`,
    facts: [
      [profiles.length > 1 ? "Profiles" : "Profile", profiles.join(", ")],
      ["Subject", shown(subject)],
      ["Issuer", shown(issuer)],
      ["Names", shown(names.join(", "))],
      ["Serial", serial],
      ["Expires", end],
    ],
    again: next === undefined
      ? "This is the last warning about this certificate."
      : next === 0
      ? "The last warning comes when it has expired."
      : `The next warning comes ${daysText(next)} before its end.`,
  };
}

function titleOf({ profiles, part, days }: Pick<WatchedCertificate, "profiles" | "part"> & { days: number }): Told {
  const which = tell(part === "certificate" ? "alert.certificate" : "alert.intermediate", {
    profiles: profiles.join(", "),
  });
  if (days === 0) return tell("alert.expired", { which });
  return days === 1 ? tell("alert.expires_day", { which }) : tell("alert.expires_days", { which, days });
}

function daysText(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}

function parseTold(text: string | undefined): Map<string, number> {
  const told = new Map<string, number>();
  if (text === undefined) return told;
  const parsed: unknown = JSON.parse(text);
  const certificates = typeof parsed === "object" && parsed !== null && "certificates" in parsed
    ? parsed.certificates
    : undefined;
  for (const [fingerprint, step] of Object.entries(certificates ?? {})) {
    if (typeof step === "number") told.set(fingerprint, step);
  }
  return told;
}
