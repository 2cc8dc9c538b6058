/**
 * Certificate status: what is asked of a responder, what its answers are worth, and what clients are shown.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Octets } from "../../src/base/octets.ts";
import { openSslEngine } from "../../src/openssl/engine.ts";
import type { KeyPair, TrustAnchors } from "../../src/tls/engine.ts";
import type { StatusAnswer } from "../../src/tls/revocation.ts";
import { type Authority, makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { runCommand } from "../support/peers.ts";
import { forgetNewest, Responder } from "../support/responder.ts";
import { echo, engine, pairOf, profileOf, TlsServer, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const root = await makeAuthority(dir, { name: "Root" });
const ca = await makeAuthority(dir, { name: "Issuing", parent: root });
const aia =
  "authorityInfoAccess=OCSP;URI:http://127.0.0.1:9/ocsp,OCSP;URI:ldap://127.0.0.1/,caIssuers;URI:http://127.0.0.1:9/ca";
const leaf = await makeLeaf({ ca, names: ["mx.example.test"], extensions: [aia] });
const rsa = await makeLeaf({
  ca,
  names: ["mx.example.test"],
  key: "rsa:2048",
  extensions: [aia, "tlsfeature=status_request"],
});
const plain = await makeLeaf({ ca, names: ["plain.example.test"] });
const pair = withChain("mx", leaf, ca);
const rsaPair = withChain("mx-rsa", rsa, ca);
const none: TrustAnchors = trustIn([]);

function withChain(name: string, made: typeof leaf, issuer: Authority): KeyPair {
  return { ...pairOf(name, made), certificatePem: made.certificatePem + issuer.certificatePem };
}

/** What the responder says about a pair. */
async function ask(responder: Responder, asked: KeyPair, trust = none): Promise<Octets> {
  const { request } = engine.statusQuestion(asked, trust);
  const answer = await fetch(responder.url, {
    method: "POST",
    headers: { "content-type": "application/ocsp-request" },
    body: request!,
  });
  return new Uint8Array(await answer.arrayBuffer());
}

const read = (asked: KeyPair, response: Octets, by = engine): StatusAnswer =>
  by.readStatus(asked, { response, trust: none });

Deno.test("Engine.statusQuestion names the responders, and needs the issuer to make a question", () => {
  const question = engine.statusQuestion(pair, none);
  assert.deepEqual(question.responders, ["http://127.0.0.1:9/ocsp"], "of http, of OCSP");
  assert.equal(question.mustStaple, false);
  assert.equal(engine.inspect(pair)[0].fingerprint, question.fingerprint);
  assert.notEqual(question.request, undefined);
  assert.equal(engine.statusQuestion(rsaPair, none).mustStaple, true);
  const alone = pairOf("mx", leaf);
  assert.equal(engine.statusQuestion(alone, none).request, undefined, "nobody knows the issuer");
  assert.deepEqual(engine.statusQuestion(alone, trustIn([ca])).request, question.request, "an authority of ours");
  const silent = engine.statusQuestion(withChain("plain", plain, ca), none);
  assert.deepEqual([silent.responders, silent.request], [[], undefined]);
});

Deno.test("Engine.readStatus: good, revoked, unknown, of another certificate, out of date, of the future, spoiled, an error", async () => {
  const gone = await makeLeaf({ ca, names: ["gone.example.test"], extensions: [aia] });
  const gonePair = withChain("gone", gone, ca);
  await makeRevocationList(ca, { revoked: [gone] });
  const young = withChain("young", await makeLeaf({ ca, names: ["young.example.test"], extensions: [aia] }), ca);
  await forgetNewest(ca);
  await using responder = await Responder.start({ ca, minutes: 10 });
  const good = await ask(responder, pair);
  const found = read(pair, good);
  assert.equal(found.kind, "good");
  assert(found.kind === "good" && found.until - found.from === 600_000);
  assert.equal(read(gonePair, await ask(responder, gonePair)).kind, "revoked");
  const stranger = await makeAuthority(dir, { name: "Issuing" });
  const foreign = withChain(
    "foreign",
    await makeLeaf({ ca: stranger, names: ["a.test"], extensions: [aia] }),
    stranger,
  );
  const foreignAnswer = await ask(responder, foreign);
  assert.equal(read(young, await ask(responder, young)).kind, "unknown", "it is not in the responder's list");
  const why = (answer: StatusAnswer) => answer.kind === "unusable" ? answer.why : answer.kind;
  assert.match(why(read(foreign, foreignAnswer)), /signature/, "an authority of the same name did not sign it");
  assert.match(why(read(rsaPair, good)), /other certificates/);
  assert.match(why(read(pair, good.slice(0, -1))), /no OCSP response/);
  assert.match(why(read(pair, new Uint8Array(0))), /no OCSP response/);
  const spoiled = good.slice();
  spoiled[spoiled.length - 400] ^= 1;
  assert.match(why(read(pair, spoiled)), /signature|no OCSP response/);
  // OCSPResponse { responseStatus tryLater (3) }, RFC 6960 §4.2.1
  assert.match(why(read(pair, Uint8Array.of(0x30, 3, 0x0a, 1, 3))), /trylater/);
  const at = (ms: number) => read(pair, good, openSslEngine({ now: () => Date.now() + ms }));
  assert.match(why(at(11 * 60_000)), /out of date/);
  assert.match(why(at(-10 * 60_000)), /counts from/);
  assert.equal(at(-2 * 60_000).kind, "good", "clocks differ");
});

