/**
 * Connections from a chosen local address.
 *
 * `Deno.connect` cannot bind, `node:net` can; its socket is given the shape of Deno's here, read on demand so that back-pressure stays.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import type { Endpoint } from "./net.ts";
import type { NativeStream } from "./tcp.ts";

/** Connects to `to` with `from` as the source address. Rejects when `signal` aborts. */
export function connectFrom(
  from: string,
  { to, signal }: { to: Endpoint; signal: AbortSignal },
): Promise<NativeStream> {
  const { promise, resolve, reject } = Promise.withResolvers<NativeStream>();
  const socket = connect({ host: to.address, port: to.port, localAddress: from });
  const abort = (): void => void socket.destroy(new Error("aborted"));
  signal.addEventListener("abort", abort);
  socket.once("connect", () => {
    signal.removeEventListener("abort", abort);
    socket.off("error", reject);
    resolve(streamOf(socket));
  });
  socket.once("error", reject);
  return promise;
}

function streamOf(socket: Socket): NativeStream {
  let broken: Error | undefined;
  let ended = false;
  let wake: () => void = () => {};
  let rest: Uint8Array | null = null;
  socket.on("readable", () => wake());
  socket.on("end", () => {
    ended = true;
    wake();
  });
  socket.on("error", (error) => {
    broken = error;
    wake();
  });
  socket.on("close", () => {
    broken ??= new Deno.errors.BadResource("the connection is closed");
    wake();
  });
  return {
    localAddr: { transport: "tcp", hostname: socket.localAddress ?? "", port: socket.localPort ?? 0 },
    remoteAddr: { transport: "tcp", hostname: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
    setNoDelay: (on) => void socket.setNoDelay(on),
    close: () => void socket.destroy(),
    async read(into) {
      for (;;) {
        rest ??= socket.read();
        if (rest !== null) {
          const taken = rest.subarray(0, into.length);
          into.set(taken);
          rest = taken.length < rest.length ? rest.subarray(taken.length) : null;
          return taken.length;
        }
        if (ended) return null;
        if (broken !== undefined) throw broken;
        await new Promise<void>((go) => wake = go);
      }
    },
    write(bytes) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
      return promise;
    },
  };
}
