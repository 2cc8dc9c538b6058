/**
 * Traces of clients that more than their address speaks for or against: DNS lists, certificates, names, demands of their policy.
 */
import assert from "node:assert/strict";

import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { loadSource } from "../../src/config/load.ts";
import { type Trace, trace, type TraceQuestion } from "../../src/explain/trace.ts";
import { cheapHash } from "../auth/hashes.ts";

const hash = cheapHash("secret");

const source = `version: 1
hostname: gw.example.test
listeners:
  inbound:
    address: 127.0.0.1:2525
    sender_groups:
      - { name: PARTNER, senders: ["certificate[mx.partner.example]"], policy: RELAYED, comment: by contract }
      - { name: LISTED, senders: ["dnslist[bl.example, 127.0.0.2]", "dnslist[other.example]"], policy: BLOCKED }
      - { name: NAMELESS, conditions: [no_ptr], policy: SLOW }
      - { name: STRICT, senders: [198.51.100.0/24], policy: PROVEN }
      - name: CAREFUL
        senders:
          - { sender: 203.0.113.0/24, comment: branch office }
        policy: CAREFUL
      - { name: SUBMITTERS, senders: [198.18.0.0/24], policy: SUBMISSION }
      - { name: KEPT, senders: [198.18.1.0/24], policy: KEPT }
      - { name: ALL, policy: default }
    recipients: [{ address: example.test, action: accept }]
mail_flow_policies:
  RELAYED: { action: relay }
  BLOCKED: { action: reject, delayed_reject: true, reject_text: "5.7.1 $RemoteIP is listed ($HATEntry)" }
  SLOW: { max_recipients_per_message: 1 }
  PROVEN: { verify_client_certificate: required }
  SUBMISSION: { auth: required }
  KEPT: { auth: preferred, auth_relay: false }
  CAREFUL: { tls_required_for: [.partner.example, boss@example.net] }
smtp_auth:
  users:
    ann: { password_hash: "${hash}", senders: [ann@example.test] }
    printer: { certificate: printer.example.test }
`;

const loaded = await loadSource(source, { file: "c.yaml", hostname: "gw.example.test", generation: 1 });
if (!loaded.ok) throw new Error(loaded.errors.map(({ line, text }) => `${line}: ${text}`).join("\n"));
const { config, said } = loaded;

type Wish = Partial<TraceQuestion["client"]> & { lists?: Record<string, string[]> };

async function traced({ lists = {}, ...client }: Wish): Promise<Trace> {
  return await trace({
    config,
    source: said,
    listener: "inbound",
    client: {
      address: "192.0.2.7",
      name: { host: "mail.example.net", verified: true },
      from: "a@example.net",
      to: ["b@example.test"],
      ...client,
    },
    nameFrom: "as given",
    lists: (_address, zones) => Promise.resolve(new Map(zones.map((zone) => [zone, lists[zone] ?? []]))),
    recipients: { check: ({ service }) => Promise.resolve({ kind: "known", by: service }) },
    clock: systemClock,
    random: systemRandom,
  });
}

