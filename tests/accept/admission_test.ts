/**
 * Who gets in, and how: dialogues with clients of every kind, lists and certificates made up.
 */
import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import type { ListLookup, StartTls } from "../../src/accept/service.ts";
import type { CertificateFacts, PeerFacts } from "../../src/tls/engine.ts";
import { settled } from "../support/fake_clock.ts";
import { writeText } from "../support/pipe.ts";
import { AcceptRig, groupOf, policyOf, type RigOptions, transaction } from "./accept_rig.ts";

function test(name: string, options: RigOptions, run: (rig: AcceptRig) => Promise<void>): void {
  Deno.test(name, async () => {
    const rig = new AcceptRig(options);
    try {
      await run(rig);
    } finally {
      await rig.end();
    }
    assert.equal(rig.acceptor.sessions, 0);
    assert.equal(rig.clock.timers, 0, "a timer is left");
  });
}

/** What was asked of lists, and a look-up that gives `answers`. */
function listing(answers: Record<string, readonly string[]>): { asked: string[]; lists: ListLookup } {
  const asked: string[] = [];
  const lists: ListLookup = (address, zones) => {
    asked.push(`${address} ${zones.join(" ")}`);
    return Promise.resolve(new Map(zones.map((zone) => [zone, answers[zone] ?? []])));
  };
  return { asked, lists };
}

const blocked = policyOf({
  name: "BLOCKED",
  action: "reject",
  reject_text: "5.7.1 $RemoteIP is listed ($HATEntry in $Group), ask $Hostname",
});
const delayed = policyOf({ ...blocked, name: "DELAYED", delayed_reject: true, greeting_text: "ESMTP $Group" });
const relayed = policyOf({ name: "RELAYED", action: "relay", max_message_size: 2_000_000 });

const spam = listing({ "bl.test": ["127.0.0.2"] });
test("Admission asks a list when the table comes to it, and its texts name the entry", {
  lists: spam.lists,
  policies: [blocked],
  listener: {
    sender_groups: [
      groupOf("OWN", ["10.0.0.0/8"]),
      groupOf("SPAM", ["dnslist[bl.test]"], { policy: "BLOCKED" }),
      groupOf("ALL", ["ALL"]),
    ],
  },
}, async (rig) => {
  await rig.greeted({ client: { address: "10.0.0.1", port: 1 } });
  assert.deepEqual(spam.asked, []);
  const client = rig.connect();
  const text = "554 5.7.1 192.0.2.7 is listed (dnslist[bl.test] in SPAM), ask gw.example.test\r\n";
  assert.equal(await client.hear(), text);
  assert.match(await client.say("EHLO c\r\n"), /^503 5\.5\.1 Access denied/);
  assert.equal(await client.say("QUIT\r\n"), "221 2.0.0 Bye\r\n");
  assert.deepEqual(spam.asked, ["192.0.2.7 bl.test"]);
  assert.ok(rig.lines.includes("Info: ICID 2 REJECT SG SPAM match dnslist[bl.test]"));
});

test("Admission delays a rejection to the recipients, so that the log knows them", {
  policies: [delayed],
  listener: { sender_groups: [groupOf("SPAM", ["192.0.2.0/24"], { policy: "DELAYED" }), groupOf("ALL", ["ALL"])] },
}, async (rig) => {
  const client = rig.connect();
  assert.equal(await client.hear(), "220 gw.example.test ESMTP SPAM\r\n");
  await client.say("EHLO c\r\n", "250");
  assert.match(await client.say("MAIL FROM:<spammer@example.com>\r\n"), /^250 /);
  const text = "554 5.7.1 192.0.2.7 is listed (192.0.2.0/24 in SPAM), ask gw.example.test\r\n";
  for (const recipient of ["b@example.test", "postmaster", "c@elsewhere.test"]) {
    assert.equal(await client.say(`RCPT TO:<${recipient}>\r\n`), text, recipient);
  }
  assert.match(await client.say("DATA\r\n"), /^554 5\.5\.1 /);
  await settled();
  assert.deepEqual(rig.lines.slice(1, 7), [
    "Info: ICID 1 REJECT SG SPAM match 192.0.2.0/24",
    "Info: Start MID 1 ICID 1",
    "Info: MID 1 ICID 1 From: <spammer@example.com>",
    "Info: MID 1 ICID 1 To: <b@example.test> Rejected by HAT",
    "Info: MID 1 ICID 1 To: <postmaster> Rejected by HAT",
    "Info: MID 1 ICID 1 To: <c@elsewhere.test> Rejected by HAT",
  ]);
  const tries = "RCPT TO:<d@example.test>\r\n".repeat(limits.refusedRecipientsMax);
  void writeText(client.conn, tries).catch(() => {});
  assert.match(
    await client.rest(),
    /421 4\.7\.0 Too many refused recipients\r\n$/,
    "a client that tries on and on is cut off",
  );
});

