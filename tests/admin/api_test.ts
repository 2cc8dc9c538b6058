/**
 * The API against its own document: it is sound, every operation is called, and every answer is what it says.
 *
 * @module
 */
import { createConfig, lintFromString } from "@redocly/openapi-core";
import assert from "node:assert/strict";
import { alertCommands } from "../../src/control/alert_commands.ts";
import { Commands } from "../../src/control/commands.ts";
import { queueCommands } from "../../src/control/queue_commands.ts";
import { Suspension } from "../../src/control/suspension.ts";
import { suspensionCommands } from "../../src/control/suspension_commands.ts";
import { codeAt, stepAt } from "../../src/admin/totp.ts";
import type { MailLog } from "../../src/mail/events.ts";
import { certificateGround, certificates } from "./api_certificates.ts";
import { put, World } from "../queue/world.ts";
import { type Document, Judge, operationsOf } from "./openapi.ts";
import { type Answer, type Ask, rightPassword, userOf, WebRig } from "./web_rig.ts";

Deno.test("openapi.json passes Redocly's recommended rules, strictly, and its paths are absolute", async () => {
  await using rig = await WebRig.open();
  const { status, body } = await rig.ask("/api/v1/openapi.json");
  assert.equal(status, 200);
  const config = await createConfig({ extends: ["recommended-strict"], rules: { "info-license": "off" } });
  const found = await lintFromString({ source: JSON.stringify(body), absoluteRef: "/openapi.json", config });
  assert.deepEqual(found.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]), []);
  const figures = ["/healthz", "/metrics", "/readyz"];
  const paths = Object.keys((body as Document).paths);
  assert.deepEqual(paths.filter((path) => !path.startsWith("/api/v1/")).sort(), figures);
});

Deno.test("openapi.json: what needs no login is what is said to need none", async () => {
  await using rig = await WebRig.open({ users: [userOf("ann", "administrator")] });
  const document: Document = (await rig.ask("/api/v1/openapi.json")).body;
  const open: string[] = [];
  for (const [id, { method, path, security }] of operationsOf(document)) {
    if (security.length === 0) open.push(id);
    const concrete = path.replaceAll(/\{\w+\}/g, "1");
    const { status } = await rig.ask(concrete, {
      method: method.toUpperCase(),
      ...(["get", "delete"].includes(method) ? {} : { body: {} }),
    });
    await rig.clock.advance(1_000);
    assert.equal(status === 401 && id !== "loginByCertificate", security.length > 0, `${id}: ${status}`);
  }
  assert.deepEqual(open.sort(), ["getHealth", "getReadiness", "getSetup", "login", "loginByCertificate", "setUp"]);
});

/** Calls operations, and has each answer judged. */
class Caller {
  readonly called = new Set<string>();
  readonly rig: WebRig;
  readonly #document: Document;
  readonly #judge: Judge;
  headers: Record<string, string> = {};

  constructor(rig: WebRig, document: Document) {
    this.rig = rig;
    this.#document = document;
    this.#judge = new Judge(document);
  }

  /** `params` fills `{…}`, `query` is appended. What is there already has to be the status. */
  async call(
    id: string,
    { params = {}, query = "", status = 200, ...ask }: Ask & {
      params?: Record<string, string | number>;
      query?: string;
      status?: number;
    } = {},
  ): Promise<Answer> {
    const operation = operationsOf(this.#document).get(id);
    assert.ok(operation !== undefined, `the document has no ${id}`);
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]));
    const headers = { ...this.headers, ...ask.headers };
    const answer = await this.rig.patiently(path + query, { method: operation.method.toUpperCase(), ...ask, headers });
    assert.equal(answer.status, status, `${id}: ${JSON.stringify(answer.body)}`);
    this.#judge.judge(id, answer);
    this.called.add(id);
    return answer;
  }
}

/** A rig whose commands are the gateway's own, with two messages in the queue. */
async function rigWithMail(queue: World): Promise<WebRig> {
  const commands = new Commands();
  const spool = await queue.open();
  await put(spool, { to: ["b@example.test", "c@example.test"] });
  await put(spool, { to: ["d@partner.example"] });
  const rig = await WebRig.open({ users: [userOf("ann", "administrator")], commands });
  const suspension = new Suspension(`${rig.folder}/state`, queue.log as MailLog);
  commands.add(
    ...queueCommands({
      manage: spool.manage,
      messages: () => spool.messages,
      now: rig.clock.now.bind(rig.clock),
      suspended: () => false,
    }),
    ...suspensionCommands({ suspension, listeners: () => ["inbound"], tell: () => {} }),
    ...alertCommands({
      test: () =>
        Promise.resolve([
          { recipient: "ops@example.test", sent: true, text: "250 Ok" },
          { recipient: "off@example.test", sent: false, text: "Connection refused" },
        ]),
    }),
  );
  commands.add(...certificateGround(rig));
  return rig;
}

