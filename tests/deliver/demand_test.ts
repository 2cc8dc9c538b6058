/**
 * Mail that demands TLS, over real sockets and OpenSSL: by the header, and by REQUIRETLS.
 */
import assert from "node:assert/strict";
import type { TlsDemand } from "../../src/mail/destination.ts";
import { type Level, levelTable } from "../../src/tls/level.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { type Bench, startBench, tableResolver } from "../support/delivery_bench.ts";
import { modern, type NextHop, type Script, startNextHop } from "../support/next_hop.ts";
import { engine, pairOf, profileOf, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
const authority = await makeAuthority(dir);
const stranger = await makeAuthority(dir, { name: "Stranger" });
const made = {
  good: await makeLeaf({ ca: authority, names: ["example.test"] }),
  untrusted: await makeLeaf({ ca: stranger, names: ["example.test"] }),
  wrongName: await makeLeaf({ ca: authority, names: ["mx.other.test"] }),
  client: await makeLeaf({ ca: authority, names: ["client.gw.test"], purpose: "clientAuth" }),
  partner: await makeLeaf({ ca: authority, names: ["partner.gw.test"], purpose: "clientAuth" }),
};
await Deno.remove(dir, { recursive: true });

type Which = "good" | "untrusted" | "wrongName";

function server(which: Which) {
  return engine.serverContext({
    profile: profileOf({}),
    keyPairs: [pairOf(which, made[which])],
    askClientCertificate: false,
    sessionIdContext: "test",
  });
}

const client = () => engine.clientContext({ profile: profileOf({}), trust: trustIn([authority]) });

/** Sends one message with a demand to this next hop. */
async function send(
  next: NextHop,
  { tls, demand, ret }: { tls: Level; demand: TlsDemand; ret?: "FULL" },
): Promise<Bench & { outcome: { kind: string; enhanced?: string } }> {
  const context = client();
  const bench = startBench({
    control: { tls },
    routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] },
    context,
  }, [{ to: ["b@example.test"], envelope: { tls: demand, ...ret && { ret } } }]);
  await bench.spool.whenSettled(1);
  const [{ outcomes: [outcome] }] = bench.spool.settled;
  const enhanced = outcome.kind === "delivered" ? undefined : outcome.failure?.enhanced;
  const stop = bench[Symbol.asyncDispose];
  return Object.assign(bench, {
    outcome: { kind: outcome.kind, enhanced },
    async [Symbol.asyncDispose]() {
      await stop();
      context[Symbol.dispose]();
    },
  });
}

const extensions = [...modern, "REQUIRETLS"];

const hops: {
  name: string;
  script: () => Script;
  /** With the header X-Postern-TLS, at levels below required-verify and at it; with REQUIRETLS, at any level. */
  ends: [header: string, atVerify: string, requiretls: string];
}[] = [
  { name: "no STARTTLS", script: () => ({}), ends: ["deferred 4.7.4", "deferred 4.7.4", "refused 5.7.10"] },
  {
    name: "454 to STARTTLS",
    script: () => ({
      tls: server("good"),
      answer: (command) => command === "STARTTLS" ? "454 TLS not available\r\n" : undefined,
    }),
    ends: ["deferred 4.7.4", "deferred 4.7.4", "refused 5.7.10"],
  },
  {
    name: "a handshake that fails",
    script: () => ({ insteadOfTls: () => Promise.resolve() }),
    ends: ["deferred 4.7.5", "deferred 4.7.5", "refused 5.7.10"],
  },
  {
    name: "octets in clear behind the 220",
    script: () => ({
      tls: server("good"),
      answer: (command) => command === "STARTTLS" ? "220 go\r\n250-evil.test\r\n250 REQUIRETLS\r\n" : undefined,
    }),
    ends: ["deferred 4.7.5", "deferred 4.7.5", "refused 5.7.10"],
  },
  {
    name: "an untrusted certificate",
    script: () => ({ tls: server("untrusted"), extensions }),
    ends: ["delivered", "deferred 4.7.5", "refused 5.7.10"],
  },
  {
    name: "a wrong name",
    script: () => ({ tls: server("wrongName"), extensions }),
    ends: ["delivered", "deferred 4.7.5", "refused 5.7.10"],
  },
  {
    name: "a good certificate, and no REQUIRETLS",
    script: () => ({ tls: server("good") }),
    ends: ["delivered", "delivered", "refused 5.7.30"],
  },
  {
    name: "REQUIRETLS offered in clear only",
    script: () => ({
      tls: server("good"),
      answer: (command, { encrypted }) =>
        command.startsWith("EHLO") && !encrypted ? "250-hop.test\r\n250-STARTTLS\r\n250 REQUIRETLS\r\n" : undefined,
    }),
    ends: ["delivered", "delivered", "refused 5.7.30"],
  },
  {
    name: "a good certificate and REQUIRETLS",
    script: () => ({ tls: server("good"), extensions }),
    ends: ["delivered", "delivered", "delivered"],
  },
];

