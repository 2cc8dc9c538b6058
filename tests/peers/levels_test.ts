/**
 * The table of TLS levels with Postfix as the next hop: good, wrong, expired and self-signed certificates, and no STARTTLS.
 *
 * @module
 */
import assert from "node:assert/strict";
import { levelTable } from "../../src/tls/level.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { parsedReport } from "../support/dsn.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { type Postfix, startPostfix } from "../support/postfix.ts";
import { relayConfig } from "../support/relay.ts";
import { Session } from "../support/s_client.ts";

const levels = levelTable.map(({ name }) => name);
type End = "clear" | "encrypted" | "deferred";

/** What each next hop's mail comes to, in the order of the levels: none, preferred, required, preferred-verify, required-verify. */
const table = {
  good: ["clear", "encrypted", "encrypted", "encrypted", "encrypted"],
  wrong: ["clear", "encrypted", "encrypted", "encrypted", "deferred"],
  expired: ["clear", "encrypted", "encrypted", "encrypted", "deferred"],
  self: ["clear", "encrypted", "encrypted", "encrypted", "deferred"],
  plain: ["clear", "clear", "deferred", "clear", "deferred"],
} as const satisfies Record<string, readonly End[]>;
type Hop = keyof typeof table;
const hops = Object.keys(table) as Hop[];

/** The reason word of the alert's event, where required-verify or required is not met. */
const reasons: Partial<Record<Hop, string>> = {
  wrong: "name_mismatch",
  expired: "expired",
  self: "self_signed",
  plain: "no_starttls",
};

