/**
 * The first start with the configuration as shipped, and the log of one message's life.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ConfigObject, GatewayProcess } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { greeted } from "./client.ts";
import { countOf, gatewayConfig, runGateway, until } from "./rig.ts";
import { linesAbout, linesOf, mailLines } from "./mail_log.ts";

const repository = new URL("../../", import.meta.url).pathname;

/** config.yaml as shipped, on other ports. */
async function startShipped(): Promise<GatewayProcess> {
  const shipped = await Deno.readTextFile(`${repository}config/config.yaml`);
  return await GatewayProcess.start({
    ports: ["inbound", "blackhole", "admin"],
    config: ({ inbound, blackhole, admin }) =>
      shipped.replaceAll("127.0.0.1:2525", `127.0.0.1:${inbound}`)
        .replaceAll("127.0.0.1:2526", `127.0.0.1:${blackhole}`) + `\nadmin: { address: "127.0.0.1:${admin}" }\n`,
  });
}

Deno.test("the shipped config.yaml starts in an empty folder, makes its certificate and relays a@example.test", async () => {
  await using gateway = await startShipped();
  using client = await greeted(gateway.ports.inbound);
  const text = "Message-ID: <1@client.example.test>\r\nSubject: first words\r\n\r\nHello";
  assert.match(await client.ask("RCPT TO:<a@elsewhere.test>"), /^503 /);
  await client.expect(["MAIL FROM:<s@example.org>", "250"]);
  assert.match(await client.ask("RCPT TO:<a@elsewhere.test>"), /^550 5\.1\.0 /);
  await client.expect(["RSET", "250"]);
  assert.match(await client.send(text), /^250 2\.0\.0 Ok: queued as 2$/);
  await client.expect(["QUIT", "221"]);
  await gateway.logged(/Message finished MID 2 done/);
  await gateway.logged(/ICID 1 close/);
  assert.equal((await gateway.stop()).code, 0);

  const about = (name: "ICID" | "DCID" | "MID", number: number) => linesAbout(gateway.log, name, number);
  assert.deepEqual(about("ICID", 1), [
    "New SMTP ICID 1 interface inbound (127.0.0.1) address 127.0.0.1 reverse dns host unknown verified no",
    "ICID 1 ACCEPT SG ALL match ALL",
    "Start MID 1 ICID 1",
    "MID 1 ICID 1 From: <s@example.org>",
    "MID 1 ICID 1 To: <a@elsewhere.test> Rejected by RAT",
    "Start MID 2 ICID 1",
    "MID 2 ICID 1 From: <s@example.org>",
    "MID 2 ICID 1 RID 0 To: <a@example.test>",
    "ICID 1 close",
  ]);
  assert.deepEqual(about("MID", 2), [
    "Start MID 2 ICID 1",
    "MID 2 ICID 1 From: <s@example.org>",
    "MID 2 ICID 1 RID 0 To: <a@example.test>",
    "MID 2 Message-ID '<1@client.example.test>'",
    "MID 2 Subject 'first words'",
    `MID 2 ready ${text.length + 2} bytes from <s@example.org>`,
    "MID 2 queued for delivery",
    "Delivery start DCID 1 MID 2 to RID [0]",
    "Message done DCID 1 MID 2 to RID [0]",
    "MID 2 RID [0] Response '2.0.0 Ok: 3 thrown away'",
    "Message finished MID 2 done",
  ]);
  assert.deepEqual(about("DCID", 1), [
    `New SMTP DCID 1 interface 127.0.0.1 address 127.0.0.1 port ${gateway.ports.blackhole}`,
    "DCID 1 TLS success protocol TLSv1.3 cipher TLS_AES_256_GCM_SHA384",
    "Delivery start DCID 1 MID 2 to RID [0]",
    "Message done DCID 1 MID 2 to RID [0]",
    "DCID 1 close",
  ]);
  mailLines(gateway.log);
  assert.equal(await Deno.readTextFile(`${gateway.folder}/data/logs/mail.log`), gateway.log);
});

