/**
 * A gateway that runs short of something: what clients get, what the log says, and that service returns by itself.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GatewayProcess } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { Client, greeted } from "./client.ts";
import { countOf, gatewayConfig, ownersTest, until } from "./rig.ts";

/** The lines above Info that are about pressure or storing. That the machine is busy with other tests is nobody's affair here. */
function loud(log: string): string[] {
  return log.split("\n").filter((line) => /(Critical|Warning): .*(Pressure|[Ss]tore|queue can be)/.test(line))
    .filter((line) => !line.includes("the event loop runs too late"))
    .map((line) => line.replace(/^.* (?=Critical|Warning)/, ""));
}

/** How long a MAIL is refused; the reply that came first. */
async function refusedUntil(port: number): Promise<void> {
  await until("MAIL to be taken", async () => {
    using client = await greeted(port);
    return (await client.ask("MAIL FROM:<s@example.org>")).startsWith("250");
  }, { every: 200 });
}

Deno.test("more memory in use than limits.max_memory: 421 to new sessions, those that run go on, and it ends by itself", async () => {
  await using hop = startNextHop();
  const config = (ports: Record<string, number>, max_memory: string) =>
    gatewayConfig({ inbound: ports.inbound, nextHop: hop.port, more: { limits: { max_memory } } });
  await using gateway = await GatewayProcess.start({ ports: ["inbound"], config: (ports) => config(ports, "1G") });
  using open = new DisposableStack();
  const clients: Client[] = [];
  for (let n = 0; n < 12; n++) clients.push(open.use(await greeted(gateway.ports.inbound)));
  await gateway.apply(config(gateway.ports, "64M"));
  await gateway.logged(
    /Critical: Pressure: too much memory in use: \d+ MiB, the limit is 64 MiB; new connections get 421/,
  );
  for (let n = 0; n < 5; n++) {
    using late = await Client.open(gateway.ports.inbound);
    assert.equal(late.greeting, "421 4.3.2 gw.example.test Short of memory, try again later");
    assert.equal(await late.rest(), "");
  }
  for (const client of clients) assert.match(await client.send("Subject: on\r\n\r\nHello"), /^250 /);
  await until("deliveries", () => hop.taken.length === 12);
  await gateway.apply(config(gateway.ports, "1G"));
  await gateway.logged(/Warning: Pressure is gone after \d+ s: too much memory in use; 5 connections were turned away/);
  using _again = await greeted(gateway.ports.inbound);
  assert.equal(loud(gateway.log).length, 2, loud(gateway.log).join("\n"));
});

Deno.test("a full queue: 452 at MAIL in sessions that stay, and it ends when mail has left", async () => {
  let closed = true;
  await using hop = startNextHop({
    answer: (command) => closed && command.startsWith("MAIL") ? "451 4.3.0 not now\r\n" : undefined,
  });
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) =>
      gatewayConfig({
        inbound,
        nextHop: hop.port,
        more: {
          limits: { max_queue_messages: 5 },
          bounce_profiles: { default: { initial_retry: "1s", max_retry_interval: "1s" } },
        },
      }),
  });
  using client = await greeted(gateway.ports.inbound);
  for (let n = 0; n < 5; n++) assert.match(await client.send("Subject: one\r\n\r\nHello"), /^250 /);
  await gateway.logged(/Critical: Pressure: too many messages in the queue: 5, the limit is 5; MAIL gets 452/);
  for (let n = 0; n < 20; n++) {
    assert.equal(
      await client.ask("MAIL FROM:<s@example.org>"),
      "452 4.3.1 Too many messages are queued, try again later",
    );
  }
  closed = false;
  await gateway.logged(
    /Warning: Pressure is gone after \d+ s: too many messages in the queue; 20 messages were turned away/,
  );
  assert.match(await client.send("Subject: again\r\n\r\nHello"), /^250 /);
  await until("deliveries", () => hop.taken.length === 6);
  assert.equal(loud(gateway.log).length, 2, loud(gateway.log).join("\n"));
});

/** A file system of its own, in memory. */
async function mounted<T>(options: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "postern-small-" });
  const run = async (command: string, ...args: string[]): Promise<boolean> =>
    (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  if (!await run("mount", "-t", "tmpfs", "-o", options, "postern-test", folder)) {
    await Deno.remove(folder);
    throw new Error("Cannot mount a tmpfs: the right is missing");
  }
  try {
    return await use(folder);
  } finally {
    await run("umount", "-l", folder);
    await Deno.remove(folder);
  }
}