const cases: { what: string; client: Wish; accepted: boolean; verdict: RegExp; groups: string[] }[] = [
  {
    what: "a client that nothing is known about",
    client: {},
    accepted: true,
    verdict: /^accepted: b@example\.test goes to the MX/,
    groups: ["ALL takes it by ALL [17]"],
  },
  {
    what: "a client on a list, refused at its recipients",
    client: { lists: { "bl.example": ["127.0.0.2"] } },
    accepted: false,
    verdict:
      /^refused: b@example\.test is refused: 554 5\.7\.1 192\.0\.2\.7 is listed \(dnslist\[bl\.example, 127\.0\.0\.2\]\)$/,
    groups: ["LISTED takes it by dnslist[bl.example, 127.0.0.2] [8]"],
  },
  {
    what: "a client on a list with an answer that does not count",
    client: { lists: { "bl.example": ["127.0.0.9"] } },
    accepted: true,
    verdict: /^accepted/,
    groups: ["ALL takes it by ALL [17]"],
  },
  {
    what: "a client without a name",
    client: { name: { host: undefined, verified: false } },
    accepted: true,
    verdict: /^accepted/,
    groups: ["NAMELESS takes it by no_ptr [9]"],
  },
  {
    what: "a client about whose name the DNS says nothing",
    client: { name: { host: undefined, verified: false, failed: true } },
    accepted: true,
    verdict: /^accepted/,
    groups: ["ALL takes it by ALL [17]"],
  },
  {
    what: "a certificate that lifts its client into a group above",
    client: { tls: "TLSv1.3", certificate: { name: "mx.partner.example", verified: true }, to: ["x@anywhere.example"] },
    accepted: true,
    verdict: /^accepted: x@anywhere\.example goes to/,
    groups: [
      "ALL takes it by ALL [17]",
      "PARTNER takes it by certificate[mx.partner.example], now that TLS has proven more [7]",
    ],
  },
  {
    what: "a certificate of that name that does not verify",
    client: {
      tls: "TLSv1.3",
      certificate: { name: "mx.partner.example", verified: false },
      to: ["x@anywhere.example"],
    },
    accepted: false,
    verdict: /x@anywhere\.example is refused: 550/,
    groups: ["ALL takes it by ALL [17]"],
  },
  {
    what: "a client that has to show a certificate and has none",
    client: { address: "198.51.100.1", tls: "TLSv1.3" },
    accepted: false,
    verdict: /^refused at EHLO: 554 5\.7\.0 A client certificate is required/,
    groups: ["STRICT takes it by 198.51.100.0/24 [10]"],
  },
  {
    what: "a client that has to show a certificate, and does",
    client: { address: "198.51.100.1", tls: "TLSv1.3", certificate: { name: "any.example", verified: true } },
    accepted: true,
    verdict: /^accepted/,
    groups: ["STRICT takes it by 198.51.100.0/24 [10]"],
  },
  {
    what: "a sender that must use TLS, in clear",
    client: { address: "203.0.113.5", from: "boss@example.net" },
    accepted: false,
    verdict: /^refused at MAIL: 530 5\.7\.0 /,
    groups: ["CAREFUL takes it by 203.0.113.0/24 [13]"],
  },
  {
    what: "a sender that must use TLS, and does",
    client: { address: "203.0.113.5", from: "a@mx.partner.example", tls: "TLSv1.2" },
    accepted: true,
    verdict: /^accepted/,
    groups: ["CAREFUL takes it by 203.0.113.0/24 [13]"],
  },
  {
    what: "a client that has to authenticate itself and does not",
    client: { address: "198.18.0.1", tls: "TLSv1.3" },
    accepted: false,
    verdict: /^refused at MAIL: 530 5\.7\.0 Authentication required/,
    groups: ["SUBMITTERS takes it by 198.18.0.0/24 [15]"],
  },
  {
    what: "a user within TLS, to any recipient",
    client: {
      address: "198.18.0.1",
      tls: "TLSv1.3",
      auth: "ann",
      from: "ann@example.test",
      to: ["x@anywhere.example"],
    },
    accepted: true,
    verdict: /^accepted: x@anywhere\.example goes/,
    groups: ["SUBMITTERS takes it by 198.18.0.0/24 [15]"],
  },
  {
    what: "a user in clear",
    client: { address: "198.18.0.1", auth: "ann", from: "ann@example.test" },
    accepted: false,
    verdict: /^refused at AUTH: 5\d\d /,
    groups: ["SUBMITTERS takes it by 198.18.0.0/24 [15]"],
  },
  {
    what: "a user who sends as somebody else",
    client: { address: "198.18.0.1", tls: "TLSv1.3", auth: "ann" },
    accepted: false,
    verdict: /^refused at MAIL: 553 5\.7\.1 <a@example\.net> Sender address is not yours$/,
    groups: ["SUBMITTERS takes it by 198.18.0.0/24 [15]"],
  },
  {
    what: "a user whom the policy keeps to the recipient table",
    client: {
      address: "198.18.1.1",
      tls: "TLSv1.3",
      auth: "ann",
      from: "ann@example.test",
      to: ["x@anywhere.example"],
    },
    accepted: false,
    verdict: /x@anywhere\.example is refused: 550/,
    groups: ["KEPT takes it by 198.18.1.0/24 [16]"],
  },
  {
    what: "a user by certificate",
    client: {
      address: "198.18.0.1",
      tls: "TLSv1.3",
      certificate: { name: "printer.example.test", verified: true },
      auth: "printer",
      to: ["x@anywhere.example"],
    },
    accepted: true,
    verdict: /^accepted/,
    groups: ["SUBMITTERS takes it by 198.18.0.0/24 [15]"],
  },
  {
    what: "a user whom nobody knows",
    client: { address: "198.18.0.1", tls: "TLSv1.3", auth: "bob" },
    accepted: false,
    verdict: /^refused at AUTH: 535 5\.7\.8 /,
    groups: ["SUBMITTERS takes it by 198.18.0.0/24 [15]"],
  },
  {
    what: "one recipient too many for the policy",
    client: { name: { host: undefined, verified: false }, to: ["b@example.test", "c@example.test"] },
    accepted: false,
    verdict: /c@example\.test is refused: 452/,
    groups: ["NAMELESS takes it by no_ptr [9]"],
  },
];

