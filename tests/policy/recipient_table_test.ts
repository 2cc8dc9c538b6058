import assert from "node:assert/strict";
import type { RecipientRule } from "../../src/config/config.ts";
import { judgeRecipient, RecipientTable } from "../../src/policy/recipient_table.ts";

function rules(
  ...rows: [address: string, action: "accept" | "reject", more?: Partial<RecipientRule>][]
): RecipientRule[] {
  return rows.map(([address, action, more], line) => ({ address, action, line, ...more }));
}

const table = new RecipientTable(rules(
  ["root@example.test", "reject"],
  ["example.test", "accept"],
  [".inside.test", "accept"],
  ["Abuse@", "accept"],
  ["one@single.test", "accept"],
  ["single.test", "reject"],
  ["noc@[192.0.2.9]", "accept"],
  ["spam@[192.0.2.1]", "reject"],
  ["[192.0.2.1]", "accept"],
  ["[IPv6:2001:db8::1]", "accept"],
  ["BÜCHER.test", "accept"],
  [".xn--bcher-kva.test", "accept"],
  ["ALL", "reject"],
));

// deno-fmt-ignore
const recipients: [address: string, row: string, taken: boolean][] = [
  ["a@example.test", "example.test", true],
  ["A@EXAMPLE.TEST", "example.test", true],
  ["a@sub.example.test", "ALL", false],
  ["a@x.inside.test", ".inside.test", true],
  ["a@x.y.inside.test", ".inside.test", true],
  ["a@inside.test", "ALL", false],
  ["a@xinside.test", "ALL", false],
  ["abuse@anything.test", "Abuse@", true],
  ["Abuse@anything.test", "Abuse@", true],
  ["abuses@anything.test", "ALL", false],
  // The domain stands above.
  ["abuse@example.test", "example.test", true],
  ["root@example.test", "root@example.test", false],
  ["one@single.test", "one@single.test", true],
  ["two@single.test", "single.test", false],
  ['"a@example.test"@elsewhere.test', "ALL", false],
  ["a@[192.0.2.1]", "[192.0.2.1]", true],
  ["spam@[192.0.2.1]", "spam@[192.0.2.1]", false],
  ["NOC@[192.0.2.9]", "noc@[192.0.2.9]", true],
  ["a@[192.0.2.9]", "ALL", false],
  ["a@[192.0.2.2]", "ALL", false],
  ["a@[IPv6:2001:DB8:0::1]", "[IPv6:2001:db8::1]", true],
  ["a@bücher.test", "BÜCHER.test", true],
  ["a@xn--bcher-kva.test", "BÜCHER.test", true],
  ["a@ascii.bücher.test", ".xn--bcher-kva.test", true],
  ["a@elsewhere.test", "ALL", false],
];

Deno.test("RecipientTable.find gives the first row that matches", () => {
  for (const [address, row, taken] of recipients) {
    const rule = table.find(address);
    assert.deepEqual([rule?.address, rule?.action === "accept"], [row, taken], address);
  }
  assert.equal(new RecipientTable([]).find("a@b.test"), undefined);
  assert.equal(new RecipientTable(rules(["ALL", "accept"], ["b.test", "reject"])).find("a@b.test")?.address, "ALL");
});

Deno.test("judgeRecipient keeps the table, takes postmaster, and lets relays send anywhere", () => {
  const tables = { recipients: new RecipientTable(rules(["example.test", "accept"], ["ALL", "reject"])) };
  const judge = (address: string, relay: boolean) => judgeRecipient(tables, { address, relay });
  const verdict = judge("a@example.test", false);
  assert.deepEqual([verdict.kind, verdict.rule?.address], ["take", "example.test"]);
  assert.deepEqual(judge("postmaster", false), { kind: "take", validate: false });
  assert.deepEqual(judge("a@elsewhere.test", true), { kind: "take", validate: false });
  const refused = judge("a@elsewhere.test", false);
  assert.equal(refused.rule?.line, 1);
  assert.deepEqual(refused.kind === "refuse" && refused.reply, {
    code: 550,
    enhanced: "5.1.0",
    lines: ["<a@elsewhere.test> Address rejected"],
  });
  const empty = judgeRecipient({ recipients: new RecipientTable([]) }, { address: "a@b.test", relay: false });
  assert.equal(empty.kind, "refuse");
});

Deno.test("judgeRecipient gives the row's own code and text, each with an enhanced code of its class", () => {
  // deno-fmt-ignore
  const cases: [row: Partial<RecipientRule>, code: number, enhanced: string, text: string][] = [
    [{}, 550, "5.1.0", "<a@b.test> Address rejected"],
    [{ code: 450 }, 450, "4.1.0", "<a@b.test> Address rejected"],
    [{ text: "Moved to example.org" }, 550, "5.1.0", "Moved to example.org"],
    [{ code: 551, text: "5.1.6 Moved, try <c@d.test>" }, 551, "5.1.6", "Moved, try <c@d.test>"],
    [{ code: 451, text: "4.7.1  Later" }, 451, "4.7.1", "Later"],
    [{ text: "10.5.1.1 is no enhanced code" }, 550, "5.1.0", "10.5.1.1 is no enhanced code"],
  ];
  for (const [row, code, enhanced, text] of cases) {
    const tables = { recipients: new RecipientTable(rules(["b.test", "reject", row])) };
    const verdict = judgeRecipient(tables, { address: "a@b.test", relay: false });
    assert.deepEqual(verdict.kind === "refuse" && verdict.reply, { code, enhanced, lines: [text] });
  }
});

Deno.test("judgeRecipient says who need not be validated", () => {
  const tables = {
    recipients: new RecipientTable(rules(
      ["list@example.test", "accept", { bypass_recipient_validation: true }],
      ["example.test", "accept"],
    )),
  };
  const validated = (address: string) => {
    const verdict = judgeRecipient(tables, { address, relay: false });
    return verdict.kind === "take" ? verdict.validate : undefined;
  };
  assert.equal(validated("list@example.test"), false);
  assert.equal(validated("a@example.test"), true);
  assert.equal(validated("a@elsewhere.test"), undefined);
});
