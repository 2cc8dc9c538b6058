/** Commands on the file, on what is staged and on its history, where no gateway runs. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { cliCommands } from "../../src/cli/commands/all.ts";
import { runShell } from "../../src/cli/shell.ts";
import { openSslEngine } from "../../src/openssl/engine.ts";
import { type HereResult, runHere, withFile } from "../support/here.ts";

const source = `# mine
version: 1
hostname: gw.example.test     # the name
listeners:
  inbound:
    address: 127.0.0.1:2525   # where
    sender_groups:
      - { name: ALL, policy: default }   # everybody
smtp_routes:
  example.test: ["127.0.0.1:2526"]
admin:
  users:
    ada: { role: administrator, password_hash: "scrypt$16384$8$5$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo" }
`;

const engine = openSslEngine();

interface Desk {
  file: string;
  /** At once; in the shell. */
  run(...words: string[]): Promise<HereResult>;
  shell(...words: string[]): Promise<HereResult>;
  text(): string;
}

const withDesk = (use: (desk: Desk) => Promise<void>, text = source) =>
  withFile(text, (file) =>
    use({
      file,
      run: (...words) => runHere(words, { file, engine }),
      shell: (...words) => runHere(words, { file, engine, stages: true }),
      text: () => Deno.readTextFileSync(file),
    }));

Deno.test("config get: what the file says, or its default, by every form of a path", () =>
  withDesk(async ({ run }) => {
    const said: [path: string, out: string[]][] = [
      ["hostname", ["gw.example.test"]],
      ["listeners.inbound.sender_groups[0].policy", ["default"]],
      ["smtp_routes.example.test", ['["127.0.0.1:2526"]']],
      ['smtp_routes["example.test"][0]', ["127.0.0.1:2526"]],
      ["tls.inbound_smtp.methods", ["[TLSv1.2, TLSv1.3]   # default"]],
      ["admin.users.ada", ["role: administrator", "password_hash: (secret)"]],
      ["listeners.inbound", ["address: 127.0.0.1:2525", "sender_groups:", "  - { name: ALL, policy: default }"]],
    ];
    for (const [path, out] of said) {
      const result = await run("config", "get", path);
      assert.deepEqual([result.code, result.err], [0, []], path);
      assert.deepEqual(result.out, out, path);
      assert.ok(!result.out.join().includes("scrypt$"));
    }
    assert.match((await run("config", "get", "admin.users.ada.password_hash", "--secrets")).out[0], /^scrypt\$/);
  }));

Deno.test("config get: what is left out says what holds instead, also where it comes from elsewhere in the file", () =>
  withDesk(
    async ({ run }) => {
      const held: [path: string, out: string][] = [
        ["listeners.inbound.hostname", "gw.example.test   # default"],
        ["alerts.from", "alert@gw.example.test   # default"],
        ["mail_flow_policies.default.max_message_size", "20M"],
        ["mail_flow_policies.default.max_recipients_per_message", "50   # default"],
        ["mail_flow_policies.STRICT.max_message_size", "20M   # default"],
        ["mail_flow_policies.STRICT.reject_code", "554   # default"],
        ["destination_controls.default.tls", "preferred   # default"],
        ["destination_controls.domains.partner.example.verify_names", "mx   # default"],
        ["destination_controls.domains.partner.example.certificate", "null   # default"],
        ["bounce_profiles.default.max_queue_time", "72h   # default"],
      ];
      for (const [path, out] of held) {
        const result = await run("config", "get", path);
        assert.deepEqual([result.code, result.err], [0, []], path);
        assert.equal(result.out.join("\n"), out, path);
      }
      const { out } = await run("config", "get", "bounce_profiles.default");
      assert.deepEqual(out.join("\n").split("\n").slice(0, 2), ["max_retries: 100", "max_queue_time: 72h"]);
      for (const path of ["mail_flow_policies.NOBODY.tls", "destination_controls.domains.nobody.test.tls"]) {
        const { code, err } = await run("config", "get", path);
        assert.deepEqual([code, err], [1, [`Cannot show ${path}: the file does not say it`]]);
      }
    },
    `version: 1
hostname: gw.example.test
listeners:
  inbound: { address: 127.0.0.1:2525, sender_groups: [{ name: ALL, policy: STRICT }] }
mail_flow_policies:
  default: { max_message_size: 20M }
  STRICT: { tls: required }
destination_controls:
  default: { verify_names: mx }
  domains:
    partner.example: { tls: required }
`,
  ));

