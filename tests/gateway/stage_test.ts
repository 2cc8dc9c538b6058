/** Staged changes, history, roll back and archives on a gateway that runs: what a client sees, and what is in the file. */
import assert from "node:assert/strict";
import { makeLeaf } from "../support/certs.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { peerTest } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { handshake } from "../support/s_client.ts";
import { countOf, until } from "./rig.ts";

const config = ({ inbound }: Record<string, number>) =>
  `# the owner's
version: 1
hostname: gw.example.test     # the name
dns: { servers: ["127.0.0.1:9"], timeout: 1s }
certificates:
  own: { certificate: own.crt, key: own.key }   # bought
listeners:
  inbound:
    address: 127.0.0.1:${inbound}   # where
    certificate: own
    sender_groups:
      - { name: ALL, policy: default }
admin: { address: null }
`;

const applied = /Configuration applied/;

peerTest(
  ["openssl"],
  "staged changes, history, roll back and archives reach a gateway that runs, and its file",
  async (t) => {
    const folder = await Deno.makeTempDir();
    try {
      const [own, other] = [
        await makeLeaf({ names: ["gw.example.test"] }, folder),
        await makeLeaf({ names: ["other.example.test"] }, folder),
      ];
      const files = { "own.crt": own.certificatePem, "own.key": own.keyPem };
      await using gateway = await GatewayProcess.start({ ports: ["inbound"], config, files });
      const path = gateway.configPath;
      const text = () => Deno.readTextFileSync(path);
      const start = text();
      const protocol = async () => (await handshake(gateway.ports.inbound, { version: "TLSv1.2" })).protocol;

      await t.step("a change in the shell waits for its commit, and then serves the next client", async () => {
        const staged = await postern(
          gateway,
          { input: "config set tls.inbound_smtp.methods [TLSv1.3]\nchanges\n" },
          "cli",
        );
        assert.equal(staged.code, 0, staged.stderr);
        assert.match(staged.stdout, /\(staged\)\n.*^\+ {2}inbound_smtp: \{ methods: \[TLSv1\.3\] \}$/ms);
        assert.equal(text(), start);
        assert.equal(await protocol(), "TLSv1.2");
        const before = countOf(gateway.log, applied);
        const done = await postern(gateway, "commit", "only the new one");
        assert.match(done.stdout, /^Committed as 2$/m, done.stderr);
        assert.equal(await protocol(), null);
        assert.equal(
          text(),
          start.replace("certificates:", "tls:\n  inbound_smtp: { methods: [TLSv1.3] }\ncertificates:"),
        );
        // The watch sees the file too, and does not read it again.
        await new Promise((go) => setTimeout(go, 1_500));
        assert.equal(countOf(gateway.log, applied) - before, 1);
      });

      await t.step("an edit by hand gets an entry of its own", async () => {
        const before = countOf(gateway.log, applied);
        await Deno.writeTextFile(path, text().replace("# the name", "# by hand"));
        await until("the edit to be in force", () => countOf(gateway.log, applied) > before);
        await until("its entry", async () => /3 {2}\S+ \S+ {2}file$/m.test((await postern(gateway, "history")).stdout));
      });

      await t.step("what cannot be put in force is taken out of the file again", async () => {
        const before = text();
        using held = Deno.listen({ hostname: "127.0.0.1", port: 0 });
        const { port } = held.addr as Deno.NetAddr;
        const refused = await postern(gateway, "config", "set", "listeners.inbound.address", `127.0.0.1:${port}`);
        assert.equal(refused.code, 1);
        assert.match(
          refused.stderr,
          /listeners\.inbound\.address: .*\nCannot put the change of .* in force: what was there before is there again\n$/s,
        );
        assert.equal(text(), before);
        assert.equal((await handshake(gateway.ports.inbound, {})).protocol, "TLSv1.3");
      });

      await t.step("roll back brings text, remarks and methods of then", async () => {
        assert.equal((await postern(gateway, "rollback", "1")).code, 0);
        assert.equal(text(), start);
        assert.equal(await protocol(), "TLSv1.2");
      });

      await t.step(
        "an archive brings back the certificate that was replaced since, and its configuration",
        async () => {
          const [archive, password] = [`${folder}/gw.backup`, `${folder}/password`];
          await Deno.writeTextFile(password, "correct horse battery\n");
          const shown = async () =>
            /depth=0 CN ?= ?(\S+)/.exec((await handshake(gateway.ports.inbound, {})).output)?.[1];
          assert.equal((await postern(gateway, "saveconfig", archive, "--password-file", password)).code, 0);
          assert.equal(Deno.statSync(archive).mode! & 0o777, 0o600);
          const at = (name: string) => `${gateway.folder}/${name}`;
          await Deno.writeTextFile(at("own.key"), other.keyPem);
          await Deno.writeTextFile(at("own.crt"), other.certificatePem);
          await postern(gateway, "config", "set", "workers", "1");
          await until("the other certificate", async () => await shown() === "other.example.test");
          const words = ["loadconfig", archive, "--password-file", password];
          const dry = await postern(gateway, ...words, "--dry-run");
          assert.match(dry.stdout, /^-workers: 1$/m);
          assert.match(
            dry.stdout,
            /^replaced .*own\.crt\n {4}now {2}certificate .*other\.example\.test.*\n {4}then certificate CN=gw\.example\.test SHA-256 /m,
          );
          const unasked = await postern(gateway, ...words);
          assert.deepEqual([unasked.code, unasked.stderr], [1, "Nothing was changed; --yes does it\n"]);
          assert.equal(await shown(), "other.example.test");
          const done = await postern(gateway, ...words, "--yes");
          assert.equal(done.code, 0, done.stderr);
          assert.match(
            done.stdout,
            /^-workers: 1$[\s\S]*^replaced .*own\.crt$[\s\S]*^Restored$/m,
            "what was done is told",
          );
          assert.equal(await shown(), "gw.example.test");
          assert.equal(text(), start);
        },
      );

      await t.step("an archive that cannot be put in force changes nothing on the disk", async () => {
        const [archive, password] = [`${folder}/bad.backup`, `${folder}/password`];
        assert.equal((await postern(gateway, "saveconfig", archive, "--password-file", password)).code, 0);
        await Deno.writeTextFile(path, start.replace(/127\.0\.0\.1:\d+ {3}# where/, "127.0.0.1:1   # where"));
        const before = [text(), Deno.readTextFileSync(`${gateway.folder}/own.crt`)];
        await Deno.writeTextFile(password, "another one\n");
        const refused = await postern(gateway, "loadconfig", archive, "--password-file", password, "--yes");
        assert.deepEqual([refused.code, refused.stderr], [1, `Cannot open ${archive}: the password is another one\n`]);
        assert.deepEqual([text(), Deno.readTextFileSync(`${gateway.folder}/own.crt`)], before);
      });
      await t.step(
        "an archive is restored where there is no configuration yet, and only then is one there",
        async () => {
          const [archive, password, fresh] = [`${folder}/gw.backup`, `${folder}/password`, `${folder}/new`];
          await Deno.mkdir(fresh);
          const machine = { configPath: `${fresh}/config.yaml` };
          const there = () =>
            [...Deno.readDirSync(fresh)].map(({ name }) => name).filter((name) => name !== "data").sort();
          const words = ["loadconfig", archive, "--password-file", password];
          assert.match((await postern(machine, ...words, "--yes")).stderr, /the password is another one/);
          await Deno.writeTextFile(password, "correct horse battery\n");
          const dry = await postern(machine, ...words, "--dry-run");
          assert.equal(dry.code, 0, dry.stderr);
          assert.match(dry.stdout, /^\+listeners:$[\s\S]*^added .*own\.key$/m);
          assert.deepEqual(there(), []);
          const done = await postern(machine, ...words, "--yes");
          assert.equal(done.code, 0, done.stderr);
          assert.deepEqual(there(), ["config.yaml", "own.crt", "own.key"]);
          const listeners = (source: string) => source.slice(source.indexOf("listeners:"));
          assert.equal(listeners(Deno.readTextFileSync(machine.configPath)), listeners(start));
        },
      );

      await t.step("a short password of an archive is warned about", async () => {
        const [archive, password] = [`${folder}/short.backup`, `${folder}/password`];
        await Deno.writeTextFile(password, "secret\n");
        const saved = await postern(gateway, "saveconfig", archive, "--password-file", password);
        assert.deepEqual([saved.code, saved.stderr], [
          0,
          "Warning: the password has less than 8 characters: whoever gets the archive may guess it, and has the keys then\n",
        ]);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
