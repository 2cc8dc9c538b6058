/**
 * SSL configuration: what is shown, staged and refused.
 *
 * @module
 */
import assert from "node:assert/strict";
import { userOf, WebRig } from "../web_rig.ts";
import { openPage, sendForm, type Typed } from "./form.ts";

async function open() {
  const rig = await WebRig.open({ users: [userOf("ann", "administrator"), userOf("eve", "read-only")] });
  return { rig, ann: await rig.loggedIn("ann"), eve: await rig.loggedIn("eve") };
}

Deno.test("SSL page stages exactly what was changed of a service", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  const cases: [service: string, fields: Typed, said: RegExp[]][] = [
    ["inbound", {
      "inbound-method": ["TLSv1.3", "TLSv1.2", "TLSv1.1"],
      "inbound-ciphers": "AES128+ECDHE@SECLEVEL=0",
      "inbound-renegotiation": "on",
    }, [/inbound_smtp:/, /methods: \[TLSv1\.1, TLSv1\.2, TLSv1\.3\]/, /ciphers: AES128\+ECDHE@SECLEVEL=0/]],
    ["other", { "other-method": ["TLSv1.2"] }, [/other_client_services:/, /methods: \[TLSv1\.2\]/]],
    ["peer", { x509_validation: "on" }, [/x509_validation: true/]],
  ];
  for (const [service, fields, said] of cases) {
    await rig.world.staging.abandon("ann");
    const { status, body } = await sendForm(rig, `/ssl/${service}`, { headers: ann, fields });
    assert.equal(status, 303, body);
    const { text } = await rig.world.staging.source("ann");
    for (const each of said) assert.match(text.replaceAll(/\[\s+|\s+\]/g, (found) => found.trim()), each);
    assert.doesNotMatch(text, /fqdn_validation|gui_https|outbound_smtp/);
  }
  const { body } = await openPage(rig, "/ssl", ann);
  assert.match(body, /id="x509_validation" name="x509_validation" value="on" checked/);
});

Deno.test("SSL page refuses beside its field methods out of sequence, none at all, and what is no cipher string", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  const cases: [fields: Typed, field: string, said: RegExp][] = [
    [{ "inbound-method": ["TLSv1.3", "TLSv1.1"], "inbound-ciphers": "HIGH" }, "inbound-error", /TLSv1\.2 missing/],
    [{ "inbound-ciphers": "HIGH" }, "inbound-error", /no method is selected/],
    [{ "inbound-method": "TLSv1.2", "inbound-ciphers": "<b>nonsense" }, "inbound-ciphers-error", /&lt;b&gt;nonsense/],
    [{ "inbound-method": "TLSv1.2", "inbound-ciphers": "A".repeat(5_000) }, "inbound-ciphers-error", /more than 4000/],
  ];
  for (const [fields, field, said] of cases) {
    const { status, body } = await sendForm(rig, "/ssl/inbound", { headers: ann, fields });
    assert.equal(status, 422);
    const [, told] = new RegExp(`id="${field}">([^<]*)`).exec(body) ?? [];
    assert.match(told, said);
    assert.doesNotMatch(body, /<b>nonsense/);
  }
  assert.equal(await rig.world.staging.changed("ann"), 0);
});

Deno.test("SSL page tells how many suites a string selects, which methods they serve, and the list", async () => {
  const { rig, eve } = await open();
  await using _rig = rig;
  const piece = (query: string) => openPage(rig, `/ssl/suites?service=inbound&${query}`, eve);
  const { status, body } = await piece("method=TLSv1.2&method=TLSv1.3&ciphers=ECDHE-RSA-AES128-GCM-SHA256");
  assert.equal(status, 200);
  assert.match(body, /4 suites are selected/);
  assert.match(body, /TLSv1\.2: 1</);
  assert.match(body, /TLSv1\.3: 3</);
  assert.match(body, /<code>ECDHE-RSA-AES128-GCM-SHA256<\/code>/);
  assert.match((await piece("method=TLSv1.0&method=TLSv1.1&method=TLSv1.2&ciphers=HIGH@SECLEVEL=2")).body, /SECLEVEL/);
  assert.match((await piece("method=TLSv1.3&method=TLSv1.1&ciphers=HIGH")).body, /missing in between/);
  assert.match((await piece("method=x&ciphers=%3Cscript%3E")).body, /no method is selected/);
  assert.equal((await openPage(rig, "/ssl/suites?service=x", eve)).status, 404);
});

Deno.test("SSL page lets those who only look change nothing", async () => {
  const { rig, eve } = await open();
  await using _rig = rig;
  const { body } = await openPage(rig, "/ssl", eve);
  assert.doesNotMatch(body, /action="\/ssl\/[a-z]+"[^§]*<button type="submit" class="primary"/);
  for (const service of ["gui", "inbound", "outbound", "other", "peer"]) {
    assert.equal((await sendForm(rig, `/ssl/${service}`, { headers: eve })).status, 403, service);
  }
});