for (const { name, script, ends } of hops) {
  Deno.test(`a message that demands TLS, with ${name}: ${ends.join(", ")}`, async () => {
    for (const { name: tls } of levelTable) {
      for (const demand of ["required", "requiretls"] as const) {
        const what = script();
        using _tls = what.tls;
        await using next = startNextHop(what);
        await using bench = await send(next, { tls, demand });
        const expected = demand === "requiretls" ? ends[2] : ends[tls === "required-verify" ? 1 : 0];
        const { kind, enhanced } = bench.outcome;
        const log = bench.lines().join("\n");
        assert.equal(enhanced === undefined ? kind : `${kind} ${enhanced}`, expected, `${tls} ${demand}\n${log}`);
        const commands = next.sessions.flatMap((session) => session.commands);
        assert.equal(
          commands.some((line) => line.startsWith("MAIL")),
          kind === "delivered",
          "no MAIL without protection",
        );
        assert.deepEqual(next.taken.map(({ encrypted }) => encrypted), kind === "delivered" ? [true] : []);
        assert.equal(
          next.taken[0]?.mail.includes("REQUIRETLS") ?? false,
          kind === "delivered" && demand === "requiretls",
        );
        // Whatever is not met is a fact for alerts, at a level that the destination alone would not have asked for.
        const told = bench.events.filter(({ event }) => event === "required_tls_failed");
        assert.equal(told.length, kind === "delivered" ? 0 : 1, log);
      }
    }
  });
}

Deno.test("REQUIRETLS: a host that fails for other reasons keeps the mail waiting; the next host may do", async () => {
  using tls = server("good");
  using context = client();
  await using poor = startNextHop({ tls });
  await using busy = startNextHop({
    tls,
    extensions,
    answer: (line) => line === "GREETING" ? "421 later\r\n" : undefined,
  });
  await using rich = startNextHop({ tls, extensions });
  const at = ({ port }: NextHop) => ({ host: "127.0.0.1", port });
  const table: [NextHop[], string][] = [
    [[poor, busy], "deferred"],
    [[busy, poor], "deferred"],
    [[poor, poor], "refused"],
    [[poor, rich], "delivered"],
    [[busy, rich], "delivered"],
  ];
  for (const [hosts, expected] of table) {
    await using bench = startBench({ routes: { "example.test": hosts.map(at) }, context }, [
      { to: ["b@example.test"], envelope: { tls: "requiretls" } },
    ]);
    await bench.spool.whenSettled(1);
    assert.equal(bench.spool.settled[0].outcomes[0].kind, expected, bench.lines().join("\n"));
  }
});

Deno.test("REQUIRETLS: what the host did is remembered for such mail only, and a second message hears the same", async () => {
  using tls = server("good");
  using context = client();
  await using next = startNextHop({ tls });
  const routes = { "example.test": [{ host: "127.0.0.1", port: next.port }] };
  await using bench = startBench({ routes, context }, [{ to: ["a@example.test"], envelope: { tls: "requiretls" } }]);
  await bench.spool.whenSettled(1);
  bench.spool.add({ to: ["b@example.test"], envelope: { tls: "requiretls" } });
  bench.spool.add({ to: ["c@example.test"] });
  bench.spool.add({ to: ["d@example.test"], envelope: { tls: "required" } });
  await bench.spool.whenSettled(4);
  const ends = bench.spool.settled.map(({ lease, outcomes: [{ kind }] }) =>
    `${lease.recipients[0].address[0]} ${kind}`
  );
  assert.deepEqual(ends.sort(), ["a refused", "b refused", "c delivered", "d delivered"]);
  assert.deepEqual(next.taken.map(({ encrypted }) => encrypted), [true, true]);
});

