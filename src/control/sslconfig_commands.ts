/**
 * `sslconfig show` and `sslconfig set`: methods, ciphers and renegotiation of the services, in the file or in the caller's candidate.
 *
 * @module
 */
import { printable } from "../base/text.ts";
import {
  parseMethods,
  parseService,
  type ServiceRow,
  serviceTable,
  sslChanges,
  type SslDifference,
  type SslSettings,
  sslSettings,
  type SslWish,
} from "../config/ssl_settings.ts";
import { type TlsProfile, TlsSetupError } from "../tls/engine.ts";
import { selectionOf } from "../tls/selection.ts";
import { type Args, type Command, CommandError } from "./commands.ts";
import { changeConfig } from "./config_ground.ts";
import { currentConfig } from "./current_config.ts";
import type { FileGround } from "./file_commands.ts";

/** What `sslconfig set` gives. */
export interface SslSetFacts {
  service: ServiceRow["name"];
  file: string;
  /** Empty where everything was so already. */
  changed: SslDifference[];
  /** Whether it waits for `commit`; else it is written, and a gateway that runs serves with it. */
  state: "staged" | "in force" | "written";
}

/** See the module. */
export function sslconfigCommands(ground: FileGround): Command[] {
  return [{
    name: "sslconfig show",
    async *run(_args, context): AsyncGenerator<SslSettings> {
      yield* sslSettings(await currentConfig(ground, { what: "show the TLS settings", context }));
    },
  }, {
    name: "sslconfig set",
    async run(args, context): Promise<SslSetFacts> {
      const service = serviceOf(args.needed("service"));
      const wish = wishOf(args, service);
      const config = await currentConfig(ground, { what: `set TLS of ${service.name}`, context });
      const { differences: changed, changes } = sslChanges(config, { service, wish });
      const facts = { service: service.name, file: ground.file, changed };
      const written = ground.running ? "in force" : "written";
      if (changes.length === 0) return { ...facts, state: written };
      const { ciphers, methods } = { ...config.tls[service.key], ...wish };
      for (const text of weaknessesOf(ground, { ciphers, methods })) context.warn(`Warning: ${text}`);
      const comment = `sslconfig set ${service.name} ${changed.map(({ setting }) => setting).join(", ")}`;
      const { staged } = await changeConfig(ground, { changes, comment, context });
      return { ...facts, state: staged ? "staged" : written };
    },
  }];
}

function serviceOf(text: string): ServiceRow {
  const parsed = parseService(text);
  if (parsed.ok) return parsed.value;
  throw new CommandError(`Cannot set TLS of ${printable(text, 60)}: it ${parsed.what}; ${parsed.right}`);
}

function wishOf(args: Args, service: ServiceRow): SslWish {
  const wish: SslWish = {};
  const methods = args.text("methods");
  if (methods !== undefined) {
    const parsed = parseMethods(methods);
    if (!parsed.ok) {
      throw new CommandError(`Cannot use --methods ${printable(methods, 60)}: it ${parsed.what}; ${parsed.right}`);
    }
    wish.methods = parsed.value;
  }
  const ciphers = args.text("ciphers");
  if (ciphers !== undefined) {
    if (!service.ciphers) {
      throw new CommandError(`Cannot set the ciphers of ${service.name}: they are those of outbound`);
    }
    wish.ciphers = ciphers;
  }
  const renegotiation = args.text("renegotiation");
  if (renegotiation !== undefined) {
    if (!service.renegotiation) {
      const servers = serviceTable.filter((each) => each.renegotiation).map(({ name }) => name).join(" and ");
      throw new CommandError(`Cannot set renegotiation of ${service.name}: clients begin it, and ${servers} have some`);
    }
    if (renegotiation !== "on" && renegotiation !== "off") {
      throw new CommandError(`Cannot use --renegotiation ${printable(renegotiation, 60)}: it is on or off`);
    }
    wish.renegotiation = renegotiation === "on";
  }
  if (Object.keys(wish).length > 0) return wish;
  throw new CommandError(
    `Cannot set TLS of ${service.name}: nothing is to be set; --methods, --ciphers or --renegotiation`,
  );
}

/** What is weaker than it looks; what is no cipher string is refused before anything is written. */
function weaknessesOf({ engine }: FileGround, profile: Pick<TlsProfile, "ciphers" | "methods">): string[] {
  try {
    return selectionOf(engine(), { ...profile, keys: [] }).weaknesses;
  } catch (error) {
    if (error instanceof TlsSetupError) throw new CommandError(printable(error.message, 4000));
    throw error;
  }
}
