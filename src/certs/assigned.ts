/**
 * Certificates where they are assigned: whether they are fit for the use, for the name, and for the service's settings.
 *
 * What cannot serve at all is an error, since the gateway could not start with it. What serves and will be refused by peers is a warning.
 *
 * @module
 */
import { type Config, type ListenerConfig, type TlsService } from "../config/config.ts";
import type { Findings } from "../config/cross.ts";
import type { Path } from "../config/faults.ts";
import { type CertificateFacts, type Engine, type KeyPair, TlsSetupError } from "../tls/engine.ts";

/** A profile of files that can be used. */
export interface ReadyProfile {
  pair: KeyPair;
  /** The leaf's. */
  facts: CertificateFacts;
}

/** What the check works with. */
export interface AssignedWorld {
  /** Those that can be used, by name; self-signed ones, which are made to fit, are not among them. */
  ready: ReadonlyMap<string, ReadyProfile>;
  engine: Pick<Engine, "clientContext"> & Partial<Pick<Engine, "serverContext">>;
  found: Findings;
}

interface Assignment {
  profile: string;
  path: Path;
  service: TlsService;
  side: "server" | "client";
}

/** Every certificate at every place. */
export function checkAssigned(config: Config, world: AssignedWorld): void {
  for (const assignment of assignmentsOf(config)) checkUse(config, assignment, world);
  for (const listener of config.listeners) {
    if (!offersTls(listener, config)) continue;
    checkName(listener, world);
    checkOrder(["listeners", listener.name, "certificate"], listener.certificate, world);
  }
  if (config.admin.address !== null) checkOrder(["admin", "certificate"], config.admin.certificate, world);
}

function assignmentsOf(config: Config): Assignment[] {
  const servers = (names: readonly string[], path: Path, service: TlsService): Assignment[] =>
    names.map((profile) => ({ profile, path, service, side: "server" }));
  const { admin, destination_controls: { certificate, default: fallback, domains } } = config;
  const clients: Assignment[] = [];
  const client = (profile: string | null, path: Path, service: TlsService = "outbound_smtp") => {
    if (profile !== null) clients.push({ profile, path: [...path, "certificate"], service, side: "client" });
  };
  client(certificate, ["destination_controls"]);
  if (fallback.certificate !== certificate) client(fallback.certificate, ["destination_controls", "default"]);
  for (const [match, control] of domains) {
    if (control.certificate !== fallback.certificate) {
      client(control.certificate, ["destination_controls", "domains", match]);
    }
  }
  for (const kind of ["ldap", "syslog"] as const) {
    for (const { name, certificate } of config.services[kind].values()) {
      client(certificate, ["services", kind, name], "other_client_services");
    }
  }
  client(config.services.updater.certificate, ["services", "updater"], "other_client_services");
  return [
    ...config.listeners.flatMap(({ name, certificate: names }) =>
      servers(names, ["listeners", name, "certificate"], "inbound_smtp")
    ),
    ...admin.address === null ? [] : servers(admin.certificate, ["admin", "certificate"], "gui_https"),
    ...clients,
  ];
}

/** Purpose and key usage, and whether the engine takes it with the service's settings. */
function checkUse(config: Config, { profile, path, service, side }: Assignment, world: AssignedWorld): void {
  const ready = world.ready.get(profile);
  if (ready === undefined) return;
  const { errors, warnings } = world.found;
  const { purposes, keyUsage } = ready.facts.form;
  const warn = (text: string) => warnings.push({ path, at: "value", text });
  const wanted = side === "server" ? "serverAuth" : "clientAuth";
  if (purposes !== undefined && !purposes.includes(wanted) && !purposes.includes("anyExtendedKeyUsage")) {
    warn(`${profile} is not made for ${side}s, so peers that verify refuse it; one with the purpose ${wanted}`);
  }
  if (keyUsage !== undefined && !keyUsage.includes("digitalSignature") && !keyUsage.includes("keyEncipherment")) {
    warn(`${profile} may not be used for TLS by its key usage; one with digitalSignature`);
  }
  try {
    tryOn(config, { pair: ready.pair, service, side }, world.engine);
  } catch (error) {
    if (!(error instanceof TlsSetupError)) throw error;
    // Others are told where they stand: ciphers, methods, the pair's own files.
    if (error.part !== "certificate" && error.part !== "key") return;
    const text = `${error.message}; a stronger certificate, or a lower @SECLEVEL in tls.${service}.ciphers`;
    errors.push({ path, at: "value", text });
  }
}

function tryOn(
  { tls }: Config,
  { pair, service, side }: Pick<Assignment, "service" | "side"> & Pick<ReadyProfile, "pair">,
  engine: AssignedWorld["engine"],
): void {
  const profile = tls[service];
  if (side === "client") {
    const trust = { bundles: [], crls: [], generation: 0 };
    engine.clientContext({ profile, keyPair: pair, trust })[Symbol.dispose]();
  } else {
    engine.serverContext?.({ profile, keyPairs: [pair], askClientCertificate: false, sessionIdContext: "check" })
      [Symbol.dispose]();
  }
}

/** Who connects to a listener by its name and verifies has to find it on a certificate. */
function checkName({ name, hostname, certificate }: ListenerConfig, { ready, found }: AssignedWorld): void {
  const own = certificate.map((profile) => ready.get(profile));
  // Self-signed ones are made with the listeners' names.
  if (own.some((profile) => profile === undefined)) return;
  if (own.some((profile) => profile!.facts.names.some((each) => covers(each, hostname)))) return;
  const names = own.map((profile) => `${profile!.pair.name} is for ${namesText(profile!.facts.names)}`).join(", ");
  found.warnings.push({
    path: ["listeners", name, "certificate"],
    at: "value",
    text: `none is for ${hostname}, the name in the greeting: ${names}; a certificate for it, or another hostname`,
  });
}

/** A certificate whose names and kind of key earlier ones have all is shown to nobody. */
function checkOrder(path: Path, profiles: readonly string[], { ready, found }: AssignedWorld): void {
  const seen: { profile: string; kind: string; names: Set<string> }[] = [];
  for (const profile of profiles) {
    const facts = ready.get(profile)?.facts;
    if (facts === undefined) return; // what a self-signed one covers is not known here
    const kind = facts.key.split(" ")[0];
    const names = facts.names.map((name) => name.toLowerCase());
    const before = seen.filter((each) => each.kind === kind);
    const covering = before.find((each) => names.every((name) => each.names.has(name)));
    if (covering !== undefined) {
      const text =
        `${profile} is never shown: ${covering.profile}, before it, has its names and its kind of key (${kind})`;
      found.warnings.push({ path, at: "value", text: `${text}; one of them` });
    }
    seen.push({ profile, kind, names: new Set(names) });
  }
}

/** RFC 6125 §6.4.3: a wildcard is the whole first label and stands for one. */
function covers(pattern: string, hostname: string): boolean {
  const [wanted, host] = [pattern.toLowerCase(), hostname.toLowerCase()];
  return wanted === host ||
    wanted.startsWith("*.") && host.includes(".") && wanted.slice(1) === host.slice(host.indexOf("."));
}

function namesText(names: readonly string[]): string {
  const most = 3;
  if (names.length === 0) return "no name";
  return names.length > most ? `${names.slice(0, most).join(", ")} and ${names.length - most} more` : names.join(", ");
}

function offersTls(listener: ListenerConfig, config: Config): boolean {
  return listener.transport === "smtps" ||
    listener.sender_groups.some(({ policy }) => config.mail_flow_policies.get(policy)?.tls !== "off");
}
