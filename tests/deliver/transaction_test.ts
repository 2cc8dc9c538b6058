/**
 * Messages against next hops that behave in every way but well.
 */
import assert from "node:assert/strict";
import { octets, textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Outcome } from "../../src/mail/outcome.ts";
import { type Bench, type BenchWish, type Mail, ShiftedClock, startBench } from "../support/delivery_bench.ts";
import { modern, type NextHop, type Script, startNextHop } from "../support/next_hop.ts";

interface Run {
  bench: Bench;
  next: NextHop;
  outcomes: Outcome[];
}

/** Delivers to a next hop with this script, and waits until all are settled. */
async function deliver(
  { script = {}, mails, wish = {} }: { script?: Script; mails: Mail[]; wish?: BenchWish },
  judge: (run: Run) => void | Promise<void>,
): Promise<void> {
  await using next = startNextHop(script);
  await using bench = startBench({
    control: { tls: "none", ...wish.control },
    routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] },
    ...wish,
  }, mails);
  await bench.spool.whenSettled(mails.length);
  await judge({ bench, next, outcomes: bench.spool.settled.flatMap(({ outcomes }) => outcomes) });
}

const one: Mail[] = [{ to: ["b@example.test"] }];
const without = (...names: string[]) => modern.filter((line) => !names.includes(line.split(" ")[0]));
const kinds = (outcomes: Outcome[]) => outcomes.map(({ rid, kind }) => `${rid} ${kind}`).sort();

Deno.test("transact needs one write and one read where PIPELINING and CHUNKING are offered", () =>
  deliver({ mails: [...one, ...one, ...one], wish: { control: { tls: "none", max_connections: 1 } } }, ({ next }) => {
    const [session] = next.sessions;
    assert.deepEqual(session.commands, [
      "EHLO gw.test",
      ...[1, 2, 3].flatMap(() => [
        "MAIL FROM:<from@sender.test> SIZE=24",
        "RCPT TO:<b@example.test>",
        "BDAT 24 LAST",
      ]),
    ]);
    assert.equal(session.reads, 4);
  }));

const extensionSets = [modern, without("CHUNKING"), without("PIPELINING"), without("CHUNKING", "PIPELINING"), []];

for (const extensions of extensionSets) {
  for (const pieces of [undefined, 7, 70_000]) {
    const by = extensions.join(" ") || "nothing";
    Deno.test(`transact is byte-exact with ${by}, text ${pieces === undefined ? "held" : `in pieces of ${pieces}`}`, () => {
      const random = seededRandom(42);
      const texts = [
        "\r\n",
        ".\r\n",
        "..\r\n.\r\n\r\n..\r\n",
        "Subject: x\r\n\r\n.hidden\r\nQUIT\r\n.\r\nMAIL FROM:<evil@x.test>\r\n",
        "no end of line",
        "A: b\r\n\r\n" + ".".repeat(1000) + "\r\n",
        ...Array.from({ length: 6 }, () => {
          const alphabet = ["\r\n", ".", "a", "\r\n.", "\r\n.\r\n", "b".repeat(40)];
          const length = pieces === 70_000 ? 20_000 : 200;
          return Array.from({ length }, () => alphabet[Math.floor(random.fraction() * alphabet.length)]).join("") +
            "\r\n";
        }),
      ];
      const mails = texts.map((text) => ({ to: ["b@example.test"], text, pieces }));
      const wish = { control: { tls: "none" as const, max_connections: 1 } };
      return deliver({ script: { extensions }, mails, wish }, ({ next, outcomes }) => {
        assert.ok(outcomes.every(({ kind }) => kind === "delivered"));
        const chunked = extensions.includes("CHUNKING");
        // DATA cannot carry a text without a line end: RFC 5321 §4.1.1.4 has the client add one.
        const expected = texts.map((text) => chunked || text.endsWith("\r\n") ? text : text + "\r\n");
        assert.deepEqual(next.taken.map(({ text }) => textOf(text)), expected);
      });
    });
  }
}