test("Admission knows an address without a name, and one of which nothing could be learned", {
  reverse: (address) =>
    address === "192.0.2.8"
      ? { host: undefined, verified: false, failed: true }
      : { host: undefined, verified: false, failed: false },
  policies: [blocked],
  listener: {
    sender_groups: [groupOf("NAMELESS", [], { conditions: ["no_ptr"], policy: "BLOCKED" }), groupOf("ALL", ["ALL"])],
  },
}, async (rig) => {
  assert.match(await rig.connect().hear(), /^554 5\.7\.1 192\.0\.2\.7 is listed \(no_ptr in NAMELESS\)/);
  assert.match(await rig.connect({ client: { address: "192.0.2.8", port: 1 } }).hear(), /^220 /);
});

test("Admission takes a silent name server for a look-up that failed", {
  reverse: () => new Promise(() => {}),
  policies: [blocked],
  listener: {
    sender_groups: [
      groupOf("NAMELESS", [], { conditions: ["no_ptr"], policy: "BLOCKED" }),
      groupOf("LATER", [], { conditions: ["ptr_lookup_failed"] }),
      groupOf("ALL", ["ALL"], { policy: "BLOCKED" }),
    ],
  },
}, async (rig) => {
  const client = rig.connect();
  await rig.clock.advance(5_100);
  assert.match(await client.hear(), /^220 /);
  assert.ok(rig.lines.includes("Info: ICID 1 ACCEPT SG LATER match ptr_lookup_failed"));
});

const leaf = (name: string): CertificateFacts => ({
  subject: `CN=${name}`,
  issuer: "CN=CA",
  serial: "01",
  notBefore: 0,
  notAfter: 1,
  names: [name],
  commonNames: [name],
  fingerprint: "",
  key: "",
  signature: "",
  form: { version: 3, signatureBits: 128, keyBits: 128, brokenExtensions: false },
});

/** A handshake with a client that shows what is named here, if it is asked; `asked` keeps whether it was. */
function shows(name: string | undefined, chain: PeerFacts["chain"] = { trusted: true }) {
  const asked: boolean[] = [];
  const startTls: StartTls = (conn, { askCertificate }) => {
    asked.push(askCertificate);
    const certificate = askCertificate && name !== undefined;
    const facts: PeerFacts = {
      protocol: "TLSv1.3",
      cipher: "TLS_AES_256_GCM_SHA384",
      bits: 256,
      resumed: false,
      certificate,
      chain: certificate ? chain : { trusted: false, reason: "no_certificate", code: 0, text: "none" },
      certificates: () => certificate ? [leaf(name)] : [],
      builtChain: () => ({ certificates: [] }),
      matches: () => false,
    };
    return Promise.resolve({ kind: "done", conn, facts });
  };
  return { asked, startTls };
}

const expired = { trusted: false, reason: "expired", code: 10, text: "certificate has expired" } as const;

/** A client that has begun TLS; the answer to its EHLO. */
async function secured(rig: AcceptRig): Promise<{ client: Awaited<ReturnType<AcceptRig["greeted"]>>; ehlo: string }> {
  const client = await rig.greeted();
  await client.say("STARTTLS\r\n", "220");
  return { client, ehlo: await client.say("EHLO client.example.com\r\n") };
}

const partners = {
  policies: [relayed, delayed],
  listener: {
    sender_groups: [
      groupOf("PARTNER", ["certificate[mx.partner.test]"], { policy: "RELAYED" }),
      groupOf("ALL", ["ALL"]),
    ],
  },
};

const partner = shows("mx.partner.test");
test(
  "Admission reads the table again with the name that a certificate proved",
  { ...partners, ...partner },
  async (rig) => {
    const { client, ehlo } = await secured(rig);
    assert.match(ehlo, /250-SIZE 2000000\r\n/);
    await client.say("MAIL FROM:<a@example.com>\r\n", "250");
    assert.match(await client.say("RCPT TO:<b@elsewhere.test>\r\n"), /^250 /);
    assert.deepEqual(partner.asked, [true]);
    assert.deepEqual(rig.lines.slice(1, 5), [
      "Info: ICID 1 ACCEPT SG ALL match ALL",
      "Info: ICID 1 TLS success protocol TLSv1.3 cipher TLS_AES_256_GCM_SHA384",
      "Info: ICID 1 TLS client certificate verified CN=mx.partner.test",
      "Info: ICID 1 RELAY SG PARTNER match certificate[mx.partner.test]",
    ]);
  },
);

