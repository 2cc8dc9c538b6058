/**
 * The pages of the queue and of message tracking, over commands that answer as the gateway's do.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CommandArgs } from "../../../src/control/protocol.ts";
import { Args, type Command, CommandError, Commands } from "../../../src/control/commands.ts";
import { wayOf, writeLog } from "../../tracking/log_files.ts";
import { userOf, WebRig } from "../web_rig.ts";

const hostile = `"><script>alert(1)</script>`;
const row = {
  mid: 7,
  received: 0,
  octets: 5120,
  sender: hostile,
  domain: "example.test",
  tls: "required",
  via: null,
  state: "waiting",
  attempts: 2,
  due: 60_000,
  tried: 1,
  word: "no_starttls",
  reason: hostile,
  recipients: [{ rid: 0, address: hostile }],
  more: 3,
};

/** Commands that note what they are given. `fails`: what each says instead. */
function commandsOf(asked: [string, CommandArgs][], fails?: string): Commands {
  const commands = new Commands();
  const command = (name: string, answer: unknown): Command => ({
    name,
    run(args: Args) {
      const said: Record<string, string | string[] | true> = {};
      for (const key of ["mids", "words"]) if (args.has(key)) said[key] = [...args.list(key)];
      for (const key of ["sender", "domain"]) if (args.has(key)) said[key] = args.text(key)!;
      for (const key of ["all", "back", "held"]) if (args.has(key)) said[key] = true;
      asked.push([name, said]);
      if (fails !== undefined) throw new CommandError(fails);
      return answer;
    },
  });
  async function* list() {
    yield { now: 0, rows: [row], cursor: "7/example.test" };
    yield { shown: 1, messages: 12_345, cursor: "7/example.test" };
  }
  commands.add(
    { name: "queue list", run: (args) => (asked.push(["queue list", { sender: args.text("sender") ?? "" }]), list()) },
    command("queue show", {
      ...row,
      now: 0,
      parameters: ["BODY=8BITMIME"],
      rows: [row],
      trail: [{ at: 1, domain: "example.test", via: null, answers: [{ kind: "deferred", rids: [0], text: hostile }] }],
      header: `Subject: ${hostile}`,
    }),
  );
  for (const action of ["retry", "hold", "release", "redirect", "bounce", "delete"]) {
    commands.add(command(`queue ${action}`, { action, done: 2, recipients: 2, later: 1, unchanged: 0 }));
  }
  return commands;
}

async function post(
  rig: WebRig,
  path: string,
  { headers, fields }: { headers: Record<string, string>; fields: [string, string][] },
) {
  return await rig.ask(path, {
    method: "POST",
    body: new URLSearchParams([...fields, ["csrf", headers["X-CSRF-Token"]]]).toString(),
    headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded", Accept: "text/html" },
  });
}

Deno.test("queue page lists what waits, with every word of a peer as text", async () => {
  const asked: [string, CommandArgs][] = [];
  await using rig = await WebRig.open({ users: [userOf("ann", "operator")], commands: commandsOf(asked) });
  const headers = { ...await rig.loggedIn("ann"), Accept: "text/html" };
  for (const path of ["/queue?sender=.bad.example", "/queue/7"]) {
    const { status, body } = await rig.ask(path, { headers });
    assert.equal(status, 200, body);
    assert.doesNotMatch(body, /<script>alert/);
    assert.match(body, /&lt;script&gt;/);
    assert.match(body, /no_starttls/);
  }
  const { body } = await rig.ask("/queue", { headers });
  assert.match(body, /12,345 messages in the queue/);
  assert.match(body, /href="\/queue\?cursor=7%2Fexample\.test"/);
  assert.deepEqual(asked[0], ["queue list", { sender: ".bad.example" }]);
});

