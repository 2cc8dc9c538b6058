/**
 * One configuration made ready for use: TLS contexts and compiled tables beside the snapshot.
 *
 * An edition is built whole before it replaces the one in force, so a fault in it changes nothing. Sessions that began with it hold
 * it: its native contexts go when it is retired and the last of them ends.
 *
 * @module
 */
import { asksCertificate } from "./accept/admission.ts";
import { type Service, serviceSteps } from "./accept/service.ts";
import { inTurns, type Steps } from "./base/turns.ts";
import { type Config, destinationCertificates, type ListenerConfig, serviceCertificates } from "./config/config.ts";
import type { OutboundTls } from "./deliver/world.ts";
import type { ClientTls } from "./services/client_link.ts";
import type { ClientContext, Engine, KeyPair, ServerContext, TrustAnchors } from "./tls/engine.ts";
import { startTls } from "./tls/pump.ts";

/** What an edition is built of. */
export interface EditionParts {
  config: Config;
  engine: Engine;
  /** The pairs of each certificate profile in use. */
  keyPairs: ReadonlyMap<string, KeyPair[]>;
  trust: TrustAnchors;
}

/** See the module; made by {@linkcode buildEdition}. */
export class Edition {
  readonly config: Config;
  /** By the listener's name. */
  readonly services: ReadonlyMap<string, Service>;
  readonly outbound: OutboundTls;
  /** Of the client services. */
  readonly clients: ClientTls;
  readonly trust: TrustAnchors;
  /** Of each certificate profile in use, by its name. */
  readonly keyPairs: ReadonlyMap<string, KeyPair[]>;
  readonly #contexts: (ServerContext | ClientContext)[];
  /** One for being in force, one for each session. */
  #holds = 1;

  constructor(
    config: Config,
    { services, outbound, clients, contexts, trust, keyPairs }: {
      clients: ClientTls;
      trust: TrustAnchors;
      keyPairs: ReadonlyMap<string, KeyPair[]>;
      services: Map<string, Service>;
      outbound: OutboundTls;
      contexts: (ServerContext | ClientContext)[];
    },
  ) {
    this.config = config;
    this.services = services;
    this.outbound = outbound;
    this.clients = clients;
    this.trust = trust;
    this.keyPairs = keyPairs;
    this.#contexts = contexts;
    for (const service of services.values()) {
      service.hold = () => {
        this.#holds++;
        return { [Symbol.dispose]: () => this.retire() };
      };
    }
  }

  /** Gives one hold up; the last one frees the contexts. */
  retire(): void {
    if (--this.#holds > 0) return;
    for (const context of this.#contexts) context[Symbol.dispose]();
  }
}

/** Builds an edition, in turns where its tables are long. Rejects with `TlsSetupError` and the like, and then nothing is left behind. */
export function buildEdition(parts: EditionParts): Promise<Edition> {
  return inTurns(editionSteps(parts));
}

function* editionSteps({ config, engine, trust, keyPairs }: EditionParts): Steps<Edition> {
  using undo = new DisposableStack();
  const contexts: (ServerContext | ClientContext)[] = [];
  const keep = <T extends ServerContext | ClientContext>(context: T): T => {
    contexts.push(context);
    return undo.use(context);
  };

  const services = new Map<string, Service>();
  for (const listener of config.listeners) {
    const contextOf = (askClientCertificate: boolean) =>
      keep(engine.serverContext({
        profile: config.tls.inbound_smtp,
        keyPairs: listener.certificate.flatMap((profile) => keyPairs.get(profile) ?? []),
        askClientCertificate,
        trust,
        sessionIdContext: `${listener.name}/${config.generation}${askClientCertificate ? "/asked" : ""}`,
      }));
    const service = yield* serviceSteps(config, { listener });
    services.set(listener.name, service);
    if (!offersTls(listener, config)) continue;
    // Clients that are asked for a certificate resume no session, so the others have a context of their own.
    const { someone, everyone } = asksCertificates(service, config);
    const asking = someone ? contextOf(true) : undefined;
    const silent = everyone ? undefined : contextOf(false);
    service.startTls = (conn, { askCertificate }) => {
      const context = askCertificate ? asking ?? silent : silent ?? asking;
      return startTls(conn, context!.session());
    };
  }

  const pairOf = (certificate: string | null) => certificate === null ? undefined : keyPairs.get(certificate)?.[0];
  const client = (certificate: string | null, profile = config.tls.outbound_smtp): ClientContext =>
    keep(engine.clientContext({ profile, keyPair: pairOf(certificate), trust }));
  const { certificate } = config.destination_controls;
  const others = destinationCertificates(config).filter((name) => name !== certificate);
  const outbound = {
    context: client(certificate),
    byCertificate: new Map(others.map((name) => [name, client(name)])),
    trustGeneration: trust.generation,
  };
  const { other_client_services: profile, peer_certificate: validation } = config.tls;
  const clients: ClientTls = {
    contexts: new Map(serviceCertificates(config).map((name) => [name, client(name, profile)])),
    validation,
    stamp: (certificate) =>
      JSON.stringify([trust.generation, profile, validation, pairOf(certificate)?.certificatePem ?? null]),
  };
  undo.move();
  return new Edition(config, { services, outbound, clients, contexts, trust, keyPairs });
}

/** Whether some clients are asked for a certificate, by their policy, or all, since the table knows names of certificates. */
function asksCertificates(
  { listener, tables, users }: Service,
  config: Config,
): { someone: boolean; everyone: boolean } {
  const everyone = tables.senders.needsCertificates;
  const someone = everyone || listener.sender_groups.some((group) => {
    const policy = config.mail_flow_policies.get(group.policy);
    return policy !== undefined && asksCertificate(policy, users);
  });
  return { someone, everyone };
}

/** Whether any policy that the listener's groups name offers TLS, or the transport is TLS itself. */
function offersTls(listener: ListenerConfig, config: Config): boolean {
  return listener.transport === "smtps" ||
    listener.sender_groups.some((group) => config.mail_flow_policies.get(group.policy)?.tls !== "off");
}
