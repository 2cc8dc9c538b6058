/** Self-signed pairs: made once, kept, made anew when they do not serve. */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { type CertificateWorld, selfSignedPairs, type SelfSignedWish } from "../../src/certs/self_signed.ts";
import { openSslEngine } from "../../src/openssl/engine.ts";

const dayMs = 86_400_000;
const engine = openSslEngine();

/** A storage folder, a clock that can be moved, and what was logged. */
class Place implements Disposable {
  readonly wish: SelfSignedWish;
  readonly notes: string[] = [];
  now = Date.UTC(2026, 0, 15);
  readonly world: CertificateWorld = {
    engine,
    clock: { now: () => this.now },
    random: seededRandom(1),
    note: (level, text) => this.notes.push(`${level}: ${text}`),
  };

  constructor(hostnames = ["gw.example.test", "mx1.example.test"]) {
    this.wish = { directory: Deno.makeTempDirSync(), name: "demo", hostnames };
  }

  pairs(wish: Partial<SelfSignedWish> = {}) {
    return selfSignedPairs({ ...this.wish, ...wish }, this.world);
  }

  path(name: string): string {
    return `${this.wish.directory}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.wish.directory, { recursive: true });
  }
}

Deno.test("selfSignedPairs: an RSA-2048 and a P-256 pair with every name, for 825 days, as servers and clients use them", async () => {
  using place = new Place();
  const pairs = await place.pairs();
  const facts = pairs.map((pair) => engine.inspect(pair));
  assert.deepEqual(facts.map(([{ key, subject, issuer, names }]) => ({ key, subject, issuer, names })), [
    { key: "RSA 2048", subject: "CN=gw.example.test", issuer: "CN=gw.example.test", names: place.wish.hostnames },
    { key: "EC P-256", subject: "CN=gw.example.test", issuer: "CN=gw.example.test", names: place.wish.hostnames },
  ]);
  for (const [{ notBefore, notAfter, serial }] of facts) {
    assert.deepEqual([notBefore, notAfter], [place.now - dayMs, place.now + 824 * dayMs]);
    assert.match(serial, /^[4-7][0-9A-F]{31}$/);
  }
  assert.notEqual(facts[0][0].serial, facts[1][0].serial);
  const context = engine.serverContext({
    profile: { methods: ["TLSv1.2", "TLSv1.3"], ciphers: "HIGH", renegotiation: false },
    keyPairs: pairs,
    askClientCertificate: false,
    sessionIdContext: "test",
  });
  context[Symbol.dispose]();
});

Deno.test("selfSignedPairs: files have mode 0600, and later starts use them", async () => {
  using place = new Place();
  const first = await place.pairs();
  const names = [...Deno.readDirSync(place.wish.directory)].map((entry) => entry.name).sort();
  assert.deepEqual(names, ["demo.ec.crt", "demo.ec.key", "demo.rsa.crt", "demo.rsa.key"]);
  for (const name of names) assert.equal(Deno.statSync(place.path(name)).mode! & 0o777, 0o600, name);
  place.notes.length = 0;
  assert.deepEqual(await place.pairs(), first);
  assert.deepEqual(await place.pairs({ hostnames: ["mx1.example.test"] }), first, "fewer names are served as well");
  assert.deepEqual(place.notes, []);
});

const remade: { name: string; spoil: (place: Place) => Partial<SelfSignedWish> | void; note: RegExp; kinds: string }[] =
  [
    {
      name: "a damaged certificate",
      spoil: (place) => Deno.writeTextFileSync(place.path("demo.ec.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n"),
      note: /^warning: Certificate demo \(ec\) is made anew: Cannot read the certificate of demo: /,
      kinds: "ec",
    },
    {
      name: "a key that was cut short",
      spoil: (place) => Deno.truncateSync(place.path("demo.rsa.key"), 100),
      note: /^warning: Certificate demo \(rsa\) is made anew: Cannot read the key of demo: /,
      kinds: "rsa",
    },
    {
      name: "a key that is gone",
      spoil: (place) => Deno.removeSync(place.path("demo.ec.key")),
      note: /^warning: Certificate demo \(ec\) is made anew: Cannot read .*demo\.ec\.key: no such file$/,
      kinds: "ec",
    },
    {
      name: "a key of another pair, as a crash between the two files leaves it",
      spoil: (place) => Deno.copyFileSync(place.path("demo.rsa.key"), place.path("demo.ec.key")),
      note: /^warning: Certificate demo \(ec\) is made anew: Cannot use the key of demo: /,
      kinds: "ec",
    },
    {
      name: "a pair that is near its end",
      spoil: (place) => void (place.now += 765 * dayMs),
      note: /^info: Certificate demo \(\w+\) is made anew: it is near its end$/,
      kinds: "ec,rsa",
    },
    {
      name: "a pair from a time to come, as a clock that was wrong leaves it",
      spoil: (place) => void (place.now -= 400 * dayMs),
      note: /^info: Certificate demo \(\w+\) is made anew: it is not valid yet$/,
      kinds: "ec,rsa",
    },
    {
      name: "a pair without a name that is wanted now",
      spoil: () => ({ hostnames: ["gw.example.test", "mx2.example.test"] }),
      note: /^info: Certificate demo \(\w+\) is made anew: it does not name mx2\.example\.test$/,
      kinds: "ec,rsa",
    },
  ];

for (const { name, spoil, note, kinds } of remade) {
  Deno.test(`selfSignedPairs: ${name} is made anew, and said so`, async () => {
    using place = new Place();
    const before = await place.pairs();
    place.notes.length = 0;
    const wish = spoil(place) ?? {};
    const after = await place.pairs(wish);
    const changed = ["rsa", "ec"].filter((_, index) => before[index].certificatePem !== after[index].certificatePem);
    assert.equal(changed.sort().join(), kinds);
    assert.equal(place.notes.filter((line) => note.test(line)).length, changed.length, place.notes.join("\n"));
    for (const pair of after) assert.ok(engine.inspect(pair)[0].notAfter > place.now);
    place.notes.length = 0;
    assert.deepEqual(await place.pairs(wish), after);
    assert.deepEqual(place.notes, []);
  });
}

Deno.test("selfSignedPairs: a new name keeps the key, another end does not; a key of another kind is replaced", async () => {
  using place = new Place();
  const keys = (pairs: { keyPem: string }[]) => pairs.map(({ keyPem }) => keyPem);
  const first = await place.pairs();
  const named = await place.pairs({ hostnames: ["other.example.test"] });
  assert.deepEqual(keys(named), keys(first));
  assert.notEqual(named[0].certificatePem, first[0].certificatePem);
  for (const pair of named) assert.deepEqual(engine.inspect(pair)[0].names, ["other.example.test"]);
  for (const part of ["crt", "key"]) Deno.copyFileSync(place.path(`demo.ec.${part}`), place.path(`demo.rsa.${part}`));
  const [rsa] = await place.pairs({ hostnames: ["third.example.test"] });
  assert.equal(engine.inspect(rsa)[0].key, "RSA 2048");
  place.now += 800 * dayMs;
  const renewed = await place.pairs({ hostnames: ["third.example.test"] });
  assert.notEqual(keys(renewed)[1], keys(first)[1]);
});

Deno.test("selfSignedPairs: two that ask at once get the same pairs", async () => {
  using place = new Place();
  const [a, b] = await Promise.all([place.pairs(), place.pairs()]);
  assert.deepEqual(a, b);
  assert.deepEqual(await place.pairs(), a);
});

Deno.test("selfSignedPairs: a name that is too long for the subject stands in the SAN", async () => {
  const long = `${"a".repeat(60)}.${"b".repeat(60)}.example.test`;
  using place = new Place([long]);
  const [[facts]] = (await place.pairs()).map((pair) => engine.inspect(pair));
  assert.deepEqual([facts.subject, facts.names], ["CN=Postern", [long]]);
});

Deno.test("selfSignedPairs: a folder that cannot be written to is named", async () => {
  using place = new Place();
  await assert.rejects(
    place.pairs({ directory: `${place.wish.directory}/absent` }),
    /^CertificateFileError: Cannot write .*\/absent\/demo\.(rsa|ec)\.crt: /,
  );
});
