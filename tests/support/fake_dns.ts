/**
 * A DNS server on loopback that says what a test wants: over UDP and TCP, truthfully, cut, late, forged or not at all.
 *
 * @module
 */
// @ts-types="@types/dns-packet"
import packet from "dns-packet";
import { Buffer } from "node:buffer";

/** A record of a zone, short. */
export type FakeRecord = { name: string; type: string; ttl?: number; data: unknown };

/** How one question is answered. */
export interface FakeAnswer {
  rcode?: number;
  answers?: FakeRecord[];
  authorities?: FakeRecord[];
  ad?: boolean;
  /** Say TC over UDP. */
  truncated?: boolean;
  /** No answer at all. */
  silent?: boolean;
  /** Changes the finished message before it is sent over UDP. */
  forge?: (bytes: Uint8Array) => Uint8Array[];
  /** No question in the answer. */
  noQuestion?: boolean;
}

/** What was asked. */
export interface FakeQuestion {
  name: string;
  type: string;
  transport: "udp" | "tcp";
  edns: boolean;
}

/** A running server. */
export interface FakeDns extends AsyncDisposable {
  server: { address: string; port: number };
  questions: FakeQuestion[];
}

/** The default SOA of negative answers. */
export function soa(minimum: number, ttl = 3600): FakeRecord {
  return {
    name: "test",
    type: "SOA",
    ttl,
    data: { mname: "ns.test", rname: "root.test", serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
  };
}

/** Starts a server whose answers `reply` gives. */
export function startFakeDns(reply: (question: FakeQuestion) => FakeAnswer): FakeDns {
  const { udp, tcp } = bindBoth();
  const questions: FakeQuestion[] = [];
  const answerTo = (bytes: Uint8Array, transport: "udp" | "tcp"): Uint8Array[] => {
    const query = packet.decode(Buffer.from(bytes));
    const { name, type } = query.questions![0];
    const edns = (query.additionals ?? []).some((record) => record.type === "OPT");
    const question = { name, type, transport, edns };
    questions.push(question);
    const answer = reply(question);
    if (answer.silent) return [];
    const cut = answer.truncated === true && transport === "udp";
    const flags = packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (answer.ad ? packet.AUTHENTIC_DATA : 0) |
      (cut ? packet.TRUNCATED_RESPONSE : 0) | (answer.rcode ?? 0);
    const records = (list: FakeRecord[] = []) =>
      list.map((one) => ({ ttl: 60, class: "IN", ...one })) as packet.Answer[];
    const message = new Uint8Array(packet.encode({
      type: "response",
      id: query.id,
      flags,
      questions: answer.noQuestion ? [] : query.questions,
      answers: cut ? [] : records(answer.answers),
      authorities: cut ? [] : records(answer.authorities),
    }));
    return transport === "udp" && answer.forge !== undefined ? answer.forge(message) : [message];
  };
  const ended = Promise.all([serveUdp(udp, answerTo), serveTcp(tcp, answerTo)]);
  return {
    server: { address: "127.0.0.1", port: (udp.addr as Deno.NetAddr).port },
    questions,
    async [Symbol.asyncDispose]() {
      udp.close();
      tcp.close();
      await ended;
    },
  };
}

/** A zone as a table: answers with what `records` has, aliases included; other names do not exist. */
export function zone(
  records: FakeRecord[],
  { ad = false }: { ad?: boolean } = {},
): (question: FakeQuestion) => FakeAnswer {
  return ({ name, type }) => {
    const answers: FakeRecord[] = [];
    let at = name.toLowerCase();
    for (let step = 0; step < 4; step++) {
      const own = records.filter((record) => record.name === at);
      const wanted = own.filter((record) => record.type === type);
      const alias = own.find((record) => record.type === "CNAME");
      answers.push(...(wanted.length > 0 || alias === undefined ? wanted : [alias]));
      if (wanted.length > 0 || alias === undefined) break;
      at = alias.data as string;
    }
    const exists = records.some((record) => record.name === at || record.name.endsWith(`.${at}`));
    return { rcode: exists ? 0 : 3, answers, authorities: answers.length > 0 ? [] : [soa(60)], ad };
  };
}

/** The same port for both: drawn until one is free twice. */
function bindBoth(): { udp: Deno.DatagramConn; tcp: Deno.TcpListener } {
  for (let draw = 0;; draw++) {
    const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      return { tcp, udp: Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: tcp.addr.port }) };
    } catch (error) {
      tcp.close();
      if (draw > 20) throw error;
    }
  }
}

type Answering = (bytes: Uint8Array, transport: "udp" | "tcp") => Uint8Array[];

async function serveUdp(udp: Deno.DatagramConn, answerTo: Answering): Promise<void> {
  try {
    for await (const [bytes, from] of udp) {
      for (const message of answerTo(bytes, "udp")) await udp.send(message, from);
    }
  } catch {
    // The asker's port is gone, or the server is closed.
  }
}

async function serveTcp(tcp: Deno.TcpListener, answerTo: Answering): Promise<void> {
  for await (const conn of tcp) {
    const whole = new Uint8Array(4096);
    let length = 0;
    while (length < 2 || length < ((whole[0] << 8) | whole[1]) + 2) {
      const count = await conn.read(whole.subarray(length));
      if (count === null) break;
      length += count;
    }
    for (const message of answerTo(whole.subarray(2, length), "tcp")) {
      const framed = new Uint8Array(message.length + 2);
      framed.set([message.length >> 8, message.length & 255]);
      framed.set(message, 2);
      // Cut in two, as a network may do it.
      await conn.write(framed.subarray(0, 3));
      await conn.write(framed.subarray(3));
    }
    conn.close();
  }
}
