/**
 * Next hops that say more than they are asked, or too early: their words must not be taken for a receipt.
 */
import assert from "node:assert/strict";
import { startBench } from "../support/delivery_bench.ts";
import { modern, type Script, startNextHop } from "../support/next_hop.ts";

/** Delivers so many messages over one connection at a time. What became of each, and the text of its failure. */
async function deliver(script: Script, { messages }: { messages: number }) {
  await using next = startNextHop(script);
  const mails = Array.from({ length: messages }, () => ({ to: ["b@example.test"] }));
  const routes = { "example.test": [{ host: "127.0.0.1", port: next.port }] };
  await using bench = startBench({ control: { tls: "none", max_connections: 1 }, routes }, mails);
  await bench.spool.whenSettled(messages);
  const ends = bench.spool.settled.flatMap(({ outcomes }) =>
    outcomes.map((outcome) => outcome.kind === "delivered" ? outcome.kind : `${outcome.kind}: ${outcome.failure?.text}`)
  );
  return { ends, next, taken: next.taken.length };
}

const nothingAsked = "deferred: The server sent a reply to nothing that it was asked";
const withoutChunking = modern.filter((name) => name !== "CHUNKING");
const plain: string[] = [];

Deno.test("transact takes no 250 to DATA for a receipt: the text has not been sent", async () => {
  for (const extensions of [withoutChunking, plain]) {
    const answer = (command: string) => command === "DATA" ? "250 2.0.0 Ok\r\n" : undefined;
    const { ends, taken } = await deliver({ extensions, answer }, { messages: 1 });
    assert.deepEqual(ends, ["deferred: The server answered DATA with 250, before it had the text"]);
    assert.equal(taken, 0);
  }
});

Deno.test("transact takes no 250 for a receipt that came together with the 354", async () => {
  for (const extensions of [withoutChunking, plain]) {
    const answer = (command: string) => command === "DATA" ? "354 go on\r\n250 2.0.0 Ok\r\n" : undefined;
    const { ends } = await deliver({ extensions, answer }, { messages: 1 });
    assert.deepEqual(ends, [nothingAsked]);
  }
});

Deno.test("transact ends a connection on which a reply came that nobody asked for, wherever it came", async () => {
  for (const early of ["GREETING", "EHLO", "MAIL", "RCPT"]) {
    const honest = early === "GREETING" ? "220 hop.test\r\n" : "250 Ok\r\n";
    const answer = (command: string) => command.split(" ")[0] === early ? `${honest}250 Ok\r\n` : undefined;
    const { ends, taken } = await deliver({ extensions: plain, answer }, { messages: 1 });
    assert.deepEqual(ends, [nothingAsked], early);
    assert.equal(taken, 0, early);
  }
});

Deno.test("transact goes on with the next message on a new connection where the reply to the last one came twice", async () => {
  for (const extensions of [modern, withoutChunking, plain]) {
    const final = extensions === modern ? "BDAT" : ".";
    const answer = (command: string) => command.split(" ")[0] === final ? "250 Ok\r\n250 Ok\r\n" : undefined;
    const { ends, taken, next } = await deliver({ extensions, answer }, { messages: 3 });
    assert.deepEqual(ends, ["delivered", "delivered", "delivered"]);
    assert.equal(taken, 3, "each text arrived");
    assert.equal(next.sessions.length, 3);
  }
});
