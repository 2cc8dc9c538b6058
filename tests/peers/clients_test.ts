/**
 * Who may connect, tried by real clients: swaks from several addresses with Unbound as the DNS, and s_client with certificates.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Authority, makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { type CommandEnd, peerTest, runCommand } from "../support/peers.ts";
import { Session } from "../support/s_client.ts";
import { startUnbound } from "../support/unbound.ts";

/** Where a client comes from, and what it says: swaks' exit code, 0 taken, 21 greeting, 23 MAIL, 24 RCPT refused. */
function swaks(
  port: number,
  { from = "127.0.0.1", args }: { from?: string; args: readonly string[] },
): Promise<CommandEnd> {
  return runCommand("swaks", [
    ...["--server", "127.0.0.1", "--port", `${port}`, "--local-interface", from, "--helo", "client.example.test"],
    ...["--from", "sender@example.org", "--suppress-data", ...args],
  ]);
}

const to = ["--to", "a@example.test"];
const elsewhere = ["--to", "a@elsewhere.test"];

/** Names of clients on loopback, and a list of some of them. 127.0.0.6 has no name, the name of 127.0.0.7 is another's. */
const zones = [
  'local-zone: "test." static',
  'local-data: "test. 3600 IN SOA ns.test. root.test. 1 3600 600 86400 300"',
  'local-zone: "0.0.127.in-addr.arpa." static',
  'local-data: "0.0.127.in-addr.arpa. 3600 IN SOA ns.test. root.test. 1 3600 600 86400 300"',
  ...[1, 5, 9, 10, 11].flatMap((host) => [
    `local-data-ptr: "127.0.0.${host} host${host}.partner.test"`,
    `local-data: "host${host}.partner.test. 60 IN A 127.0.0.${host}"`,
  ]),
  'local-data-ptr: "127.0.0.7 host5.partner.test"',
  'local-data: "9.0.0.127.bl.test. 60 IN A 127.0.0.2"',
  'local-data: "10.0.0.127.bl.test. 60 IN A 127.0.0.5"',
  'local-data: "11.0.0.127.bl.test. 60 IN A 127.0.0.3"',
];

