import assert from "node:assert/strict";
import { adminTexts, tell } from "../../../src/admin/texts.ts";
import { faultWords, toldWords } from "../../../src/admin/pages/faults.ts";
import { type Language, languages } from "../../../src/admin/pages/language.ts";
import { catalogues, wordsOf } from "../../../src/admin/pages/words.ts";
import { passwordTexts } from "../../../src/auth/passwords.ts";
import { tell as tellOfCertificate } from "../../../src/certs/texts.ts";
import { certificateTexts } from "../../../src/certs/texts.ts";
import { commandTexts } from "../../../src/control/texts.ts";
import { alertTexts } from "../../../src/services/alert_texts.ts";

/** What the program says, and how a Chinese page begins to say it. */
const cases: readonly (readonly [string, string])[] = [
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

Deno.test("faultWords says a fault that has a code in the words of the catalogue, its parts too, and keeps lines behind it", () => {
  const kinds = [tellOfCertificate("fault.kind.key"), tellOfCertificate("fault.kind.crl")];
  const why = tellOfCertificate("fault.file.other_kinds", {
    kinds,
    wanted: tellOfCertificate("fault.kind.certificate"),
  });
  const told = tellOfCertificate("fault.file.read", { what: "{why} $&.pem", why });
  const english =
    "Cannot read {why} $&.pem: it holds a private key, a certificate revocation list, but not a certificate";
  assert.equal(told.text, english);
  const said = (language: Language, detail = english) => faultWords(wordsOf(language), { detail, told });
  assert.equal(said("en"), english);
  assert.equal(said("zh-Hant"), "無法讀取 {why} $&.pem：其中有私密金鑰和憑證撤銷清單，但沒有憑證");
  assert.equal(said("zh-Hans"), "无法读取 {why} $&.pem：其中有私钥和证书吊销列表，但没有证书");
  assert.equal(said("zh-Hans", `${english}\nmore`), `${said("zh-Hans")}\nmore`);
  assert.equal(toldWords(wordsOf("zh-Hant"), { code: "no.such", values: {}, text: "as it is" }), "as it is");
  assert.equal(
    toldWords(wordsOf("zh-Hant"), tell("fault.password.short", { count: 3, min: 1_200 })),
    "密碼只有 3 個字元；至少須有 1,200 個",
  );
});

const tables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  adminTexts,
  alertTexts,
  certificateTexts,
  commandTexts,
  passwordTexts,
};

/** Codes that are put together where they are told. */
const composed = /^(?:problem\.\d+|fault\.kind\.\w+|fault\.pkcs12\.(?:one|several)_\w+|alert\.queue_writable)$/;

Deno.test("every table of codes is in the catalogues, and every code is told by somebody", async () => {
  const found = new Set<string>();
  let told = "";
  for (const folder of ["admin", "auth", "base", "certs", "control", "services"]) {
    for await (const { path, text } of sourcesOf(new URL(`../../../src/${folder}/`, import.meta.url))) {
      for (const [, name] of text.matchAll(/\btellerOf\((\w+)\)/g)) found.add(name);
      if (!/\/pages\/words\//.test(path)) told += text.replaceAll(/^ {2}"[\w.]+": .*$/gm, "");
    }
  }
  assert.deepEqual([...found].sort(), Object.keys(tables));
  for (const texts of Object.values(tables)) {
    for (const [code, text] of Object.entries(texts)) {
      for (const tag of Object.keys(languages) as Language[]) assert.ok(code in catalogues[tag], `${tag} ${code}`);
      assert.equal((catalogues.en as Record<string, string>)[code], text, `${code} stands once`);
      assert.ok(composed.test(code) || told.includes(`"${code}"`), `nobody tells ${code}`);
    }
  }
});

async function* sourcesOf(folder: URL): AsyncGenerator<{ path: string; text: string }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const at = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* sourcesOf(at);
    else if (/\.tsx?$/.test(name)) yield { path: at.pathname, text: await Deno.readTextFile(at) };
  }
}