Deno.test("config set: writes one value at once, and leaves everything else as it was", () =>
  withDesk(async ({ run, text }) => {
    const done = await run("config", "set", "listeners.inbound.address", "127.0.0.1:25", "--comment", "the real port");
    assert.deepEqual([done.code, done.out], [0, ['listeners.inbound.address: "127.0.0.1:25"']]);
    assert.equal(text(), source.replace("127.0.0.1:2525   # where", "127.0.0.1:25     # where"));
    await run("config", "set", "destination_controls.domains.partner.example.tls", "required");
    assert.match(text(), /^ {4}partner\.example: \{ tls: required \}$/m);
    await run("config", "unset", "destination_controls.domains.partner.example");
    assert.match(text(), /^ {2}domains: \{\}$/m);
    const { out } = await run("history");
    assert.deepEqual(
      out.slice(1).map((line) => line.replace(/ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, "").split(/\s{2,}/).slice(1)),
      [
        ["4", "root", "config unset destination_controls.domains.partner.example"],
        ["3", "root", "config set destination_controls.domains.partner.example.tls"],
        ["2", "root", "the real port"],
        ["1", "file"],
      ],
    );
  }));

Deno.test("config set: what is wrong is one clear line, and nothing is written", () =>
  withDesk(async ({ run, text }) => {
    const wrong: [words: string[], line: RegExp][] = [
      [["set", "hostnam", "x"], /^Cannot use the path hostnam: hostnam is an unknown key; did you mean hostname\?$/],
      [["set", "listeners.inbound.adress", "x"], /adress is an unknown key; did you mean address\?$/],
      [["set", "hostname", "no name"], /c\.yaml:3:11: hostname: "no name"/],
      [["set", "tls.inbound_smtp.methods", "[TLSv1.1, TLSv1.3]"], /TLSv1\.2 missing in between/],
      [["set", "tls.inbound_smtp.ciphers", "NOTHING"], /tls\.inbound_smtp\.ciphers: .*cipher/],
      [["set", "workers", "[1"], /^Cannot use the value: it is no YAML here/],
      [["set", "workers", ""], /^Cannot use the value: it is empty/],
      [["get", "logs.rotate"], /unknown key/],
      [["get", "certificates.mx9"], /^Cannot show certificates\.mx9: the file does not say it$/],
      [["unset", "workers"], /^Cannot take workers out: the file does not say it$/],
      [["set", "listeners.inbound.sender_groups[7].policy", "x"], /the list has 1 entries/],
    ];
    for (const [words, line] of wrong) {
      const { code, out, err } = await run("config", ...words);
      assert.deepEqual([code, out], [1, []], words.join(" "));
      assert.match(err.at(-1)!, line);
    }
    assert.equal(text(), source);
  }));