peerTest(
  ["swaks", "unbound"],
  "swaks: groups by DNS list, missing name and name, with Unbound as the DNS",
  async (t) => {
    // Nobody answers there: the socket takes questions and says nothing.
    using ended = new DisposableStack();
    const mute = ended.adopt(
      Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
      (it) => it.close(),
    );
    await using unbound = await startUnbound({
      server: zones,
      clauses: [
        "forward-zone:",
        'name: "dead.example."',
        `forward-addr: 127.0.0.1@${(mute.addr as Deno.NetAddr).port}`,
      ],
    });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound", "silent", "hole"],
      config: ({ inbound, silent, hole }) => ({
        version: 1,
        hostname: "gw.example.test",
        dns: { servers: [`127.0.0.1:${unbound.port}`], timeout: "2s" },
        listeners: {
          inbound: {
            address: `127.0.0.1:${inbound}`,
            recipients: [{ address: "example.test", action: "accept" }],
            sender_groups: [
              { name: "SPAM", senders: ["dnslist[bl.test, 127.0.0.2]"], policy: "BLOCKED" },
              {
                name: "SUSPECT",
                senders: [{ sender: "dnslist[bl.test, 127.0.0.4-127.0.0.8]", comment: "dial-up" }],
                policy: "DELAYED",
              },
              { name: "NAMELESS", conditions: ["no_ptr"], policy: "NAMELESS" },
              { name: "FORGED", conditions: ["ptr_mismatch"], policy: "GONE" },
              { name: "FRIEND", senders: ["host5.partner.test"], policy: "RELAYED" },
              { name: "ALL", policy: "ACCEPTED" },
            ],
          },
          silent: {
            address: `127.0.0.1:${silent}`,
            recipients: [{ address: "example.test", action: "accept" }],
            sender_groups: [
              { name: "SPAM", senders: ["dnslist[one.dead.example]", "dnslist[two.dead.example]"], policy: "BLOCKED" },
              { name: "MORE", senders: ["dnslist[three.dead.example]", "dnslist[bl.test]"], policy: "RELAYED" },
              { name: "ALL", policy: "ACCEPTED" },
            ],
          },
          hole: { type: "blackhole", address: `127.0.0.1:${hole}` },
        },
        mail_flow_policies: {
          default: { tls_required_for: ["bank.test"] },
          ACCEPTED: { greeting_text: "ESMTP welcomes $RemoteIP" },
          RELAYED: { action: "relay" },
          BLOCKED: { action: "reject", reject_text: "5.7.1 $RemoteIP is listed: $HATEntry" },
          DELAYED: {
            action: "reject",
            delayed_reject: true,
            reject_code: 550,
            reject_text: "5.7.1 No mail from $Group",
          },
          NAMELESS: { action: "reject", reject_code: 450, reject_text: "4.7.25 $RemoteIP has no name" },
          GONE: { action: "tcp_refuse" },
        },
        smtp_routes: { "example.test": [`127.0.0.1:${hole}`], "elsewhere.test": [`127.0.0.1:${hole}`] },
      }),
    });
    const { inbound, silent } = gateway.ports;
    /** Client, arguments, swaks' exit code, a line of the dialogue, and one of the log. */
    const table: [name: string, from: string, args: string[], code: number, shows: RegExp, log: RegExp][] = [
      [
        "anybody",
        "127.0.0.1",
        to,
        0,
        /^<- {2}220 gw\.example\.test ESMTP welcomes 127\.0\.0\.1$/m,
        /ACCEPT SG ALL match ALL/,
      ],
      [
        "on the list",
        "127.0.0.9",
        to,
        21,
        /^<\*\* 554 5\.7\.1 127\.0\.0\.9 is listed: dnslist\[bl\.test, 127\.0\.0\.2\]$/m,
        /REJECT SG SPAM match dnslist\[bl\.test, 127\.0\.0\.2\]/,
      ],
      [
        "on the list with a code that is delayed",
        "127.0.0.10",
        to,
        24,
        /^<\*\* 550 5\.7\.1 No mail from SUSPECT$/m,
        /MID \d+ ICID \d+ To: <a@example\.test> Rejected by HAT/,
      ],
      [
        "on the list with a code that nobody named",
        "127.0.0.11",
        to,
        0,
        /^<- {2}220 /m,
        /host11\.partner\.test verified yes/,
      ],
      [
        "without a name",
        "127.0.0.6",
        to,
        21,
        /^<\*\* 450 4\.7\.25 127\.0\.0\.6 has no name$/m,
        /SG NAMELESS match no_ptr/,
      ],
      ["with another's name", "127.0.0.7", to, 6, /closed|reset|ended/i, /TCPREFUSE SG FORGED match ptr_mismatch/],
      [
        "a friend by name",
        "127.0.0.5",
        elsewhere,
        0,
        /^<- {2}250 2\.1\.5 /m,
        /RELAY SG FRIEND match host5\.partner\.test/,
      ],
      ["a stranger", "127.0.0.1", elsewhere, 24, /^<\*\* 550 5\.1\.0 /m, /Rejected by RAT/],
      [
        "a sender that must use TLS, in clear",
        "127.0.0.1",
        [...to, "--from", "a@bank.test"],
        23,
        /^<\*\* 530 5\.7\.0 Must issue a STARTTLS command first$/m,
        /MAIL refused: <a@bank\.test> must use TLS/,
      ],
      [
        "a sender that must use TLS, with it",
        "127.0.0.1",
        [...to, "--from", "a@bank.test", "--tls"],
        0,
        /^<~ {2}250 /m,
        /From: <a@bank\.test>/,
      ],
    ];
    for (const [name, from, args, code, shows, log] of table) {
      await t.step(name, async () => {
        const end = await swaks(inbound, { from, args });
        assert.equal(end.code, code, end.stdout + end.stderr);
        assert.match(end.stdout + end.stderr, shows);
        await gateway.logged(log);
      });
    }
    await t.step(
      "lists that never answer hold a client for dns.timeout, all together, and are told of once each",
      async () => {
        for (const from of ["127.0.0.9", "127.0.0.1"]) {
          const since = performance.now();
          const end = await swaks(silent, { from, args: [...elsewhere] });
          const took = performance.now() - since;
          assert.equal(end.code, from === "127.0.0.9" ? 0 : 24, end.stdout);
          // Three lists one after the other would take three times as long.
          assert.ok(took >= 1_900 && took < 5_900, `${took} ms`);
        }
        const warnings = gateway.log.match(/Warning: DNS list .*/g) ?? [];
        assert.deepEqual(warnings.map((line) => line.split(" ")[3]).sort(), [
          "one.dead.example",
          "three.dead.example",
          "two.dead.example",
        ]);
      },
    );
  },
);

