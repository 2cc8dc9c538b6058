import assert from "node:assert/strict";
import { readableSubject } from "../../src/tracking/subject.ts";

Deno.test("readableSubject gives a subject as it was written, and leaves alone what it cannot read", () => {
  const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const cut = base64("信件").slice(0, 4);
  const cases: [string, string][] = [
    ["Hello", "Hello"],
    ["=?utf-8?q?Quarterly_figures?=", "Quarterly figures"],
    ["=?UTF-8?B?5pyI5aCx?= 7", "月報 7"],
    ["=?big5?B?pKSk5Q==?=", "中文"],
    ["=?gb2312*zh-CN?Q?=D6=D0=CE=C4?=", "中文"],
    // RFC 2047 §8.
    ["(=?ISO-8859-1?Q?a?=   =?ISO-8859-1?Q?b?=)", "(ab)"],
    ["=?ISO-8859-1?Q?a?= b =?ISO-8859-1?Q?c?=", "a b c"],
    // A character in two words.
    [`=?utf-8?B?${cut}?= =?utf-8?B?${base64("信件").slice(4)}?=`, "信件"],
    ["=?utf-8?q?=E4=BF?= =?utf-8?q?=A1?=", "信"],
    ["=?klingon?q?Hello?=", "=?klingon?q?Hello?="],
    ["=?utf-8?b?***?=", "=?utf-8?b?***?="],
    ["=?utf-8?x?Hello?=", "=?utf-8?x?Hello?="],
    ["=?utf-8?q?cut off", "=?utf-8?q?cut off"],
    ["=?utf-8?q?a=0D=0AInfo:_MID_1_ready=E2=80=AEx?=", "a Info: MID 1 ready x"],
    ["=?utf-8?q?<b>?=", "<b>"],
  ];
  for (const [subject, expected] of cases) assert.equal(readableSubject(subject), expected, subject);
});
