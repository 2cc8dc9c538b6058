import assert from "node:assert/strict";
import { filledIn } from "../../src/policy/texts.ts";

const values = {
  "$Hostname": "gw.example.test",
  "$RemoteIP": "2001:db8::7",
  "$Group": "BLOCKLIST",
  "$HATEntry": "certificate[Grüße\r\n250 ok]",
};

Deno.test("filledIn fills variables in, and leaves what is none", () => {
  for (
    const [text, expected] of [
      ["5.7.1 Access denied", "5.7.1 Access denied"],
      ["5.7.1 $RemoteIP is in $Group", "5.7.1 2001:db8::7 is in BLOCKLIST"],
      ["$Hostname$Group", "gw.example.testBLOCKLIST"],
      ["$hostname $Hostnames $Group_ $ 5$ $5 $$Group", "$hostname $Hostnames $Group_ $ 5$ $5 $BLOCKLIST"],
      ["$constructor $toString $__proto__", "$constructor $toString $__proto__"],
    ]
  ) assert.equal(filledIn(text, values), expected);
});

Deno.test("filledIn lets no value end a line, begin a variable or outgrow a reply", () => {
  assert.equal(filledIn("by $HATEntry", values), "by certificate[Gr??e??250 ok]");
  assert.equal(filledIn("$Group", { ...values, "$Group": "$Hostname" }), "$Hostname");
  const long = filledIn("$HATEntry ".repeat(40), { ...values, "$HATEntry": "x".repeat(10_000) });
  assert.equal(long.length, 500);
  assert.equal(long.indexOf(" "), 255);
});
