/**
 * Delivery status: the busiest destinations, one of them, what is done to it, and its TLS put to the test.
 */
import assert from "node:assert/strict";
import { LineLog } from "../../../src/base/log.ts";
import { Commands } from "../../../src/control/commands.ts";
import { Suspension } from "../../../src/control/suspension.ts";
import { suspensionCommands } from "../../../src/control/suspension_commands.ts";
import { eventText, type MailEvent } from "../../../src/mail/events.ts";
import { hourMs, noCounts } from "../../../src/monitor/counts.ts";
import { userOf, WebRig } from "../web_rig.ts";

async function rigWith(role: "operator" | "read-only"): Promise<{ rig: WebRig; headers: Record<string, string> }> {
  const rig = await WebRig.open({ users: [userOf("ann", role)] });
  const now = rig.clock.now();
  rig.world.monitor.read((store) =>
    store.write({
      buckets: [{
        hour: now - now % hourMs,
        direction: "outbound",
        domain: "partner.example",
        counts: { ...noCounts(), recipients: 12, messages: 9 },
      }],
      tls: [],
      refusals: [{
        direction: "outbound",
        domain: "partner.example",
        value: { at: now, code: 550, text: `<script>alert(1)</script>` },
      }],
    })
  );
  return { rig, headers: { ...await rig.loggedIn("ann"), Accept: "text/html" } };
}

async function post(
  rig: WebRig,
  path: string,
  { headers, fields }: { headers: Record<string, string>; fields: Record<string, string> },
) {
  return await rig.ask(path, {
    method: "POST",
    body: new URLSearchParams({ ...fields, csrf: headers["X-CSRF-Token"] }).toString(),
    headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" },
  });
}

Deno.test("delivery pages show the busiest destinations and everything about one", async () => {
  const { rig, headers } = await rigWith("operator");
  await using _rig = rig;
  assert.match((await rig.ask("/delivery", { headers })).body, /href="\/delivery\/partner\.example"/);
  const { status, body } = await rig.ask("/delivery/partner.example", { headers });
  assert.equal(status, 200);
  assert.match(body, /550 <span class="break">&lt;script&gt;/);
  assert.doesNotMatch(body, /<script>alert/);
  assert.match(body, /value="suspend"/);
  const looked = await rig.ask("/delivery?domain=other.example%2Fx", { headers });
  assert.equal(looked.headers.get("Location"), "/delivery/other.example%2Fx");
});

Deno.test("delivery pages put the TLS of a destination to the test, and show what each level would do", async () => {
  const { rig, headers } = await rigWith("operator");
  await using _rig = rig;
  assert.equal((await rig.ask("/delivery/partner.example/test", { headers })).status, 200);
  const tested = await post(rig, "/delivery/partner.example/test", {
    headers,
    fields: { level: "required", host: "" },
  });
  assert.equal(tested.status, 200);
  assert.match(tested.body, /STARTTLS not offered \(no_starttls\)/);
  assert.match(tested.body, /delivered in clear text/);
  assert.match(tested.body, /Not every host is verified/);
  assert.doesNotMatch(tested.body, /<script>alert/);
  const wrong = await post(rig, "/delivery/partner.example/test", { headers, fields: { host: "no host" } });
  assert.equal(wrong.status, 422);
  assert.equal((await post(rig, "/delivery/a%20b/test", { headers, fields: {} })).status, 422);
  assert.ok(
    rig.audited().some(({ action, ok, target }) => action === "tlsverify" && ok && target === "partner.example"),
  );
});

Deno.test("delivery pages suspend and resume the one destination, and no other", async () => {
  const commands = new Commands();
  const folder = await Deno.makeTempDir({ prefix: "postern-delivery-" });
  const log = new LineLog<MailEvent>({ level: "critical", format: "text", render: eventText, now: () => 0, sinks: [] });
  const suspension = new Suspension(folder, log);
  commands.add(...suspensionCommands({ suspension, tell: () => {} }));
  await using rig = await WebRig.open({ users: [userOf("ann", "operator")], commands });
  const headers = await rig.loggedIn("ann");
  const done = await post(rig, "/delivery/partner.example", { headers, fields: { act: "suspend" } });
  assert.equal(done.headers.get("Location"), "/delivery/partner.example");
  assert.deepEqual(suspension.facts, { listeners: [], delivery: ["partner.example"] });
  await post(rig, "/delivery/partner.example", { headers, fields: { act: "resume" } });
  assert.deepEqual(suspension.facts, { listeners: [], delivery: [] });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("delivery pages let those who only look do nothing", async () => {
  const { rig, headers } = await rigWith("read-only");
  await using _rig = rig;
  assert.doesNotMatch((await rig.ask("/delivery/partner.example", { headers })).body, /name="act"|\/test"/);
  assert.equal((await rig.ask("/delivery/partner.example/test", { headers })).status, 403);
  for (const path of ["/delivery/partner.example", "/delivery/partner.example/test"]) {
    assert.equal((await post(rig, path, { headers, fields: { act: "suspend" } })).status, 403);
  }
});
