import assert from "node:assert/strict";

const main = new URL("../../main.ts", import.meta.url).pathname;

Deno.test("main: a command whose output nobody reads ends as by SIGPIPE, without a word", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, "hash-password"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  await child.stdout.cancel();
  // What it prints comes after what it reads, and so after nobody reads.
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("correct horse\n"));
  await writer.close();
  assert.deepEqual([(await child.status).code, await errors], [141, ""]);
});
