/**
 * Command lines: a stream cut anywhere, the same lines and faults whatever the cuts, and commands that mean what they say.
 *
 * @module
 */
import assert from "node:assert/strict";
import { limits } from "../../../src/base/limits.ts";
import { type Octets, octets, textOf } from "../../../src/base/octets.ts";
import { type Command, parseCommand } from "../../../src/smtp/command.ts";
import { LineReader } from "../../../src/smtp/lines.ts";
import { cutSizes, latin1, latin1Text, pieces, spoiled } from "../bytes.ts";
import type { Chance } from "../chance.ts";
import { anyCase, domain, mailbox, mailParameters, path, rcptParameters } from "../smtp.ts";
import { target } from "../target.ts";

/** A well-formed command line and what it means. */
export function wellFormed(chance: Chance): { line: string; command: Command } {
  const utf8 = chance.oneIn(6);
  const verb = (text: string) => anyCase(chance, text);
  switch (chance.below(10)) {
    case 0: {
      const name = chance.pick(["EHLO", "HELO"] as const);
      const host = domain(chance, utf8);
      return { line: `${verb(name)} ${host}`, command: { verb: name, domain: host } };
    }
    case 1:
    case 2: {
      const sender = chance.oneIn(8) ? "" : mailbox(chance, utf8);
      const { text, meaning } = mailParameters(chance);
      const line = `${verb("MAIL FROM:")}${chance.oneIn(8) ? " " : ""}${
        sender === "" ? "<>" : path(chance, sender)
      }${text}`;
      return { line, command: { verb: "MAIL", sender, parameters: meaning } };
    }
    case 3:
    case 4: {
      const recipient = chance.oneIn(12) ? verb("postmaster") : mailbox(chance, utf8);
      const { text, meaning } = rcptParameters(chance);
      const at = recipient.includes("@") ? path(chance, recipient) : `<${recipient}>`;
      return { line: `${verb("RCPT TO:")}${at}${text}`, command: { verb: "RCPT", recipient, parameters: meaning } };
    }
    case 5: {
      const count = chance.below(10 ** chance.between(1, 12));
      const last = chance.oneIn(2);
      return {
        line: `${verb("BDAT")} ${count}${last ? ` ${verb("LAST")}` : ""}`,
        command: { verb: "BDAT", octets: count, last },
      };
    }
    case 6: {
      const name = chance.pick(["VRFY", "EXPN", "NOOP", "HELP"] as const);
      return { line: `${verb(name)} ${mailbox(chance, utf8)}`, command: { verb: name } };
    }
    case 7: {
      const mechanism = chance.text(1, 20, [..."ABCXYZ019-_"]);
      const initial = chance.oneIn(2) ? undefined : chance.text(1, 60, [..."aZ09+/=*"]);
      const response = initial === undefined ? "" : ` ${initial}`;
      return {
        line: `${verb("AUTH")} ${anyCase(chance, mechanism)}${response}`,
        command: { verb: "AUTH", mechanism, initial },
      };
    }
    default: {
      const name = chance.pick(["DATA", "RSET", "NOOP", "QUIT", "HELP", "STARTTLS"] as const);
      return { line: verb(name) + " ".repeat(chance.oneIn(6) ? 2 : 0), command: { verb: name } };
    }
  }
}

const words = [
  "MAIL FROM:",
  "AUTH ",
  "AUTH PLAIN =",
  "AUTH=<>",
  "RCPT TO:",
  "BDAT ",
  " LAST",
  "SIZE=",
  "BODY=8BITMIME",
  "NOTIFY=NEVER,SUCCESS",
  "ORCPT=utf-8;\u00fc",
  "ENVID=+G0",
  "<",
  ">",
  "<>",
  '"',
  "\\",
  "[IPv6:",
  "@",
  ",@a:",
  "constructor",
  "__proto__",
  "GET / HTTP/1.1",
  "Host: a",
  "999999999999999999",
];

type Seen = { line: string } | { fault: true };

interface Input {
  wire: Octets;
  cuts: number[];
  /** What single lines mean. */
  meant: { line: string; command: Command }[];
}

/** What the lines of a stream are, said plainly: CRLF ends a line; a CR or LF elsewhere in it, or its length, makes it a fault. */
function model(wire: string): { seen: Seen[]; rest: string } {
  const parts = wire.split("\r\n");
  const rest = parts.pop()!;
  const seen = parts.map((part): Seen =>
    /[\r\n]/.test(part) || part.length + 2 > limits.commandOctetsMax ? { fault: true } : { line: textOf(latin1(part)) }
  );
  return { seen, rest };
}

