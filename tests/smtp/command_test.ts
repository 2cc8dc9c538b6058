import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { forwardPath, isDomain, reversePath } from "../../src/smtp/address.ts";
import { type Command, parseCommand } from "../../src/smtp/command.ts";
import { decodeXtext, encodeXtext, isXtext } from "../../src/smtp/xtext.ts";

const label63 = "a".repeat(63);
const longDomain = `${label63}.${label63}.${label63}.${"a".repeat(63)}`;

const goodMailboxes = [
  "a@example.com",
  "a.b+c@example.com",
  "!#$%&'*+-/=?^_`{|}~@example.com",
  `"a b"@example.com`,
  `"a\\"b\\\\"@example.com`,
  `"@"@example.com`,
  `""@example.com`,
  "a@localhost",
  "a@x-y.example",
  "a@under_score.example",
  "a@1.example",
  "a@[192.0.2.1]",
  "a@[IPv6:2001:db8::1]",
  "a@[IPv6:::]",
  "a@[IPv6:1:2:3:4:5:6:7:8]",
  "a@[IPv6:::ffff:192.0.2.1]",
  "ä.ö@bücher.example",
  "用户@例子.广告",
  `${"a".repeat(limits.localPartOctetsMax)}@example.com`,
  `a@${longDomain}`,
];

const badMailboxes = [
  "a",
  "@example.com",
  "a@",
  "a b@example.com",
  ".a@example.com",
  "a.@example.com",
  "a..b@example.com",
  "a@b@example.com",
  `"a@example.com`,
  `a"b@example.com`,
  `"a\nb"@example.com`,
  "a@.example.com",
  "a@example.com.",
  "a@example..com",
  "a@-x.example",
  "a@x-.example",
  "a@exa mple.com",
  "a@[256.0.0.1]",
  "a@[192.0.2]",
  "a@[192.0.2.1",
  "a@[2001:db8::1]",
  "a@[IPv6:1:2:3]",
  "a@[IPv6:1::2::3]",
  "a@[IPv6:12345::]",
  "a@[IPv6:1:2:3:4:5:6:7:8:9]",
  "a@[]",
  "a@[x:y]",
  "a<b@example.com",
  "a>b@example.com",
  "a\u2028b@example.com",
  "a\u202eb@example.com",
  "a\ufffdb@example.com",
  "a\u0085@example.com",
  `${"a".repeat(limits.localPartOctetsMax + 1)}@example.com`,
  `${"ä".repeat(limits.localPartOctetsMax / 2 + 1)}@example.com`,
  `a@${label63}a.example`,
  `a@${longDomain}.a`,
];

Deno.test("reversePath and forwardPath take mailboxes of the grammar and nothing else", () => {
  for (const mailbox of goodMailboxes) {
    const text = `X <${mailbox}> rest`;
    assert.deepEqual(reversePath(text, 2), { address: mailbox, end: text.length - 5 }, mailbox);
    assert.deepEqual(forwardPath(text, 2), { address: mailbox, end: text.length - 5 }, mailbox);
  }
  for (const mailbox of badMailboxes) {
    assert.equal(reversePath(`<${mailbox}>`, 0), undefined, mailbox);
    assert.equal(forwardPath(`<${mailbox}>`, 0), undefined, mailbox);
  }
  for (const text of ["a@b", "<a@b", "a@b>", "< a@b>", "<a@b >", "<<a@b>>", ""]) {
    assert.equal(reversePath(text, 0), undefined, text);
  }
});

Deno.test("reversePath drops source routes, and takes the null path", () => {
  assert.equal(reversePath("<@a.example,@b.example:c@d.example>", 0)?.address, "c@d.example");
  assert.equal(reversePath("<>", 0)?.address, "");
  assert.equal(forwardPath("<>", 0), undefined);
  assert.equal(forwardPath("<pOstmaster>", 0)?.address, "pOstmaster");
  assert.equal(reversePath("<postmaster>", 0), undefined);
});

Deno.test("isDomain takes what EHLO may say", () => {
  for (const good of ["a", "mail.example.com", "[10.0.0.1]", "[IPv6:::1]", "WIN_HOST", "bücher.example"]) {
    assert.equal(isDomain(good), true, good);
  }
  for (const bad of ["", "a b", "a..b", "-a", "(x)", "<a>", "a;b", "[10.0.0.1", "a\x00"]) {
    assert.equal(isDomain(bad), false, bad);
  }
});

const mail = (parameters: object, sender = "a@b.example"): Command => ({ verb: "MAIL", sender, parameters });
const rcpt = (parameters: object): Command => ({ verb: "RCPT", recipient: "a@b.example", parameters });

