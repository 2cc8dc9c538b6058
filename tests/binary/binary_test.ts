/**
 * The compiled binary on its own: from an empty folder, among other users, as a service.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../gateway/rig.ts";
import { buildBinary } from "../support/binary.ts";
import { freePort, GatewayProcess, isListening, pause } from "../support/gateway_process.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { relayConfig } from "../support/relay.ts";
import { handshake } from "../support/s_client.ts";
import { packages } from "../tidy/layers.ts";

/** A relay and the blackhole that takes what it passes on. */
function withBlackhole(ports: Record<string, number>): Record<string, unknown> {
  const config = relayConfig({ inbound: ports.inbound, nextHop: ports.blackhole });
  const blackhole = {
    type: "blackhole",
    address: `127.0.0.1:${ports.blackhole}`,
    certificate: "demo",
    sender_groups: [{ name: "ALL", policy: "RELAYED" }],
  };
  return { ...config, listeners: { ...config.listeners as object, blackhole } };
}

/** Sends one message over STARTTLS and waits for its end. */
async function relayOne(gateway: GatewayProcess): Promise<void> {
  const from = gateway.log.length;
  const { code, stdout } = await runCommand("swaks", [
    ...["--server", "127.0.0.1", "--port", `${gateway.ports.inbound}`, "--tls"],
    ...["--from", "s@example.org", "--to", "a@example.test"],
  ]);
  assert.equal(code, 0, stdout);
  await gateway.logged(/Info: Message finished MID \d+ done\n/, { from });
}

/** Hardly any environment: no Deno on the PATH, no home, no TMPDIR. */
const bare = { PATH: "/nowhere", HOME: "/nonexistent", DENO_DIR: "/nonexistent" };

peerTest(["swaks"], "dist/postern relays a message from an empty folder, without Deno", async () => {
  const { path } = await buildBinary();
  await using gateway = await GatewayProcess.start({
    binary: path,
    env: bare,
    ports: ["inbound", "blackhole"],
    config: withBlackhole,
  });
  await relayOne(gateway);
  assert.deepEqual([...Deno.readDirSync(gateway.folder)].map(({ name }) => name).sort(), ["config.yaml", "data"]);
  assert.equal((await gateway.stop()).code, 0, gateway.log);
});

peerTest(
  ["swaks"],
  "dist/postern serves sessions in threads of its own, with TLS, from what it has embedded",
  async () => {
    const { path } = await buildBinary();
    await using gateway = await GatewayProcess.start({
      binary: path,
      env: bare,
      ports: ["inbound", "blackhole"],
      config: (ports) => ({ ...withBlackhole(ports), workers: 2 }),
    });
    const threads = [...Deno.readDirSync(`/proc/${gateway.pid}/task`)]
      .map(({ name }) => Deno.readTextFileSync(`/proc/${gateway.pid}/task/${name}/comm`).trim());
    assert.deepEqual(threads.filter((name) => name.startsWith("worker-")).sort(), ["worker-1", "worker-2"]);
    for (let message = 0; message < 4; message++) await relayOne(gateway);
    assert.doesNotMatch(gateway.log, / (?:Critical|Warning): /);
    assert.equal((await gateway.stop()).code, 0, gateway.log);
  },
);

Deno.test("dist/postern licenses prints the licence of every package in the bundle, as the file beside it has them", async () => {
  const { path, output } = await buildBinary();
  const { code, stdout, stderr } = await runCommand("env", ["-i", path, "licenses"]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd(), (await Deno.readTextFile(new URL("THIRD-PARTY-NOTICES", `file://${path}`))).trimEnd());
  const works = [...stdout.matchAll(/^(\S+) (\d\S*), ?.*\((.+)\)$|^(\S+) (\d\S*) \((.+)\)$/gm)].map((match) =>
    match[1] ?? match[4]
  );
  // Two of them are no packages: the runtime and OpenSSL.
  assert.equal(works.length, Number(/NOTICES: (\d+) packages/.exec(output)?.[1]) + 2);
  const named = Object.keys(packages).filter((name) => !name.startsWith("node:"));
  assert.deepEqual([...named, "Deno", "OpenSSL", "zod"].filter((name) => !works.includes(name)), []);
  // Each heading has a text of some length below it.
  for (const part of stdout.split(/^=+\n(?:\S+ \d.*\n)+=+\n/m).slice(1)) assert.ok(part.trim().length > 300, part);
});

