/**
 * The TLS page over statistics that are there, and what its address may say.
 */
import assert from "node:assert/strict";
import { hourMs, noCounts } from "../../../src/monitor/counts.ts";
import { userOf, WebRig } from "../web_rig.ts";

const hostile = `"><script>alert(1)</script>`;

async function rigWith(role: "administrator" | "read-only"): Promise<{ rig: WebRig; headers: Record<string, string> }> {
  const rig = await WebRig.open({ users: [userOf("ann", role)] });
  const now = rig.clock.now();
  rig.world.monitor.read((store) =>
    store.write({
      buckets: [
        {
          hour: now - now % hourMs,
          direction: "outbound",
          domain: "partner.example",
          counts: { ...noCounts(), connections: 12, tls_required_success: 9, tls_required_failed: 3, messages: 9 },
        },
        {
          hour: now - now % hourMs,
          direction: "outbound",
          domain: "*",
          counts: { ...noCounts(), connections: 2, clear: 2 },
        },
      ],
      tls: [{
        direction: "outbound",
        domain: "partner.example",
        value: {
          at: now,
          result: "failed",
          demand: "required",
          protocol: "",
          cipher: "",
          verified: false,
          reason: "name_mismatch",
          text: hostile,
          peer: "192.0.2.1",
        },
      }],
      refusals: [],
    })
  );
  return { rig, headers: { ...await rig.loggedIn("ann"), Accept: "text/html" } };
}

Deno.test("TLS page shows domains with what became of TLS, and what can be done", async () => {
  const { rig, headers } = await rigWith("administrator");
  await using _rig = rig;
  const { status, body } = await rig.ask("/tls", { headers });
  assert.equal(status, 200);
  assert.match(body, /partner\.example/);
  assert.match(body, /all other domains/);
  assert.match(body, /name_mismatch/);
  assert.match(body, /&lt;script&gt;/);
  assert.doesNotMatch(body, /<script>alert/);
  assert.match(body, /href="\/destinations\/edit\?domain=partner\.example"/);
  assert.match(body, /href="\/delivery\/partner\.example\/test"/);
  const inbound = await rig.ask("/tls?direction=inbound&span=week", { headers });
  assert.match(inbound.body, /No mail in this time/);
  const filtered = await rig.ask("/tls?domain=nobody", { headers });
  assert.doesNotMatch(filtered.body, /partner\.example</);
});

Deno.test("TLS page gives those who only look no buttons", async () => {
  const { rig, headers } = await rigWith("read-only");
  await using _rig = rig;
  const { body } = await rig.ask("/tls", { headers });
  assert.match(body, /partner\.example/);
  assert.doesNotMatch(body, /\/destinations\/edit|\/test"/);
});

Deno.test("TLS page bears whatever its address says", async () => {
  const { rig, headers } = await rigWith("read-only");
  await using _rig = rig;
  const query = new URLSearchParams({
    direction: hostile,
    span: "__proto__",
    sort: "-constructor",
    cursor: "1e99",
    domain: hostile,
  });
  const { status, body } = await rig.ask(`/tls?${query}`, { headers });
  assert.equal(status, 200);
  assert.doesNotMatch(body, /<script>alert/);
});