// deno-fmt-ignore
const goodCommands: [string, Command][] = [
  ["EHLO a.example", { verb: "EHLO", domain: "a.example" }],
  ["ehlo  [10.0.0.1] ", { verb: "EHLO", domain: "[10.0.0.1]" }],
  ["HELO a", { verb: "HELO", domain: "a" }],
  ["MAIL FROM:<a@b.example>", mail({})],
  ["mail from: <a@b.example> ", mail({})],
  ["MAIL FROM:<>", mail({}, "")],
  ["MAIL FROM:<a@b.example> SIZE=0", mail({ size: 0 })],
  ["MAIL FROM:<a@b.example>  size=12345678901234567890  body=8bitmime", mail({ size: 12345678901234567890, body: "8BITMIME" })],
  ["MAIL FROM:<a@b.example> BODY=7BIT SMTPUTF8 RET=full ENVID=a+2Bb", mail({ body: "7BIT", smtputf8: true, ret: "FULL", envid: "a+2Bb" })],
  ["MAIL FROM:<a@b.example> ENVID=" + "x".repeat(100), mail({ envid: "x".repeat(100) })],
  ["RCPT TO:<a@b.example>", rcpt({})],
  ["RCPT TO:<a@b.example> NOTIFY=NEVER", rcpt({ notify: ["NEVER"] })],
  ["RCPT TO:<a@b.example> notify=success,FAILURE,Delay", rcpt({ notify: ["SUCCESS", "FAILURE", "DELAY"] })],
  ["RCPT TO:<a@b.example> ORCPT=x-mail;a+3Db@c", rcpt({ orcpt: "x-mail;a+3Db@c" })],
  ["RCPT TO:<a@b.example> ORCPT=utf-8;ä@b\\x{20AC}", rcpt({ orcpt: "utf-8;ä@b\\x{20AC}" })],
  ["DATA", { verb: "DATA" }],
  ["data  ", { verb: "DATA" }],
  ["BDAT 0", { verb: "BDAT", octets: 0, last: false }],
  ["bdat 123 last", { verb: "BDAT", octets: 123, last: true }],
  ["RSET", { verb: "RSET" }],
  ["NOOP", { verb: "NOOP" }],
  ["NOOP whatever <it> is", { verb: "NOOP" }],
  ["QUIT", { verb: "QUIT" }],
  ["VRFY a", { verb: "VRFY" }],
  ["EXPN a", { verb: "EXPN" }],
  ["HELP", { verb: "HELP" }],
  ["HELP DATA", { verb: "HELP" }],
  ["STARTTLS", { verb: "STARTTLS" }],
  ["", { verb: "unknown" }],
  [" NOOP", { verb: "unknown" }],
  ["XYZZY", { verb: "unknown" }],
  ["constructor", { verb: "unknown" }],
  ["__proto__ x", { verb: "unknown" }],
  ["GET / HTTP/1.1", { verb: "foreign" }],
];

Deno.test("parseCommand reads commands", () => {
  for (const [line, command] of goodCommands) assert.deepEqual(parseCommand(line), command, line);
});

