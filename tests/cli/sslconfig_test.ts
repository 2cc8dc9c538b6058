/**
 * `postern sslconfig` on a file, without a gateway: what it shows, what it writes, and that bad words change nothing.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { cliCommands } from "../../src/cli/commands/all.ts";
import { runShell } from "../../src/cli/shell.ts";
import { makeLeaf } from "../support/certs.ts";
import { runHere } from "../support/here.ts";
import { engine } from "../support/tls_world.ts";

const plain = `version: 1
hostname: gw.example.test   # our name
storage: { directory: ./data }

tls:
  # What partners need
  inbound_smtp: { methods: [TLSv1.2, TLSv1.3] }   # for now
listeners:
  inbound: { address: 127.0.0.1:2525, type: blackhole }
`;

/** A folder with the file, for as long as it is used; every file in it by its text. */
async function withFolder(
  source: string,
  use: (
    place: { file: string; folder: string; run: (...words: string[]) => ReturnType<typeof runHere> },
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/config.yaml`;
  try {
    await Deno.writeTextFile(file, source, { mode: 0o640 });
    await use({ file, folder, run: (...words) => runHere(words, { file, engine }) });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("sslconfig show prints methods, ciphers and renegotiation of each service", async () => {
  await withFolder(plain, async ({ run }) => {
    const { code, out, err } = await run("sslconfig", "show");
    assert.deepEqual([code, err], [0, []]);
    assert.deepEqual(out, [
      "gui: HTTPS of the admin page",
      "  methods        TLSv1.2, TLSv1.3",
      "  ciphers        HIGH:!aNULL:!eNULL:!MD5:!PSK:!SRP:!kRSA",
      "  renegotiation  off",
      "inbound: listeners",
      "  methods        TLSv1.2, TLSv1.3",
      "  ciphers        HIGH:MEDIUM:!aNULL:!eNULL:!MD5:!PSK:!SRP",
      "  renegotiation  off",
      "outbound: deliveries",
      "  methods        TLSv1.2, TLSv1.3",
      "  ciphers        HIGH:MEDIUM:!aNULL:!eNULL:!MD5:!PSK:!SRP",
      "other: LDAP, updater, call-ahead, remote syslog",
      "  methods        TLSv1.1, TLSv1.2",
      "  ciphers        those of outbound",
    ]);
    const json = await run("sslconfig", "show", "--json");
    const services = json.out.map((line) => JSON.parse(line));
    assert.deepEqual(services.map(({ service, renegotiation }) => [service, renegotiation]), [
      ["gui", false],
      ["inbound", false],
      ["outbound", null],
      ["other", null],
    ]);
    assert.deepEqual(services[3].methods, ["TLSv1.1", "TLSv1.2"]);
  });
});

Deno.test("sslconfig set writes what was asked for and nothing else, before the first start too", async () => {
  await withFolder(plain, async ({ run, file, folder }) => {
    const set = await run("sslconfig", "set", "inbound", "--methods", "1-3", "--renegotiation", "on");
    assert.deepEqual([set.code, set.err], [0, []]);
    assert.deepEqual(set.out, [
      "inbound methods",
      "  before  TLSv1.2, TLSv1.3",
      "  now     TLSv1.1, TLSv1.2, TLSv1.3",
      "inbound renegotiation",
      "  before  off",
      "  now     on",
      `${file} is written; no gateway runs`,
    ]);
    const now = await Deno.readTextFile(file);
    assert.equal(
      now,
      plain.replace(
        "{ methods: [TLSv1.2, TLSv1.3] }",
        "{ methods: [TLSv1.1, TLSv1.2, TLSv1.3], renegotiation: true }",
      ),
    );
    assert.equal((await Deno.stat(file)).mode! & 0o777, 0o640);
    const history = [...Deno.readDirSync(`${folder}/data/history`)].filter(({ name }) => name.endsWith(".json"));
    assert.equal(history.length, 2);

    const ciphers = await run("sslconfig", "set", "outbound", "--ciphers", "ECDHE+AESGCM:!aNULL");
    assert.equal(ciphers.code, 0, ciphers.err.join("\n"));
    assert.match(await Deno.readTextFile(file), /^ {2}outbound_smtp: *\{? *\n? *ciphers: "?ECDHE\+AESGCM:!aNULL"?/m);
    const shown = await run("sslconfig", "show", "--json");
    assert.equal(JSON.parse(shown.out[3]).ciphers, "ECDHE+AESGCM:!aNULL");

    const again = await run("sslconfig", "set", "inbound", "--methods", "TLSv1.3,TLSv1.2,TLSv1.1", "--json");
    assert.deepEqual(JSON.parse(again.out[0]), { service: "inbound", file, changed: [], state: "written" });
  });
});

Deno.test("sslconfig set warns about what will not work, and writes it", async () => {
  await withFolder(plain, async ({ run, file, folder }) => {
    const leaf = await makeLeaf({ names: ["gw.example.test"], key: "ec:p256" }, folder);
    const more = `certificates: { mx: { certificate: ${leaf.certificatePath}, key: ${leaf.keyPath} } }\n`;
    await Deno.writeTextFile(file, plain.replace("type: blackhole", "type: blackhole, certificate: mx") + more);
    const { code, err } = await run(
      "sslconfig",
      "set",
      "inbound",
      "--methods",
      "1-4",
      "--ciphers",
      "ECDHE+aRSA+AESGCM:FOO",
    );
    assert.equal(code, 0);
    const text = err.join("\n");
    assert.match(text, /config\.yaml:7:\d+: tls\.inbound_smtp\.methods: warning: TLSv1\.0 is enabled, but no selected/);
    assert.match(text, /warning: TLSv1\.1 is enabled, but no selected cipher can serve it/);
    assert.match(text, /tls\.inbound_smtp\.ciphers: warning: the certificate mx \(EC P-256\) serves TLSv1\.3 only/);
    assert.match(text, /warning: FOO in the ciphers is a word without effect/);
    // From level 1 on, which TLS 1.2 alone sets, OpenSSL takes no such suite.
    const weak = await run("sslconfig", "set", "outbound", "--methods", "1-4", "--ciphers", "HIGH");
    assert.match(weak.err.join("\n"), /^Warning: .*A(EC)?DH-.* authenticates nobody/m);
  });
});

Deno.test("sslconfig set refuses bad words in one line each, and nothing is changed on disk", async (t) => {
  // deno-fmt-ignore
  const cases: [about: string, words: string[], line: RegExp][] = [
    ["a gap",                     ["inbound", "--methods", "1,3"],              /^Cannot use --methods 1,3: it selects TLSv1\.1, TLSv1\.3: TLSv1\.2 missing in between; methods can be enabled only in sequence; /],
    ["a number too large",        ["inbound", "--methods", "5"],                /^Cannot use --methods 5: it has the number 5, /],
    ["a method that is none",     ["inbound", "--methods", "SSLv3"],            /^Cannot use --methods SSLv3: it names no method/],
    ["a service that is none",    ["outbond", "--methods", "1"],                /^Cannot set TLS of outbond: it is no service; did you mean outbound\?$/],
    ["a string without a suite",  ["inbound", "--ciphers", "NONSENSE"],         /^Cannot set the ciphers: "NONSENSE" selects none$/],
    ["a string that is none",     ["inbound", "--ciphers", "HIGH:@NO"],         /^Cannot set the ciphers: "HIGH:@NO" is no cipher string$/],
    ["a string with a line end",  ["inbound", "--ciphers", "HIGH\r\nINJECT"],   /^Cannot set the ciphers: "HIGH\\r\\nINJECT" is no cipher string$/],
    ["ciphers of other",          ["other", "--ciphers", "HIGH"],               /^Cannot set the ciphers of other: they are those of outbound$/],
    ["renegotiation of outbound", ["outbound", "--renegotiation", "on"],        /^Cannot set renegotiation of outbound: /],
    ["renegotiation by halves",   ["inbound", "--renegotiation", "maybe"],      /^Cannot use --renegotiation maybe: it is on or off$/],
    ["nothing to set",            ["inbound"],                                  /^Cannot set TLS of inbound: nothing is to be set; /],
    ["a string of 10,000 characters", ["inbound", "--ciphers", "HIGH:".repeat(2000)], /config\.yaml:\d+:\d+: tls\.inbound_smtp\.ciphers: /],
  ];
  await withFolder(plain, async ({ run, file, folder }) => {
    for (const [about, words, line] of cases) {
      await t.step(about, async () => {
        const { code, out, err } = await run("sslconfig", "set", ...words);
        assert.deepEqual([code, out], [1, []], err.join("\n"));
        assert.match(err.at(-1)!, line);
        assert.equal(err.at(-1)!.split("\n").length, 1);
        assert.equal(await Deno.readTextFile(file), plain);
      });
    }
    const history = `${folder}/data/history`;
    const kept = [...Deno.readDirSync(folder)].some(({ name }) => name === "data") && existing(history);
    assert.deepEqual(kept, [], "no history of what was refused");
  });
});

function existing(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}

Deno.test("sslconfig set refuses to write into a file with faults elsewhere, and puts right what it can", async () => {
  const faulty = plain.replace("type: blackhole", "type: black hole");
  await withFolder(faulty, async ({ run, file }) => {
    const { code, err } = await run("sslconfig", "set", "inbound", "--methods", "1");
    assert.equal(code, 1);
    assert.match(err.join("\n"), /^Cannot set TLS of inbound: .*config\.yaml:9:\d+: listeners\.inbound\.type: /m);
    assert.equal(await Deno.readTextFile(file), faulty);
  });
});

Deno.test("sslconfig verify prints the suites as a table, the methods, and who can use them", async () => {
  await withFolder(plain, async ({ run }) => {
    const { code, out, err } = await run("sslconfig", "verify", "ECDHE+aRSA+AESGCM", "--methods", "1-3");
    assert.deepEqual([code, err], [0, []]);
    assert.deepEqual(out, [
      "ciphers       ECDHE+aRSA+AESGCM",
      "",
      "name                          protocol  key exchange  authentication  encryption              MAC",
      "TLS_AES_256_GCM_SHA384        TLSv1.3   any           any             AESGCM(256)             AEAD",
      "TLS_CHACHA20_POLY1305_SHA256  TLSv1.3   any           any             CHACHA20/POLY1305(256)  AEAD",
      "TLS_AES_128_GCM_SHA256        TLSv1.3   any           any             AESGCM(128)             AEAD",
      "ECDHE-RSA-AES256-GCM-SHA384   TLSv1.2   ECDHE         RSA             AESGCM(256)             AEAD",
      "ECDHE-RSA-AES128-GCM-SHA256   TLSv1.2   ECDHE         RSA             AESGCM(128)             AEAD",
      "",
      "TLSv1.3 always has its three suites: the string says nothing about them.",
      "method        TLSv1.1: no selected cipher can serve it",
      "method        TLSv1.2: 2 suites",
      "method        TLSv1.3: 3 suites",
      "key type      RSA: can be used, TLSv1.2, TLSv1.3",
      "key type      ECDSA: can be used, TLSv1.3 only",
      "key type      Ed25519: can be used, TLSv1.3 only",
      "certificate   demo (RSA 2048): can be used, TLSv1.2, TLSv1.3",
      "certificate   demo (EC P-256): can be used, TLSv1.3 only",
    ]);
    const old = await run("sslconfig", "verify", "AES128-SHA", "--methods", "2-4", "--json");
    const { suites, methods } = JSON.parse(old.out[0]);
    assert.deepEqual(suites, [{
      name: "AES128-SHA",
      oldest: "TLSv1.0",
      authentication: "RSA",
      keyExchange: "RSA",
      encryption: "AES(128)",
      mac: "SHA1",
      bits: 128,
    }]);
    assert.deepEqual(methods.map(({ suites: count }: { suites: number }) => count), [1, 1, 1]);
  });
});

Deno.test("sslconfig verify looks at one certificate, at a service's own settings, and does without a file", async () => {
  await withFolder(plain, async ({ run, file, folder }) => {
    const leaf = await makeLeaf({ names: ["gw.example.test"], key: "ed25519" }, folder);
    const more = `certificates:
  ed: { certificate: ${leaf.certificatePath}, key: ${leaf.keyPath} }
  gone: { certificate: gone.crt, key: gone.key }\n`;
    await Deno.writeTextFile(file, plain + more);
    const one = await run("sslconfig", "verify", "kRSA", "--methods", "2", "--certificate", "ed");
    assert.deepEqual(one.out.filter((line) => line.startsWith("certificate")), [
      "certificate   ed (ED25519): cannot be used: no selected cipher can use its key",
    ]);
    const all = await run("sslconfig", "verify", "--service", "inbound");
    assert.equal(all.out[0], "ciphers       HIGH:MEDIUM:!aNULL:!eNULL:!MD5:!PSK:!SRP");
    assert.ok(all.out.includes("certificate   ed (ED25519): can be used, TLSv1.2, TLSv1.3"), all.out.join("\n"));
    assert.deepEqual(all.err, [
      `Warning: the certificate gone is left out: Cannot read ${folder}/gone.crt: no such file`,
    ]);
    await Deno.remove(file);
    const bare = await run("sslconfig", "verify", "HIGH");
    assert.deepEqual([bare.code, bare.err.length], [0, 1]);
    assert.match(bare.err[0], /^Warning: no certificates are looked at, since /);
  });
});

Deno.test("sslconfig verify refuses bad words in one line each", async () => {
  const cases: [words: string[], line: RegExp][] = [
    [["NONSENSE"], /^Cannot set the ciphers: "NONSENSE" selects none$/],
    [["HIGH:("], /^Cannot set the ciphers: "HIGH:\(" is no cipher string$/],
    [["HIGH", "--certificate", "../x"], /^Cannot use --certificate \.\.\/x: no profile has this name; there are demo$/],
    [["HIGH", "--methods", "1,3"], /^Cannot use --methods 1,3: .*only in sequence/],
    [["HIGH", "--service", "smtp"], /^Cannot use --service smtp: it is no service; /],
    [[], /^Cannot verify ciphers: no string was given; a string, or --service$/],
  ];
  await withFolder(plain, async ({ run }) => {
    for (const [words, line] of cases) {
      const { code, out, err } = await run("sslconfig", "verify", ...words);
      assert.deepEqual([code, out, err.length], [1, [], 1], words.join(" "));
      assert.match(err[0], line);
    }
  });
});

/** Types lines into the shell. */
async function shell(
  file: string,
  lines: string[],
  caller?: { name: string; stages: boolean },
): Promise<{ code: number; out: string; err: string; prompts: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const prompts: string[] = [];
  const code = await runShell({
    file,
    clock: systemClock,
    random: systemRandom,
    hostname: "gw.example.test",
    openEngine: () => engine,
    commands: cliCommands,
    caller,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    read: (prompt) => {
      prompts.push(prompt);
      return Promise.resolve(lines.shift() ?? null);
    },
  });
  return { code, out: out.join("\n"), err: err.join("\n"), prompts };
}

Deno.test("sslconfig guides in the shell: service, methods by numbers, ciphers, renegotiation", async () => {
  await withFolder(plain, async ({ file }) => {
    const { code, out, err, prompts } = await shell(file, [
      "sslconfig",
      "inbund",
      "inbound",
      "1,3",
      "1",
      "",
      "on",
    ]);
    assert.equal(code, 0, err);
    assert.match(out, /^inbound: listeners$/m);
    assert.match(out, /^inbound methods\n {2}before {2}TLSv1\.2, TLSv1\.3\n {2}now {5}TLSv1\.3$/m);
    assert.match(err, /^inbund is no service; did you mean inbound\?$/m);
    assert.match(err, /1\. TLS v1\.3 {2}2\. TLS v1\.2/);
    assert.match(err, /only in sequence/);
    assert.equal(prompts.filter((prompt) => /^Methods/.test(prompt)).length, 2);
    assert.match(await Deno.readTextFile(file), /methods: \[TLSv1\.3\], renegotiation: true/);
  });
});

Deno.test("sslconfig changes nothing where the guide is left half-way, and outside the shell says where it guides", async () => {
  await withFolder(plain, async ({ file, run }) => {
    for (
      const lines of [["sslconfig"], ["sslconfig", ""], ["sslconfig", "inbound", "1"], [
        "sslconfig",
        "inbound",
        "",
        "",
        "",
      ]]
    ) {
      await shell(file, lines);
      assert.equal(await Deno.readTextFile(file), plain);
    }
    const { code, err } = await run("sslconfig");
    assert.deepEqual([code, err], [2, [
      "Cannot guide here: postern cli does; postern sslconfig --help lists the commands",
    ]]);
  });
});

Deno.test("sslconfig stages in the shell of somebody who has a name, until commit", async () => {
  await withFolder(plain, async ({ file }) => {
    const ann = { name: "ann", stages: false };
    const staged = await shell(file, ["sslconfig set inbound --methods 1", "sslconfig show"], ann);
    assert.equal(staged.code, 0, staged.err);
    assert.match(staged.out, /^It waits for commit$/m);
    assert.match(staged.out, /^inbound: listeners\n {2}methods {8}TLSv1\.3$/m);
    assert.equal(await Deno.readTextFile(file), plain);
    const committed = await shell(file, ["commit"], ann);
    assert.equal(committed.code, 0, committed.err);
    assert.match(await Deno.readTextFile(file), /inbound_smtp: \{ methods: \[TLSv1\.3\] \}/);
  });
});
