/**
 * Long texts: files, and that nothing of an interrupted message stays.
 *
 * @module
 */
import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import type { Octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Bodies, BodyDraft, heldOctetsMax } from "../../src/queue/bodies.ts";
import { delivered, leaseOne, put, rule, soon, World } from "./world.ts";

const long = (octets: number): Octets => seededRandom(octets).bytes(octets);

async function bytesOf(chunks: AsyncIterable<Octets>): Promise<Octets> {
  const parts: Octets[] = [];
  for await (const chunk of chunks) {
    assert.ok(chunk.length <= limits.chunkOctets);
    parts.push(chunk.slice());
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

Deno.test("DurableSpool keeps every length of text as it was, small ones in the database and long ones in files", async () => {
  await using world = new World();
  const border = limits.bodyInMemoryOctetsMax;
  for (const octets of [0, 1, 65_535, 65_536, border - 1, border, border + 1, 3 * border + 17]) {
    const text = long(octets);
    const first = await world.open();
    const mid = await put(first, { text });
    assert.deepEqual(world.files(), octets > border ? [String(mid)] : []);
    const fresh = await leaseOne(first);
    assert.deepEqual(await bytesOf(fresh.text()), text);
    assert.deepEqual(await bytesOf(fresh.text()), text, "a second reading");
    assert.equal(fresh.held === undefined, octets > border);
    assert.equal(fresh.filed, octets > border);
    await first.close();
    const second = await world.open();
    const lease = await leaseOne(second);
    assert.equal(lease.octets, octets);
    assert.deepEqual(await bytesOf(lease.text()), text, `${octets} octets after a restart`);
    await second.settle(lease, [delivered(0)], rule);
    await second.close();
    assert.deepEqual(world.files(), [], "the file goes with the message");
  }
});

Deno.test("BodyDraft gathers pieces of any size in their order", async () => {
  await using world = new World();
  const spool = await world.open();
  const random = seededRandom(11);
  const text = long(1_500_000);
  const mid = spool.ids.next("mid");
  const draft = spool.draft(mid);
  for (let at = 0; at < text.length;) {
    const piece = 1 + Math.floor(random.fraction() ** 3 * 200_000);
    await draft.write(text.slice(at, at + piece));
    at += piece;
  }
  assert.equal(draft.octets, text.length);
  const envelope = { mid, sender: "", eightBit: true, smtputf8: false, receivedAt: 0 };
  await spool.put({ ...envelope, recipients: [{ rid: 0, address: "b@example.test" }] }, draft);
  assert.deepEqual(await bytesOf((await leaseOne(spool)).text()), text);
});

Deno.test("BodyDraft.abort leaves nothing, whenever it comes", async () => {
  await using world = new World();
  const spool = await world.open();
  for (const octets of [0, 1000, 262_145, 700_000]) {
    for (const waits of [true, false]) {
      const draft = spool.draft(spool.ids.next("mid"));
      for (let at = 0; at < octets; at += 65_536) {
        const written = draft.write(long(Math.min(65_536, octets - at)));
        // Without waiting only the last write may be under way.
        if (waits || at + 65_536 < octets) await written;
      }
      await draft.abort();
      await draft.abort();
      assert.deepEqual(world.files(), [], `${octets} octets`);
      assert.throws(() => draft.write(long(1)), /it is aborted/);
    }
  }
  assert.equal(spool.messages, 0);
});

Deno.test("BodyDraft does not keep the buffer of a small view alive", () => {
  const directory = Deno.makeTempDirSync();
  using bodies = new Bodies(directory);
  const draft = new BodyDraft(1, bodies);
  const buffer: Octets = new Uint8Array(65_536).fill(1);
  draft.write(buffer.subarray(0, 100));
  buffer.fill(2);
  const sealed = draft.seal();
  assert.ok(!(sealed instanceof Promise) && sealed.text !== null);
  assert.equal(sealed.text.buffer.byteLength, 100);
  assert.ok(sealed.text.every((octet) => octet === 1));
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("BodyDraft goes to a file early when all drafts together hold too much", async () => {
  await using world = new World();
  const directory = `${world.directory}/bodies`;
  using bodies = new Bodies(directory);
  bodies.held = heldOctetsMax;
  const draft = new BodyDraft(5, bodies);
  await draft.write(long(1000));
  const sealed = await draft.seal();
  assert.equal(sealed.text, null);
  assert.deepEqual(await bytesOf(bodies.read(5)), long(1000));
  assert.equal(bodies.held, heldOctetsMax, "what the draft held is given back");
});

for (const where of ["this thread", "another"]) {
  const name =
    `openSpool removes files that no message names, and says when a named one is missing: found out in ${where}`;
  Deno.test(name, () => missing(where === "another"));
}

async function missing(elsewhere: boolean): Promise<void> {
  await using world = new World();
  const first = await world.open();
  const kept = await put(first, { text: long(300_000) });
  const gone = await put(first, { text: long(300_000), to: ["c@gone.test"] });
  await first.close();
  Deno.writeTextFileSync(`${world.directory}/bodies/999`, "half a message");
  Deno.writeTextFileSync(`${world.directory}/bodies/note.txt`, "not a message at all");
  Deno.removeSync(`${world.directory}/bodies/${gone}`);
  const second = await world.open();
  assert.deepEqual(world.files(), [String(kept)]);
  const log = world.log.lines.join("\n");
  assert.match(log, /info: Found 2 texts that belong to no message: removed/);
  assert.match(log, new RegExp(`critical: Cannot find the text of MID ${gone}: .*/${gone} is missing`));
  // Nobody can deliver it: the sender is told, whether delivery gives the lease back or settles it.
  const lease = await leaseOne(second, "gone.test");
  if (elsewhere) lease.unread!({ lost: true, cause: "no such file" });
  else await assert.rejects(bytesOf(lease.text()));
  assert.match(
    world.log.lines.at(-1)!,
    new RegExp(`critical: Cannot read the text of MID ${gone}: .*no such file`, "i"),
  );
  second.giveBack(lease);
  const reported = () => [...second.destinations()].some(({ destination }) => destination === "example.com");
  for (let turn = 0; turn < 200 && !reported(); turn++) await soon(20);
  const report = await leaseOne(second, "example.com");
  assert.match(new TextDecoder().decode(report.held), /Status: 5\.3\.0/);
  assert.match(new TextDecoder().decode(report.held), /The text of the message was lost/);
}
