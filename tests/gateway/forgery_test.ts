/**
 * Nothing that a peer says can end a line of the log, begin one, or move a terminal's cursor.
 *
 * Each attack tries to write the line that says MID 999 was queued. The whole log is then read by its grammar.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GatewayProcess } from "../support/gateway_process.ts";
import { startFakeDns } from "../support/fake_dns.ts";
import { type NextHop, startNextHop } from "../support/next_hop.ts";
import { Client, greeted, utf8 } from "./client.ts";
import { countOf, gatewayConfig, until } from "./rig.ts";
import { linesOf, mailLines } from "./mail_log.ts";

const forged = "Sun Nov 22 02:19:14 2026 Info: MID 999 queued for delivery";

/** What an attacker puts before the line, octets as Latin-1. */
const breaks: Record<string, string> = {
  "CR LF": "\r\n",
  "LF": "\n",
  "CR": "\r",
  "vertical tab": "\v",
  "form feed": "\f",
  "NUL": "\0",
  "escape sequence": "\x1b[2K\x1b[1G",
  "backspaces": "\b\b\b\b",
  "NEL as one octet": "\x85",
  "NEL in UTF-8": "\xc2\x85",
  "line separator": utf8("\u2028"),
  "paragraph separator": utf8("\u2029"),
  "right-to-left override": utf8("\u202e"),
  "byte order mark": utf8("\ufeff"),
  "a written escape": "\\r\\n",
  "a quote": "'",
  "overlong line feed": "\xc0\x8a",
  "encoded word": "=?utf-8?q?=0D=0A?=",
};

Deno.test("no line is forged by a client: HELO, MAIL, RCPT, unknown commands, Subject, Message-ID", async (t) => {
  await using hop = startNextHop();
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) =>
      gatewayConfig({
        inbound,
        nextHop: hop.port,
        policy: { bare_line_feed: "fix" },
        more: { logs: { level: "trace" } },
      }),
  });
  const { inbound } = gateway.ports;
  const commands = (text: string): string[] => [
    `HELO ${text}`,
    `EHLO ${text}`,
    `MAIL FROM:<"${text}"@example.org> SMTPUTF8`,
    `MAIL FROM:<s@${text}> SMTPUTF8`,
    `MAIL FROM:<s@example.org> ENVID=${text}`,
    `RCPT TO:<"${text}"@example.test>`,
    `RCPT TO:<a@example.test> ORCPT=rfc822;${text}`,
    `VRFY ${text}`,
    text,
  ];
  let stored = 0;
  for (const [name, begin] of Object.entries(breaks)) {
    await t.step(name, async () => {
      const text = `x${begin}${forged}`;
      for (const command of commands(text)) {
        using client = await greeted(inbound);
        if (command.startsWith("RCPT")) await client.expect(["MAIL FROM:<s@example.org> SMTPUTF8", "250"]);
        // The forged line becomes a command of its own where the attack ends the line; both are answered or the session ends.
        await client.write(`${command}\r\nQUIT\r\n`);
        await client.rest();
      }
      using client = await greeted(inbound);
      const answer = await client.send(
        `Subject: ${text}\r\nMessage-ID: <${text}>\r\nX-Other: ${text}\r\n\r\n${text}`,
      );
      // NUL is refused and ends nothing; all else is a message.
      assert.match(answer, begin === "\0" ? /^55\d / : /^250 /);
      if (answer.startsWith("250")) stored++;
    });
  }
  await until("deliveries", () => countOf(gateway.log, /: Message finished MID/) === stored);
  assert.equal((await gateway.stop()).code, 0);
  mailLines(gateway.log);
  assert.equal(countOf(gateway.log, /Info: MID \d+ queued for delivery\n/), stored, "a line was forged");
  assert.ok(linesOf(gateway.log).every(({ text }) => !/^.{0,6}MID 999/.test(text)), "a line was forged");
});

