import assert from "node:assert/strict";
import { Wire, WireCutError } from "../../src/workers/wire.ts";
import { FakeClock } from "../support/fake_clock.ts";

type Here = { add: (value: number) => number; later: (value: number) => Promise<number>; fail: (text: string) => void };
type There = { note: (value: { text: string }) => void };

/** Two ends, whose messages are copied as between threads, and kept. */
function ends() {
  const clock = new FakeClock();
  const messages: unknown[][] = [];
  const heard: string[] = [];
  const port = (to: () => Wire<There, Here> | Wire<Here, There>) => ({
    postMessage(message: unknown, transfer: Transferable[]) {
      const copy = structuredClone(message, { transfer });
      messages.push(copy as unknown[]);
      queueMicrotask(() => to().receive(copy));
    },
  });
  const here: Wire<There, Here> = new Wire<There, Here>(port(() => there), {
    clock,
    hears: {
      add: (value) => value + 1,
      later: (value) => Promise.resolve(value * 2),
      fail(text) {
        throw new Error(text);
      },
    },
  });
  const there: Wire<Here, There> = new Wire<Here, There>(port(() => here), {
    clock,
    hears: { note: ({ text }) => void heard.push(text) },
  });
  return { clock, messages, heard, here, there };
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

Deno.test("Wire.ask is answered with what the other end returns, now or later, or rejects with what it throws", async () => {
  const { there } = ends();
  const [one, two, three] = await Promise.allSettled([
    there.ask("add", 1),
    there.ask("later", 21),
    there.ask("fail", "it is broken"),
  ]);
  assert.deepEqual(one, { status: "fulfilled", value: 2 });
  assert.deepEqual(two, { status: "fulfilled", value: 42 });
  assert.equal(three.status === "rejected" && three.reason.message, "it is broken");
});

Deno.test("Wire sends what one turn says as one message, in its order", async () => {
  const { here, heard, messages } = ends();
  for (const text of ["a", "b", "c"]) here.tell("note", { text });
  assert.equal(messages.length, 0);
  await turn();
  assert.deepEqual([messages.length, heard], [1, ["a", "b", "c"]]);
});

Deno.test("Wire.lazily waits for company, which it goes in front of, and no longer than its time", async () => {
  const { here, heard, clock, messages } = ends();
  const first = { text: "first" };
  here.lazily("note", first);
  assert.equal(here.last, first);
  first.text += ", and more";
  await turn();
  assert.equal(messages.length, 0);
  here.tell("note", { text: "second" });
  await turn();
  assert.deepEqual([messages.length, heard], [1, ["first, and more", "second"]]);
  assert.equal(here.last, undefined);
  here.lazily("note", { text: "alone" });
  await clock.advance(100);
  await turn();
  assert.deepEqual(heard, ["first, and more", "second", "alone"]);
  assert.equal(clock.timers, 0);
});

Deno.test("Wire hands over what is to be transferred", async () => {
  const { here, heard } = ends();
  const bytes = new Uint8Array(10);
  here.tell("note", { text: "with bytes", bytes } as { text: string }, [bytes.buffer]);
  await turn();
  assert.deepEqual([bytes.byteLength, heard], [0, ["with bytes"]]);
});

Deno.test("Wire.cut rejects who waits and who asks later, and says nothing more", async () => {
  const { there, messages, clock } = ends();
  const waiting = there.ask("add", 1);
  there.cut("the thread has died");
  await assert.rejects(waiting, new WireCutError("the thread has died"));
  await assert.rejects(there.ask("add", 1), WireCutError);
  there.tell("add", 1);
  await turn();
  assert.deepEqual([messages, clock.timers], [[], 0]);
});
