/**
 * `postern trace`: the words of the command line as a question to `src/explain/trace.ts`.
 *
 * @module
 */
import { LineLog } from "../base/log.ts";
import { printable } from "../base/text.ts";
import type { Config } from "../config/config.ts";
import { faultText } from "../config/faults.ts";
import { loadConfig } from "../config/load.ts";
import { parseDomain } from "../config/values.ts";
import type { CommandArgs } from "../control/protocol.ts";
import { Directories } from "../directory/directories.ts";
import { dnsLists } from "../dns/lists.ts";
import { addressFamily } from "../dns/names.ts";
import type { Resolver } from "../dns/records.ts";
import { createResolver } from "../dns/resolver.ts";
import { reverseName } from "../dns/reverse.ts";
import { eventText, type MailEvent } from "../mail/events.ts";
import type { RecipientCheck } from "../mail/recipient_check.ts";
import { type Trace, trace, type TraceQuestion } from "../explain/trace.ts";
import { machineAddresses } from "../net/machine.ts";
import { tcp } from "../net/tcp.ts";
import { systemUdp } from "../net/udp.ts";
import { type Method, methods } from "../tls/method.ts";
import { type ClientLinks, clientLinks } from "./client_links.ts";
import type { HereWorld } from "./command.ts";

/** What the command gives. */
export interface TraceItem extends Trace {
  /** The configuration as the owner named it. */
  file: string;
}

/** What a list answers as a rule: RFC 5782 §2.1. */
const usualListing = "127.0.0.2";

/** Words that cannot be understood. */
class Misused extends Error {
  override name = "Misused";
}

/** Runs the command. */
export async function traceHere(args: CommandArgs, world: HereWorld): Promise<0 | 1 | 2> {
  const { file, err, item } = world;
  try {
    const client = clientOf(args);
    const loaded = await loadConfig(file, { hostname: world.hostname, generation: 1 });
    if (!loaded.ok) {
      for (const fault of loaded.errors) err(faultText(fault));
      return 2;
    }
    const { config, said: source } = loaded;
    const names = config.listeners.map(({ name }) => name);
    const listener = value(args, "listener") ?? names[0];
    if (listener === undefined) throw new Misused(`Cannot trace through ${file}: it has no listener`);
    if (!names.includes(listener)) {
      throw new Misused(`Cannot trace through listener ${printable(listener)}: there are ${names.join(", ")}`);
    }
    const { clock, random } = world;
    const resolver = args["no-dns"] === true
      ? undefined
      : createResolver({ clock, random, udp: systemUdp, tcp: tcp(clock), settings: () => config.dns });
    const { name, from: nameFrom } = await nameOf(args, {
      resolver,
      lookUp: (resolver) => reverseName(client.address, { resolver, clock, ms: config.dns.timeout }),
    });
    const listed = listedOf(args);
    const ask = resolver === undefined
      ? (_address: string, zones: readonly string[]) => Promise.resolve(new Map(zones.map((zone) => [zone, []])))
      : dnsLists({ resolver, clock, ms: () => config.dns.timeout, report: ({ text }) => err(text) });
    await using directories = directoriesOf(config, world);
    const traced = await trace({
      config,
      source,
      listener,
      client: { ...client, name },
      nameFrom,
      tlsHeader: args["tls-header"] === true,
      async lists(address, zones) {
        const answers = await ask(address, zones.filter((zone) => !listed.has(zone)));
        return new Map([...answers, ...[...listed].filter(([zone]) => zones.includes(zone))]);
      },
      recipients: args["no-ldap"] === true ? unasked : world.recipients ?? directories,
      clock,
      random,
      resolver,
      machine: machineAddresses(clock)(),
    });
    item({ file, ...traced });
    return traced.verdict.accepted ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Misused)) throw error;
    err(error.message);
    return 2;
  }
}

/** Where no directory is to be asked. */
const unasked: RecipientCheck = {
  check: ({ service }) => Promise.resolve({ kind: "known", by: service, detail: "not asked, taken for known" }),
};

/** The directories of the file, over connections that are made when the first one is asked. */
function directoriesOf(config: Config, world: HereWorld): RecipientCheck & AsyncDisposable {
  let open: Promise<{ links: ClientLinks; directories: Directories }> | undefined;
  const begin = async () => {
    const certificates = [...config.services.ldap.values()].map(({ certificate }) => certificate);
    const links = await clientLinks(config, { certificates, world });
    // The trace itself says what came of it.
    const log = new LineLog<MailEvent>({
      level: "info",
      format: "text",
      render: eventText,
      now: world.clock.now,
      sinks: [],
    });
    return { links, directories: new Directories({ ...links.world, log }, () => config) };
  };
  return {
    async check(question) {
      const { directories } = await (open ??= begin());
      return await directories.check(question);
    },
    async [Symbol.asyncDispose]() {
      if (open === undefined) return;
      const { links, directories } = await open;
      directories[Symbol.dispose]();
      await links[Symbol.asyncDispose]();
    },
  };
}