/** Five instances that present what their names say; every domain below `<hop>.test` is theirs. */
async function startHops(): Promise<{ hops: Map<Hop, Postfix>; ca: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir();
  const ca = await makeAuthority(folder);
  const names = (hop: Hop) => [`*.${hop}.test`, `${hop}.test`];
  const leaves = {
    good: await makeLeaf({ ca, names: names("good") }),
    wrong: await makeLeaf({ ca, names: ["mx.elsewhere.test"] }),
    expired: await makeLeaf({
      ca,
      names: names("expired"),
      notBefore: new Date("2020-01-01"),
      notAfter: new Date("2020-02-01"),
    }),
    self: await makeLeaf({ names: names("self") }, folder),
  };
  await Deno.remove(folder, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const started = new Map<Hop, Postfix>();
  for (const hop of hops) {
    const domains = [hop, ...levels.map((level) => `${level}.${hop}`)].map((name) => `${name}.test`).join(", ");
    const certificate = hop === "plain" ? undefined : leaves[hop];
    started.set(hop, stack.use(await startPostfix({ settings: { virtual_mailbox_domains: domains }, certificate })));
  }
  const owned = stack.move();
  return { hops: started, ca: ca.certificatePem, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

peerTest(
  ["postfix", "swaks"],
  "TLS levels against Postfix, row by row, and what a single message demands",
  async () => {
    await using world = await startHops();
    const routes = Object.fromEntries(
      hops.flatMap((hop) =>
        [`.${hop}.test`, `${hop}.test`].map((domain) => [domain, [`127.0.0.1:${world.hops.get(hop)!.port}`]])
      ),
    );
    const domains = Object.fromEntries(
      hops.flatMap((hop) => levels.map((tls) => [`${tls}.${hop}.test`, { tls }])),
    );
    const controls = { default: { tls: "none" }, domains };
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      files: { "ca.pem": world.ca },
      config: ({ inbound }) =>
        relayConfig({
          inbound,
          nextHop: inbound,
          more: {
            certificate_authorities: { system: false, custom: ["ca.pem"] },
            smtp_routes: routes,
            destination_controls: controls,
          },
        }),
    });
    const all = hops.flatMap((hop) => levels.map((level) => `x@${level}.${hop}.test`));
    const send = async (to: string[], ...more: string[]) => {
      const { code, stdout } = await runCommand("swaks", [
        ...["--server", "127.0.0.1", "--port", `${gateway.ports.inbound}`, "--tls", "--from", "s@sender.test"],
        ...["--to", to.join(","), ...more],
      ]);
      assert.equal(code, 0, stdout);
    };
    await send(all);
    const arrived = all.filter((_, at) => table[hops[Math.floor(at / 5)]][at % 5] !== "deferred").length;
    assert.equal(arrived, 20);
    for (const hop of hops) {
      await world.hops.get(hop)!.receivedAtLeast(table[hop].filter((end) => end !== "deferred").length);
    }
    await gateway.logged(/(?:Info: Delayed: [^]*){5}/);
    for (const hop of hops) {
      const received = world.hops.get(hop)!.received();
      for (const [at, level] of levels.entries()) {
        const message = received.find((text) => text.includes(`Delivered-To: x@${level}.${hop}.test`));
        const by = message === undefined
          ? "deferred"
          : /by postfix\.example\.test \(Postfix\) with ESMTPS/.test(message)
          ? "encrypted"
          : "clear";
        assert.equal(by, table[hop][at], `${level} to ${hop}\n${gateway.log}`);
      }
    }
    // Each demand that was not met is a Warning of its own, with what an alert needs.
    const warned = [...gateway.log.matchAll(
      /Warning: DCID \d+ required TLS failed: domain: (\S+) host: 127\.0\.0\.1 IP: 127\.0\.0\.1 port: \d+ level: (\S+) reason: (\w+) \(\d+, '.+'\) messages waiting: 1$/gm,
    )].map(([, domain, level, reason]) => `${domain} ${level} ${reason}`).sort();
    assert.deepEqual(warned, [
      "required-verify.expired.test required-verify expired",
      "required-verify.plain.test required-verify no_starttls",
      "required-verify.self.test required-verify self_signed",
      "required-verify.wrong.test required-verify name_mismatch",
      "required.plain.test required no_starttls",
    ]);
    assert.deepEqual(new Set(Object.values(reasons)), new Set(warned.map((line) => line.split(" ")[2])));

    // A relay demands TLS for one message: to a destination of level none it goes out encrypted, without the header, or not at all.
    await send(["y@none.good.test", "y@none.plain.test"], "--header", "X-Postern-TLS: required");
    await gateway.logged(/MID 2 ICID \d+ TLS required by X-Postern-TLS/);
    const good = world.hops.get("good")!;
    const [demanded] = (await good.receivedAtLeast(6)).filter((text) =>
      text.includes("Delivered-To: y@none.good.test")
    );
    assert.match(demanded, /by postfix\.example\.test \(Postfix\) with ESMTPS/);
    assert.doesNotMatch(demanded, /X-Postern-TLS/i);
    // The host's failure is remembered from the table above, so it is not asked again, and nothing goes out in clear.
    await gateway.logged(
      /Delayed: DCID \d+ MID 2 to RID 1 - 4\.7\.4 - .*TLS is required \(required\) and cannot be had/,
    );
    assert.ok(!world.hops.get("plain")!.received().some((text) => text.includes("y@none.plain.test")));
  },
);

peerTest(
  ["postfix", "openssl"],
  "REQUIRETLS: Postfix does not offer it, so the sender is told, over REQUIRETLS again",
  async () => {
    const folder = await Deno.makeTempDir();
    const ca = await makeAuthority(folder);
    const leaf = await makeLeaf({ ca, names: ["good.test"] });
    const own = await makeLeaf({ ca, names: ["sender.test", "gw.example.test"] });
    await Deno.remove(folder, { recursive: true });
    await using postfix = await startPostfix({ settings: { virtual_mailbox_domains: "good.test" }, certificate: leaf });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound", "hole"],
      files: { "ca.pem": ca.certificatePem, "own.crt": own.certificatePem, "own.key": own.keyPem },
      config: ({ inbound, hole }) => {
        const config = relayConfig({ inbound, nextHop: postfix.port });
        const listeners = config.listeners as Record<string, object>;
        return {
          ...config,
          certificates: { own: { certificate: "own.crt", key: "own.key" } },
          certificate_authorities: { system: false, custom: ["ca.pem"] },
          listeners: {
            inbound: { ...listeners.inbound, certificate: "own" },
            hole: { type: "blackhole", address: `127.0.0.1:${hole}`, certificate: "own" },
          },
          smtp_routes: { "good.test": [`127.0.0.1:${postfix.port}`], "sender.test": [`127.0.0.1:${hole}`] },
        };
      },
    });
    await using client = new Session(gateway.ports.inbound, { version: "TLSv1.3" });
    const say = async (line: string, expected: RegExp) => {
      await client.write(line);
      assert.ok(await client.until(expected), `${line}: ${client.output}`);
    };
    assert.ok(await client.until(/250 CHUNKING/), client.output);
    await say("EHLO client.test", /250-REQUIRETLS[^]*250 CHUNKING/);
    await say("MAIL FROM:<s@sender.test> REQUIRETLS RET=FULL", /250 2\.1\.0/);
    await say("rcpt TO:<b@good.test>", /250 2\.1\.5/);
    await say("DATA", /354 /);
    await say("Subject: secret\n\nbody\n.", /250 2\.0\.0/);
    await gateway.logged(/MID 1 ICID \d+ TLS required by REQUIRETLS/);
    await gateway.logged(
      /Bounced: DCID \d+ MID 1 to RID 0 - 5\.7\.30 - REQUIRETLS support required \('000', \['REQUIRETLS support required'\]\)/,
    );
    await gateway.logged(/MID 2 was generated for bounce of MID 1/);
    assert.deepEqual(postfix.received(), []);
    // The way back offers REQUIRETLS, since it is a listener of ours: the report demands it in its turn.
    await gateway.logged(/MID 3 ICID \d+ TLS required by REQUIRETLS/);
    await gateway.logged(/Message finished MID 2 done/);
  },
);

