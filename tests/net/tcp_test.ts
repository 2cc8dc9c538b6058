import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { octets, textOf } from "../../src/base/octets.ts";
import { DeadlineError } from "../../src/net/net.ts";
import { tcp } from "../../src/net/tcp.ts";
import { until } from "../gateway/rig.ts";
import { freePort } from "../support/gateway_process.ts";

const loopback = { address: "127.0.0.1", port: 0 };

Deno.test("tcp carries bytes both ways and says null at the peer's end", async () => {
  const sockets = tcp(systemClock);
  using listener = sockets.listen(loopback);
  using client = await sockets.dial(listener.local, { ms: 10_000 });
  using server = (await listener.accept())!;
  assert.equal(client.local.port, server.remote.port);
  await client.write(octets("hello"));
  const into = new Uint8Array(10);
  assert.equal(await server.read(into), 5);
  assert.equal(textOf(into.subarray(0, 5)), "hello");
  client.close();
  assert.equal(await server.read(into), null);
  assert.equal(sockets.open, 1);
});

Deno.test("tcp binds the source address that was asked for", async () => {
  const sockets = tcp(systemClock);
  using listener = sockets.listen(loopback);
  using client = await sockets.dial(listener.local, { ms: 10_000, from: "127.0.0.9" });
  using server = (await listener.accept())!;
  assert.equal(server.remote.address, "127.0.0.9");
  assert.equal(client.local.address, "127.0.0.9");
  const sent = new Uint8Array(300_000).fill(7);
  const got = (async () => {
    let total = 0;
    const into = new Uint8Array(1000);
    for (let n; (n = await client.read(into)) !== null;) total += n;
    return total;
  })();
  await client.write(octets("x"));
  assert.equal(await server.read(new Uint8Array(5)), 1);
  await server.write(sent);
  server.close();
  assert.equal(await got, sent.length);
});

Deno.test("tcp ends a connection whose deadline passes, a waiting read with it", async () => {
  const sockets = tcp(systemClock);
  using listener = sockets.listen(loopback);
  for (const from of [undefined, "127.0.0.9"]) {
    using client = await sockets.dial(listener.local, { ms: 10_000, from });
    using _server = (await listener.accept())!;
    client.deadline(50);
    await assert.rejects(() => client.read(new Uint8Array(5)), DeadlineError);
  }
});

Deno.test("tcp ends a write that the peer never reads when its deadline passes", async () => {
  const sockets = tcp(systemClock);
  using listener = sockets.listen(loopback);
  const held: Disposable[] = [];
  for (let n = 0; n < 5; n++) {
    const client = await sockets.dial(listener.local, { ms: 10_000 });
    held.push((await listener.accept())!);
    client.deadline(50);
    await assert.rejects(async () => {
      for (;;) await client.write(new Uint8Array(1_000_000));
    }, DeadlineError);
  }
  (await sockets.dial(listener.local, { ms: 10_000 })).close();
  (await listener.accept())!.close();
  // The runtime keeps such a socket until its peer lets go: five are the most that one address may hold.
  const fault = () =>
    sockets.dial(listener.local, { ms: 10_000 }).then((conn) => conn.close(), (error: Error) => error.message);
  await until("nothing more is dialled", async () => /reading nothing/.test(await fault() ?? ""));
  for (const server of held) server[Symbol.dispose]();
  await until("the address is spoken to again once it let go", async () => await fault() === undefined);
});

Deno.test("tcp names a port that is in use, and an address that is not ours", () => {
  const sockets = tcp(systemClock);
  using listener = sockets.listen(loopback);
  const { port } = listener.local;
  assert.throws(() => sockets.listen({ address: "127.0.0.1", port }), {
    message: `Cannot listen on 127.0.0.1:${port}: the port is in use by another program`,
  });
  assert.throws(() => sockets.listen({ address: "192.0.2.1", port: 0 }), {
    message: "Cannot listen on 192.0.2.1:0: this machine has no such address",
  });
});

Deno.test("tcp accepts null once the listener is closed", async () => {
  const listener = tcp(systemClock).listen(loopback);
  const waiting = listener.accept();
  listener.close();
  assert.equal(await waiting, null);
});

Deno.test("tcp gives an address free when close resolves: the same port on all addresses can be had at once", async () => {
  const sockets = tcp(systemClock);
  for (let round = 0; round < 20; round++) {
    const port = freePort();
    const one = sockets.listen({ address: "127.0.0.1", port });
    const accepting = one.accept();
    await one.close();
    const all = sockets.listen({ address: "0.0.0.0", port });
    await all.close();
    assert.equal(await accepting, null);
    await sockets.listen({ address: "127.0.0.1", port }).close();
  }
});