Deno.test("transact keeps the replies of the recipients apart", async () => {
  for (const extensions of extensionSets) {
    await deliver({
      script: {
        extensions,
        answer: (command) =>
          command.includes("<no@")
            ? "550 5.1.1 no such user\r\n"
            : command.includes("<later@")
            ? "450 4.2.1 later\r\n"
            : undefined,
      },
      mails: [{ to: ["b@example.test", "no@example.test", "later@example.test", "c@example.test"] }],
    }, ({ bench, outcomes, next }) => {
      assert.deepEqual(kinds(outcomes), ["0 delivered", "1 refused", "2 deferred", "3 delivered"]);
      assert.equal(next.taken.length, 1);
      assert.deepEqual(next.taken[0].rcpts.length, 2);
      const lines = bench.lines();
      assert.ok(lines.includes("Delivery start DCID 1 MID 1 to RID [0, 1, 2, 3]"));
      assert.ok(lines.includes("Message done DCID 1 MID 1 to RID [0, 3]"));
      assert.ok(lines.includes("MID 1 RID [0, 3] Response '2.0.0 Ok: queued as 3jjs'"));
      assert.ok(lines.includes(
        "Bounced: DCID 1 MID 1 to RID 1 - 5.1.1 - Bad destination mailbox address ('550', ['no such user'])",
      ));
      assert.ok(lines.includes(
        "Delayed: DCID 1 MID 1 to RID 2 - 4.2.1 - Mailbox disabled, not accepting messages ('450', ['later'])",
      ));
      assert.ok(!lines.includes("Message finished MID 1 done"));
    });
  }
});

Deno.test("transact sends no text when nobody is accepted, and the next message starts anew", async () => {
  for (const extensions of extensionSets) {
    const refuse = (command: string) => command.includes("<no@") ? "550 no\r\n" : undefined;
    const mails = [{ to: ["no@example.test"] }, { to: ["b@example.test"] }];
    const wish = { control: { tls: "none" as const, max_connections: 1 } };
    await deliver({ script: { extensions, answer: refuse }, mails, wish }, ({ next, outcomes, bench }) => {
      assert.deepEqual(outcomes.map(({ kind }) => kind), ["refused", "delivered"]);
      assert.equal(next.taken.length, 1);
      assert.equal(next.sessions.length, 1);
      assert.ok(next.sessions[0].commands.includes("RSET"));
      // A bare 550 to RCPT.
      assert.ok(
        bench.lines().includes(
          "Bounced: DCID 1 MID 1 to RID 0 - 5.1.0 - Unknown address error ('550', ['no'])",
        ),
      );
    });
  }
});

Deno.test("transact ends DATA at once where a server wants a text for nobody (RFC 2920 §3.1)", () => {
  const script: Script = {
    extensions: ["PIPELINING"],
    answer: (command) =>
      command.startsWith("RCPT")
        ? "550 no\r\n"
        : command === "DATA"
        ? "354 go on\r\n"
        : command === "."
        ? "554 no\r\n"
        : undefined,
  };
  return deliver({ script, mails: one }, ({ next, outcomes }) => {
    assert.deepEqual(kinds(outcomes), ["0 refused"]);
    assert.equal(next.taken.length, 0);
    assert.ok(next.sessions[0].commands.includes("."));
  });
});

Deno.test("transact gives everybody the reply to MAIL, to DATA and to the text", async () => {
  const table: [string, string, "refused" | "deferred"][] = [
    ["MAIL", "550 5.1.8 who are you\r\n", "refused"],
    ["MAIL", "451 4.3.0 later\r\n", "deferred"],
    ["DATA", "554 5.7.1 no\r\n", "refused"],
    ["DATA", "451 4.3.0 later\r\n", "deferred"],
    [".", "554 5.7.1 spam\r\n", "refused"],
    [".", "452 4.3.1 full\r\n", "deferred"],
    ["BDAT", "554 5.7.1 spam\r\n", "refused"],
    ["BDAT", "452 4.3.1 full\r\n", "deferred"],
  ];
  for (const [verb, text, kind] of table) {
    for (const extensions of extensionSets) {
      const chunked = extensions.includes("CHUNKING");
      if (chunked ? verb === "DATA" || verb === "." : verb === "BDAT") continue;
      const answer = (command: string) => command.split(" ")[0] === verb ? text : undefined;
      const mails = [{ to: ["b@example.test", "c@example.test"] }];
      await deliver({ script: { extensions, answer }, mails }, ({ outcomes, next }) => {
        assert.deepEqual(kinds(outcomes), [`0 ${kind}`, `1 ${kind}`], `${verb} ${text}`);
        assert.equal(next.taken.length, 0);
      });
    }
  }
});

