/**
 * The operations on certificates, trust, TLS settings and backup, as an administrator's program calls them: on real files.
 *
 * @module
 */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { systemRandom } from "../../src/base/random.ts";
import { acmeCommands } from "../../src/control/acme_commands.ts";
import type { Command } from "../../src/control/commands.ts";
import { fileCommands, type FileGround } from "../../src/control/file_commands.ts";
import { serviceCommands } from "../../src/control/service_commands.ts";
import { revocationCommands } from "../../src/control/revocation_commands.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { engine } from "../support/tls_world.ts";
import type { Answer, Ask, WebRig } from "./web_rig.ts";

// OpenSSL's outdated algorithms are loaded once for the process: here, so that no test is said to have left them behind.
await engine.certificates.macKey({ digest: "SHA1", password: "x", salt: octets("12345678"), rounds: 1 });

/** Commands on the files of a rig. No DNS answers, and no authority. */
export function certificateGround(rig: WebRig): Command[] {
  const directory = rig.folder;
  for (const name of ["certificates", "staged"]) {
    Deno.mkdirSync(`${directory}/${name}`, { recursive: true, mode: 0o700 });
  }
  const failed = () => Promise.resolve({ kind: "failed", reason: "timeout" });
  const ground = {
    file: `${directory}/config.yaml`,
    storage: { directory, certificates: `${directory}/certificates` },
    clock: rig.clock,
    random: systemRandom,
    hostname: "gw.example.test",
    staging: rig.world.staging,
    engine: () => engine,
    resolver: () => ({ resolve: failed }),
    alone: (work: (apply: () => Promise<readonly string[]>) => Promise<unknown>) => work(rig.world.apply),
    running: true,
    apply: () => Promise.resolve([]),
    log: { info: () => {} },
  } as unknown as FileGround;
  const at = rig.clock.now();
  return [
    ...fileCommands(ground),
    ...acmeCommands({
      order: (profile) =>
        Promise.resolve({
          profile,
          directory: "https://acme.example/directory",
          names: ["gw.example.test"],
          challenge: "http-01",
          ordering: false,
          next: { at, why: "it failed" },
          failures: 1,
          last: { at, ok: false, text: "no answer" },
        }),
    }),
    ...serviceCommands({
      now: () => at,
      directories: () => [{
        name: "staff",
        servers: [{ url: "ldaps://ldap.example.test:636", state: "open" }],
        known: 1,
        unknown: 0,
        failed: 0,
        remembered: 0,
        searches: 1,
        answers: true,
      }],
      logHosts: () => [
        { name: "siem", server: "10.0.0.9:6514", transport: "tls", state: "idle", sent: 1, waiting: 0, dropped: 0 },
      ],
      updates: () => Promise.resolve({ url: "https://updates.example/ca_bundle.pem", held: false }),
      update: () => Promise.resolve(),
    }),
    ...revocationCommands({
      now: () => at,
      statuses: () =>
        Promise.resolve([{
          source: "http://crl.example.test/a.crl",
          kind: "url",
          lists: [{ issuer: "CN=a", from: at, entries: 2, signature: "proven" }],
          fetching: { url: "http://crl.example.test/a.crl", next: at, failures: 0, etag: '"x"' },
        }]),
      refreshLists: () => Promise.resolve(),
      status: {
        facts: [{
          profiles: ["a"],
          subject: "CN=a",
          fingerprint: "00",
          responders: ["http://ocsp.example.test"],
          mustStaple: false,
          status: "none",
          stapled: false,
        }],
        refresh: () => Promise.resolve(),
      },
    }),
  ];
}

/** What calls operations by their id. */
interface Calling {
  readonly rig: WebRig;
  call(id: string, ask?: Ask & { params?: Record<string, string>; query?: string; status?: number }): Promise<Answer>;
}

const base64 = (text: string) => octets(text).toBase64();