Deno.test("every operation answers what the document says", async () => {
  await using queue = new World();
  await using rig = await rigWithMail(queue);
  const document: Document = (await rig.ask("/api/v1/openapi.json")).body;
  const caller = new Caller(rig, document);
  const { call } = { call: caller.call.bind(caller) };

  await call("getSetup");
  await call("setUp", { body: { token: "x", user: "eve", password: rightPassword }, status: 403 });
  await call("login", { body: { user: "ann", password: "wrong" }, status: 401 });
  await call("loginByCertificate", { status: 401 });
  await call("loginByCertificate", { certificate: ["ann"] });
  caller.headers = await rig.loggedIn("ann");
  await call("login", { body: { user: "ann", password: rightPassword }, headers: { Cookie: "" } });
  await call("getSession");

  await call("getStatus");
  await call("getHealth", { status: 503 });
  await call("getReadiness", { status: 503 });
  await call("getMetrics");
  await call("listListeners");
  await call("suspend", { body: { listeners: ["nowhere"] }, status: 422 });
  await call("suspend", { body: { domains: ["example.test"] } });
  await call("resume", { body: {} });
  await call("listAlerts");
  await call("testAlerts");
  await call("listDestinations", { query: "?sort=delivered&limit=5" });
  await call("getDestination", { params: { domain: "example.test" } });
  await call("getDestinationHistory", { params: { domain: "example.test" }, query: "?hours=48&direction=inbound" });
  await call("getTlsReport", { query: "?direction=inbound&sort=messages&limit=10" });
  await call("trace", { body: { ip: "192.0.2.9", to: ["b@example.test"], noDns: true } });
  await call("trace", { body: { ip: "nowhere" }, status: 422 });
  const probed = await call("verifyTls", { body: { domain: "Example.test", host: "192.0.2.25", level: "required" } });
  assert.equal(probed.body.destination, "example.test");
  const streamed = await call("verifyTls", {
    body: { domain: "example.test" },
    headers: { Accept: "text/event-stream" },
  });
  assert.match(streamed.body, /^event: host\ndata: \{.*\}\n\nevent: end\ndata: \{.*"verified":false\}\n\n$/s);

  const { body: page } = await call("listQueue", { query: "?limit=1" });
  assert.equal(page.rows.length, 1);
  await call("listQueue", { query: `?limit=1&cursor=${encodeURIComponent(page.cursor)}` });
  const [{ mid }] = page.rows;
  await call("getMessage", { params: { mid } });
  await call("getMessage", { params: { mid: 999 }, status: 404 });
  for (const id of ["holdMessage", "releaseMessage", "retryMessage"]) await call(id, { params: { mid } });
  await call("redirectMessage", { params: { mid }, body: { to: "10.0.0.9:25" } });
  await call("redirectMessage", { params: { mid }, body: {} });
  await call("bounceMessage", { params: { mid } });
  await call("actOnQueue", { body: { action: "hold", filter: { domain: "partner.example" } } });
  await call("actOnQueue", { body: { action: "release", all: true } });
  await call("actOnQueue", { body: { action: "hold" }, status: 422 });
  await call("deleteMessage", { params: { mid: mid + 1 } });
  await call("deleteMessage", { params: { mid: 999 }, status: 404 });

  const log = "Sat Nov 22 01:20:00 2025 Info: Start MID 7 ICID 5\n" +
    "Sat Nov 22 01:20:00 2025 Info: MID 7 ICID 5 From: <a@example.com>\n" +
    "Sat Nov 22 01:20:00 2025 Info: MID 7 ICID 5 RID 0 To: <b@example.test>\n" +
    "Sat Nov 22 01:20:01 2025 Info: Message finished MID 7 done\n";
  await Deno.writeTextFile(`${rig.folder}/logs/mail.log`, log);
  const found = await call("findMessages", { query: "?sender=A@EXAMPLE&limit=10" });
  assert.deepEqual(found.body.messages.map(({ mid }: { mid: number }) => mid), [7]);
  assert.equal((await call("getTrail", { params: { mid: 7 } })).body.lines.length, 4);
  await call("getTrail", { params: { mid: 8 }, status: 404 });

  await call("listUsers");
  await call("createUser", { body: { name: "bob", role: "operator", password: "a good long word" }, status: 201 });
  await call("createUser", { body: { name: "bob", role: "operator" }, status: 409 });
  await call("getUser", { params: { name: "bob" } });
  await call("changeUser", { params: { name: "bob" }, body: { role: "read-only", certificate: "bob@example.test" } });
  await call("removeUsersSecondFactor", { params: { name: "bob" }, status: 404 });
  await call("removeUser", { params: { name: "bob" }, status: 204 });
  await call("removeUser", { params: { name: "ann" }, status: 409 });
  const { body: made } = await call("createToken", {
    body: { name: "graphs", role: "read-only", days: 30 },
    status: 201,
  });
  await call("listTokens");
  await call("getSession", { headers: { Authorization: `Bearer ${made.secret}`, Cookie: "" } });
  await call("revokeToken", { params: { id: made.token.id }, status: 204 });

  await call("getSecondFactor");
  await call("beginSecondFactor", { body: { password: "wrong" }, status: 422 });
  const { body: begun } = await call("beginSecondFactor", { body: { password: rightPassword } });
  assert.match(begun.qr, /^<svg /);
  await call("confirmSecondFactor", { body: { code: "000000" }, status: 422 });
  const code = codeAt(secretOf(begun.secret), stepAt(rig.clock.now()));
  const { body: { recoveryCodes } } = await call("confirmSecondFactor", { body: { code } });
  assert.equal(new Set(recoveryCodes).size, 10);
  await call("getSecondFactor");
  await call("removeSecondFactor", { body: { password: rightPassword }, status: 204 });
  await call("changePassword", { body: { password: rightPassword, new: "another good phrase" }, status: 204 });
  const { body: { sessions } } = await call("listSessions");
  const { handle } = sessions.find(({ current }: { current: boolean }) => current);
  await call("endSession", { params: { handle: "unknown" }, status: 404 });

  await config(caller);
  await certificates(caller);
  await call("listAudit", { query: "?limit=1000" });
  await call("endSession", { params: { handle }, status: 204 });
  caller.headers = {};
  await rig.clock.advance(1_000);
  caller.headers = await rig.loggedIn("ann", { body: { user: "ann", password: "another good phrase" } });
  await call("logout", { status: 204 });
  assert.deepEqual([...operationsOf(document).keys()].filter((id) => !caller.called.has(id)), []);
});

