/**
 * Editions in this process, where the engine can be asked what it holds: native contexts come and go with configurations.
 *
 * @module
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { CertificateStore } from "../../src/certs/profile_store.ts";
import { readRequest } from "../../src/certs/profiles.ts";
import { directTexts, type TextWork } from "../../src/config/text_work.ts";
import { ConfigError } from "../../src/config/faults.ts";
import type { Resolver } from "../../src/dns/records.ts";
import { runningGround } from "../../src/operator.ts";
import { Editions, type EditionsWorld } from "../../src/reload.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type ConfigObject, freePorts } from "../support/gateway_process.ts";
import { peerTest } from "../support/peers.ts";
import { SmallCa } from "../support/small_ca.ts";
import { sockets } from "../support/tls_world.ts";
import { gatewayConfig, listenerAt, until } from "./rig.ts";

const world = { clock: systemClock, random: systemRandom, hostname: "gw.example.test", version: "test", sockets };

/** Editions of a configuration in a folder of its own, nothing of which is served. */
class Place implements AsyncDisposable {
  readonly folder: string;
  readonly ports: Record<string, number>;
  readonly #stack = new AsyncDisposableStack();

  constructor() {
    this.folder = Deno.makeTempDirSync({ prefix: "postern-" });
    this.ports = freePorts(["inbound", "second"]);
    // A gateway has TMPDIR for itself; the other tests of this process do not.
    const before = Deno.env.get("TMPDIR");
    this.#stack.defer(() => before === undefined ? Deno.env.delete("TMPDIR") : Deno.env.set("TMPDIR", before));
    this.#stack.defer(() => Deno.remove(this.folder, { recursive: true }));
  }

  write(more: ConfigObject = {}): void {
    const config = gatewayConfig({ inbound: this.ports.inbound, nextHop: 9, more: { logs: { level: "critical" } } });
    Deno.writeTextFileSync(`${this.folder}/config.yaml`, JSON.stringify({ ...config, ...more }));
  }