Deno.test("transact takes recipients that were too many for one transaction to the next", async () => {
  for (const extensions of extensionSets) {
    for (const code of ["452 4.5.3", "552 5.5.3"]) {
      const answer = (command: string, { rcpts }: { rcpts: string[] }) =>
        command.startsWith("RCPT") && rcpts.length >= 100 ? `${code} too many\r\n` : undefined;
      const to = Array.from({ length: 250 }, (_, n) => `r${n}@example.test`);
      await deliver({ script: { extensions, answer }, mails: [{ to }] }, ({ outcomes, next }) => {
        assert.equal(outcomes.length, 250);
        assert.ok(outcomes.every(({ kind }) => kind === "delivered"));
        assert.deepEqual(next.taken.map(({ rcpts }) => rcpts.length), [100, 100, 50]);
      });
    }
  }
});

Deno.test("transact does not lock up with thousands of recipients", () => {
  const to = Array.from({ length: 5000 }, (_, n) => `recipient-with-a-long-name-${n}@example.test`);
  const answer = (command: string) => command.startsWith("RCPT") ? `250 2.1.5 ${"long ".repeat(80)}\r\n` : undefined;
  return deliver({ script: { answer }, mails: [{ to }] }, ({ outcomes, next }) => {
    assert.ok(outcomes.every(({ kind }) => kind === "delivered"));
    assert.equal(next.taken[0].rcpts.length, 5000);
  });
});

Deno.test("transact closes after 421, and everybody without an answer waits", async () => {
  for (const verb of ["MAIL", "RCPT", "BDAT"]) {
    let done = false;
    const answer = (command: string) => {
      if (done || command.split(" ")[0] !== verb || command.includes("<b@")) return undefined;
      done = true;
      return { text: "421 4.3.2 going down\r\n", close: true };
    };
    const mails = [{ to: ["b@example.test", "c@example.test"] }];
    await deliver({ script: { answer }, mails }, ({ outcomes, next }) => {
      assert.deepEqual(kinds(outcomes), ["0 deferred", "1 deferred"], verb);
      assert.equal(next.taken.length, 0);
    });
  }
});

Deno.test("transact defers when the server closes early, at each step", async () => {
  for (const extensions of extensionSets) {
    for (const verb of ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", ".", "BDAT"]) {
      const chunked = extensions.includes("CHUNKING");
      if (chunked ? verb === "DATA" || verb === "." : verb === "BDAT") continue;
      const answer = (command: string) => command.split(" ")[0] === verb ? { close: true } : undefined;
      await deliver({ script: { extensions, answer }, mails: one }, ({ outcomes: [outcome], bench }) => {
        assert.equal(outcome.kind, "deferred", verb);
        assert.equal(
          outcome.kind === "deferred" && outcome.failure?.enhanced,
          "4.4.2",
          `${verb} ${bench.lines().join("\n")}`,
        );
      });
    }
  }
});

