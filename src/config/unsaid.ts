/**
 * What holds where the file says nothing: the default of a key, or what it takes over from elsewhere in the file.
 *
 * Mail flow policies, destinations and bounce profiles take what they leave out from the one that is called `default`, and that from what is built in;
 * names of hosts come from `hostname`, and that from the machine.
 *
 * @module
 */
import type { Path } from "./faults.ts";
import { type AnySchema, defaultAt, valueAt } from "./issues.ts";
import { configSchema } from "./schema.ts";
import { bounceBuiltin, destinationBuiltin, policyBuiltin } from "./schema_mail.ts";

/** What is built in below each `default` that others take from. */
const families: readonly { root: string; others: Path; builtin: Readonly<Record<string, unknown>> }[] = [
  { root: "mail_flow_policies", others: ["mail_flow_policies"], builtin: policyBuiltin },
  { root: "destination_controls", others: ["destination_controls", "domains"], builtin: destinationBuiltin },
  { root: "bounce_profiles", others: ["bounce_profiles"], builtin: bounceBuiltin },
];

/** The value of a path that `root`, which is what the file says, leaves out; `undefined` where nothing holds. `hostname`: the machine's. */
export function unsaidValue(path: Path, { root, hostname }: { root: unknown; hostname: string }): unknown {
  // null is a value: no certificate is shown.
  for (const value of [inherited(path, root), named(path, { root, hostname })]) if (value !== undefined) return value;
  return defaultAt(configSchema as AnySchema, path);
}

function inherited(path: Path, root: unknown): unknown {
  const family = families.find((each) => each.root === path[0]);
  if (family === undefined) return undefined;
  const { root: section, others, builtin } = family;
  if (path.length === 2 && path[1] === "default") return builtin;
  const own = path.slice(0, -1);
  const key = String(path.at(-1));
  if (!Object.hasOwn(builtin, key)) return undefined;
  if (own.length === 2 && own[0] === section && own[1] === "default") return builtin[key];
  const member = own.length === others.length + 1 && others.every((part, at) => own[at] === part);
  if (!member || valueAt(root, own) === undefined) return undefined;
  const shared = valueAt(root, [section, "default", key]);
  return shared === undefined ? builtin[key] : shared;
}

function named(path: Path, { root, hostname }: { root: unknown; hostname: string }): unknown {
  const own = valueAt(root, ["hostname"]) ?? hostname;
  if (path.length === 1 && path[0] === "hostname") return hostname;
  if (path.length === 2 && path[0] === "alerts" && path[1] === "from") return `alert@${own}`;
  const [section, name, key] = path;
  if (
    path.length === 3 && section === "listeners" && key === "hostname" && valueAt(root, [section, name]) !== undefined
  ) {
    return own;
  }
  return undefined;
}
