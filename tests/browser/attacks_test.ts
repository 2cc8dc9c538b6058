/**
 * Attacks on whoever sits at the page, in a real browser: markup in everything a peer says, forms and frames of other sites.
 *
 * @module
 */
import assert from "node:assert/strict";
import { greeted } from "../gateway/client.ts";
import { until } from "../gateway/rig.ts";
import { startNextHop } from "../support/next_hop.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { browserTest, Chromium } from "./chromium.ts";
import { baseOf, rightPassword, startDesk } from "./desk.ts";

/** Runs a script by itself wherever it is taken for markup. */
const image = "<img src=/x onerror=alert(1)>";
const script = `"><script>alert(2)</script>`;
/** As it stands in an address: quoted, without spaces (RFC 5321 §4.1.2). */
const quoted = `"<svg/onload=alert(3)>"@sender.example`;
const recipient = `"<svg/onload=alert(4)>"@example.test`;

browserTest("attack: whoever sits at the page is told what peers say, and nothing of it is done", async (t) => {
  // The reason of the next hop is shown too.
  await using hop = startNextHop({
    answer: (command) => /^MAIL/.test(command) ? `451 ${image} ${script}\r\n` : undefined,
  });
  await using gateway = await startDesk({ users: { ann: "administrator" }, hop: hop.port });
  {
    using client = await greeted(gateway.ports.inbound);
    const text =
      `Subject: ${image} ${script}\r\nMessage-ID: <${script}@sender.example>\r\nX-Odd: ${image}\r\n\r\n${script}`;
    assert.match(await client.send(text, { from: quoted, to: [recipient] }), /^250 /);
  }
  await gateway.logged(/Delayed: .*<img/);
  await using browser = await Chromium.start();
  await using visitor = await browser.visitor(baseOf(gateway));
  const { page } = visitor;
  await visitor.logIn("ann", rightPassword);

  const shown = {
    "/": [],
    "/queue": [quoted, recipient, image],
    "/queue/1": [quoted, recipient, image, script],
    "/tracking": [quoted, image],
    "/tracking?subject=%22%3E%3Cscript%3E": [quoted, image],
    "/tracking/1": [quoted, recipient, image, script],
    "/log": [quoted, recipient, image, script],
    "/tls": [],
    "/nowhere/<img src=x onerror=alert(1)>?a=<script>alert(1)</script>": [],
  };
  for (const [path, texts] of Object.entries(shown)) {
    await t.step(`attack: markup in sender, recipient, subject, headers and replies is text in ${path}`, async () => {
      const status = await visitor.open(path);
      const text = await visitor.text();
      for (const wanted of texts) assert.ok(text.includes(wanted), `${path} does not show ${wanted} but ${text}`);
      assert.equal(await page.locator("main :is(img, script), svg[onload], [onerror]").count(), 0);
      if (status === 404) visitor.refused(404);
      visitor.calm(path);
    });
  }

  const pem = await makeCertificate({ names: ["IP:127.0.0.1", "DNS:localhost"] });
  // What another site, which knows the gateway's address, shows to whoever comes by.
  const form = (path: string, inside = "", more = "") =>
    `<form method=post action="${baseOf(gateway)}${path}" ${more}>${inside}<button>Win</button></form>`;
  const bodies: Record<string, string> = {
    "/logout": form("/logout", "<input name=csrf value=x>"),
    "/language": form("/language", "<input name=language value=zh-Hans>"),
    "/json": form("/api/v1/suspend", `<input name='{"x":"' value='"}'>`, "enctype=text/plain"),
    "/delete": form("/queue/1/delete"),
    "/frame": `<iframe src="${baseOf(gateway)}/queue" width=800 height=600></iframe>`,
  };
  const handler = (request: Request) => {
    const body = bodies[new URL(request.url).pathname] ?? "";
    return new Response(`<!doctype html><title>Evil</title>${body}`, { headers: { "Content-Type": "text/html" } });
  };
  const quiet = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  // One on the gateway's own host, to which SameSite=Strict lets the cookie go along; and one that is foreign in every way.
  const near = Deno.serve({ ...quiet, cert: pem.certificatePem, key: pem.keyPem }, handler);
  const far = Deno.serve(quiet, handler);
  const sites = {
    "the same host": `https://127.0.0.1:${near.addr.port}`,
    "another host": `http://localhost:${far.addr.port}`,
  };
  for (const [where, origin] of Object.entries(sites)) {
    await t.step(`attack: forms and frames from ${where} are refused, and change nothing`, async () => {
      for (const path of Object.keys(bodies).filter((path) => path !== "/frame")) {
        await page.goto(`${origin}${path}`);
        const answered = page.waitForResponse((response) => response.request().method() === "POST");
        await page.click("button");
        const response = await answered;
        assert.equal(response.status(), 403, path);
        const { cookie = "" } = await response.request().allHeaders();
        assert.equal(cookie.includes("__Host-postern="), where === "the same host", `${path}: ${cookie}`);
      }
      await page.goto(`${origin}/frame`);
      await until("the frame", () => page.frames().length === 2);
      assert.ok(!(await page.frames()[1].content()).includes("gw.example.test"));
      visitor.complaints.splice(0);
      assert.equal(await visitor.open("/queue"), 200);
      assert.equal(visitor.path, "/queue");
      assert.equal(await page.getAttribute("html", "lang"), "en");
      assert.ok((await visitor.text()).includes(quoted));
      visitor.calm(where);
    });
  }
  await Promise.all([near.shutdown(), far.shutdown()]);
  assert.equal((await gateway.stop()).code, 0);
});
