/**
 * `tls.peer_certificate` on the way out: each level against a next hop whose certificate is trusted, for the right name, and not as it should be.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { tlsVerifyLines } from "../../src/cli/tlsverify_text.ts";
import type { PeerCertificateRules } from "../../src/config/config.ts";
import { loadSource } from "../../src/config/load.ts";
import { deliverDirectly } from "../../src/deliver/direct.ts";
import { probe } from "../../src/deliver/probe.ts";
import { routeOf } from "../../src/policy/route.ts";
import { levelTable } from "../../src/tls/level.ts";
import { startTls } from "../../src/tls/pump.ts";
import { startBench, tableResolver } from "../support/delivery_bench.ts";
import { startNextHop } from "../support/next_hop.ts";
import { authorityExtensions, makeOdd, x509 } from "../support/odd_certs.ts";
import { engine, profileOf, sockets } from "../support/tls_world.ts";

const authority = await makeOdd({ commonNames: ["Authority"], extensions: authorityExtensions });
const made = {
  sound: await makeOdd({ issuer: authority, names: ["example.test"] }),
  fqdn_invalid: await makeOdd({ issuer: authority, commonNames: ["Mail Server"], names: ["example.test"] }),
  x509_invalid: await makeOdd({
    issuer: authority,
    names: ["example.test"],
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  }),
};
type Kind = keyof typeof made;
const trust = { bundles: [authority.certificatePem], crls: [], generation: 1 };
const both = { fqdn_validation: true, x509_validation: true };

function server(kind: Kind) {
  return engine.serverContext({
    profile: profileOf(),
    keyPairs: [{ name: kind, ...made[kind] }],
    askClientCertificate: false,
    sessionIdContext: kind,
  });
}

/** What a message comes to, with the reason words of the log. */
async function delivered(kind: Kind, level: (typeof levelTable)[number]["name"], validation: PeerCertificateRules) {
  using context = engine.clientContext({ profile: profileOf(), trust });
  using tls = server(kind);
  await using next = startNextHop({ tls });
  await using bench = startBench({
    control: { tls: level },
    validation,
    routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] },
    context,
  }, [{ to: ["b@example.test"] }]);
  await bench.spool.whenSettled(1);
  const [{ outcomes: [outcome] }] = bench.spool.settled;
  const reasons = bench.events.flatMap((event) =>
    "reason" in event && event.event.includes("tls") ? [`${event.event} ${event.reason}`] : []
  );
  return { kind: outcome.kind, encrypted: next.taken.map(({ encrypted }) => encrypted), reasons, lines: bench.lines() };
}

for (const kind of ["fqdn_invalid", "x509_invalid"] as const) {
  Deno.test(`judgeTrust over the wire: ${kind} counts as not verified at each level`, async () => {
    const ends: Record<string, unknown> = {};
    for (const { name } of levelTable) {
      const end = await delivered(kind, name, both);
      ends[name] = [end.kind, end.encrypted, end.reasons];
    }
    assert.deepEqual(ends, {
      "none": ["delivered", [false], []],
      "preferred": ["delivered", [true], [`dcid_tls ${kind}`]],
      "required": ["delivered", [true], [`dcid_tls ${kind}`]],
      "preferred-verify": ["delivered", [true], [`dcid_tls ${kind}`, `dcid_tls_unverified ${kind}`]],
      "required-verify": [
        "deferred",
        [],
        [`dcid_tls_deferring ${kind}`, `required_tls_failed ${kind}`],
      ],
    });
  });
}

Deno.test("judgeTrust over the wire: each check is a switch of its own, and what is sound passes both", async () => {
  const cases: [Kind, PeerCertificateRules, "delivered" | "deferred"][] = [
    ["sound", both, "delivered"],
    ["fqdn_invalid", { fqdn_validation: false, x509_validation: true }, "delivered"],
    ["x509_invalid", { fqdn_validation: true, x509_validation: false }, "delivered"],
    ["fqdn_invalid", { fqdn_validation: true, x509_validation: false }, "deferred"],
    ["x509_invalid", { fqdn_validation: false, x509_validation: true }, "deferred"],
  ];
  for (const [kind, validation, expected] of cases) {
    const end = await delivered(kind, "required-verify", validation);
    assert.equal(end.kind, expected, `${kind} ${JSON.stringify(validation)}\n${end.lines.join("\n")}`);
  }
});

Deno.test("judgeTrust over the wire: the log says what is wrong with the certificate", async () => {
  const { lines } = await delivered("fqdn_invalid", "required-verify", both);
  const text = lines.join("\n");
  assert.match(
    text,
    /TLS deferring: \(1, 'the name Mail Server of the certificate is not fully qualified: it has one label'\)/,
  );
  assert.match(text, /required TLS failed: .*reason: fqdn_invalid/);
});

Deno.test("judgeTrust over the wire: alerts are held to the same checks", async () => {
  using context = engine.clientContext({ profile: profileOf(), trust });
  using tls = server("x509_invalid");
  await using next = startNextHop({ tls });
  await using bench = startBench({
    control: { tls: "required-verify" },
    validation: both,
    routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] },
    context,
  });
  const [outcome] = await deliverDirectly(bench.world, {
    route: routeOf("example.test", bench.config),
    config: bench.config,
    mail: { recipients: ["ops@example.test"], text: octets("Subject: alert\r\n\r\n"), smtputf8: false },
    signal: new AbortController().signal,
  });
  assert.deepEqual([outcome.kind, next.taken.length], ["deferred", 0]);
  assert.match(bench.lines().join("\n"), /TLS deferring: \(1, 'the certificate is for an authority/);
});

Deno.test("probe tells what tls.peer_certificate has against a host, and tlsverify shows it", async () => {
  const loaded = await loadSource(
    "version: 1\nhostname: gw.example.test\ntls: { peer_certificate: { fqdn_validation: true, x509_validation: true } }\n",
    { file: "c.yaml", hostname: "gw.example.test", generation: 1 },
  );
  assert.ok(loaded.ok);
  using context = engine.clientContext({ profile: loaded.config.tls.outbound_smtp, trust });
  using tls = server("fqdn_invalid");
  await using next = startNextHop({ tls });
  const found = await probe({
    clock: systemClock,
    random: seededRandom(1),
    dialer: sockets,
    startTls,
    resolver: tableResolver({}),
    tls: () => ({ context, trustGeneration: 1 }),
    machineAddresses: () => [],
  }, { domain: "example.test", config: loaded.config, ms: 5_000, host: { host: "127.0.0.1", port: next.port } });
  const [host] = found.hosts;
  assert.ok(!host.verified && host.met.kind === "encrypted");
  assert.equal(host.met.facts.unsound?.reason, "fqdn_invalid");
  assert.deepEqual(host.levels.map(({ end }) => end), ["clear", "encrypted", "encrypted", "encrypted", "deferred"]);
  const lines = tlsVerifyLines({ ...found, verified: false, ownCertificate: null, authorities: [] });
  const text = lines.join("\n");
  assert.match(text, /^ {2}verified {3}the chain ends in an authority$/m);
  assert.match(text, /^ {2}refused {4}the name Mail Server .* one label \(fqdn_invalid\)$/m);
  assert.match(text, /^ {4}required-verify {3}deferred: the name Mail Server/m);
});
