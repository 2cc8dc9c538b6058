/**
 * Counting mail: a client that remembers what was acknowledged, a next hop that remembers what arrived.
 *
 * @module
 */

/** The header field that tells messages apart. */
const field = "X-Count";

/** Reads replies and commands line by line. */
class Lines {
  #conn: Deno.Conn;
  #rest = "";
  #decoder = new TextDecoder();
  #buffer = new Uint8Array(65_536);

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** The next line without its end; null at the end of the stream. */
  async next(): Promise<string | null> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end).replace(/\r$/, "");
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const count = await this.#conn.read(this.#buffer);
      if (count === null) return null;
      this.#rest += this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true });
    }
  }
}

/** A next hop on loopback that takes everything. */
export interface CountingSink extends AsyncDisposable {
  port: number;
  /** Number of a message → how often it came. */
  arrived: Map<number, number>;
}

/** Starts a next hop. */
export function startCountingSink(): CountingSink {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const arrived = new Map<number, number>();
  const sessions = new Set<Deno.Conn>();
  const ended: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      sessions.add(conn);
      // A gateway that is killed cuts its connections off.
      ended.push(
        serve(conn, arrived).catch(() => {}).finally(() => {
          sessions.delete(conn);
          conn.close();
        }),
      );
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    arrived,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const conn of sessions) await conn.closeWrite().catch(() => {}); // the peer may be gone
      await Promise.all(ended);
    },
  };
}

async function serve(conn: Deno.Conn, arrived: Map<number, number>): Promise<void> {
  const lines = new Lines(conn);
  const say = (text: string) => conn.write(new TextEncoder().encode(`${text}\r\n`));
  await say("220 sink.example.test");
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "EHLO") await say("250 sink.example.test");
    else if (verb === "QUIT") return void await say("221 bye");
    else if (verb !== "DATA") await say("250 ok");
    else {
      await say("354 go on");
      let number = NaN;
      for (let text = await lines.next(); text !== "."; text = await lines.next()) {
        if (text === null) return; // cut off: the message counts as not taken
        if (text.startsWith(`${field}: `)) number = Number(text.slice(field.length + 2));
      }
      arrived.set(number, (arrived.get(number) ?? 0) + 1);
      await say("250 taken");
    }
  }
}

/**
 * Sends messages one after the other over one session, numbered by `next`, until it is cut off or `next` says null.
 * A number goes into `acknowledged` when the 250 has come.
 */
export async function sendNumbered(
  port: number,
  { next, acknowledged, octets }: { next: () => number | null; acknowledged: Set<number>; octets: number },
): Promise<void> {
  let conn: Deno.Conn;
  try {
    conn = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return; // nobody listens at the moment
  }
  const lines = new Lines(conn);
  /** The code of a whole reply. */
  const reply = async (): Promise<string> => {
    for (;;) {
      const line = await lines.next();
      if (line === null) throw new Error("Cannot go on: the session was cut off");
      if (line[3] !== "-") return line.slice(0, 3);
    }
  };
  const ask = async (text: string, code: string) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    const got = await reply();
    if (got !== code) throw new Error(`Cannot go on: ${got} to ${text.slice(0, 40)}`);
  };
  try {
    await reply();
    await ask("EHLO client.example.test\r\n", "250");
    for (let number = next(); number !== null; number = next()) {
      await ask("MAIL FROM:<s@example.org>\r\n", "250");
      await ask("RCPT TO:<a@example.test>\r\n", "250");
      await ask("DATA\r\n", "354");
      const text = `${"x".repeat(76)}\r\n`.repeat(Math.ceil(octets / 78));
      await ask(`${field}: ${number}\r\nSubject: counted\r\n\r\n${text}.\r\n`, "250");
      acknowledged.add(number);
    }
    await ask("QUIT\r\n", "221");
  } catch {
    // cut off: what was not acknowledged is the sender's still
  } finally {
    conn.close();
  }
}