Deno.test("REQUIRETLS: an MX host's name counts where DNSSEC proves it", async () => {
  using context = client();
  for (const [authentic, kind] of [[true, "delivered"], [false, "refused"]] as const) {
    using tls = server("wrongName");
    await using next = startNextHop({ tls, extensions });
    const resolver = tableResolver({
      "MX example.test": [{ preference: 1, exchange: "mx.other.test" }],
      "A mx.other.test": ["127.0.0.1"],
    }, { authentic });
    const control = { verify_names: "mx", ip_preference: "require_v4" } as const;
    await using bench = startBench({ control, resolver, context });
    const { dial } = bench.world.dialer;
    bench.world.dialer.dial = (to, options) => dial.call(bench.world.dialer, { ...to, port: next.port }, options);
    bench.spool.add({ to: ["b@example.test"], envelope: { tls: "requiretls" } });
    await bench.spool.whenSettled(1);
    assert.equal(bench.spool.settled[0].outcomes[0].kind, kind, bench.lines().join("\n"));
  }
});

Deno.test("mail that cannot have TLS holds nothing up, and counts with its domain's connections", async () => {
  using context = client();
  await using next = startNextHop();
  const routes = { "example.test": [{ host: "127.0.0.1", port: next.port }] };
  const mails = Array.from({ length: 40 }, (_, n) => ({
    to: [`b${n}@example.test`],
    envelope: n % 2 === 0 ? { tls: "required" as const } : {},
  }));
  await using bench = startBench({ control: { max_connections: 2 }, routes, context });
  let most = 0;
  // Ours, not the hop's: it hears a little later that a connection was closed.
  next.script = { answer: () => (most = Math.max(most, bench.delivery.connections), undefined) };
  for (const mail of mails) bench.spool.add(mail);
  await bench.spool.whenSettled(40);
  const kinds = bench.spool.settled.map(({ lease, outcomes: [{ kind }] }) =>
    `${lease.envelope.tls ?? "plain"} ${kind}`
  );
  assert.equal(kinds.filter((kind) => kind === "plain delivered").length, 20);
  assert.equal(kinds.filter((kind) => kind === "required deferred").length, 20);
  assert.ok(most <= 2, `${most} connections at a time`);
});

Deno.test("certificate: each destination shows its own, else the one of all", async () => {
  const trust = trustIn([authority]);
  using tls = engine.serverContext({
    profile: profileOf({ methods: ["TLSv1.2"] }),
    keyPairs: [pairOf("good", made.good)],
    askClientCertificate: true,
    trust,
    sessionIdContext: "test",
  });
  const context = (name: "client" | "partner") =>
    engine.clientContext({ profile: profileOf({}), keyPair: pairOf(name, made[name]), trust });
  using all = context("client");
  using own = context("partner");
  await using next = startNextHop({ tls });
  const hop = [{ host: "127.0.0.1", port: next.port }];
  await using bench = startBench({
    certificate: "all",
    controls: { "partner.test": { certificate: "own" } },
    routes: { "example.test": hop, "partner.test": hop },
    context: all,
    byCertificate: new Map([["own", own]]),
  }, [{ to: ["b@example.test"] }, { to: ["b@partner.test"] }]);
  await bench.spool.whenSettled(2);
  const shown = next.sessions.map(({ facts, taken }) => {
    const names = ["client.gw.test", "partner.gw.test"].filter((name) => facts?.matches(name));
    return [taken[0].rcpts[0], ...names];
  });
  assert.deepEqual(shown.sort(), [
    ["RCPT TO:<b@example.test>", "client.gw.test"],
    ["RCPT TO:<b@partner.test>", "partner.gw.test"],
  ]);
});
