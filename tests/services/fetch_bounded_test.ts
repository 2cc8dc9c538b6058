/**
 * One HTTP request: bounds and redirects.
 *
 * @module
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { octets, textOf } from "../../src/base/octets.ts";
import { boundedFetch } from "../../src/services/fetch_bounded.ts";
import { Web } from "../support/web.ts";

const get = boundedFetch(systemClock);

function redirect(location: string, status = 302): () => Response {
  return () => new Response(null, { status, headers: { location } });
}

Deno.test("boundedFetch gives what is there, also behind redirects, and sends a body to each place", async () => {
  await using web = new Web();
  web.pages.set("/list", "a list");
  web.pages.set("/moved", redirect("/list"));
  web.pages.set("/same", () => new Response(null, { status: 304 }));
  web.pages.set("/echo", async (request) => new Response(`${request.method} ${await request.text()}`));
  web.pages.set("/later", redirect("/echo", 307));
  const wish = { octetsMax: 100, ms: 5_000 };
  assert.equal(textOf((await get({ url: web.url("/list"), ...wish })).body), "a list");
  assert.equal(textOf((await get({ url: web.url("/moved"), ...wish })).body), "a list");
  assert.equal((await get({ url: web.url("/same"), ...wish })).status, 304);
  assert.equal(
    textOf((await get({ url: web.url("/later"), body: octets("question"), ...wish })).body),
    "POST question",
  );
});

Deno.test("boundedFetch ends what is too large, too slow, goes round in circles or leads elsewhere", async () => {
  await using web = new Web();
  const endless = () => new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(1000)) }));
  const slow = Promise.withResolvers<Response>();
  web.pages.set("/endless", endless);
  web.pages.set("/slow", () => slow.promise);
  web.pages.set("/circle", redirect("/circle"));
  web.pages.set("/file", redirect("file:///etc/passwd"));
  web.pages.set("/user", redirect("http://a:b@127.0.0.1/"));
  web.pages.set("/nowhere", () => new Response(null, { status: 302 }));
  web.pages.set("/broken", () => new Response("no", { status: 500 }));
  const cases: [path: string, why: RegExp][] = [
    ["/endless", /^it is larger than 5000 octets$/],
    ["/slow", /^no answer within 0\.3 s$/],
    ["/circle", /^it is redirected more than 5 times$/],
    ["/file", /^it is redirected to file:\/\/\/etc\/passwd, which is no http or https URL$/],
    ["/user", /which has a user in it$/],
    ["/nowhere", /^the server answers 302$/],
    ["/broken", /^the server answers 500$/],
    ["/missing", /^the server answers 404$/],
  ];
  for (const [path, message] of cases) {
    const ms = path === "/slow" ? 300 : 5_000;
    await assert.rejects(get({ url: web.url(path), octetsMax: 5_000, ms }), { message });
  }
  slow.resolve(new Response("late"));
  await assert.rejects(get({ url: "http://127.0.0.1:9/", octetsMax: 1, ms: 5_000 }), { message: /Connection refused/ });
  const gone = new AbortController();
  gone.abort();
  await assert.rejects(get({ url: web.url("/slow"), octetsMax: 1, ms: 5_000, signal: gone.signal }), {
    message: "the gateway stops",
  });
});
