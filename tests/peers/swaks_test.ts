/**
 * swaks as the client: what mail administrators try a gateway with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GatewayProcess } from "../support/gateway_process.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { type CommandEnd, peerTest, runCommand } from "../support/peers.ts";
import { startPostfix } from "../support/postfix.ts";
import { relayConfig } from "../support/relay.ts";

function swaks(port: number, args: readonly string[]): Promise<CommandEnd> {
  return runCommand("swaks", [
    ...["--server", "127.0.0.1", "--port", `${port}`, "--helo", "client.example.test", "--suppress-data"],
    ...["--from", "sender@example.org", ...args],
  ]);
}

peerTest(["swaks"], "swaks: the sessions of one listener, clear and over TLS, taken and refused", async (t) => {
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "smtps", "required", "blackhole"],
    config: ({ inbound, smtps, required, blackhole }) => {
      const base = relayConfig({ inbound, nextHop: blackhole });
      const open = { certificate: "demo", sender_groups: [{ name: "ALL", policy: "OPEN" }] };
      return {
        ...base,
        listeners: {
          inbound: {
            type: "public",
            address: `127.0.0.1:${inbound}`,
            ...open,
            recipients: [{ address: "example.test", action: "accept" }, { address: "ALL", action: "reject" }],
          },
          smtps: { type: "private", transport: "smtps", address: `127.0.0.1:${smtps}`, ...open },
          required: {
            type: "private",
            address: `127.0.0.1:${required}`,
            certificate: "demo",
            sender_groups: [{ name: "ALL", policy: "SECURE" }],
          },
          blackhole: {
            type: "blackhole",
            address: `127.0.0.1:${blackhole}`,
            sender_groups: [{ name: "ALL", policy: "OPEN" }],
          },
        },
        mail_flow_policies: {
          OPEN: { action: "accept", max_message_size: "100K", max_recipients_per_message: 3 },
          SECURE: { action: "relay", tls: "required" },
        },
      };
    },
  });
  const { inbound, smtps, required } = gateway.ports;
  const many = ["a", "b", "c", "d"].map((name) => `${name}@example.test`).join(",");
  /** Arguments, the port, swaks' exit code (0 taken, 23 MAIL, 24 RCPT, 26 DATA refused, 29 TLS) and a line of the dialogue. */
  const table: [name: string, port: number, args: string[], code: number, shows: RegExp][] = [
    ["in clear", inbound, ["--to", "a@example.test"], 0, /^<- {2}250 2\.\S+ /m],
    ["over STARTTLS", inbound, ["--to", "a@example.test", "--tls"], 0, /=== TLS started with cipher TLSv1\.3:/],
    ["over smtps", smtps, ["--to", "a@example.test", "--tls-on-connect"], 0, /=== TLS started with cipher TLSv1\.3:/],
    ["HELO", inbound, ["--to", "a@example.test", "--protocol", "SMTP"], 0, /^ -> HELO /m],
    ["null sender", inbound, ["--to", "a@example.test", "--from", "<>"], 0, /^ -> MAIL FROM:<>/m],
    [
      "pipelined",
      inbound,
      ["--to", "a@example.test,b@example.test", "--pipeline"],
      0,
      / -> MAIL FROM.*\n -> RCPT TO.*\n -> RCPT TO.*\n -> DATA\n<-/,
    ],
    ["a recipient of others", inbound, ["--to", "a@elsewhere.test"], 24, /^<\*\* 550 5\.\d+\.\d+ /m],
    ["one of two of others", inbound, ["--to", "a@elsewhere.test,b@example.test"], 0, /^<\*\* 550 5\.\d+\.\d+ /m],
    ["too many recipients", inbound, ["--to", many], 0, /^<\*\* 452 4\.5\.3 /m],
    ["clear where TLS is required", required, ["--to", "a@example.test"], 23, /^<\*\* 530 5\.7\.0 /m],
    ["TLS where it is required", required, ["--to", "a@example.test", "--tls"], 0, /^<~ {2}250 2\./m],
    ["a body of dots", inbound, ["--to", "a@example.test", "--body", ".\n..\n.a\n"], 0, /^<- {2}250 2\./m],
    [
      "too large",
      inbound,
      ["--to", "a@example.test", "--body", "x".repeat(70).concat("\n").repeat(1700)],
      26,
      /^<\*\* 552 5\.3\.4 /m,
    ],
  ];
  for (const [name, port, args, code, shows] of table) {
    await t.step(name, async () => {
      const end = await swaks(port, args);
      assert.equal(end.code, code, end.stdout + end.stderr);
      assert.match(end.stdout + end.stderr, shows);
    });
  }
});

peerTest(
  ["swaks", "postfix"],
  "swaks to Postfix through the gateway: TLS on both sides, nothing changed but Received",
  async () => {
    const certificate = await makeCertificate({ names: ["DNS:mx.example.test"] });
    await using postfix = await startPostfix({ settings: { virtual_mailbox_domains: "example.test" }, certificate });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: ({ inbound }) =>
        relayConfig({
          inbound,
          nextHop: postfix.port,
          more: { destination_controls: { default: { tls: "required" } } },
        }),
    });
    const body = "Grüße\n.\n..two dots\n" + "a long line ".repeat(70) + "\n";
    const end = await swaks(gateway.ports.inbound, ["--to", "a@example.test", "--tls", "--body", body]);
    assert.equal(end.code, 0, end.stdout);
    const [message] = await postfix.receivedAtLeast(1);
    const unfolded = message.replace(/\n[ \t]+/g, " ");
    assert.match(
      unfolded,
      /^Received: from client\.example\.test \(.*127\.0\.0\.1.*TLSv1\.3.*TLS_AES_256_GCM_SHA384.* by gw\.example\.test with ESMTPS id /m,
    );
    assert.match(
      unfolded,
      /^Received: from gw\.example\.test .*using TLSv1\.3 with cipher .* by postfix\.example\.test/m,
    );
    assert.ok(message.includes(`\n\n${body.trimEnd()}`), message);
    for (
      const line of [
        /Info: New SMTP ICID 1 interface inbound \(127\.0\.0\.1\) address 127\.0\.0\.1 reverse dns host \S+ verified (yes|no)\n/,
        /Info: ICID 1 RELAY SG ALL match ALL\n/,
        /Info: ICID 1 TLS success protocol TLSv1\.3 cipher TLS_AES_256_GCM_SHA384\n/,
        /Info: Start MID 1 ICID 1\n/,
        /Info: MID 1 ICID 1 From: <sender@example\.org>\n/,
        /Info: MID 1 ICID 1 RID 0 To: <a@example\.test>\n/,
        /Info: MID 1 Subject 'test /,
        /Info: MID 1 ready \d+ bytes from <sender@example\.org>\n/,
        /Info: MID 1 queued for delivery\n/,
        /Info: New SMTP DCID 1 interface 127\.0\.0\.1 address 127\.0\.0\.1 port \d+\n/,
        /Info: DCID 1 TLS success protocol TLSv1\.3 cipher TLS_AES_256_GCM_SHA384\n/,
        /Info: Delivery start DCID 1 MID 1 to RID \[0\]\n/,
        /Info: Message done DCID 1 MID 1 to RID \[0\]\n/,
        /Info: MID 1 RID \[0\] Response '2\.0\.0 Ok: .*queued as \S+'\n/,
        /Info: Message finished MID 1 done\n/,
        /Info: ICID 1 close\n/,
      ]
    ) await gateway.logged(line);
  },
);
