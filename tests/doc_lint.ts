/**
 * `deno doc --lint` over every file of `src/`: each exported symbol has a docstring and an explicit type.
 *
 * Deno asks for a docstring on each field and method too. There a docstring is written where the name leaves something
 * open, since one that repeats the name is noise (`clock: Clock`); so only what stands at the top of a file must have one.
 *
 * @module
 */
import { filesBelow, root, textOfFile } from "./tidy/tree.ts";

/** One finding as Deno prints it: `error[rule]: message`, then `--> path:line:column`. */
const finding = /^error\[([\w-]+)\]: (.*)\n\s*--> (.*):(\d+):\d+$/gm;

const { code, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...filesBelow("src"), "main.ts"],
  cwd: root,
  env: { NO_COLOR: "1" },
  stdin: "null",
  stdout: "null",
}).output();
const text = new TextDecoder().decode(stderr);

let found = 0;
let kept = 0;
for (const [, rule, message, file, line] of text.matchAll(finding)) {
  found++;
  const path = file.replace(root.pathname, "");
  const source = textOfFile(path) ?? "";
  const isMember = /^\s/.test(source.split("\n")[Number(line) - 1] ?? "");
  if (rule === "missing-jsdoc" && isMember) continue;
  // Texts of the pages: their keys are their type.
  if (rule === "missing-explicit-type" && path.startsWith("src/admin/pages/words/")) continue;
  // A type of a package is documented there; one of this file that is seen from outside is exported.
  const named = /private type '([^']+)'/.exec(message)?.[1];
  if (rule === "private-type-ref" && !new RegExp(`^(interface|type|class|enum) ${named}\\b`, "m").test(source)) {
    continue;
  }
  kept++;
  console.error(`${path}:${line}: ${message} (${rule})`);
}
if (code !== 0 && found === 0) {
  console.error(text.replace(/^Warning .*\n(?: {4}at .*\n)?/gm, ""));
  Deno.exit(code);
}
if (kept > 0) Deno.exit(1);
