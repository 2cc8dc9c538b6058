import assert from "node:assert/strict";
import { logTime } from "../../src/base/log.ts";
import { octets } from "../../src/base/octets.ts";
import { SyslogForm } from "../../src/services/syslog_message.ts";

const at = Date.UTC(2025, 10, 22, 1, 20, 0, 7);
const origin = { facility: "mail", hostname: "gw.example.test", pid: 4711, octetsMax: 480 } as const;
const header = "2025-11-22T01:20:00.007Z gw.example.test postern 4711 mail_log - ";
const prefix = logTime(at);

const lines: {
  name: string;
  line: string;
  message: string;
  origin?: Partial<ConstructorParameters<typeof SyslogForm>[0]>;
}[] = [
  { name: "text without its own time", line: `${prefix} Info: MID 7 x`, message: `<22>1 ${header}Info: MID 7 x` },
  { name: "Critical", line: `${prefix} Critical: y`, message: `<18>1 ${header}Critical: y` },
  { name: "Warning", line: `${prefix} Warning: y`, message: `<20>1 ${header}Warning: y` },
  { name: "Trace as debug", line: `${prefix} Trace: y`, message: `<23>1 ${header}Trace: y` },
  {
    name: "another facility",
    line: `${prefix} Info: y`,
    message: `<190>1 ${header}Info: y`,
    origin: { facility: "local7" },
  },
  {
    name: "text beyond ASCII behind a BOM",
    line: `${prefix} Info: caf\u00e9`,
    message: `<22>1 ${header}\uFEFFInfo: caf\u00e9`,
  },
  {
    name: "JSON whole, with its own time and without a BOM",
    line: '{"time":"2025-11-22T01:19:59.123Z","level":"warning","event":"note","text":"caf\u00e9"}',
    message: `<20>1 ${header.replace("01:20:00.007", "01:19:59.123")}` +
      '{"time":"2025-11-22T01:19:59.123Z","level":"warning","event":"note","text":"caf\u00e9"}',
  },
  {
    name: "a level in the words of a line does not count",
    line: `${prefix} Info: MID 1 Subject 'Critical: x'`,
    message: `<22>1 ${header}Info: MID 1 Subject 'Critical: x'`,
  },
  {
    name: "a host name that cannot stand there is left out",
    line: `${prefix} Info: y`,
    message: `<22>1 ${header.replace("gw.example.test", "-")}Info: y`,
    origin: { hostname: "b\u00fccher.example" },
  },
];

for (const { name, line, message, origin: changes } of lines) {
  Deno.test(`SyslogForm: ${name}`, () => {
    const form = new SyslogForm({ ...origin, ...changes });
    assert.equal(form.message(line, at), message);
    assert.equal(form.frame(line, at), `${octets(message).length} ${message}`);
  });
}

Deno.test("SyslogForm: a message that is too long is cut between two characters, wherever the bound falls", () => {
  for (let octetsMax = 300; octetsMax < 308; octetsMax++) {
    const form = new SyslogForm({ ...origin, octetsMax });
    const message = form.message(`${prefix} Info: ${"\u{1f4ee}\u00e9x".repeat(100)}`, at);
    const length = octets(message).length;
    assert.ok(length <= octetsMax && length > octetsMax - 4, `${length} of ${octetsMax}`);
    assert.match(message, /(?:\u{1f4ee}|\u00e9|x)\.\.\.$/u);
    assert.equal(form.frame(`${prefix} Info: ${"x".repeat(500)}`, at).slice(0, 4), `${octetsMax} `);
  }
});