Deno.test("queue page acts on what is selected, on what matches, or on everything, and never on nothing", async () => {
  const asked: [string, CommandArgs][] = [];
  await using rig = await WebRig.open({ users: [userOf("ann", "operator")], commands: commandsOf(asked) });
  const headers = await rig.loggedIn("ann");
  const cases: [path: string, fields: [string, string][], expected: [string, CommandArgs] | undefined, go?: string][] =
    [
      ["/queue?", [["act", "hold"], ["scope", "selected"], ["mid", "7"], ["mid", "8"]], ["queue hold", {
        mids: ["7", "8"],
      }], "/queue?"],
      ["/queue?domain=example.test", [["act", "delete"], ["scope", "matching"]], ["queue delete", {
        domain: "example.test",
      }], "/queue"],
      ["/queue", [["act", "retry"], ["scope", "everything"]], ["queue retry", { all: true }], "/queue?"],
      ["/queue", [["act", "redirect"], ["mid", "7"], ["to", "10.0.0.9:25"]], ["queue redirect", {
        words: ["7", "10.0.0.9:25"],
      }], "/queue?"],
      ["/queue", [["act", "redirect"], ["mid", "7"]], ["queue redirect", { words: ["7"], back: true }], "/queue?"],
      [
        "/queue",
        [["act", "release"], ["mid", "7"], ["back", "message"]],
        ["queue release", { mids: ["7"] }],
        "/queue/7",
      ],
      ["/queue", [["act", "delete"], ["scope", "selected"]], undefined],
      ["/queue", [["act", "delete"], ["scope", "matching"]], undefined],
    ];
  for (const [path, fields, expected, go] of cases) {
    asked.length = 0;
    const { status, headers: answered } = await post(rig, path, { headers, fields });
    const acted = asked.filter(([name]) => name !== "queue list");
    assert.deepEqual(acted, expected === undefined ? [] : [expected], JSON.stringify(fields));
    assert.equal(status, expected === undefined ? 422 : 303);
    if (go !== undefined) assert.equal(answered.get("Location"), go);
  }
  const { body } = await rig.ask("/queue", { headers: { ...headers, Accept: "text/html" } });
  assert.match(body, /2 done, 1 when their attempt ends, 0 unchanged/);
  assert.ok(rig.audited().some(({ action, ok, detail }) => action === "queue.act" && ok && detail === "hold 7, 8"));
});

Deno.test("queue page says what a command refuses, and lets those who only look do nothing", async () => {
  const asked: [string, CommandArgs][] = [];
  const users = [userOf("ann", "operator"), userOf("eve", "read-only")];
  await using rig = await WebRig.open({ users, commands: commandsOf(asked, "Cannot hold MID 7: it has gone") });
  const ann = await rig.loggedIn("ann");
  const refused = await post(rig, "/queue", { headers: ann, fields: [["act", "hold"], ["mid", "7"]] });
  assert.equal(refused.status, 422);
  assert.match(refused.body, /Cannot hold MID 7: it has gone/);
  const eve = await rig.loggedIn("eve");
  assert.doesNotMatch((await rig.ask("/queue", { headers: { ...eve, Accept: "text/html" } })).body, /name="act"/);
  asked.length = 0;
  assert.equal((await post(rig, "/queue", { headers: eve, fields: [["act", "hold"], ["mid", "7"]] })).status, 403);
  assert.deepEqual(asked, []);
});

Deno.test("tracking pages find messages and show the way of one", async () => {
  await using rig = await WebRig.open({ users: [userOf("ann", "read-only")] });
  const at = rig.clock.now() - 60_000;
  const { came, went } = wayOf({
    mid: 3,
    at,
    subject: hostile,
    to: Array.from({ length: 9 }, (_, rid) => `r${rid}@x.test`),
  });
  writeLog(`${rig.folder}/logs`, [...came, ...went]);
  const headers = { ...await rig.loggedIn("ann"), Accept: "text/html" };
  const found = await rig.ask("/tracking?sender=S3", { headers });
  assert.equal(found.status, 200);
  assert.match(found.body, /href="\/tracking\/3"/);
  assert.match(found.body, /and 4 more/);
  assert.doesNotMatch(found.body, /<script>alert/);
  assert.match((await rig.ask("/tracking?sender=nobody", { headers })).body, /No message was found/);
  const way = await rig.ask("/tracking/3", { headers });
  assert.match(way.body, /New SMTP ICID 3/);
  assert.match(way.body, /<li class="ok">.*TLS success/s);
  assert.doesNotMatch(way.body, /<script>alert/);
  for (const path of ["/tracking/4", "/tracking/x", "/tracking/%3Cscript%3E"]) {
    assert.equal((await rig.ask(path, { headers })).status, 404, path);
  }
});
