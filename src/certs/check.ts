/**
 * What a configuration asks of TLS, tried on the engine before anything is applied: ciphers that select nothing, methods that no
 * cipher serves, certificates and keys that cannot be read or do not fit, passwords that others may read.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import { type CertificateProfile, type Config, destinationCertificates, type TlsService } from "../config/config.ts";
import type { Findings } from "../config/cross.ts";
import type { Path } from "../config/faults.ts";
import { readSecretFile } from "../config/secret_file.ts";
import { isUrl } from "../config/sources.ts";
import { type CertificateFacts, type Engine, TlsSetupError, type TrustAnchors } from "../tls/engine.ts";
import { type NamedKey, profileWarnings } from "../tls/warnings.ts";
import { checkAssigned, type ReadyProfile } from "./assigned.ts";
import { readBounded } from "./files.ts";
import { loadTrust } from "./inventory.ts";

/** What the check takes from outside. */
export interface TlsCheckWorld {
  engine: Pick<Engine, "suites" | "inspect" | "clientContext"> & Partial<Pick<Engine, "serverContext">> & {
    /** Where the engine has it, out-of-date revocation lists are warned about. */
    inspectTrust?: (anchors: TrustAnchors) => { crls: { issuer: string; until?: number }[] };
  };
  /** Wall milliseconds. */
  now: () => number;
}

type FileProfile = Extract<CertificateProfile, { self_signed: false }>;

const dayMs = 86_400_000;
/** The last days of a certificate are worth a warning. */
const warnDays = 14;

/** The check that `loadConfig` takes as `checkTls`. */
export function tlsCheck(world: TlsCheckWorld): (config: Config) => Promise<Findings> {
  return async (config) => {
    const found: Findings = { errors: [], warnings: [] };
    const ready = new Map<string, ReadyProfile>();
    for (const profile of config.certificates.values()) {
      if (profile.self_signed) continue;
      const usable = await checkProfile(profile, { world, found });
      if (usable !== undefined) ready.set(profile.name, usable);
    }
    checkServices(config, { world, found, ready });
    checkAssigned(config, { ...world, found, ready });
    await checkTrust(config, { world, found });
    await checkPasswords(config, found);
    return found;
  };
}

interface Context {
  world: TlsCheckWorld;
  found: Findings;
}

/** Files, their fit, their time. The pair, where there is nothing to say against it. */
async function checkProfile(profile: FileProfile, context: Context): Promise<ReadyProfile | undefined> {
  const { world: { engine }, found: { errors } } = context;
  const path = (part: string): Path => ["certificates", profile.name, part];
  const read = async (part: "certificate" | "key" | "intermediates") => {
    const file = profile[part];
    if (file === undefined) return "";
    try {
      return new TextDecoder().decode(await readBounded(file));
    } catch (thrown) {
      errors.push({ path: path(part), at: "value", text: `${causeOf(thrown)}; a readable PEM file` });
      return undefined;
    }
  };
  const certificatePem = await read("certificate");
  const keyPem = await read("key");
  const intermediates = await read("intermediates");
  if (certificatePem === undefined || keyPem === undefined) return undefined;
  const { name } = profile;
  let chain: CertificateFacts[];
  try {
    chain = engine.inspect({ name, certificatePem, keyPem });
  } catch (thrown) {
    if (!(thrown instanceof TlsSetupError)) throw thrown;
    const part = thrown.part === "key" ? "key" : "certificate";
    const right = part === "key" ? "the key that belongs to the certificate, in PEM" : "a certificate in PEM";
    errors.push({ path: path(part), at: "value", text: `${thrown.message}; ${right}` });
    return undefined;
  }
  checkTimes(chain, path("certificate"), context);
  const alone = { pair: { name, certificatePem, keyPem }, facts: chain[0] };
  if (intermediates === undefined || intermediates === "") return alone;
  const complete = { name, certificatePem: `${certificatePem}\n${intermediates}`, keyPem };
  try {
    const whole = engine.inspect(complete);
    const others = whole.slice(chain.length);
    if (others.length === 0) {
      const text = `Cannot read ${profile.intermediates}: it holds no certificate; certificates in PEM`;
      errors.push({ path: path("intermediates"), at: "value", text });
    }
    checkTimes(others, path("intermediates"), context);
    return { pair: complete, facts: chain[0] };
  } catch (thrown) {
    if (!(thrown instanceof TlsSetupError)) throw thrown;
    errors.push({ path: path("intermediates"), at: "value", text: `${thrown.message}; certificates in PEM` });
  }
  return alone;
}

