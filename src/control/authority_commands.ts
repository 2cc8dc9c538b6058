/**
 * Commands about authorities that are trusted, and the sources of revocation lists: `certconfig authorities`, `certconfig crls add` and `remove`.
 *
 * @module
 */
import { dirname, relative, resolve } from "node:path";
import { octets } from "../base/octets.ts";
import { causeOf, printable } from "../base/text.ts";
import {
  type AuthoritiesFacts,
  authoritiesOf,
  type AuthorityFacts,
  bundleFolder,
  bundleNameOf,
  bundlePem,
  cleanBundleName,
  newBundle,
} from "../certs/authorities.ts";
import { CertificateFileError, writeAtomic } from "../certs/files.ts";
import { readTrustedList } from "../certs/inventory.ts";
import { makeFolder } from "../certs/kept.ts";
import type { Config } from "../config/config.ts";
import { faultText } from "../config/faults.ts";
import { valueAt } from "../config/issues.ts";
import { loadSource } from "../config/load.ts";
import type { Change } from "../config/plain.ts";
import { isUrl, parseSource } from "../config/sources.ts";
import { type Args, type Command, type CommandContext, CommandError } from "./commands.ts";
import { changeConfig } from "./config_ground.ts";
import type { FileGround } from "./file_commands.ts";
import { tellingOf } from "../base/told.ts";
import { tell } from "./texts.ts";

/** What `certconfig authorities list` gives. */
export interface AuthoritiesItem extends AuthoritiesFacts {
  /** Wall milliseconds. */
  now: number;
}

/** What a change gives. */
export interface AuthorityChange {
  /** A sentence. */
  done: string;
  /** It waits for `commit`. */
  staged: boolean;
  certificates?: AuthorityFacts[];
}

/** What `certconfig authorities export` gives; with a file, how many certificates went there. */
export type AuthorityExport = { pem: string } | { file: string; certificates: number };

/** What a command works on: the caller's candidate in the shell, else the file. */
interface Sight {
  config: Config;
  /** The entries of a list as they stand in the text. */
  written(key: "custom" | "crls"): unknown[];
}

/** See the module. */
export function authorityCommands(ground: FileGround): Command[] {
  const { clock, storage } = ground;
  const world = () => ({ engine: ground.engine().certificates });
  return [
    {
      name: "certconfig authorities list",
      async run(_args, context): Promise<AuthoritiesItem> {
        const { config } = await look(ground, context);
        return { now: clock.now(), ...await authoritiesOf(config, world()) };
      },
    },
    {
      name: "certconfig authorities add",
      async run(args, context): Promise<AuthorityChange> {
        const { name: what, content } = args.neededFile("file");
        const sight = await look(ground, context);
        const held = await authoritiesOf(sight.config, world());
        const name = nameFor(args, { what, held });
        const made = refusable(() => newBundle(content, { ...world(), what: printable(what), now: clock.now(), held }));
        const folder = bundleFolder(storage.directory);
        const path = `${folder}/${name}.pem`;
        makeFolder(folder);
        await writeAtomic(path, made.pem);
        let staged: boolean;
        try {
          const near = relative(dirname(resolve(ground.file)), path);
          const change = appended("custom", { sight, entry: near.startsWith("..") ? path : near });
          const comment = `certconfig authorities add ${name}`;
          ({ staged } = await changeConfig(ground, { changes: [change], comment, context }));
        } catch (thrown) {
          // Nothing refers to it: a name that is taken was refused before.
          await Deno.remove(path).catch(() => {});
          throw thrown;
        }
        for (const warning of made.warnings) context.warn(warning);
        const count = made.certificates.length;
        const done = `The bundle ${name} with ${count} ${count === 1 ? "certificate" : "certificates"} is trusted`;
        return { done, staged, certificates: made.certificates };
      },
    },
    {
      name: "certconfig authorities remove",
      async run(args, context): Promise<AuthorityChange> {
        const sight = await look(ground, context);
        const { file, name, ours, index } = await bundleNamed(args.needed("name"), { sight, engine: world().engine });
        const change: Change = { path: ["certificate_authorities", "custom", index] };
        const comment = `certconfig authorities remove ${name}`;
        const { staged } = await changeConfig(ground, { changes: [change], comment, context });
        // What a commit may bring back stays.
        if (ours && !staged) await Deno.remove(file).catch(() => {});
        const left = ours ? "" : `; its file ${printable(file)} is left as it is`;
        return { done: `The bundle ${name} is trusted no more${left}`, staged };
      },
    },
    {
      name: "certconfig authorities export",
      async run(args, context): Promise<AuthorityExport> {
        const sight = await look(ground, context);
        const wanted = args.text("name");
        const pem = await pemOf(wanted, { sight, engine: world().engine });
        if (args.text("out") === undefined) return { pem };
        context.save("out", octets(pem));
        return { file: args.needed("out"), certificates: pem.split("-----BEGIN CERTIFICATE-----").length - 1 };
      },
    },
    {
      name: "certconfig authorities system",
      async run(args, context): Promise<AuthorityChange> {
        const word = args.needed("state");
        if (word !== "on" && word !== "off") {
          throw new CommandError(`Cannot use ${printable(word)}: the system's list is on or off`);
        }
        const value = word === "on";
        await look(ground, context);
        const change: Change = { path: ["certificate_authorities", "system"], value };
        const comment = `certconfig authorities system ${word}`;
        const { staged } = await changeConfig(ground, { changes: [change], comment, context });
        return { done: `The system's list is ${value ? "trusted" : "not trusted"}`, staged };
      },
    },
    {
      name: "certconfig crls add",
      async run(args, context): Promise<AuthorityChange> {
        const sight = await look(ground, context);
        const source = sourceOf(args.needed("source"));
        const absolute = absoluteOf(source, ground);
        if (sight.config.certificate_authorities.crls.includes(absolute)) {
          throw new CommandError(tell("fault.crl.there", { source: printable(source) }));
        }
        const change = appended("crls", { sight, entry: source });
        const { staged } = await changeConfig(ground, { changes: [change], comment: "certconfig crls add", context });
        const then = isUrl(source) ? "; it is fetched in the background" : "";
        return { done: `Certificates are held against ${printable(source)}${then}`, staged };
      },
    },
    {
      name: "certconfig crls remove",
      async run(args, context): Promise<AuthorityChange> {
        const sight = await look(ground, context);
        const source = sourceOf(args.needed("source"));
        const index = sight.config.certificate_authorities.crls.indexOf(absoluteOf(source, ground));
        if (index < 0) {
          throw new CommandError(tell("fault.crl.not_there", { source: printable(source) }));
        }
        const change: Change = { path: ["certificate_authorities", "crls", index] };
        const { staged } = await changeConfig(ground, {
          changes: [change],
          comment: "certconfig crls remove",
          context,
        });
        return { done: `Certificates are not held against ${printable(source)} any more`, staged };
      },
    },
  ];
}

