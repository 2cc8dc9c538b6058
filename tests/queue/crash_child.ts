/**
 * The process that the crash test kills: puts and settles as fast as it can, and says what it was promised.
 *
 * @module
 */
import { LineLog } from "../../src/base/log.ts";
import { octets } from "../../src/base/octets.ts";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { eventText, type MailEvent } from "../../src/mail/events.ts";
import { openSpool } from "../../src/queue/durable_spool.ts";
import { delivered, rule } from "./world.ts";

const say = (line: string) => void Deno.stdout.writeSync(octets(`${line}\n`));
const log = new LineLog<MailEvent>({
  level: "warning",
  format: "text",
  render: eventText,
  now: () => systemClock.now(),
  sinks: [{ write: (lines) => console.error(lines), flush: () => {} }],
});
const spool = await openSpool({
  directory: Deno.args[0],
  clock: systemClock,
  random: systemRandom,
  log,
  settings: () => ({ hostname: "gw.example.test", max_queue_messages: 1e6, min_free_disk: 0 }),
});

async function session(number: number): Promise<void> {
  while (true) {
    const mid = spool.ids.next("mid");
    say(`mid ${mid}`);
    const draft = spool.draft(mid);
    // Every fifth text is long.
    const text = octets(`Subject: ${mid}\r\n\r\n${"x".repeat(mid % 5 === 0 ? 300_000 : 3000)}`);
    for (let at = 0; at < text.length; at += 65_536) await draft.write(text.slice(at, at + 65_536));
    await spool.put({
      mid,
      sender: "a@example.com",
      recipients: [{ rid: 0, address: `b@d${number}.test` }],
      eightBit: false,
      smtputf8: false,
      receivedAt: systemClock.now(),
    }, draft);
    say(`put ${mid} ${text.length}`);
  }
}

spool.onDue(async (destination) => {
  // A third is delivered at once.
  for (const lease of await spool.lease(destination, 1)) {
    if (lease.envelope.mid % 3 > 0) continue;
    say(`settled ${lease.envelope.mid}`);
    await spool.settle(lease, [delivered(0)], rule);
  }
});
await Promise.all(Array.from({ length: 8 }, (_, number) => session(number)));
