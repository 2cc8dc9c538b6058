/** Filters as text: what is read, what is refused, and what stands in the places of a template. */
import assert from "node:assert/strict";
import { octets, textOf } from "../../src/base/octets.ts";
import { fillLdapTemplate, parseLdapFilter, parseLdapTemplate } from "../../src/config/ldap_filter.ts";

const equal = (attribute: string, value: string) => ({ kind: "equal", attribute, value: octets(value) });

// deno-fmt-ignore
const read: [text: string, filter: unknown][] = [
  ["(mail=a@b)", equal("mail", "a@b")],
  ["(&(mail=a)(|(uid=b)(!(uid=c))))",
    { kind: "and", of: [equal("mail", "a"), { kind: "or", of: [equal("uid", "b"), { kind: "not", of: equal("uid", "c") }] }] }],
  ["(mail=*)", { kind: "present", attribute: "mail" }],
  ["(mail=)", equal("mail", "")],
  ["(mail=a*b*c)", { kind: "substrings", attribute: "mail", pieces: ["a", "b", "c"].map(octets) }],
  ["(mail=*b*)", { kind: "substrings", attribute: "mail", pieces: ["", "b", ""].map(octets) }],
  ["(cn;lang-de=x)", equal("cn;lang-de", "x")],
  ["(2.5.4.3=x)", equal("2.5.4.3", "x")],
  ["(a>=1)", { kind: "at_least", attribute: "a", value: octets("1") }],
  ["(a<=1)", { kind: "at_most", attribute: "a", value: octets("1") }],
  ["(a~=1)", { kind: "approximate", attribute: "a", value: octets("1") }],
  ["(memberOf:1.2.840.113556.1.4.1941:=cn=x)",
    { kind: "extensible", attribute: "memberOf", rule: "1.2.840.113556.1.4.1941", dn: false, value: octets("cn=x") }],
  ["(o:dn:=x)", { kind: "extensible", attribute: "o", rule: "", dn: true, value: octets("x") }],
  ["(:caseExactMatch:=x)", { kind: "extensible", attribute: "", rule: "caseExactMatch", dn: false, value: octets("x") }],
  // RFC 4515 §4 has these escapes.
  ["(cn=\\2a\\28\\29\\5c\\00)", { kind: "equal", attribute: "cn", value: octets("*()\\\0") }],
  ["(sn=Lu\\c4\\8di\\c4\\87)", equal("sn", "Lučić")],
  ["(uid=jürgen)", equal("uid", "jürgen")],
  ["(proxyAddresses=smtp:a=b)", equal("proxyAddresses", "smtp:a=b")],
];

Deno.test("parseLdapFilter: what RFC 4515 allows", () => {
  for (const [text, filter] of read) assert.deepEqual(parseLdapFilter(text), { ok: true, value: filter }, text);
});

// deno-fmt-ignore
const refused: [text: string, why: RegExp][] = [
  ["", /lacks \( at character 1/], ["mail=a", /lacks \( at character 1/], ["(mail=a", /lacks \) at character 8/],
  ["(mail=a))", /goes on behind its end: character 9/], ["(mail=a)(uid=b)", /goes on behind its end: character 9/],
  ["(&)", /empty list/], ["(& (a=b))", /empty list/], ["(!)", /lacks \(/], ["(=x)", /no LDAP filter at character 2/],
  ["(a b=x)", /no LDAP filter/], ["(a=b(c)", /lacks \)/], ["(a=**)", /has \*\* in a value/], ["(a=b**c)", /has \*\* in a value/],
  ["(a>=b*)", /has \* where/], ["(a=\\4)", /hexadecimal/], ["(a=\\zz)", /hexadecimal/], ["(:=x)", /no LDAP filter/],
  [`${"(!".repeat(40)}(a=b)${")".repeat(40)}`, /nested too deeply/],
];

Deno.test("parseLdapFilter: what is no filter is refused with its place", () => {
  for (const [text, why] of refused) {
    const parsed = parseLdapFilter(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.what, why);
  }
});

Deno.test("parseLdapTemplate: places stand in values, and there is one", () => {
  for (
    const text of ["(mail={a})", "(|(uid={u})(mail={u}@{d}))", "(mail=smtp:{a})", "(mail=*{a}*)", "(x=\\7bz\\7d{a})"]
  ) {
    assert.ok(parseLdapTemplate(text).ok, text);
  }
  // deno-fmt-ignore
  const wrong: [text: string, why: RegExp][] = [
    ["(objectClass=*)", /asks the same about every recipient/], ["({u}=x)", /no LDAP filter/], ["(mail={x})", /has \{x\} in it/],
    ["(mail={a)", /has \{a\) in it/], ["(mail={a}\u202e)", /cannot be seen/], ["(mail={a}\n)", /cannot be seen/],
    [`(mail=${"x".repeat(4_000)}{a})`, /longer than/],
  ];
  for (const [text, why] of wrong) {
    const parsed = parseLdapTemplate(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.what, why);
  }
});

Deno.test("attack: an address that looks like a filter is one value of the filter, and stays what it is", () => {
  const template = "(&(objectClass=person)(|(mail={a})(uid=x{u}y)))";
  const clean = JSON.stringify(parseLdapFilter(fillLdapTemplate(template, { a: "a", u: "u", d: "d" })));
  for (
    const hostile of [
      "*",
      "*)(uid=*",
      "\\",
      "\\2a",
      ")(&",
      "\0",
      "a*b",
      "jürgen",
      "\u202e",
      "😀",
      "{a}",
      "{u}",
      "$&",
      "",
    ]
  ) {
    const text = fillLdapTemplate(template, { a: hostile, u: hostile, d: "d" });
    const parsed = parseLdapFilter(text);
    assert.ok(parsed.ok, text);
    const filter = parsed.value;
    assert.ok(filter.kind === "and" && filter.of[1].kind === "or");
    const [mail, uid] = filter.of[1].of;
    assert.ok(mail.kind === "equal" && uid.kind === "equal", text);
    assert.equal(textOf(mail.value), hostile);
    assert.equal(textOf(uid.value), `x${hostile}y`);
    assert.equal(
      JSON.stringify(parsed).replaceAll(/"value":\{[^}]*\}/g, ""),
      clean.replaceAll(/"value":\{[^}]*\}/g, ""),
    );
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /[\x00-\x1f\u202e]/);
  }
});
