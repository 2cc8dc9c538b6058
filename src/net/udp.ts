/**
 * UDP: one socket for one exchange.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { Endpoint } from "./net.ts";

/** A bound socket. Closing it makes a pending receive reject. */
export interface DatagramSocket {
  /** Sends one datagram. */
  send(bytes: Octets, to: Endpoint): Promise<unknown>;
  /** The next datagram and its sender; `bytes` is a part of `into`. */
  receive(into: Octets): Promise<{ bytes: Octets; from: Endpoint }>;
  /** Gives the port back. */
  close(): void;
}

/** Opens datagram sockets. */
export interface Udp {
  /** A socket on all addresses of a family. `port` 0: the system's choice. Throws where the port is taken. */
  bind(options: { family: 4 | 6; port: number }): DatagramSocket;
}

/** The machine's sockets. */
export const systemUdp: Udp = {
  bind({ family, port }) {
    const native = Deno.listenDatagram({ transport: "udp", hostname: family === 4 ? "0.0.0.0" : "::", port });
    return {
      send: (bytes, { address, port }) => native.send(bytes, { transport: "udp", hostname: address, port }),
      async receive(into) {
        const [bytes, from] = await native.receive(into);
        const { hostname, port } = from as Deno.NetAddr;
        return { bytes: bytes as Octets, from: { address: hostname, port } };
      },
      close: () => native.close(),
    };
  },
};
