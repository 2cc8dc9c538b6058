/**
 * A directory's server in memory: a test sees each request and says what is answered.
 *
 * @module
 */
import { joined, type Octets, octets } from "../../src/base/octets.ts";
import { items, itemsOf, readBer, wholeNumber } from "../../src/certs/ber.ts";
import type { Conn } from "../../src/net/net.ts";

function element(tag: number, ...parts: Octets[]): Octets {
  const content = joined([...parts, new Uint8Array(0)]);
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 255];
  return joined([Uint8Array.from([tag, ...length]), content]);
}

const message = (id: number, operation: Octets) => element(0x30, element(0x02, Uint8Array.of(id)), operation);

interface Result {
  code?: number;
  text?: string;
}

const result = ({ code = 0, text = "" }: Result = {}) => [
  element(0x0a, Uint8Array.of(code)),
  element(0x04),
  element(0x04, octets(text)),
];

/** What servers say. */
export const answers = {
  bound: (id: number, end?: Result): Octets => message(id, element(0x61, ...result(end))),
  done: (id: number, end?: Result): Octets => message(id, element(0x65, ...result(end))),
  entry: (id: number): Octets => message(id, element(0x64, element(0x04, octets("cn=x")), element(0x30))),
  reference: (id: number): Octets => message(id, element(0x73, element(0x04, octets("ldap://other.test/")))),
  extended: (id: number, end?: Result): Octets => message(id, element(0x78, ...result(end))),
  disconnection: (): Octets =>
    message(0, element(0x78, ...result({ code: 52, text: "bye" }), element(0x8a, octets("1.3.6.1.4.1.1466.20036")))),
};

/** A request, as far as tests look. */
export interface Request {
  id: number;
  kind: "bind" | "search" | "abandon" | "unbind" | "extended";
  /** The value that an equality filter looks for. */
  value: string;
}

const kinds: Readonly<Record<number, Request["kind"]>> = {
  0x60: "bind",
  0x63: "search",
  0x50: "abandon",
  0x42: "unbind",
  0x77: "extended",
};

/** Reads requests to the end of a connection; `respond` gives what is said to each. */
export async function serve(conn: Conn, respond: (request: Request) => Octets | undefined): Promise<void> {
  let rest: Octets = new Uint8Array(0);
  const into: Octets = new Uint8Array(4_096);
  for (;;) {
    const count = await conn.read(into).catch(() => null);
    if (count === null) return;
    rest = joined([rest, into.slice(0, count)]);
    for (;;) {
      let whole: Octets;
      try {
        whole = readBer(rest).whole;
      } catch {
        break;
      }
      rest = rest.subarray(whole.length);
      const [number, operation] = itemsOf(readBer(whole), 0x30);
      const value = operation.tag === 0x63 ? items(items(operation)[6])[1] : undefined;
      const answer = respond({
        id: wholeNumber(number),
        kind: kinds[operation.tag],
        value: value === undefined ? "" : new TextDecoder().decode(value.content),
      });
      if (answer !== undefined) await conn.write(answer).catch(() => {});
    }
  }
}
