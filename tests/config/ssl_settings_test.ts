import assert from "node:assert/strict";
import { loadSource } from "../../src/config/load.ts";
import {
  methodMenu,
  methodMenuText,
  parseMethods,
  parseService,
  serviceTable,
  sslChanges,
  sslSettings,
} from "../../src/config/ssl_settings.ts";
import { methods } from "../../src/tls/method.ts";

async function configOf(source: string) {
  const loaded = await loadSource(source, { file: "c.yaml", hostname: "gw.test", generation: 1 });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

Deno.test("parseMethods reads numbers of the menu, ranges, lists and names", () => {
  assert.equal(methodMenuText, "1. TLS v1.3  2. TLS v1.2  3. TLS v1.1  4. TLS v1.0");
  const cases: [text: string, expected: string][] = [
    ["1", "3"],
    ["2", "2"],
    ["4", "0"],
    ["1-4", "0123"],
    ["1-3", "123"],
    ["2-2", "2"],
    ["1,2,3", "123"],
    ["3,1,2", "123"],
    ["1-2,2-3", "123"],
    [" 1 - 2 , 3 ", "123"],
    ["TLSv1.2", "2"],
    ["TLSv1.2,TLSv1.3", "23"],
    ["tlsv1.3, tlsv1.2", "23"],
    ["1,TLSv1.2", "23"],
    ["2,2,2", "2"],
  ];
  for (const [text, expected] of cases) {
    const parsed = parseMethods(text);
    assert.ok(parsed.ok, text);
    assert.equal(parsed.value.map((name) => name.slice(-1)).join(""), expected, text);
  }
});

Deno.test("parseMethods refuses gaps by the sequence rule, and what it does not know", () => {
  const cases: [text: string, what: RegExp][] = [
    ["1,3", /^selects TLSv1\.1, TLSv1\.3: TLSv1\.2 missing in between; methods can be enabled only in sequence$/],
    ["1,4", /TLSv1\.1 and TLSv1\.2 missing in between; methods can be enabled only in sequence$/],
    ["TLSv1.0,TLSv1.2", /TLSv1\.1 missing in between/],
    ["", /^has an empty part$/],
    ["1,,2", /^has an empty part$/],
    ["1-", /^names no method: "1-"$/],
    ["0", /^has the number 0, /],
    ["5", /^has the number 5, /],
    ["1-9", /^has the number 9, /],
    ["99999999999999", /^names no method/],
    ["3-1", /^goes backwards: 3-1$/],
    ["SSLv3", /^names no method: "SSLv3"$/],
    ["TLSv1", /^names no method/],
    ["one\r\ntwo", /^names no method: "one\\r\\ntwo"$/],
  ];
  for (const [text, what] of cases) {
    const parsed = parseMethods(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.what, what);
    assert.ok(parsed.right.length > 0);
  }
});

Deno.test("parseMethods takes each selection of the menu if and only if it has no gap", () => {
  for (let bits = 1; bits < 16; bits++) {
    const numbers = [1, 2, 3, 4].filter((number) => (bits >> (number - 1) & 1) === 1);
    const whole = numbers.at(-1)! - numbers[0] === numbers.length - 1;
    const parsed = parseMethods(numbers.join(","));
    assert.equal(parsed.ok, whole, numbers.join(","));
    if (!parsed.ok) continue;
    assert.deepEqual(parsed.value, methods.filter((name) => numbers.includes(methodMenu.indexOf(name) + 1)));
    assert.deepEqual(parseMethods(`${numbers[0]}-${numbers.at(-1)}`), parsed);
  }
});

Deno.test("parseService knows short names and keys, and what was meant", () => {
  for (const row of serviceTable) {
    for (const text of [row.name, row.key, row.name.toUpperCase()]) {
      const parsed = parseService(text);
      assert.ok(parsed.ok && parsed.value === row, text);
    }
  }
  assert.deepEqual(parseService("inbond"), { ok: false, what: "is no service", right: "did you mean inbound?" });
  assert.deepEqual(parseService("x"), {
    ok: false,
    what: "is no service",
    right: "one of gui, inbound, outbound, other",
  });
});

Deno.test("sslSettings gives all four services, and sslChanges what differs alone", async () => {
  const config = await configOf('version: 1\ntls: { outbound_smtp: { ciphers: "AESGCM" } }\n');
  const settings = sslSettings(config);
  assert.deepEqual(settings.map(({ service, renegotiation }) => [service, renegotiation]), [
    ["gui", false],
    ["inbound", false],
    ["outbound", null],
    ["other", null],
  ]);
  assert.equal(settings[3].ciphers, "AESGCM");
  const [, inbound] = serviceTable;
  const { differences, changes } = sslChanges(config, {
    service: inbound,
    wish: { methods: ["TLSv1.2", "TLSv1.3"], ciphers: "HIGH", renegotiation: true },
  });
  assert.deepEqual(differences, [
    { setting: "ciphers", before: "HIGH:MEDIUM:!aNULL:!eNULL:!MD5:!PSK:!SRP", after: "HIGH" },
    { setting: "renegotiation", before: "off", after: "on" },
  ]);
  assert.deepEqual(changes, [
    { path: ["tls", "inbound_smtp", "ciphers"], value: "HIGH" },
    { path: ["tls", "inbound_smtp", "renegotiation"], value: true },
  ]);
});