// deno-fmt-ignore
const badCommands: [string, string, string][] = [
  ["EHLO", "501", "5.5.4"],
  ["EHLO a b", "501", "5.5.4"],
  ["HELO (x)", "501", "5.5.4"],
  ["MAIL", "501", "5.5.2"],
  ["MAIL <a@b.example>", "501", "5.5.2"],
  ["MAIL FROM <a@b.example>", "501", "5.5.2"],
  ["MAIL TO:<a@b.example>", "501", "5.5.2"],
  ["MAIL FROM:a@b.example", "501", "5.1.7"],
  ["MAIL FROM:<a@b.example", "501", "5.1.7"],
  ["MAIL FROM:  <a@b.example>", "501", "5.1.7"],
  ["MAIL FROM:<a@b.example>SIZE=1", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> SIZE", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> SIZE=", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> SIZE=-1", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> SIZE=1e3", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> SIZE=123456789012345678901", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> SIZE=1 SIZE=1", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> BODY=BINARYMIME", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> SMTPUTF8=1", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> RET=ALL", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> ENVID=a+2b", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> ENVID=" + "x".repeat(101), "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> AUTH=somebody", "501", "5.5.4"],
  ["AUTH", "501", "5.5.4"],
  ["AUTH PLAIN a b", "501", "5.5.4"],
  ["AUTH PL%AIN", "501", "5.5.4"],
  ["MAIL FROM:<a@b.example> NOTIFY=NEVER", "555", "5.5.4"],
  ["MAIL FROM:<a@b.example> toString=1", "555", "5.5.4"],
  ["MAIL FROM:<a@b.example> <x>", "501", "5.5.4"],
  ["RCPT", "501", "5.5.2"],
  ["RCPT TO:<>", "501", "5.1.3"],
  ["RCPT TO:<bob>", "501", "5.1.3"],
  ["RCPT TO:bob@b.example", "501", "5.1.3"],
  ["RCPT TO:<a@b.example> NOTIFY=", "501", "5.5.4"],
  ["RCPT TO:<a@b.example> NOTIFY=NEVER,DELAY", "501", "5.5.4"],
  ["RCPT TO:<a@b.example> NOTIFY=DELAY,DELAY", "501", "5.5.4"],
  ["RCPT TO:<a@b.example> NOTIFY=SOMETIMES", "501", "5.5.4"],
  ["RCPT TO:<a@b.example> ORCPT=a@b", "501", "5.5.4"],
  ["RCPT TO:<a@b.example> ORCPT=;a@b", "501", "5.5.4"],
  ["RCPT TO:<a@b.example> ORCPT=x-mail;", "501", "5.5.4"],
  ["RCPT TO:<a@b.example> ORCPT=x-mail;ä@b", "501", "5.5.4"],
  ["RCPT TO:<a@b.example> ORCPT=x-mail;" + "x".repeat(500), "501", "5.5.4"],
  ["RCPT TO:<a@b.example> SIZE=1", "555", "5.5.4"],
  ["DATA x", "501", "5.5.4"],
  ["BDAT", "501", "5.5.4"],
  ["BDAT -1", "501", "5.5.4"],
  ["BDAT 1 FIRST", "501", "5.5.4"],
  ["BDAT 1234567890123456", "501", "5.5.4"],
  ["RSET now", "501", "5.5.4"],
  ["VRFY", "501", "5.5.4"],
  ["EXPN", "501", "5.5.4"],
  ["STARTTLS now", "501", "5.5.4"],
  ["NOOP \x01", "501", "5.5.2"],
  ["MAIL FROM:<a@b.example>\x00", "501", "5.5.2"],
  ["HELO a\x7f", "501", "5.5.2"],
];

Deno.test("parseCommand names what is malformed, with a code", () => {
  for (const [line, code, enhanced] of badCommands) {
    const command = parseCommand(line);
    assert.equal(command.verb, "malformed", line);
    if (command.verb !== "malformed") continue;
    assert.deepEqual([String(command.reply.code), command.reply.enhanced], [code, enhanced], line);
  }
});

Deno.test("parseCommand is quick with the worst of lines", () => {
  const long = limits.commandOctetsMax;
  const started = performance.now();
  for (const unit of ["a", "-", ".", "a.", "a-", '"', "\\", "@", "a@", "@a,", "=", " X=1", "[", ":", "ä", " "]) {
    for (
      const lead of ["MAIL FROM:<", "RCPT TO:<@", 'MAIL FROM:<"', "MAIL FROM:<a@b.example> ", "EHLO ", "MAIL FROM:<a@"]
    ) {
      parseCommand(lead + unit.repeat(Math.ceil(long / unit.length)));
    }
  }
  assert.ok(performance.now() - started < 5_000, "a regular expression backtracks");
});

Deno.test("parseCommand survives anything", () => {
  const seed = 4711;
  const random = seededRandom(seed);
  const pieces = [
    "MAIL FROM:",
    "RCPT TO:",
    "<",
    ">",
    "a@b.example",
    '"',
    "\\",
    " ",
    "SIZE=",
    "ORCPT=",
    ";",
    "+2B",
    "=",
    "\0",
    "ä",
    ",",
  ];
  for (let round = 0; round < 5_000; round++) {
    let line = "";
    for (let n = 0; n < 12; n++) line += pieces[Math.floor(random.fraction() * pieces.length)];
    const command = parseCommand(line);
    if (command.verb === "MAIL") {
      assert.ok(command.sender === "" || command.sender.includes("@"), `seed ${seed}: ${line}`);
    }
  }
});

Deno.test("xtext goes there and back", () => {
  for (const text of ["", "plain", "a+b=c", "mit Leerzeichen", "ü€😀", "\r\n\x00"]) {
    const wire = encodeXtext(text);
    assert.ok(isXtext(wire), wire);
    assert.match(wire, /^[!-~]*$/);
    assert.equal(decodeXtext(wire), text);
  }
  for (const bad of ["a b", "+", "+2", "+2b", "a=b", "ä", "+G0"]) assert.equal(decodeXtext(bad), undefined, bad);
  assert.equal(octets(encodeXtext("é")).length, 6);
});
