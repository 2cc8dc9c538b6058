import assert from "node:assert/strict";
import { tellerOf, tellingOf, ToldError } from "../../src/base/told.ts";

const tell = tellerOf({
  "fault.name": "Cannot use the name {name}: {why}",
  "fault.long": "it has more than {max} characters",
});

Deno.test("tellerOf makes the English text of a code and its values, and values are no texts with placeholders", () => {
  const why = tell("fault.long", { max: 64 });
  const told = tell("fault.name", { name: "{why} $& {max}", why });
  assert.equal(told.text, "Cannot use the name {why} $& {max}: it has more than 64 characters");
  assert.deepEqual(told.values, { name: "{why} $& {max}", why });
  assert.deepEqual(JSON.parse(JSON.stringify(told)), told);
});

Deno.test("ToldError has the English text for a message, and gives what it tells to the next one", () => {
  const error = new ToldError(tell("fault.long", { max: 1 }));
  assert.equal(error.message, "it has more than 1 characters");
  assert.equal(new ToldError(tellingOf(error)).told, error.told);
  assert.equal(tellingOf(new ToldError("as it is")), "as it is");
  assert.equal(tellingOf(new Error("as it is")), "as it is");
});
