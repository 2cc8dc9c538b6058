/**
 * The five TLS levels against every kind of next hop: DESIGN's table, cell by cell, over real sockets and OpenSSL.
 */
import assert from "node:assert/strict";
import { octets, textOf } from "../../src/base/octets.ts";
import type { Conn } from "../../src/net/net.ts";
import { type Level, levelTable } from "../../src/tls/level.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { startBench, tableResolver } from "../support/delivery_bench.ts";
import { type Script, startNextHop } from "../support/next_hop.ts";
import { engine, pairOf, profileOf, trustIn } from "../support/tls_world.ts";

type End = "clear" | "encrypted" | "deferred";

interface Hop {
  name: string;
  script: () => Script;
  /** In the order of the levels: none, preferred, required, preferred-verify, required-verify. */
  ends: [End, End, End, End, End];
  /** A line that the log has at each level but none. */
  line: string | ((level: Level) => string | undefined);
}

const dir = await Deno.makeTempDir();
const authority = await makeAuthority(dir);
const stranger = await makeAuthority(dir, { name: "Stranger" });
const made = {
  good: await makeLeaf({ ca: authority, names: ["example.test"] }),
  untrusted: await makeLeaf({ ca: stranger, names: ["example.test"] }),
  wrongName: await makeLeaf({ ca: authority, names: ["other.test"] }),
  expired: await makeLeaf({
    ca: authority,
    names: ["example.test"],
    notBefore: new Date("2020-01-01"),
    notAfter: new Date("2020-02-01"),
  }),
};
await Deno.remove(dir, { recursive: true });

function server(which: keyof typeof made, ciphers?: { methods: ["TLSv1.2"] | ["TLSv1.1"] }) {
  return engine.serverContext({
    profile: profileOf(ciphers ?? {}),
    keyPairs: [pairOf(which, made[which])],
    askClientCertificate: false,
    sessionIdContext: "test",
  });
}

const clear: [End, End, End, End, End] = ["clear", "clear", "deferred", "clear", "deferred"];
const broken: [End, End, End, End, End] = ["clear", "deferred", "deferred", "deferred", "deferred"];

async function answerHello(conn: Conn): Promise<void> {
  // First the ClientHello: the answer must not come along with the 220.
  await conn.read(new Uint8Array(4096));
  await conn.write(octets("500 sorry, no\r\n"));
}

const hops: Hop[] = [
  {
    name: "EHLO refused, HELO only",
    script: () => ({
      tls: server("good"),
      answer: (command) => command.startsWith("EHLO") ? "502 5.5.1 not implemented\r\n" : undefined,
    }),
    ends: clear,
    line: "TLS failed: EHLO refused",
  },
  {
    name: "no STARTTLS",
    script: () => ({}),
    ends: clear,
    line: "TLS failed: STARTTLS not offered",
  },
  {
    name: "454 to STARTTLS",
    script: () => ({
      tls: server("good"),
      answer: (command) => command === "STARTTLS" ? "454 TLS not available\r\n" : undefined,
    }),
    ends: clear,
    line: "TLS failed: STARTTLS unexpected response",
  },
  {
    name: "501 to STARTTLS",
    script: () => ({
      tls: server("good"),
      answer: (command) => command === "STARTTLS" ? "501 5.5.4 what\r\n" : undefined,
    }),
    ends: clear,
    line: "TLS failed: STARTTLS unexpected response",
  },
  {
    name: "a handshake that fails: no common version",
    script: () => ({ tls: server("good", { methods: ["TLSv1.1"] }) }),
    ends: broken,
    line: "TLS deferring: (",
  },
  {
    name: "a handshake that fails: no TLS behind the 220",
    script: () => ({ insteadOfTls: answerHello }),
    ends: broken,
    line: "TLS deferring: (",
  },
  {
    name: "a handshake that fails: closed behind the 220",
    script: () => ({ insteadOfTls: () => Promise.resolve() }),
    ends: broken,
    line: "TLS deferring: (",
  },
  {
    name: "octets in clear behind the 220",
    script: () => ({
      tls: server("good"),
      answer: (command) => command === "STARTTLS" ? "220 go\r\n250-evil.test\r\n250 SIZE\r\n" : undefined,
    }),
    ends: broken,
    line: "TLS failed: octets in clear text behind the reply to STARTTLS",
  },
  {
    name: "an untrusted certificate",
    script: () => ({ tls: server("untrusted") }),
    ends: ["clear", "encrypted", "encrypted", "encrypted", "deferred"],
    line: (level) =>
      level === "required-verify"
        ? "TLS deferring: (20, "
        : level === "preferred-verify"
        ? "TLS preferred-verify: certificate not verified: "
        : "TLS success protocol TLSv1.3",
  },
  {
    name: "a wrong name",
    script: () => ({ tls: server("wrongName") }),
    ends: ["clear", "encrypted", "encrypted", "encrypted", "deferred"],
    line: (level) =>
      level === "required-verify"
        ? "TLS deferring: (62, 'the certificate is not for example.test')"
        : level === "preferred-verify"
        ? "TLS preferred-verify: certificate not verified: the certificate is not for example.test"
        : "TLS success protocol TLSv1.3",
  },
  {
    name: "an expired certificate",
    script: () => ({ tls: server("expired") }),
    ends: ["clear", "encrypted", "encrypted", "encrypted", "deferred"],
    line: (level) => level === "required-verify" ? "TLS deferring: (10, " : "TLS success protocol TLSv1.3",
  },
  {
    name: "a good one",
    script: () => ({ tls: server("good") }),
    ends: ["clear", "encrypted", "encrypted", "encrypted", "encrypted"],
    line: "TLS success protocol TLSv1.3 cipher TLS_AES_256_GCM_SHA384",
  },
];

