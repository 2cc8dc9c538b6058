/**
 * SMTP AUTH with the clients that administrators try it with: swaks by password, OpenSSL's s_client by certificate.
 *
 * @module
 */
import assert from "node:assert/strict";
import { writeMs } from "../../src/rates/rates.ts";
import { greeted } from "../gateway/client.ts";
import { mailLines } from "../gateway/mail_log.ts";
import { until } from "../gateway/rig.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { type ConfigObject, GatewayProcess, pause } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { type CommandEnd, peerTest, runCommand } from "../support/peers.ts";
import { relayConfig } from "../support/relay.ts";
import { Session } from "../support/s_client.ts";

const main = new URL("../../main.ts", import.meta.url).pathname;

/** The hash as an owner makes it. */
async function hashOf(password: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, "hash-password"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${password}\n`));
  await writer.close();
  const { code, stdout } = await child.output();
  assert.equal(code, 0);
  return new TextDecoder().decode(stdout).trim();
}

function swaks(port: number, args: readonly string[]): Promise<CommandEnd> {
  return runCommand("swaks", [
    ...["--server", "127.0.0.1", "--port", `${port}`, "--helo", "client.example.test", "--suppress-data"],
    ...["--to", "a@example.test", "--from", "ann@example.org", ...args],
  ]);
}

/** A listener whose clients have to authenticate themselves, and one where they may. */
function submission(
  { inbound, smtps, nextHop, more }: { inbound: number; smtps: number; nextHop: number; more: ConfigObject },
): ConfigObject {
  const base = relayConfig({ inbound, nextHop });
  const open = { type: "public", certificate: "demo" };
  return {
    ...base,
    dns: { servers: ["127.0.0.1:9"], timeout: "1s" },
    listeners: {
      inbound: { ...open, address: `127.0.0.1:${inbound}`, sender_groups: [{ name: "ALL", policy: "SUBMISSION" }] },
      smtps: {
        ...open,
        address: `127.0.0.1:${smtps}`,
        transport: "smtps",
        sender_groups: [{ name: "ALL", policy: "SUBMISSION" }],
      },
    },
    mail_flow_policies: { SUBMISSION: { auth: "required", max_auth_failures_per_hour: 2, max_connections_per_ip: 50 } },
    ...more,
  };
}

peerTest(["swaks"], "swaks: PLAIN and LOGIN over STARTTLS and smtps, wrong passwords, and none", async () => {
  await using hop = startNextHop();
  const users = { ann: { password_hash: await hashOf("corr€ct horse"), senders: ["example.org"] } };
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "smtps"],
    config: ({ inbound, smtps }) => submission({ inbound, smtps, nextHop: hop.port, more: { smtp_auth: { users } } }),
  });
  const { inbound, smtps } = gateway.ports;
  const right = ["--auth-user", "ann", "--auth-password", "corr€ct horse"];
  /** Arguments, the port, swaks' exit code (0 taken, 23 MAIL refused, 28 not authenticated) and a line of the dialogue. */
  const table: [name: string, port: number, args: string[], code: number, shows: RegExp][] = [
    ["PLAIN over STARTTLS", inbound, ["--tls", "--auth", "PLAIN", ...right], 0, /^<~ {2}235 2\.7\.0 /m],
    ["LOGIN over STARTTLS", inbound, ["--tls", "--auth", "LOGIN", ...right], 0, /^<~ {2}235 2\.7\.0 /m],
    ["PLAIN over smtps", smtps, ["--tls-on-connect", "--auth", "PLAIN", ...right], 0, /^<~ {2}235 2\.7\.0 /m],
    ["in clear", inbound, ["--auth", "PLAIN", ...right], 28, /^\*\*\* /m],
    ["nobody", inbound, ["--tls"], 23, /^<~\* 530 5\.7\.0 Authentication required/m],
    [
      "another sender",
      inbound,
      ["--tls", "--auth", "PLAIN", ...right, "--from", "boss@other.test"],
      23,
      /^<~\* 553 5\.7\.1 /m,
    ],
    ["an unknown mechanism", inbound, ["--tls", "--auth", "CRAM-MD5", ...right], 28, /^\*\*\* /m],
    [
      "a wrong password",
      inbound,
      ["--tls", "--auth", "PLAIN", "--auth-user", "ann", "--auth-password", "wrong"],
      28,
      /^<~\* 535 5\.7\.8 Authentication credentials invalid/m,
    ],
  ];
  for (const [name, port, args, code, shows] of table) {
    const end = await swaks(port, args);
    assert.equal(end.code, code, `${name}: ${end.stdout}${end.stderr}`);
    assert.match(end.stdout + end.stderr, shows, name);
  }
  // Nothing is offered in clear.
  const clear = await swaks(inbound, ["--quit-after", "EHLO"]);
  assert.doesNotMatch(clear.stdout, /AUTH/);
  await until("a message", () => hop.taken.length > 0);
  const message = new TextDecoder().decode(hop.taken[0].text);
  assert.match(message, /with ESMTPSA id /);

  // Failures of the hour outlive a kill; then passwords are not even looked at.
  await swaks(inbound, ["--tls", "--auth", "PLAIN", "--auth-user", "nobody1", "--auth-password", "wrong"]);
  await pause(writeMs + 500);
  gateway.signal("SIGKILL");
  await gateway.ended(30_000);
  await gateway.launch();
  const locked = await swaks(inbound, ["--tls", "--auth", "PLAIN", ...right]);
  assert.equal(locked.code, 28);
  assert.match(locked.stdout, /^<~\* 454 4\.7\.0 /m);

  const log = mailLines(gateway.log).map(({ text }) => text.replace(/^ICID \d+ /, ""));
  assert.ok(log.includes("AUTH success user ann mechanism PLAIN"));
  assert.ok(log.includes("AUTH success user ann mechanism LOGIN"));
  assert.ok(log.includes("AUTH failed user ann mechanism PLAIN: wrong password"));
  assert.ok(log.includes("AUTH failed mechanism PLAIN: no such user"));
  assert.doesNotMatch(gateway.log, /horse|nobody\d|wrong[^ ]|scrypt/);
});

peerTest(["openssl"], "s_client: EXTERNAL by a certificate that verifies, and by no other", async () => {
  const folder = await Deno.makeTempDir({ prefix: "postern-auth-" });
  try {
    await using hop = startNextHop();
    const [ours, theirs] = [await makeAuthority(folder), await makeAuthority(folder, { name: "Others" })];
    const printer = await makeLeaf({ ca: ours, names: ["printer.example.test"], purpose: "clientAuth" });
    const other = await makeLeaf({ ca: ours, names: ["other.example.test"], purpose: "clientAuth" });
    const forged = await makeLeaf({ ca: theirs, names: ["printer.example.test"], purpose: "clientAuth" });
    const users = { printer: { certificate: "printer.example.test" }, ann: { password_hash: await hashOf("x") } };
    await using gateway = await GatewayProcess.start({
      ports: ["inbound", "smtps"],
      config: ({ inbound, smtps }) =>
        submission({
          inbound,
          smtps,
          nextHop: hop.port,
          more: {
            smtp_auth: { users },
            certificate_authorities: { system: false, custom: [ours.certificatePath] },
          },
        }),
    });
    const open = async (leaf: { certificatePath: string; keyPath: string } | undefined) => {
      const extra = leaf === undefined ? [] : ["-cert", leaf.certificatePath, "-key", leaf.keyPath];
      const session = new Session(gateway.ports.inbound, { version: "TLSv1.3", extra: ["-ign_eof", ...extra] });
      await session.until(/^250 CHUNKING\s/m);
      await session.write("EHLO printer.example.test");
      const offers = (await session.until(/^250[- ]AUTH (.*?)\s*$/m))?.[1];
      await session.until(/^250 CHUNKING\s/m);
      return { session, offers };
    };
    {
      const { session, offers } = await open(printer);
      await using _end = session;
      assert.equal(offers, "EXTERNAL PLAIN LOGIN", session.output);
      await session.write(`AUTH EXTERNAL ${btoa("ann")}`);
      assert.ok(await session.until(/^535 5\.7\.8 /m), "a certificate makes nobody somebody else");
      await session.write("AUTH EXTERNAL =");
      assert.ok(await session.until(/^235 2\.7\.0 /m), session.output);
      await session.write("MAIL FROM:<scan@example.org>");
      assert.ok(await session.until(/^250 2\.1\.0 /m));
      await session.write("RCPT TO:<a@example.test>");
      assert.ok(await session.until(/^250 2\.1\.5 /m));
    }
    for (const [name, leaf] of [["other", other], ["forged", forged], ["none", undefined]] as const) {
      const { session, offers } = await open(leaf);
      await using _end = session;
      assert.equal(offers, "PLAIN LOGIN", name);
      await session.write(`AUTH EXTERNAL ${btoa("printer")}`);
      assert.ok(await session.until(/^504 5\.5\.4 /m), name);
    }
    using clear = await greeted(gateway.ports.inbound);
    assert.match(await clear.ask("AUTH EXTERNAL ="), /^538 5\.7\.11 /);
    const log = mailLines(gateway.log).map(({ text }) => text.replace(/^ICID \d+ /, ""));
    assert.ok(log.includes("AUTH success user printer mechanism EXTERNAL"));
    assert.ok(log.includes("AUTH failed user printer mechanism EXTERNAL: a user may not act as another one"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
