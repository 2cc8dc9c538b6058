import assert from "node:assert/strict";
import { hashPassword, passwordFault, Passwords } from "../../src/auth/passwords.ts";
import { limits } from "../../src/base/limits.ts";
import { seededRandom } from "../../src/base/random.ts";
import { parseScryptHash, scryptHashText, usualCosts } from "../../src/base/scrypt_hash.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { cheapHash } from "./hashes.ts";

function checker() {
  const clock = new FakeClock();
  return { clock, passwords: new Passwords({ clock, random: seededRandom(7) }) };
}

const salt = "c2l4dGVlbiBvY3RldHMhIQ==";
const hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

Deno.test("parseScryptHash reads hashes within bounds, and nothing else", () => {
  assert.deepEqual(Object.values(parseScryptHash(`scrypt$16384$8$5$${salt}$${hash}`)!).slice(0, 3), [16_384, 8, 5]);
  assert.equal(
    scryptHashText(parseScryptHash(`scrypt$16384$8$5$${salt}$${hash}`)!),
    `scrypt$16384$8$5$${salt}$${hash}`,
  );
  for (
    const text of [
      "",
      "hunter2",
      `scrypt$16384$8$5$${salt}`,
      `bcrypt$16384$8$5$${salt}$${hash}`,
      // No power of two, too cheap, too dear in memory, in time, nothing at all.
      `scrypt$16383$8$5$${salt}$${hash}`,
      `scrypt$512$8$5$${salt}$${hash}`,
      `scrypt$1048576$8$1$${salt}$${hash}`,
      `scrypt$16384$8$17$${salt}$${hash}`,
      `scrypt$16384$0$1$${salt}$${hash}`,
      `scrypt$16384$8$0$${salt}$${hash}`,
      `scrypt$16384$8$5$AAAA$${hash}`,
      `scrypt$16384$8$5$${salt}$AAAA`,
      `scrypt$16384$8$5$${salt}$${hash}=`,
      `scrypt$16384$8$5$${salt}$${hash} `,
      `scrypt$16384$8$5$${salt.replace("c", "-")}$${hash}`,
    ]
  ) assert.equal(parseScryptHash(text), undefined, text);
});

Deno.test("hashPassword makes a hash of its own each time, and Passwords.check knows it", async () => {
  const random = seededRandom(3);
  const texts = [await hashPassword("pass word", random), await hashPassword("pass word", random)];
  assert.notEqual(texts[0], texts[1]);
  const { passwords } = checker();
  const read = parseScryptHash(texts[0])!;
  assert.deepEqual([read.cost, read.blockSize, read.parallelization], Object.values(usualCosts));
  assert.equal(await passwords.check("pass word", read), "right");
  assert.equal(await passwords.check("pass word ", read), "wrong");
});

Deno.test("Passwords.check takes a letter in both of its spellings", async () => {
  const { passwords } = checker();
  assert.equal(await passwords.check("p\u0061\u0308ss", parseScryptHash(cheapHash("p\u00e4ss"))!), "right");
});

Deno.test("Passwords.check remembers what was right for a while, and only for that hash", async () => {
  const { clock, passwords } = checker();
  // Dear enough that a remembered answer is told from a made one.
  const dear = parseScryptHash(await hashPassword("x", seededRandom(5)))!;
  const took = async (password: string, against = dear) => {
    const since = performance.now();
    return [await passwords.check(password, against), performance.now() - since] as const;
  };
  const [first, ms] = await took("x");
  assert.equal(first, "right");
  const quick: number[] = [];
  for (let each = 0; each < 5; each++) {
    const [again, ms] = await took("x");
    assert.equal(again, "right");
    quick.push(ms);
  }
  assert.ok(Math.min(...quick) < ms / 4, `${quick} ms are no less than ${ms}`);
  assert.equal((await took("y"))[0], "wrong");
  assert.equal((await took("x", { ...dear, hash: new Uint8Array(32) }))[0], "wrong", "another hash");
  await clock.advance(limits.passwordRememberedMs);
  assert.equal((await took("x"))[0], "right");
});

Deno.test("Passwords.check works on so many at a time, lets so many wait, and turns the rest away", async () => {
  const { passwords } = checker();
  const against = parseScryptHash(cheapHash("right"))!;
  const most = limits.passwordChecksMax + limits.passwordChecksWaitingMax;
  const checks = Array.from({ length: most + 5 }, (_, each) => passwords.check(`wrong ${each}`, against));
  const results = await Promise.all(checks);
  assert.equal(results.filter((result) => result === "busy").length, 5);
  assert.equal(results.filter((result) => result === "wrong").length, most);
  assert.equal(await passwords.check("right", against), "right", "places are free again");
});

Deno.test("passwordFault names what nobody could log in with", () => {
  assert.equal(passwordFault("a b ä"), undefined);
  assert.equal(passwordFault("x".repeat(255)), undefined);
  assert.match(passwordFault("x".repeat(256))!.text, /255/);
  assert.match(passwordFault("")!.text, /empty/);
  assert.match(passwordFault("a\0b")!.text, /control/);
});
