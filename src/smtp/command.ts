/**
 * Commands: a line in, a {@linkcode Command} out. RFC 5321 §4.1.1.
 *
 * @module
 */
import { type Reply, reply } from "../mail/reply.ts";
import { forwardPath, isDomain, reversePath } from "./address.ts";
import { type MailParameters, mailParameters, type RcptParameters, rcptParameters } from "./parameters.ts";

/** A command that is well-formed, or what is wrong with it. */
export type Command =
  | { verb: "EHLO" | "HELO"; domain: string }
  | { verb: "MAIL"; sender: string; parameters: MailParameters }
  /** `recipient` has no domain where it is `postmaster`. */
  | { verb: "RCPT"; recipient: string; parameters: RcptParameters }
  | { verb: "BDAT"; octets: number; last: boolean }
  /** `mechanism` in capitals; `initial`: the response that came with the command. */
  | { verb: "AUTH"; mechanism: string; initial: string | undefined }
  | { verb: "DATA" | "RSET" | "NOOP" | "QUIT" | "VRFY" | "EXPN" | "HELP" | "STARTTLS" }
  /** Well-formed verb, malformed rest. */
  | { verb: "malformed"; of: Verb; reply: Reply }
  | { verb: "unknown" }
  /** The verb of another protocol: somebody makes a browser or a proxy talk to us. */
  | { verb: "foreign" };

/** The verbs that the server knows. */
export type Verb = keyof typeof table;

// deno-fmt-ignore
const table = {
  EHLO:     (line: string) => greeting("EHLO", line),
  HELO:     (line: string) => greeting("HELO", line),
  MAIL:     mail,
  RCPT:     rcpt,
  DATA:     (line: string) => alone("DATA", line),
  BDAT:     bdat,
  RSET:     (line: string) => alone("RSET", line),
  NOOP:     (_line: string): Command => ({ verb: "NOOP" }),
  QUIT:     (line: string) => alone("QUIT", line),
  VRFY:     (line: string) => withText("VRFY", line),
  EXPN:     (line: string) => withText("EXPN", line),
  HELP:     (_line: string): Command => ({ verb: "HELP" }),
  STARTTLS: (line: string) => alone("STARTTLS", line),
  AUTH:     auth,
};

const mailPattern = /^MAIL FROM: ?/i;
const rcptPattern = /^RCPT TO: ?/i;
// RFC 4422 §3.1: the name of a mechanism. A response is judged by the exchange.
const authPattern = /^AUTH +([A-Za-z0-9_-]{1,20})(?: +([!-~]+))?$/i;
const bdatPattern = /^BDAT +([0-9]{1,15})(?: +(LAST))? *$/i;
const foreignPattern = /^(?:GET|POST|PUT|HEAD|OPTIONS|CONNECT|PATCH|DELETE) |^(?:Host|User-Agent|Content-[A-Za-z]+): /i;
// A command is printable text; RFC 6531 §3.3 adds UTF-8 to arguments.
// deno-lint-ignore no-control-regex
const unprintable = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Reads a line, which comes without its CRLF. */
export function parseCommand(line: string): Command {
  const space = line.indexOf(" ");
  const verb = (space < 0 ? line : line.slice(0, space)).toUpperCase();
  // Spaces at the end mean nothing: RFC 5321 §4.1.1.
  if (Object.hasOwn(table, verb)) {
    if (unprintable.test(line)) return malformed(verb as Verb, 501, "5.5.2", "Syntax error: control character");
    return table[verb as Verb](line.charCodeAt(line.length - 1) === 0x20 ? line.trimEnd() : line);
  }
  return foreignPattern.test(line) ? { verb: "foreign" } : { verb: "unknown" };
}

function malformed(of: Verb, code: number, enhanced: string, text: string): Command {
  return { verb: "malformed", of, reply: reply(code, enhanced, text) };
}

function alone(verb: "DATA" | "RSET" | "QUIT" | "STARTTLS", line: string): Command {
  return line.length === verb.length ? { verb } : malformed(verb, 501, "5.5.4", `${verb} takes no argument`);
}

function withText(verb: "VRFY" | "EXPN", line: string): Command {
  return line.length > verb.length ? { verb } : malformed(verb, 501, "5.5.4", `Syntax: ${verb} text`);
}

function greeting(verb: "EHLO" | "HELO", line: string): Command {
  const domain = line.slice(5).trim();
  return isDomain(domain)
    ? { verb, domain }
    : malformed(verb, 501, "5.5.4", `Syntax: ${verb} domain or address literal`);
}

function mail(line: string): Command {
  const start = mailPattern.exec(line);
  if (start === null) return malformed("MAIL", 501, "5.5.2", "Syntax: MAIL FROM:<address>");
  const path = reversePath(line, start[0].length);
  if (path === undefined) return malformed("MAIL", 501, "5.1.7", "Bad sender address syntax");
  const found = mailParameters(line, path.end);
  if (found.kind === "refused") return { verb: "malformed", of: "MAIL", reply: found.reply };
  return { verb: "MAIL", sender: path.address, parameters: found.parameters };
}

function rcpt(line: string): Command {
  const start = rcptPattern.exec(line);
  if (start === null) return malformed("RCPT", 501, "5.5.2", "Syntax: RCPT TO:<address>");
  const path = forwardPath(line, start[0].length);
  if (path === undefined) return malformed("RCPT", 501, "5.1.3", "Bad recipient address syntax");
  const found = rcptParameters(line, path.end);
  if (found.kind === "refused") return { verb: "malformed", of: "RCPT", reply: found.reply };
  return { verb: "RCPT", recipient: path.address, parameters: found.parameters };
}

/** RFC 3030 §2: `BDAT octets [LAST]`. */
function bdat(line: string): Command {
  const parts = bdatPattern.exec(line);
  if (parts === null) return malformed("BDAT", 501, "5.5.4", "Syntax: BDAT octets [LAST]");
  return { verb: "BDAT", octets: Number(parts[1]), last: parts[2] !== undefined };
}

/** RFC 4954 §4: `AUTH mechanism [initial-response]`. */
function auth(line: string): Command {
  const parts = authPattern.exec(line);
  if (parts === null) return malformed("AUTH", 501, "5.5.4", "Syntax: AUTH mechanism [initial-response]");
  return { verb: "AUTH", mechanism: parts[1].toUpperCase(), initial: parts[2] };
}
