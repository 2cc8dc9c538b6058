import assert from "node:assert/strict";
import { judgeCertificate, type ShownCertificate, shownCertificate } from "../../src/policy/client_certificate.ts";
import type { CertificateFacts } from "../../src/tls/engine.ts";

const leaf: CertificateFacts = {
  subject: "CN=Mail Gateway",
  issuer: "CN=CA",
  serial: "01",
  notBefore: 0,
  notAfter: 1,
  names: ["MX.partner.test", "*.partner.test"],
  commonNames: ["Mail Gateway"],
  fingerprint: "",
  key: "",
  signature: "",
  form: { version: 3, signatureBits: 128, keyBits: 128, brokenExtensions: false },
};

Deno.test("shownCertificate takes names of a certificate that verifies only", () => {
  const certificates = () => [leaf];
  assert.deepEqual(
    shownCertificate({
      certificate: false,
      chain: { trusted: false, reason: "no_certificate", code: 0, text: "none" },
      certificates: () => [],
    }),
    { kind: "none" },
  );
  assert.deepEqual(shownCertificate({ certificate: true, chain: { trusted: true }, certificates }), {
    kind: "verified",
    subject: "CN=Mail Gateway",
    names: ["mx.partner.test", "*.partner.test", "mail gateway"],
  });
  const chain = { trusted: false, reason: "expired", code: 10, text: "certificate has expired" } as const;
  assert.deepEqual(shownCertificate({ certificate: true, chain, certificates }), {
    kind: "unverified",
    subject: "CN=Mail Gateway",
    reason: "expired",
    text: "certificate has expired",
  });
});

const none: ShownCertificate = { kind: "none" };
const good: ShownCertificate = { kind: "verified", subject: "CN=a", names: ["a"] };
const bad: ShownCertificate = { kind: "unverified", subject: "CN=a", reason: "revoked", text: "certificate revoked" };

Deno.test("judgeCertificate keeps each row of its table", () => {
  // deno-fmt-ignore
  const rows: [false | "preferred" | "required", ShownCertificate, refused: string | undefined][] = [
    [false, none, undefined],
    [false, good, undefined],
    [false, bad, undefined],
    ["preferred", none, undefined],
    ["preferred", good, undefined],
    ["preferred", bad, "Client certificate not verified"],
    ["required", none, "A client certificate is required"],
    ["required", good, undefined],
    ["required", bad, "Client certificate not verified"],
  ];
  for (const [verify_client_certificate, shown, refused] of rows) {
    const refusal = judgeCertificate({ name: "P", verify_client_certificate }, shown);
    assert.deepEqual(refusal?.reply, refused && { code: 554, enhanced: "5.7.0", lines: [refused] });
    if (shown.kind === "unverified" && refusal) assert.match(refusal.text, /^P .*\(revoked\)$/);
  }
});