peerTest(
  ["openssl"],
  "dist/postern opens PKCS#12 of old without a gateway: the outdated algorithms are embedded",
  async () => {
    const { path: binary } = await buildBinary();
    const folder = await Deno.makeTempDir();
    try {
      const configPath = `${folder}/config.yaml`;
      await Deno.writeTextFile(configPath, "version: 1\nstorage: { directory: ./data }\n");
      await Deno.writeTextFile(`${folder}/word`, "geheim");
      const { code, stderr } = await runCommand("sh", [
        "-c",
        `cd ${folder} && openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout k -out c -days 9 \
        -subj /CN=mx.test && openssl pkcs12 -export -legacy -inkey k -in c -name Post -passout file:word -out old.p12`,
      ]);
      assert.equal(code, 0, stderr);
      const run = (...words: string[]) => postern({ configPath }, { binary }, "certconfig", ...words);
      const password = ["--password-file", `${folder}/word`];
      const imported = await run("import", "old", "--pkcs12", `${folder}/old.p12`, ...password);
      assert.deepEqual([imported.code, imported.stdout.split(",")[0]], [0, "Certificate old was imported: CN=mx.test"]);
      assert.equal((await run("export", "old", "--pkcs12", `${folder}/new.p12`, ...password)).code, 0);
      const { stdout } = await runCommand("sh", [
        "-c",
        `cd ${folder} && openssl pkcs12 -in new.p12 -passin file:word -nodes -nocerts | openssl pkey; cat k`,
      ]);
      const [first, second] = stdout.match(/-----BEGIN[^]+?-----END.*\n/g) ?? [];
      assert.ok(first !== undefined && first === second, stdout);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

peerTest(
  ["swaks"],
  "dist/postern reaches itself over its control socket, and its files when it does not run",
  async () => {
    const { path: binary } = await buildBinary();
    await using gateway = await GatewayProcess.start({
      binary,
      env: bare,
      ports: ["inbound", "blackhole"],
      config: withBlackhole,
    });
    // It is opened just after the gateway listens.
    const path = `${gateway.folder}/data/control.sock`;
    await until("the control socket", () => Deno.lstat(path).then(() => true, () => false));
    const socket = await Deno.lstat(path);
    assert.deepEqual([socket.isSocket, socket.mode! & 0o777], [true, 0o600]);
    const run = (...words: string[]) => postern(gateway, { binary }, ...words);
    assert.equal((await run("suspend", "delivery")).stdout, "Delivery is suspended by the operator\n");
    const { code, stdout } = await runCommand("swaks", [
      ...["--server", "127.0.0.1", "--port", `${gateway.ports.inbound}`],
      ...["--from", "s@example.org", "--to", "a@example.test"],
    ]);
    assert.equal(code, 0, stdout);
    const waiting = / suspended +0 .*<s@example\.org> to <a@example\.test>\n1 shown; 1 message in the queue\n$/;
    assert.match((await run("queue", "list")).stdout, waiting);
    assert.equal((await run("stop")).code, 0);
    assert.equal((await gateway.ended(35_000)).code, 0, gateway.log);
    assert.match((await run("queue", "list")).stdout, waiting);
    assert.equal((await run("queue", "delete", "--all")).stdout, "1 recipient of 1 message deleted\n");
    assert.equal((await run("reload")).code, 1);
  },
);

peerTest(
  ["curl"],
  "dist/postern has embedded what is loaded late: pages, figures, searches in threads, presets",
  async () => {
    const { path: binary } = await buildBinary();
    await using gateway = await GatewayProcess.start({
      binary,
      env: bare,
      ports: ["inbound", "blackhole", "admin"],
      config: (ports) => ({ ...withBlackhole(ports), admin: { address: `127.0.0.1:${ports.admin}` } }),
    });
    const linkFile = `${gateway.folder}/data/run/setup-link`;
    await until("the set-up link", () => Deno.stat(linkFile).then(({ size }) => size > 0, () => false));
    const [, token] = /token=(\S+)/.exec(await Deno.readTextFile(linkFile)) ?? [];
    const jar = `${gateway.folder}/jar`;
    const ask = async (path: string, ...args: string[]) => {
      const { stdout, stderr } = await runCommand("curl", [
        ...["--silent", "--show-error", "--insecure", "--max-time", "30", "--cookie", jar, "--cookie-jar", jar],
        ...["--write-out", "\n%{http_code}", ...args, `https://127.0.0.1:${gateway.ports.admin}${path}`],
      ]);
      return stdout + stderr;
    };
    const user = JSON.stringify({ token, user: "ann", password: "a long enough password" });
    assert.match(await ask("/api/v1/setup", "--json", user), /\n201$/);
    for (
      const path of [
        ...["/", "/tracking?sender=a", "/assets/uplot.js", "/metrics", "/healthz"],
        ...["/api/v1/openapi.json", "/api/v1/tracking?sender=example.org", "/api/v1/reports/tls"],
      ]
    ) {
      const said = await ask(path);
      assert.match(said, /\n200$/, `${path}: ${said.slice(0, 300)}`);
    }
    assert.match((await postern(gateway, { binary }, "presets", "modern")).stdout, /^# .+\nversion: 1$/ms);
  },
);

peerTest(["swaks"], "dist/postern knows how much of its disk is free, and keeps its reserve there", async () => {
  const { path } = await buildBinary();
  const config = (limits: Record<string, string>) => (ports: Record<string, number>) => ({
    ...withBlackhole(ports),
    limits,
  });
  await using gateway = await GatewayProcess.start({
    binary: path,
    env: bare,
    ports: ["inbound", "blackhole"],
    config: config({ min_free_disk: "0" }),
  });
  const reserve = async () => (await Deno.stat(`${gateway.folder}/data/queue/reserve`).catch(() => null))?.size ?? 0;
  await until("the reserve", async () => await reserve() > 1_000_000);
  await relayOne(gateway);
  const from = gateway.log.length;
  await gateway.apply(config({ min_free_disk: "999999G" })(gateway.ports));
  await gateway.logged(/Critical: Pressure: too little disk space free: .*; MAIL gets 452/, { from });
  assert.doesNotMatch(gateway.log, /Cannot tell how much/);
});

peerTest([], "compile.sh bakes in no right to run programs, and prints what it bakes in", async () => {
  const { output } = await buildBinary();
  const [, permissions] = /^permissions: (.*)$/m.exec(output) ?? [];
  assert.deepEqual(permissions?.split(" ").map((flag) => flag.split("=")[0]), [
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
    "--allow-ffi",
    "--no-prompt",
  ]);
});

peerTest(["swaks", "openssl"], "dist/postern runs under any name", async () => {
  const { path } = await buildBinary();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.copyFile(path, `${folder}/gateway`);
    await Deno.chmod(`${folder}/gateway`, 0o755);
    await using gateway = await GatewayProcess.start({
      binary: `${folder}/gateway`,
      env: bare,
      ports: ["inbound", "blackhole"],
      config: withBlackhole,
    });
    assert.notEqual((await handshake(gateway.ports.inbound, {})).protocol, null, gateway.log);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

peerTest(
  ["swaks", "strace"],
  "attack: libraries of another user under the names that can be foretold in /tmp are not touched",
  async () => {
    const { path } = await buildBinary();
    const within = "/var/tmp"; // so that every path below /tmp in the trace is one too many
    const options = { binary: path, env: bare, within, ports: ["inbound", "blackhole"], config: withBlackhole };
    let names: string[];
    {
      await using first = await GatewayProcess.start(options);
      const run = `${first.folder}/data/run`;
      names = [...Deno.readDirSync(run)].map(({ name }) => name).filter((name) => /^postern\d+\.3$/.test(name));
      assert.equal(names.length, 2, `libssl and libcrypto are extracted to ${run}`);
      assert.equal(Deno.statSync(run).mode! & 0o777, 0o700);
    }
    const planted = names.map((name) => `/tmp/${name}`);
    const trace = await Deno.makeTempFile({ dir: within });
    try {
      for (const file of planted) {
        await Deno.writeTextFile(file, "a library of somebody else");
        await Deno.chown(file, 65534, 65534);
      }
      await using gateway = await GatewayProcess.start({
        ...options,
        // -D: the tracer is the grandchild, so that the child is the gateway and takes its signals.
        before: ["/usr/bin/strace", "-D", "-f", "-qq", "-s", "4096", "-e", "trace=file", "-o", trace],
        startMs: 60_000,
      });
      await relayOne(gateway);
      for (const file of planted) assert.equal(await Deno.readTextFile(file), "a library of somebody else");
      // Its own file may lie there, where the repository does.
      const touched = (await Deno.readTextFile(trace)).replaceAll(`"${path}"`, '"postern"').split("\n")
        .filter((line) => /"\/tmp(\/|")/.test(line));
      assert.deepEqual(touched, []);
    } finally {
      for (const file of [...planted, trace]) await Deno.remove(file).catch(() => {}); // not all were made
    }
  },
);

/** The values of a key of the unit, in order. */
function unitValues(unit: string, key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value);
}

/** A port below 1024 that nobody listens on. */
function lowPort(): number {
  for (let port = 1023; port > 600; port--) if (!isListening(port)) return port;
  throw new Error("Cannot find a free port below 1024");
}

peerTest(["systemd-analyze"], "postern.service: systemd takes the unit as it is", async () => {
  const { path } = await buildBinary();
  const unit = (await Deno.readTextFile(new URL("../../config/postern.service", import.meta.url)))
    .replaceAll("/usr/local/bin/postern", path).replaceAll(/^(User|Group)=postern$/gm, "$1=root");
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/postern.service`, unit);
    const { code, stdout, stderr } = await runCommand("systemd-analyze", ["verify", `${folder}/postern.service`]);
    assert.equal(code, 0, stdout + stderr);
    assert.ok(!stderr.includes("postern.service"), stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

peerTest(
  ["setpriv", "unshare", "swaks"],
  "postern.service: its commands work with its rights, on a port below 1024",
  async () => {
    const { path } = await buildBinary();
    const unit = await Deno.readTextFile(new URL("../../config/postern.service", import.meta.url));
    // What the unit asks systemd for, asked of util-linux, since no systemd runs in a container.
    assert.deepEqual(unitValues(unit, "CapabilityBoundingSet"), ["CAP_NET_BIND_SERVICE"]);
    assert.deepEqual(unitValues(unit, "ProtectSystem"), ["strict"]);
    assert.deepEqual(unitValues(unit, "NoNewPrivileges"), ["true"]);
    const folder = await Deno.makeTempDir({ dir: "/var/tmp" });
    const state = `${folder}/state`;
    const port = lowPort();
    const commands = (key: string) =>
      unitValues(unit, key).map((line) => line.replace("/usr/local/bin", folder).replace("/etc/postern", folder));
    let child: Deno.ChildProcess | undefined;
    try {
      await Deno.chmod(folder, 0o755);
      await Deno.copyFile(path, `${folder}/postern`);
      await Deno.chmod(`${folder}/postern`, 0o755);
      await Deno.mkdir(state, { mode: 0o700 });
      await Deno.chown(state, 65534, 65534);
      const config = { ...withBlackhole({ inbound: port, blackhole: freePort() }), storage: { directory: state } };
      await Deno.writeTextFile(`${folder}/config.yaml`, JSON.stringify(config));
      const asService = [
        "mount --make-rprivate /",
        `mount --bind ${state} ${state}`,
        "mount -t tmpfs tmpfs /tmp",
        "mount -o remount,bind,ro /",
        `cd / && umask ${unitValues(unit, "UMask")[0]}`,
        ...commands("ExecStartPre").map((line) => `{ ${line} || exit 1; }`),
        `ulimit -n ${unitValues(unit, "LimitNOFILE")[0]} 2>/dev/null || ulimit -n $(ulimit -Hn)`, // a container may allow less
        `exec setpriv --reuid=65534 --regid=65534 --clear-groups ` +
        `--no-new-privs --bounding-set=-all,+net_bind_service --inh-caps=-all,+net_bind_service ` +
        `--ambient-caps=-all,+net_bind_service ${commands("ExecStart")[0]} > ${state}/log 2>&1`,
      ].join("\n");
      child = new Deno.Command("unshare", {
        args: ["--mount", "/bin/bash", "-e", "-c", asService],
        stdin: "null",
        stdout: "inherit",
        stderr: "inherit",
      }).spawn();
      const log = () => Deno.readTextFile(`${state}/log`).catch(() => "");
      let ended = false;
      child.status.then(() => ended = true);
      for (const since = Date.now(); !isListening(port); await pause(50)) {
        assert.ok(!ended && Date.now() - since < 60_000, `it does not listen: ${await log()}`);
      }
      const sent = await runCommand("swaks", [
        ...["--server", "127.0.0.1", "--port", `${port}`, "--tls", "--from", "s@example.org", "--to", "a@example.test"],
      ]);
      assert.equal(sent.code, 0, sent.stdout);
      for (const since = Date.now(); !(await log()).includes("Message finished MID 1 done"); await pause(50)) {
        assert.ok(Date.now() - since < 30_000, await log());
      }
      for (const line of unitValues(unit, "ExecReload")) {
        const [command, ...args]: string[] = line.replace("$MAINPID", `${child.pid}`).split(" ");
        assert.equal((await runCommand(command.replace(/^.*\//, ""), args)).code, 0);
      }
      assert.equal(Deno.statSync(state).uid, 65534);
      child.kill("SIGTERM");
      assert.equal((await child.status).code, 0, await log());
      child = undefined;
    } finally {
      try {
        child?.kill("SIGKILL");
      } catch {
        // it has ended by itself
      }
      await child?.status;
      await Deno.remove(folder, { recursive: true });
    }
  },
);