test(
  "Admission relays before TLS for nobody who has yet to prove his name",
  { ...partners, ...partner },
  async (rig) => {
    const client = await rig.greeted();
    await client.say("MAIL FROM:<a@example.com>\r\n", "250");
    assert.match(await client.say("RCPT TO:<b@elsewhere.test>\r\n"), /^550 5\.1\.0 /);
  },
);

for (
  const [what, startTls, line] of [
    ["another name", shows("mx.other.test").startTls, "TLS client certificate verified CN=mx.other.test"],
    [
      "one that has expired",
      shows("mx.partner.test", expired).startTls,
      "TLS client certificate not verified CN=mx.partner.test: certificate has expired",
    ],
    ["none", shows(undefined).startTls, undefined],
  ] as const
) {
  test(
    `Admission stays as it was for a certificate with ${what}, and the client goes on`,
    { ...partners, startTls },
    async (rig) => {
      const { client } = await secured(rig);
      await client.say("MAIL FROM:<a@example.com>\r\n", "250");
      assert.match(await client.say("RCPT TO:<b@elsewhere.test>\r\n"), /^550 5\.1\.0 /);
      assert.match(await client.say("RCPT TO:<b@example.test>\r\n"), /^250 /);
      assert.deepEqual(rig.lines.filter((each) => each.includes("certificate")), line ? [`Info: ICID 1 ${line}`] : []);
      assert.equal(rig.lines.filter((each) => each.includes(" SG ")).length, 1);
    },
  );
}

const closed = {
  ...partners,
  listener: {
    sender_groups: [
      groupOf("PARTNER", ["certificate[mx.partner.test]"], { policy: "RELAYED" }),
      groupOf("ALL", ["ALL"], { policy: "DELAYED" }),
    ],
  },
};
test(
  "Admission lets a certificate in where everybody else is rejected at his recipients",
  { ...closed, ...partner },
  async (rig) => {
    const stranger = await rig.greeted();
    await stranger.say("MAIL FROM:<a@example.com>\r\n", "250");
    assert.match(await stranger.say("RCPT TO:<b@example.test>\r\n"), /^554 5\.7\.1 /);
    const { client } = await secured(rig);
    await client.say("MAIL FROM:<a@example.com>\r\n", "250");
    assert.match(await client.say("RCPT TO:<b@elsewhere.test>\r\n"), /^250 /);
  },
);

test("Admission hangs up on a certificate that the table refuses on TCP", {
  ...partner,
  policies: [policyOf({ name: "GONE", action: "tcp_refuse" })],
  listener: {
    sender_groups: [
      groupOf("FORMER", ["certificate[.partner.test]"], { policy: "GONE" }),
      groupOf("ALL", ["ALL"]),
    ],
  },
}, async (rig) => {
  const client = await rig.greeted();
  await writeText(client.conn, "STARTTLS\r\n");
  assert.equal(await client.rest(), "220 2.0.0 Ready to start TLS\r\n");
  await settled();
  assert.deepEqual(rig.lines.slice(-2), [
    "Info: ICID 1 TCPREFUSE SG FORMER match certificate[.partner.test]",
    "Info: ICID 1 close",
  ]);
});

test("Admission rejects a certificate that the table rejects, in words that the client hears", {
  ...partner,
  policies: [blocked],
  listener: {
    sender_groups: [
      groupOf("FORMER", ["certificate[mx.partner.test]"], { policy: "BLOCKED" }),
      groupOf("ALL", ["ALL"]),
    ],
  },
}, async (rig) => {
  const { client, ehlo } = await secured(rig);
  const text = "554 5.7.1 192.0.2.7 is listed (certificate[mx.partner.test] in FORMER), ask gw.example.test\r\n";
  assert.equal(ehlo, text);
  assert.equal(await client.say("MAIL FROM:<a@example.com>\r\n"), text);
  assert.equal(await client.say("QUIT\r\n"), "221 2.0.0 Bye\r\n");
});

const required = { policy: { verify_client_certificate: "required" } } as const;
const preferred = { policy: { verify_client_certificate: "preferred" } } as const;

