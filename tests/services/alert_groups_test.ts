/**
 * When alerts are told: tables of minutes at which something happens, and of the mails that follow.
 */
import assert from "node:assert/strict";
import {
  AlertGroups,
  type AlertReport,
  gatherMs,
  groupsMax,
  mailsForCritical,
  mailsPerHourMax,
  textsMax,
} from "../../src/services/alert_groups.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { alertFor } from "./alert_rig.ts";

const minute = 60_000;

interface World {
  clock: FakeClock;
  groups: AlertGroups;
  /** What was told, with the second of its mail. */
  mails: { second: number; report: AlertReport }[];
  pauses: { repeat_after: number; max_repeat: number };
  wanted: boolean;
}

function world(): World {
  const clock = new FakeClock();
  const made: World = {
    clock,
    mails: [],
    pauses: { repeat_after: 5 * minute, max_repeat: 60 * minute },
    wanted: true,
    groups: new AlertGroups({
      clock,
      pauses: () => made.pauses,
      tell: (report) => {
        if (made.wanted) made.mails.push({ second: clock.monotonic() / 1000, report });
        return made.wanted;
      },
    }),
  };
  return made;
}

const rows: { name: string; at: number[]; mails: [second: number, count: number, total: number][] }[] = [
  { name: "the first leaves within five seconds", at: [0], mails: [[2, 1, 1]] },
  { name: "what comes with the first is in its mail", at: [0, 0, 1, 1.9], mails: [[2, 4, 4]] },
  { name: "repeats wait for repeat_after and are told together", at: [0, 60, 120], mails: [[2, 1, 1], [302, 2, 3]] },
  {
    name: "pauses double up to max_repeat",
    // One each minute for four hours: 5, 10, 20, 40, 60, 60 minutes.
    at: Array.from({ length: 240 }, (_, at) => at * 60),
    mails: [
      [2, 1, 1],
      [302, 5, 6],
      [902, 10, 16],
      [2102, 20, 36],
      [4502, 40, 76],
      [8102, 60, 136],
      [11702, 60, 196],
      // The last 44, which came in the pause before.
      [15302, 44, 240],
    ],
  },
  {
    name: "one in the rest after a quiet pause is a repeat, told at once",
    at: [0, 400],
    mails: [[2, 1, 1], [402, 1, 2]],
  },
  {
    name: "after a quiet pause and a quiet rest it starts anew",
    at: [0, 60, 4000, 4060],
    mails: [[2, 1, 1], [302, 1, 2], [4002, 1, 1], [4302, 1, 2]],
  },
];

for (const { name, at, mails } of rows) {
  Deno.test(`AlertGroups: ${name}`, async () => {
    const { clock, groups, mails: told } = world();
    for (const second of at) {
      await clock.advance(second * 1000 - clock.monotonic());
      groups.raise(alertFor());
    }
    await clock.advance(6 * 60 * minute);
    assert.deepEqual(told.map(({ second, report }) => [second, report.count, report.total]), mails);
    assert.deepEqual(
      told.map(({ report }) => report.mails),
      [...Array(told.length).keys()].map((index) =>
        told[index].report.count === told[index].report.total ? 0 : told[index - 1].report.mails + 1
      ),
    );
    assert.equal(groups.size, 0, "a calm group is forgotten");
    assert.equal(clock.timers, 0);
  });
}

Deno.test("AlertGroups: each kind and each thing that it is about has pauses of its own", async () => {
  const { clock, groups, mails } = world();
  groups.raise(alertFor({ about: "a.example" }));
  groups.raise(alertFor({ about: "b.example" }));
  await clock.advance(minute);
  groups.raise(alertFor({ about: "b.example" }));
  groups.raise(alertFor({ kind: "other", about: "b.example" }));
  await clock.advance(minute);
  assert.deepEqual(mails.map(({ second, report }) => [second, report.alert.kind, report.alert.about]), [
    [2, "required_tls", "a.example"],
    [2, "required_tls", "b.example"],
    [62, "other", "b.example"],
  ]);
  groups.close();
});

Deno.test("AlertGroups: pauses are those in force when a mail goes", async () => {
  const { clock, groups, mails, pauses } = world();
  groups.raise(alertFor());
  await clock.advance(minute);
  groups.raise(alertFor());
  Object.assign(pauses, { repeat_after: 2 * minute, max_repeat: 3 * minute });
  for (let second = 120; second < 900; second += 60) {
    await clock.advance(minute);
    groups.raise(alertFor());
  }
  assert.deepEqual(mails.map(({ second }) => second), [2, 302, 482, 662]);
  groups.close();
});

