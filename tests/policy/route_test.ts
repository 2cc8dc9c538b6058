import assert from "node:assert/strict";
import { destinationName, destinationParts, type TlsDemand } from "../../src/mail/destination.ts";
import { literalAddress, lookUp, routeOf } from "../../src/policy/route.ts";
import { configOf } from "../support/delivery_bench.ts";

Deno.test("lookUp takes the exact entry, then the longest .domain, which means subdomains only", () => {
  const table = new Map([["a.test", 1], [".a.test", 2], [".b.a.test", 3], [".test", 4]]);
  const cases: [string, number | undefined][] = [
    ["a.test", 1],
    ["x.a.test", 2],
    ["b.a.test", 2],
    ["x.b.a.test", 3],
    ["y.x.b.a.test", 3],
    ["z.test", 4],
    ["test", undefined],
    ["xa.test", 4],
    ["a.testing", undefined],
    ["", undefined],
  ];
  for (const [domain, expected] of cases) assert.equal(lookUp(table, domain), expected, domain);
});

const config = configOf({
  routes: {
    "example.test": [{ host: "10.0.0.1", port: 2526 }, { host: "mail.example.test", port: 25 }],
    ".inside.test": [{ host: "hub.test", port: 25 }],
    "other.inside.test": [{ host: "HUB.test", port: 25 }],
    "bücher.test": [{ host: "10.0.0.2", port: 25 }],
  },
  controls: {
    "partner.test": { tls: "required-verify", max_connections: 20 },
    ".gov.test": { tls: "required" },
    "a.inside.test": { tls: "required-verify" },
    "b.inside.test": { tls: "required-verify" },
  },
});

Deno.test("routeOf goes by the route, by MX without one, and to the address of a literal", () => {
  assert.deepEqual(routeOf("Example.test", config).hops, {
    kind: "listed",
    hosts: [{ host: "10.0.0.1", port: 2526 }, { host: "mail.example.test", port: 25 }],
  });
  assert.deepEqual(routeOf("inside.test", config).hops, { kind: "mx" });
  assert.deepEqual(routeOf("x.inside.test", config).hops, { kind: "listed", hosts: [{ host: "hub.test", port: 25 }] });
  const literals: [string, string][] = [["[10.0.0.9]", "10.0.0.9"], ["[IPv6:2001:DB8::1]", "2001:db8::1"]];
  for (const [domain, host] of literals) {
    assert.deepEqual(routeOf(domain, config).hops, { kind: "listed", hosts: [{ host, port: 25 }] });
  }
  assert.equal(literalAddress("[nonsense]"), undefined);
});

Deno.test("routeOf knows a domain in both of its forms", () => {
  for (const domain of ["bücher.test", "BÜCHER.test", "xn--bcher-kva.test"]) {
    const route = routeOf(domain, config);
    assert.equal(route.destination, "xn--bcher-kva.test");
    assert.equal(route.hops.kind, "listed", domain);
  }
});

Deno.test("routeOf takes level and limits from the destination control", () => {
  const table: [string, string, number][] = [
    ["partner.test", "required-verify", 20],
    ["x.partner.test", "preferred", 500],
    ["x.gov.test", "required", 500],
    ["gov.test", "preferred", 500],
  ];
  for (const [domain, level, connections] of table) {
    const { level: row, control } = routeOf(domain, config);
    assert.deepEqual([row.name, control.max_connections], [level, connections], domain);
  }
});

Deno.test("routeOf raises the level to what the message demands, and never lowers it", () => {
  const levels = ["none", "preferred", "required", "preferred-verify", "required-verify"] as const;
  const demands = [undefined, "required", "requiretls"] as const;
  const table = {
    "none": ["none", "required", "required-verify"],
    "preferred": ["preferred", "required", "required-verify"],
    "required": ["required", "required", "required-verify"],
    "preferred-verify": ["preferred-verify", "required", "required-verify"],
    "required-verify": ["required-verify", "required-verify", "required-verify"],
  };
  for (const tls of levels) {
    const snapshot = configOf({ control: { tls } });
    const met = demands.map((demand) => {
      const route = routeOf(destinationName("a.test", demand), snapshot);
      assert.deepEqual([route.destination, route.demand], ["a.test", demand]);
      return route.level.name;
    });
    assert.deepEqual(met, table[tls], tls);
  }
});

