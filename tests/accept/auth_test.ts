import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import type { SmtpUser } from "../../src/config/config.ts";
import { hourMs } from "../../src/rates/hourly_counts.ts";
import { cheapHash } from "../auth/hashes.ts";
import { AcceptRig, type Client, type RigOptions } from "./accept_rig.ts";

const users: SmtpUser[] = [
  { name: "ann", password_hash: cheapHash("right"), senders: ["ann@example.com"] },
  { name: "bob", password_hash: cheapHash("right") },
];

/** A test with its own rig, ended behind it: AUTH in clear, since TLS has tests of its own. */
function test(name: string, policy: RigOptions["policy"], body: (rig: AcceptRig) => Promise<void>): void {
  Deno.test(name, async () => {
    const rig = new AcceptRig({ users, policy: { auth: "preferred", auth_requires_tls: false, ...policy } });
    try {
      await body(rig);
    } finally {
      await rig.end();
    }
    assert.equal(rig.acceptor.sessions, 0);
    assert.equal(rig.clock.timers, 0, "a timer is left");
  });
}

const plain = (user: string, password: string) => `AUTH PLAIN ${btoa(`\0${user}\0${password}`)}\r\n`;

/** Says something whose answer takes time by intent; how much of it, in ms. */
async function slowly(rig: AcceptRig, client: Client, text: string): Promise<[reply: string, ms: number]> {
  const before = rig.clock.timers;
  let ms = 0;
  const said = client.say(text).then((reply) => ({ reply }));
  // The password is checked in real time: the wait begins when a timer stands.
  const waits = (async () => {
    while (rig.clock.timers === before) await new Promise((resolve) => setTimeout(resolve, 2));
  })();
  await Promise.race([said, waits]);
  for (;;) {
    const done = await Promise.race([said, Promise.resolve(undefined)]);
    if (done !== undefined) return [done.reply, ms];
    await rig.clock.advance(500);
    ms += 500;
  }
}

const auths = (rig: AcceptRig) => rig.lines.filter((line) => line.includes("AUTH"));

test("Authenticator takes a user, who may send to anybody, as himself", {}, async (rig) => {
  const client = await rig.greeted();
  assert.equal(await client.say(plain("ann", "right")), "235 2.7.0 Authentication successful\r\n");
  assert.equal(
    await client.say("MAIL FROM:<boss@example.com>\r\n"),
    "553 5.7.1 <boss@example.com> Sender address is not yours\r\n",
  );
  assert.match(await client.say("MAIL FROM:<>\r\n"), /^250 /);
  assert.match(await client.say("RSET\r\n"), /^250 /);
  assert.match(await client.say("MAIL FROM:<ann@example.com>\r\n"), /^250 /);
  assert.match(await client.say("RCPT TO:<x@elsewhere.test>\r\n"), /^250 /);
  assert.match(await client.say("DATA\r\n", "354"), /^354 /);
  assert.match(await client.say("x\r\n.\r\n"), /^250 /);
  assert.match(rig.spool.stored[0].text, /with ESMTPA id /);
  assert.deepEqual(auths(rig), ["Info: ICID 1 AUTH success user ann mechanism PLAIN"]);
  assert.ok(rig.lines.includes("Info: ICID 1 MAIL refused: the user may not send as <boss@example.com>"));
});

test("Authenticator leaves recipients to the table where auth_relay is false", { auth_relay: false }, async (rig) => {
  const client = await rig.greeted();
  assert.match(await client.say(plain("bob", "right")), /^235 /);
  await client.say("MAIL FROM:<a@example.com>\r\n");
  assert.match(await client.say("RCPT TO:<x@elsewhere.test>\r\n"), /^550 /);
  assert.match(await client.say("RCPT TO:<x@example.test>\r\n"), /^250 /);
});

test("Authenticator lets nobody relay who has not authenticated himself", {}, async (rig) => {
  const client = await rig.greeted();
  const [reply] = await slowly(rig, client, plain("ann", "wrong"));
  assert.equal(reply, "535 5.7.8 Authentication credentials invalid\r\n");
  await client.say("MAIL FROM:<a@example.com>\r\n");
  assert.match(await client.say("RCPT TO:<x@elsewhere.test>\r\n"), /^550 /);
});

test("Authenticator keeps limits of the hour for users too", { max_recipients_per_hour: 1 }, async (rig) => {
  const client = await rig.greeted();
  await client.say(plain("bob", "right"));
  await client.say("MAIL FROM:<a@example.com>\r\n");
  assert.match(await client.say("RCPT TO:<x@elsewhere.test>\r\n"), /^250 /);
  assert.match(await client.say("RCPT TO:<y@elsewhere.test>\r\n"), /^452 /);
});

