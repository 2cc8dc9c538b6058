/** Staged changes: candidates, commits, two editors, edits by hand, roll back, and commits that have to be confirmed. */
import assert from "node:assert/strict";
import { faultText } from "../../src/config/faults.ts";
import { type CommitResult, Staging, type StagingWorld } from "../../src/config/stage.ts";
import { confirmMs } from "../../src/config/stage_confirm.ts";
import { FakeClock } from "../support/fake_clock.ts";

const start = "# mine\nversion: 1\nhostname: a.example # name\nworkers: 1\n";
const hash = "scrypt$16384$8$5$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo";

interface Bench extends AsyncDisposable {
  folder: string;
  file: string;
  clock: FakeClock;
  staging: Staging;
  /** As after a restart. */
  again(): Staging;
  text(): string;
  write(text: string): void;
  applied: string[];
  reports: string[];
  /** What `apply` says next. */
  refusal: string[];
}

async function bench(source = start, world: Partial<StagingWorld> = {}): Promise<Bench> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/config.yaml`;
  Deno.writeTextFileSync(file, source);
  Deno.mkdirSync(`${folder}/data`, { mode: 0o700 });
  const clock = new FakeClock();
  const [applied, reports, refusal]: string[][] = [[], [], []];
  const text = () => Deno.readTextFileSync(file);
  const make = () =>
    new Staging({
      file,
      directory: `${folder}/data`,
      clock,
      keep: () => 50,
      load: () => ({ hostname: "gw.example", generation: 1 }),
      apply() {
        applied.push(text());
        return Promise.resolve(refusal.splice(0));
      },
      alone: (work) => work(() => Promise.resolve([])),
      report: (level, text) => void reports.push(`${level} ${text}`),
      ...world,
    });
  return {
    folder,
    file,
    clock,
    staging: make(),
    again: make,
    text,
    write: (text) => Deno.writeTextFileSync(file, text),
    applied,
    reports,
    refusal,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

const name = (value: string) => ({ changes: [{ path: ["hostname"], value }] });

function committed(result: CommitResult): Extract<CommitResult, { kind: "committed" }> {
  assert.equal(result.kind, "committed", JSON.stringify(result));
  return result as Extract<CommitResult, { kind: "committed" }>;
}

Deno.test("Staging.stage: changes the candidate and not the file, and shows the difference", async () => {
  await using at = await bench();
  const staged = await at.staging.stage("ada", name("b.example"));
  assert.ok(staged.ok && staged.pending !== undefined);
  assert.match(staged.pending.difference, /^--- config\.yaml\n\+\+\+ config\.yaml \(ada\)\n@@/);
  assert.match(staged.pending.difference, /^-hostname: a\.example # name\n\+hostname: b\.example # name$/m);
  assert.equal(at.text(), start);
  assert.match((await at.staging.source("ada")).text, /b\.example/);
  assert.match((await at.staging.source("bob")).text, /a\.example/);
});

Deno.test("Staging.stage: a candidate outlives a restart, and is its owner's alone", async () => {
  await using at = await bench();
  await at.staging.stage("ada", name("b.example"));
  const [pending] = await at.again().pending();
  assert.equal(pending.editor, "ada");
  const folder = `${at.folder}/data/staged`;
  assert.equal(Deno.statSync(folder).mode! & 0o777, 0o700);
  const [{ name: file }] = [...Deno.readDirSync(folder)];
  assert.equal(Deno.statSync(`${folder}/${file}`).mode! & 0o777, 0o600);
});

Deno.test("Staging.stage: a change back to what the file says leaves nothing pending", async () => {
  await using at = await bench();
  await at.staging.stage("ada", name("b.example"));
  const staged = await at.staging.stage("ada", name("a.example"));
  assert.ok(staged.ok && staged.pending === undefined);
  assert.deepEqual(await at.staging.pending(), []);
});

Deno.test("Staging.stage: a new fault is refused in the words of the check, an old one is not in the way", async () => {
  await using at = await bench(start.replace("workers: 1", "workers: many"));
  const refused = await at.staging.stage("ada", { changes: [{ path: ["dns", "timeout"], value: "soon" }] });
  assert.ok(!refused.ok);
  assert.deepEqual(refused.errors.map(({ path }) => path), ["dns.timeout"]);
  assert.deepEqual(await at.staging.pending(), []);
  const staged = await at.staging.stage("ada", name("b.example"));
  assert.ok(staged.ok);
  assert.deepEqual(staged.pending?.errors.map(({ path }) => path), ["workers"]);
  assert.equal((await at.staging.commit("ada")).kind, "faults");
});

Deno.test("Staging.stage: who writes line by line may keep a fault until the commit", async () => {
  await using at = await bench();
  const row = { address: "127.0.0.1:2525", sender_groups: [{ name: "ALL", policy: "LATER" }] };
  const staged = await at.staging.stage("root", {
    changes: [{ path: ["listeners", "in"], value: row }],
    keepFaults: true,
  });
  assert.ok(staged.ok && staged.pending?.errors.length === 1);
  assert.equal((await at.staging.commit("root")).kind, "faults");
  await at.staging.stage("root", { changes: [{ path: ["mail_flow_policies", "LATER"], value: {} }] });
  committed(await at.staging.commit("root"));
});

Deno.test("Staging.commit: writes, keeps an entry with comment and difference, applies, and drops the candidate", async () => {
  await using at = await bench();
  await at.staging.stage("ada", name("b.example"));
  const { entry } = committed(await at.staging.commit("ada", { comment: "a better name" }));
  assert.deepEqual([entry?.who, entry?.comment], ["ada", "a better name"]);
  assert.match(entry!.difference, /^\+hostname: b\.example # name$/m);
  assert.equal(at.text(), start.replace("a.example", "b.example"));
  assert.deepEqual(at.applied, [at.text()]);
  assert.deepEqual(await at.staging.pending(), []);
  assert.deepEqual(await at.staging.commit("ada"), { kind: "nothing" });
});

Deno.test("Staging.abandon: drops the candidate and leaves the others'", async () => {
  await using at = await bench();
  await at.staging.stage("ada", name("b.example"));
  await at.staging.stage("bob", name("c.example"));
  assert.equal(await at.staging.abandon("ada"), true);
  assert.equal(await at.staging.abandon("ada"), false);
  assert.deepEqual((await at.staging.pending()).map(({ editor }) => editor), ["bob"]);
});

Deno.test("Staging.commit: the second editor is told about the first, and merges where the keys differ", async () => {
  await using at = await bench();
  await at.staging.stage("ada", name("b.example"));
  await at.staging.stage("bob", { changes: [{ path: ["workers"], value: 2 }] });
  committed(await at.staging.commit("ada", { comment: "first" }));
  assert.equal((await at.staging.pendingOf("bob"))?.outdated, true);
  const told = await at.staging.commit("bob");
  assert.equal(told.kind, "changed");
  assert.ok(told.kind === "changed");
  assert.deepEqual(told.by.map(({ who, comment }) => [who, comment]), [["ada", "first"]]);
  assert.deepEqual(told.conflicts, []);
  assert.match(told.difference, /^\+hostname: b\.example/m);
  committed(await at.staging.commit("bob", { merge: true }));
  assert.equal(at.text(), "# mine\nversion: 1\nhostname: b.example # name\nworkers: 2\n");
});

Deno.test("Staging.commit: two editors of one key cannot merge, and nothing is overwritten", async () => {
  await using at = await bench();
  await at.staging.stage("ada", name("b.example"));
  await at.staging.stage("bob", name("c.example"));
  committed(await at.staging.commit("ada"));
  for (const merge of [false, true]) {
    const told = await at.staging.commit("bob", { merge });
    assert.ok(told.kind === "changed" && told.conflicts.length === 1);
    assert.match(told.conflicts[0].text, /somebody else has changed hostname meanwhile: it is "b\.example" now/);
  }
  assert.match(at.text(), /b\.example/);
  assert.equal((await at.staging.pending()).length, 1);
});

Deno.test("Staging.commit: an edit by hand is told like another editor, merged with its remarks, and has an entry", async () => {
  await using at = await bench();
  await at.staging.noticed();
  await at.staging.stage("ada", name("b.example"));
  const edited = start.replace("workers: 1", "workers: 3   # more");
  at.write(edited);
  await at.staging.noticed();
  const told = await at.staging.commit("ada");
  assert.ok(told.kind === "changed");
  assert.deepEqual(told.by.map(({ who }) => who), ["file"]);
  assert.match(told.difference, /^\+workers: 3 {3}# more$/m);
  committed(await at.staging.commit("ada", { merge: true }));
  assert.equal(at.text(), edited.replace("a.example", "b.example"));
  assert.deepEqual((await at.staging.history()).map(({ who }) => who), ["ada", "file", "file"]);
});

Deno.test("Staging.commit: an edit by hand that is no YAML is in nobody's way but the editor's: it stays, and the commit is refused", async () => {
  await using at = await bench();
  await at.staging.stage("ada", name("b.example"));
  at.write("version: [\n");
  const told = await at.staging.commit("ada", { merge: true });
  assert.equal(told.kind, "faults", JSON.stringify(told));
  assert.equal(at.text(), "version: [\n");
});

Deno.test("Staging.commit: what cannot be put in force is taken out of the file again", async () => {
  await using at = await bench();
  await at.staging.stage("ada", name("b.example"));
  at.refusal.push("config.yaml:1:1: listeners.in.address: is taken");
  assert.deepEqual(await at.staging.commit("ada"), {
    kind: "not applied",
    lines: ["config.yaml:1:1: listeners.in.address: is taken"],
  });
  assert.equal(at.text(), start);
  assert.equal((await at.staging.pending()).length, 1);
  assert.deepEqual(at.reports, []);
});

Deno.test("Staging.rollback: any entry can be had again, and what was there is an entry too", async () => {
  await using at = await bench();
  for (const letter of ["b", "c"]) committed(await at.staging.write(name(`${letter}.example`).changes, { who: "ada" }));
  at.write(at.text() + "# by hand\n");
  assert.match(
    (await at.staging.rollbackDifference(1))!,
    /^-hostname: c\.example # name\n\+hostname: a\.example # name$/m,
  );
  committed(await at.staging.rollback(1, { who: "bob" }));
  assert.equal(at.text(), start);
  assert.deepEqual((await at.staging.history()).map(({ id, who, comment }) => [id, who, comment]), [
    [5, "bob", "rolled back to 1"],
    [4, "file", ""],
    [3, "ada", ""],
    [2, "ada", ""],
    [1, "file", ""],
  ]);
  assert.deepEqual(await at.staging.rollback(99, { who: "bob" }), { kind: "nothing" });
});

Deno.test("Staging: no secret is in what a browser gets, and the word for it changes none", async () => {
  const source = `${start}admin:\n  users:\n    ada: { role: administrator, password_hash: ${hash} }\n`;
  await using at = await bench(source);
  const shown = await at.staging.shown();
  assert.ok(!shown.text.includes("scrypt$"));
  // The file comes back as it was downloaded, with another name.
  const staged = await at.staging.replace("ada", { source: shown.text.replace("a.example", "b.example") });
  assert.ok(staged.ok, JSON.stringify(staged));
  assert.ok(!JSON.stringify(staged).includes("scrypt$"));
  committed(await at.staging.commit("ada"));
  assert.ok(at.text().includes(hash));
  assert.match(at.text(), /b\.example/);
  assert.ok(!JSON.stringify([await at.staging.history(), await at.staging.entry(2)]).includes("scrypt$"));
});

Deno.test("Staging.replace: text that is no YAML is refused", async () => {
  await using at = await bench();
  const staged = await at.staging.replace("ada", { source: "version: [\n" });
  assert.ok(!staged.ok);
  assert.match(faultText(staged.errors[0]), /it is no YAML/);
});

const moved = { changes: [{ path: ["admin", "address"], value: "127.0.0.1:9443" }] };

Deno.test("Staging.commit: one that cuts off the page is taken back after two minutes without a word", async () => {
  await using at = await bench();
  await at.staging.stage("ada", moved);
  const { confirm } = committed(await at.staging.commit("ada", { from: "page" }));
  assert.deepEqual(confirm, { id: 2, who: "ada", until: at.clock.now() + confirmMs, keys: ["admin.address"] });
  assert.match(at.text(), /9443/);
  await at.clock.advance(confirmMs - 1);
  assert.match(at.text(), /9443/);
  await at.clock.advance(1);
  await settled(() => at.applied.length === 2);
  assert.equal(at.text(), start);
  assert.equal(at.staging.waiting, undefined);
  assert.match(at.reports[0], /^warning Change 2 of .* was not confirmed from a new connection and is taken back$/);
  assert.deepEqual((await at.staging.history()).slice(0, 1).map(({ who, comment }) => [who, comment]), [[
    "postern",
    "2 was not confirmed",
  ]]);
});

Deno.test("Staging.confirm: a word from a new connection keeps the commit, one from an old connection does not", async () => {
  await using at = await bench();
  const before = at.clock.now();
  await at.staging.stage("ada", moved);
  const { confirm } = committed(await at.staging.commit("ada", { from: "page" }));
  assert.deepEqual(at.staging.confirm(confirm!.id, { openedAt: before }), { kind: "old connection" });
  assert.deepEqual(at.staging.confirm(7, { openedAt: before + 5000 }), { kind: "nothing waits" });
  await at.clock.advance(1000);
  assert.deepEqual(at.staging.confirm(confirm!.id, { openedAt: at.clock.now() }), { kind: "confirmed" });
  await at.clock.advance(confirmMs * 2);
  assert.match(at.text(), /9443/);
});

Deno.test("Staging.commit: the shell's commits and those that leave the page alone need no confirmation", async () => {
  await using at = await bench();
  await at.staging.stage("ada", moved);
  assert.equal(committed(await at.staging.commit("ada")).confirm, undefined);
  await at.staging.stage("ada", name("b.example"));
  assert.equal(committed(await at.staging.commit("ada", { from: "page" })).confirm, undefined);
});

Deno.test("Staging.commit: methods, ciphers, the certificate of the page and the authorities of its visitors count too; the page cannot switch itself off", async () => {
  const changes = [
    { path: ["tls", "gui_https", "methods"], value: ["TLSv1.3"] },
    { path: ["tls", "gui_https", "ciphers"], value: "HIGH" },
    { path: ["admin", "certificate"], value: "other" },
    { path: ["admin", "client_ca"], value: "people.pem" },
    { path: ["admin", "client_ca"], value: "others.pem" },
    { path: ["admin", "client_ca"], value: null },
  ];
  await using at = await bench(start + "certificates: { other: { self_signed: true } }\n");
  for (const change of changes) {
    await at.staging.stage("ada", { changes: [change] });
    const { confirm } = committed(await at.staging.commit("ada", { from: "page" }));
    assert.deepEqual(confirm?.keys, [change.path.join(".")]);
    await at.clock.advance(1);
    at.staging.confirm(confirm!.id, { openedAt: at.clock.now() });
  }
  await at.staging.stage("ada", { changes: [{ path: ["admin", "address"], value: null }] });
  const refused = await at.staging.commit("ada", { from: "page" });
  assert.ok(refused.kind === "faults");
  assert.match(refused.errors[0].text, /the page cannot be switched off by itself/);
});

Deno.test("Staging.rollback: to the time before the first administrator is taken back, since nobody could log in", async () => {
  await using at = await bench();
  await at.staging.start();
  const hash = "scrypt$16384$8$5$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  const ann = { role: "administrator", password_hash: hash };
  const made = committed(
    await at.staging.write([{ path: ["admin", "users", "ann"], value: ann }], { who: "ann", from: "page" }),
  );
  assert.equal(made.confirm, undefined);
  const before = at.text();
  const { confirm } = committed(await at.staging.rollback(1, { who: "ann", from: "page" }));
  assert.deepEqual(confirm?.keys, ["admin.users"]);
  assert.notEqual(at.text(), before);
  await at.clock.advance(confirmMs);
  while (at.text() !== before) await at.clock.advance(1);
  at.staging.stop();
});

Deno.test("Staging.commit: shutting out the only administrator has to be confirmed too", async () => {
  const users = `users: { ann: { role: administrator, password_hash: "${hash}" } }`;
  await using at = await bench(`${start}admin: { ${users} }\n`);
  const path = ["admin", "users", "ann", "disabled"];
  await at.staging.stage("ann", { changes: [{ path, value: true }] });
  const { confirm } = committed(await at.staging.commit("ann", { from: "page" }));
  assert.deepEqual(confirm?.keys, ["admin.users"]);
  at.staging.stop();
});

Deno.test("Staging.commit: while one waits to be confirmed nobody else commits", async () => {
  await using at = await bench();
  await at.staging.stage("ada", moved);
  committed(await at.staging.commit("ada", { from: "page" }));
  await at.staging.stage("bob", name("b.example"));
  assert.equal((await at.staging.commit("bob")).kind, "waiting");
});

Deno.test("Staging.start: what nobody confirmed is taken back after a restart, and what was edited by hand since stays", async () => {
  await using at = await bench();
  await at.staging.stage("ada", moved);
  committed(await at.staging.commit("ada", { from: "page" }));
  at.staging.stop();
  at.write(at.text().replace("workers: 1", "workers: 2"));
  await at.clock.advance(confirmMs * 3);
  assert.match(at.text(), /9443/);
  await at.again().start();
  await at.clock.advance(1);
  await settled(() => at.applied.length === 2);
  assert.match(at.text(), /^workers: 2$/m);
  assert.doesNotMatch(at.text(), /9443/);
});

/** The disk takes a moment that no fake clock knows. */
async function settled(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 6_000 && !done(); turn++) await new Promise((go) => setTimeout(go, 5));
  assert.ok(done());
}
