/**
 * The server's replies as a strict client reads them.
 *
 * @module
 */
import assert from "node:assert/strict";

/** One reply. */
export interface Heard {
  code: number;
  lines: string[];
}

/** Splits what the server said; everything has to be whole and well-formed: RFC 5321 §4.2. */
export function repliesIn(wire: string): Heard[] {
  const heard: Heard[] = [];
  const lines = wire.split("\r\n");
  assert.equal(lines.pop(), "", `the last line ends: ${JSON.stringify(wire.slice(-200))}`);
  let open: Heard | undefined;
  for (const line of lines) {
    // deno-lint-ignore no-control-regex
    const parts = /^([2-5]\d\d)([ -])([^\x00-\x1f\x7f]*)$/.exec(line);
    assert.ok(parts !== null && line.length <= 510, `a reply's line: ${JSON.stringify(line)}`);
    const code = Number(parts[1]);
    if (open === undefined) heard.push(open = { code, lines: [] });
    assert.equal(code, open.code, "one code in one reply");
    open.lines.push(parts[3]);
    // RFC 2034 §4: the class is that of the code.
    const enhanced = /^([245])\.\d{1,3}\.\d{1,3} /.exec(parts[3]);
    if (enhanced !== null) assert.equal(enhanced[1], parts[1][0], line);
    if (parts[2] === " ") open = undefined;
  }
  assert.equal(open, undefined, "the last reply is whole");
  return heard;
}