test(
  "Authenticator makes each failure wait longer, over sessions, and the session ends at the third",
  {},
  async (rig) => {
    const first = await rig.greeted();
    const waits: number[] = [];
    for (let each = 0; each < limits.authFailuresMax; each++) {
      const [reply, ms] = await slowly(rig, first, plain("ann", `wrong ${each}`));
      assert.match(reply, /^535 5\.7\.8 /);
      waits.push(ms);
    }
    assert.equal(await first.rest(), "", "421 came with the last 535");
    const second = await rig.greeted();
    for (let each = 0; each < 2; each++) waits.push((await slowly(rig, second, plain("nobody", "x")))[1]);
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, limits.authDelayMsMax]);
    // A right password does not wait, and another address begins anew.
    assert.match(await second.say(plain("ann", "right")), /^235 /);
    const other = await rig.greeted({ client: { address: "192.0.2.8", port: 1 } });
    assert.equal((await slowly(rig, other, plain("ann", "wrong")))[1], 1_000);
    assert.deepEqual(auths(rig).slice(2, 5), [
      "Info: ICID 1 AUTH failed user ann mechanism PLAIN: wrong password",
      "Info: ICID 2 AUTH failed mechanism PLAIN: no such user",
      "Info: ICID 2 AUTH failed mechanism PLAIN: no such user",
    ]);
    assert.ok(rig.lines.includes("Info: ICID 1 too many failed authentications"));
  },
);

test(
  "Authenticator checks no password of an address that has failed too often",
  { max_auth_failures_per_hour: 2 },
  async (rig) => {
    const first = await rig.greeted();
    for (let each = 0; each < 2; each++) await slowly(rig, first, plain("ann", "wrong"));
    assert.equal(
      await first.say(plain("ann", "right")),
      "454 4.7.0 Temporary authentication failure, try again later\r\n421 4.7.0 Too many failed authentications\r\n",
    );
    assert.ok(
      rig.lines.includes(
        "Info: ICID 1 AUTH failed mechanism PLAIN: too many failed authentications from 192.0.2.7 in this hour: 2, " +
          "max_auth_failures_per_hour of policy P is 2",
      ),
    );
    const second = await rig.greeted();
    assert.match(await second.say(plain("ann", "right")), /^454 /);
    // Mail that needs no user is no part of it.
    assert.match(await second.say("MAIL FROM:<a@example.com>\r\n"), /^250 /);
    await rig.clock.advance(hourMs);
    const third = await rig.greeted();
    assert.match(await third.say(plain("ann", "right")), /^235 /);
  },
);

test("Authenticator counts attempts side by side", { max_auth_failures_per_hour: 3 }, async (rig) => {
  const clients = [];
  for (let each = 0; each < 8; each++) clients.push(await rig.greeted());
  let done = 0;
  const replies = clients.map((client, each) => client.say(plain("ann", `wrong ${each}`)).finally(() => done++));
  while (done < clients.length) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await rig.clock.advance(1_000);
  }
  const codes = (await Promise.all(replies)).map((reply) => reply.slice(0, 3));
  assert.deepEqual(codes.filter((code) => code === "535").length, 3, `${codes}`);
  assert.deepEqual(codes.filter((code) => code === "454").length, 5, `${codes}`);
});

test("Authenticator writes no password and no unknown name into the log", {}, async (rig) => {
  const client = await rig.greeted();
  await slowly(rig, client, plain("s3cretName", "s3cretWord"));
  await client.say("AUTH LOGIN\r\n", "334");
  await client.say(`${btoa("s3cretName")}\r\n`, "334");
  await slowly(rig, client, `${btoa("s3cretWord")}\r\n`);
  await client.say(`AUTH PLAIN ${btoa("s3cretName")}\r\n`);
  await client.say(`${btoa("s3cretWord")}\r\n`);
  const log = rig.lines.join("\n");
  for (const secret of ["s3cret", btoa("s3cretName").slice(0, 10), btoa("s3cretWord").slice(0, 10)]) {
    assert.ok(!log.includes(secret), secret);
  }
});

test("Authenticator lets a gateway stop while a failure waits", {}, async (rig) => {
  const client = await rig.greeted();
  const said = client.say(plain("ann", "wrong")).catch(() => "");
  while (!rig.lines.some((line) => line.includes("AUTH failed"))) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const ended = rig.acceptor.shutdown();
  await rig.clock.advance(limits.authDelayMs);
  await ended;
  assert.match(await said, /^535 /);
});
