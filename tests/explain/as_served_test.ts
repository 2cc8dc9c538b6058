/**
 * What a trace says the client hears is what it hears: the same words to a gateway that runs, and the same lines in its log.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { tcp } from "../../src/net/tcp.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { runHere } from "../support/here.ts";

const source = (inbound: number) =>
  `version: 1
hostname: gw.example.test
dns: { servers: ["127.0.0.1:1"], timeout: 1s }
listeners:
  inbound:
    address: 127.0.0.1:${inbound}
    sender_groups:
      - { name: BLOCKLIST, senders: [127.66.0.1], policy: BLOCKED }
      - { name: LATE, senders: [127.66.0.2], policy: LATE }
      - { name: DROPLIST, senders: [127.66.0.3], policy: DROPPED }
      - { name: SECURE, senders: [127.66.0.4], policy: SECURE }
      - { name: RELAYLIST, senders: [127.66.0.5], policy: RELAYED }
      - { name: ALL, policy: ACCEPTED }
    recipients:
      - { address: nobody@example.test, action: reject, code: 551, text: "5.1.6 Moved" }
      - { address: example.test, action: accept }
mail_flow_policies:
  default: { max_recipients_per_message: 3 }
  ACCEPTED: { greeting_text: "welcome $RemoteIP" }
  BLOCKED: { action: reject, reject_text: "5.7.1 $RemoteIP is in $Group" }
  LATE: { action: reject, delayed_reject: true }
  DROPPED: { action: tcp_refuse }
  SECURE: { tls: required }
  RELAYED: { action: relay, tls: "off" }
`;

/** Says `commands` from `address` and gives the replies, that to nothing first; an empty one where the connection is closed. */
async function heard({ port, address, commands }: { port: number; address: string; commands: readonly string[] }) {
  using conn = await tcp(systemClock).dial({ address: "127.0.0.1", port }, { ms: 5_000, from: address });
  conn.deadline(20_000);
  const buffer = new Uint8Array(65_536);
  const replies: string[][] = [];
  for (const command of ["", ...commands]) {
    if (command !== "") await conn.write(new TextEncoder().encode(`${command}\r\n`)).catch(() => {});
    let text = "";
    while (!/^\d{3} [^\n]*\n$/m.test(text.slice(text.lastIndexOf("\n", text.length - 2) + 1))) {
      const count = await conn.read(buffer).catch(() => null);
      if (count === null) break;
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    replies.push(text.split("\r\n").filter((line) => line !== ""));
  }
  return replies;
}

Deno.test("trace says word for word what a running gateway says, and what it logs", async (t) => {
  await using gateway = await GatewayProcess.start({ ports: ["inbound"], config: ({ inbound }) => source(inbound) });
  for (let last = 1; last <= 6; last++) {
    const address = `127.66.0.${last}`;
    await t.step(address, async () => {
      const words = ["nobody@example.test", "b@example.test", "c@elsewhere.test", "postmaster", "d@example.test"];
      const to = words.flatMap((word) => ["--to", word]);
      const { out } = await runHere(
        ["trace", "--ip", address, "--no-dns", "--from", "a@example.net", ...to, "--json"],
        { file: gateway.configPath },
      );
      const { dialogue, log } = JSON.parse(out[0]) as {
        dialogue: { command: string; reply: string[] }[];
        log: string[];
      };
      const commands = dialogue.slice(1).map(({ command }) => command);
      const replies = await heard({ port: gateway.ports.inbound, address, commands });
      assert.deepEqual(dialogue.map(({ reply }) => reply), replies);
      const said = log.map((line) => line.replaceAll(/\b(MID|ICID) \d+/g, "$1 N"));
      assert.ok(said.length > 1);
      const end = /ICID N (?:close|lost)$/;
      const logged = () => {
        const lines = gateway.log.split("\n").map((line) => line.replace(/^.*? Info: /, ""));
        const from = lines.findIndex((line) => line.includes(` address ${address} `));
        const own = lines.slice(from).map((line) => line.replaceAll(/\b(MID|ICID) \d+/g, "$1 N"));
        return own.slice(0, own.findIndex((line) => end.test(line)) + 1);
      };
      for (let wait = 0; wait < 600 && logged().length === 0; wait++) await new Promise((go) => setTimeout(go, 50));
      assert.deepEqual(logged(), said);
    });
  }
});