for (const { what, client, accepted, verdict, groups } of cases) {
  Deno.test(`trace judges ${what}`, async () => {
    const { verdict: end, decisions } = await traced(client);
    assert.match(end.text, verdict);
    assert.equal(end.accepted, accepted);
    const told = decisions.filter(({ step }) => step === "group").map(({ text, line }) => `${text} [${line}]`);
    assert.deepEqual(told, groups);
  });
}

Deno.test("trace tells what lists said, what the certificate is worth, and comments", async () => {
  const listed = await traced({ lists: { "other.example": [] } });
  const notes = (of: Trace, step: string) =>
    of.decisions.find((one) => one.step === step)?.notes.map(({ text }) => text);
  assert.deepEqual(notes(listed, "client"), [
    "DNS list bl.example: not listed",
    "DNS list other.example: not listed",
  ]);
  const shown = await traced({ tls: "TLSv1.3", certificate: { name: "mx.partner.example", verified: true } });
  assert.ok(notes(shown, "TLS")!.includes("the client's certificate CN=mx.partner.example verifies"));
  assert.ok(
    shown.decisions.findLast(({ step }) => step === "group")!.notes.some(({ text }) => text === "comment: by contract"),
  );
  const careful = await traced({ address: "203.0.113.5", from: "boss@example.net" });
  assert.ok(notes(careful, "TLS")!.includes("MAIL refused: <boss@example.net> must use TLS"));
  assert.ok(notes(careful, "group")!.includes("comment: branch office"));
  const refused = await traced({ lists: { "bl.example": ["127.0.0.2"] } });
  const recipient = refused.decisions.find(({ step }) => step === "recipient")!;
  assert.match(recipient.text, /; the policy of LISTED rejects, so the recipient table is not asked$/);
});

Deno.test("trace tells what an authentication was worth, and shows no secret", async () => {
  const ann = await traced({
    address: "198.18.0.1",
    tls: "TLSv1.3",
    auth: "ann",
    from: "ann@example.test",
    to: ["x@anywhere.example"],
  });
  const line = source.split("\n").findIndex((one) => one.startsWith("    ann:")) + 1;
  const { text, line: at } = ann.decisions.find(({ step }) => step === "auth")!;
  assert.deepEqual([text, at], ["ann succeeds, its password or certificate taken for right", line]);
  const recipient = ann.decisions.find(({ step }) => step === "recipient")!;
  assert.match(recipient.text, /; ann has authenticated himself and may send to any recipient \(auth_relay\)$/);
  assert.equal(recipient.line, line);
  assert.ok(ann.dialogue.some(({ command }) => command === "AUTH PLAIN"));
  assert.doesNotMatch(JSON.stringify(ann), /scrypt|AGFubg/);
  const bob = await traced({ address: "198.18.0.1", tls: "TLSv1.3", auth: "bob" });
  assert.equal(bob.decisions.find(({ step }) => step === "auth")!.text, "bob fails: no such user");
});