ownersTest("mounting a file system", Deno.uid() === 0, {
  name: "a disk that fills, in octets or in inodes: 452 at MAIL, nothing lost, and it ends when there is room",
  run: () =>
    mounted("size=64m,nr_inodes=400", async (within) => {
      await using hop = startNextHop();
      await using gateway = await GatewayProcess.start({
        within,
        ports: ["inbound"],
        config: ({ inbound }) =>
          gatewayConfig({ inbound, nextHop: hop.port, more: { limits: { min_free_disk: "16M" } } }),
      });
      using client = await greeted(gateway.ports.inbound);
      let sent = 0;
      const send = async () => {
        assert.match(await client.send(`Subject: ${++sent}\r\n\r\nHello`), /^250 /);
      };
      await send();
      const fill: [string, () => void][] = [
        ["little disk space", () => Deno.writeFileSync(`${within}/filler`, new Uint8Array(50 * 1048576))],
        ["few inodes", () => {
          Deno.mkdirSync(`${within}/filler`);
          for (let n = 0; n < 320; n++) Deno.writeTextFileSync(`${within}/filler/${n}`, "");
        }],
      ];
      for (const [what, run] of fill) {
        const from = gateway.log.length;
        run();
        await gateway.logged(new RegExp(`Critical: Pressure: too ${what} free: .*; MAIL gets 452`), { from });
        assert.match(
          await client.ask("MAIL FROM:<s@example.org>"),
          /^452 4\.3\.1 Too little disk space, try again later$/,
        );
        Deno.removeSync(`${within}/filler`, { recursive: true });
        await gateway.logged(new RegExp(`Warning: Pressure is gone after \\d+ s: too ${what} free; `), { from });
        await refusedUntil(gateway.ports.inbound);
        await send();
      }
      await until("deliveries", () => hop.taken.length === sent);
      assert.equal(loud(gateway.log).length, 4, loud(gateway.log).join("\n"));
    }),
});

ownersTest("mounting a file system", Deno.uid() === 0, {
  name: "a disk that is full to the brim under load: one Critical line each, no acknowledged message lost",
  run: () =>
    mounted("size=24m", async (within) => {
      await using hop = startNextHop();
      await using gateway = await GatewayProcess.start({
        within,
        ports: ["inbound"],
        config: ({ inbound }) =>
          gatewayConfig({
            inbound,
            nextHop: hop.port,
            // Nothing is kept free, so that the database meets the end of the disk itself.
            more: { limits: { min_free_disk: "0" }, storage: { directory: "./data" } },
          }),
      });
      const filler = await Deno.open(`${within}/filler`, { write: true, create: true });
      try {
        for (;;) await filler.write(new Uint8Array(65_536));
      } catch {
        filler.close();
      }
      const text = `Subject: full\r\n\r\n${"x".repeat(70)}\r\n`.repeat(1) + `${"y".repeat(76)}\r\n`.repeat(400);
      let taken = 0;
      const replies = new Set<string>();
      /** Refused at MAIL, or at the end of the text. */
      const send = async (): Promise<boolean> => {
        using client = await greeted(gateway.ports.inbound);
        let answer = await client.ask("MAIL FROM:<s@example.org>");
        if (answer.startsWith("250")) {
          await client.expect(["RCPT TO:<a@example.test>", "250"], ["DATA", "354"]);
          await client.write(`${text}\r\n.\r\n`);
          answer = await client.reply();
          if (answer.startsWith("250")) taken++;
        }
        replies.add(answer.slice(0, 9));
        return answer.startsWith("250");
      };
      for (let n = 0; n < 150; n++) await send();
      assert.ok(replies.has("452 4.3.1"), [...replies].join());
      const during = loud(gateway.log);
      assert.ok(during.length <= 4, during.join("\n"));
      assert.equal(countOf(gateway.log, /Critical: Pressure: too little disk space free: 0 MiB/), 1, during.join("\n"));
      await Deno.remove(`${within}/filler`);
      await until("room", send, { every: 200 });
      await until("deliveries", () => hop.taken.length >= taken);
      await gateway.logged(
        /Warning: Pressure is gone after \d+ s: too little disk space free; \d+ messages were turned away/,
      );
      assert.deepEqual([...replies].filter((reply) => !/^(250|452) /.test(reply)), []);
      assert.ok(countOf(gateway.log, /Critical: Cannot store MID/) <= 1, loud(gateway.log).join("\n"));
    }),
});
