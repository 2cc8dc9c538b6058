/**
 * The resolver against a real recursive server: Unbound with zones of its own, over UDP and TCP.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { findAddresses, findExchangers } from "../../src/dns/exchangers.ts";
import { createResolver } from "../../src/dns/resolver.ts";
import { reverseName } from "../../src/dns/reverse.ts";
import { tcp } from "../../src/net/tcp.ts";
import { systemUdp } from "../../src/net/udp.ts";
import { peerTest } from "../support/peers.ts";
import { startUnbound } from "../support/unbound.ts";

const server = [
  'local-zone: "test." static',
  'local-data: "test. 3600 IN SOA ns.test. root.test. 1 3600 600 86400 300"',
  'local-data: "example.test. 300 IN MX 20 mx2.example.test."',
  'local-data: "example.test. 300 IN MX 10 mx1.example.test."',
  'local-data: "mx1.example.test. 60 IN A 192.0.2.1"',
  'local-data: "mx1.example.test. 60 IN AAAA 2001:db8::1"',
  'local-data: "null.test. 60 IN MX 0 ."',
  `local-data: "_25._tcp.mx1.example.test. 60 IN TLSA 3 1 1 ${"ab".repeat(32)}"`,
  'local-zone: "2.0.192.in-addr.arpa." static',
  'local-data-ptr: "192.0.2.1 mx1.example.test"',
  ...Array.from({ length: 120 }, (_, n) => `local-data: "many.test. 60 IN A 10.0.${n >> 8}.${n}"`),
];

peerTest(
  ["unbound"],
  "resolve asks Unbound: MX, addresses, TLSA, negative answers, a cut answer over TCP, PTR",
  async () => {
    await using unbound = await startUnbound({ server });
    const resolver = createResolver({
      clock: systemClock,
      random: systemRandom,
      udp: systemUdp,
      tcp: tcp(systemClock),
      settings: () => ({ servers: [{ address: "127.0.0.1", port: unbound.port }], timeout: 30_000 }),
      files: { stamp: () => undefined, text: () => "" },
    });
    const found = await findExchangers("example.test", { resolver, random: systemRandom, isOwn: () => false });
    assert.deepEqual(found.kind === "hosts" && found.hosts.map(({ name }) => name), [
      "mx1.example.test",
      "mx2.example.test",
    ]);
    const null_mx = await findExchangers("null.test", { resolver, random: systemRandom, isOwn: () => false });
    assert.equal(null_mx.kind, "null_mx");
    const addresses = await findAddresses("mx1.example.test", {
      resolver,
      random: systemRandom,
      preference: "prefer_v4",
    });
    assert.deepEqual(addresses.kind === "found" && addresses.addresses, ["192.0.2.1", "2001:db8::1"]);
    const tlsa = await resolver.resolve("_25._tcp.mx1.example.test", "TLSA");
    assert.deepEqual(tlsa.kind === "found" && tlsa.records, [
      { usage: 3, selector: 1, matchingType: 1, certificate: new Uint8Array(32).fill(0xab) },
    ]);
    const missing = await resolver.resolve("nowhere.test", "A");
    assert.equal(missing.kind, "no_such_domain");
    const empty = await resolver.resolve("example.test", "A");
    assert.equal(empty.kind, "no_data");
    const many = await resolver.resolve("many.test", "A");
    assert.equal(many.kind === "found" && many.records.length, 120);
    assert.deepEqual(await reverseName("192.0.2.1", { resolver, clock: systemClock, ms: 30_000 }), {
      host: "mx1.example.test",
      verified: true,
      failed: false,
    });
  },
);
