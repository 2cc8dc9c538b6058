/**
 * `certconfig assign` and `certconfig unassign`: which certificate a listener, delivery, a destination, the admin page or a service shows.
 *
 * What is expired, for another name or not made for the purpose is written and warned about, as `postern check` does; a profile that is not there, whose key
 * does not fit, or that no cipher of the service can use is refused.
 *
 * @module
 */
import { causeOf, printable } from "../base/text.ts";
import { readPair } from "../certs/inventory.ts";
import { assignmentChange, type AssignmentPlace, placeOf, type PlaceWord } from "../config/assignment.ts";
import type { Config } from "../config/config.ts";
import { nearest } from "../config/faults.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { selectionOf } from "../tls/selection.ts";
import { type Args, type Command, type CommandContext, CommandError } from "./commands.ts";
import { changeConfig } from "./config_ground.ts";
import { currentConfig } from "./current_config.ts";
import type { FileGround } from "./file_commands.ts";
import { tell } from "./texts.ts";

/** What both commands give. */
export interface AssignFacts {
  where: string;
  file: string;
  before: readonly string[];
  /** Empty: nothing is said there any more. */
  now: readonly string[];
  /** Whether it waits for `commit`; else it is written, and a gateway that runs serves with it. */
  state: "staged" | "in force" | "written";
}

/** See the module. */
export function assignCommands(ground: FileGround): Command[] {
  return [
    {
      name: "certconfig assign",
      async run(args, context): Promise<AssignFacts> {
        const name = args.needed("name");
        const { config, place } = await found(ground, { args, context, name });
        if (!config.certificates.has(name)) throw unknownProfile(name, config);
        await refuseUseless(ground, { config, place, name });
        const { list, names } = place;
        if (args.has("add") && !list) {
          throw new CommandError(tell("fault.assign.one", { name, place: place.where }));
        }
        const now = args.has("add") ? [...new Set([...names, name])] : [name];
        return await write(ground, { place, now, context, comment: `certconfig assign ${name}` });
      },
    },
    {
      name: "certconfig unassign",
      async run(args, context): Promise<AssignFacts> {
        const name = args.needed("name");
        const { place } = await found(ground, { args, context, name });
        if (!place.names.includes(name)) {
          const shown = place.names.length === 0 ? "none" : place.names.join(", ");
          throw new CommandError(
            tell("fault.assign.not_there", { name: printable(name, 60), place: place.where, shown }),
          );
        }
        const now = place.names.filter((each) => each !== name);
        return await write(ground, { place, now, context, comment: `certconfig unassign ${name}` });
      },
    },
  ];
}

const kinds = ["listener", "destination", "ldap", "syslog", "delivery", "https", "updater"] as const;

async function found(
  ground: FileGround,
  { args, context, name }: { args: Args; context: CommandContext; name: string },
): Promise<{ config: Config; place: AssignmentPlace }> {
  const what = `assign ${printable(name, 60)}`;
  const given = kinds.filter((kind) => args.has(kind));
  if (given.length !== 1) {
    const options = kinds.map((kind) => `--${kind}`).join(", ");
    throw new CommandError(
      `Cannot ${what}: ${given.length === 0 ? "no place is named" : "one place"}; one of ${options}`,
    );
  }
  const [kind] = given;
  const word: PlaceWord = kind === "delivery" || kind === "https" || kind === "updater"
    ? { kind }
    : { kind, name: args.needed(kind) };
  const config = await currentConfig(ground, { what, context });
  const { caller } = context;
  const { text } = await ground.staging.source(caller.stages ? caller.name : undefined);
  const place = placeOf(word, { config, root: await ground.staging.texts.run("plain", { text }) });
  if (place.ok) return { config, place: place.value };
  throw new CommandError(`Cannot ${what}: --${kind} ${place.what}; ${place.right}`);
}

function unknownProfile(name: string, { certificates }: Config): CommandError {
  const known = [...certificates.keys()];
  const meant = nearest(name, known);
  const shown = printable(name, 60);
  return new CommandError(
    meant === undefined
      ? tell("fault.assign.no_profile", { name: shown, known: known.join(", ") })
      : tell("fault.assign.misspelt", { name: shown, meant }),
  );
}

/** Refuses a key that no cipher of the service can use. Pairs that cannot be read are refused when the file is checked, at their place. */
async function refuseUseless(
  { engine }: FileGround,
  { config, place, name }: { config: Config; place: AssignmentPlace; name: string },
): Promise<void> {
  const profile = config.certificates.get(name);
  if (profile === undefined || profile.self_signed) return;
  try {
    const [{ key }] = engine().inspect(await readPair(profile));
    const { keys } = selectionOf(engine(), { ...config.tls[place.service], keys: [{ name, key }] });
    if (keys[0].methods.length > 0) return;
    const { where, service } = place;
    throw new CommandError(tell("fault.assign.useless", { name, place: where, service, key }));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof TlsSetupError) throw new CommandError(printable(error.message, 1000));
    throw new CommandError(`Cannot assign ${name}: ${causeOf(error)}`);
  }
}

async function write(
  ground: FileGround,
  { place, now, context, comment }: {
    place: AssignmentPlace;
    now: readonly string[];
    context: CommandContext;
    comment: string;
  },
): Promise<AssignFacts> {
  const written = ground.running ? "in force" : "written";
  const facts = { where: place.where, file: ground.file, before: place.names, now };
  if (now.join() === place.names.join()) return { ...facts, state: written };
  const changes = [assignmentChange(place, now)];
  const { staged } = await changeConfig(ground, { changes, comment: `${comment}: ${place.where}`, context });
  return { ...facts, state: staged ? "staged" : written };
}
