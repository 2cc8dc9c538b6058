import assert from "node:assert/strict";

Deno.test("Engine leaks nothing over 5,000 sessions of every kind and end, and an idle one holds little", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", new URL("leak_program.ts", import.meta.url).href],
    cwd: new URL("../..", import.meta.url),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { alive, grown, resident, idle } = JSON.parse(new TextDecoder().decode(stdout));
  assert.deepEqual(alive, { contexts: 0, sessions: 0 });
  // An SSL_SESSION that stays is about 700 bytes: 5,000 of them would be 3.5 MB.
  assert(grown < 1_000_000, `${grown} bytes of native memory stayed`);
  assert(resident < 30_000_000, `the process grew by ${resident} bytes`);
  assert(idle < 40_000, `an idle session holds ${idle} bytes`);
});
