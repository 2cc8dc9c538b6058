import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { eventText, type MailEvent, type MailLog } from "../../src/mail/events.ts";
import type { Conn } from "../../src/net/net.ts";
import { limits } from "../../src/base/limits.ts";
import { RemoteLog } from "../../src/services/remote_log.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { pipe } from "../support/pipe.ts";
import { octets, textOf } from "../../src/base/octets.ts";

/** A log host behind pipes, and a mail log of which it is told. */
class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  /** The mail log. */
  readonly lines: string[] = [];
  /** When it was connected to, in seconds. */
  readonly dialled: number[] = [];
  /** What it took, a string for each connection. */
  readonly taken: string[] = [];
  /** What becomes of the next connections. */
  mode: "down" | "up" | "closes" | "stalls" = "up";
  readonly #open = new Set<Conn>();
  readonly remote: RemoteLog;

  constructor() {
    const at = (level: string) => (event: MailEvent) => {
      const line = `${level}: ${eventText(event)}`;
      this.lines.push(line);
      this.say(line);
    };
    const log: MailLog = {
      critical: at("Critical"),
      warning: at("Warning"),
      info: at("Info"),
      debug: at("Debug"),
      trace: at("Trace"),
    };
    this.remote = new RemoteLog({
      clock: this.clock,
      random: { ...seededRandom(1), fraction: () => 0.5 },
      log,
      pid: 1,
      resolver: { resolve: () => Promise.resolve({ kind: "failed", reason: "timeout" }) },
      dialer: { dial: () => this.#dial() },
      udp: { bind: () => assert.fail("no datagrams here") },
      tls: () => assert.fail("no TLS here"),
    }, { host, hostname: "gw.test", stamp: "" });
  }

  say(line: string): void {
    this.remote.write(`${line}\n`, this.clock.now());
  }

  /** What the lines say that arrived over a connection, each in its frame. */
  words(connection: number): string[] {
    const words: string[] = [];
    for (let rest = this.taken[connection] ?? ""; rest !== "";) {
      const length = parseInt(rest);
      const at = rest.indexOf(" ") + 1;
      words.push(rest.slice(rest.indexOf(" - ") + 3, at + length));
      rest = rest.slice(at + length);
    }
    return words;
  }

  #dial(): Promise<Conn> {
    this.dialled.push(Math.round(this.clock.monotonic() / 1000));
    if (this.mode === "down") return Promise.reject(new Error("Connection refused"));
    const capacity = this.mode === "stalls" ? 1 : Infinity;
    const { client, server } = pipe({ clock: this.clock, capacity });
    const place = this.taken.push("") - 1;
    this.#open.add(server);
    if (this.mode !== "stalls") void this.#serve(server, { place, closes: this.mode === "closes" });
    return Promise.resolve(client);
  }

  async #serve(server: Conn, { place, closes }: { place: number; closes: boolean }): Promise<void> {
    const into = new Uint8Array(100_000);
    for (let count = await server.read(into); count !== null; count = await server.read(into).catch(() => null)) {
      this.taken[place] += textOf(into.subarray(0, count));
      if (closes) return server.close();
    }
  }

  /** The host ends every connection. */
  hangUp(): void {
    for (const conn of this.#open) conn.close();
    this.#open.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.remote.close();
    await this.clock.advance(limits.logHostFlushMs);
    await closed;
    this.hangUp();
  }
}

const host = {
  name: "far",
  host: "192.0.2.7",
  port: 601,
  transport: "tcp",
  facility: "mail",
  certificate: null,
} as const;

Deno.test("RemoteLog: a host that is down is told of once, asked in pauses that grow to a minute, and gets what waited", async () => {
  await using rig = new Rig();
  rig.mode = "down";
  rig.say("line 1");
  await rig.clock.advance(300_000);
  assert.deepEqual(rig.dialled, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  assert.equal(rig.lines.length, 1, rig.lines.join("\n"));
  assert.match(
    rig.lines[0],
    /^Warning: Cannot send the log to far \(192\.0\.2\.7:601, tcp\): .*Connection refused; lines wait/,
  );
  assert.deepEqual([rig.remote.facts.state, rig.remote.facts.waiting], ["failing", 1]);
  rig.mode = "up";
  rig.say("line 2");
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.words(0).slice(0, 2), ["line 1", "line 2"]);
  assert.match(rig.lines[1], /^Warning: The log host far \S+ tcp\) takes lines again$/);
  assert.match(rig.taken[0], /takes lines again/);
  assert.doesNotMatch(rig.taken[0], /Cannot send/, "its own trouble is no line for it");
  assert.deepEqual([rig.remote.facts.state, rig.remote.facts.waiting, rig.remote.facts.sent], ["open", 0, 3]);
});