/** Names of the certificates that a test shows. */
type Shown = "none" | "good" | "other" | "expired" | "revoked" | "untrusted" | "server";

async function certificates(ca: Authority, stranger: Authority): Promise<Record<Exclude<Shown, "none">, string[]>> {
  const names = ["mx.partner.test"];
  const expired = { notBefore: new Date(Date.now() - 20 * 86_400_000), notAfter: new Date(Date.now() - 86_400_000) };
  // One after the other: an authority has one file of serial numbers.
  const good = await makeLeaf({ ca, names: ["sub.partner.test"], commonName: "Partner Gateway", key: "rsa:2048" });
  const other = await makeLeaf({ ca, names: ["mx.other.test"] });
  const old = await makeLeaf({ ca, names, ...expired });
  const revoked = await makeLeaf({ ca, names });
  const untrusted = await makeLeaf({ ca: stranger, names });
  const server = await makeLeaf({ ca, names, purpose: "serverAuth" });
  await Deno.writeTextFile(`${ca.dir}/list.crl`, await makeRevocationList(ca, { revoked: [revoked] }));
  const flags = ({ certificatePath, keyPath }: { certificatePath: string; keyPath: string }) => [
    ...["-cert", certificatePath, "-key", keyPath],
  ];
  return {
    good: flags(good),
    other: flags(other),
    expired: flags(old),
    revoked: flags(revoked),
    untrusted: flags(untrusted),
    server: flags(server),
  };
}

