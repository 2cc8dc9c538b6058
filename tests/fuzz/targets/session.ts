/**
 * Whole sessions of the server's machine, by state: a client that goes through moves in any order, pipelined and cut anywhere, with a
 * plain notion of what each of them may be answered and of what a message is.
 *
 * @module
 */
import assert from "node:assert/strict";
import { joined, type Octets, octets } from "../../../src/base/octets.ts";
import { type Reply, reply } from "../../../src/mail/reply.ts";
import { type Mechanism, mechanisms } from "../../../src/smtp/sasl.ts";
import { ServerSession } from "../../../src/smtp/server_session.ts";
import type { EndReason, ServerOptions } from "../../../src/smtp/server_state.ts";
import { cutSizes, latin1Text, pieces } from "../bytes.ts";
import { repliesIn } from "../replies.ts";
import { type Move, scriptOf } from "../script.ts";
import { target } from "../target.ts";

interface Input {
  options: ServerOptions;
  moves: Move[];
  cuts: number[];
  /** Commands go together: each of these numbers of moves is one push. */
  groups: number[];
  /** What each store is answered, in turn. */
  answers: Reply[];
  mechanisms: Mechanism[];
  /** The text of these messages cannot be written. */
  unwritable: number[];
}

interface Stored {
  sender: string;
  recipients: string[];
  text: string;
  /** Octets of the text as it came. */
  octets: number;
}

function wrongWith(address: string): Reply | undefined {
  return address.endsWith("@refused.test") ? reply(550, "5.1.0", `<${address}> Address rejected`) : undefined;
}

/** The machine with a world around it that remembers. */
class Server {
  readonly session: ServerSession;
  readonly stored: Stored[] = [];
  readonly answered: Reply[] = [];
  ended: EndReason | undefined;
  secured = 0;
  drops = 0;
  open: number | undefined;
  #mid = 0;
  #text: Octets[] = [];
  readonly #input: Input;

  constructor(input: Input) {
    this.#input = input;
    this.session = new ServerSession(input.options, {
      now: () => Date.UTC(2025, 10, 22, 1, 20),
      mechanisms: () => input.mechanisms,
      mail: () => {
        assert.equal(this.open, undefined, "one transaction at a time");
        this.#text = [];
        return this.open = ++this.#mid;
      },
      // About every other one somebody is asked first.
      recipient: (address) => address.length % 2 === 0 ? "ask" : wrongWith(address),
      drop: (mid) => {
        assert.equal(mid, this.open, "only what is open is dropped");
        this.open = undefined;
        this.#text = [];
        this.drops++;
      },
    });
  }