Deno.test("RemoteLog: what does not fit into its memory is told in one line when the trouble is over", async () => {
  await using rig = new Rig();
  rig.mode = "down";
  const filler = "x".repeat(8_000);
  for (let line = 1; line <= 1_500; line++) rig.say(`line ${line} ${filler}`);
  await rig.clock.advance(1_000);
  assert.ok(rig.remote.facts.waiting < 1_100, "bounded");
  rig.mode = "up";
  await rig.clock.advance(10_000);
  const [, over] = rig.lines;
  const dropped = Number(/takes lines again; (\d+) lines were dropped meanwhile$/.exec(over)?.[1]);
  assert.ok(dropped > 400, over);
  assert.equal(rig.lines.length, 2);
  assert.equal(rig.remote.facts.sent, 1_500 - dropped + 1);
});

Deno.test("RemoteLog: a connection that ends is opened again, and what may have been lost is sent again", async () => {
  await using rig = new Rig();
  rig.say("line 1");
  await rig.clock.advance(20_000);
  rig.say("line 2");
  await rig.clock.advance(100);
  rig.hangUp();
  await rig.clock.advance(100);
  assert.deepEqual([rig.words(0), rig.words(1)], [["line 1", "line 2"], ["line 2"]]);
  await rig.clock.advance(10_000);
  rig.hangUp();
  await rig.clock.advance(100);
  assert.equal(rig.taken.length, 2, "nothing has to be sent");
  rig.say("line 3");
  await rig.clock.advance(100);
  assert.deepEqual(rig.words(2), ["line 3"]);
  assert.deepEqual(rig.lines, []);
  assert.equal(rig.remote.facts.sent, 3);
});

Deno.test("RemoteLog: a host that takes lines and hangs up is a failure: told once, with pauses, until it stays", async () => {
  await using rig = new Rig();
  rig.mode = "closes";
  rig.say("line 1");
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.dialled, [0, 1, 3, 7, 15, 31]);
  assert.equal(rig.lines.length, 1);
  assert.match(rig.lines[0], /Cannot send the log to far .*: the log host closed the connection/);
  rig.mode = "up";
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.words(6)[0], "line 1");
  assert.equal(rig.lines.length, 2);
});

Deno.test("RemoteLog: a host that reads nothing is given up, and its memory stays bounded", async () => {
  await using rig = new Rig();
  rig.mode = "stalls";
  for (let line = 1; line <= 3; line++) {
    rig.say(`line ${line}`);
    await rig.clock.advance(100);
  }
  assert.deepEqual(rig.lines, []);
  await rig.clock.advance(limits.logHostWriteMs);
  assert.match(rig.lines.join(), /Cannot send the log to far/);
  rig.mode = "up";
  await rig.clock.advance(60_000);
  assert.match(rig.taken.at(-1)!, /line 3/);
});

Deno.test("RemoteLog.use: other settings count at once, in the middle of a pause too", async () => {
  await using rig = new Rig();
  rig.mode = "down";
  rig.say("line 1");
  await rig.clock.advance(70_000);
  rig.mode = "up";
  rig.remote.use({ host: { ...host, facility: "local0" }, hostname: "other.test", stamp: "" });
  await rig.clock.advance(100);
  assert.match(rig.taken[0], /^\d+ <134>1 \S+ other\.test postern 1 mail_log - line 1/);
});

Deno.test("RemoteLog.close: sends what waits at once, and a host that does not take it is waited for no longer than told", async () => {
  const rig = new Rig();
  rig.say("line 1");
  const closed = rig.remote.close();
  await rig.clock.advance(1);
  await closed;
  assert.deepEqual(rig.words(0), ["line 1"]);
  assert.equal(rig.clock.timers, 0);

  const stuck = new Rig();
  stuck.mode = "stalls";
  for (const line of ["line 1", "line 2"]) {
    stuck.say(line);
    await stuck.clock.advance(100);
  }
  let ended = false;
  const ending = stuck.remote.close().then(() => ended = true);
  await stuck.clock.advance(limits.logHostFlushMs - 1);
  assert.equal(ended, false);
  await stuck.clock.advance(1);
  await ending;
  assert.match(stuck.lines.join(), /Warning: \d lines? of the log were not sent to far/);
  assert.equal(octets(stuck.taken.join()).length, 0);
  rig.hangUp();
  stuck.hangUp();
});
