/**
 * The way that lines take to a log host: datagrams (RFC 5426), a TCP stream with octet counting (RFC 6587), the same over TLS (RFC 5425).
 *
 * None of them has an answer: that the system took the octets is all that is known. On a stream the host's end is listened for, so that
 * its leaving is noticed before the next lines are handed to nobody.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Octets, octets } from "../base/octets.ts";
import { causeOf, printable } from "../base/text.ts";
import type { LogHost } from "../config/config.ts";
import { addressFamily } from "../dns/names.ts";
import { endpointText } from "../net/net.ts";
import type { Conn, Endpoint } from "../net/net.ts";
import type { DatagramSocket, Udp } from "../net/udp.ts";
import { addressesOf, type LinkFault, type LinkWorld, openLink } from "./client_link.ts";
import type { Lines } from "./syslog_lines.ts";
import type { SyslogForm } from "./syslog_message.ts";

/** A way that is open. */
export interface Way {
  /** Hands lines to the system. Rejects where it does not take them; how many of them went then is not known. */
  send(lines: readonly Lines[]): Promise<void>;
  /** How it ended, if it has; closing it is no end. */
  readonly ended: LinkFault | undefined;
  close(): void;
}

/** What ways are made with. */
export interface WayWorld extends LinkWorld {
  udp: Udp;
}

/** Which way is wanted. */
export interface WayWish {
  host: LogHost;
  form: SyslogForm;
  /** Attempts before: another address is tried then, where there is no answer that would choose. */
  attempt: number;
  /** Called when the host ends it. */
  onEnd: () => void;
  signal: AbortSignal;
}

/** Opens the way to a log host. Never rejects. */
export async function openWay(world: WayWorld, wish: WayWish): Promise<Way | { fault: LinkFault }> {
  const { host: { host, port, transport, certificate }, form, onEnd, signal } = wish;
  if (transport === "udp") return await openDatagrams(world, wish);
  const tls = transport === "tls" ? { certificate } : undefined;
  const link = await openLink(world, { host, port, tls, ms: limits.serviceOpenMs, signal });
  return link.kind === "open" ? new StreamWay(link.conn, { form, onEnd }) : { fault: link.fault };
}

class StreamWay implements Way {
  readonly #conn: Conn;
  readonly #form: SyslogForm;
  ended: LinkFault | undefined;
  #closed = false;

  constructor(conn: Conn, { form, onEnd }: Pick<WayWish, "form" | "onEnd">) {
    this.#conn = conn;
    this.#form = form;
    conn.deadline(Infinity);
    void this.#listen(onEnd);
  }

  async send(lines: readonly Lines[]): Promise<void> {
    let frames = "";
    for (const { text, at } of lines) {
      for (const line of text.split("\n")) if (line !== "") frames += this.#form.frame(line, at);
    }
    this.#conn.deadline(limits.logHostWriteMs);
    await this.#conn.write(octets(frames));
    this.#conn.deadline(Infinity);
  }

  close(): void {
    this.#closed = true;
    this.#conn.close();
  }

  /** A log host has nothing to say: whatever comes is thrown away. */
  async #listen(onEnd: () => void): Promise<void> {
    const into: Octets = new Uint8Array(512);
    let text = "the log host closed the connection";
    try {
      while (await this.#conn.read(into) !== null);
    } catch (thrown) {
      text = `the connection broke: ${printable(causeOf(thrown), 300)}`;
    }
    if (this.#closed) return;
    this.ended = { reason: "network", text, unproven: false };
    onEnd();
  }
}

/** There is no connection: the first address, the next one with the next attempt. */
async function openDatagrams(
  world: WayWorld,
  { host: { host, port }, form, attempt }: WayWish,
): Promise<Way | { fault: LinkFault }> {
  const found = await addressesOf(world, host);
  if ("fault" in found) return found;
  const address = found.addresses[attempt % found.addresses.length];
  try {
    const family = addressFamily(address) === 6 ? 6 : 4;
    return new DatagramWay(world.udp.bind({ family, port: 0 }), { to: { address, port }, form });
  } catch (thrown) {
    return { fault: { reason: "network", text: printable(causeOf(thrown), 300), unproven: false } };
  }
}

class DatagramWay implements Way {
  readonly #socket: DatagramSocket;
  readonly #to: Endpoint;
  readonly #form: SyslogForm;
  readonly ended: undefined;

  constructor(socket: DatagramSocket, { to, form }: { to: Endpoint; form: SyslogForm }) {
    this.#socket = socket;
    this.#to = to;
    this.#form = form;
  }

  /** RFC 5426 §3.1: one message a datagram. */
  async send(lines: readonly Lines[]): Promise<void> {
    try {
      for (const { text, at } of lines) {
        for (const line of text.split("\n")) {
          if (line !== "") await this.#socket.send(octets(this.#form.message(line, at)), this.#to);
        }
      }
    } catch (thrown) {
      throw new Error(`Cannot send to ${endpointText(this.#to)}: ${causeOf(thrown)}`);
    }
  }

  close(): void {
    this.#socket.close();
  }
}
