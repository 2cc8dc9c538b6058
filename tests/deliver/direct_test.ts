/**
 * One message without the queue: over real sockets, with TLS, against next hops that take it, refuse it, or say nothing.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { limits } from "../../src/base/limits.ts";
import { octets, textOf } from "../../src/base/octets.ts";
import { deliverDirectly } from "../../src/deliver/direct.ts";
import type { DeliveryWorld } from "../../src/deliver/world.ts";
import type { Outcome } from "../../src/mail/outcome.ts";
import { routeOf } from "../../src/policy/route.ts";
import type { Level } from "../../src/tls/level.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { type Bench, type BenchWish, startBench } from "../support/delivery_bench.ts";
import { until } from "../gateway/rig.ts";
import { startNextHop } from "../support/next_hop.ts";
import { engine, pairOf, profileOf, trustIn } from "../support/tls_world.ts";

const text = octets("Subject: alert\r\n\r\n.Hello\r\n");

function bench(port: number, { tls = "preferred", ...more }: { tls?: Level } & BenchWish = {}): Bench {
  return startBench({
    control: { tls },
    routes: { "example.test": [{ host: "127.0.0.1", port }] },
    ...more,
  });
}

function send(
  { config, world }: Bench,
  { to = ["ops@example.test"], signal = new AbortController().signal, changed = {} }: {
    to?: string[];
    signal?: AbortSignal;
    changed?: Partial<DeliveryWorld>;
  } = {},
): Promise<Outcome[]> {
  const mail = { recipients: to, text, smtputf8: false };
  return deliverDirectly({ ...world, ...changed }, { route: routeOf("example.test", config), config, mail, signal });
}

Deno.test("deliverDirectly: a message goes over a connection of its own, from the null sender, under the level's TLS", async () => {
  const dir = await Deno.makeTempDir();
  const authority = await makeAuthority(dir);
  const leaf = await makeLeaf({ ca: authority, names: ["example.test"] });
  await Deno.remove(dir, { recursive: true });
  using context = engine.clientContext({ profile: profileOf(), trust: trustIn([authority]) });
  using tls = engine.serverContext({
    profile: profileOf(),
    keyPairs: [pairOf("leaf", leaf)],
    askClientCertificate: false,
    sessionIdContext: "test",
  });
  await using hop = startNextHop({ tls });
  await using gateway = bench(hop.port, { tls: "required-verify", context });
  const outcomes = await send(gateway, { to: ["a@example.test", "b@example.test"] });
  assert.deepEqual(outcomes.map(({ rid, kind }) => [rid, kind]), [[0, "delivered"], [1, "delivered"]]);
  const [taken] = hop.taken;
  assert.deepEqual([textOf(taken.text), taken.encrypted, taken.rcpts.length], [textOf(text), true, 2]);
  assert.match(taken.mail, /^MAIL FROM:<>/);
  assert.equal(hop.sessions[0].commands.at(-1), "QUIT");
  const lines = gateway.lines().join("\n");
  assert.match(lines, /New SMTP DCID 1 .*\nDCID 1 TLS success protocol TLSv1\.3 .*\nDCID 1 close$/);
});

Deno.test("deliverDirectly: a level that is not met is an end like any other, and no event that asks for an alert", async () => {
  await using hop = startNextHop();
  await using gateway = bench(hop.port, { tls: "required" });
  const [outcome] = await send(gateway);
  assert.equal(outcome.kind === "deferred" && outcome.failure?.reason, "no_starttls");
  assert.deepEqual(hop.taken, []);
  const events = gateway.events.map(({ event }) => event);
  assert.ok(events.includes("dcid_tls_failed"), `${events}`);
  assert.ok(!events.includes("required_tls_failed"), `${events}`);
});

Deno.test("deliverDirectly: each recipient has an end of its own", async () => {
  await using hop = startNextHop({
    answer: (line) =>
      line.startsWith("RCPT TO:<no")
        ? "550 5.1.1 no\r\n"
        : line.startsWith("RCPT TO:<later")
        ? "451 4.3.0 later\r\n"
        : undefined,
  });
  await using gateway = bench(hop.port);
  const outcomes = await send(gateway, { to: ["no@example.test", "yes@example.test", "later@example.test"] });
  assert.deepEqual(
    new Map(outcomes.map(({ rid, kind }) => [rid, kind])),
    new Map([[0, "refused"], [2, "deferred"], [1, "delivered"]]),
  );
});

Deno.test("deliverDirectly: nobody listens, or the name is not known", async () => {
  await using hop = startNextHop();
  const { port } = hop;
  await hop[Symbol.asyncDispose]();
  await using gateway = bench(port);
  const [outcome] = await send(gateway);
  assert.equal(outcome.kind === "deferred" && outcome.failure?.reason, "connection_refused");
  await using lost = bench(1, { routes: {} });
  const [unknown] = await send(lost);
  assert.equal(unknown.kind === "refused" && unknown.failure?.reason, "no_such_domain");
});

Deno.test("deliverDirectly: a next hop that says nothing is cut off, by the caller or when its time is up", async () => {
  const silence = Promise.withResolvers<void>();
  await using hop = startNextHop({ answer: () => ({ wait: silence.promise }) });
  await using gateway = bench(hop.port);
  const end = new AbortController();
  const sending = send(gateway, { signal: end.signal });
  await until("the connection", () => hop.open > 0);
  end.abort();
  const [cut] = await sending;
  assert.equal(cut.kind === "deferred" && cut.failure?.text, "The attempt took too long");
  assert.equal((await send(gateway, { signal: end.signal }))[0].kind, "deferred");
  const hasty = {
    ...systemClock,
    after: (ms: number, fire: () => void) => systemClock.after(ms === limits.directAttemptMs ? 50 : ms, fire),
  };
  const [late] = await send(gateway, { changed: { clock: hasty } });
  assert.equal(late.kind === "deferred" && late.failure?.reason, "timeout");
  silence.resolve();
});
