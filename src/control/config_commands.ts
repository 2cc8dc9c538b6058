/**
 * The commands `config get`, `config set`, `config unset` and `showconfig`: `config.yaml` by its keys, from a script or by hand.
 *
 * In the shell they read and change the candidate of whoever sits there.
 *
 * @module
 */
import { readDocument } from "../config/document.ts";
import { type Path, pathText } from "../config/faults.ts";
import { valueAt } from "../config/issues.ts";
import { isSecretKey, maskPlain, maskWord } from "../config/mask.ts";
import { readPath } from "../config/path_text.ts";
import { unsaidValue } from "../config/unsaid.ts";
import { type Args, type Command, type CommandContext, CommandError } from "./commands.ts";
import { changeConfig, type ConfigChanged } from "./config_ground.ts";
import type { FileGround } from "./file_commands.ts";

/** What `config get` gives. */
export interface ConfigValue {
  path: string;
  value: unknown;
  /** The file says it; else it is the default. */
  set: boolean;
}

/** What `config set` and `config unset` give. */
export interface ConfigSet extends ConfigChanged {
  path: string;
  /** Without secrets; absent where it was taken out. */
  value?: unknown;
}

/** What `showconfig` gives. */
export interface ConfigText {
  file: string;
  text: string;
  /** It is the caller's candidate. */
  candidate: boolean;
}

/** See the module. */
export function configCommands(ground: FileGround): Command[] {
  const { staging, file } = ground;
  /** The text that the caller works on. */
  const current = async ({ caller }: CommandContext) =>
    (await staging.source(caller.stages ? caller.name : undefined)).text;
  const plain = async (context: CommandContext) => {
    try {
      return await staging.texts.run("plain", { text: await current(context) });
    } catch (error) {
      throw new CommandError((error as Error).message.replace("Cannot change config", `Cannot read ${file}`));
    }
  };
  return [
    {
      name: "config get",
      async run(args, context): Promise<ConfigValue> {
        const root = await plain(context);
        const path = pathOf(args, root);
        const shown = (value: unknown) =>
          args.has("secrets") ? value : isSecretKey(path.at(-1)) ? maskWord : maskPlain(value);
        const value = valueAt(root, path);
        if (value !== undefined) return { path: pathText(path), value: shown(value), set: true };
        const fallback = unsaidValue(path, { root, hostname: ground.hostname });
        if (fallback === undefined) throw new CommandError(`Cannot show ${pathText(path)}: the file does not say it`);
        return { path: pathText(path), value: fallback, set: false };
      },
    },
    {
      name: "config set",
      async run(args, context): Promise<ConfigSet> {
        const [, ...words] = args.list("path");
        if (words.length !== 1) {
          throw new CommandError("Cannot go on without a path and one value; quotes hold words together");
        }
        const path = pathOf(args, await plain(context));
        const value = valueOf(words[0]);
        const name = pathText(path);
        const comment = args.text("comment") ?? `config set ${name}`;
        const changed = await changeConfig(ground, { changes: [{ path, value }], comment, context });
        return { ...changed, path: name, value: isSecretKey(path.at(-1)) ? maskWord : maskPlain(value) };
      },
    },
    {
      name: "config unset",
      async run(args, context): Promise<ConfigSet> {
        const root = await plain(context);
        const path = pathOf(args, root);
        const name = pathText(path);
        if (valueAt(root, path) === undefined) {
          throw new CommandError(`Cannot take ${name} out: the file does not say it`);
        }
        const comment = args.text("comment") ?? `config unset ${name}`;
        return { ...await changeConfig(ground, { changes: [{ path }], comment, context }), path: name };
      },
    },
    {
      name: "showconfig",
      async run(args, context): Promise<ConfigText> {
        const text = await current(context);
        const shown = args.has("secrets") ? text : await staging.texts.run("mask", { text });
        if (shown === "" && text !== "") {
          throw new CommandError(`Cannot show ${file} without its secrets: it is no YAML; --secrets shows it as it is`);
        }
        const candidate = context.caller.stages && text !== (await staging.source()).text;
        return { file, text: shown, candidate };
      },
    },
  ];
}

function pathOf(args: Args, root: unknown): Path {
  const [text] = args.list("path");
  if (text === undefined) throw new CommandError("Cannot go on without a path, as in listeners.inbound.address");
  const read = readPath(text, root);
  if (!read.ok) throw new CommandError(`Cannot use the path ${text}: ${read.why}`);
  return read.path;
}

/** A value as it would stand behind the colon in the file. */
function valueOf(text: string): unknown {
  const { value, faults } = readDocument(text);
  if (faults.length === 0 && !text.trimStart().startsWith("#") && text.trim() !== "") return value;
  // `*` and the like mean something in YAML; whoever types them means the text.
  if (/^[^\n[\]{}]*$/.test(text) && text.trim() !== "") return text;
  throw new CommandError(
    `Cannot use the value: it ${faults[0]?.text ?? "is empty; '\"\"' for an empty text, null for none"}`,
  );
}
