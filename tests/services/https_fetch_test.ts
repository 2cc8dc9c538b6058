/**
 * Requests to the runtime's own web server over TLS.
 *
 * @module
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { textOf } from "../../src/base/octets.ts";
import { systemRandom } from "../../src/base/random.ts";
import { httpsFetch } from "../../src/services/https_fetch.ts";
import { makeOdd } from "../support/odd_certs.ts";
import { engine, profileOf, sockets } from "../support/tls_world.ts";

Deno.test("httpsFetch: answers, conditions, redirects and bounds over TLS that is verified", async () => {
  const own = await makeOdd({ commonNames: ["localhost"], names: ["localhost"] });
  const seen: string[] = [];
  await using server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    cert: own.certificatePem,
    key: own.keyPem,
    onListen: () => {},
  }, (request) => {
    const { pathname } = new URL(request.url);
    seen.push(`${request.method} ${pathname} ${request.headers.get("user-agent")}`);
    if (request.headers.get("if-none-match") === '"1"') return new Response(null, { status: 304 });
    if (pathname === "/chunks") {
      return new Response(ReadableStream.from(["one ", "two"].map((text) => new TextEncoder().encode(text))));
    }
    if (pathname === "/away") return new Response(null, { status: 301, headers: { location: "/here" } });
    if (pathname === "/clear") return Response.redirect("http://localhost/here");
    if (pathname === "/round") return new Response(null, { status: 302, headers: { location: "/round" } });
    if (pathname === "/large") return new Response("x".repeat(200));
    if (pathname === "/here") return new Response("here", { headers: { etag: '"1"' } });
    return new Response("no", { status: 404 });
  });
  const contextOf = (bundles: string[]) =>
    engine.clientContext({ profile: profileOf(), trust: { bundles, crls: [], generation: 0 } });
  using trusting = contextOf([own.certificatePem]);
  using doubting = contextOf([]);
  const ask = (path: string, { context = trusting, host = "localhost", headers = {}, fqdn = false } = {}) =>
    httpsFetch({
      clock: systemClock,
      random: systemRandom,
      resolver: {
        resolve: (_name, type) =>
          Promise.resolve(
            type === "A"
              ? { kind: "found", records: ["127.0.0.1"] as never[], ttl: 60, authentic: false }
              : { kind: "no_data", ttl: 60, authentic: false },
          ),
      },
      dialer: sockets,
      tls: () => ({
        contexts: new Map([[null, context]]),
        validation: { fqdn_validation: fqdn, x509_validation: false },
        stamp: () => "",
      }),
    }, {
      url: `https://${host}:${server.addr.port}${path}`,
      headers,
      octetsMax: 100,
      ms: 10_000,
      certificate: null,
      version: "9",
      signal: new AbortController().signal,
    });
  const { body, headers } = await ask("/here");
  assert.deepEqual([textOf(body), headers.get("etag"), seen], ["here", '"1"', ["GET /here Postern/9"]]);
  assert.equal((await ask("/here", { headers: { "if-none-match": '"1"' } })).status, 304);
  assert.equal(textOf((await ask("/chunks")).body), "one two");
  assert.equal(textOf((await ask("/away")).body), "here");
  await assert.rejects(ask("/clear"), /redirected to http:\/\/localhost\/here, which is no https URL/);
  await assert.rejects(ask("/round"), /redirected more than 5 times/);
  await assert.rejects(ask("/large"), /larger than 100 octets/);
  await assert.rejects(ask("/"), /the server answers 404/);

  const before = seen.length;
  await assert.rejects(ask("/here", { context: doubting }), /not verified \(self_signed\)/);
  await assert.rejects(ask("/here", { host: "other.test" }), /not verified \(name_mismatch\)/);
  await assert.rejects(ask("/here", { fqdn: true }), /not verified \(fqdn_invalid\)/);
  assert.equal(seen.length, before, "who is not proven gets no request");
});