Deno.test("no line is forged by a next hop: its greeting and each of its replies", async () => {
  const steps: Record<string, RegExp> = {
    greeting: /^GREETING/,
    ehlo: /^[EH][EH]LO/,
    starttls: /^STARTTLS/,
    mail: /^MAIL/,
    rcpt: /^RCPT/,
    data: /^DATA/,
    text: /^\./,
  };
  await using stack = new AsyncDisposableStack();
  const hops: { domain: string; hop: NextHop }[] = [];
  for (const [step, pattern] of Object.entries(steps)) {
    for (const code of ["250 2.0.0", "450 4.2.0", "550 5.7.1", "999"]) {
      for (const begin of ["\r\n", "\n", "\r", "\x1b[2K", "\u2028", "\x85", "'", "\r\n250-"]) {
        const wire = `${code} x${begin}${forged}\r\n`;
        const hop = startNextHop({
          // CHUNKING is not offered, so that the text comes by DATA.
          extensions: step === "starttls" ? ["STARTTLS"] : [],
          answer: (command) => pattern.test(command) ? { text: wire, close: step === "greeting" } : undefined,
        });
        hops.push({ domain: `${step}${hops.length}.example.test`, hop: stack.use(hop) });
      }
    }
  }
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) => ({
      ...gatewayConfig({
        inbound,
        nextHop: 9,
        policy: { max_recipients_per_message: 1000 },
        more: {
          logs: { level: "trace" },
          // Each recipient is tried once; the report has nowhere to go.
          bounce_profiles: { default: { max_retries: 0, initial_retry: "1s", max_retry_interval: "1s" } },
        },
      }),
      smtp_routes: Object.fromEntries(hops.map(({ domain, hop }) => [domain, [`127.0.0.1:${hop.port}`]])),
    }),
  });
  using client = await greeted(gateway.ports.inbound);
  const to = hops.map(({ domain }) => `a@${domain}`);
  assert.match(await client.send("Subject: x\r\n\r\nx", { from: "", to }), /^250 /);
  await gateway.logged(/Message finished MID 1 /, { ms: 30_000 });
  assert.equal((await gateway.stop()).code, 0);
  for (const { domain, hop } of hops) assert.ok(hop.sessions.length > 0, `${domain} was not tried`);
  mailLines(gateway.log);
  assert.equal(countOf(gateway.log, /Info: MID \d+ queued for delivery\n/), 1, "a line was forged");
  assert.ok(linesOf(gateway.log).every(({ text }) => !/^.{0,6}MID 999/.test(text)), "a line was forged");
});

Deno.test("no line is forged by a reverse zone", async () => {
  const pointers = Object.values(breaks).map((begin) => `x${begin}${forged.slice(0, 40)}.example.test`);
  let next = 0;
  const asked: string[] = [];
  await using dns = startFakeDns(({ name, type }) => {
    asked.push(`${type} ${name}`);
    const data = pointers[next % pointers.length];
    return type === "PTR" ? { answers: [{ name, type: "PTR", data }] } : { rcode: 3 };
  });
  await using hop = startNextHop();
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) => ({
      ...gatewayConfig({ inbound, nextHop: hop.port }),
      dns: { servers: [`127.0.0.1:${dns.server.port}`] },
    }),
  });
  // Names are kept for each address: so each comes from another.
  for (; next < pointers.length; next++) {
    using client = await Client.open(gateway.ports.inbound, { from: `127.0.1.${next + 1}` });
    await client.expect(["QUIT", "221"]);
  }
  await until("the ends of all sessions", () => countOf(gateway.log, /ICID \d+ close\n/) === pointers.length);
  assert.equal((await gateway.stop()).code, 0);
  const lines = mailLines(gateway.log);
  assert.equal(lines.length, 3 * pointers.length, gateway.log);
  assert.ok(asked.filter((question) => question.startsWith("PTR ")).length >= pointers.length, asked.join("\n"));
});