/** In the thread that decides, and in others. */
const cases = [0, 2].flatMap((threads) =>
  hops.flatMap((hop) => levelTable.map((row, at) => ({ threads, hop, row, at })))
);

for (const { threads, hop, row: { name: level }, at } of cases) {
  const where = threads === 0 ? "" : `, in ${threads} other threads`;
  Deno.test(`tls: ${level} with ${hop.name}${where}: ${hop.ends[at]}`, async () => {
    using context = engine.clientContext({
      profile: profileOf({ methods: ["TLSv1.2", "TLSv1.3"] }),
      trust: trustIn([authority]),
    });
    const script = hop.script();
    using _tls = script.tls;
    await using next = startNextHop(script);
    await using bench = startBench({
      threads,
      control: { tls: level },
      routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] },
      context,
    }, [{ to: ["b@example.test"] }]);
    await bench.spool.whenSettled(1);
    const [{ outcomes: [outcome] }] = bench.spool.settled;
    const end = hop.ends[at];
    assert.equal(outcome.kind, end === "deferred" ? "deferred" : "delivered", bench.lines().join("\n"));
    assert.deepEqual(next.taken.map(({ encrypted }) => encrypted), end === "deferred" ? [] : [end === "encrypted"]);
    const commands = next.sessions.flatMap((session) => session.commands);
    if (end === "deferred") assert.ok(!commands.some((line) => line.startsWith("MAIL")), "no MAIL in clear text");
    if (level === "none") assert.ok(!commands.includes("STARTTLS"));
    const line = typeof hop.line === "string" ? hop.line : hop.line(level);
    const text = bench.lines().join("\n");
    if (level === "none") assert.ok(!text.includes("TLS"), text);
    else if (line !== undefined) assert.ok(text.includes(line), `${line} is not in\n${text}`);
    const told = bench.events.filter(({ event }) => event === "required_tls_failed");
    assert.equal(told.length, end === "deferred" && level.startsWith("required") ? 1 : 0, text);
    for (const event of told) {
      assert.ok(event.event === "required_tls_failed");
      const { domain, host, address, port, tlsLevel, messages } = event;
      assert.deepEqual(
        { domain, host, address, port, tlsLevel, messages },
        {
          domain: "example.test",
          host: "127.0.0.1",
          address: "127.0.0.1",
          port: next.port,
          tlsLevel: level,
          messages: 1,
        },
      );
    }
    if (end === "encrypted") {
      // What was said before TLS is forgotten: EHLO is said again.
      assert.deepEqual(commands.slice(0, 3), ["EHLO gw.test", "STARTTLS", "EHLO gw.test"]);
      assert.equal(textOf(next.taken[0].text), "Subject: test\r\n\r\nHello\r\n");
    }
  });
}

const names: [
  string,
  { rule: "domain" | "mx" | "hosted"; authentic: boolean; certificate: string; verified: boolean },
][] = [
  ["domain: the domain counts", { rule: "domain", authentic: false, certificate: "example.test", verified: true }],
  ["domain: the MX host does not", { rule: "domain", authentic: false, certificate: "mx.other.test", verified: false }],
  ["domain: an MX host proven by DNSSEC does", {
    rule: "domain",
    authentic: true,
    certificate: "mx.other.test",
    verified: true,
  }],
  ["mx: the MX host counts", { rule: "mx", authentic: false, certificate: "mx.other.test", verified: true }],
  ["hosted: the MX host counts", { rule: "hosted", authentic: false, certificate: "mx.other.test", verified: true }],
];

Deno.test("verify_names: MX names over the wire", async () => {
  const folder = await Deno.makeTempDir();
  const ca = await makeAuthority(folder);
  using context = engine.clientContext({ profile: profileOf(), trust: trustIn([ca]) });
  for (const [name, { rule, authentic, certificate, verified }] of names) {
    using tls = engine.serverContext({
      profile: profileOf(),
      keyPairs: [pairOf("leaf", await makeLeaf({ ca, names: [certificate] }))],
      askClientCertificate: false,
      // Else the session of the one before would be resumed, with its certificate.
      sessionIdContext: name,
    });
    await using next = startNextHop({ tls });
    const bench = startBench({
      control: { tls: "required-verify", verify_names: rule, ip_preference: "require_v4" },
      resolver: tableResolver({
        "MX example.test": [{ preference: 1, exchange: "mx.other.test" }],
        "A mx.other.test": ["127.0.0.1"],
      }, { authentic }),
      context,
    });
    // MX hosts listen on port 25; the test's listens elsewhere.
    const { dial } = bench.world.dialer;
    bench.world.dialer.dial = (to, options) =>
      dial.call(bench.world.dialer, { ...to, port: to.port === 25 ? next.port : to.port }, options);
    bench.spool.add({ to: ["b@example.test"] });
    await bench.spool.whenSettled(1);
    assert.equal(bench.spool.settled[0].outcomes[0].kind, verified ? "delivered" : "deferred", name);
    await bench[Symbol.asyncDispose]();
  }
  await Deno.remove(folder, { recursive: true });
});
