import assert from "node:assert/strict";
import { routeOf } from "../../src/policy/route.ts";
import { acceptedNames, type HostNames, judgeTrust, namesFor } from "../../src/policy/trust.ts";
import type { PeerFacts } from "../../src/tls/engine.ts";
import { configOf } from "../support/delivery_bench.ts";
import { levelTable } from "../../src/tls/level.ts";

const mx = (authentic: boolean): HostNames => ({ domain: "a.test", mx: { name: "mx.b.test", authentic } });

Deno.test("acceptedNames: domain, mx and hosted, with and without DNSSEC, by route and by address", () => {
  const table: ["domain" | "mx" | "hosted", HostNames, string[]][] = [
    ["domain", mx(false), ["a.test"]],
    ["domain", mx(true), ["a.test", "mx.b.test"]],
    ["mx", mx(false), ["a.test", "mx.b.test"]],
    ["hosted", mx(false), ["a.test", "mx.b.test"]],
    ["domain", { domain: "a.test", route: "hub.test" }, ["a.test"]],
    ["mx", { domain: "a.test", route: "hub.test" }, ["a.test"]],
    ["hosted", { domain: "a.test", route: "hub.test" }, ["a.test", "hub.test"]],
    // A route to an address has no name.
    ["hosted", { domain: "a.test" }, ["a.test"]],
    ["hosted", { domain: "a.test", mx: { name: "a.test", authentic: true } }, ["a.test"]],
    ["domain", { domain: "[10.0.0.9]" }, ["10.0.0.9"]],
  ];
  for (const [rule, names, expected] of table) assert.deepEqual(acceptedNames(rule, names), expected);
});

Deno.test("namesFor: for REQUIRETLS an MX host's name counts only where DNSSEC proves it", () => {
  const table: ["domain" | "mx" | "hosted", HostNames, string[]][] = [
    ["domain", mx(false), ["a.test"]],
    ["domain", mx(true), ["a.test", "mx.b.test"]],
    ["mx", mx(false), ["a.test"]],
    ["mx", mx(true), ["a.test", "mx.b.test"]],
    ["hosted", mx(false), ["a.test"]],
    ["hosted", { domain: "a.test", route: "hub.test" }, ["a.test", "hub.test"]],
  ];
  for (const [rule, names, expected] of table) {
    const { control } = routeOf("a.test", configOf({ control: { verify_names: rule } }));
    assert.deepEqual(namesFor({ control, demand: "requiretls" }, names), expected, `${rule} ${JSON.stringify(names)}`);
    assert.deepEqual(namesFor({ control, demand: "required" }, names), acceptedNames(rule, names));
  }
});

function facts(changes: Partial<PeerFacts>, names: string[] = ["a.test"]): PeerFacts {
  return {
    protocol: "TLSv1.3",
    cipher: "TLS_AES_256_GCM_SHA384",
    bits: 256,
    resumed: false,
    certificate: true,
    chain: { trusted: true },
    certificates: () => [],
    builtChain: () => ({ certificates: [] }),
    matches: (name) => names.includes(name),
    ...changes,
  };
}

const none = { fqdn_validation: false, x509_validation: false };

const untrusted = { chain: { trusted: false, reason: "untrusted", code: 20, text: "no issuer" } } as const;

Deno.test("judgeTrust follows the table at each level", () => {
  const kinds = levelTable.map((level) => [
    judgeTrust(level, { facts: facts({}), names: ["a.test"], validation: none }).kind,
    judgeTrust(level, { facts: facts(untrusted), names: ["a.test"], validation: none }).kind,
    judgeTrust(level, { facts: facts({}, ["other.test"]), names: ["a.test"], validation: none }).kind,
    judgeTrust(level, { facts: facts({ certificate: false }), names: ["a.test"], validation: none }).kind,
  ]);
  const careless = ["go_on", "go_on", "go_on", "go_on"];
  assert.deepEqual(kinds, [
    careless,
    careless,
    careless,
    ["go_on", "deliver_unverified", "deliver_unverified", "deliver_unverified"],
    ["go_on", "defer", "defer", "defer"],
  ]);
});

Deno.test("judgeTrust keeps the reason, and a trusted name never heals an untrusted chain", () => {
  const level = levelTable[4];
  const judged = judgeTrust(level, { facts: facts(untrusted), names: ["a.test"], validation: none });
  assert.deepEqual(judged, { kind: "defer", reason: "untrusted", code: 20, text: "no issuer" });
  const mismatch = judgeTrust(level, {
    facts: facts({}, ["mx.b.test"]),
    names: ["a.test", "c.test"],
    validation: none,
  });
  assert.deepEqual(mismatch, {
    kind: "defer",
    reason: "name_mismatch",
    code: 62,
    text: "the certificate is not for a.test or c.test",
  });
  const second = judgeTrust(level, { facts: facts({}, ["c.test"]), names: ["a.test", "c.test"], validation: none });
  assert.deepEqual(second, { kind: "go_on", verified: true, name: "c.test" });
});