  /** Goes on until bytes are needed; what was said. */
  run(): string {
    for (let steps = 0;; steps++) {
      assert.ok(steps < 100_000, "steps are bounded");
      const step = this.session.next();
      switch (step.kind) {
        case "read":
          return this.session.takeReplies();
        case "text":
          assert.ok(this.open !== undefined, "text belongs to a transaction");
          if (this.#input.unwritable.includes(this.#mid)) {
            this.session.refuseText(reply(452, "4.3.1", "No room"), { reason: "full", text: "full" });
          } else this.#text.push(step.chunk);
          break;
        case "store": {
          const { mid, sender, recipients } = step.envelope;
          assert.equal(mid, this.open, "what is stored is what is open");
          const whole = latin1Text(joined([...this.#text, new Uint8Array(0)]));
          const from = whole.search(/\r\n(?![\t ])/) + 2;
          assert.ok(whole.startsWith("Received: from ") && from > 1, "our field is on top");
          const text = whole.slice(from);
          const answer = this.#input.answers[this.stored.length % this.#input.answers.length];
          this.stored.push({ sender, recipients: recipients.map(({ address }) => address), text, octets: step.octets });
          this.answered.push(answer);
          this.open = undefined;
          this.session.stored(answer);
          break;
        }
        case "validate":
          assert.ok(this.open !== undefined, "who is asked about belongs to a transaction");
          this.session.validated(wrongWith(step.address));
          break;
        case "authenticate": {
          const { claim } = step;
          const right = claim.mechanism === "EXTERNAL" || claim.password === "right";
          this.session.authenticated(
            right ? { kind: "done", user: "ann" } : { kind: "failed", reply: reply(535, "5.7.8", "No") },
          );
          break;
        }
        case "start_tls":
          this.secured++;
          return this.session.takeReplies();
        case "end":
          this.ended = step.reason;
          this.session.lost({ reason: "lost", text: "over" });
          return this.session.takeReplies();
        default:
          step satisfies never;
      }
    }
  }

  /** Pushes; what was said. */
  push(bytes: Octets, cuts: number[]): string {
    let said = "";
    for (const piece of pieces(bytes, cuts)) {
      if (this.ended !== undefined) break;
      this.session.push(piece);
      said += this.run();
      piece.fill(0x58);
    }
    return said;
  }
}

/** What the client knows of the session, from the replies alone. */
class Client {
  hello = false;
  tls = false;
  /** It has authenticated itself. */
  user = false;
  sender: string | undefined;
  recipients: string[] = [];
  /** Chunks that were taken. */
  chunks: string | undefined;
  /** Messages that should be stored. */
  readonly messages: Stored[] = [];
}

/** Codes that each verb may be answered with: RFC 5321 §4.3.2, with 530 before TLS and 421 before the end. */
const codes: Record<string, number[]> = {
  EHLO: [250, 501],
  HELO: [250, 501, 530],
  MAIL: [250, 501, 503, 530, 552, 553, 555, 421],
  RCPT: [250, 452, 501, 503, 530, 550, 553, 555],
  DATA: [354, 503, 530, 554],
  BDAT: [250, 503, 530, 554, 550, 500, 552, 452, 451, 501],
  RSET: [250],
  NOOP: [250],
  QUIT: [221],
  VRFY: [252, 530],
  EXPN: [502, 530],
  HELP: [214, 530],
  STARTTLS: [220, 454, 502, 503, 554],
  AUTH: [235, 334, 501, 502, 503, 504, 530, 535, 538],
};

const legal = (text: string) => !/\0|\r(?!\n)|(?<!\r)\n/.test(text);
const fixed = (text: string) => text.replace(/\r(?!\n)|(?<!\r)\n/g, "\r\n");

/** A client's session, to its end. */
class Dialogue {
  readonly server: Server;
  readonly client = new Client();
  readonly ends = new Set<string>();
  readonly #input: Input;

  constructor(input: Input) {
    this.#input = input;
    this.server = new Server(input);
  }

  run(): string[] {
    const { moves, groups, options } = this.#input;
    const greeting = repliesIn(this.server.run());
    assert.equal(greeting.length, 1);
    assert.equal(greeting[0].code, options.refusal?.code ?? 220);
    for (let at = 0, which = 0; at < moves.length && this.server.ended === undefined; which++) {
      let to = at;
      // What waits for an answer ends a group: DATA, STARTTLS, and what nobody knows the answers to.
      for (let left = groups[which % groups.length]; left > 0 && to < moves.length; left--) {
        const move = moves[to++];
        if (move.kind === "data" || (move.kind === "line" && ["odd", "STARTTLS", "AUTH"].includes(move.verb))) break;
      }
      this.#together(moves.slice(at, to));
      at = to;
    }
    if (this.server.ended === undefined) this.server.session.lost({ reason: "lost", text: "gone" });
    else this.ends.add(`end ${this.server.ended}`);
    assert.equal(this.server.open, undefined, "nothing is left open");
    const { stored } = this.server;
    assert.deepEqual(stored, this.client.messages, "what was stored is what was sent, whole");
    if (stored.length > 0) this.ends.add("stored");
    return [...this.ends];
  }

  /** One push of several moves. */
  #together(moves: Move[]): void {
    const wire = joined([...moves.map(bytesOf), new Uint8Array(0)]);
    const said = repliesIn(this.server.push(wire, this.#input.cuts));
    const last = moves.at(-1)!;
    if (last.kind === "line" && last.verb === "odd") {
      // Its own answers are nobody's business but well-formed; what it did to the state cannot be known, so here it ends.
      this.ends.add("odd");
      this.#odd(moves, said.length);
      return;
    }
    for (const [at, move] of moves.entries()) {
      const heard = said.shift();
      if (heard === undefined) {
        assert.ok(this.server.ended !== undefined, `move ${at} was not answered`);
        return;
      }
      // Its last words may be two: to what it refused, and to everything.
      this.#judge(move, heard.code);
    }
    if (said.length > 0) assert.ok(said.length === 1 && this.server.ended !== undefined, "one answer a command");
  }

  #odd(moves: Move[], answers: number): void {
    // Each line and each line end that is none may be answered, and the end of it all.
    const ends = moves.map(bytesOf).flatMap((bytes) => [...bytes].filter((octet) => octet === 10 || octet === 13));
    assert.ok(answers <= ends.length + moves.length + 1, "answers are bounded");
    // A line that does not end swallows the next one: a new session begins in effect, and the old is not judged any further.
    this.server.ended ??= "quit";
    this.server.session.lost({ reason: "lost", text: "odd" });
    this.client.messages.splice(0, Infinity, ...this.server.stored);
  }

  #judge(move: Move, code: number): void {
    const { client, server } = this;
    const verb = move.kind === "line" ? move.verb : move.kind === "data" ? "DATA" : "BDAT";
    this.ends.add(`${verb} ${code}`);
    if (this.#input.options.refusal !== undefined) {
      assert.ok([503, 221, 500, 421].includes(code), `${verb} ${code} after a refusal`);
      return;
    }
    const over = code === 421 && server.ended !== undefined;
    assert.ok(over || codes[verb].includes(code), `${verb} is answered ${code}`);
    if (over) return;
    switch (verb) {
      case "EHLO":
      case "HELO":
        if (code === 250) {
          client.hello = true;
          this.#reset();
        }
        break;
      case "MAIL":
        if (code !== 250) break;
        assert.ok(client.hello && client.sender === undefined, "MAIL is taken behind EHLO, once");
        assert.ok(
          !this.#input.options.auth?.required || client.user,
          "MAIL is taken from who has to authenticate himself",
        );
        client.sender = /<(.*)>/.exec(this.#textOf(move))![1].replace(/^@[^:]*:/, "");
        break;
      case "RCPT": {
        if (code !== 250) break;
        assert.ok(client.sender !== undefined && client.chunks === undefined, "RCPT is taken behind MAIL");
        const given = /<(.*)>/.exec(this.#textOf(move))![1].replace(/^@[^:]*:/, "");
        client.recipients.push(given.includes("@") ? given : `${given}@${this.#input.options.hostname}`);
        break;
      }
      case "RSET":
        this.#reset();
        break;
      case "STARTTLS":
        if (code !== 220) break;
        this.#reset();
        client.hello = false;
        client.user = false;
        client.tls = true;
        server.session.secured({ protocol: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", bits: 128 });
        break;
      case "AUTH":
        this.#auth(move as Extract<Move, { kind: "line" }>, code);
        break;
      case "DATA":
        if (code === 354) this.#text(move as Extract<Move, { kind: "data" }>);
        break;
      case "BDAT":
        this.#chunk(move as Extract<Move, { kind: "chunk" }>, code);
        break;
    }
  }

  /** What came of AUTH; a challenge is answered, up to the end of the exchange. */
  #auth({ responses = [] }: Extract<Move, { kind: "line" }>, first: number): void {
    const { client, server } = this;
    let code = first;
    for (const response of [...responses, "*"]) {
      if (code !== 334) break;
      const said = repliesIn(server.push(octets(`${response}\r\n`), this.#input.cuts));
      assert.ok(said.length === 1 || server.ended !== undefined, "one answer to a response");
      code = said[0].code;
      assert.ok([334, 235, 535, 501].includes(code), `a response is answered ${code}`);
      this.ends.add(`response ${code}`);
    }
    assert.notEqual(code, 334, "an exchange ends");
    if (code !== 235) return;
    const { auth } = this.#input.options;
    assert.ok(client.hello && !client.user && client.sender === undefined, "AUTH is taken once, before MAIL");
    assert.ok(auth !== undefined && (client.tls || !auth.requiresTls), "AUTH is taken where it is offered");
    client.user = true;
  }

  #textOf(move: Move): string {
    return move.kind === "line" ? new TextDecoder().decode(move.line) : "";
  }

  #reset(): void {
    this.client.sender = undefined;
    this.client.recipients = [];
    this.client.chunks = undefined;
  }

  #text({ text, wire }: Extract<Move, { kind: "data" }>): void {
    const { client, server } = this;
    assert.ok(
      client.sender !== undefined && client.recipients.length > 0 && client.chunks === undefined,
      "354 behind RCPT",
    );
    // The wire of an odd text may have its end earlier than meant, and commands behind it: smuggling is another target's matter.
    const whole = latin1Text(wire);
    const end = whole.search(/(?:^|\r\n)\.\r\n/);
    assert.equal(end + (whole.startsWith(".\r\n") ? 3 : 5), whole.length, "the client doubles its dots");
    const said = repliesIn(server.push(wire, this.#input.cuts));
    assert.equal(said.length, 1, "one answer to a text");
    this.#finish(latin1Text(text), said[0].code);
  }

  #chunk({ text, last }: Extract<Move, { kind: "chunk" }>, code: number): void {
    const { client } = this;
    if (client.sender === undefined || client.recipients.length === 0) {
      return assert.ok(code === 503 || code === 554 || code === 530, `BDAT ${code} without a recipient`);
    }
    client.chunks = (client.chunks ?? "") + latin1Text(text);
    if (code === 250 && !last) return;
    this.#finish(client.chunks, code);
  }

  /** The end of a text, and what it was answered. */
  #finish(text: string, code: number): void {
    const { client, server } = this;
    const { options } = this.#input;
    const takes = legal(text) || (options.fixBareLineEnds && !text.includes("\0"));
    // 250 and 451 are the queue's words here, and nobody else's.
    const stored = code === 250 || code === 451;
    if (stored) {
      assert.ok(takes, "only what is legal is stored");
      assert.equal(code, server.answered[client.messages.length]?.code, "250 is the queue's word");
      const dotted = text === "" || text.endsWith("\r\n") || client.chunks !== undefined ? text : text + "\r\n";
      const sent = options.fixBareLineEnds ? fixed(dotted) : dotted;
      client.messages.push({
        sender: client.sender!,
        recipients: [...client.recipients],
        // What begins with a blank would go on with our Received field: an empty line is put between.
        text: /^[ \t]/.test(sent) ? `\r\n${sent}` : sent,
        octets: sent.length,
      });
    } else {
      const taken = options.fixBareLineEnds ? fixed(text) : text;
      const reasons = !takes || taken.length > options.messageOctetsMax || this.#input.unwritable.length > 0 ||
        /\n[Rr]eceived/.test(text);
      assert.ok(reasons || server.ended !== undefined, "refused with a reason");
    }
    this.ends.add(stored ? `taken ${code}` : `refused ${code}`);
    this.#reset();
  }
}

function bytesOf(move: Move): Octets {
  switch (move.kind) {
    case "line":
      return move.line;
    case "data":
      return octets("DATA\r\n");
    case "chunk":
      return joined([octets(`BDAT ${move.text.length}${move.last ? " LAST" : ""}\r\n`), move.text]);
    default:
      return move satisfies never;
  }
}

export const sessionTarget = target<Input>({
  name: "session",
  reaches: [
    "stored",
    "taken 250",
    "taken 451",
    "refused 550",
    "refused 552",
    "refused 452",
    "odd",
    "end quit",
    "end too_many_errors",
    "STARTTLS 220",
    "AUTH 235",
    "AUTH 501",
    "AUTH 503",
    "AUTH 504",
    "AUTH 535",
    "AUTH 538",
    "response 235",
    "response 501",
    "end too_many_auth_failures",
    "MAIL 530",
    "MAIL 553",
    "RCPT 550",
    "RCPT 452",
    "BDAT 250",
    "BDAT 503",
    "DATA 354",
    "DATA 554",
    "end bare_line_end",
    "end too_many_messages",
  ],
  make: (chance) => ({
    options: {
      hostname: "gw.example.test",
      address: chance.pick(["192.0.2.7", "2001:db8::7"]),
      host: chance.pick([undefined, "client.example.com"]),
      greeting: "ESMTP",
      refusal: chance.oneIn(20) ? reply(554, undefined, "5.7.1 Access denied") : undefined,
      tls: chance.pick(["off", "preferred", "preferred", "required"]),
      tlsReady: !chance.oneIn(4),
      messageOctetsMax: chance.pick([100, 1_000, 100_000]),
      messagesMax: chance.pick([1, 5, 100]),
      recipientsMax: chance.pick([1, 3, 100]),
      auth: chance.oneIn(2) ? { required: chance.oneIn(3), requiresTls: chance.oneIn(3) } : undefined,
      fixBareLineEnds: chance.oneIn(2),
    },
    mechanisms: chance.oneIn(8) ? [] : [...mechanisms],
    moves: scriptOf(chance),
    cuts: cutSizes(chance, 1_000),
    groups: chance.many(1, 4, () => chance.between(1, 6)),
    answers: chance.many(1, 3, () => chance.oneIn(5) ? reply(451, "4.3.0", "later") : reply(250, "2.0.0", "Ok")),
    unwritable: chance.oneIn(10) ? [chance.between(1, 3)] : [],
  }),
  check: (input) => new Dialogue(input).run(),
});
