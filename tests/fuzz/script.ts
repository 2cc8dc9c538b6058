/**
 * What a client does in a session: moves drawn by chance, mostly in an order that leads somewhere.
 *
 * @module
 */
import type { Octets } from "../../src/base/octets.ts";
import { octets } from "../../src/base/octets.ts";
import { latin1, latin1Text, spoiled } from "./bytes.ts";
import type { Chance } from "./chance.ts";
import { mailParameters, rcptParameters } from "./smtp.ts";
import { wellFormed } from "./targets/command.ts";

/** One thing that a client does. */
export type Move =
  /** A line, and what it is thought of: the verb, `odd` for what is no command. `responses` answer the challenges of AUTH. */
  | { kind: "line"; verb: string; line: Octets; responses?: string[] }
  /** DATA; the text follows a 354. `wire` has its dots doubled and its end. */
  | { kind: "data"; text: Octets; wire: Octets }
  /** BDAT with its octets, and fewer or more of them where the client cannot count. */
  | { kind: "chunk"; text: Octets; last: boolean };

const senders = ["a@example.com", "", '"a b"@example.com', "long.name+tag@sub.example.com", "ü@example.com"];
const recipients = [
  "b@example.test",
  "c@example.test",
  "no@refused.test",
  "postmaster",
  "postmaster@example.test",
  "ü@example.test",
];

/** A text that is legal: CRLF lines, no NUL. */
export function legalText(chance: Chance): string {
  const parts = [
    "\r\n",
    "\r\n",
    ".",
    "..",
    "a",
    "Subject: x\r\n",
    "Message-ID: <1@a>\r\n",
    " folded\r\n",
    "\xc3\xbc",
    "\xff",
    "\t",
    "\r\n.\r\n",
    "\x01",
    "\x7f",
  ];
  return chance.text(0, chance.pick([2, 10, 60]), parts) + "\r\n";
}

function oddText(chance: Chance): string {
  const parts = [
    "\r",
    "\n",
    "\0",
    "\n.\n",
    "\r.\r\n",
    "\n.\r\n",
    "\r\n.\n",
    "a",
    "\r\n",
    "MAIL FROM:<evil@example.com>\r\n",
  ];
  return legalText(chance) + chance.text(1, 4, parts) + legalText(chance);
}

function data(text: string): Move {
  // RFC 5321 §4.5.2, by the letter.
  const wire = text.split("\r\n").map((line) => line.startsWith(".") ? `.${line}` : line).join("\r\n");
  return {
    kind: "data",
    text: latin1(text),
    wire: latin1(`${wire}${text === "" || text.endsWith("\r\n") ? "" : "\r\n"}.\r\n`),
  };
}

function line(verb: string, text: string): Move {
  return { kind: "line", verb, line: latin1(latin1Text(octets(text)) + "\r\n") };
}

function anyText(chance: Chance): string {
  return chance.oneIn(4)
    ? oddText(chance)
    : chance.oneIn(12)
    ? "x".repeat(chance.below(3_000)) + "\r\n"
    : legalText(chance);
}

/** AUTH with everything that an exchange may be answered with. */
function authentication(chance: Chance): Move {
  const password = chance.pick(["right", "right", "wrong"]);
  const words = [
    "",
    "=",
    "*",
    "====",
    "YQ",
    "YR==",
    "/w==",
    "A",
    btoa(`\0ann\0${password}`),
    btoa("ann"),
    btoa(password),
    btoa("a\0b"),
  ];
  const word = () => chance.oneIn(8) ? chance.pick(words) : undefined;
  const mechanism = chance.pick(["PLAIN", "PLAIN", "LOGIN", "EXTERNAL", "external", "CRAM-MD5"]);
  const answers = mechanism === "LOGIN"
    ? [btoa("ann"), btoa(password)]
    : [mechanism === "PLAIN" ? btoa(`\0ann\0${password}`) : ""];
  const responses = answers.map((answer) => word() ?? answer);
  const initial = chance.oneIn(2) ? ` ${responses.shift() || "="}` : "";
  return { ...line("AUTH", `AUTH ${mechanism}${initial}`), responses } as Move;
}

