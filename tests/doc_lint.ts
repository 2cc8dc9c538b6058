/**
 * `deno doc --lint` over every file of `src/`: each exported symbol has a docstring and an explicit type.
 *
 * @module
 */
import { filesBelow, root } from "./tidy/tree.ts";

const files = [...filesBelow("src"), "main.ts"];
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", "--quiet", ...files],
  cwd: root,
  stdin: "null",
  stdout: "null",
}).output().then((output) => {
  Deno.stderr.writeSync(output.stderr);
  return output;
});
Deno.exit(code);
