/**
 * Revocation put together: the lists that peers' certificates are held against, and the status of our own that clients are shown.
 *
 * @module
 */
import type { Clock } from "./base/clock.ts";
import type { Random } from "./base/random.ts";
import { listStatuses } from "./certs/lists.ts";
import type { Command } from "./control/commands.ts";
import { revocationCommands } from "./control/revocation_commands.ts";
import type { Editions } from "./reload.ts";
import { CertificateStatus } from "./services/certificate_status.ts";
import { boundedFetch } from "./services/fetch_bounded.ts";
import { RevocationLists } from "./services/revocation_lists.ts";
import type { KeyPair } from "./tls/engine.ts";

/** Revocation at work. */
export interface Revocation {
  readonly commands: Command[];
  /** Another configuration, or other certificates, may be in force. */
  look(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Whose certificates are meant. */
export interface RevocationParts {
  clock: Clock;
  random: Random;
  editions: Editions;
  /** Pairs that servers show beside those of the listeners. */
  morePairs: () => ReadonlyMap<string, readonly KeyPair[]>;
}

/** Begins with the next {@linkcode Revocation.look}. */
export function startRevocation({ clock, random, editions, morePairs }: RevocationParts): Revocation {
  const { engine, log, storage: { directory } } = editions.ground;
  const world = { clock, random, log, engine, fetch: boundedFetch(clock), trust: () => editions.current.trust };
  const lists = new RevocationLists({
    ...world,
    config: () => editions.current.config,
    renew: () => editions.renewLists(),
  });
  const status = new CertificateStatus({
    ...world,
    directory,
    pairs() {
      const { config: { listeners }, keyPairs } = editions.current;
      const shown = new Set(listeners.flatMap(({ certificate }) => certificate));
      return new Map([...[...keyPairs].filter(([profile]) => shown.has(profile)), ...morePairs()]);
    },
  });
  return {
    commands: revocationCommands({
      now: clock.now,
      statuses: () => listStatuses(editions.current.config, { engine, trust: editions.current.trust }),
      refreshLists: (url) => lists.refresh(url),
      status,
    }),
    look() {
      lists.apply();
      status.apply();
    },
    stop: async () => void await Promise.all([lists.stop(), status.stop()]),
  };
}