Deno.test("the shell stages, shows, commits, and rolls back", () =>
  withDesk(async ({ run, shell, text }) => {
    assert.deepEqual((await shell("config", "set", "hostname", "mx.example.test")).out, [
      "hostname: mx.example.test (staged)",
    ]);
    await shell("config", "set", "workers", "2");
    assert.equal(text(), source);
    assert.deepEqual((await shell("config", "get", "hostname")).out, ["mx.example.test"]);
    assert.deepEqual((await run("config", "get", "hostname")).out, ["gw.example.test"]);
    const { out } = await shell("showchanges");
    assert.match(out[0], /^root \(you\), last changed /);
    assert.ok(out.includes("+hostname: mx.example.test     # the name") && out.includes("+workers: 2"), out.join("\n"));
    assert.match((await shell("commit", "two", "changes")).out.at(-1)!, /^Committed as 2$/);
    assert.match(text(), /^hostname: mx\.example\.test {5}# the name$/m);
    assert.deepEqual((await shell("changes")).out, ["Nothing is pending"]);
    assert.match((await run("history", "2")).out[0], /root\s+two changes$/);
    assert.ok((await run("rollback", "@1", "--dry-run")).out.includes("-workers: 2"));
    assert.match((await run("rollback", "@1")).out.at(-1)!, /^Rolled back; this is entry 3$/);
    assert.equal(text(), source);
  }));

Deno.test("commit: an edit by hand is told with its difference, and merged where it is wanted", () =>
  withDesk(async ({ file, shell, text }) => {
    await shell("config", "set", "hostname", "mx.example.test");
    Deno.writeTextFileSync(file, source + "workers: 3\n");
    const told = await shell("commit");
    assert.equal(told.code, 1);
    assert.ok(told.err.includes("+workers: 3"), told.err.join("\n"));
    assert.match(told.err.at(-1)!, /was changed meanwhile; commit --merge makes both changes$/);
    assert.equal((await shell("commit", "--merge")).code, 0);
    assert.equal(text(), source.replace("gw.example", "mx.example") + "workers: 3\n");
  }));

Deno.test("commit, abandon, rollback and history: what there is not is told", () =>
  withDesk(async ({ run, shell, text }) => {
    const wrong: [words: string[], line: string][] = [
      [["commit"], "Cannot commit: nothing is pending"],
      [["abandon"], "Cannot abandon: nothing is pending"],
      [["rollback", "7"], "Cannot roll back to 7: the history has no such entry"],
      [["rollback", "@9"], "Cannot roll back to @9: the history has no such entry"],
      [["rollback", "x"], "Cannot use x: the number of an entry, as history has it, or @1 for the one before now"],
      [["history", "7"], "Cannot show 7: the history has no such entry"],
    ];
    for (const [words, line] of wrong) assert.deepEqual(await run(...words), { code: 1, out: [], err: [line] });
    await shell("config", "set", "hostname", "mx.example.test");
    assert.equal((await shell("abandon")).code, 0);
    assert.deepEqual((await shell("changes")).out, ["Nothing is pending"]);
    assert.equal(text(), source);
  }));

Deno.test("showconfig: shows no hash unless it is asked for", () =>
  withDesk(async ({ run }) => {
    const { out } = await run("showconfig");
    assert.ok(out.includes("# mine") && !out.join().includes("scrypt$"));
    assert.deepEqual((await run("showconfig", "--secrets")).out.join("\n") + "\n", source);
  }));

Deno.test("runShell: says at its end what is staged and not in force", () =>
  withDesk(async ({ file, text }) => {
    const shell = async (...lines: string[]) => {
      const err: string[] = [];
      const world = {
        file,
        clock: systemClock,
        random: systemRandom,
        hostname: "gw.example.test",
        openEngine: () => engine,
        commands: cliCommands,
        caller: { name: "root", stages: false },
        out: () => {},
        err: (line: string) => void err.push(line),
        read: () => Promise.resolve(lines.shift() ?? null),
      };
      assert.equal(await runShell(world), 0);
      return err;
    };
    assert.deepEqual(await shell("config set workers 1"), ["Changes are staged and not in force: commit, or abandon"]);
    assert.equal(text(), source);
    assert.deepEqual(await shell("showconfig"), []);
    assert.deepEqual(await shell("config set workers 2", "commit"), []);
    assert.match(text(), /^workers: 2$/m);
  }));
