/**
 * Next hops that fail, each in one way, until they are told to behave.
 *
 * @module
 */

/** How a next hop fails. */
export const faults = ["deferring", "refusing", "closing", "silent", "cut-in-data"] as const;

/** One of {@linkcode faults}. */
export type Fault = (typeof faults)[number];

/** A next hop that fails. */
export interface FailingHop extends AsyncDisposable {
  readonly port: number;
  /** Connections it had. */
  readonly connections: number;
  /** From now on it takes everything; whoever was kept waiting is let go. */
  behave(): void;
}

/** Starts one on loopback. */
export function startFailingHop(fault: Fault): FailingHop {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sessions = new Map<Deno.Conn, Promise<void>>();
  let failing = true;
  let connections = 0;
  const release = (conn: Deno.Conn) => {
    if (sessions.delete(conn)) conn.close();
  };
  const accepting = (async () => {
    for await (const conn of listener) {
      connections++;
      const session = serve(conn, () => failing ? fault : undefined).catch(() => {}).finally(() => release(conn));
      sessions.set(conn, session);
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    get connections() {
      return connections;
    },
    behave() {
      failing = false;
      for (const conn of [...sessions.keys()]) release(conn);
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      const ended = [...sessions.values()];
      for (const conn of [...sessions.keys()]) release(conn);
      await Promise.all(ended);
    },
  };
}

async function serve(conn: Deno.Conn, fault: () => Fault | undefined): Promise<void> {
  const encoder = new TextEncoder();
  const say = (text: string) => conn.write(encoder.encode(`${text}\r\n`));
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(65_536);
  let rest = "";
  let inText = false;
  // A silent one says nothing and reads on.
  const silent = fault() === "silent";
  if (fault() === "closing") return;
  if (!silent) await say("220 hop.example.test");
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    if (silent) continue;
    rest += decoder.decode(buffer.subarray(0, count));
    while (true) {
      const end = inText ? "\r\n.\r\n" : "\r\n";
      const at = rest.indexOf(end);
      if (at < 0) {
        // What a text is made of is of no interest here.
        if (inText) rest = rest.slice(-4);
        break;
      }
      const line = rest.slice(0, at);
      rest = rest.slice(at + end.length);
      if (inText) {
        inText = false;
        await say("250 taken");
        continue;
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === "QUIT") return void await say("221 bye");
      if (verb === "RCPT" && fault() === "deferring") await say("451 4.7.1 come back later");
      else if (verb === "RCPT" && fault() === "refusing") await say("550 5.1.1 no such user");
      else if (verb === "DATA") {
        if (fault() === "cut-in-data") return void await say("354 go on");
        inText = true;
        await say("354 go on");
      } else await say("250 ok");
    }
  }
}
