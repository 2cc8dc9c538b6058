/**
 * `postern sslconfig`, as far as it is done here: `verify` reads the file, and the guide of the shell asks its way to `set`.
 *
 * @module
 */
import { causeOf, printable } from "../base/text.ts";
import { readPair } from "../certs/inventory.ts";
import type { Config } from "../config/config.ts";
import { faultText } from "../config/faults.ts";
import { loadConfig } from "../config/load.ts";
import { methodMenuText, parseMethods, parseService, type ServiceRow, serviceTable } from "../config/ssl_settings.ts";
import type { CommandArgs } from "../control/protocol.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { methods as allMethods } from "../tls/method.ts";
import { type NamedKey, type Selection, selectionOf } from "../tls/selection.ts";
import type { HereWorld } from "./command.ts";
import { privateFolder } from "./private_folder.ts";

/** What `sslconfig verify` gives. */
export type SslVerifyItem = Selection;

/** Tells what a cipher string comes to. Exit code 1: it selects nothing, or what was named is not there. */
export async function verifyHere(args: CommandArgs, world: HereWorld): Promise<0 | 1> {
  const { err, item } = world;
  const refuse = (text: string) => {
    err(printable(text, 4000));
    return 1 as const;
  };
  const methods = text(args, "methods");
  const parsed = methods === undefined ? undefined : parseMethods(methods);
  if (parsed?.ok === false) {
    return refuse(`Cannot use --methods ${printable(methods!, 60)}: it ${parsed.what}; ${parsed.right}`);
  }
  const service = text(args, "service");
  const named = service === undefined ? undefined : parseService(service);
  if (named?.ok === false) return refuse(`Cannot use --service ${service}: it ${named.what}; ${named.right}`);
  const certificate = text(args, "certificate");
  const needed = certificate !== undefined || named !== undefined;
  const config = needed ? await configIn(world) : await configIfSound(world);
  if (needed && config === undefined) return 1;
  if (certificate !== undefined && config?.certificates.has(certificate) !== true) {
    const known = [...config?.certificates.keys() ?? []].join(", ");
    return refuse(`Cannot use --certificate ${certificate}: no profile has this name; there are ${known}`);
  }
  const profile = named === undefined || config === undefined ? undefined : config.tls[named.value.key];
  const ciphers = text(args, "ciphers") ?? profile?.ciphers;
  if (ciphers === undefined) return refuse("Cannot verify ciphers: no string was given; a string, or --service");
  await using folder = privateFolder();
  await folder.make(config?.storage.directory ?? ".");
  const engine = world.openEngine();
  const keys = config === undefined ? [] : await keysOf(config, { certificate, engine, err });
  try {
    item(
      selectionOf(engine, {
        ciphers,
        methods: parsed?.value ?? profile?.methods ?? allMethods,
        keys,
      }) satisfies SslVerifyItem,
    );
    return 0;
  } catch (error) {
    if (error instanceof TlsSetupError) return refuse(error.message);
    throw error;
  }
}

/** The keys of a profile, or of all. One that cannot be read is told and left out. */
async function keysOf(
  config: Config,
  { certificate, engine, err }: Pick<HereWorld, "err"> & {
    certificate: string | undefined;
    engine: ReturnType<HereWorld["openEngine"]>;
  },
): Promise<NamedKey[]> {
  const keys: NamedKey[] = [];
  for (const profile of config.certificates.values()) {
    const { name } = profile;
    if (certificate !== undefined && name !== certificate) continue;
    if (profile.self_signed) {
      // What is made for them, whether it was made already or not: `certs/self_signed.ts`.
      keys.push({ name, key: "RSA 2048" }, { name, key: "EC P-256" });
      continue;
    }
    try {
      const [{ key }] = engine.inspect(await readPair(profile));
      keys.push({ name, key });
    } catch (error) {
      err(`Warning: the certificate ${name} is left out: ${causeOf(error)}`);
    }
  }
  return keys;
}