/** One move, whatever came before. */
function anyMove(chance: Chance): Move {
  switch (chance.below(13)) {
    case 0:
      return data(anyText(chance));
    case 1:
      return { kind: "chunk", text: latin1(anyText(chance)), last: chance.oneIn(2) };
    case 2: {
      const text = spoiled(latin1Text(octets(wellFormed(chance).line)), chance);
      return { kind: "line", verb: "odd", line: latin1(text + chance.pick(["\r\n", "\r\n", "\n", "\r", ""])) };
    }
    case 3:
      return line("STARTTLS", "STARTTLS");
    case 4:
      return line("MAIL", `MAIL FROM:<${chance.pick(senders)}>${mailParameters(chance).text}`);
    case 5:
    case 6:
      return line("RCPT", `RCPT TO:<${chance.pick(recipients)}>${rcptParameters(chance).text}`);
    case 7:
      return line("EHLO", `EHLO ${chance.pick(["client.example.com", "[127.0.0.1]", "-", ""])}`);
    case 8:
      return chance.oneIn(4) ? line("QUIT", "QUIT") : line("NOOP", "NOOP");
    case 9:
      return line("RSET", "RSET");
    case 10:
      return authentication(chance);
    default: {
      const { line: text, command } = wellFormed(chance);
      if (command.verb === "BDAT" || command.verb === "DATA" || command.verb === "AUTH") return line("NOOP", "NOOP");
      return line(command.verb, text);
    }
  }
}

/** A message in order: MAIL, RCPT, text. */
function message(chance: Chance): Move[] {
  const utf8 = chance.oneIn(4) ? " SMTPUTF8" : "";
  const moves = [line("MAIL", `MAIL FROM:<${chance.pick(senders)}>${utf8}`)];
  for (let count = chance.between(1, 4); count > 0; count--) {
    moves.push(line("RCPT", `RCPT TO:<${chance.pick(recipients)}>`));
  }
  if (chance.oneIn(2)) return [...moves, data(anyText(chance))];
  const text = anyText(chance);
  if (text === "") return [...moves, { kind: "chunk", text: latin1(""), last: true }];
  for (let at = 0; at < text.length;) {
    const to = chance.oneIn(2) ? text.length : at + chance.length(text.length);
    moves.push({ kind: "chunk", text: latin1(text.slice(at, to)), last: to >= text.length });
    at = to;
  }
  return moves;
}

/** A whole session's moves. */
export function scriptOf(chance: Chance): Move[] {
  const moves: Move[] = chance.oneIn(8) ? [] : [line("EHLO", "EHLO client.example.com")];
  if (chance.oneIn(4)) moves.push(line("STARTTLS", "STARTTLS"), line("EHLO", "EHLO client.example.com"));
  if (chance.oneIn(8)) {
    const wrong = line("AUTH", `AUTH PLAIN ${btoa("\0ann\0wrong")}`);
    moves.push(...chance.many(3, 4, () => wrong));
  }
  if (chance.oneIn(3)) {
    for (let count = chance.between(1, 4); count > 0; count--) {
      moves.push(authentication(chance));
    }
  }
  for (let count = chance.length(chance.oneIn(20) ? 60 : 10); count > 0; count--) {
    if (chance.oneIn(2)) {
      const whole = message(chance);
      // Something comes between, or is left out, now and then.
      if (chance.oneIn(5)) whole.splice(chance.below(whole.length + 1), 0, anyMove(chance));
      if (chance.oneIn(6)) whole.splice(chance.below(whole.length), 1);
      moves.push(...whole);
    } else moves.push(anyMove(chance));
  }
  if (chance.oneIn(2)) moves.push(line("QUIT", "QUIT"));
  return moves;
}