Deno.test("Engine.readStatus: an answer without an end counts for an hour; whoever the issuer gave the right to may sign", async () => {
  const delegate = await makeLeaf({
    ca,
    names: [],
    commonName: "Responder",
    extensions: ["extendedKeyUsage=OCSPSigning"],
  });
  {
    await using responder = await Responder.start({ ca, signer: delegate });
    const found = read(pair, await ask(responder, pair));
    assert(found.kind === "good" && found.until - found.from === 3_600_000);
  }
  await using responder = await Responder.start({ ca, signer: plain, minutes: 10 });
  const found = read(pair, await ask(responder, pair));
  assert(found.kind === "unusable" && /signature/.test(found.why), "a certificate for anything else may not");
});

/** What s_client says of the status that it was shown. */
async function shown(port: number, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runCommand("openssl", [
    ...[
      "s_client",
      "-connect",
      `127.0.0.1:${port}`,
      "-status",
      "-CAfile",
      root.certificatePath,
      "-verify_return_error",
    ],
    ...args,
  ], { env: { OPENSSL_CONF: "/dev/null" } });
  return /OCSP Response Status: (\S+)/.exec(stdout)?.[1] ?? /OCSP response: (.*)/.exec(stdout)?.[1] ?? stderr;
}

Deno.test("Engine.staple shows answers in TLS 1.2 and 1.3, for the certificate that was chosen, until they are out of date", async () => {
  await using responder = await Responder.start({ ca, minutes: 10 });
  let now = Date.now();
  const own = openSslEngine({ now: () => now });
  using context = own.serverContext({
    profile: profileOf(),
    keyPairs: [pair, rsaPair],
    askClientCertificate: false,
    sessionIdContext: "staple",
  });
  using server = new TlsServer(context, echo);
  const [ec, rsaOnly] = [["-sigalgs", "ECDSA+SHA256"], ["-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"]];
  const versions = ["-tls1_2", "-tls1_3"];
  try {
    for (const version of versions) assert.equal(await shown(server.port, [version, ...ec]), "no response sent");
    const response = await ask(responder, pair);
    own.staple(own.statusQuestion(pair, none).fingerprint, { response, until: now + 60_000 });
    for (const version of versions) {
      assert.equal(await shown(server.port, [version, ...ec]), "successful", version);
      assert.equal(await shown(server.port, [version, ...rsaOnly]), "no response sent", "it is another's");
    }
    own.staple(own.statusQuestion(rsaPair, none).fingerprint, {
      response: await ask(responder, rsaPair),
      until: now + 60_000,
    });
    assert.equal(await shown(server.port, ["-tls1_3", ...rsaOnly]), "successful");
    now += 60_001;
    assert.equal(await shown(server.port, ["-tls1_3", ...ec]), "no response sent", "never a stale one");
  } finally {
    await server.close();
  }
});

/** The ClientHello of s_client. */
async function helloOf(args: readonly string[]): Promise<Octets> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = runCommand("openssl", [
    "s_client",
    "-connect",
    `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    ...args,
  ]);
  using conn = await listener.accept();
  const buffer = new Uint8Array(8192);
  const length = (await conn.read(buffer))!;
  conn.close();
  await client;
  return buffer.slice(0, length);
}

Deno.test("Engine.staple: a hundred clients at once, some of whom ask", async () => {
  await using responder = await Responder.start({ ca, minutes: 10 });
  const own = openSslEngine();
  own.staple(own.statusQuestion(pair, none).fingerprint, { response: await ask(responder, pair), until: Infinity });
  const [asking, silent] = [await helloOf(["-status"]), await helloOf([])];
  const context = own.serverContext({
    profile: profileOf(),
    keyPairs: [pair],
    askClientCertificate: false,
    sessionIdContext: "many",
  });
  const buffer = new Uint8Array(65_536);
  const one = (asks: boolean) => {
    using session = context.session();
    session.feed(asks ? asking : silent);
    const step = session.handshake();
    assert.equal(step.kind, "want_read");
    return session.drain(buffer);
  };
  for (let round = 0; round < 5; round++) {
    const sent = Array.from({ length: 20 }, (_, index) => one(index % 2 === 0));
    assert.ok(
      Math.min(...sent.filter((_, index) => index % 2 === 0)) > Math.max(...sent.filter((_, index) => index % 2 === 1)),
    );
  }
  context[Symbol.dispose]();
  assert.deepEqual(own.alive, { contexts: 0, sessions: 0 });
});
