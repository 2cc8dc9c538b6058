import assert from "node:assert/strict";
import { agreementOf, carries, type MailHosts } from "../../src/certs/agreement.ts";
import type { CertificateRecord } from "../../src/certs/record.ts";
import { certificateUses, usesOf } from "../../src/certs/uses.ts";
import { loadSource } from "../../src/config/load.ts";
import type { Config } from "../../src/config/config.ts";
import { readDocument } from "../../src/config/document.ts";
import { tell } from "../../src/certs/texts.ts";

async function load(source: string): Promise<{ config: Config; root: unknown }> {
  const loaded = await loadSource(source, { file: "/x/config.yaml", hostname: "gw.example.test", generation: 1 });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return { config: loaded.config, root: readDocument(source).value };
}

const leafOf = (dnsNames: string[], more: Partial<CertificateRecord> = {}) =>
  ({ dnsNames, commonNames: [], addresses: [], ...more }) as unknown as CertificateRecord;

Deno.test("carries finds a host among the names, a wildcard's first label alone, the common name only where it is alone", () => {
  const table: [CertificateRecord, string, boolean][] = [
    [leafOf(["mx1.example.test"]), "MX1.example.test.", true],
    [leafOf(["mx1.example.test"]), "mx2.example.test", false],
    [leafOf(["*.example.test"]), "mx2.example.test", true],
    [leafOf(["*.example.test"]), "a.mx2.example.test", false],
    [leafOf(["*.example.test"]), "example.test", false],
    [leafOf(["m*.example.test"]), "mx.example.test", false],
    [leafOf([], { commonNames: ["mx1.example.test"] }), "mx1.example.test", true],
    [leafOf(["other.test"], { commonNames: ["mx1.example.test"] }), "mx1.example.test", false],
    [leafOf([], { addresses: ["192.0.2.1"] }), "192.0.2.1", true],
  ];
  for (const [leaf, host, wanted] of table) assert.equal(carries(leaf, host), wanted, host);
});

const gateway = `version: 1
listeners:
  inbound: { address: "127.0.0.1:2525", hostname: mx1.example.test, certificate: mx1, recipients: [
    { address: example.test, action: accept }, { address: "u@other.test", action: accept }, { address: .sub.test, action: accept },
    { address: ALL, action: reject } ] }
certificates: { mx1: { self_signed: true }, spare: { self_signed: true } }
`;

Deno.test("agreementOf compares MX record, certificate and listener, and tells each that does not fit", async () => {
  const { config } = await load(gateway);
  const good = leafOf(["mx1.example.test"]);
  const bad = leafOf(["www.example.test"]);
  const hosts = (...hosts: string[]): MailHosts => ({ kind: "hosts", hosts, implicit: false });
  const table: [string, CertificateRecord, string | undefined, MailHosts, string[]][] = [
    ["mx1", good, undefined, hosts("mx1.example.test", "mx9.example.test"), [
      "certificate ok Listener inbound greets as mx1.example.test, which stands in the certificate",
      "mx ok The MX record of example.test names mx1.example.test, mx9.example.test: mx1.example.test is a listener's",
      "certificate ok Senders of mail for example.test look for mx1.example.test, which stands in the certificate",
      "mx ok The MX record of other.test names mx1.example.test, mx9.example.test: mx1.example.test is a listener's",
      "certificate ok Senders of mail for other.test look for mx1.example.test, which stands in the certificate",
    ]],
    ["mx1", bad, "Example.test", hosts("old.example.test"), [
      "certificate NO Listener inbound greets as mx1.example.test, which does not stand in the certificate",
      "mx NO The MX record of example.test names old.example.test: no listener's name",
      "certificate NO Senders of mail for example.test look for old.example.test, which does not stand in the certificate",
    ]],
    ["mx1", good, "mx1.example.test", { kind: "hosts", hosts: ["mx1.example.test"], implicit: true }, [
      "certificate ok Listener inbound greets as mx1.example.test, which stands in the certificate",
      "mx ok mx1.example.test has no MX record, so senders go to mx1.example.test itself: mx1.example.test is a listener's",
      "certificate ok Senders of mail for mx1.example.test look for mx1.example.test, which stands in the certificate",
    ]],
    ["mx1", good, "example.test", { kind: "failed", why: tell("check.no_answer", { reason: "timeout" }) }, [
      "certificate ok Listener inbound greets as mx1.example.test, which stands in the certificate",
      "mx NO Mail for example.test: the DNS gives no answer (timeout)",
    ]],
    ["spare", good, undefined, hosts("x"), [
      "listener NO No listener uses spare",
      "mx NO No domain is named by the recipients of these listeners; --for says which",
    ]],
  ];
  for (const [name, leaf, host, answer, wanted] of table) {
    const rows = await agreementOf({ name, leaf, config, host, mailHosts: () => Promise.resolve(answer) });
    assert.deepEqual(rows.map(({ about, agrees, text }) => `${about} ${agrees ? "ok" : "NO"} ${text}`), wanted);
  }
});

Deno.test("certificateUses finds profiles wherever they are named, and where nothing is said", async () => {
  const { config, root } = await load(`version: 1
listeners:
  a: { address: "127.0.0.1:2525" }
  b: { address: "127.0.0.1:2526", certificate: [x, y] }
certificates: { x: { self_signed: true }, y: { self_signed: true } }
smtp_auth: { users: { printer: { certificate: printer.example.test } } }
destination_controls: { certificate: x, default: { certificate: y }, domains: { d.test: { certificate: x } } }
services: { ldap: { staff: { urls: ["ldaps://l.test"], base: "dc=t", certificate: y } } }
admin: { address: "127.0.0.1:8443" }
`);
  const uses = certificateUses(config, root);
  assert.deepEqual(usesOf(uses, "x"), ["listener b", "delivery", "destination d.test"]);
  assert.deepEqual(usesOf(uses, "y"), ["listener b", "destination default", "ldap staff"]);
  assert.deepEqual(usesOf(uses, "demo"), ["listener a", "admin"]);
  assert.deepEqual(usesOf(uses, "printer.example.test"), []);
  assert.deepEqual(uses.filter(({ profile }) => profile === "x").map(({ path }) => path), [
    ["listeners", "b", "certificate", 0],
    ["destination_controls", "certificate"],
    ["destination_controls", "domains", "d.test", "certificate"],
  ]);
});