  async open(parts: EditionsWorld = world): Promise<Editions> {
    const editions = await Editions.open(`${this.folder}/config.yaml`, parts);
    this.#stack.defer(() => editions.close());
    return editions;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

Deno.test("Editions: fifty reloads leave as many native contexts as one configuration has", async () => {
  await using place = new Place();
  place.write();
  const editions = await place.open();
  const { alive } = editions.ground.engine;
  const { contexts } = alive;
  assert.ok(contexts >= 2, `${contexts} contexts: a listener's and the one for delivery`);
  for (let round = 0; round < 50; round++) {
    const { generation } = editions.current.config;
    place.write({ tls: { inbound_smtp: { methods: [round % 2 === 0 ? "TLSv1.2" : "TLSv1.3"] } } });
    await editions.reload();
    assert.equal(editions.current.config.generation, generation + 1);
    assert.equal(alive.contexts, contexts, `after ${round + 1} reloads`);
  }
  assert.equal(alive.sessions, 0);
});

Deno.test("Editions: a session's hold keeps the contexts of its configuration, and them alone, until it ends", async () => {
  await using place = new Place();
  place.write();
  const editions = await place.open();
  const { alive } = editions.ground.engine;
  const { contexts } = alive;
  const holds = [];
  for (let session = 0; session < 3; session++) {
    holds.push(editions.current.services.get("inbound")!.hold!());
    holds.push(editions.current.services.get("inbound")!.hold!());
    await editions.reload();
  }
  assert.equal(alive.contexts, 4 * contexts, "three old configurations and the one in force");
  for (let session = 0; session < 3; session++) {
    holds[2 * session][Symbol.dispose]();
    assert.equal(alive.contexts, (4 - session) * contexts, "the other session goes on");
    holds[2 * session + 1][Symbol.dispose]();
    assert.equal(alive.contexts, (3 - session) * contexts);
  }
});

Deno.test("Editions: a configuration that is refused leaves no context, no listener and no generation behind", async () => {
  await using place = new Place();
  const { inbound, second } = place.ports;
  place.write();
  const editions = await place.open();
  const { alive } = editions.ground.engine;
  const { contexts } = alive;
  const before = editions.current;
  using _taken = Deno.listen({ hostname: "127.0.0.1", port: second });
  const refused: ConfigObject[] = [
    { listeners: { inbound: listenerAt(`0.0.0.0:${inbound}`), second: listenerAt(`127.0.0.1:${second}`) } },
    { listeners: { second: listenerAt(`127.0.0.1:${second}`) } },
    { tls: { inbound_smtp: { ciphers: "NOTHING" } } },
    { certificates: { mx: { certificate: "none.crt", key: "none.key" } } },
    { colour: "blue" },
  ];
  for (const more of refused) {
    place.write(more);
    await editions.reload();
    assert.equal(editions.current, before);
    assert.equal(alive.contexts, contexts, JSON.stringify(more));
    await assert.rejects(Deno.connect({ hostname: "127.0.0.2", port: inbound }), /refused/);
    (await Deno.connect({ hostname: "127.0.0.1", port: inbound })).close();
  }
});

Deno.test("Editions: a first configuration with faults throws all of them, and its folder can be used again", async () => {
  await using place = new Place();
  const { inbound, second } = place.ports;
  place.write({ colour: "blue", hostname: "no name" });
  await assert.rejects(place.open(), (thrown: unknown) => {
    assert.ok(thrown instanceof ConfigError);
    assert.deepEqual(thrown.faults.map(({ path }) => path).sort(), ["colour", "hostname"]);
    return true;
  });
  const taken = Deno.listen({ hostname: "127.0.0.1", port: second });
  place.write({
    listeners: { inbound: listenerAt(`127.0.0.1:${inbound}`), second: listenerAt(`127.0.0.1:${second}`) },
  });
  await assert.rejects(
    place.open(),
    /listeners\.second\.address: Cannot listen on 127\.0\.0\.1:\d+: the port is in use/,
  );
  taken.close();
  const editions = await place.open();
  assert.equal(editions.current.config.generation, 1);
});

Deno.test("Editions: a reading that fails without a fault of the file's is tried again by itself, in growing pauses", async () => {
  await using place = new Place();
  place.write();
  const clock = new FakeClock();
  let fails = true;
  let asked = 0;
  // A long text that a thread dies of, or never answers about.
  const texts: TextWork & Disposable = {
    run(task, question) {
      asked++;
      return fails ? Promise.reject(new Error("the thread died")) : directTexts.run(task, question);
    },
    [Symbol.dispose]: () => {},
  };
  const editions = await place.open({ ...world, clock, texts });
  const before = editions.current;
  const lines: string[] = [];
  const { log } = editions.ground;
  log.observe((event, level) => {
    if (event.event === "note") {
      lines.push(`${level} ${event.reason}: ${event.text.replace(/\S*config.yaml(: )?/, "")}`);
    }
  });
  place.write({ tls: { inbound_smtp: { methods: ["TLSv1.3"] } } });
  assert.match((await editions.reload())[0], /the thread died$/);
  assert.equal(editions.current, before);
  for (const [at, seconds] of [5, 10, 20].entries()) {
    await clock.advance(seconds * 1_000 - 1);
    assert.deepEqual([asked, lines.length], [at + 1, at + 1], `before ${seconds} s have passed`);
    await clock.advance(1);
    await until("another attempt", () => lines.length === at + 2);
    assert.equal(editions.current, before);
  }
  fails = false;
  await clock.advance(40_000);
  await until("the configuration", () => editions.current !== before);
  assert.deepEqual(editions.current.config.tls.inbound_smtp.methods, ["TLSv1.3"]);
  await until("the last line", () => lines.length === 6);
  const again = "Cannot apply the thread died; what is in force stays, and it is tried again in";
  assert.deepEqual(lines, [
    `critical config_failed: ${again} 5 s`,
    ...[10, 20, 40].map((seconds) => `warning config_failed: ${again} ${seconds} s`),
    "info config_applied: Configuration applied: ",
    "warning config_failed_over: The configuration can be read again, after 4 attempts that failed",
  ]);
  // A fault of the file's waits for the file.
  place.write({ colour: "blue" });
  assert.equal((await editions.reload()).length, 1);
  const count = asked;
  await clock.advance(3_600_000);
  assert.equal(asked, count);
});

peerTest(
  ["openssl"],
  "Editions: an uploaded certificate is in force with its chain or not at all, whoever reads the files meanwhile",
  async () => {
    await using ca = await SmallCa.make();
    await using place = new Place();
    place.write();
    const editions = await place.open();
    const resolver: Resolver = { resolve: () => Promise.resolve({ kind: "failed", reason: "timeout" }) } as never;
    const ground = runningGround({ ...world, file: `${place.folder}/config.yaml`, editions, resolver });
    const { storage: { certificates: directory }, staging } = ground;
    const file = (content: Uint8Array<ArrayBuffer>) => ({ name: "file", content });
    const early: Promise<readonly string[]>[] = [];
    const store = new CertificateStore({
      ...ground,
      directory,
      note: () => {},
      async commit(changes, wish) {
        // The watch of a busy machine, which sees the files now.
        early.push(editions.reload());
        const written = await staging.write(changes, { who: "ann", ...wish });
        assert.equal(written.kind, "committed");
      },
    });
    await store.create("mx", { subject: { commonName: "mx.example.test", names: [] }, kind: "ec:p256", days: 9 });
    place.write({
      ...JSON.parse(Deno.readTextFileSync(`${place.folder}/config.yaml`)),
      listeners: { inbound: listenerAt(`127.0.0.1:${place.ports.inbound}`, { certificate: "mx" }) },
    });
    assert.deepEqual(await editions.reload(), []);
    const selfSigned = file(Deno.readFileSync(`${directory}/mx.crt`));
    const request = await readRequest("mx", { directory });
    const [certificate, ...chain] = [
      await ca.sign("mx.crt", { request: request! }),
      ca.at("int1.crt"),
      ca.at("int2.crt"),
    ]
      .map((path) => Deno.readFileSync(path));
    const inForce: number[] = [];
    editions.onApplied = ({ keyPairs }) => {
      inForce.push(keyPairs.get("mx")![0].certificatePem.match(/BEGIN CERTIFICATE/g)!.length);
    };
    await store.upload("mx", {
      certificate: file(certificate),
      intermediates: file(new Uint8Array([...chain[0], ...chain[1]])),
    });
    await Promise.all(early);
    assert.deepEqual([...new Set(inForce)], [3]);
    // A certificate without a chain: the file of the old one goes while the configuration still names it.
    inForce.length = 0;
    const key = file(Deno.readFileSync(`${directory}/mx.key`));
    await store.import("mx", { kind: "pem", certificate: selfSigned, key }, { replace: true });
    const refused = await Promise.all(early);
    assert.deepEqual([[...new Set(inForce)], refused.flat()], [[1], []]);
  },
);