Deno.test("routeOf keeps connections for mail that demands more apart, and counts them with those of its domain", () => {
  const route = (domain: string, demand?: TlsDemand) => routeOf(destinationName(domain, demand), config);
  for (const domain of ["one.test", "x.inside.test", "example.test"]) {
    const [plain, required, requireTls] = [route(domain), route(domain, "required"), route(domain, "requiretls")];
    assert.equal(new Set([plain.key, required.key, requireTls.key]).size, 3, domain);
    assert.deepEqual([required.limitKey, requireTls.limitKey], [plain.limitKey, plain.limitKey]);
  }
  assert.notEqual(route("one.test").limitKey, route("two.test").limitKey);
  // The level is the same, and still: these connections are for hosts that offer REQUIRETLS.
  assert.notEqual(route("partner.test").key, route("partner.test", "requiretls").key);
  assert.equal(route("x.gov.test").key, route("x.gov.test", "required").key);
});

Deno.test("routeOf sends redirected mail to the operator's host, under the level and names of its domain", () => {
  const via = { host: "backup.test", port: 2525 };
  for (const domain of ["one.test", "x.inside.test", "partner.test", "[10.0.0.1]"]) {
    for (const demand of [undefined, "requiretls"] as const) {
      const [usual, redirected] = [undefined, via].map((to) => routeOf(destinationName(domain, demand, to), config));
      assert.deepEqual(redirected.hops, { kind: "listed", hosts: [via] });
      assert.deepEqual([redirected.level, redirected.control, redirected.destination], [
        usual.level,
        usual.control,
        usual.destination,
      ]);
      assert.notEqual(redirected.key, usual.key);
    }
  }
});

Deno.test("routeOf shows the certificate of the destination, and parts connections by it", () => {
  const own = configOf({ certificate: "all", controls: { "a.test": { certificate: "own" } } });
  assert.deepEqual([routeOf("a.test", own).certificate, routeOf("b.test", own).certificate], ["own", "all"]);
  const routes = { "a.test": [{ host: "hub.test", port: 25 }], "b.test": [{ host: "hub.test", port: 25 }] };
  const shared = configOf({ routes, controls: { "a.test": { certificate: "own" } } });
  assert.notEqual(routeOf("a.test", shared).key, routeOf("b.test", shared).key);
});

Deno.test("destinationParts reads what destinationName writes, and no address can pretend to it", () => {
  for (const domain of ["a.test", "[10.0.0.1]", "[x:a;required]", ""]) {
    for (const demand of [undefined, "required", "requiretls"] as const) {
      assert.deepEqual(destinationParts(destinationName(domain, demand)), { domain, demand });
      for (const via of [{ host: "backup.test", port: 25 }, { host: "2001:db8::9", port: 2525 }]) {
        assert.deepEqual(destinationParts(destinationName(domain, demand, via)), { domain, demand, via });
      }
    }
  }
  for (const domain of ["[x:a;via=evil.test:25]", "[x:a;via=[::1]:25]"]) {
    assert.deepEqual(destinationParts(domain), { domain, demand: undefined });
  }
  assert.deepEqual(destinationParts("[x:a;required]"), { domain: "[x:a;required]", demand: undefined });
});

Deno.test("routeOf gives one key to those that may share a connection, and to nobody else", () => {
  const key = (domain: string) => routeOf(domain, config).key;
  assert.equal(key("x.inside.test"), key("y.inside.test"));
  assert.equal(key("x.inside.test"), key("other.inside.test"));
  assert.notEqual(key("a.inside.test"), key("b.inside.test"), "a verified connection is proven for one domain");
  assert.notEqual(key("a.inside.test"), key("x.inside.test"), "levels differ");
  assert.notEqual(key("one.test"), key("two.test"), "MX hosts belong to one domain");
});
