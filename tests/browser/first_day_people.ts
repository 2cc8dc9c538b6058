/**
 * People and programs: a user's first login, his second factor, tokens, logins by certificate.
 *
 * @module
 */
import assert from "node:assert/strict";
import { codeAt, stepAt } from "../../src/admin/totp.ts";
import { until } from "../gateway/rig.ts";
import { type LeafWish, makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { needPeer, runCommand } from "../support/peers.ts";
import type { Visitor } from "./chromium.ts";
import { baseOf, rightPassword } from "./desk.ts";
import { type Day, open } from "./first_day.ts";

/** A secret as it is shown. */
function secretOf(text: string): Uint8Array<ArrayBuffer> {
  const bits = [...text].map((letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")
  );
  return Uint8Array.from(bits.join("").match(/.{8}/g) ?? [], (octet) => parseInt(octet, 2));
}

async function addUser(ann: Visitor, fields: Readonly<Record<string, string>>): Promise<void> {
  await open(ann, "/users");
  for (const [id, text] of Object.entries(fields)) await ann.page.fill(`#${id}`, text);
  await ann.page.locator("form[action='/users']").getByRole("button", { name: "Create" }).click();
  await ann.told(`User ${fields.name} was created.`);
}

/** Second factor and tokens. */
export async function people({ t, gateway, browser, ann }: Day): Promise<void> {
  const { page } = ann;
  await using bob = await browser.visitor(baseOf(gateway));
  let secret: Uint8Array<ArrayBuffer> = new Uint8Array();
  let step = 0;
  const logIn = async (code?: string) => {
    await bob.open("/login");
    await bob.page.fill("#user", "bob");
    await bob.page.fill("#password", rightPassword);
    if (code !== undefined) await bob.page.fill("#code", code);
    await bob.page.click("button.primary");
  };
  const refused = async (words: RegExp) => {
    await bob.page.locator("[role=alert]").filter({ hasText: words }).waitFor();
    bob.refused(401);
  };

  await t.step(
    "a user is added, logs in for the first time, and sets up a second factor by the secret that is shown",
    async () => {
      await addUser(ann, { name: "bob", password: rightPassword });
      await bob.logIn("bob", rightPassword);
      await bob.page.click(".top a[href='/account']");
      await bob.at("/account");
      await bob.page.fill("#factor-password", rightPassword);
      await bob.page.click("form[action='/account/second-factor'] button");
      await bob.page.waitForSelector("#code");
      bob.calm("the secret");
      secret = secretOf(await bob.page.innerText("main code"));
      step = stepAt(Date.now());
      const near = [-2, -1, 0, 1, 2, 3].map((more) => codeAt(secret, step + more));
      const wrong = ["000000", "111111", "222222", "333333", "444444", "555555", "666666"].find((code) =>
        !near.includes(code)
      )!;
      await bob.page.fill("#code", wrong);
      await bob.page.click("main button.primary");
      await bob.page.waitForSelector("#code-error");
      bob.refused(422);
      step = stepAt(Date.now());
      await bob.page.fill("#code", codeAt(secret, step));
      await bob.page.click("main button.primary");
      await bob.page.waitForSelector("main ul.mono");
      assert.equal(await bob.page.locator("main ul.mono li").count(), 10);
      bob.calm("recovery codes");
    },
  );

  await t.step(
    "the second factor: none, a wrong code and one that was used are refused, the next one lets in",
    async () => {
      await bob.page.click("form[action='/logout'] button");
      await bob.at("/login");
      await logIn();
      await refused(/code of the second factor is needed/);
      await logIn(codeAt(secret, step));
      await refused(/wrong/);
      step = Math.max(step + 1, stepAt(Date.now()));
      const code = codeAt(secret, step);
      await logIn(code);
      await bob.at("/");
      await bob.page.click("form[action='/logout'] button");
      await bob.at("/login");
      // Looked over his shoulder.
      await logIn(code);
      await refused(/wrong/);
    },
  );

  await t.step("an administrator resets the second factor of somebody who has lost it", async () => {
    await open(ann, "/users");
    await page.click("main a:text-is('bob')");
    await ann.at("/users/bob");
    await ann.press("Reset the second factor");
    await ann.told("The second factor of bob is off.");
    await logIn();
    await bob.at("/");
    bob.calm("reset");
    ann.calm("reset");
  });

  await t.step("a token is made, shown this once, used, expires, and is deleted", async () => {
    await open(ann, "/users");
    await page.fill("#token_name", "monitoring");
    await page.selectOption("#token_role", "operator");
    await page.fill("#days", "1");
    await page.locator("form[action='/tokens']").getByRole("button", { name: "Create" }).click();
    const shown = (await page.locator("main pre").innerText()).trim();
    assert.match(shown, /^postern_/);
    await open(ann, "/users");
    assert.ok(!(await page.content()).includes(shown));
    const row = page.locator("main tr", { hasText: "monitoring" });
    assert.match(await row.innerText(), /never/);
    const answered = async () => {
      const answer = await httpOver(gateway.ports.admin, {
        path: "/api/v1/session",
        headers: [`Authorization: Bearer ${shown}`],
      });
      return answer.status;
    };
    assert.equal(await answered(), 200);
    await page.reload();
    assert.doesNotMatch(await row.innerText(), /never/);
    gateway.signal("SIGUSR2");
    await until("a day has passed", async () => await answered() === 401, { ms: 30_000 });
    // A day is more than any session.
    await ann.logIn("ann", rightPassword);
    await open(ann, "/users");
    assert.match(await row.innerText(), /expired/);
    await row.getByRole("button", { name: /Revoke/ }).click();
    await page.locator("dialog button[value=yes]").click();
    await ann.told("The token is worth nothing any more.");
    assert.equal(await row.count(), 0);
    ann.complaints.splice(0);
  });
}

/** What a request over a TLS connection of OpenSSL's client gets. */
async function httpOver(
  port: number,
  { method = "GET", path, headers = [], certificate }: {
    method?: string;
    path: string;
    headers?: readonly string[];
    certificate?: { certificatePath: string; keyPath: string };
  },
): Promise<{ status: number; head: string; body: string }> {
  const shown = certificate === undefined ? [] : ["-cert", certificate.certificatePath, "-key", certificate.keyPath];
  const { stdout, stderr } = await runCommand("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-quiet", "-ign_eof", ...shown],
  ], {
    input: [
      `${method} ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      "Content-Type: application/json",
      "Content-Length: 0",
      "Connection: close",
      ...headers,
      "",
      "",
    ].join("\r\n"),
    env: { OPENSSL_CONF: "/dev/null" },
  });
  const status = /^HTTP\/1\.1 (\d{3})/.exec(stdout)?.[1];
  assert.ok(status !== undefined, stdout + stderr);
  const [head, body] = stdout.split("\r\n\r\n", 2);
  return { status: Number(status), head, body };
}

/**
 * A way to the gateway on which OpenSSL's client shows a certificate. Playwright's own proxy for that stands still under Deno, and Chromium takes
 * certificates from a database of the machine only.
 */
async function relayWith(
  { certificatePath, keyPath }: { certificatePath: string; keyPath: string },
  port: number,
): Promise<{ base: string } & AsyncDisposable> {
  const { certificatePem, keyPem } = await makeCertificate({ names: ["IP:127.0.0.1"] });
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certificatePem, key: keyPem });
  const passing = new Set<Promise<unknown>>();
  const children = new Set<Deno.ChildProcess>();
  const pass = async (conn: Deno.TlsConn) => {
    const child = new Deno.Command(needPeer("openssl"), {
      args: [
        ...["s_client", "-connect", `127.0.0.1:${port}`, "-quiet"],
        ...["-cert", certificatePath, "-key", keyPath],
      ],
      env: { OPENSSL_CONF: "/dev/null" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    children.add(child);
    const end = () => {
      try {
        child.kill();
      } catch {
        // It has ended by itself.
      }
    };
    await Promise.allSettled([
      conn.readable.pipeTo(child.stdin).finally(end),
      child.stdout.pipeTo(conn.writable).finally(end),
      child.status,
    ]);
    children.delete(child);
  };
  const accepting = (async () => {
    for await (const conn of listener) passing.add(pass(conn));
  })().catch(() => {}); // it was closed
  return {
    base: `https://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const child of children) child.kill();
      await Promise.all([accepting, ...passing]);
    },
  };
}

/** Logins by certificates of `admin.client_ca`. */
export async function certificates({ t, gateway, browser, ann, ca, folder }: Day): Promise<void> {
  const { page } = ann;
  const dayMs = 86_400_000;
  const leaf = (wish: Partial<LeafWish>) =>
    makeLeaf({ ca, names: ["carl.example.test"], purpose: "clientAuth", days: 90, ...wish });
  const carl = await leaf({});
  const stranger = await leaf({ names: ["nobody.example.test"] });
  const expired = await leaf({ notBefore: new Date(Date.now() - 9 * dayMs), notAfter: new Date(Date.now() - dayMs) });
  const foreign = await leaf({ ca: await makeAuthority(folder, { name: "Another Authority" }) });
  const logIn = async (certificate?: { certificatePath: string; keyPath: string }) => {
    const answer = await httpOver(gateway.ports.admin, {
      method: "POST",
      path: "/api/v1/login/certificate",
      certificate,
    });
    const { user, via, type } = JSON.parse(/\{[^]*\}/.exec(answer.body)![0]);
    return { ...answer, said: answer.status === 200 ? `${user} by ${via}` : `${answer.status} ${type}` };
  };

  await t.step(
    "a client certificate logs its user in over TLS; of another authority, expired, of nobody or none it does not",
    async () => {
      await addUser(ann, { name: "carl", certificate: "carl.example.test" });
      assert.equal((await logIn(carl)).said, "carl by certificate");
      assert.equal((await logIn(foreign)).said, "401 /problems/no-certificate");
      assert.equal((await logIn(expired)).said, "401 /problems/no-certificate");
      assert.equal((await logIn()).said, "401 /problems/no-certificate");
      assert.equal((await logIn(stranger)).said, "401 /problems/login");
      ann.calm("certificates");
    },
  );

  await t.step("a client certificate that goes along with every connection logs its user in by a click", async () => {
    await using relay = await relayWith(carl, gateway.ports.admin);
    await using visitor = await browser.visitor(relay.base);
    await visitor.open("/login");
    await visitor.press(/certificate/);
    await visitor.at("/");
    assert.match(await visitor.page.innerText(".top"), /carl/);
    visitor.calm("certificate");
  });

  await t.step("a user who is disabled is out, also with his certificate, and in again when he is let in", async () => {
    const set = async (disabled: boolean) => {
      await open(ann, "/users");
      await page.click("main a:text-is('carl')");
      await ann.at("/users/carl");
      await page.setChecked("#disabled", disabled);
      await ann.press("Save");
      await ann.told("User carl was changed.");
    };
    await set(true);
    assert.equal((await logIn(carl)).said, "401 /problems/login");
    assert.match(await page.locator("main tr", { hasText: "carl" }).innerText(), /disabled/);
    await set(false);
    assert.equal((await logIn(carl)).said, "carl by certificate");
    ann.calm("disabled");
  });

  await t.step("a certificate that is revoked logs nobody in, and ends the session that began with it", async () => {
    const { head } = await logIn(carl);
    const cookie = /^set-cookie: ([^;]+)/im.exec(head)![1];
    const session = async (certificate?: typeof carl) =>
      (await httpOver(gateway.ports.admin, { path: "/api/v1/session", headers: [`Cookie: ${cookie}`], certificate }))
        .status;
    assert.equal(await session(carl), 200);
    assert.equal(await session(), 401);
    await Deno.writeTextFile(`${gateway.folder}/admins.crl`, await makeRevocationList(ca, { revoked: [carl] }));
    await until("the list is in force", async () => (await logIn(carl)).said === "401 /problems/no-certificate", {
      ms: 30_000,
    });
    assert.equal(await session(carl), 401);
    assert.equal((await logIn(stranger)).said, "401 /problems/login");
  });
}