function checkTimes(chain: readonly CertificateFacts[], path: Path, { world, found: { warnings } }: Context): void {
  const now = world.now();
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  for (const { subject, notBefore, notAfter } of chain) {
    const warn = (text: string) =>
      warnings.push({ path, at: "value", text: `${text} (${subject}); a current certificate` });
    if (notAfter <= now) warn(`expired on ${day(notAfter)}`);
    else if (notBefore > now) warn(`is not valid before ${day(notBefore)}`);
    else if (notAfter - now < warnDays * dayMs) warn(`expires on ${day(notAfter)}`);
  }
}

/** Each service's methods and ciphers, with the keys that it serves with. */
function checkServices(
  config: Config,
  { world: { engine }, found, ready }: Context & { ready: ReadonlyMap<string, ReadyProfile> },
): void {
  const known = (names: readonly string[]): NamedKey[] =>
    [...new Set(names)].flatMap((name) => {
      const profile = ready.get(name);
      return profile === undefined ? [] : { name, key: profile.facts.key };
    });
  const served = {
    gui_https: known(config.admin.address === null ? [] : config.admin.certificate),
    inbound_smtp: known(config.listeners.flatMap((listener) => listener.certificate)),
    outbound_smtp: known(destinationCertificates(config)),
    other_client_services: [],
  } satisfies Record<TlsService, NamedKey[]>;
  const names = Object.keys(served) as TlsService[];
  const failed = new Set<string>();
  for (const service of names) {
    const profile = config.tls[service];
    // These ciphers are outbound SMTP's: a fault in them is told there.
    const borrowed = service === "other_client_services";
    if (borrowed && failed.has("outbound_smtp")) continue;
    try {
      for (const text of profileWarnings(engine, profile, served[service])) {
        const key = /^TLSv1\.\d is enabled/.test(text) ? "methods" : "ciphers";
        if (borrowed && key === "ciphers") continue;
        found.warnings.push({ path: ["tls", service, key], at: "value", text: `${text}; other methods or ciphers` });
      }
    } catch (thrown) {
      if (!(thrown instanceof TlsSetupError)) throw thrown;
      failed.add(service);
      const key = borrowed || thrown.part === "methods" ? "methods" : "ciphers";
      const right = key === "methods"
        ? "methods that the ciphers can serve"
        : "an OpenSSL cipher string that selects some";
      found.errors.push({ path: ["tls", service, key], at: "value", text: `${thrown.message}; ${right}` });
    }
  }
}

/** Passwords that we show to servers. */
async function checkPasswords({ services: { ldap } }: Config, { errors }: Findings): Promise<void> {
  for (const { name, bind } of ldap.values()) {
    if (bind.kind !== "simple") continue;
    try {
      await readSecretFile(bind.passwordFile);
    } catch (thrown) {
      const text = `${causeOf(thrown)}; a file with the password in its first line`;
      errors.push({ path: ["services", "ldap", name, "password_file"], at: "value", text });
    }
  }
}

/** Each file on its own, so that the one at fault is named. */
async function checkTrust(config: Config, { world: { engine, now }, found }: Context): Promise<void> {
  const { certificate_authorities: { system, custom, crls }, admin: { client_ca } } = config;
  const check = async (path: Path, { file, kind }: { file: string; kind: "authorities" | "crl" }) => {
    const right = kind === "authorities" ? "authorities in PEM" : "a revocation list in PEM or DER";
    try {
      const bytes = await readBounded(file);
      const trust: TrustAnchors = kind === "authorities"
        ? { bundles: [new TextDecoder().decode(bytes)], crls: [], generation: 0 }
        : { bundles: [], crls: [bytes], generation: 0 };
      if (engine.inspectTrust === undefined) {
        engine.clientContext({ profile: config.tls.outbound_smtp, trust })[Symbol.dispose]();
      } else {
        for (const { issuer, until } of engine.inspectTrust(trust).crls) {
          if (until === undefined || until > now()) continue;
          const text = `is out of date since ${new Date(until).toISOString().slice(0, 10)} (${issuer}); a newer list`;
          found.warnings.push({ path, at: "value", text });
        }
      }
    } catch (thrown) {
      found.errors.push({ path, at: "value", text: `${causeOf(thrown)}; ${right}` });
    }
  };
  const list = "certificate_authorities";
  for (const [index, file] of custom.entries()) await check([list, "custom", index], { file, kind: "authorities" });
  // What comes from a URL is proven when it comes; a configuration does not wait for it.
  for (const [index, file] of crls.entries()) {
    if (!isUrl(file)) await check([list, "crls", index], { file, kind: "crl" });
  }
  if (client_ca !== null) await check(["admin", "client_ca"], { file: client_ca, kind: "authorities" });
  if (system && found.errors.length === 0 && (await loadTrust(config)).systemList === null) {
    const text =
      "no list of the system was found, so no server can be verified; the package ca-certificates, or SSL_CERT_FILE";
    found.warnings.push({ path: ["certificate_authorities", "system"], at: "value", text });
  }
}
