/** Profiles as key pairs; whom to trust. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { loadInventory, loadKeyPairs, loadTrust } from "../../src/certs/inventory.ts";
import { type CertificateWorld, selfSignedPairs } from "../../src/certs/self_signed.ts";
import type { Config } from "../../src/config/config.ts";
import { configFiles } from "../../src/config/files.ts";
import { loadSource } from "../../src/config/load.ts";
import { openSslEngine } from "../../src/openssl/engine.ts";

const engine = openSslEngine();
const world: CertificateWorld = { engine, clock: systemClock, random: systemRandom, note: () => {} };

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/data/certificates`, { recursive: true });
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function config(folder: string, source: string): Promise<Config> {
  const result = await loadSource(`version: 1\n${source}`, {
    file: `${folder}/config.yaml`,
    hostname: "gw.example.test",
    generation: 1,
  });
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

Deno.test("loadInventory: profiles in use, a file's chain with its intermediates, a self-signed one with its listeners' names", () =>
  inFolder(async (folder) => {
    const [rsa, ec] = await selfSignedPairs({ directory: folder, name: "x", hostnames: ["x.test"] }, world);
    await Deno.writeTextFile(`${folder}/mx1.crt`, ec.certificatePem.trimEnd());
    await Deno.writeTextFile(`${folder}/mx1.key`, ec.keyPem);
    await Deno.writeTextFile(`${folder}/chain.crt`, rsa.certificatePem);
    const snapshot = await config(
      folder,
      `certificates:
  mx1: { certificate: mx1.crt, key: mx1.key, intermediates: chain.crt }
  unused: { certificate: absent.crt, key: absent.key }
listeners:
  a: { address: 127.0.0.1:1, certificate: [mx1, demo], hostname: a.test }
  b: { address: 127.0.0.1:2, certificate: demo, hostname: b.test }
  c: { address: 127.0.0.1:3, certificate: mx1, hostname: c.test }
destination_controls: { certificate: mx1 }
`,
    );
    const inventory = await loadInventory(snapshot, (config, name) => loadKeyPairs(config, name, world));
    assert.deepEqual([...inventory.keys()].sort(), ["demo", "mx1"]);
    const [mx1] = inventory.get("mx1")!;
    assert.equal(mx1.name, "mx1");
    assert.deepEqual(engine.inspect(mx1).map((facts) => facts.key), ["EC P-256", "RSA 2048"]);
    const demo = inventory.get("demo")!.map((pair) => engine.inspect(pair)[0]);
    assert.deepEqual(demo.map((facts) => [facts.key, facts.names]), [
      ["RSA 2048", ["gw.example.test", "a.test", "b.test"]],
      ["EC P-256", ["gw.example.test", "a.test", "b.test"]],
    ]);
    assert.deepEqual(configFiles(snapshot).map((file) => file.replace(`${folder}/`, "")), [
      "config.yaml",
      "mx1.crt",
      "mx1.key",
      "chain.crt",
      "absent.crt",
      "absent.key",
    ]);
  }));

Deno.test("loadKeyPairs: a file that is missing, a folder, a file that is too large and an unknown profile are named", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/empty`, "");
    await Deno.writeTextFile(`${folder}/large`, "");
    await Deno.truncate(`${folder}/large`, 16_777_217);
    const snapshot = await config(
      folder,
      `certificates:
  a: { certificate: absent.crt, key: empty }
  b: { certificate: empty, key: data }
  c: { certificate: large, key: empty }
`,
    );
    const rejects = (name: string, message: string) =>
      assert.rejects(loadKeyPairs(snapshot, name, world), { name: "CertificateFileError", message });
    await rejects("a", `Cannot read ${folder}/absent.crt: no such file`);
    await rejects("b", `Cannot read ${folder}/data: it is no file`);
    await rejects("c", `Cannot read ${folder}/large: it is larger than 16777216 octets`);
    await rejects("d", "Cannot find the certificate d: no profile has this name");
  }));

Deno.test("loadTrust: the system's list and the custom ones; the generation counts up with changes only", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/system.pem`, "system");
    await Deno.writeTextFile(`${folder}/ca.pem`, "custom");
    await Deno.writeTextFile(`${folder}/list.crl`, "crl");
    const before = Deno.env.get("SSL_CERT_FILE");
    Deno.env.set("SSL_CERT_FILE", `${folder}/system.pem`);
    try {
      const both = await config(folder, "certificate_authorities: { custom: [ca.pem], crls: [list.crl] }\n");
      const first = await loadTrust(both);
      assert.equal(first.systemList, `${folder}/system.pem`);
      assert.deepEqual([first.anchors.bundles, first.anchors.generation], [["system", "custom"], 1]);
      assert.deepEqual(first.anchors.crls.map((crl) => new TextDecoder().decode(crl)), ["crl"]);
      assert.equal((await loadTrust(both, { previous: first.anchors })).anchors, first.anchors);
      await Deno.writeTextFile(`${folder}/list.crl`, "CRL");
      const second = await loadTrust(both, { previous: first.anchors });
      assert.equal(second.anchors.generation, 2);

      const own = await loadTrust(
        await config(folder, "certificate_authorities: { system: false, custom: [ca.pem] }\n"),
      );
      assert.deepEqual([own.systemList, own.anchors.bundles], [undefined, ["custom"]]);

      Deno.env.set("SSL_CERT_FILE", `${folder}/absent.pem`);
      assert.notEqual((await loadTrust(both)).systemList, `${folder}/absent.pem`, "the next place is tried");
      await Deno.remove(`${folder}/ca.pem`);
      await assert.rejects(loadTrust(both), { message: `Cannot read ${folder}/ca.pem: no such file` });
    } finally {
      if (before === undefined) Deno.env.delete("SSL_CERT_FILE");
      else Deno.env.set("SSL_CERT_FILE", before);
    }
  }));
