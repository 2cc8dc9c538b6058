/**
 * `postern trace` from its words to its exit code.
 */
import assert from "node:assert/strict";
import { helpText, parseWords } from "../../src/cli/command.ts";
import { cliCommands } from "../../src/cli/commands/all.ts";
import { runHere, withFile } from "../support/here.ts";
import { startFakeDns, zone } from "../support/fake_dns.ts";

const run = (words: readonly string[], file = "config/config.yaml") => runHere(["trace", ...words], { file });

Deno.test("trace takes what is accepted for exit code 0, and a refusal for 1", async () => {
  const taken = await run(["--ip", "198.51.100.7", "--no-dns", "--from", "a@example.net", "--to", "b@example.test"]);
  assert.equal(taken.code, 0);
  assert.equal(
    taken.out.at(-1),
    "verdict     accepted: b@example.test goes to 127.0.0.1:2526 under TLS level preferred",
  );
  const refused = await run(["--ip=192.0.2.1", "--no-dns"]);
  assert.deepEqual([refused.code, refused.err], [1, []]);
  assert.equal(refused.out.at(-1), "verdict     refused at the greeting: 554 5.7.1 Access denied");
});

Deno.test("trace gives its data as JSON", async () => {
  const { out } = await run(["--ip", "198.51.100.7", "--no-dns", "--to", "b@example.test", "--json"]);
  assert.equal(out.length, 1);
  const { verdict, decisions, dialogue, file } = JSON.parse(out[0]);
  assert.equal(verdict.accepted, true);
  assert.equal(file, "config/config.yaml");
  assert.ok(decisions.some(({ step, line }: { step: string; line?: number }) => step === "recipient" && line! > 0));
  assert.equal(dialogue[2].command, "MAIL FROM:<>");
});

const misused: { words: string[]; err: RegExp }[] = [
  { words: [], err: /--ip ADDRESS is missing/ },
  { words: ["--ip", "10.0.0"], err: /10\.0\.0: it is no IP address/ },
  { words: ["--ip", "10.0.0.1", "--tls", "SSLv3"], err: /SSLv3: it is no version; one of TLSv1\.0/ },
  { words: ["--ip", "10.0.0.1", "--listener", "other"], err: /listener other: there are inbound, blackhole/ },
  { words: ["--ip", "10.0.0.1", "--host", "a b"], err: /--host a b: it is no domain name/ },
  { words: ["--ip", "10.0.0.1", "--host", "a.test", "--unverified-host", "a.test"], err: /exclude each other/ },
  {
    words: ["--ip", "10.0.0.1", "--from", "a@b.test>\r\nQUIT"],
    err: /--from a@b\.test>\\r\\nQUIT: it is no mail address/,
  },
  { words: ["--ip", "10.0.0.1", "--to", ""], err: /--to: it is empty/ },
  {
    words: ["--ip", "10.0.0.1", "--listed", "bl.example=10.0.0.1"],
    err: /--listed bl\.example=10\.0\.0\.1: it is no DNS list/,
  },
  { words: ["--ip", "10.0.0.1", "--certificate", "a", "--unverified-certificate", "b"], err: /exclude each other/ },
  { words: ["--ip", "10.0.0.1", "--helo", "a b"], err: /--helo a b: it is no name/ },
];

for (const { words, err } of misused) {
  Deno.test(`trace refuses the words ${JSON.stringify(words)}`, async () => {
    const result = await run([...words, ...words.includes("--no-dns") ? [] : ["--no-dns"]]);
    assert.equal(result.code, 2);
    assert.equal(result.out.length, 0);
    assert.match(result.err.join("\n"), err);
  });
}

Deno.test("trace tells the faults of a file instead of following it", async () => {
  await withFile("version: 1\nlisteners: { a: { address: here } }\n", async (file) => {
    const { code, err, out } = await run(["--ip", "10.0.0.1"], file);
    assert.deepEqual([code, out], [2, []]);
    assert.match(err[0], /c\.yaml:2:\d+: listeners\.a\.address: /);
  });
});

Deno.test("trace asks the DNS for the client's name and for the hosts of a domain", async () => {
  await using dns = startFakeDns(zone([
    { name: "7.100.51.198.in-addr.arpa", type: "PTR", data: "mail.partner.test" },
    { name: "mail.partner.test", type: "A", data: "198.51.100.7" },
    { name: "away.test", type: "MX", data: { preference: 10, exchange: "mx.away.test" } },
    { name: "mx.away.test", type: "A", data: "203.0.113.5" },
    { name: "round.test", type: "MX", data: { preference: 10, exchange: "gw.example.test" } },
    { name: "null.test", type: "MX", data: { preference: 0, exchange: "." } },
  ]));
  const source = `version: 1
dns: { servers: ["${dns.server.address}:${dns.server.port}"] }
listeners:
  inbound:
    address: 127.0.0.1:2525
    sender_groups:
      - { name: PARTNER, senders: [.partner.test], policy: RELAYED }
      - { name: ALL, policy: default }
mail_flow_policies: { RELAYED: { action: relay } }
`;
  await withFile(source, async (file) => {
    const words = ["away", "round", "null", "none"].flatMap((name) => ["--to", `b@${name}.test`]);
    const { code, out } = await run(["--ip", "198.51.100.7", "--from", "a@partner.test", ...words], file);
    const text = out.join("\n");
    assert.equal(code, 0, text);
    assert.match(text, /^client +198\.51\.100\.7, host mail\.partner\.test, verified \(as the DNS says\)$/m);
    assert.match(text, /^group +PARTNER takes it by \.partner\.test {2}\[.*c\.yaml:7\]$/m);
    assert.match(text, /^hosts +mx\.away\.test:25, by MX, best first\n +mx\.away\.test: 203\.0\.113\.5:25$/m);
    assert.match(
      out.at(-1)!,
      /: b@away\.test goes to mx\.away\.test:25 under TLS level preferred; b@round\.test cannot be delivered: Mail for round\.test loops back to myself; b@null\.test cannot be delivered: The domain null\.test takes no mail \(null MX\); b@none\.test cannot be delivered: There is no domain none\.test$/,
    );
  });
});

Deno.test("trace has help of its own", () => {
  const parsed = parseWords(["trace", "--help"], cliCommands);
  assert.ok(parsed.kind === "help");
  const text = helpText(parsed.about);
  for (const option of Object.keys(parsed.about[0].options!)) assert.ok(text.includes(`--${option} `), option);
});
