import assert from "node:assert/strict";
import { gatewayConfig } from "../gateway/rig.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { postern } from "../support/postern.ts";

Deno.test("postern reload and stop reach the gateway by its file, and say when none runs", async () => {
  const config = (ports: Record<string, number>) => gatewayConfig({ inbound: ports.inbound, nextHop: 1 });
  await using gateway = await GatewayProcess.start({ ports: ["inbound"], config });
  const run = (...words: string[]) => postern(gateway, ...words);
  assert.deepEqual(await run("reload"), {
    code: 0,
    stdout: `The configuration ${gateway.configPath} is in force\n`,
    stderr: "",
  });
  await gateway.configure({ ...config(gateway.ports), hostname: 7 });
  const refused = await run("reload", "--json");
  assert.equal(refused.code, 1);
  assert.equal(refused.stdout, "");
  assert.match(
    refused.stderr,
    /config\.yaml:\d+:\d+: hostname: .*\nCannot apply .*: what was in force before still is\n$/s,
  );
  // Its file is still faulty, and the gateway is found all the same.
  assert.match((await run("stop")).stdout, /^The gateway \(process \d+\) is stopping\n$/);
  assert.equal((await gateway.ended(35_000)).code, 0, gateway.log);
  assert.deepEqual(await run("stop"), {
    code: 1,
    stdout: "",
    stderr: `Cannot run stop: no gateway is running on ${gateway.folder}/data\n`,
  });
  assert.equal((await run("fly")).code, 2);
});

Deno.test("postern cli takes commands from a pipe", async () => {
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: (ports) => gatewayConfig({ inbound: ports.inbound, nextHop: 1 }),
  });
  const { code, stdout } = await postern(gateway, { input: "# all of it\nhelp stop\nreload\nquit\nstop\n" }, "cli");
  assert.equal(code, 0);
  assert.match(stdout, /^usage: stop\n\nstop the gateway.*\nThe configuration .* is in force\n$/s);
});
