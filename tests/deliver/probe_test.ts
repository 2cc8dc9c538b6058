/**
 * Probes: what delivery would meet at a next hop of each kind, and what each level would do with it.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { loadSource } from "../../src/config/load.ts";
import { probe, type ProbeQuestion } from "../../src/deliver/probe.ts";
import type { Conn } from "../../src/net/net.ts";
import { startTls } from "../../src/tls/pump.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { tableResolver } from "../support/delivery_bench.ts";
import { type Script, startNextHop } from "../support/next_hop.ts";
import { engine, pairOf, profileOf, sockets, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
const authority = await makeAuthority(dir);
const stranger = await makeAuthority(dir, { name: "Stranger" });
const past = { notBefore: new Date("2020-01-01"), notAfter: new Date("2020-02-01") };
const made = {
  good: await makeLeaf({ ca: authority, names: ["example.test"] }),
  mx: await makeLeaf({ ca: authority, names: ["mx.example.test"] }),
  untrusted: await makeLeaf({ ca: stranger, names: ["example.test"] }),
  selfSigned: await makeLeaf({ names: ["example.test"] }, dir),
  wrongName: await makeLeaf({ ca: authority, names: ["other.test"] }),
  expired: await makeLeaf({ ca: authority, names: ["example.test"], ...past }),
};
await Deno.remove(dir, { recursive: true });
const trust = trustIn([authority]);

function server(which: keyof typeof made, methods = profileOf().methods) {
  return engine.serverContext({
    profile: profileOf({ methods }),
    keyPairs: [pairOf(which, made[which])],
    askClientCertificate: false,
    sessionIdContext: "test",
  });
}

const config = async (more = "") => {
  const source =
    `version: 1\nhostname: gw.example.test\ntls: { outbound_smtp: { methods: [TLSv1.2, TLSv1.3] } }\n${more}`;
  const loaded = await loadSource(source, { file: "c.yaml", hostname: "gw.example.test", generation: 1 });
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.errors.map(({ text }) => text).join("\n"));
  return loaded.config;
};

/** Probes example.test at a port of loopback. */
async function probed(question: Partial<ProbeQuestion>, zones: Parameters<typeof tableResolver>[0] = {}) {
  const whole = { domain: "example.test", config: await config(), ms: 5_000, ...question };
  using context = engine.clientContext({ profile: whole.config.tls.outbound_smtp, trust });
  return await probe({
    clock: systemClock,
    random: seededRandom(1),
    dialer: sockets,
    startTls,
    resolver: tableResolver(zones),
    tls: () => ({ context, trustGeneration: 1 }),
    machineAddresses: () => [],
  }, whole);
}

type Ends = [string, string, string, string, string];
const encrypted: Ends = ["clear", "encrypted", "encrypted", "encrypted", "encrypted"];
const unproven: Ends = ["clear", "encrypted", "encrypted", "encrypted", "deferred"];
const inClear: Ends = ["clear", "clear", "deferred", "clear", "deferred"];
const broken: Ends = ["clear", "deferred", "deferred", "deferred", "deferred"];
const gone: Ends = ["deferred", "deferred", "deferred", "deferred", "deferred"];

async function answerHello(conn: Conn): Promise<void> {
  await conn.read(new Uint8Array(4096));
  await conn.write(octets("500 sorry, no\r\n"));
}

