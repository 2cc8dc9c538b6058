/**
 * One question to one server: UDP, and TCP where the answer was cut or somebody guesses.
 *
 * Each try has a socket of its own on a port drawn by chance, and an id drawn by chance (RFC 5452 §9.2). What comes from another
 * address, or answers another question, is passed over; many of those mean that somebody guesses, and the question moves to TCP,
 * where guessing is harder. Sockets come from outside (`net/udp.ts`, `net/tcp.ts`), so that this folder needs none.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { encodeQuestion, readAnswer, type Reading } from "./message.ts";
import { addressFamily, canonicalAddress } from "./names.ts";
import type { DnsServer, RecordType } from "./records.ts";

/** A bound datagram socket, as `net/udp.ts` makes it. */
export interface Datagrams {
  /** Sends one message. */
  send(bytes: Octets, to: DnsServer): Promise<unknown>;
  /** The next message. Rejects after {@linkcode Datagrams.close}. */
  receive(into: Octets): Promise<{ bytes: Octets; from: DnsServer }>;
  /** Gives the port back. */
  close(): void;
}

/** A stream, as `net/tcp.ts` opens it. */
export interface Stream {
  /** `null` at the end. */
  read(into: Octets): Promise<number | null>;
  /** All of `bytes`. */
  write(bytes: Octets): Promise<void>;
  /** Everything ends `ms` from now. */
  deadline(ms: number): void;
  /** Ends it. */
  close(): void;
}

/** The world as a transport needs it. */
export interface DnsWorld {
  /** Time-outs. */
  clock: Clock;
  /** Ids and ports. */
  random: Random;
  /** `net/udp.ts`. */
  udp: { bind(options: { family: 4 | 6; port: number }): Datagrams };
  /** `net/tcp.ts`. */
  tcp: { dial(to: DnsServer, options: { ms: number }): Promise<Stream> };
}

/** What a try came to; `edns` tells whether the server takes EDNS0. */
export type Exchange =
  | Exclude<Reading, { kind: "foreign" | "truncated" | "no_edns" }>
  | { kind: "failed"; reason: "timeout" | "unreachable" };

/** Wrong answers of one try before it moves to TCP. */
const foreignMax = 16;
/** An answer over UDP: more than we ask for, since some servers send it. */
const datagramOctetsMax = 4096;
/** Ports that are drawn from, and draws before the system chooses. */
const portMin = 1024;
const drawsMax = 3;

/** One question. */
export interface Asked {
  /** In lower case, without a last dot. */
  name: string;
  /** What is asked for. */
  type: RecordType;
  /** For the whole exchange. */
  ms: number;
}

/** Asks `server` once. Never rejects. */
export async function exchange(
  world: DnsWorld,
  { server, asked }: { server: DnsServer; asked: Asked },
): Promise<Exchange> {
  const endsAt = world.clock.monotonic() + asked.ms;
  let edns = true;
  let overTcp = false;
  for (;;) {
    const ms = endsAt - world.clock.monotonic();
    if (ms <= 0) return { kind: "failed", reason: "timeout" };
    const way = { server, question: { id: randomWord(world.random), name: asked.name, type: asked.type, edns }, ms };
    const reading: Reading | Exchange = overTcp ? await askStream(world, way) : await askDatagram(world, way);
    switch (reading.kind) {
      case "no_edns":
        if (!edns) return { kind: "failed", reason: "malformed" };
        edns = false;
        break;
      case "truncated":
      case "foreign":
        if (overTcp) return { kind: "failed", reason: "malformed" };
        overTcp = true;
        break;
      default:
        return reading;
    }
  }
}

interface Way {
  server: DnsServer;
  question: Parameters<typeof encodeQuestion>[0];
  ms: number;
}

async function askDatagram(world: DnsWorld, { server, question, ms }: Way): Promise<Reading | Exchange> {
  let socket: Datagrams;
  try {
    socket = bindSomewhere(world, addressFamily(server.address.split("%")[0]) === 6 ? 6 : 4);
  } catch {
    return { kind: "failed", reason: "unreachable" };
  }
  let late = false;
  const timer = world.clock.after(ms, () => {
    late = true;
    socket.close();
  });
  try {
    await socket.send(encodeQuestion(question), server);
    const into = new Uint8Array(datagramOctetsMax);
    for (let foreign = 0; foreign < foreignMax; foreign++) {
      const { bytes, from } = await socket.receive(into);
      if (from.port !== server.port || !sameAddress(from.address, server.address)) continue;
      const reading = readAnswer(bytes, question);
      if (reading.kind !== "foreign") return reading;
    }
    return { kind: "foreign" };
  } catch {
    return { kind: "failed", reason: late ? "timeout" : "unreachable" };
  } finally {
    timer.cancel();
    if (!late) socket.close();
  }
}

async function askStream(world: DnsWorld, { server, question, ms }: Way): Promise<Reading | Exchange> {
  const endsAt = world.clock.monotonic() + ms;
  let stream: Stream | undefined;
  try {
    stream = await world.tcp.dial(server, { ms });
    stream.deadline(Math.max(endsAt - world.clock.monotonic(), 1));
    const message = encodeQuestion(question);
    const framed = new Uint8Array(message.length + 2);
    framed.set([message.length >> 8, message.length & 255]);
    framed.set(message, 2);
    await stream.write(framed);
    const head = await readExactly(stream, 2);
    const body = await readExactly(stream, (head[0] << 8) | head[1]);
    return readAnswer(body, question);
  } catch {
    return { kind: "failed", reason: world.clock.monotonic() >= endsAt ? "timeout" : "unreachable" };
  } finally {
    stream?.close();
  }
}

async function readExactly(stream: Stream, octets: number): Promise<Octets> {
  const whole = new Uint8Array(octets);
  let at = 0;
  while (at < octets) {
    const count = await stream.read(whole.subarray(at));
    if (count === null) throw new Error("Cannot read a DNS answer: the server closed early");
    at += count;
  }
  return whole;
}

/** RFC 5452 §9.2: a port that cannot be foretold. */
function bindSomewhere(world: DnsWorld, family: 4 | 6): Datagrams {
  for (let draw = 0; draw < drawsMax; draw++) {
    const port = randomWord(world.random);
    if (port < portMin) continue;
    try {
      return world.udp.bind({ family, port });
    } catch {
      // Taken by somebody: draw again.
    }
  }
  return world.udp.bind({ family, port: 0 });
}

function randomWord(random: Random): number {
  const [high, low] = random.bytes(2);
  return (high << 8) | low;
}

function sameAddress(one: string, other: string): boolean {
  return one === other || canonicalAddress(one) === canonicalAddress(other);
}