Deno.test("a garbled, endless or huge answer is bounded, logged and tried again", async () => {
  const table: [string, string, RegExp][] = [
    ["GREETING", "SSH-2.0-OpenSSH_9.2\r\n", /no SMTP reply: SSH-2\.0/],
    ["GREETING", "220-" + "x".repeat(100_000), /over-long line/],
    ["GREETING", "220-hello\r\n".repeat(5_000), /does not end/],
    ["GREETING", "220-a\r\n250 b\r\n", /two codes/],
    ["GREETING", "\0\0\0\0\n", /no SMTP reply: \\x00/],
    ["EHLO", "250-x\r\n".repeat(5_000), /does not end/],
    ["MAIL", "250-x\r\n".repeat(5_000), /does not end/],
    ["RCPT", "mail me\r\n", /no SMTP reply/],
  ];
  for (const [verb, text, words] of table) {
    const answer = (command: string) => command.split(" ")[0] === verb ? { text, close: true } : undefined;
    await deliver({ script: { answer }, mails: one }, ({ outcomes: [outcome], bench }) => {
      assert.equal(outcome.kind, "deferred");
      const log = bench.lines().join("\n");
      assert.match(log, words, log.slice(0, 2000));
      assert.ok(bench.lines().every((line) => line.length < 3000 && !line.includes("\n")));
    });
  }
});

Deno.test("a greeting of 4xx or 5xx defers", async () => {
  for (const text of ["421 4.3.2 busy\r\n", "554 5.7.1 go away\r\n", "450 hm\r\n"]) {
    const answer = (command: string) => command === "GREETING" ? { text, close: true } : undefined;
    await deliver({ script: { answer }, mails: one }, ({ outcomes: [outcome], bench }) => {
      assert.equal(outcome.kind, "deferred");
      assert.ok(
        bench.lines().some((line) => line.startsWith("Connection Error: DCID 1 domain: example.test IP: 127.0.0.1")),
      );
      assert.ok(bench.lines().some((line) => line.endsWith("reason: unexpected SMTP response")));
    });
  }
});

Deno.test("a silent server is given up in time", async () => {
  for (const verb of ["GREETING", "MAIL", "BDAT"]) {
    const clock = new ShiftedClock();
    const never = Promise.withResolvers<void>();
    const timers: number[] = [];
    const answer = (command: string) => {
      if (command.split(" ")[0] !== verb) return undefined;
      // 11 minutes: more than any of RFC 5321's time-outs. Again and again, since the client may begin to wait only behind the first.
      timers.push(setInterval(() => clock.shift += 660_000, 20));
      return { wait: never.promise, text: "250 late\r\n" };
    };
    using _ended = { [Symbol.dispose]: () => timers.forEach(clearInterval) };
    await deliver({ script: { answer }, mails: one, wish: { clock } }, ({ outcomes: [outcome] }) => {
      never.resolve();
      assert.equal(outcome.kind === "deferred" && outcome.failure?.reason, "timeout", verb);
    });
  }
});

Deno.test("transact refuses what exceeds SIZE before a word is said", () =>
  deliver({ script: { extensions: ["SIZE 10", "PIPELINING"] }, mails: one }, ({ outcomes: [outcome], next, bench }) => {
    assert.equal(outcome.kind === "refused" && outcome.failure?.enhanced, "5.3.4");
    assert.deepEqual(next.sessions[0].commands, ["EHLO gw.test"]);
    assert.ok(bench.lines().some((line) => line.includes("5.3.4 - Message too big for system")));
  }));

Deno.test("transact says what the message needs, where the server offers it", async () => {
  const mail: Mail = {
    to: ["b@example.test"],
    envelope: {
      sender: "",
      eightBit: true,
      ret: "HDRS",
      envid: "QQ+20314159",
      recipients: [{
        rid: 0,
        address: "b@example.test",
        notify: ["SUCCESS", "FAILURE"],
        orcpt: "rfc822;B@example.test",
      }],
    },
  };
  await deliver({ mails: [mail] }, ({ next, outcomes: [outcome] }) => {
    assert.deepEqual(next.sessions[0].commands.slice(1, 3), [
      "MAIL FROM:<> SIZE=24 BODY=8BITMIME RET=HDRS ENVID=QQ+20314159",
      "RCPT TO:<b@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;B@example.test",
    ]);
    assert.equal(outcome.kind === "delivered" && outcome.relayedWithoutDsn, false);
  });
  await deliver({ script: { extensions: [] }, mails: [mail] }, ({ next, outcomes: [outcome] }) => {
    assert.deepEqual(next.sessions[0].commands.slice(1, 3), ["MAIL FROM:<>", "RCPT TO:<b@example.test>"]);
    assert.equal(outcome.kind === "delivered" && outcome.relayedWithoutDsn, true);
  });
});