Deno.test("state is its owner's alone: folders 0700, keys, log and lock 0600; the demo pairs stay at the second start", async () => {
  await using gateway = await startShipped();
  const link = `${gateway.folder}/data/run/setup-link`;
  await until("the set-up link", () => Deno.stat(link).then(() => true, () => false));
  const modes: string[] = [];
  const read = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${gateway.folder}/${folder}`)) {
      const path = `${folder}/${name}`;
      modes.push(`${path} ${(Deno.statSync(`${gateway.folder}/${path}`).mode! & 0o777).toString(8)}`);
      if (isDirectory) read(path);
    }
  };
  await until(
    "the last of the files",
    () => Deno.stat(`${gateway.folder}/data/history/00000001.json`).then(() => true, () => false),
  );
  read("data");
  const others = modes.filter((line) => !/^data\/(queue|state)\/./.test(line));
  for (const line of modes) if (/\.db(-\w+)? \d+$/.test(line)) assert.match(line, / 600$/);
  assert.deepEqual(
    others.sort(),
    [
      ...["demo.ec.crt", "demo.ec.key", "demo.rsa.crt", "demo.rsa.key"].map((name) => `data/certificates/${name} 600`),
      ...[
        "certificates 700",
        "control.sock 600",
        "history 700",
        "history/00000001.json 600",
        "history/lock 600",
        "lock 600",
        "logs 700",
        "logs/mail.log 600",
        "queue 700",
        "run 700",
        "run/metrics-token 600",
        "run/setup-link 600",
        "state 700",
      ]
        .map((
          line,
        ) => `data/${line}`),
    ].sort(),
  );
  const pairs = () =>
    ["ec", "rsa"].map((kind) => Deno.readTextFileSync(`${gateway.folder}/data/certificates/demo.${kind}.key`));
  const before = pairs();
  await gateway.stop();
  const from = gateway.log.length;
  await gateway.launch();
  assert.deepEqual(pairs(), before);
  assert.doesNotMatch(gateway.log.slice(from), /was made/);
});

Deno.test("a configuration with faults ends the start with code 1 and every fault on a line of its own", async () => {
  const folder = await Deno.makeTempDir({ prefix: "postern-" });
  try {
    await Deno.writeTextFile(
      `${folder}/config.yaml`,
      "version: 1\ncolour: blue\nlisteners:\n  inbound: { adress: x }\n",
    );
    const { code, stderr } = await runGateway(`${folder}/config.yaml`);
    assert.equal(code, 1);
    const lines = stderr.trimEnd().split("\n");
    assert.ok(lines.length >= 2, stderr);
    for (const line of lines) assert.match(line, /^\S+\/config\.yaml:\d+:\d+: [\w.]+: .+$/);
    assert.match(stderr, /config\.yaml:2:1: colour: /);
    assert.match(stderr, /config\.yaml:4:14: listeners\.inbound\.adress: /);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["config.yaml"], "nothing was made for it");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const numbers = (text: string) => text.replace(/\d+/g, "N");

Deno.test("logs.format: json gives the same events as objects, on standard output and in the file, and a reload switches", async () => {
  await using hop = startNextHop();
  const config = (ports: Record<string, number>, format: string): ConfigObject =>
    gatewayConfig({ inbound: ports.inbound, nextHop: hop.port, more: { logs: { format } } });
  await using gateway = await GatewayProcess.start({ ports: ["inbound"], config: (ports) => config(ports, "text") });
  const session = async () => {
    using client = await greeted(gateway.ports.inbound);
    await client.send('Message-ID: <j@client.example.test>\r\nSubject: it\'s "JSON" \\ text\r\n\r\nHello');
    await client.expect(["QUIT", "221"]);
  };
  await session();
  await gateway.logged(/DCID 1 close/);
  const text = gateway.log;
  await gateway.configure(config(gateway.ports, "json"));
  await gateway.logged(/"text":"Configuration applied/, { from: text.length });
  const from = gateway.log.length;
  await session();
  await gateway.logged(/"dcid_close"/, { from });
  assert.equal((await gateway.stop()).code, 0);
  assert.equal(await Deno.readTextFile(`${gateway.folder}/data/logs/mail.log`), gateway.log);

  const objects = gateway.log.slice(from).trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const { time, level, event } of objects) {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(level, "info");
    assert.match(event, /^[a-z_]+$/);
  }
  // Two sides of the gateway write at once, so the order between them is chance's.
  const mail = (texts: string[]) => texts.map(numbers).filter((line) => !line.startsWith("Postern ")).sort();
  const first = mailLines(text).map(({ text }) => text);
  assert.deepEqual(mail(objects.map(({ text }) => text)), mail(first));
  const subject = objects.find(({ event }) => event === "mid_subject");
  assert.equal(subject.subject, 'it\'s "JSON" \\ text');
  const [opened, from_] = ["icid_open", "mid_from"].map((name) => objects.find(({ event }) => event === name));
  assert.deepEqual([opened.icid, opened.interface, opened.verified], [2, "inbound", false]);
  assert.deepEqual([from_.mid, from_.icid, from_.from], [2, 2, "s@example.org"]);
});

Deno.test("mail.log is rotated by size: whole lines, none lost, `keep` old ones; a reload changes both settings", async () => {
  await using hop = startNextHop();
  const config = (ports: Record<string, number>, logs: ConfigObject) =>
    gatewayConfig({ inbound: ports.inbound, nextHop: hop.port, more: { logs } });
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: (ports) => config(ports, { rotate_size: "4K", keep: 100 }),
  });
  const logs = `${gateway.folder}/data/logs`;
  const ages = () =>
    [...Deno.readDirSync(logs)].map(({ name }) => Number(name.slice("mail.log.".length) || 0)).sort((a, b) => a - b);
  const load = async (count: number) => {
    const seen = gateway.log.length;
    using client = await greeted(gateway.ports.inbound);
    for (let sent = 0; sent < count; sent++) await client.send("Subject: rotate\r\n\r\nHello");
    await client.expect(["QUIT", "221"]);
    await until("deliveries", () => countOf(gateway.log.slice(seen), /Message finished/) === count);
  };
  await load(60);
  const old = ages().slice(1).reverse();
  assert.ok(old.length >= 3, `${old.length} old files`);
  await gateway.apply(config(gateway.ports, { rotate_size: "4K", keep: 2 }));
  await load(60);
  assert.equal((await gateway.stop()).code, 0);
  // What is beyond `keep` is not given names any more; the youngest two and the current one are the end of the log.
  const kept = [2, 1, 0].map((age) => Deno.readTextFileSync(`${logs}/mail.log${age === 0 ? "" : `.${age}`}`));
  for (const text of kept) {
    linesOf(text);
    assert.ok(text.length <= 4096 + 65_536, `${text.length} characters`);
  }
  assert.ok(gateway.log.endsWith(kept.join("")), "the files are not the end of what standard output has");
});

Deno.test("a list of the system's authorities that cannot be read is a Critical line, and servers verify as nobody", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const list = `${folder}/authorities.pem`;
    await Deno.writeTextFile(list, "nothing of use");
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      env: { SSL_CERT_FILE: list },
      config: ({ inbound }) => gatewayConfig({ inbound, nextHop: 9 }),
    });
    await gateway.logged(/Critical: Cannot verify any server: Cannot read bundle 1 of authorities: /);
    // Put right, it is read with the next configuration, which is applied by itself.
    const from = gateway.log.length;
    await Deno.copyFile("/etc/ssl/certs/ca-certificates.crt", list);
    await gateway.logged(/Info: Configuration applied: /, { from });
    assert.doesNotMatch(gateway.log.slice(from), /Critical/);
    // And a broken one is refused from then on: what is in force stays.
    await Deno.writeTextFile(list, "nothing of use");
    await gateway.logged(/Critical: Cannot apply .*Cannot read bundle 1 of authorities/, { from });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