const cases: { what: string; script: () => Script; ends: Ends; verified?: true; met: RegExp }[] = [
  {
    what: "a good certificate",
    script: () => ({ tls: server("good") }),
    ends: encrypted,
    verified: true,
    met: /"matches":true/,
  },
  {
    what: "an unknown authority",
    script: () => ({ tls: server("untrusted") }),
    ends: unproven,
    met: /"reason":"untrusted"/,
  },
  {
    what: "a self-signed certificate",
    script: () => ({ tls: server("selfSigned") }),
    ends: unproven,
    met: /"self_signed"/,
  },
  {
    what: "an expired certificate",
    script: () => ({ tls: server("expired") }),
    ends: unproven,
    met: /"reason":"expired"/,
  },
  {
    what: "a wrong name",
    script: () => ({ tls: server("wrongName") }),
    ends: unproven,
    met: /"trusted":true.*"matches":false/,
  },
  { what: "no STARTTLS", script: () => ({}), ends: inClear, met: /"no_tls","reason":"no_starttls"/ },
  {
    what: "454 to STARTTLS",
    script: () => ({
      tls: server("good"),
      answer: (line) => line === "STARTTLS" ? "454 TLS not available\r\n" : undefined,
    }),
    ends: inClear,
    met: /"no_tls","reason":"starttls_refused"/,
  },
  {
    what: "EHLO refused",
    script: () => ({ answer: (line) => line.startsWith("EHLO") ? "502 5.5.1 not implemented\r\n" : undefined }),
    ends: inClear,
    met: /"no_tls","reason":"ehlo_refused"/,
  },
  {
    what: "only old versions",
    script: () => ({ tls: server("good", ["TLSv1.1"]) }),
    ends: broken,
    met: /"tls_failed".*"version_mismatch"/,
  },
  {
    what: "no TLS behind the 220",
    script: () => ({ insteadOfTls: answerHello }),
    ends: broken,
    met: /"tls_failed".*"not_tls"/,
  },
  {
    what: "octets behind the 220",
    script: () => ({
      tls: server("good"),
      answer: (line) => line === "STARTTLS" ? "220 go\r\n250 injected\r\n" : undefined,
    }),
    ends: broken,
    met: /"tls_failed".*"injected"/,
  },
  {
    what: "a greeting that refuses",
    script: () => ({ answer: (line) => line === "GREETING" ? { text: "554 go away\r\n", close: true } : undefined }),
    ends: gone,
    met: /"no_dialogue","reason":"unexpected_reply","text":"554-'go away'"/,
  },
  {
    what: "a connection that is closed",
    script: () => ({ answer: (line) => line.startsWith("EHLO") ? { close: true } : undefined }),
    ends: gone,
    met: /"no_dialogue","reason":"connection_lost"/,
  },
  {
    what: "a server that takes nothing within TLS",
    script: () => ({
      tls: server("good"),
      answer: (line, { encrypted }) => encrypted && line.startsWith("EHLO") ? "421 not now\r\n" : undefined,
    }),
    ends: broken,
    met: /"encrypted".*"broken":"421-'not now'"/,
  },
];

for (const { what, script, ends, verified = false, met } of cases) {
  Deno.test(`probe meets ${what}`, async () => {
    const made = script();
    using _context = made.tls;
    await using hop = startNextHop(made);
    const { hosts, text } = await probed({ host: { host: "127.0.0.1", port: hop.port } });
    assert.equal(text, undefined);
    assert.equal(hosts.length, 1);
    const [host] = hosts;
    assert.match(JSON.stringify(host.met), met);
    assert.deepEqual(host.levels.map(({ end }) => end), ends, JSON.stringify(host.levels));
    assert.equal(host.verified, verified);
    assert.deepEqual(hop.taken, [], "no mail is sent");
  });
}

Deno.test("probe meets what delivery would meet at each level it is asked under", async () => {
  for (const level of ["preferred", "required", "preferred-verify", "required-verify"] as const) {
    using tls = server("untrusted");
    await using hop = startNextHop({ tls });
    const { hosts: [host], level: asked } = await probed({ host: { host: "127.0.0.1", port: hop.port }, level });
    assert.equal(asked, level);
    assert.deepEqual(host.levels.map(({ end }) => end), unproven, level);
    // Where the certificate has to be verified delivery leaves at once, and says nothing into a tunnel to a stranger.
    const commands = hop.sessions[0].commands.map((line) => line.split(" ")[0]);
    const rest = level === "required-verify" ? [] : ["EHLO", "QUIT"];
    assert.deepEqual(commands, ["EHLO", "STARTTLS", ...rest], level);
  }
});

Deno.test("probe writes the dialogue down, within TLS too", async () => {
  using tls = server("good");
  await using hop = startNextHop({ tls, extensions: [], name: "hop.test" });
  const { hosts: [host] } = await probed({ host: { host: "127.0.0.1", port: hop.port } });
  const lines = host.dialogue.map(({ by, text }) => `${by}: ${text}`);
  assert.match(lines[6], /^us: TLS is up: TLSv1\.3, TLS_\w+, \d+ bits$/);
  assert.deepEqual(lines.toSpliced(6, 1), [
    "server: 220 hop.test ESMTP",
    "client: EHLO gw.example.test",
    "server: 250-hop.test",
    "server: 250 STARTTLS",
    "client: STARTTLS",
    "server: 220 2.0.0 Ready to start TLS",
    "client: EHLO gw.example.test",
    "server: 250 hop.test",
    "client: QUIT",
    "server: 221 2.0.0 Bye",
  ]);
});

