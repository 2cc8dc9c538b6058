/**
 * Whose work is in the binary, and under which licences: the text that `compile.sh` put together and embedded.
 *
 * @module
 */
import type { CommandArgs } from "../../control/protocol.ts";
import type { CliCommand, HereWorld } from "../command.ts";

/** What is printed. */
export interface Licences {
  text: string;
}

/** A compiled program finds files by literal addresses alone. */
const notices = new URL("../../../config/THIRD-PARTY-NOTICES", import.meta.url);

/** See the module. */
export const licenceCommands: readonly CliCommand[] = [
  {
    name: "licenses",
    usage: "",
    summary: "the works of others in this program, and their licences",
    here: licencesHere,
    view: ({ text }: Licences) => text.trimEnd(),
  },
];

async function licencesHere(_args: CommandArgs, { item, err }: HereWorld): Promise<0 | 1> {
  try {
    item({ text: await Deno.readTextFile(notices) } satisfies Licences);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    err("Cannot print licences: this runs from its sources, and compile.sh puts them together for the binary");
    return 1;
  }
}
