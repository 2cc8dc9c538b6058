/**
 * Every route that the router has, held to what all of them promise: a new one that forgets it fails here.
 *
 * @module
 */
import assert from "node:assert/strict";
import { securityHeaders } from "../../src/admin/security_headers.ts";
import { makeRouter } from "../../src/admin/web.ts";
import { type Answer, userOf, WebRig } from "./web_rig.ts";

/** Who has no login gets an answer here. */
const open: readonly string[] = [
  "GET /",
  "GET /api/v1/openapi.json",
  "GET /api/v1/setup",
  "GET /assets/:name",
  "GET /healthz",
  "GET /login",
  "GET /readyz",
  "GET /setup",
  "POST /api/v1/login",
  "POST /api/v1/login/certificate",
  "POST /api/v1/setup",
  "POST /language",
  "POST /login",
  "POST /setup",
];

/** What the least role may change: itself, and what it sees. */
const everybodys: readonly string[] = [
  "DELETE /api/v1/account/second-factor",
  "DELETE /api/v1/sessions/:handle",
  "POST /account/password",
  "POST /account/second-factor",
  "POST /account/second-factor/confirm",
  "POST /account/second-factor/remove",
  "POST /account/sessions/:handle/end",
  "POST /api/v1/account/second-factor",
  "POST /api/v1/account/second-factor/confirm",
  "POST /api/v1/login",
  "POST /api/v1/login/certificate",
  "POST /api/v1/logout",
  "POST /api/v1/setup",
  "POST /api/v1/trace",
  "POST /language",
  "POST /login",
  "POST /logout",
  "POST /setup",
  "PUT /api/v1/account/password",
];

interface Route {
  name: string;
  method: string;
  path: string;
}

/** All routes with something in their parameters. */
function routesOf(rig: WebRig): Route[] {
  const names = new Set(
    makeRouter(rig.world).routes.filter(({ method }) => method !== "ALL").map(({ method, path }) =>
      `${method} ${path}`
    ),
  );
  return [...names].sort().map((name) => {
    const [method, pattern] = name.split(" ");
    return { name, method, path: pattern.replaceAll(/:[a-z]+(\{[^}]+\})?/g, "1") };
  });
}

const changing = ({ method }: Route) => method !== "GET";

/** Asks each route from an address of its own, so that no rate is in the way. */
async function eachAnswer(
  rig: WebRig,
  { routes, headers = {} }: { routes: Route[]; headers?: Record<string, string> },
): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const [at, { name, method, path }] of routes.entries()) {
    if (at % 50 === 49) await rig.clock.advance(1000);
    const body = method === "GET" || method === "DELETE" ? undefined : "{}";
    const json: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    const address = `198.51.${at >> 8}.${at & 255}`;
    const answer = await rig.ask(path, { method, body, address, headers: { ...json, ...headers } });
    for (const [header, value] of Object.entries(securityHeaders)) {
      assert.equal(answer.headers.get(header), value, `${header} of ${name}`);
    }
    answers.set(name, answer);
  }
  return answers;
}

const users = () => [userOf("ann", "administrator"), userOf("reader", "read-only")];

Deno.test("attack: every route but those that a login needs is closed without one", async () => {
  await using rig = await WebRig.open({ users: users() });
  const routes = routesOf(rig);
  assert.deepEqual(open.filter((name) => !routes.some((route) => route.name === name)), []);
  const closed = routes.filter(({ name }) => !open.includes(name));
  assert.ok(closed.length > 150, `${closed.length} routes`);
  for (const [name, { status, headers }] of await eachAnswer(rig, { routes: closed })) {
    const toLogin = status === 303 && headers.get("Location")?.startsWith("/login");
    assert.ok(status === 401 || toLogin, `${name}: ${status} ${headers.get("Location")}`);
  }
});

Deno.test("attack: CSRF: every route that changes something refuses a session without its word, and other sites with it", async () => {
  await using rig = await WebRig.open({ users: users() });
  const session = await rig.loggedIn("ann");
  const routes = routesOf(rig).filter(changing);
  assert.ok(routes.length > 90, `${routes.length} routes`);
  for (const [name, { status, body }] of await eachAnswer(rig, { routes, headers: { Cookie: session.Cookie } })) {
    assert.deepEqual([status, body.type], [403, "/problems/csrf"], name);
  }
  const headers = { ...session, "Sec-Fetch-Site": "cross-site" };
  for (const [name, { status, body }] of await eachAnswer(rig, { routes, headers })) {
    assert.deepEqual([status, body.type], [403, "/problems/foreign-request"], name);
  }
});

Deno.test("attack: the least role changes nothing but itself, whatever route it takes", async () => {
  await using rig = await WebRig.open({ users: users() });
  const routes = routesOf(rig).filter(changing);
  assert.deepEqual(everybodys.filter((name) => !routes.some((route) => route.name === name)), []);
  const others = routes.filter(({ name }) => !everybodys.includes(name));
  const headers = await rig.loggedIn("reader");
  for (const [name, { status }] of await eachAnswer(rig, { routes: others, headers })) assert.equal(status, 403, name);
});

Deno.test("the API takes a request without a body as the runtime's server shows it, and no body of an unknown kind", async () => {
  await using rig = await WebRig.open({ users: users() });
  const router = makeRouter(rig.world);
  const session = await rig.loggedIn("ann");
  const client = { address: "192.0.2.1", opened: rig.clock.now() };
  const ask = async (more: Record<string, string>) => {
    const headers = { ...session, ...more };
    // An empty stream, and no Content-Type.
    const request = { method: "DELETE", headers, body: new Uint8Array() };
    const url = "https://gw.example.test:8443/api/v1/config/candidate";
    return (await router.fetch(new Request(url, request), { client })).status;
  };
  assert.deepEqual([await ask({}), await ask({ "Content-Length": "0" })], [404, 404]);
  assert.deepEqual([await ask({ "Content-Length": "2" }), await ask({ "Content-Type": "text/plain" })], [415, 415]);
});