Deno.test("AlertGroups: different texts are told once each, with a bound", async () => {
  const { clock, groups, mails } = world();
  for (let turn = 0; turn < 3; turn++) groups.raise(alertFor({ text: "one" }));
  for (let other = 0; other < textsMax + 3; other++) groups.raise(alertFor({ text: `other ${other}` }));
  await clock.advance(gatherMs);
  const [{ report: { texts, textsLeftOut, alert } }] = mails;
  assert.deepEqual(texts, ["one", ...Array.from({ length: textsMax - 1 }, (_, other) => `other ${other}`)]);
  assert.equal(textsLeftOut, 4);
  assert.equal(alert.text, `other ${textsMax + 2}`, "facts are the latest");
  groups.close();
});

Deno.test("AlertGroups: an alert that nobody wants is forgotten and costs no mail", async () => {
  const wish = world();
  wish.wanted = false;
  for (let about = 0; about < mailsPerHourMax * 2; about++) wish.groups.raise(alertFor({ about: `${about}` }));
  await wish.clock.advance(minute);
  assert.equal(wish.groups.size, 0);
  wish.wanted = true;
  wish.groups.raise(alertFor());
  await wish.clock.advance(gatherMs);
  assert.equal(wish.mails.length, 1);
  wish.groups.close();
});

Deno.test("AlertGroups: a flood of subjects is bounded in memory and in mails, the last mail says so, and critical ones still go", async () => {
  const { clock, groups, mails } = world();
  for (let about = 0; about < groupsMax * 3; about++) groups.raise(alertFor({ about: `${about}.example` }));
  assert.equal(groups.size, groupsMax + 1);
  await clock.advance(minute);
  const usual = mailsPerHourMax - mailsForCritical;
  assert.equal(mails.length, usual);
  assert.deepEqual(mails.map(({ report }) => report.limit?.reached), [
    ...Array(usual - 1).fill(undefined),
    "not_critical",
  ]);
  assert.deepEqual(mails.at(-1)!.report.limit, {
    reached: "not_critical",
    mails: usual,
    until: clock.now() - minute + gatherMs + 60 * minute,
  });
  for (let about = 0; about < mailsForCritical + 5; about++) {
    groups.raise(alertFor({ kind: `fault_${about}`, about: "", severity: "critical" }));
  }
  await clock.advance(minute);
  assert.equal(mails.length, mailsPerHourMax, "an hour has no more");
  assert.ok(mails.slice(usual).every(({ report }) => report.alert.severity === "critical"));
  assert.equal(mails.at(-1)!.report.limit?.reached, "all");
  // Whenever a mail is an hour old, one that waited goes: never more in any hour.
  await clock.advance(180 * minute);
  const times = mails.map(({ second }) => second);
  for (const [index, second] of times.entries()) {
    assert.ok(times.filter((other) => other > second - 3600 && other <= second).length <= mailsPerHourMax, `${index}`);
  }
  assert.ok(mails.length > 3 * usual);
  groups.close();
});

Deno.test("AlertGroups: beyond the bound one group tells for the rest of a kind", async () => {
  const { clock, groups, mails } = world();
  for (let about = 0; about < groupsMax; about++) groups.raise(alertFor({ kind: "other", about: `${about}` }));
  groups.raise(alertFor({ about: "a.example" }));
  groups.raise(alertFor({ about: "b.example", severity: "critical" }));
  await clock.advance(gatherMs);
  const rest = mails.filter(({ report }) => report.alert.kind === "required_tls");
  assert.deepEqual(rest.map(({ report }) => report.count), [2]);
  groups.close();
});

Deno.test("AlertGroups: close tells what was never told, and nothing else, and is the end", async () => {
  const { clock, groups, mails } = world();
  groups.raise(alertFor({ about: "old.example" }));
  await clock.advance(gatherMs);
  groups.raise(alertFor({ about: "old.example" }));
  groups.raise(alertFor({ about: "new.example" }));
  groups.close();
  assert.deepEqual(mails.map(({ report }) => report.alert.about), ["old.example", "new.example"]);
  groups.raise(alertFor({ about: "late.example" }));
  await clock.advance(60 * minute);
  assert.equal(mails.length, 2);
  assert.equal(clock.timers, 0);
});
