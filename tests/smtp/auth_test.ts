import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import type { ServerOptions } from "../../src/smtp/server_state.ts";
import { greeted, Rig } from "./server_rig.ts";

const tls = { protocol: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", bits: 128 };
const right = btoa("\0ann\0right");
const wrong = btoa("\0ann\0wrong");
const transaction = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n";

function options(more: Partial<NonNullable<ServerOptions["auth"]>> = {}): Partial<ServerOptions> {
  return { auth: { required: false, requiresTls: true, ...more } };
}

/** A session within TLS that has said EHLO. */
function secured(more: Partial<NonNullable<ServerOptions["auth"]>> = {}): Rig {
  const rig = greeted(options(more));
  assert.match(rig.push("STARTTLS\r\n"), /^220 /);
  rig.session.secured(tls);
  rig.push("EHLO client.example.com\r\n");
  return rig;
}

const offers = (rig: Rig) => /^250[ -]AUTH (.*)\r$/m.exec(rig.push("EHLO client.example.com\r\n"))?.[1];

Deno.test("ServerSession offers AUTH where it can be used, and nowhere else", () => {
  assert.equal(offers(new Rig()), undefined);
  assert.equal(offers(new Rig(options())), undefined);
  assert.equal(offers(new Rig(options({ requiresTls: false }))), "PLAIN LOGIN");
  const rig = secured();
  assert.equal(offers(rig), "PLAIN LOGIN");
  rig.mechanisms = [];
  assert.equal(offers(rig), undefined);
  rig.mechanisms = ["EXTERNAL"];
  assert.equal(offers(rig), "EXTERNAL");
  rig.push("AUTH EXTERNAL =\r\n");
  assert.equal(offers(rig), undefined, "once in a session");
});

// deno-fmt-ignore
const dialogues: [name: string, rig: () => Rig, ...lines: [client: string, server: string][]][] = [
  ["PLAIN with its response", secured, [`AUTH PLAIN ${right}`, "235 2.7.0 Authentication successful"]],
  ["plain in small letters", secured, [`auth plain ${right}`, "235 2.7.0 Authentication successful"]],
  ["PLAIN, asked", secured, ["AUTH PLAIN", "334 "], [right, "235 2.7.0 Authentication successful"]],
  ["LOGIN", secured, ["AUTH LOGIN", "334 VXNlcm5hbWU6"], [btoa("ann"), "334 UGFzc3dvcmQ6"],
    [btoa("right"), "235 2.7.0 Authentication successful"]],
  ["a wrong password, and the right one", secured,
    [`AUTH PLAIN ${wrong}`, "535 5.7.8 Authentication credentials invalid"], [`AUTH PLAIN ${right}`, "235 2.7.0 Authentication successful"]],
  ["a client that changes its mind", secured, ["AUTH PLAIN", "334 "], ["*", "501 5.7.0 Authentication cancelled"],
    ["NOOP", "250 2.0.0 Ok"]],
  ["base64 that is none", secured, ["AUTH PLAIN", "334 "], ["???", "501 5.5.2 Cannot decode the response"], ["NOOP", "250 2.0.0 Ok"]],
  ["a line that is no line", secured, ["AUTH PLAIN", "334 "], ["a\rb", "500 5.5.2 Syntax error: a line ends with CRLF"],
    ["NOOP", "250 2.0.0 Ok"]],
  ["a second AUTH", secured, [`AUTH PLAIN ${right}`, "235 2.7.0 Authentication successful"],
    [`AUTH PLAIN ${right}`, "503 5.5.1 Already authenticated"]],
  ["AUTH within a transaction", secured, ["MAIL FROM:<a@example.com>", "250 2.1.0 Sender ok"],
    [`AUTH PLAIN ${right}`, "503 5.5.1 AUTH is not taken within a transaction"]],
  ["AUTH before EHLO", () => new Rig(options({ requiresTls: false })), [`AUTH PLAIN ${right}`, "503 5.5.1 Send EHLO first"]],
  ["AUTH behind HELO", () => new Rig(options({ requiresTls: false })), ["HELO c", "250 gw.example.test"],
    [`AUTH PLAIN ${right}`, "503 5.5.1 Send EHLO first"]],
  ["AUTH in clear", () => greeted(options()), [`AUTH PLAIN ${right}`, "538 5.7.11 Encryption required: issue STARTTLS first"]],
  ["AUTH in clear where TLS is required", () => greeted({ ...options(), tls: "required" }),
    [`AUTH PLAIN ${right}`, "530 5.7.0 Must issue a STARTTLS command first"]],
  ["AUTH in clear that the owner allows", () => greeted(options({ requiresTls: false })),
    [`AUTH PLAIN ${right}`, "235 2.7.0 Authentication successful"]],
  ["AUTH that is not offered", greeted, [`AUTH PLAIN ${right}`, "502 5.5.1 AUTH not offered"]],
  ["a mechanism that nobody knows", secured, ["AUTH CRAM-MD5", "504 5.5.4 Unrecognized authentication type"]],
  ["a mechanism that is not this client's", secured, ["AUTH EXTERNAL =", "504 5.5.4 Unrecognized authentication type"]],
  ["AUTH without a mechanism", secured, ["AUTH", "501 5.5.4 Syntax: AUTH mechanism [initial-response]"]],
  ["AUTH with more than it takes", secured, ["AUTH PLAIN a b", "501 5.5.4 Syntax: AUTH mechanism [initial-response]"]],
  ["AUTH of MAIL", secured, ["MAIL FROM:<a@example.com> AUTH=<>", "250 2.1.0 Sender ok"]],
  ["AUTH of MAIL with an address", secured, ["MAIL FROM:<a@example.com> AUTH=e+3Dmc2@example.com", "250 2.1.0 Sender ok"]],
  ["AUTH of MAIL with no address", secured, ["MAIL FROM:<a@example.com> AUTH=somebody", "501 5.5.4 Parameter AUTH malformed"]],
  ["AUTH of MAIL where AUTH is off", greeted, ["MAIL FROM:<a@example.com> AUTH=<>", "555 5.5.4 Parameter AUTH not recognized"]],
];

for (const [name, make, ...lines] of dialogues) {
  Deno.test(`ServerSession: ${name}`, () => {
    const rig = make();
    for (const [client, server] of lines) assert.equal(rig.push(`${client}\r\n`), `${server}\r\n`, client);
  });
  Deno.test(`ServerSession: ${name}, octet by octet`, () => {
    const rig = make();
    for (const [client, server] of lines) {
      const said = [...`${client}\r\n`].map((letter) => rig.push(letter)).join("");
      assert.equal(said, `${server}\r\n`, client);
    }
  });
}

Deno.test("ServerSession takes nothing that needs a user before there is one, where that is required", () => {
  const rig = secured({ required: true });
  const refused = "530 5.7.0 Authentication required\r\n";
  for (const line of ["MAIL FROM:<a@example.com>", "RCPT TO:<b@example.test>", "DATA", "VRFY x", "HELP"]) {
    assert.equal(rig.push(`${line}\r\n`), refused, line);
  }
  // The octets of a chunk are no commands, whatever becomes of it.
  assert.equal(rig.push("BDAT 6 LAST\r\nQUIT\r\n"), refused);
  for (const line of ["NOOP", "RSET", "EHLO c"]) assert.match(rig.push(`${line}\r\n`), /^250[ -]/, line);
  assert.match(rig.push(`AUTH PLAIN ${right}\r\n`), /^235 /);
  assert.match(rig.push(transaction), /354 /);
});

Deno.test("ServerSession: a new handshake forgets the user", () => {
  const rig = greeted(options({ required: true, requiresTls: false }));
  assert.match(rig.push(`AUTH PLAIN ${right}\r\n`), /^235 /);
  rig.push("STARTTLS\r\n");
  rig.session.secured(tls);
  rig.push("EHLO c\r\n");
  assert.match(rig.push("MAIL FROM:<a@example.com>\r\n"), /^530 5\.7\.0 Authentication/);
  assert.match(rig.push(`AUTH PLAIN ${right}\r\n`), /^235 /);
});

Deno.test("ServerSession: RSET and EHLO forget no user", () => {
  const rig = secured({ required: true });
  rig.push(`AUTH PLAIN ${right}\r\n`);
  rig.push("RSET\r\n");
  rig.push("EHLO c\r\n");
  assert.match(rig.push("MAIL FROM:<a@example.com>\r\n"), /^250 /);
});

Deno.test("ServerSession ends at the third password that is wrong", () => {
  const rig = secured();
  for (let each = 1; each < limits.authFailuresMax; each++) {
    assert.match(rig.push(`AUTH PLAIN ${wrong}\r\n`), /^535 5\.7\.8 /);
  }
  assert.equal(
    rig.push(`AUTH PLAIN ${wrong}\r\n`),
    "535 5.7.8 Authentication credentials invalid\r\n421 4.7.0 Too many failed authentications\r\n",
  );
  assert.equal(rig.ended, "too_many_auth_failures");
});

Deno.test("ServerSession ends for who never comes to a password", () => {
  const rig = secured();
  for (let each = 0; each < limits.commandErrorsMax; each++) {
    assert.equal(rig.ended, undefined);
    rig.push("AUTH PLAIN\r\n");
    rig.push("*\r\n");
  }
  assert.equal(rig.ended, "too_many_errors");
});

Deno.test("ServerSession takes no AUTH that commands stand behind, and no password for a command", () => {
  const rig = secured();
  assert.equal(
    rig.push(`AUTH PLAIN\r\n${right}\r\n`),
    "503 5.5.1 Wait for the reply to AUTH\r\n500 5.5.1 Command not recognized\r\n",
  );
  assert.deepEqual(rig.claims, []);
  assert.match(rig.push(`AUTH PLAIN ${right}\r\n`), /^235 /);
});

Deno.test("ServerSession takes the lines of an exchange up to the length of RFC 4954", () => {
  const rig = secured();
  rig.push("AUTH PLAIN\r\n");
  assert.equal(
    rig.push("A".repeat(limits.commandOctetsMax - 2) + "\r\n"),
    "501 5.5.2 Cannot decode the response\r\n",
  );
  rig.push("AUTH PLAIN\r\n");
  assert.equal(
    rig.push("A".repeat(limits.commandOctetsMax) + "\r\n"),
    "500 5.5.6 Authentication exchange line is too long\r\n",
  );
  assert.equal(rig.push("NOOP\r\n"), "250 2.0.0 Ok\r\n");
});

Deno.test("ServerSession says in Received that the client has authenticated itself", () => {
  const rig = secured();
  rig.push(`AUTH PLAIN ${right}\r\n`);
  rig.push(transaction);
  rig.push("x\r\n.\r\n");
  assert.match(rig.messages[0].received, /with ESMTPSA id 1\r\n/);
});
