/**
 * Alerts, logs, suspension and the end of the gateway on the page.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Command, CommandError, Commands } from "../../../src/control/commands.ts";
import { userOf, WebRig } from "../web_rig.ts";
import { openPage, sendForm, type Typed } from "./form.ts";

const hostile = `"><script>alert(1)</script>`;

async function open(fails?: string) {
  const asked: Record<string, unknown>[] = [];
  const commands = new Commands();
  const command = (name: string): Command => ({
    name,
    run(args) {
      asked.push({
        name,
        what: args.text("what"),
        listener: [...args.list("listener")],
        domain: [...args.list("domain")],
      });
      if (fails !== undefined) throw new CommandError(fails);
      return { recipient: "ops@example.test", sent: true, text: hostile };
    },
  });
  commands.add(...["suspend", "resume", "stop", "alerts test"].map(command));
  const rig = await WebRig.open({
    commands,
    users: [userOf("ann", "administrator"), userOf("oli", "operator"), userOf("eve", "read-only")],
  });
  const [ann, oli, eve] = await Promise.all(["ann", "oli", "eve"].map((name) => rig.loggedIn(name)));
  return { rig, asked, ann, oli, eve };
}

Deno.test("shutdown page suspends and resumes what is named, and stops for an administrator alone", async () => {
  const { rig, asked, ann, oli, eve } = await open();
  await using _rig = rig;
  const cases: [path: string, fields: Typed, expected: Record<string, unknown>][] = [
    ["suspend", { what: "listeners" }, { name: "suspend", what: "listeners", listener: [], domain: [] }],
    ["suspend", { what: "listeners", scope: "named", listener: ["a", "b"] }, {
      name: "suspend",
      what: "listeners",
      listener: ["a", "b"],
      domain: [],
    }],
    ["resume", { what: "delivery", scope: "named", domain: "x.example, .y.example" }, {
      name: "resume",
      what: "delivery",
      listener: [],
      domain: ["x.example", ".y.example"],
    }],
  ];
  for (const [path, fields, expected] of cases) {
    asked.length = 0;
    assert.equal((await sendForm(rig, `/shutdown/${path}`, { headers: oli, fields })).status, 303);
    assert.deepEqual(asked, [expected]);
  }
  asked.length = 0;
  // Nothing named must not become everything.
  const nothing = { what: "delivery", scope: "named", domain: " " };
  assert.equal((await sendForm(rig, "/shutdown/suspend", { headers: oli, fields: nothing })).status, 422);
  assert.equal((await sendForm(rig, "/shutdown/stop", { headers: oli })).status, 403);
  assert.equal((await sendForm(rig, "/shutdown/suspend", { headers: eve, fields: { what: "delivery" } })).status, 403);
  assert.doesNotMatch((await openPage(rig, "/shutdown", eve)).body, /action="\/shutdown/);
  assert.deepEqual(asked, []);
  assert.match((await sendForm(rig, "/shutdown/stop", { headers: ann })).body, /The gateway stops/);
  assert.deepEqual(asked, []);
  await rig.clock.advance(1_000);
  assert.deepEqual(asked.map(({ name }) => name), ["stop"]);
});

Deno.test("alerts page shows what there was, sends a test, and says why it could not", async () => {
  for (const fails of [undefined, "Cannot send a test: alerts.recipients names nobody"]) {
    const { rig, oli, eve } = await open(fails);
    await using _rig = rig;
    assert.match((await openPage(rig, "/alerts", eve)).body, /The disk is full/);
    const { status, body } = await sendForm(rig, "/alerts/test", { headers: oli });
    if (fails === undefined) {
      assert.equal(status, 303);
      const told = await openPage(rig, "/alerts", oli);
      assert.match(told.body, /was sent to everybody/);
      assert.doesNotMatch(told.body, /<script>alert/);
    } else {
      assert.equal(status, 422);
      assert.match(body, /names nobody/);
    }
    assert.equal((await sendForm(rig, "/alerts/test", { headers: eve })).status, 403);
  }
});

Deno.test("alerts page stages recipients and settings, with faults beside their fields", async () => {
  const { rig, ann, oli } = await open();
  await using _rig = rig;
  const send = (path: string, fields: Typed) => sendForm(rig, `/alerts/${path}`, { headers: ann, fields });
  const entry = { address: "ops@example.test", severities: ["critical", "warning"] };
  assert.equal((await send("recipients", entry)).status, 303);
  assert.equal((await send("recipients", { address: "all@example.test" })).status, 303);
  const { text } = await rig.world.staging.source("ann");
  assert.match(text, /ops@example\.test[\s\S]*critical[\s\S]*warning[\s\S]*all@example\.test/);
  const wrong = await send("recipients", { address: hostile });
  assert.equal(wrong.status, 422);
  assert.match(wrong.body, /id="address-error"/);
  assert.doesNotMatch(wrong.body, /<script>alert/);
  assert.equal((await send("recipients/delete", { at: "0", address: "other@example.test" })).status, 404);
  assert.equal((await send("recipients/delete", { at: "0", address: "ops@example.test" })).status, 303);
  assert.doesNotMatch((await rig.world.staging.source("ann")).text, /ops@/);
  assert.equal((await send("settings", { repeat_after: "10m", tls: "required" })).status, 303);
  assert.match((await rig.world.staging.source("ann")).text, /repeat_after: 10m[\s\S]*tls: required/);
  assert.match((await send("settings", { repeat_after: "soon" })).body, /id="repeat_after-error"/);
  assert.equal((await sendForm(rig, "/alerts/settings", { headers: oli })).status, 403);
});

Deno.test("log settings are staged, with faults beside their fields", async () => {
  const { rig, ann, oli } = await open();
  await using _rig = rig;
  const send = (fields: Typed) => sendForm(rig, "/logs", { headers: ann, fields });
  assert.equal((await send({ level: "debug", rotate_size: "50M", keep: "3", format: "" })).status, 303);
  assert.match((await rig.world.staging.source("ann")).text, /logs:[\s\S]*level: debug/);
  assert.doesNotMatch((await rig.world.staging.source("ann")).text, /format/);
  assert.match((await send({ rotate_size: "big" })).body, /id="rotate_size-error"/);
  assert.equal((await sendForm(rig, "/logs", { headers: oli })).status, 403);
});

Deno.test("mail log page shows the last lines by level and text, each as text", async () => {
  const { rig, eve } = await open();
  await using _rig = rig;
  const time = "Sun Nov 22 08:06:21 2026";
  Deno.writeTextFileSync(
    `${rig.folder}/logs/mail.log`,
    `${time} Info: MID 7 Subject ${hostile}\n${time} Warning: something else\n`,
  );
  const all = await openPage(rig, "/log", eve);
  assert.match(all.body, /&lt;script&gt;/);
  assert.doesNotMatch(all.body, /<script>alert/);
  const some = await openPage(rig, "/log/lines?level=warning&text=ELSE", eve);
  assert.match(some.body, /something else/);
  assert.doesNotMatch(some.body, /MID 7/);
  assert.match((await openPage(rig, "/log?text=%22%3E%3Cb%3E&level=x", eve)).body, /No line of late fits/);
});
