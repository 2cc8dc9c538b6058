/**
 * The whole way of a message with the real parts: a client over a connection in memory, the acceptor, the durable queue, a transaction
 * with a next hop on loopback that remembers octets.
 *
 * @module
 */
import { Passwords } from "../../src/auth/passwords.ts";
import { systemRandom } from "../../src/base/random.ts";
import { countsInMemory } from "../../src/rates/rates.ts";
import assert from "node:assert/strict";
import { Acceptor } from "../../src/accept/acceptor.ts";
import { Turnstile } from "../../src/accept/gate.ts";
import { LocalIntake } from "../../src/accept/intake.ts";
import { makeService } from "../../src/accept/service.ts";
import { systemClock } from "../../src/base/clock.ts";
import { joined, type Octets, octets } from "../../src/base/octets.ts";
import { Pressure } from "../../src/base/pressure.ts";
import { Channel } from "../../src/deliver/channel.ts";
import { transact } from "../../src/deliver/transaction.ts";
import { tcp } from "../../src/net/tcp.ts";
import type { DurableSpool } from "../../src/queue/durable_spool.ts";
import type { Lease } from "../../src/queue/spool.ts";
import { parseEhlo } from "../../src/smtp/ehlo.ts";
import { Client, configOf, listenerOf, recordingLog } from "../accept/accept_rig.ts";
import { leaseOne, rule, World } from "../queue/world.ts";
import { type NextHop, startNextHop } from "../support/next_hop.ts";
import { PipeListener } from "../support/pipe.ts";
import { latin1, latin1Text, pieces } from "./bytes.ts";

/** A running gateway, in parts. */
export class Way implements AsyncDisposable {
  readonly #world = new World();
  readonly #listener = new PipeListener(systemClock);
  readonly #hop: NextHop = startNextHop();
  #spool!: DurableSpool;
  #acceptor!: Acceptor;
  #pressure!: Pressure;
  #lease: Lease | undefined;

  /** Starts everything. */
  static async open(): Promise<Way> {
    const way = new Way();
    way.#spool = await way.#world.open();
    const reverse = () => ({ host: undefined, verified: false });
    const log = recordingLog([]);
    const listener = listenerOf();
    const config = configOf(listener, {});
    way.#pressure = new Pressure({
      clock: systemClock,
      log,
      // Nothing runs short here: what a busy machine does is another test's matter.
      limits: () => ({ ...config.limits, max_event_loop_lag: Infinity, max_memory: Infinity }),
      sessions: () => way.#acceptor.sessions,
      messages: () => 0,
      space: () => ({ octets: Infinity, inodes: Infinity }),
      memory: () => 0,
    });
    const rates = countsInMemory(systemClock.monotonic);
    way.#acceptor = new Acceptor({
      clock: systemClock,
      log,
      intake: new LocalIntake({ spool: way.#spool, pressure: way.#pressure, log }),
      gate: new Turnstile({ pressure: way.#pressure }),
      reverse,
      lists: () => Promise.resolve(new Map()),
      rates,
      passwords: new Passwords({ clock: systemClock, random: systemRandom }),
      recipients: { check: () => Promise.reject(new Error("nobody is asked")) },
    });
    way.#acceptor.listen(way.#listener, makeService(config, { listener }));
    return way;
  }

  /** Sends a message and takes it out of the queue again: its text, an octet a character. */
  async send(text: Octets, { counted, cuts }: { counted: boolean; cuts: number[] }): Promise<string> {
    const client = new Client(this.#listener.connect());
    await client.hear("220");
    await client.say("EHLO client.example.com\r\n", "250");
    const write = async (bytes: Octets) => {
      // A large text is cut into larger pieces: thousands of them tell no more than hundreds.
      const sizes = cuts.map((size) => size * Math.ceil(bytes.length / 2_000));
      for (const piece of pieces(bytes, sizes)) await client.conn.write(piece);
    };
    await client.say("MAIL FROM:<a@example.com>\r\n", "250");
    await client.say("RCPT TO:<b@example.test>\r\n", "250");
    if (counted) {
      const middle = text.length >> 1;
      const head = `BDAT ${middle}\r\n`;
      const tail = `BDAT ${text.length - middle} LAST\r\n`;
      await write(joined([octets(head), text.slice(0, middle), octets(tail), text.slice(middle)]));
    } else {
      await client.say("DATA\r\n", "354");
      const lines = latin1Text(text).split("\r\n").map((line) => line.startsWith(".") ? `.${line}` : line).join("\r\n");
      await write(latin1(`${lines}${lines === "" || lines.endsWith("\r\n") ? "" : "\r\n"}.\r\n`));
    }
    const heard = await client.hear("(?:250 2\\.0\\.0 Ok: queued as \\d+|[45][0-9][0-9])");
    assert.match(heard, /250 2\.0\.0 Ok: queued as \d+\r\n$/);
    client.conn.close();
    this.#lease = await leaseOne(this.#spool);
    return await wholeOf(this.#lease);
  }

  /** Hands what was sent last to a next hop with these extensions: the text that it took, an octet a character. */
  async deliver(extensions: string[]): Promise<string> {
    const lease = this.#lease!;
    this.#hop.script = { extensions };
    const at = { address: "127.0.0.1", port: this.#hop.port };
    using conn = await tcp(systemClock).dial(at, { ms: 10_000 });
    const channel = new Channel({ conn, dcid: 1, host: { name: "hop.test", ...at }, clock: systemClock });
    const greeting = await channel.receive(10_000);
    assert.equal(greeting.kind, "reply");
    const hello = await channel.command(octets("EHLO gw.test\r\n"), 10_000);
    if (hello.kind === "lost") throw new Error(hello.failure.text);
    channel.capabilities = parseEhlo(hello.reply);
    const taken = this.#hop.taken.length;
    const result = await transact(channel, { lease, recipients: lease.recipients });
    if (result.kind === "stale") throw new Error("Cannot deliver: the connection is stale");
    assert.deepEqual(result.outcomes.map(({ kind }) => kind), ["delivered"]);
    await this.#spool.settle(lease, result.outcomes, rule);
    assert.equal(this.#hop.taken.length, taken + 1, "once");
    return latin1Text(this.#hop.taken[taken].text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#acceptor.shutdown();
    this.#pressure[Symbol.dispose]();
    await this.#hop[Symbol.asyncDispose]();
    await this.#world[Symbol.asyncDispose]();
  }
}

async function wholeOf(lease: Lease): Promise<string> {
  let text = "";
  for await (const chunk of lease.text()) text += latin1Text(chunk);
  assert.equal(text.length, lease.octets);
  return text;
}