Deno.test("transact gives SMTPUTF8 mail only to who takes it, unless nothing in it needs that", async () => {
  const wish = (changes: Partial<Mail>): Mail[] => [{
    to: ["b@example.test"],
    envelope: { smtputf8: true, eightBit: true },
    ...changes,
  }];
  const plain = without("SMTPUTF8");
  const table: [string, string[], Partial<Mail>, "delivered" | "refused"][] = [
    ["offered", modern, { to: ["bücher@example.test"] }, "delivered"],
    ["an address", plain, { to: ["bücher@example.test"] }, "refused"],
    ["a header", plain, { text: "Subject: grüße\r\n\r\nx\r\n" }, "refused"],
    ["a header far down", plain, { text: `${"A: b\r\n".repeat(3000)}Subject: ü\r\n\r\nx\r\n`, pieces: 5 }, "refused"],
    ["only the body", plain, { text: "Subject: x\r\n\r\ngrüße\r\n" }, "delivered"],
  ];
  for (const [name, extensions, changes, kind] of table) {
    await deliver({ script: { extensions }, mails: wish(changes) }, ({ outcomes: [outcome], next }) => {
      assert.equal(outcome.kind, kind, name);
      if (outcome.kind === "refused") assert.equal(outcome.failure?.enhanced, "5.6.7");
      assert.equal(next.sessions[0].commands.some((line) => line.includes(" SMTPUTF8")), name === "offered");
    });
  }
});

Deno.test("transact never lets an address end a command", () => {
  const mails = [{ to: ["b@example.test", "x>\r\nRCPT TO:<evil@x.test@example.test"] }];
  return deliver({ mails }, ({ outcomes, next }) => {
    assert.deepEqual(kinds(outcomes), ["0 delivered", "1 refused"]);
    assert.ok(!next.sessions[0].commands.some((line) => line.includes("evil")));
  });
});

Deno.test("transact tries again on a new connection when an old one had gone: that is no attempt", async () => {
  await using next = startNextHop({
    answer: (command, session) =>
      session.number === 0 && session.taken.length === 1 && command.startsWith("MAIL") ? { close: true } : undefined,
  });
  await using bench = startBench({
    control: { tls: "none", max_connections: 1 },
    routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] },
  }, [...one, ...one]);
  await bench.spool.whenSettled(2);
  assert.ok(bench.spool.settled.every(({ outcomes: [outcome] }) => outcome.kind === "delivered"));
  assert.equal(next.sessions.length, 2);
});

Deno.test("HELO is said where EHLO is refused", () => {
  const answer = (command: string) => command.startsWith("EHLO") ? "500 what\r\n" : undefined;
  return deliver({ script: { answer }, mails: one }, ({ next, outcomes }) => {
    assert.deepEqual(kinds(outcomes), ["0 delivered"]);
    assert.deepEqual(next.sessions[0].commands.slice(0, 3), [
      "EHLO gw.test",
      "HELO gw.test",
      "MAIL FROM:<from@sender.test>",
    ]);
  });
});

Deno.test("a text that cannot be read from the queue cuts the connection instead of sending half", () => {
  const mails = [{ to: ["b@example.test"], text: "a: b\r\n\r\n" + "x".repeat(1000) + "\r\n", pieces: 100 }];
  const wish = { control: { tls: "none" as const } };
  return (async () => {
    for (const extensions of [modern, without("CHUNKING")]) {
      await using next = startNextHop({ extensions });
      await using bench = startBench({ ...wish, routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] } });
      const lease = bench.spool.add(mails[0]);
      lease.text = async function* () {
        yield await Promise.resolve(octets("a: b\r\n\r\n"));
        throw new Error("disk");
      };
      await bench.spool.whenSettled(1);
      const [{ outcomes: [outcome] }] = bench.spool.settled;
      assert.equal(outcome.kind === "deferred" && outcome.failure?.reason, "queue_read");
      assert.equal(next.taken.length, 0);
    }
  })();
});