/** The configuration; with faults, which are told, there is none. */
async function configIn({ file, hostname, err }: HereWorld): Promise<Config | undefined> {
  const loaded = await loadConfig(file, { hostname, generation: 1 });
  if (loaded.ok) return loaded.config;
  for (const fault of loaded.errors) err(faultText(fault));
  return undefined;
}

/** The configuration for a question that makes sense without one. */
async function configIfSound({ file, hostname, err }: HereWorld): Promise<Config | undefined> {
  const loaded = await loadConfig(file, { hostname, generation: 1 });
  if (loaded.ok) return loaded.config;
  err(`Warning: no certificates are looked at, since ${file} cannot be used: postern check tells why`);
  return undefined;
}

/** Asks for service, methods, ciphers and renegotiation, shows what is there, and calls `sslconfig set`. Empty answers leave as it is. */
export async function guideHere(args: CommandArgs, world: HereWorld): Promise<0 | 1 | 2> {
  const { askLine: ask, call, err } = world;
  if (ask === undefined || call === undefined) {
    err("Cannot guide here: postern cli does; postern sslconfig --help lists the commands");
    return 2;
  }
  const shown = await call("sslconfig show", args);
  if (shown !== 0) return shown;
  const service = await asked(world, {
    prompt: `Service to change (${serviceTable.map(({ name }) => name).join(", ")}) []> `,
    parse: parseService,
  });
  if (service === undefined) return 0;
  const wish = await wishFor(service, world, ask);
  if (wish === null) return 0;
  if (Object.keys(wish).length === 0) {
    err("Nothing is to be changed");
    return 0;
  }
  return await call("sslconfig set", { service: service.name, ...wish });
}

/** The answers as words of `sslconfig set`; null where the input ended. */
async function wishFor(
  service: ServiceRow,
  world: HereWorld,
  ask: NonNullable<HereWorld["askLine"]>,
): Promise<Record<string, string> | null> {
  const wish: Record<string, string> = {};
  world.err(methodMenuText);
  let ended = false;
  const methods = await asked(world, {
    prompt: "Methods, as in 2, 1-3 or 1,2,3 [no change]> ",
    parse: (answer) => {
      const parsed = parseMethods(answer);
      return parsed.ok ? { ok: true, value: answer } : parsed;
    },
    end: () => ended = true,
  });
  if (methods !== undefined) wish.methods = methods;
  if (!ended && service.ciphers) {
    const ciphers = await ask("Ciphers for TLS 1.2 and below [no change]> ");
    if (ciphers === null) ended = true;
    else if (ciphers.trim() !== "") wish.ciphers = ciphers.trim();
  }
  if (!ended && service.renegotiation) {
    const renegotiation = await asked(world, {
      prompt: "Renegotiation, on or off [no change]> ",
      parse: (answer) =>
        answer === "on" || answer === "off"
          ? { ok: true, value: answer }
          : { ok: false, what: "is neither", right: "on or off" },
      end: () => ended = true,
    });
    if (renegotiation !== undefined) wish.renegotiation = renegotiation;
  }
  return ended ? null : wish;
}

type Answered<T> = { ok: true; value: T } | { ok: false; what: string; right: string };

/** Asks until the answer makes sense; nothing for an empty one, and where the input ends. */
async function asked<T>(
  { askLine, err }: HereWorld,
  { prompt, parse, end }: { prompt: string; parse: (answer: string) => Answered<T>; end?: () => void },
): Promise<T | undefined> {
  for (;;) {
    const answer = await askLine!(prompt);
    if (answer === null) {
      end?.();
      return undefined;
    }
    if (answer.trim() === "") return undefined;
    const parsed = parse(answer.trim());
    if (parsed.ok) return parsed.value;
    err(`${printable(answer.trim(), 60)} ${parsed.what}; ${parsed.right}`);
  }
}

function text(args: CommandArgs, name: string): string | undefined {
  const given = args[name];
  return typeof given === "string" ? given : undefined;
}