function clientOf(args: CommandArgs): Omit<TraceQuestion["client"], "name"> {
  const address = value(args, "ip");
  if (address === undefined) throw new Misused("Cannot trace: --ip ADDRESS is missing, the client's address");
  if (addressFamily(address) === 0) {
    throw new Misused(`Cannot trace ${printable(address)}: it is no IP address; --ip 192.0.2.1`);
  }
  const to = args.to === undefined ? [] : [args.to].flat().map((word) => path("to", `${word}`));
  if (to.includes("")) throw new Misused("Cannot trace --to: it is empty");
  const from = value(args, "from") ?? (to.length > 0 ? "" : undefined);
  return {
    address,
    helo: word(args, "helo"),
    tls: method(value(args, "tls")),
    certificate: certificateOf(args),
    requireTls: args.requiretls === true,
    auth: userOf(value(args, "auth")),
    from: from === undefined ? undefined : path("from", from),
    to,
  };
}

function userOf(given: string | undefined): string | undefined {
  // deno-lint-ignore no-control-regex
  if (given === undefined || /^[^\x00-\x1f\x7f]{1,255}$/.test(given)) return given;
  throw new Misused(`Cannot trace --auth ${printable(given)}: it is no user's name`);
}

function certificateOf(args: CommandArgs): TraceQuestion["client"]["certificate"] {
  const [good, bad] = [word(args, "certificate"), word(args, "unverified-certificate")];
  if (good !== undefined && bad !== undefined) {
    throw new Misused("Cannot trace: --certificate and --unverified-certificate exclude each other");
  }
  const name = good ?? bad;
  return name === undefined ? undefined : { name, verified: good !== undefined };
}

/** What lists are taken to answer by the words: `ZONE`, or `ZONE=127.0.0.4`. */
function listedOf(args: CommandArgs): Map<string, string[]> {
  const listed = new Map<string, string[]>();
  for (const given of args.listed === undefined ? [] : [args.listed].flat().map(String)) {
    const [, zone, answer = usualListing] = /^([^=]*)(?:=(.*))?$/s.exec(given)!;
    const parsed = parseDomain(zone);
    if (!parsed.ok || !/^127\./.test(answer) || addressFamily(answer) !== 4) {
      throw new Misused(`Cannot trace --listed ${printable(given)}: it is no DNS list; ZONE, or ZONE=127.0.0.4`);
    }
    listed.set(parsed.value, [...listed.get(parsed.value) ?? [], answer]);
  }
  return listed;
}

/** The client's name, given or looked up, and how it is known. */
async function nameOf(
  args: CommandArgs,
  { resolver, lookUp }: {
    resolver: Resolver | undefined;
    lookUp: (resolver: Resolver) => ReturnType<typeof reverseName>;
  },
): Promise<{ name: TraceQuestion["client"]["name"]; from: string }> {
  const [host, unverified] = [hostName(args, "host"), hostName(args, "unverified-host")];
  if (host !== undefined && unverified !== undefined) {
    throw new Misused("Cannot trace: --host and --unverified-host exclude each other");
  }
  if (host !== undefined) return { name: { host, verified: true }, from: "as given" };
  if (unverified !== undefined) return { name: { host: unverified, verified: false }, from: "as given" };
  if (resolver === undefined) return { name: { host: undefined, verified: false }, from: "the DNS is not asked" };
  const { host: found, verified, failed } = await lookUp(resolver);
  return { name: { host: found, verified, failed }, from: failed ? "the DNS gives no answer" : "as the DNS says" };
}

function value(args: CommandArgs, name: string): string | undefined {
  const given = args[name];
  return typeof given === "string" ? given : undefined;
}

/** A word that a client may say in a command line. */
function word(args: CommandArgs, name: string): string | undefined {
  const given = value(args, name);
  if (given === undefined || /^[\x21-\x7e]{1,255}$/.test(given)) return given;
  throw new Misused(`Cannot trace --${name} ${printable(given)}: it is no name`);
}

function hostName(args: CommandArgs, name: string): string | undefined {
  const given = value(args, name);
  const parsed = given === undefined ? undefined : parseDomain(given);
  if (parsed?.ok === false) {
    throw new Misused(`Cannot trace --${name} ${printable(given!)}: it ${parsed.what}; ${parsed.right}`);
  }
  return parsed?.value;
}

/** An address as it stands between `<` and `>`, which may be given along. What is wrong with it is the session's to say. */
function path(name: string, given: string): string {
  const bare = /^<.*>$/.test(given) ? given.slice(1, -1) : given;
  // deno-lint-ignore no-control-regex
  if (!/[\x00-\x1f\x7f<>]/.test(bare) && bare.length <= 1_000) return bare;
  throw new Misused(`Cannot trace --${name} ${printable(given)}: it is no mail address`);
}

function method(given: string | undefined): Method | undefined {
  if (given === undefined) return undefined;
  const found = methods.find((name) => name.toLowerCase() === given.toLowerCase() || name === `TLSv${given}`);
  if (found !== undefined) return found;
  throw new Misused(`Cannot trace --tls ${printable(given)}: it is no version; one of ${methods.join(", ")}`);
}