test("Admission demands TLS where a certificate is required", { ...required, ...shows("c.test") }, async (rig) => {
  const client = await rig.greeted();
  assert.match(await client.say("MAIL FROM:<a@example.com>\r\n"), /^530 5\.7\.0 /);
  await client.say("STARTTLS\r\n", "220");
  assert.match(await client.say("EHLO c\r\n", "250"), /^250-gw/);
  await client.say(transaction, "354");
});

for (
  const [policy, startTls, reply, note] of [
    [
      required,
      shows(undefined).startTls,
      "554 5.7.0 A client certificate is required\r\n",
      "P requires a client certificate and none was shown",
    ],
    [
      required,
      shows("c.test", expired).startTls,
      "554 5.7.0 Client certificate not verified\r\n",
      "P takes no client certificate that does not verify (expired)",
    ],
    [
      preferred,
      shows("c.test", expired).startTls,
      "554 5.7.0 Client certificate not verified\r\n",
      "P takes no client certificate that does not verify (expired)",
    ],
  ] as const
) {
  const how = policy.policy.verify_client_certificate;
  test(`Admission refuses in words after the handshake: ${how}, ${note}`, { ...policy, startTls }, async (rig) => {
    const { client, ehlo } = await secured(rig);
    assert.equal(ehlo, reply);
    assert.equal(await client.say("MAIL FROM:<a@example.com>\r\n"), reply);
    for (let n = 0; n < 10; n++) await writeText(client.conn, "RSET\r\n").catch(() => {});
    assert.match(await client.rest(), /421 4\.7\.0 Too many errors\r\n$/);
    await settled();
    assert.ok(rig.lines.includes(`Info: ICID 1 refused: ${note}`), rig.lines.join("\n"));
  });
  test(`Admission refuses in the greeting on smtps: ${how}, ${note}`, {
    ...policy,
    startTls,
    listener: { transport: "smtps" },
  }, async (rig) => {
    const client = rig.connect();
    assert.equal(await client.hear(), reply);
    assert.match(await client.say("EHLO c\r\n"), /^503 /);
  });
}

const plain = shows("c.test");
test("Admission asks nobody for a certificate whom no rule asks", plain, async (rig) => {
  await secured(rig);
  assert.deepEqual(plain.asked, [false]);
});

for (
  const [what, startTls] of [["a good certificate", shows("c.test").startTls], [
    "none",
    shows(undefined).startTls,
  ]] as const
) {
  test(`Admission takes ${what} where one is preferred`, { ...preferred, startTls }, async (rig) => {
    const { client, ehlo } = await secured(rig);
    assert.match(ehlo, /^250-gw/);
    await client.say(transaction, "354");
  });
}

test("Admission reads the table with the certificate before it greets on smtps", {
  ...partner,
  policies: [relayed, blocked],
  listener: {
    transport: "smtps",
    sender_groups: [
      groupOf("PARTNER", ["certificate[mx.partner.test]"], { policy: "RELAYED" }),
      groupOf("ALL", ["ALL"], { policy: "BLOCKED" }),
    ],
  },
}, async (rig) => {
  const client = rig.connect();
  assert.equal(await client.hear(), "220 gw.example.test ESMTP\r\n");
  await client.say("EHLO c\r\n", "250");
  await client.say("MAIL FROM:<a@example.com>\r\n", "250");
  assert.match(await client.say("RCPT TO:<b@elsewhere.test>\r\n"), /^250 /);
});

test("Admission wants TLS of the senders that a policy names", {
  policy: { tls_required_for: ["bank.test", ".gov.test"] },
  startTls: shows(undefined).startTls,
}, async (rig) => {
  const client = await rig.greeted();
  for (const sender of ["a@bank.test", "A@BANK.TEST", "a@x.gov.test"]) {
    const answer = await client.say(`MAIL FROM:<${sender}>\r\n`);
    assert.equal(answer, "530 5.7.0 Must issue a STARTTLS command first\r\n");
  }
  assert.match(await client.say("RCPT TO:<b@example.test>\r\n"), /^503 /);
  for (const sender of ["a@example.com", ""]) {
    assert.match(await client.say(`MAIL FROM:<${sender}>\r\n`), /^250 /);
    await client.say("RSET\r\n", "250");
  }
  await client.say("STARTTLS\r\n", "220");
  await client.say("EHLO c\r\n", "250");
  assert.match(await client.say("MAIL FROM:<a@bank.test>\r\n"), /^250 /);
  assert.ok(rig.lines.includes("Info: ICID 1 MAIL refused: <a@bank.test> must use TLS"));
});
