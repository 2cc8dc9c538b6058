/**
 * `postern tlsverify`: the words of the command line as a question to `src/deliver/probe.ts`.
 *
 * It reads the configuration and the certificates it names, and takes nothing: no lock, no queue. So it runs beside the gateway.
 *
 * @module
 */
import { causeOf, printable } from "../base/text.ts";
import { loadTrust, readOwnPair } from "../certs/inventory.ts";
import { parseAddress } from "../config/addresses.ts";
import type { Config, NextHop } from "../config/config.ts";
import { faultText } from "../config/faults.ts";
import { loadConfig } from "../config/load.ts";
import { parseDomain, parseDuration, parseHostPort } from "../config/values.ts";
import type { CommandArgs } from "../control/protocol.ts";
import { type Probe, probe } from "../deliver/probe.ts";
import { createResolver } from "../dns/resolver.ts";
import { machineAddresses } from "../net/machine.ts";
import { tcp } from "../net/tcp.ts";
import { systemUdp } from "../net/udp.ts";
import { literalAddress, routeOf } from "../policy/route.ts";
import type { KeyPair } from "../tls/engine.ts";
import { type Level, levelTable } from "../tls/level.ts";
import { startTls } from "../tls/pump.ts";
import type { HereWorld } from "./command.ts";
import { privateFolder } from "./private_folder.ts";

/** What the command gives. */
export interface TlsVerifyItem extends Probe {
  /** Every host that answered is verified, and one did. */
  verified: boolean;
  /** The profile whose certificate was shown to hosts that asked for one. */
  ownCertificate: string | null;
  /** The system's list of authorities, and the files of the configuration. */
  authorities: string[];
}

/** Words that cannot be understood. */
class Misused extends Error {
  override name = "Misused";
}

/** For one address, where the words say nothing. */
const usualTimeout = "30s";

/** Runs the command. */
export async function tlsVerifyHere(args: CommandArgs, world: HereWorld): Promise<0 | 1 | 2> {
  const { file, err, item, clock, random } = world;
  try {
    const [domain, host] = [args.target ?? []].flat().map(String);
    const question = {
      domain: domainOf(domain),
      host: host === undefined ? undefined : hostOf(host),
      level: levelOf(text(args, "level")),
      ms: timeOf(text(args, "timeout") ?? usualTimeout),
    };
    const loaded = await loadConfig(file, { hostname: world.hostname, generation: 1 });
    if (!loaded.ok) {
      for (const fault of loaded.errors) err(faultText(fault));
      return 2;
    }
    const { config } = loaded;
    await using folder = privateFolder();
    await folder.make(config.storage.directory);
    const engine = world.openEngine();
    const { anchors: trust, systemList } = await loadTrust(config, { engine });
    if (systemList === null) err("No list of the system's certificate authorities was found");
    const { certificate } = routeOf(question.domain, config);
    const keyPair = await ownPair(config, { certificate, err });
    using context = engine.clientContext({ profile: config.tls.outbound_smtp, keyPair, trust });
    const sockets = tcp(clock);
    const found = await probe({
      clock,
      random,
      dialer: sockets,
      startTls,
      resolver: createResolver({ clock, random, udp: systemUdp, tcp: sockets, settings: () => config.dns }),
      tls: () => ({ context, trustGeneration: trust.generation }),
      machineAddresses: machineAddresses(clock),
    }, { ...question, config });
    const answered = found.hosts.filter(({ met }) => met.kind !== "no_dialogue");
    const verified = answered.length > 0 && answered.every((one) => one.verified);
    const { custom } = config.certificate_authorities;
    item({
      ...found,
      verified,
      ownCertificate: keyPair === undefined ? null : certificate,
      authorities: [...systemList ? [systemList] : [], ...custom],
    });
    return verified ? 0 : answered.length > 0 ? 1 : 2;
  } catch (error) {
    if (!(error instanceof Misused)) throw error;
    err(error.message);
    return 2;
  }
}

/** What delivery would show. A pair that was never made is shown by nobody. */
async function ownPair(
  config: Config,
  { certificate, err }: { certificate: string | null; err: HereWorld["err"] },
): Promise<KeyPair | undefined> {
  if (certificate === null) return undefined;
  try {
    return await readOwnPair(config, certificate);
  } catch (error) {
    err(`The certificate ${certificate} is not shown: ${causeOf(error)}`);
    return undefined;
  }
}

function text(args: CommandArgs, name: string): string | undefined {
  const given = args[name];
  return typeof given === "string" ? given : undefined;
}

function domainOf(given: string): string {
  if (literalAddress(given) !== undefined) return given;
  const parsed = parseDomain(given);
  if (parsed.ok) return parsed.value;
  throw new Misused(`Cannot verify ${printable(given)}: it ${parsed.what}; ${parsed.right}`);
}

/** A host or an address; the port is 25 where it is left out. */
function hostOf(given: string): NextHop {
  const bare = parseAddress(given.replace(/^\[(.*)\]$/, "$1"));
  const whole = bare?.bits === 128
    ? `[${given.replace(/^\[(.*)\]$/, "$1")}]:25`
    : /:\d+$/.test(given)
    ? given
    : `${given}:25`;
  const parsed = parseHostPort(whole);
  if (parsed.ok && parsed.value.port > 0) return { host: parsed.value.host, port: parsed.value.port };
  const why = parsed.ok ? "has port 0; host:port" : `${parsed.what}; ${parsed.right}`;
  throw new Misused(`Cannot verify host ${printable(given)}: it ${why}`);
}

function levelOf(given: string | undefined): Level | undefined {
  if (given === undefined) return undefined;
  const known = levelTable.filter(({ tries }) => tries).map(({ name }) => name);
  const found = known.find((name) => name === given);
  if (found !== undefined) return found;
  throw new Misused(
    `Cannot verify --level ${printable(given)}: it is no level that tries TLS; one of ${known.join(", ")}`,
  );
}

function timeOf(given: string): number {
  const parsed = parseDuration(given);
  if (parsed.ok && parsed.value > 0 && parsed.value <= 600_000) return parsed.value;
  const why = parsed.ok ? "is out of bounds; 1s to 10m" : `${parsed.what}; ${parsed.right}`;
  throw new Misused(`Cannot verify --timeout ${printable(given)}: it ${why}`);
}
