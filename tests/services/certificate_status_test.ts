/**
 * The status of our own certificates: when responders are asked, what is stapled, and what the log says.
 *
 * @module
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Kept } from "../../src/certs/kept.ts";
import { CertificateStatus } from "../../src/services/certificate_status.ts";
import { boundedFetch } from "../../src/services/fetch_bounded.ts";
import type { KeyPair } from "../../src/tls/engine.ts";
import type { Staple } from "../../src/tls/revocation.ts";
import { until } from "../gateway/rig.ts";
import { Lines } from "../queue/world.ts";
import { makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { forgetNewest, Responder } from "../support/responder.ts";
import { engine, pairOf, trustIn } from "../support/tls_world.ts";
import { freePort } from "../support/gateway_process.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const port = freePort();
const aia = `authorityInfoAccess=OCSP;URI:http://127.0.0.1:${port}/`;
const leaf = await makeLeaf({ ca, names: ["mx.example.test"], extensions: [aia, "tlsfeature=status_request"] });
const plain = await makeLeaf({ ca, names: ["plain.example.test"] });
const bare = await makeLeaf({ ca, names: ["bare.example.test"], extensions: ["tlsfeature=status_request"] });
const minute = 60_000;

const chained = (name: string, made: typeof leaf): KeyPair => ({
  ...pairOf(name, made),
  certificatePem: made.certificatePem + ca.certificatePem,
});

/** Statuses on a clock of their own, beside a real responder. */
class Rig implements AsyncDisposable {
  readonly clock = new FakeClock(Date.now());
  readonly log = new Lines();
  readonly stapled = new Map<string, Staple | undefined>();
  pairs = new Map([["mx", [chained("mx", leaf)]]]);
  readonly status: CertificateStatus;

  constructor(directory: string) {
    const { clock, log } = this;
    this.status = new CertificateStatus({
      clock,
      log,
      random: seededRandom(1),
      fetch: boundedFetch(systemClock),
      engine: { ...engine, staple: (fingerprint, staple) => this.stapled.set(fingerprint, staple) },
      directory,
      trust: () => trustIn([]),
      pairs: () => this.pairs,
    });
  }

  /** Takes the pairs in; resolves when all that were due were asked. */
  async applied(): Promise<void> {
    this.status.apply();
    await this.status.refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.status.stop();
    assert.equal(this.clock.timers, 0);
  }
}

function folder(): string {
  const made = Deno.makeTempDirSync({ dir });
  Deno.mkdirSync(`${made}/certificates`);
  return made;
}

Deno.test("CertificateStatus: no responder, good, kept over a restart, revoked", async () => {
  const directory = folder();
  const { fingerprint } = engine.statusQuestion(chained("mx", leaf), trustIn([]));
  await using rig = new Rig(directory);
  await rig.applied();
  assert.deepEqual(rig.log.lines.map((line) => line.replace(/ \(.*?\)/, "")), [
    `warning: Cannot ask http://127.0.0.1:${port}/ about the certificate mx: tcp connect error: Connection refused ` +
    "(os error 111); nothing is stapled",
    "warning: The certificate mx promises that its status is stapled (must-staple), and there is no answer to staple: clients that mind refuse it",
  ]);
  assert.deepEqual(rig.stapled.get(fingerprint), undefined);
  const [before] = rig.status.facts;
  assert.deepEqual([before.status, before.stapled, before.mustStaple, before.profiles], ["none", false, true, ["mx"]]);

  {
    await using _responder = await Responder.start({ ca, minutes: 10, port });
    await rig.status.refresh();
    assert.match(
      rig.log.lines[2],
      /^info: The certificate mx \(CN=mx\.example\.test\) is good, says .*; the answer is stapled until /,
    );
    const [{ status, fetching, until: end }] = rig.status.facts;
    assert.equal(status, "good");
    assert.equal(rig.stapled.get(fingerprint)?.until, end);
    const half = (end! - rig.clock.now()) / 2;
    assert.ok(Math.abs((fetching!.next - rig.clock.now()) / half - 1) < 0.11, "again at half its life");
    assert.equal((await Deno.stat(new Kept(directory, "ocsp").pathOf(fingerprint))).mode! & 0o777, 0o600);
  }
  {
    await using again = new Rig(directory);
    again.status.apply();
    await until("the kept answer", () => again.stapled.get(fingerprint) !== undefined, { every: 5 });
    assert.deepEqual(again.log.lines, []);
    // Its end comes, and the responder does not.
    await again.clock.advance(11 * minute);
    await again.status.refresh();
    assert.match(again.log.lines[0], /^warning: Cannot ask .*nothing is stapled$/);
    assert.match(again.log.lines[1], /^warning: .*must-staple/);
    assert.equal(again.status.facts[0].stapled, false);
  }
  await makeRevocationList(ca, { revoked: [leaf] });
  await using _responder = await Responder.start({ ca, minutes: 10, port });
  await rig.status.refresh();
  assert.match(
    rig.log.lines[3],
    /^critical: The certificate mx .* was revoked on .*: clients that check it refuse it$/,
  );
  assert.equal(rig.stapled.get(fingerprint), undefined);
  assert.equal(rig.status.facts[0].status, "revoked");
  assert.equal(await new Kept(directory, "ocsp").read(fingerprint), undefined);
  await rig.status.refresh();
  assert.equal(rig.log.lines.filter((line) => line.startsWith("critical")).length, 1, "told once");
});

Deno.test("CertificateStatus: unknown to the responder; without one; no issuer; out of use", async () => {
  const directory = folder();
  const young = await makeLeaf({ ca, names: ["young.example.test"], extensions: [aia] });
  await forgetNewest(ca);
  await using _responder = await Responder.start({ ca, minutes: 10, port });
  await using rig = new Rig(directory);
  rig.pairs = new Map([
    ["young", [chained("young", young)]],
    ["twin", [chained("young", young)]],
    ["plain", [chained("plain", plain)]],
    ["bare", [chained("bare", bare)]],
  ]);
  await rig.applied();
  assert.deepEqual(rig.status.facts.map(({ profiles, status }) => [profiles, status]), [
    [["young", "twin"], "unknown"],
    [["bare"], "none"],
  ], "plain names no responder");
  const told = rig.log.lines.map((line) => line.replace(/ \(CN=.*?\)/, ""));
  assert.ok(
    told.includes(
      `warning: The certificate young, twin is unknown to its responder http://127.0.0.1:${port}/: nothing is stapled`,
    ),
  );
  assert.ok(told.some((line) => /bare promises that its status is stapled .* and names no responder/.test(line)));

  rig.pairs = new Map([["young", [pairOf("young", young)]]]);
  await rig.applied();
  assert.match(rig.log.lines.at(-1)!, /its issuer's certificate is not known; the issuer belongs into intermediates/);
  rig.pairs = new Map();
  await rig.applied();
  assert.deepEqual(rig.status.facts, []);
  assert.deepEqual([...Deno.readDirSync(`${directory}/certificates/ocsp`)], []);
});
