/** A directory's answers over connections in memory: many at a time, remembered, from the next server, and none. */
import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { LineLog } from "../../src/base/log.ts";
import type { Octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { LdapConfig } from "../../src/config/config.ts";
import { Directory } from "../../src/directory/directory.ts";
import { eventText, type MailEvent } from "../../src/mail/events.ts";
import type { Conn } from "../../src/net/net.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { pipe } from "../support/pipe.ts";
import { answers, type Request, serve } from "./fake_server.ts";

type Respond = (request: Request) => Octets | undefined;

/** Says who is known: everybody whose name begins with `b`. */
const usual: Respond = ({ id, kind, value }) =>
  kind !== "search" ? undefined : value.startsWith("b") ? join(answers.entry(id), answers.done(id)) : answers.done(id);

function join(...parts: Octets[]): Octets {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

class Rig {
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  /** By port; none: nobody listens there. */
  readonly servers = new Map<number, Respond>([[389, usual]]);
  readonly requests: { port: number; request: Request }[] = [];
  readonly conns: Conn[] = [];
  stamp = "";
  readonly directory: Directory;

  constructor(changes: Partial<LdapConfig> = {}) {
    const { clock, lines } = this;
    const log = new LineLog<MailEvent>({
      level: "info",
      format: "text",
      render: eventText,
      now: () => clock.now(),
      sinks: [{ write: (line) => void lines.push(line.replace(/^.{25}/, "").trimEnd()), flush() {} }],
    });
    this.directory = new Directory({
      clock,
      log,
      random: seededRandom(1),
      resolver: { resolve: () => Promise.reject(new Error("no names here")) },
      dialer: {
        dial: (to) => {
          const respond = this.servers.get(to.port);
          if (respond === undefined) return Promise.reject(new Error("Connection refused"));
          const { client, server } = pipe({ clock, server: to });
          this.conns.push(server);
          void serve(server, (request) => {
            this.requests.push({ port: to.port, request });
            return this.servers.get(to.port)!(request);
          });
          return Promise.resolve(client);
        },
      },
      tls: () => ({
        contexts: new Map(),
        validation: { fqdn_validation: false, x509_validation: false },
        stamp: () => this.stamp,
      }),
    }, {
      settings: {
        name: "staff",
        urls: [{ scheme: "ldap", host: "192.0.2.1", port: 389 }, { scheme: "ldap", host: "192.0.2.1", port: 390 }],
        starttls: false,
        base: "dc=t",
        bind: { kind: "anonymous" },
        certificate: null,
        queries: new Map([["accept", "(mail={a})"]]),
        timeout: 10_000,
        cache: 60_000,
        on_temporary_failure: "defer",
        ...changes,
      },
    });
  }

  /** What is answered, while time passes as long as it has to. */
  async ask(address: string): Promise<string> {
    const { kind } = await this.directory.check(address, "accept");
    return kind;
  }

  get searched(): string[] {
    return this.requests.filter(({ request }) => request.kind === "search").map(({ port, request }) =>
      `${port} ${request.value}`
    );
  }
}

Deno.test("Directory: answers are remembered, known and unknown ones, until their time is over", async () => {
  const rig = new Rig();
  assert.deepEqual([await rig.ask("b@t"), await rig.ask("x@t"), await rig.ask("b@t"), await rig.ask("x@t")], [
    "known",
    "unknown",
    "known",
    "unknown",
  ]);
  assert.deepEqual(rig.searched, ["389 b@t", "389 x@t"]);
  await rig.clock.advance(60_000);
  await rig.ask("b@t");
  assert.deepEqual(rig.searched, ["389 b@t", "389 x@t", "389 b@t"]);
  assert.equal(rig.conns.length, 1, "one connection for all");
  const { known, unknown, failed, remembered } = rig.directory.facts;
  assert.deepEqual([known, unknown, failed, remembered], [3, 2, 0, 2]);
  rig.directory.close();
});

Deno.test("Directory: with cache 0 nothing is remembered, and who asks the same meanwhile waits for the same answer", async () => {
  const rig = new Rig({ cache: 0 });
  const held: Request[] = [];
  rig.servers.set(389, (request) => void held.push(request));
  const both = Promise.all([rig.ask("b@t"), rig.ask("b@t"), rig.ask("x@t")]);
  await rig.clock.advance(1);
  assert.deepEqual(held.map(({ value }) => value), ["b@t", "x@t"]);
  // The second is answered first, with a referral among the entries, which counts for nothing.
  const [first, second] = held;
  await rig.conns[0].write(
    join(answers.reference(second.id), answers.done(second.id), answers.entry(first.id), answers.done(first.id)),
  );
  assert.deepEqual(await both, ["known", "known", "unknown"]);
  rig.servers.set(389, usual);
  await rig.ask("b@t");
  assert.equal(rig.searched.length, 3);
  rig.directory.close();
});

Deno.test("Directory: no more searches run at a time than a server takes, the others follow", async () => {
  const rig = new Rig();
  const held: Request[] = [];
  rig.servers.set(389, (request) => void held.push(request));
  const all = Promise.all(Array.from({ length: limits.directorySearchesMax + 20 }, (_, at) => rig.ask(`b${at}@t`)));
  await rig.clock.advance(1);
  assert.equal(held.length, limits.directorySearchesMax);
  rig.servers.set(389, usual);
  for (const { id } of held) await rig.conns[0].write(join(answers.entry(id), answers.done(id)));
  assert.deepEqual(new Set(await all), new Set(["known"]));
  rig.directory.close();
});

Deno.test("Directory: the next server is asked where one does not answer, and left alone servers are asked again", async () => {
  const rig = new Rig({ cache: 0 });
  rig.servers.delete(389);
  rig.servers.set(390, usual);
  assert.equal(await rig.ask("b@t"), "known");
  rig.servers.set(389, usual);
  assert.equal(await rig.ask("b@t"), "known");
  assert.deepEqual(rig.searched, ["390 b@t", "390 b@t"], "the first one is left alone for a while");
  await rig.clock.advance(1_000);
  assert.equal(await rig.ask("b@t"), "known");
  assert.equal(rig.searched.at(-1), "389 b@t");
  assert.deepEqual(rig.lines, [], "nobody has to know");
  rig.directory.close();
});

Deno.test("Directory: a result that is no answer is none: the next server is asked", async () => {
  const rig = new Rig({ cache: 0 });
  rig.servers.set(390, usual);
  for (const code of [1, 10, 32, 50, 51, 52, 53, 80]) {
    rig.servers.set(389, ({ id, kind }) => kind === "search" ? answers.done(id, { code }) : undefined);
    assert.equal(await rig.ask("b@t"), "known", `${code}`);
    assert.equal(rig.searched.at(-1), "390 b@t");
  }
  // An entry came, and then the limit of one.
  rig.servers.set(389, ({ id }) => join(answers.entry(id), answers.done(id, { code: 4 })));
  assert.equal(await rig.ask("x@t"), "known");
  rig.directory.close();
});

Deno.test("Directory: a connection that ended meanwhile costs one more attempt and nobody's answer", async () => {
  const rig = new Rig({ cache: 0 });
  assert.equal(await rig.ask("b@t"), "known");
  rig.conns[0].close();
  assert.equal(await rig.ask("b@t"), "known");
  let first = true;
  rig.servers.set(389, (request) => {
    // It ends the connection in the middle of a question.
    if (!first) return usual(request);
    first = false;
    rig.conns[1].close();
  });
  assert.equal(await rig.ask("x@t"), "unknown");
  assert.equal(rig.conns.length, 3);
  assert.deepEqual(rig.lines, []);
  rig.directory.close();
});

Deno.test("Directory: other certificates or authorities mean another connection", async () => {
  const rig = new Rig({ cache: 0 });
  await rig.ask("b@t");
  rig.stamp = "other";
  await rig.ask("b@t");
  assert.equal(rig.conns.length, 2);
  rig.directory.close();
});

Deno.test("Directory: while none answers it is told once, questions fail at once, and the end is told by itself", async () => {
  const rig = new Rig({ cache: 0 });
  rig.servers.clear();
  assert.equal(await rig.ask("b@t"), "temporary");
  assert.equal(await rig.ask("b@t"), "temporary");
  assert.deepEqual(rig.lines, [
    "Critical: Cannot ask the directory staff: ldap://192.0.2.1:389: 192.0.2.1: Connection refused; " +
    "ldap://192.0.2.1:390: 192.0.2.1: Connection refused; recipients are deferred meanwhile",
  ]);
  assert.equal(rig.directory.facts.servers[0].state, "failing");
  rig.servers.set(389, usual);
  for (let second = 0; second < 30; second++) {
    await rig.clock.advance(1_000);
    rig.directory.look();
  }
  assert.match(rig.lines[1], /^Warning: The directory staff answers again: 2 failures within 0 s$/);
  assert.equal(rig.lines.length, 2);
  assert.equal(await rig.ask("b@t"), "known");
  rig.directory.close();
});

Deno.test("Directory: with on_temporary_failure accept the trouble is a Warning", async () => {
  const rig = new Rig({ on_temporary_failure: "accept" });
  rig.servers.clear();
  assert.equal(await rig.ask("b@t"), "temporary");
  assert.match(rig.lines[0], /^Warning: Cannot ask the directory staff: .*; recipients are taken unchecked meanwhile$/);
  rig.directory.close();
});

Deno.test("Directory: a server that is silent is given up after its time, and the next one asked", async () => {
  const rig = new Rig({ cache: 0 });
  rig.servers.set(389, () => undefined);
  rig.servers.set(390, usual);
  const asked = rig.ask("b@t");
  await rig.clock.advance(10_000);
  assert.equal(await asked, "known");
  assert.deepEqual(rig.searched, ["389 b@t", "390 b@t"]);
  rig.directory.close();
});

Deno.test("Directory: who waits behind a silent server is told when it is given up, and does not wait for it himself", async () => {
  const rig = new Rig();
  rig.servers.set(389, () => undefined);
  const asked = Array.from({ length: 3 * limits.directorySearchesMax }, (_, at) => rig.ask(`x${at}@t`));
  await rig.clock.advance(1);
  await rig.clock.advance(10_000);
  await rig.clock.advance(10_000);
  assert.equal(rig.searched.filter((each) => each.startsWith("389")).length, limits.directorySearchesMax);
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(["temporary"]));
  rig.directory.close();
});

Deno.test("Directory: one search that is never answered does not end those beside it", async () => {
  const rig = new Rig({ cache: 0, urls: [{ scheme: "ldap", host: "192.0.2.1", port: 389 }] });
  rig.servers.set(389, (request) => request.value === "b-slow@t" ? undefined : usual(request));
  const slow = rig.ask("b-slow@t");
  await rig.clock.advance(9_000);
  assert.equal(await rig.ask("b@t"), "known");
  await rig.clock.advance(1_000);
  assert.equal(await slow, "temporary");
  assert.ok(rig.requests.some(({ request }) => request.kind === "abandon"));
  assert.equal(await rig.ask("b2@t"), "known");
  assert.equal(rig.conns.length, 1);
  rig.directory.close();
});

Deno.test("attack: what a server says that is no LDAP ends the connection, and is escaped in the log", async () => {
  const rig = new Rig({ cache: 0, urls: [{ scheme: "ldap", host: "192.0.2.1", port: 389 }] });
  rig.servers.set(389, ({ id }) => answers.done(id, { code: 53, text: "no\r\nInfo: forged" }));
  assert.equal(await rig.ask("b@t"), "temporary");
  assert.match(rig.lines[0], /unwillingToPerform \(53\), 'no\\r\\nInfo: forged'/);
  rig.servers.set(389, () => new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  assert.equal(await rig.ask("b@t"), "temporary");
  assert.match(rig.directory.facts.servers[0].fault!, /this is not LDAP/);
  rig.directory.close();
});

Deno.test("Directory: a notice of disconnection ends the connection with the server's reason", async () => {
  const rig = new Rig({ cache: 0, urls: [{ scheme: "ldap", host: "192.0.2.1", port: 389 }] });
  rig.servers.set(389, () => answers.disconnection());
  assert.equal(await rig.ask("b@t"), "temporary");
  assert.match(rig.directory.facts.servers[0].fault!, /ends the connection: unavailable \(52\), 'bye'/);
  rig.directory.close();
});
