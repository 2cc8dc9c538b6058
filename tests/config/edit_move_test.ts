import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import { editSource, plainSource } from "../../src/config/edit.ts";
import { moveOf } from "../../src/config/edit_move.ts";

const rows = [
  "  # our own\n  - { name: A, senders: [10.0.0.0/8] } # office\n",
  "  # bad ones,\n  # since May\n  - name: B # blocks\n    senders:\n      # the worst\n      - 192.0.2.1\n      - 192.0.2.2 # two\n      # and no more\n",
  "  - name: C\n",
  "  # everybody\n  - { name: D } # end\n",
];
const head = "# the owner's words\na:\n";
const tail = "# what follows\nb: 1\n";

Deno.test("editSource: a row that is moved takes its remarks along, wherever it goes", () => {
  const list = (plainSource(head + rows.join("") + tail) as { a: unknown[] }).a;
  for (let from = 0; from < rows.length; from++) {
    for (let to = 0; to < rows.length; to++) {
      const moved = <T>(of: readonly T[]) => of.toSpliced(from, 1).toSpliced(to, 0, of[from]);
      const after = editSource(head + rows.join("") + tail, [{ path: ["a"], value: moved(list) }]);
      assert.equal(after, head + moved(rows).join("") + tail, `${from} to ${to}`);
    }
  }
});

Deno.test("editSource: a row is moved in a file that ends without a line end, and within brackets", () => {
  const cases: [string, unknown[], string][] = [
    ["a:\n  - b\n  - c # last", ["c", "b"], "a:\n  - c # last\n  - b\n"],
    ["a:\n  - b\n\n  - c\n", ["c", "b"], "a:\n  - c\n\n  - b\n"],
    ["a: [b, c, d]\n", ["d", "b", "c"], "a: [d, b, c]\n"],
  ];
  for (const [text, value, expected] of cases) {
    const after = editSource(text, [{ path: ["a"], value }]);
    assert.equal(after, expected);
  }
});

Deno.test("moveOf finds the one row that moved, and nothing where more differs", () => {
  const cases: [unknown[], unknown[], ReturnType<typeof moveOf>][] = [
    [[1, 2, 3, 4], [1, 3, 4, 2], { from: 1, to: 3 }],
    [[1, 2, 3, 4], [4, 1, 2, 3], { from: 3, to: 0 }],
    [[1, 2], [2, 1], { from: 0, to: 1 }],
    [[1, 1, 2], [1, 2, 1], { from: 1, to: 2 }],
    [[1, 2, 3, 4], [2, 1, 4, 3], undefined],
    [[1, 2, 3], [3, 2, 1], undefined],
    [[1, 2], [1, 2], undefined],
    [[1, 2], [1, 2, 3], undefined],
    [[], [], undefined],
  ];
  for (const [before, after, expected] of cases) {
    assert.deepEqual(moveOf(before, after), expected, `${before}: ${after}`);
  }
});

Deno.test("editSource: a change of a row takes time in proportion to the table, not to its square", () => {
  const text = (rows: number) =>
    `a:\n${
      Array.from({ length: rows }, (_, at) => `  - { address: user${at}@example.com, action: accept }\n`).join("")
    }`;
  const quickest = (rows: number) => {
    const before = text(rows);
    const list = (plainSource(before) as { a: unknown[] }).a;
    const value = list.toSpliced(1, 1).toSpliced(rows - 3, 0, list[1]);
    return Math.min(...Array.from({ length: 2 }, () => {
      const from = cpuUsage(); // what others do on the machine is no matter
      const after = editSource(before, [{ path: ["a"], value }, { path: ["a", rows >> 1, "action"], value: "reject" }]);
      assert.equal(after.length, before.length, "a row moved, and a word as long as the one before came");
      const { user, system } = cpuUsage(from);
      return user + system;
    }));
  };
  const [small, large] = [quickest(500), quickest(8_000)];
  assert.ok(large < 60 * small, `sixteen times the rows took ${(large / small).toFixed(1)} times as much`);
});
