import assert from "node:assert/strict";
import { faultWords } from "../../../src/admin/pages/faults.ts";
import { type Language, languages } from "../../../src/admin/pages/language.ts";
import { wordsOf } from "../../../src/admin/pages/words.ts";

/** What the program says, and how a Chinese page begins to say it. */
const cases: readonly (readonly [string, string])[] = [
  ["User name, password or code is wrong", "使用者名稱、密碼或驗證碼不正確"],
  ["is missing; version: 1", "必須填寫"],
  ["Cannot change listeners.: a key needs a name", "必須填寫"],
  ["listeners.inbound.colour is an unknown key; known here: type, address", "沒有此設定項"],
  ['"huge" is no size; a whole number of octets, or one with K, M or G, as in 10M', "大小格式不正確"],
  ["Cannot use --older soon: it is no time; a whole number with s, m, h or d, as in 5m", "時間格式不正確"],
  ["is no domain name; a domain, or .domain for its subdomains", "名稱格式不正確"],
  ['Cannot set the ciphers: "NONSENSE" selects none', "加密套件字串無效"],
  ['is no policy "NOBODY"; one of: default', "沒有此名稱或值"],
];

Deno.test("faultWords says frequent faults in the reader's language and keeps the program's words", () => {
  for (const [text, begin] of cases) {
    const said = faultWords(wordsOf("zh-Hant"), text);
    assert.ok(said.startsWith(begin), `${text}: ${said}`);
    assert.ok(said.includes(text), said);
    assert.equal(faultWords(wordsOf("en"), text), text);
  }
  for (const tag of Object.keys(languages) as Language[]) {
    assert.equal(faultWords(wordsOf(tag), "outlives a restart; {text} $&"), "outlives a restart; {text} $&");
  }
});