peerTest(["openssl"], "s_client: client certificates, good, expired, revoked and of strangers", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    const ca = await makeAuthority(folder);
    const shown = await certificates(ca, await makeAuthority(folder, { name: "Stranger" }));
    await using gateway = await GatewayProcess.start({
      ports: ["partner", "preferred", "required", "plain", "hole"],
      config: ({ partner, preferred, required, plain, hole }) => {
        const one = (port: number, policy: string) => ({
          address: `127.0.0.1:${port}`,
          recipients: [{ address: "example.test", action: "accept" }],
          sender_groups: [{ name: "ALL", policy }],
        });
        return {
          version: 1,
          hostname: "gw.example.test",
          dns: { servers: ["127.0.0.1:9"], timeout: "1s" },
          certificate_authorities: { system: false, custom: [ca.certificatePath], crls: [`${ca.dir}/list.crl`] },
          listeners: {
            partner: {
              ...one(partner, "ACCEPTED"),
              sender_groups: [
                {
                  name: "PARTNER",
                  senders: ["certificate[mx.partner.test]", "certificate[Partner Gateway]"],
                  policy: "RELAYED",
                },
                { name: "ALL", policy: "ACCEPTED" },
              ],
            },
            preferred: one(preferred, "PREFERRED"),
            required: one(required, "REQUIRED"),
            plain: one(plain, "ACCEPTED"),
            hole: { type: "blackhole", address: `127.0.0.1:${hole}` },
          },
          mail_flow_policies: {
            ACCEPTED: {},
            RELAYED: { action: "relay" },
            PREFERRED: { verify_client_certificate: "preferred" },
            REQUIRED: { verify_client_certificate: "required" },
          },
          smtp_routes: { "example.test": [`127.0.0.1:${hole}`], "elsewhere.test": [`127.0.0.1:${hole}`] },
        };
      },
    });
    const bad = "554 5.7.0 Client certificate not verified";
    const stranger = "550 5.1.0 ";
    // deno-fmt-ignore
    const table: [listener: string, Shown, ehlo: string, rcpt: string, log: string][] = [
      ["partner", "good", "250 ", "250 ", "client certificate verified CN=Partner Gateway"],
      ["partner", "other", "250 ", stranger, "client certificate verified CN=mx.other.test"],
      ["partner", "none", "250 ", stranger, ""],
      ["partner", "expired", "250 ", stranger, "not verified CN=mx.partner.test: certificate has expired"],
      ["partner", "revoked", "250 ", stranger, "not verified CN=mx.partner.test: certificate revoked"],
      ["partner", "untrusted", "250 ", stranger, "not verified CN=mx.partner.test: unable to get local issuer certificate"],
      ["partner", "server", "250 ", stranger, "not verified CN=mx.partner.test: unsuitable certificate purpose"],
      ["preferred", "good", "250 ", stranger, "client certificate verified CN=Partner Gateway"],
      ["preferred", "none", "250 ", stranger, ""],
      ["preferred", "expired", bad, "", "refused: PREFERRED takes no client certificate that does not verify (expired)"],
      ["preferred", "revoked", bad, "", "refused: PREFERRED takes no client certificate that does not verify (revoked)"],
      ["preferred", "untrusted", bad, "", "refused: PREFERRED takes no client certificate that does not verify (untrusted)"],
      ["required", "good", "250 ", stranger, "client certificate verified CN=Partner Gateway"],
      ["required", "none", "554 5.7.0 A client certificate is required", "", "refused: REQUIRED requires a client certificate and none was shown"],
      ["required", "revoked", bad, "", "refused: REQUIRED takes no client certificate that does not verify (revoked)"],
      // Nobody asks here, so nothing is shown.
      ["plain", "revoked", "250 ", stranger, ""],
    ];
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      // How certificates travel is the version's affair, what they mean is not: one listener is enough for the older one.
      const rows = table.filter(([listener]) => version === "TLSv1.3" || listener === "partner");
      for (const [listener, which, ehlo, rcpt, log] of rows) {
        await t.step(`${listener} ${version} ${which}`, async () => {
          const from = gateway.log.length;
          const extra = which === "none" ? [] : shown[which];
          await using client = new Session(gateway.ports[listener], { version, extra });
          const ready = await client.until(/\n250 CHUNKING/);
          assert.ok(ready !== null, client.output);
          await client.write("EHLO client.example.test");
          const heard = await client.until(/^(?:250|5\d\d) .*$/m);
          assert.ok(heard?.[0].startsWith(ehlo), `${heard?.[0]}`);
          // s_client takes lines that begin with R or Q for its own.
          if (rcpt !== "") {
            await client.write("MAIL FROM:<a@example.org>");
            assert.match((await client.until(/^\d{3} .*$/m))![0], /^250 /);
            await client.write("rcpt to:<b@elsewhere.test>");
            assert.ok((await client.until(/^\d{3} .*$/m))?.[0].startsWith(rcpt), client.output);
          }
          await client.write("quit");
          assert.ok(await client.until(/^221 /m) !== null, client.output);
          await gateway.logged(/ICID \d+ close/, { from });
          const lines = gateway.log.slice(from);
          if (log === "") assert.doesNotMatch(lines, /certificate/);
          else assert.ok(lines.includes(log), lines);
        });
      }
    }
    await t.step("no session of a client that was asked is resumed, one of the others is", async () => {
      for (const [listener, resumed] of [["partner", false], ["plain", true]] as const) {
        const path = `${folder}/${listener}.session`;
        const arguments_ = (flag: string) => [
          ...["s_client", "-connect", `127.0.0.1:${gateway.ports[listener]}`, "-starttls", "smtp", "-tls1_2", "-crlf"],
          ...["-ign_eof", flag, path, ...shown.good],
        ];
        const options = { input: "QUIT\n", env: { OPENSSL_CONF: "/dev/null" } };
        await runCommand("openssl", arguments_("-sess_out"), options);
        const again = await runCommand("openssl", arguments_("-sess_in"), options);
        assert.equal(/^Reused, /m.test(again.stdout), resumed, `${listener}: ${again.stdout}${again.stderr}`);
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
