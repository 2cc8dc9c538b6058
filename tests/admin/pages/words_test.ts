import assert from "node:assert/strict";
import { type Language, languageFor, languages } from "../../../src/admin/pages/language.ts";
import { catalogues, wordsOf } from "../../../src/admin/pages/words.ts";
import { navigation } from "../../../src/admin/pages/navigation.ts";

const tags = Object.keys(languages) as Language[];
const english: Record<string, string> = catalogues.en;

Deno.test("catalogues have the same keys, name the same values, and leave nothing empty", () => {
  for (const tag of tags) {
    const texts: Record<string, string> = catalogues[tag];
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(english).sort(), tag);
    for (const [key, text] of Object.entries(texts)) {
      assert.notEqual(text.trim(), "", `${tag} ${key}`);
      const names = (of: string) => [...new Set(of.match(/\{\w+\}/g) ?? [])].sort();
      assert.deepEqual(names(text), names(english[key]), `${tag} ${key}`);
    }
  }
});

Deno.test("catalogues are translated: what stays English is a name or a term of the field", () => {
  for (const tag of tags.filter((tag) => tag !== "en")) {
    const texts: Record<string, string> = catalogues[tag];
    const same = Object.keys(english).filter((key) => texts[key] === english[key] && /[a-z]{3}/.test(english[key]));
    const share = same.length / Object.keys(english).length;
    assert.ok(share < 0.05, `${tag} keeps ${same.length} texts in English: ${same.slice(0, 20).join(", ")}`);
  }
});

Deno.test("catalogues have the words of the side bar", () => {
  for (const { label, entries } of navigation) {
    for (const key of [label, ...entries.map((entry) => entry.label)]) assert.ok(key in english, key);
  }
});

Deno.test("languageFor takes the switch first, then the browser's wishes in their order", () => {
  const cases: [string | undefined, string | undefined, Language][] = [
    [undefined, undefined, "en"],
    ["zh-Hant", "en", "zh-Hant"],
    ["klingon", "zh-CN", "zh-Hans"],
    [undefined, "zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"],
    [undefined, "zh-HK", "zh-Hant"],
    [undefined, "zh-Hant-CN", "zh-Hant"],
    [undefined, "zh", "zh-Hans"],
    [undefined, "de-DE,de;q=0.9,en;q=0.5,zh-CN;q=0.7", "zh-Hans"],
    [undefined, "fr;q=1, en;q=0, zh-SG;q=0.1", "zh-Hans"],
    [undefined, "*", "en"],
    [undefined, ",;=q;;;", "en"],
    [undefined, "x".repeat(1_000_000), "en"],
  ];
  for (const [chosen, accepted, expected] of cases) {
    assert.equal(languageFor({ chosen, accepted }), expected, `${chosen} ${accepted?.slice(0, 40)}`);
  }
});

Deno.test("wordsOf writes numbers, shares, sizes and spans as the language does, and takes values as text", () => {
  const words = wordsOf("en");
  assert.equal(words("frame.pending", { count: 12_345 }), "Changes that wait: 12,345");
  assert.equal(words("common.inherited", { value: "$& {value}" }), "$& {value} (inherited)");
  assert.equal(words.maybe("role.operator"), "operator");
  assert.equal(words.maybe("no.such"), "no.such");
  assert.equal(words.share(1, 3), "33.3%");
  assert.equal(words.share(0, 0), "–");
  assert.equal(words.octets(0), "0 bytes");
  assert.equal(wordsOf("zh-Hant").octets(1_023), "1,023 位元組");
  assert.equal(words.octets(1536), "1.5 kB");
  assert.equal(words.octets(5 * 1024 ** 3), "5 GB");
  assert.equal(words.span(59_999), "59 sec");
  assert.equal(words.span(93_600_000), "1 day 2 hr");
  assert.equal(words.span(-1), "0 sec");
  assert.equal(wordsOf("zh-Hans").span(60_000), "1分钟");
});