function read(wire: Octets, cuts: number[]): { seen: Seen[]; endless: boolean } {
  const reader = new LineReader();
  const seen: Seen[] = [];
  for (const piece of pieces(wire, cuts)) {
    let at = 0;
    for (;;) {
      const found = reader.next(piece, at);
      assert.ok(reader.used >= at && reader.used <= piece.length, "used goes forward and stays within");
      at = reader.used;
      if (found === undefined) break;
      if ("line" in found) seen.push(found);
      else if (found.fault === "endless") return { seen, endless: true };
      else seen.push({ fault: true });
      assert.ok(seen.length <= wire.length + 1, "no events without octets");
    }
    assert.equal(at, piece.length, "everything lent is used");
    // What was lent is somebody else's now.
    piece.fill(0x58);
  }
  return { seen, endless: false };
}

// deno-lint-ignore no-control-regex
const control = /[\x00-\x1f\x7f]/;

function judge(command: Command): string {
  switch (command.verb) {
    case "malformed":
      assert.ok(command.reply.code >= 500 && command.reply.code <= 599, "5xx");
      assert.match(command.reply.enhanced!, /^5\.\d\.\d+$/);
      for (const line of command.reply.lines) assert.doesNotMatch(line, control);
      return `malformed ${command.of}`;
    case "MAIL":
    case "RCPT": {
      const address = command.verb === "MAIL" ? command.sender : command.recipient;
      assert.doesNotMatch(address, control);
      const at = address.lastIndexOf("@");
      assert.ok(
        octets(address.slice(0, Math.max(at, 0))).length <= limits.localPartOctetsMax,
        "the local part's length",
      );
      assert.ok(octets(address.slice(at + 1)).length <= limits.domainOctetsMax, "the domain's length");
      const again = parseCommand(`${command.verb === "MAIL" ? "MAIL FROM" : "RCPT TO"}:<${address}>`);
      assert.deepEqual(again, { ...command, parameters: {} }, "what came out goes in again");
      return command.verb;
    }
    case "EHLO":
    case "HELO":
      assert.doesNotMatch(command.domain, /[\s()<>]/, "the name goes into Received");
      return command.verb;
    case "BDAT":
      assert.ok(Number.isSafeInteger(command.octets) && command.octets >= 0);
      return "BDAT";
    default:
      return command.verb;
  }
}

export const commandTarget = target<Input>({
  name: "command",
  reaches: [
    "EHLO",
    "HELO",
    "MAIL",
    "RCPT",
    "DATA",
    "BDAT",
    "RSET",
    "NOOP",
    "QUIT",
    "VRFY",
    "EXPN",
    "HELP",
    "STARTTLS",
    "AUTH",
    "unknown",
    "foreign",
    "malformed EHLO",
    "malformed MAIL",
    "malformed RCPT",
    "malformed BDAT",
    "malformed DATA",
    "malformed VRFY",
    "malformed AUTH",
    "fault",
    "endless",
    "cut",
  ],
  make(chance) {
    const meant = chance.many(0, 3, () => wellFormed(chance));
    const others = chance.many(0, 4, () => {
      const line = latin1Text(octets(wellFormed(chance).line));
      return chance.oneIn(3) ? line : spoiled(line, chance, words);
    });
    const lines = [...meant.map(({ line }) => latin1Text(octets(line))), ...others];
    if (chance.oneIn(60)) {
      lines.push("A".repeat(chance.between(limits.commandOctetsMax - 4, limits.commandOctetsMax + 4)));
    }
    if (chance.oneIn(400)) lines.push(chance.pick(["\n", "\r", "B"]) + "A".repeat(chance.between(60_000, 90_000)));
    const ends = ["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "\n\r", "", "\r\n\r\n"];
    const wire = latin1(lines.map((line) => line + chance.pick(ends)).join(""));
    return { wire, cuts: cutSizes(chance, wire.length), meant };
  },
  check({ wire, cuts, meant }) {
    const ends: string[] = [];
    const expected = model(latin1Text(wire));
    const { seen, endless } = read(wire, cuts);
    if (endless) ends.push("endless");
    // A fault is told when it is seen: that of the line without an end may have been.
    else if (seen.length === expected.seen.length + 1) {
      assert.ok("fault" in seen.at(-1)!, "nothing but a fault is told before its line ends");
      assert.ok(
        /[\r\n]/.test(expected.rest) || expected.rest.length > limits.commandOctetsMax,
        "a fault needs a reason",
      );
      seen.pop();
    }
    if (endless) assert.deepEqual(seen.slice(0, expected.seen.length), expected.seen.slice(0, seen.length));
    else assert.deepEqual(seen, expected.seen);
    if (cuts[0] !== Infinity) ends.push("cut");
    for (const one of seen) ends.push("line" in one ? judge(parseCommand(one.line)) : "fault");
    for (const { line, command } of meant) assert.deepEqual(parseCommand(line), command, line);
    return ends;
  },
});
