/**
 * Postfix on both sides of the gateway.
 *
 * @module
 */
import assert from "node:assert/strict";
import { countOf, until } from "../gateway/rig.ts";
import { freePort, GatewayProcess } from "../support/gateway_process.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { startPostfix } from "../support/postfix.ts";
import { relayConfig } from "../support/relay.ts";

peerTest(
  ["postfix", "swaks"],
  "Postfix sends through the gateway to Postfix: every message once, TLS on both sides",
  async () => {
    const certificate = await makeCertificate({ names: ["DNS:mx.example.test"] });
    await using nextHop = await startPostfix({ settings: { virtual_mailbox_domains: "example.test" }, certificate });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: ({ inbound }) =>
        relayConfig({
          inbound,
          nextHop: nextHop.port,
          policy: { tls: "required" },
          more: { destination_controls: { default: { tls: "required" } } },
        }),
    });
    await using sender = await startPostfix({
      settings: {
        myhostname: "sender.example.test",
        relayhost: `[127.0.0.1]:${gateway.ports.inbound}`,
        smtp_tls_security_level: "encrypt",
      },
    });
    const count = 20;
    for (let number = 0; number < count; number++) {
      const { code, stdout } = await runCommand("swaks", [
        ...["--server", "127.0.0.1", "--port", `${sender.port}`, "--from", "s@sender.example.test"],
        ...["--to", `a${number}@example.test,b${number}@example.test`, "--header", `Subject: number ${number}`],
      ]);
      assert.equal(code, 0, stdout);
    }
    const messages = await nextHop.receivedAtLeast(2 * count);
    const recipients = messages.map((message) => /^Delivered-To: (.*)$/m.exec(message)?.[1]).sort();
    const expected = Array.from({ length: count }, (_, n) => [`a${n}@example.test`, `b${n}@example.test`]).flat()
      .sort();
    assert.deepEqual(recipients, expected);
    for (const message of messages) {
      assert.match(
        message.replace(/\n[ \t]+/g, " "),
        /^Received: from sender\.example\.test .*with ESMTPS/m,
      );
    }
    assert.match(sender.log(), /Untrusted TLS connection established to 127\.0\.0\.1/);
    assert.match(nextHop.log(), /Anonymous TLS connection established from/);
    // A message lies there before Postfix says so.
    await until("the log", () => countOf(nextHop.log(), /status=sent/) >= 2 * count);
    assert.equal(countOf(nextHop.log(), /status=sent/), 2 * count);
  },
);

peerTest(["postfix", "swaks"], "a next hop that is down gets its mail when it is up again", async () => {
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) =>
      relayConfig({
        inbound,
        nextHop: freePort(), // where nobody listens
        more: { bounce_profiles: { default: { initial_retry: "1s", max_retry_interval: "1s" } } },
      }),
  });
  const { code, stdout } = await runCommand("swaks", [
    ...["--server", "127.0.0.1", "--port", `${gateway.ports.inbound}`],
    ...["--from", "s@example.org", "--to", "a@example.test"],
  ]);
  assert.equal(code, 0, stdout);
  await gateway.logged(/Info: Delayed: DCID \d+ MID 1 to RID 0 - 4\.\d\.\d - .*refused/i);
  await using nextHop = await startPostfix({ settings: { virtual_mailbox_domains: "example.test" } });
  // Queued mail is routed by the configuration in force when it is tried.
  await gateway.apply(relayConfig({
    inbound: gateway.ports.inbound,
    nextHop: nextHop.port,
    more: { bounce_profiles: { default: { initial_retry: "1s", max_retry_interval: "1s" } } },
  }));
  const [message] = await nextHop.receivedAtLeast(1);
  assert.match(message, /^Delivered-To: a@example\.test$/m);
  await gateway.logged(/Info: Message finished MID 1 done\n/);
});

peerTest(
  ["postfix", "swaks"],
  "an alert about a required TLS connection reaches Postfix over TLS, and is read there",
  async () => {
    const certificate = await makeCertificate({ names: ["DNS:mx.example.test"] });
    await using owner = await startPostfix({ settings: { virtual_mailbox_domains: "example.test" }, certificate });
    await using partner = await startPostfix({ settings: { virtual_mailbox_domains: "partner.example" } });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: ({ inbound }) =>
        relayConfig({
          inbound,
          nextHop: owner.port,
          more: {
            smtp_routes: {
              "example.test": [`127.0.0.1:${owner.port}`],
              "partner.example": [`127.0.0.1:${partner.port}`],
            },
            destination_controls: {
              alert_on_required_tls_failure: true,
              domains: { "partner.example": { tls: "required" } },
            },
            alerts: { recipients: [{ address: "ops@example.test", classes: ["system"] }], tls: "required" },
          },
        }),
    });
    const { code, stdout } = await runCommand("swaks", [
      ...["--server", "127.0.0.1", "--port", `${gateway.ports.inbound}`],
      ...["--from", "s@example.org", "--to", "a@partner.example"],
    ]);
    assert.equal(code, 0, stdout);
    const [mail] = await owner.receivedAtLeast(1);
    const text = mail.replace(/\n[ \t]+/g, " ");
    assert.match(text, /^Return-Path: <>$/m);
    assert.match(text, /^Delivered-To: ops@example\.test$/m);
    assert.match(text, /^Received: from gw\.example\.test .*\(using TLSv1\.3 .*with ESMTPS/m);
    assert.match(
      text,
      /^Subject: \[Warning\]-\[gw\.example\.test\]: \(\[System\]\) a required TLS connection to partner\.example failed$/m,
    );
    assert.match(text, /^Destination: {2}partner\.example$/m);
    assert.match(text, /^Reason: {7}no_starttls$/m);
    assert.match(text, /^Messages: {5}1 in the queue for this destination$/m);
    assert.deepEqual(partner.received(), []);
  },
);
