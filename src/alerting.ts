/**
 * Alerts put together: what they hear, which certificates are watched, and the way their mail takes.
 *
 * The way is delivery's own code under `alerts.tls`: to `alerts.server`, else by the route or MX of each recipient's domain. It has nothing to do
 * with the queue but the numbers of its connections.
 *
 * @module
 */
import { writeAtomic } from "./certs/files.ts";
import type { Config } from "./config/config.ts";
import { deliverDirectly } from "./deliver/direct.ts";
import type { ConnectWorld } from "./deliver/connect.ts";
import { domainOf } from "./mail/envelope.ts";
import { type Route, routeOf } from "./policy/route.ts";
import type { Editions, Ground } from "./reload.ts";
import { Alerts, type SendAlert } from "./services/alerts.ts";
import { CertificateWatch, type WatchedCertificate, type WatchState } from "./services/certificate_watch.ts";
import type { CertificateFacts, KeyPair } from "./tls/engine.ts";
import { levelRow } from "./tls/level.ts";

/** Alerts that run. */
export interface Alerting {
  readonly alerts: Alerts;
  /** Looks at the certificates in use: there may be others. */
  look(): void;
  /** Tells what nobody was told yet, and ends. */
  stop(): Promise<void>;
}

/** Whose trouble is told. */
export interface AlertingParts {
  editions: Editions;
  /** Pairs in use beside those of the edition. */
  morePairs: () => ReadonlyMap<string, readonly KeyPair[]>;
}

/** Hears the log from now on. Mail goes out as `world` delivers. */
export async function startAlerting(
  world: ConnectWorld,
  { editions, morePairs }: AlertingParts,
): Promise<Alerting> {
  const { clock, random, config } = world;
  const { log, storage }: Ground = editions.ground;
  const alerts = new Alerts({ clock, random, log, config, send: sender(world) });
  log.observe(alerts.hear);
  const watch = await CertificateWatch.start({
    clock,
    log,
    certificates: certificatesInUse(editions, morePairs),
    raise: (alert) => alerts.raise(alert),
    state: stateFile(`${storage.state}/alerts.json`),
  });
  return {
    alerts,
    look: () => watch.look(),
    async stop(): Promise<void> {
      await alerts.stop();
      await watch.stop();
    },
  };
}

/** Sends by {@linkcode deliverDirectly}: one connection for each domain, or one for all to `alerts.server`. */
function sender(world: ConnectWorld): SendAlert {
  return async (mail, signal) => {
    const config = world.config();
    const ways = Map.groupBy(
      mail.recipients.keys(),
      (rid) => config.alerts.server === null ? domainOf(mail.recipients[rid]) : config.alerts.server.host,
    );
    const ends = [...ways].map(async ([destination, rids]) => {
      const recipients = rids.map((rid) => mail.recipients[rid]);
      const route = alertRoute(destination, config);
      const outcomes = await deliverDirectly(world, { route, config, mail: { ...mail, recipients }, signal });
      return outcomes.map((outcome) => ({ ...outcome, rid: rids[outcome.rid] }));
    });
    return (await Promise.all(ends)).flat();
  };
}

/** The route of a domain under the alerts' own level. To a server, it is the server's name that its certificate has to carry. */
export function alertRoute(destination: string, config: Config): Route {
  const route = routeOf(destination, config);
  const { tls, server } = config.alerts;
  const level = levelRow(tls);
  const control = { ...route.control, tls };
  return server === null
    ? { ...route, level, control }
    : { ...route, level, control, hops: { kind: "listed", hosts: [server] } };
}

/** Every certificate of the profiles in use, each once. A pair is read once. */
function certificatesInUse(
  editions: Editions,
  morePairs: AlertingParts["morePairs"],
): () => readonly WatchedCertificate[] {
  const { engine } = editions.ground;
  const chains = new WeakMap<KeyPair, CertificateFacts[]>();
  const chainOf = (pair: KeyPair) => {
    const chain = chains.get(pair) ?? engine.inspect(pair);
    chains.set(pair, chain);
    return chain;
  };
  return () => {
    const { keyPairs, config } = editions.current;
    const byFingerprint = new Map<string, WatchedCertificate>();
    for (const [profile, pairs] of [...keyPairs, ...morePairs()]) {
      const known = config.certificates.get(profile);
      for (const pair of pairs) {
        const [leaf] = chainOf(pair);
        const acme = known?.self_signed === true && known.acme !== undefined && leaf.subject !== leaf.issuer;
        const selfSigned = known?.self_signed === true && !acme;
        // Due at two thirds of its life; half of what is left then is for what goes wrong.
        const late = acme ? { renewedBefore: leaf.notBefore + (leaf.notAfter - leaf.notBefore) * 5 / 6 } : {};
        for (const [place, facts] of chainOf(pair).entries()) {
          const { subject, issuer, names, serial, notAfter, fingerprint } = facts;
          const profiles = [...new Set([...byFingerprint.get(fingerprint)?.profiles ?? [], profile])];
          const part = place === 0 ? "certificate" : "intermediate";
          const words = { subject, issuer, names, serial, notAfter, fingerprint };
          byFingerprint.set(fingerprint, { profiles, part, selfSigned, ...place === 0 ? late : {}, ...words });
        }
      }
    }
    return [...byFingerprint.values()];
  };
}

function stateFile(path: string): WatchState {
  return {
    async read() {
      try {
        return await Deno.readTextFile(path);
      } catch (thrown) {
        if (thrown instanceof Deno.errors.NotFound) return undefined;
        throw thrown;
      }
    },
    write: (text) => writeAtomic(path, text),
  };
}
