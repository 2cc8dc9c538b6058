/**
 * Configurations that are shipped: whole files to begin with. They lie in `config/presets`, and in the binary.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import { nearest } from "../../config/faults.ts";
import type { CommandArgs } from "../../control/protocol.ts";
import type { CliCommand, HereWorld } from "../command.ts";

/** One of them. */
export interface Preset {
  name: string;
  /** The first line of its remarks. */
  about: string;
  /** The whole file, where it was asked for by name. */
  source?: string;
}

// deno-fmt-ignore
/** A compiled program finds files by literal addresses alone. */
const files: Readonly<Record<string, URL>> = {
  "modern":       new URL("../../../config/presets/modern.yaml", import.meta.url),
  "compatible":   new URL("../../../config/presets/compatible.yaml", import.meta.url),
  "asyncos-15.5": new URL("../../../config/presets/asyncos-15.5.yaml", import.meta.url),
};

/** See the module. */
export const presetCommands: readonly CliCommand[] = [
  {
    name: "presets",
    usage: "[NAME]",
    summary: "list configurations to begin with, or print one",
    operands: { name: "name", min: 0, max: 1 },
    details: ["  NAME  prints the whole file: postern presets modern > config.yaml"],
    here: presetsHere,
    view: ({ name, about, source }: Preset) => source === undefined ? `${name.padEnd(12)}  ${about}` : source.trimEnd(),
  },
];

async function presetsHere({ name }: CommandArgs, { item, err }: HereWorld): Promise<0 | 1> {
  const names = Object.keys(files);
  if (typeof name === "string" && !names.includes(name)) {
    const meant = nearest(name, names);
    err(
      `Cannot print ${printable(name, 60)}: there is no such preset; ${
        meant === undefined ? `there are ${names.join(", ")}` : `did you mean ${meant}?`
      }`,
    );
    return 1;
  }
  for (const each of typeof name === "string" ? [name] : names) {
    const source = await Deno.readTextFile(files[each]);
    const about = /^# (.*)$/m.exec(source)?.[1] ?? "";
    item({ name: each, about, ...name === undefined ? {} : { source } } satisfies Preset);
  }
  return 0;
}
