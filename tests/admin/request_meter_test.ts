/**
 * @module
 */
import assert from "node:assert/strict";
import { RequestMeter } from "../../src/admin/request_meter.ts";
import { limits } from "../../src/base/limits.ts";
import { octets } from "../../src/base/octets.ts";

const head = "POST / HTTP/1.1\r\nHost: x\r\n\r\n";

Deno.test("RequestMeter finds the end of a head wherever it is cut, and whatever ends its lines", () => {
  for (const text of [head, head.replaceAll("\r", ""), `\r\n\r\n\r\n${head}`]) {
    for (let cut = 1; cut < text.length; cut++) {
      const meter = new RequestMeter();
      assert.equal(meter.between, true);
      meter.take(octets(text.slice(0, cut)));
      assert.equal(meter.inHead, true, `cut at ${cut}`);
      meter.take(octets(text.slice(cut)));
      assert.equal(meter.inHead, false, `cut at ${cut}`);
    }
  }
});

Deno.test("RequestMeter bounds the head by octets, and a body by its own bound though nobody answers yet", () => {
  const long = new RequestMeter();
  long.take(octets("GET / HTTP/1.1\r\nX: "));
  assert.equal(long.take(octets("x".repeat(limits.httpHeadOctetsMax - 100))), "fine");
  assert.equal(long.take(octets("x".repeat(100))), "head");
  const meter = new RequestMeter();
  meter.take(octets(head));
  assert.equal(meter.take(octets("x".repeat(limits.httpBodyOctetsMax))), "fine");
  assert.equal(meter.take(octets("x")), "body");
});

Deno.test("RequestMeter knows what a request still owes, with several sent at once", () => {
  const of = (length: number) => new Headers({ "Content-Length": `${length}` });
  const meter = new RequestMeter();
  meter.take(octets(`${head}1234${head}12345`));
  for (const length of [4, 5]) {
    meter.begin();
    assert.equal(meter.owes(of(length)), false);
    meter.finish(of(length));
    assert.equal(meter.between, true);
  }
  meter.take(octets(`${head}12`));
  meter.begin();
  assert.equal(meter.owes(of(3)), true);
  meter.finish(of(3));
  assert.deepEqual([meter.between, meter.inHead], [false, false]);
  assert.equal(meter.owes(new Headers({ "Transfer-Encoding": "chunked" })), true);
});