/** Every operation, from a new certificate to a restored archive. */
export async function certificates(caller: Calling): Promise<void> {
  const call = caller.call.bind(caller);
  const params = { name: "mx1" };
  const made = await call("createCertificate", {
    body: {
      name: "mx1",
      commonName: "gw.example.test",
      names: ["mx.example.test"],
      organization: "Ours",
      key: "ec:p256",
    },
    status: 201,
  });
  assert.equal(made.body.name, "mx1");
  await call("createCertificate", { body: { name: "../x", commonName: "a" }, status: 422 });
  const { body: list } = await call("listCertificates");
  assert.ok(
    list.certificates.some(({ name, key }: { name: string; key: string }) => name === "mx1" && key === "EC P-256"),
  );
  const { body: shown } = await call("getCertificate", { params });
  assert.deepEqual(shown.certificates[0].dnsNames, ["gw.example.test", "mx.example.test"]);
  assert.match(shown.warnings.join(), /self-signed/);
  assert.doesNotMatch(JSON.stringify(shown), /PRIVATE KEY/);
  await call("getCertificate", { params: { name: "nobody" }, status: 404 });
  assert.match((await call("getCertificatePem", { params })).body.pem, /^-----BEGIN CERTIFICATE-----/);
  await call("getCertificateChain", { params });
  assert.match((await call("getSigningRequest", { params })).body.pem, /^-----BEGIN CERTIFICATE REQUEST-----/);
  const { body: check } = await call("checkCertificate", { params, query: "?for=example.test" });
  assert.equal(check.agrees, false);
  assert.ok(check.rows.length > 0 && check.warnings.every((text: string) => !text.startsWith("Cannot be verified")));
  const { body: tlsa } = await call("getTlsaRecords", { params, query: "?port=25" });
  assert.deepEqual([tlsa.hosts[0].port, tlsa.hosts[0].dns.kind], [25, "failed"]);

  const other = await makeCertificate({ names: ["DNS:gw.example.test"] });
  const [certificate, key] = [base64(other.certificatePem), base64(other.keyPem)];
  await call("uploadCertificate", { params, body: { certificate }, status: 422 });
  await call("uploadCertificate", { params, body: { certificate: "no base64!" }, status: 422 });
  const own = base64((await call("getCertificatePem", { params })).body.pem);
  await call("uploadCertificate", { params, body: { certificate: own } });
  await call("importCertificate", { body: { name: "mx2", certificate, key }, status: 201 });
  await call("importCertificate", { body: { name: "mx3", certificate }, status: 422 });
  const exported = await call("exportCertificate", { params: { name: "mx2" }, body: { password: "a word" } });
  const { pkcs12 } = exported.body;
  await call("importCertificate", { body: { name: "mx3", pkcs12, password: "another" }, status: 422 });
  await call("importCertificate", { body: { name: "mx3", pkcs12, password: "a word" }, status: 201 });
  await call("renewCertificate", { params, body: { newKey: true } });
  await call("renameCertificate", { params: { name: "mx3" }, body: { name: "mx4" } });
  await call("renameCertificate", { params: { name: "mx2" }, body: { name: "mx4" }, status: 422 });
  const assigned = await call("assignCertificate", { params, body: { https: true, stage: true } });
  assert.deepEqual([assigned.body.now, assigned.body.state], [["mx1"], "staged"]);
  await call("unassignCertificate", { params, body: { https: true, stage: true } });
  await call("unassignCertificate", { params, body: { https: true, delivery: true }, status: 422 });
  await call("abandonCandidate", { status: 404 });
  await call("assignCertificate", { params, body: { delivery: true } });
  await call("deleteCertificate", { params, status: 409 });
  await call("deleteCertificate", { params: { name: "mx4" } });
  await call("deleteCertificate", { params: { name: "mx4" }, status: 404 });
  await call("orderCertificate", { params });

  await call("addAuthorities", { body: { name: "partner", content: certificate }, status: 201 });
  await call("addAuthorities", { body: { name: "partner", content: certificate }, status: 422 });
  const { body: trust } = await call("listAuthorities");
  assert.deepEqual(trust.bundles.map(({ name }: { name: string }) => name), ["partner"]);
  await call("exportAuthorities", { params: { name: "partner" } });
  await call("exportAuthorities", { params: { name: "nobody" }, status: 404 });
  await call("removeAuthorities", { params: { name: "partner" } });
  await call("trustSystem", { body: { trusted: true } });
  const source = "http://crl.example.test/a.crl";
  await call("addRevocationList", { body: { source }, status: 201 });
  await call("listRevocationLists");
  const { body: fetched } = await call("refreshRevocationLists", { body: {} });
  assert.equal(fetched.lists[0].fetching.etag, undefined);
  await call("removeRevocationList", { query: `?source=${encodeURIComponent(source)}` });
  await call("removeRevocationList", { query: `?source=${encodeURIComponent(source)}`, status: 404 });
  await call("listOwnStatus");
  await call("refreshOwnStatus");

  const services = (await call("listServices")).body;
  assert.deepEqual([services.directories[0].name, services.logHosts[0].name], ["staff", "siem"]);
  await call("fetchUpdates");
  const { body: settings } = await call("getTlsSettings");
  assert.deepEqual(settings.services.map(({ service }: { service: string }) => service), [
    "gui",
    "inbound",
    "outbound",
    "other",
  ]);
  const set = (methods: string[], status = 200) =>
    call("changeTlsSettings", { params: { service: "inbound" }, body: { methods, stage: true }, status });
  assert.equal((await set(["TLSv1.2"])).body.state, "staged");
  await set(["TLSv1.1", "TLSv1.3"], 422);
  await call("abandonCandidate", { status: 204 });

  const { body: { archive, files } } = await call("saveBackup", { body: { password: "a long word" } });
  assert.ok(files.some((path: string) => path.endsWith("mx1.key")), files.join());
  const { body: plan } = await call("restoreBackup", { body: { archive, password: "a long word", restore: false } });
  assert.deepEqual([plan.done, plan.difference], [false, ""]);

  assert.deepEqual((await call("listBackups")).body.backups, []);
  const { backups } = caller.rig.world;
  const name = await backups.keep("made", Uint8Array.fromBase64(archive));
  const { body: { backups: [kept] } } = await call("listBackups");
  assert.deepEqual([kept.name, kept.origin, kept.octets], [name, "made", Uint8Array.fromBase64(archive).length]);
  const { body: got } = await call("getBackup", { params: { name } });
  assert.deepEqual(got, { ...kept, archive });
  const [noted] = caller.rig.audited().slice(-1);
  assert.deepEqual([noted.action, noted.target, noted.user], ["backup.download", name, "ann"]);
  for (const other of ["made-20260722T090000Z.backup", "../config.yaml"]) {
    await call("getBackup", { params: { name: other }, status: 404 });
    await call("deleteBackup", { params: { name: other }, status: 404 });
  }
  await call("deleteBackup", { params: { name }, status: 204 });
  await call("getBackup", { params: { name }, status: 404 });
}