async function look({ file, hostname, staging }: FileGround, { caller }: CommandContext): Promise<Sight> {
  const { text } = await staging.source(caller.stages ? caller.name : undefined);
  const loaded = await loadSource(text, { file, hostname, generation: 1, texts: staging.texts });
  if (!loaded.ok) throw new CommandError(faultText(loaded.errors[0]));
  const root = await staging.texts.run("plain", { text });
  return {
    config: loaded.config,
    written(key) {
      const list = valueAt(root, ["certificate_authorities", key]);
      return Array.isArray(list) ? list : [];
    },
  };
}

/** One entry more at the end of a list, which may not be there yet. */
function appended(key: "custom" | "crls", { sight, entry }: { sight: Sight; entry: string }): Change {
  const list = sight.written(key);
  return list.length === 0
    ? { path: ["certificate_authorities", key], value: [entry] }
    : { path: ["certificate_authorities", key, list.length], value: entry };
}

function nameFor(args: Args, { what, held }: { what: string; held: AuthoritiesFacts }): string {
  const given = args.text("name");
  const name = cleanBundleName(given ?? bundleNameOf(what));
  if (name === undefined) {
    throw new CommandError(
      given === undefined
        ? tell("fault.bundle.name", { what: printable(what) })
        : tell("fault.bundle.name_wrong", { name: printable(given) }),
    );
  }
  if (!held.bundles.some((bundle) => bundle.name === name)) return name;
  throw new CommandError(tell("fault.bundle.taken", { what: printable(what), name }));
}

/** By its name, or by its file where several have the name. */
async function bundleNamed(
  wanted: string,
  { sight, engine }: { sight: Sight; engine: Parameters<typeof bundlePem>[1]["engine"] },
): Promise<AuthoritiesFacts["bundles"][number] & { index: number }> {
  const { bundles } = await authoritiesOf(sight.config, { engine });
  const written = sight.written("custom");
  const found = bundles.flatMap((bundle, index) =>
    bundle.name === wanted || bundle.file === wanted || written[index] === wanted ? [{ ...bundle, index }] : []
  );
  if (found.length === 1) return found[0];
  const name = printable(wanted);
  const known = bundles.map((bundle) => printable(bundle.name)).join(", ");
  throw new CommandError(
    found.length > 1
      ? tell("fault.bundle.which", { name, files: found.map(({ file }) => printable(file)).join(", ") })
      : known === ""
      ? tell("fault.bundle.none", { name })
      : tell("fault.bundle.unknown", { name, known }),
  );
}

/** One bundle, the system's list, or all bundles. */
async function pemOf(
  wanted: string | undefined,
  { sight, engine }: { sight: Sight; engine: Parameters<typeof bundlePem>[1]["engine"] },
): Promise<string> {
  if (wanted === "system") {
    const list = await readTrustedList(sight.config);
    if (list === null) throw new CommandError(tell("fault.bundle.no_system"));
    return await bundlePem(list.path, { engine });
  }
  const files = wanted === undefined
    ? [...sight.config.certificate_authorities.custom]
    : [(await bundleNamed(wanted, { sight, engine })).file];
  if (files.length === 0) {
    throw new CommandError("Cannot export bundles: there are none; `export system` gives the system's list");
  }
  try {
    const pems = await Promise.all(files.map((file) => bundlePem(file, { engine })));
    return pems.join("");
  } catch (thrown) {
    throw new CommandError(causeOf(thrown));
  }
}

function sourceOf(word: string): string {
  const parsed = parseSource(word);
  if (parsed.ok) return parsed.value;
  throw new CommandError(tell("fault.crl.source", { what: parsed.what, right: parsed.right }));
}

function absoluteOf(source: string, { file }: FileGround): string {
  return isUrl(source) ? source : resolve(dirname(resolve(file)), source);
}

function refusable<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof CertificateFileError) throw new CommandError(tellingOf(thrown));
    throw thrown;
  }
}