/** The configuration's operations, from a candidate to a roll back. */
async function config(caller: Caller): Promise<void> {
  const call = caller.call.bind(caller);
  const { body: { etag, text }, headers } = await call("getConfig");
  assert.equal(headers.get("ETag"), `"${etag}"`);
  assert.equal(headers.get("Cache-Control"), "no-store, no-transform");
  assert.ok(!text.includes("scrypt$") && text.startsWith("# the owner's words\n"), text);
  const changes = (hostname: string) => ({ changes: [{ path: ["hostname"], value: hostname }] });
  await call("changeCandidate", { body: changes("mx.example.test"), status: 428 });
  await call("changeCandidate", { body: changes("mx.example.test"), headers: { "If-Match": '"old"' }, status: 412 });
  const match = { "If-Match": `"${etag}"` };
  const refused = await call("changeCandidate", { body: changes("a b"), headers: match, status: 422 });
  assert.equal(refused.body.errors[0].path, "hostname");
  const { body: staged } = await call("changeCandidate", { body: changes("mx.example.test"), headers: match });
  assert.match(staged.pending.difference, /^\+hostname: mx\.example\.test$/m);
  await call("listPending");
  const latest = { "If-Match": `"${staged.etag}"` };
  await call("commitConfig", { body: { comment: "a better name" }, headers: match, status: 412 });
  const { body: committed } = await call("commitConfig", { body: { comment: "a better name" }, headers: latest });
  assert.equal(committed.entry.comment, "a better name");
  const { body: after } = await call("getConfig", { query: "?of=file" });
  assert.equal(after.value.hostname, "mx.example.test");
  assert.ok(after.text.startsWith("# the owner's words\n"));
  await call("commitConfig", { body: {}, headers: { "If-Match": "*" }, status: 404 });
  await call("replaceCandidate", {
    body: { text: after.text.replace("mx.", "mx2.") },
    headers: { "If-Match": `"${after.etag}"` },
  });
  await call("abandonCandidate", { status: 204 });
  await call("abandonCandidate", { status: 404 });
  const { body: { entries } } = await call("listHistory");
  const before = entries.find(({ id }: { id: number }) => id < committed.entry.id);
  await call("getHistoryEntry", { params: { id: before.id } });
  await call("getHistoryEntry", { params: { id: 999 }, status: 404 });
  await call("rollBackConfig", { params: { id: before.id }, body: {} });
  assert.equal((await call("getConfig")).body.value.hostname, "gw.example.test");
  await call("confirmConfig", { body: { id: 99 }, status: 404 });
}

/** The octets of a secret in base32. */
function secretOf(text: string): Uint8Array<ArrayBuffer> {
  const bits = [...text].map((letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")
  );
  return Uint8Array.from(bits.join("").match(/.{8}/g)!, (byte) => parseInt(byte, 2));
}
