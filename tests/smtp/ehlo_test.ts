import assert from "node:assert/strict";
import { type Capabilities, noCapabilities, parseEhlo } from "../../src/smtp/ehlo.ts";

const table: [string[], Partial<Capabilities>][] = [
  [["mx.example greets you"], { domain: "mx.example" }],
  [["mx.example", "SIZE 1000"], { domain: "mx.example", size: 1000 }],
  [["mx.example", "size 0"], { domain: "mx.example", size: 0 }],
  [["mx.example", "SIZE"], { domain: "mx.example", size: 0 }],
  [["mx.example", "SIZE lots"], { domain: "mx.example", size: 0 }],
  [["mx.example", "SIZE -1"], { domain: "mx.example", size: 0 }],
  [["STARTTLS"], { domain: "STARTTLS" }],
  [["m", "PIPELINING", "8bitmime", "SmtpUtf8", "CHUNKING", "DSN", "STARTTLS ", "ENHANCEDSTATUSCODES", "REQUIRETLS"], {
    domain: "m",
    pipelining: true,
    eightBitMime: true,
    smtputf8: true,
    chunking: true,
    dsn: true,
    starttls: true,
    enhancedStatusCodes: true,
    requireTls: true,
  }],
  [["m", "AUTH PLAIN LOGIN", "AUTH=LOGIN", "XSTARTTLS", "STARTTLS2", ""], { domain: "m" }],
];

Deno.test("parseEhlo finds the extensions in any case and nothing else", () => {
  for (const [lines, expected] of table) {
    assert.deepEqual(parseEhlo({ code: 250, lines }), { ...noCapabilities, ...expected });
  }
});
