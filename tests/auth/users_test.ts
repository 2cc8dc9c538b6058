import assert from "node:assert/strict";
import { Passwords } from "../../src/auth/passwords.ts";
import { type Login, Users } from "../../src/auth/users.ts";
import { seededRandom } from "../../src/base/random.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { cheapHash } from "./hashes.ts";

const passwords = new Passwords({ clock: new FakeClock(), random: seededRandom(1) });
const users = new Users([
  {
    name: "ann",
    password_hash: cheapHash("apple"),
    senders: ["ann@example.test", "example.org", ".example.net", "info@"],
  },
  { name: "b\u00f6b@example.test", password_hash: cheapHash("b") },
  { name: "printer", certificate: "Printer.example.test" },
  { name: "scanner", certificate: "printer.example.test", password_hash: cheapHash("s") },
]);

const shown = (login: Login) => login.kind === "user" ? login.user.name : [login.fault.reason, login.user?.name];

Deno.test("Users.byPassword knows a user by name and password, and says to the log alone what is wrong", async () => {
  for (
    const [user, password, authorization, result] of [
      ["ann", "apple", "", "ann"],
      ["ann", "apple", "ann", "ann"],
      ["bo\u0308b@example.test", "b", "", "b\u00f6b@example.test"],
      ["ann", "Apple", "", ["wrong_password", "ann"]],
      ["ann", "", "", ["wrong_password", "ann"]],
      ["Ann", "apple", "", ["no_such_user", undefined]],
      ["nobody", "apple", "", ["no_such_user", undefined]],
      ["constructor", "apple", "", ["no_such_user", undefined]],
      ["printer", "", "", ["no_password", "printer"]],
      ["ann", "apple", "printer", ["other_identity", "ann"]],
      ["ann", "wrong", "printer", ["wrong_password", "ann"]],
    ] as const
  ) {
    const login = await users.byPassword({ user, password, authorization }, passwords);
    assert.deepEqual(shown(login), result, `${user} ${password} ${authorization}`);
  }
});

Deno.test("Users.byPassword pays for names that nobody has", async () => {
  let checks = 0;
  const counting = new Passwords({ clock: new FakeClock(), random: seededRandom(1) });
  const check = counting.check.bind(counting);
  counting.check = (password, hash) => {
    checks++;
    return check(password, hash);
  };
  for (const user of ["nobody", "printer", "ann"]) {
    await users.byPassword({ user, password: "x", authorization: "" }, counting);
  }
  assert.equal(checks, 3);
});

Deno.test("Users.byCertificate knows the owner of a name, the first in the file or the one that is asked for", () => {
  for (
    const [names, authorization, result] of [
      [["printer.example.test"], "", "printer"],
      [["other.test", "PRINTER.example.test"], "", "printer"],
      [["printer.example.test"], "scanner", "scanner"],
      [["printer.example.test"], "ann", ["other_identity", "printer"]],
      [["x.printer.example.test"], "", ["no_such_certificate", undefined]],
      [["*.example.test"], "", ["no_such_certificate", undefined]],
      [[], "printer", ["no_such_certificate", undefined]],
    ] as const
  ) assert.deepEqual(shown(users.byCertificate(names, authorization)), result, `${names} ${authorization}`);
  assert.equal(users.knowCertificate(["Printer.Example.Test"]), true);
  assert.equal(users.knowCertificate(["ann"]), false);
});

Deno.test("AuthUser.maySendAs keeps a user to his senders", async () => {
  const ann = await users.byPassword({ user: "ann", password: "apple", authorization: "" }, passwords);
  assert.ok(ann.kind === "user");
  for (
    const sender of ["ann@example.test", "ANN@Example.Test", "x@example.org", "x@sub.example.net", "info@anywhere.test"]
  ) {
    assert.equal(ann.user.maySendAs(sender), true, sender);
  }
  for (const sender of ["bob@example.test", "x@example.net", "x@sub.example.org", "ann@example.test@evil.test"]) {
    assert.equal(ann.user.maySendAs(sender), false, sender);
  }
  const bob = await users.byPassword({ user: "b\u00f6b@example.test", password: "b", authorization: "" }, passwords);
  assert.ok(bob.kind === "user" && bob.user.maySendAs("anybody@anywhere.test"));
});

Deno.test("Users know what there is to log in with", () => {
  assert.deepEqual([users.havePasswords, users.haveCertificates], [true, true]);
  const nobody = new Users([]);
  assert.deepEqual([nobody.havePasswords, nobody.haveCertificates], [false, false]);
  const devices = new Users([{ name: "printer", certificate: "p.test" }]);
  assert.deepEqual([devices.havePasswords, devices.haveCertificates], [false, true]);
  assert.throws(() => new Users([{ name: "x", password_hash: "plain" }]), /Cannot use the password hash of x/);
});
