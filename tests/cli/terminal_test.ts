import assert from "node:assert/strict";

const module = new URL("../../src/cli/terminal.ts", import.meta.url).href;

Deno.test("terminal: a command whose output nobody reads any more ends as by SIGPIPE, without a word", async () => {
  const program = `
    import { linesOf, terminal } from ${JSON.stringify(module)};
    for await (const _ of linesOf(Deno.stdin.readable)) terminal.out("x".repeat(1_000_000));
    terminal.err("it went on");`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", program],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  await child.stdout.cancel();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("go\n"));
  await writer.close();
  assert.deepEqual([(await child.status).code, await errors], [141, ""]);
});
