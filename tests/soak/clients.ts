/**
 * Clients of a soak: good ones over TLS, and bad ones.
 *
 * @module
 */
import { Client } from "../gateway/client.ts";
import { pause } from "../support/gateway_process.ts";
import { type Ledger, numberedText, type Shape } from "../support/ledger.ts";

/** What a client works with. */
export interface ClientWorld {
  port: number;
  authority: { certificatePem: string };
  ledger: Ledger;
  more: () => boolean;
}

/** Sends one message over a TLS session of its own. Whatever goes wrong is the sender's loss, not the books'. */
export async function sendOverTls(
  { port, authority, ledger }: ClientWorld,
  shape: (n: number) => Shape,
): Promise<void> {
  const number = ledger.sent++;
  const { octets, recipients } = shape(number);
  try {
    using client = await Client.open(port);
    await client.expect(["EHLO client.example.test", "250"]);
    await client.startTls(authority);
    await client.expect(["EHLO client.example.test", "250"]);
    const answer = await client.send(numberedText(number, octets).slice(0, -2), { to: recipients });
    if (answer.startsWith("250")) ledger.acknowledged.set(number, recipients);
    else ledger.refused.set(answer.slice(0, 3), (ledger.refused.get(answer.slice(0, 3)) ?? 0) + 1);
    await client.ask("QUIT");
  } catch {
    // cut off, by a reload or by the end
  }
}

/** A message without a return path, so that its bounce is dropped. */
export async function sendToFailing(port: number, domain: string): Promise<void> {
  using client = await Client.open(port);
  await client.expect(["EHLO client.example.test", "250"]);
  await client.send(`Subject: to ${domain}\r\n\r\n${"x".repeat(76)}`, { from: "", to: [`a@${domain}`] });
  await client.ask("QUIT");
}

/** The ways to be a bad client, each of which ends by itself. */
const mischiefs: readonly ((client: Client, more: () => boolean) => Promise<void>)[] = [
  async (_, more) => {
    // Says nothing.
    for (let waited = 0; waited < 20_000 && more(); waited += 500) await pause(500);
  },
  async (client) => {
    await client.expect(["EHLO client.example.test", "250"]);
    await client.begin({ to: ["a@one.example.test"] });
    await client.write(`Subject: half\r\n\r\n${"x".repeat(70_000)}`);
  },
  async (client) => {
    await client.expect(["EHLO client.example.test", "250"]);
    await client.begin({ to: ["a@one.example.test"] });
    // Large enough to be in a file already.
    for (let piece = 0; piece < 8; piece++) await client.write(`${"y".repeat(76)}\r\n`.repeat(1000));
    await pause(1000);
  },
  async (client) => {
    await client.write("\x00\xff\x16\x03\x01 garbage \r\n".repeat(50));
    await client.rest();
  },
  async (client) => {
    await client.expect(["EHLO client.example.test", "250"], ["STARTTLS", "220"]);
    await client.write("this is no ClientHello, and never will be\r\n");
    await client.rest();
  },
  async (client) => {
    await client.write("A".repeat(200_000));
    await client.rest();
  },
];

/** Is a bad client, in turn, until `more` says no. Returns how often. */
export async function misbehave({ port, more }: ClientWorld): Promise<number> {
  let times = 0;
  for (; more(); times++) {
    try {
      using client = await Client.open(port);
      await mischiefs[times % mischiefs.length](client, more);
    } catch {
      // being cut off is what such a client has to expect
    }
    await pause(200);
  }
  return times;
}