Deno.test("probe goes through all hosts in the order of MX", async () => {
  const { hosts, hostsFrom } = await probed({}, {
    "MX example.test": [{ preference: 20, exchange: "b.test" }, { preference: 10, exchange: "a.test" }],
    "A a.test": ["127.66.0.1"],
    "AAAA b.test": ["::1"],
    "A b.test": ["127.66.0.2"],
  });
  // Nobody listens there: an address that fails is followed by the next, as in delivery.
  assert.deepEqual([hostsFrom, ...hosts.map(({ host, met }) => `${host.name} ${host.address} ${met.kind}`)], [
    "mx",
    "a.test 127.66.0.1 no_dialogue",
    "b.test ::1 no_dialogue",
    "b.test 127.66.0.2 no_dialogue",
  ]);
});

Deno.test("probe goes through all hosts of a route, with the names that count", async () => {
  using tls = server("mx");
  await using hop = startNextHop({ tls });
  const zones = {
    "A mx.example.test": ["127.0.0.1"],
    "A b.test": ["127.0.0.2"],
  };
  const more = `smtp_routes: { example.test: ["mx.example.test:${hop.port}", "b.test:1"] }
destination_controls: { default: { verify_names: hosted } }\n`;
  const { hosts, hostsFrom } = await probed({ config: await config(more) }, zones);
  assert.equal(hostsFrom, "route");
  assert.deepEqual(hosts.map(({ host: { name, address } }) => [name, address]), [
    ["mx.example.test", "127.0.0.1"],
    ["b.test", "127.0.0.2"],
  ]);
  assert.ok(hosts[0].verified);
  assert.ok(hosts[0].met.kind === "encrypted");
  assert.deepEqual(hosts[0].met.facts.names, [
    { name: "example.test", matches: false, counts: true },
    { name: "mx.example.test", matches: true, counts: true },
  ]);
  assert.match(hosts[0].levels[4].text, /^verified for mx\.example\.test$/);
  assert.equal(hosts[1].met.kind, "no_dialogue");
});

Deno.test("probe tells of a name on the certificate that verify_names does not let count", async () => {
  using tls = server("mx");
  await using hop = startNextHop({ tls });
  const zones = { "A mx.example.test": ["127.0.0.1"] };
  const { hosts: [host] } = await probed({ host: { host: "mx.example.test", port: hop.port } }, zones);
  assert.ok(!host.verified && host.met.kind === "encrypted");
  assert.deepEqual(host.met.facts.names, [
    { name: "example.test", matches: false, counts: true },
    { name: "mx.example.test", matches: true, counts: false },
  ]);
  const more = "destination_controls: { default: { verify_names: mx } }\n";
  const counted = await probed(
    { host: { host: "mx.example.test", port: hop.port }, config: await config(more) },
    zones,
  );
  assert.ok(counted.hosts[0].verified);
});

Deno.test("probe tells why there is no host", async () => {
  const nobody = await probed({ domain: "none.test" }, {});
  assert.deepEqual([nobody.hosts, nobody.text], [[], "There is no domain none.test"]);
});

Deno.test("probe is bounded at a host that hangs: in the greeting, in a reply, in the handshake, in QUIT", async () => {
  const { promise: hang, resolve: goOn } = Promise.withResolvers<void>();
  const hanging: Script[] = [
    { answer: (line) => line === "GREETING" ? { wait: hang } : undefined },
    { answer: (line) => line.startsWith("EHLO") ? { wait: hang } : undefined },
    { insteadOfTls: () => hang },
    { answer: (line) => line === "QUIT" ? { wait: hang } : undefined },
  ];
  const hops = hanging.map((script) => startNextHop(script));
  const before = performance.now();
  const results = await Promise.all(
    hops.map(({ port }) => probed({ host: { host: "127.0.0.1", port }, ms: 500 })),
  );
  const took = performance.now() - before;
  goOn();
  for (const hop of hops) await hop[Symbol.asyncDispose]();
  assert.ok(took < 30_000, `${took} ms`);
  for (const { hosts: [host] } of results) {
    assert.ok(!host.verified);
    for (const { end } of host.levels) assert.notEqual(end, "encrypted");
  }
});

Deno.test("probe keeps of an endless talker no more than its bound", async () => {
  const noise = `250-${"x".repeat(1_000)}\r\n`.repeat(150);
  await using hop = startNextHop({ answer: (line) => line.startsWith("EHLO") ? noise : undefined });
  const { hosts: [host] } = await probed({ host: { host: "127.0.0.1", port: hop.port }, ms: 1_000 });
  const characters = host.dialogue.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(characters < 100_000, `${characters}`);
  assert.match(host.dialogue.map(({ text }) => text).join("\n"), /it goes on; what follows is not kept/);
});
