import assert from "node:assert/strict";
import { octets, textOf } from "../../src/base/octets.ts";
import { readAnswer } from "../../src/services/http_answer.ts";
import type { Conn } from "../../src/net/net.ts";

/** A connection on which these octets come, in pieces of `cut`. */
function connOf(text: string, { cut = Infinity, truncated = false }: { cut?: number; truncated?: boolean } = {}) {
  const bytes = octets(text);
  let at = 0;
  const conn: Pick<Conn, "read"> = {
    read(into) {
      const piece = bytes.subarray(at, at + Math.min(cut, into.length));
      at += piece.length;
      into.set(piece);
      return Promise.resolve(piece.length === 0 ? null : piece.length);
    },
  };
  return { ...conn, truncated } as Conn & { truncated: boolean };
}

const whole: { name: string; text: string; status?: number; body?: string }[] = [
  { name: "a length", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloand more", body: "hello" },
  {
    name: "chunks",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n",
    body: "hello",
  },
  { name: "the end of the stream", text: "HTTP/1.0 200 ok\r\nContent-type: text/plain\r\n\r\nhello", body: "hello" },
  {
    name: "nothing, for what is no 200",
    text: "HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 5\r\n\r\n",
    status: 304,
    body: "",
  },
  {
    name: "an answer behind interim ones",
    text: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
    body: "",
  },
];

for (const { name, text, status = 200, body } of whole) {
  Deno.test(`readAnswer: ${name}, wherever it is cut`, async () => {
    for (const cut of [Infinity, 1, 2, 3, 7]) {
      const answer = await readAnswer(connOf(text, { cut }), { octetsMax: 5 });
      assert.deepEqual([answer.status, textOf(answer.body)], [status, body]);
    }
  });
}

const head = "HTTP/1.1 200 OK\r\n";
const broken: { name: string; text: string; says: RegExp; truncated?: boolean }[] = [
  { name: "another protocol", text: "220 mx ESMTP\r\n\r\n", says: /does not speak HTTP\/1\.1: 220 mx ESMTP/ },
  { name: "a folded line", text: `${head}A: b\r\n c\r\n\r\n`, says: /malformed/ },
  { name: "a space before the colon", text: `${head}Content-Length : 5\r\n\r\nhello`, says: /malformed/ },
  { name: "a head without end", text: `${head}${"A: b\r\n".repeat(10_000)}`, says: /too long a head/ },
  { name: "interim answers without end", text: "HTTP/1.1 100 Continue\r\n\r\n".repeat(30), says: /without end/ },
  { name: "a length that is too large", text: `${head}Content-Length: 6\r\n\r\nhello!`, says: /larger than 5 octets/ },
  { name: "a length that is none", text: `${head}Content-Length: -1\r\n\r\n`, says: /no clear length/ },
  { name: "two lengths", text: `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, says: /no clear length/ },
  {
    name: "a length and chunks",
    text: `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    says: /no clear length/,
  },
  { name: "another coding", text: `${head}Transfer-Encoding: gzip, chunked\r\n\r\n`, says: /no clear length/ },
  { name: "a compressed body", text: `${head}Content-Encoding: gzip\r\n\r\n`, says: /compressed/ },
  {
    name: "chunks that are too large together",
    text: `${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nabc\r\n`,
    says: /larger than 5/,
  },
  { name: "a huge chunk", text: `${head}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n`, says: /larger than 5/ },
  {
    name: "a chunk without a length",
    text: `${head}Transfer-Encoding: chunked\r\n\r\nx\r\n`,
    says: /without a length/,
  },
  {
    name: "a chunk of another length",
    text: `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n`,
    says: /too long a head|another length/,
  },
  {
    name: "a body that is cut short",
    text: `${head}Content-Length: 5\r\n\r\nhell`,
    says: /before its answer was whole/,
  },
  {
    name: "chunks that are cut short",
    text: `${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
    says: /before its answer was whole/,
  },
  { name: "a stream that is too long", text: `${head}\r\nhello!`, says: /larger than 5/ },
  { name: "a stream without close_notify", text: `${head}\r\nhello`, says: /was cut/, truncated: true },
  { name: "nothing", text: "", says: /before its answer was whole/ },
];

for (const { name, text, says, truncated } of broken) {
  Deno.test(`readAnswer: refuses ${name}`, async () => {
    for (const cut of [Infinity, 1]) {
      await assert.rejects(readAnswer(connOf(text, { cut, truncated }), { octetsMax: 5 }), says);
    }
  });
}