peerTest(["postfix", "swaks"], "a delay warning and the bounce behind it reach the sender's Postfix", async () => {
  await using postfix = await startPostfix({ settings: { virtual_mailbox_domains: "sender.test" } });
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "dead"],
    listening: ["inbound"],
    config: ({ inbound, dead }) =>
      relayConfig({
        inbound,
        nextHop: dead,
        more: {
          smtp_routes: { "good.test": [`127.0.0.1:${dead}`], "sender.test": [`127.0.0.1:${postfix.port}`] },
          destination_controls: { domains: { "good.test": { bounce_profile: "impatient" } } },
          bounce_profiles: {
            impatient: {
              initial_retry: "1s",
              max_retry_interval: "1s",
              max_queue_time: "6s",
              send_delay_warning: true,
              delay_warning_after: "2s",
            },
          },
        },
      }),
  });
  const { code, stdout } = await runCommand("swaks", [
    ...["--server", "127.0.0.1", "--port", `${gateway.ports.inbound}`, "--from", "s@sender.test"],
    ...["--to", "b@good.test", "--header", "Subject: slow"],
  ]);
  assert.equal(code, 0, stdout);
  const reports = await postfix.receivedAtLeast(2);
  await gateway.logged(/MID 2 was generated for delay warning of MID 1/);
  await gateway.logged(/MID 3 was generated for bounce of MID 1/);
  const seen = reports.map((text) => {
    const crlf = text.replace(/^.*?(?=From: Mail Delivery)/s, "").replace(/\r?\n/g, "\r\n");
    const { fields, status, parts } = parsedReport(new TextEncoder().encode(crlf));
    return [fields.subject, status[1].action, status[1].status, parts[2].type];
  });
  assert.deepEqual(seen.sort(), [
    ["Delayed mail, still being tried", "delayed", "4.4.0", "text/rfc822-headers"],
    ["Undelivered mail returned to sender", "failed", "5.4.7", "message/rfc822"],
  ]);
});
