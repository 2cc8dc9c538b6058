import assert from "node:assert/strict";
import { type Mechanism, SaslExchange, type SaslStep } from "../../src/smtp/sasl.ts";

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();

/** A step in few words: `334 text`, `501 5.5.2`, or the claim. */
function shown(step: SaslStep): unknown {
  switch (step.kind) {
    case "challenge":
      return `334 ${step.text}`;
    case "failed":
      return `${step.reply.code} ${step.reply.enhanced}`;
    case "claim":
      return Object.values(step.claim);
    default:
      return step satisfies never;
  }
}

const plain = base64("\0ann\0pass word");
const long = "a".repeat(255);

// deno-fmt-ignore
const exchanges: [mechanism: Mechanism, lines: (string | undefined)[], ends: unknown][] = [
  ["PLAIN", [plain],                              ["PLAIN", "ann", "pass word", ""]],
  ["PLAIN", [undefined, plain],                   ["PLAIN", "ann", "pass word", ""]],
  ["PLAIN", [base64("bob\0ann\0x")],              ["PLAIN", "ann", "x", "bob"]],
  ["PLAIN", [base64("\0\u00fcser\0p\u00e4ss")],   ["PLAIN", "\u00fcser", "p\u00e4ss", ""]],
  ["PLAIN", [base64(`${long}\0${long}\0${long}`)], ["PLAIN", long, long, long]],
  ["PLAIN", [base64(`\0${long}b\0x`)],            "501 5.5.2"],
  ["PLAIN", [base64(`\0ann\0${long}b`)],          "501 5.5.2"],
  ["PLAIN", ["="],                                "501 5.5.2"],
  ["PLAIN", [undefined, "="],                     "501 5.5.2"],
  ["PLAIN", [undefined, ""],                      "501 5.5.2"],
  ["PLAIN", [base64("ann\0pass")],                "501 5.5.2"],
  ["PLAIN", [base64("\0\0pass")],                 "501 5.5.2"],
  ["PLAIN", [base64("\0ann\0")],                  "501 5.5.2"],
  ["PLAIN", [base64("\0ann\0a\0b")],              "501 5.5.2"],
  ["PLAIN", ["*"],                                "501 5.7.0"],
  ["PLAIN", [undefined, "*"],                     "501 5.7.0"],
  ["PLAIN", ["YQ"],                               "501 5.5.2"],
  ["PLAIN", ["YR=="],                             "501 5.5.2"],
  ["PLAIN", ["===="],                             "501 5.5.2"],
  ["PLAIN", ["AGFubg BwYXNz"],                    "501 5.5.2"],
  ["PLAIN", ["AGFubgBwYXNz-_=="],                 "501 5.5.2"],
  ["PLAIN", ["AP9hAGI="],                         "501 5.5.2"],
  ["PLAIN", ["A".repeat(8_000)],                  "501 5.5.2"],
  ["LOGIN", [undefined, base64("ann"), base64("pw")], ["LOGIN", "ann", "pw", ""]],
  ["LOGIN", [base64("ann"), base64("pw")],        ["LOGIN", "ann", "pw", ""]],
  ["LOGIN", [undefined, ""],                      "501 5.5.2"],
  ["LOGIN", [undefined, base64("ann"), ""],       "501 5.5.2"],
  ["LOGIN", [undefined, base64("ann"), "="],      "501 5.5.2"],
  ["LOGIN", [undefined, base64("a\0b")],          "501 5.5.2"],
  ["LOGIN", [undefined, base64("ann"), "*"],      "501 5.7.0"],
  ["EXTERNAL", ["="],                             ["EXTERNAL", ""]],
  ["EXTERNAL", [undefined, ""],                   ["EXTERNAL", ""]],
  ["EXTERNAL", [base64("ann")],                   ["EXTERNAL", "ann"]],
  ["EXTERNAL", [undefined, base64("a\0b")],       "501 5.5.2"],
  ["EXTERNAL", [undefined, "*"],                  "501 5.7.0"],
];

Deno.test("SaslExchange comes to a claim or a refusal", () => {
  for (const [mechanism, lines, ends] of exchanges) {
    const exchange = new SaslExchange(mechanism);
    const steps = lines.map((line) => shown(exchange.next(line)));
    assert.deepEqual(steps.pop(), ends, `${mechanism} ${lines}`);
    for (const step of steps) assert.match(String(step), /^334 /);
  }
});

Deno.test("SaslExchange asks with the words that clients of LOGIN know", () => {
  const exchange = new SaslExchange("LOGIN");
  assert.deepEqual([undefined, base64("ann")].map((line) => shown(exchange.next(line))), [
    `334 ${base64("Username:")}`,
    `334 ${base64("Password:")}`,
  ]);
});
