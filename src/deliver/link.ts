/**
 * Connections as a lane holds them, wherever they are served: in this thread, or in another one.
 *
 * The lane decides when there is a connection, what goes over it and what its end means; what is done on it, from the first octet to the last, is
 * a {@linkcode Link}'s. So limits, pauses and leases stay in one place and exact, whichever thread does the work.
 *
 * @module
 */
import type { Recipient } from "../mail/envelope.ts";
import type { Failure, RemoteHost } from "../mail/outcome.ts";
import type { Endpoint } from "../net/net.ts";
import type { Lease } from "../queue/spool.ts";
import { Channel } from "./channel.ts";
import { networkFailure } from "./ends.ts";
import { openDialogue, type Opened, type OpeningOptions, type OpeningWorld } from "./opening.ts";
import type { Transacted } from "./transaction.ts";
import type { DeliveryWorld } from "./world.ts";

/** A message, and those of its recipients that it is offered for. */
export interface Job {
  lease: Lease;
  recipients: Recipient[];
}

/** A connection that mail may go over. */
export interface Link {
  readonly dcid: number;
  readonly host: RemoteHost;
  /** TLS is up. */
  readonly encrypted: boolean;
  /** Of the authorities and revocation lists that were in force when it was opened. */
  trustGeneration: number;
  /** Messages that were offered here. */
  readonly served: number;
  /** Broken, or closed by us. */
  readonly lost: boolean;
  /** As `transact`. Never rejects. */
  offer(job: Job): Promise<Transacted>;
  /** Says goodbye, as far as the server goes along within `ms`, and closes. Never rejects. */
  quit(ms?: number): Promise<void>;
  /** Ends the connection at once. */
  close(): void;
}

/** A connection to be made. */
export interface Call {
  dcid: number;
  host: RemoteHost;
  /** The address at this end, where it is given. */
  from?: string;
  /** How long it is waited for. */
  ms: number;
}

/** A host that took the connection; nothing was said yet. */
export interface Reached {
  kind: "reached";
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** As `openDialogue`; on failure the connection is closed. */
  open(options: OpeningOptions): Promise<Extract<Opened, { kind: "failed" }> | { kind: "ready"; link: Link }>;
  /** Ends it at once. */
  close(): void;
}

/** What a call came to. */
export type Called = Reached | { kind: "unreached"; failure: Failure };

/** Makes connections. */
export interface Caller {
  call(call: Call): Promise<Called>;
}

/** What calls from this thread need. */
export type CallingWorld = OpeningWorld & Pick<DeliveryWorld, "dialer" | "clock">;

/** Calls from this thread. */
export async function callFrom(world: CallingWorld, { dcid, host, from, ms }: Call): Promise<Called> {
  const { dialer, clock } = world;
  try {
    const conn = await dialer.dial(
      { address: host.address, port: host.port },
      from === undefined ? { ms } : { ms, from },
    );
    const { local, remote } = conn;
    return {
      kind: "reached",
      local,
      remote,
      async open(options) {
        const link = new Channel({ conn, dcid, host, clock });
        const opened = await openDialogue(link, { world, options });
        return opened.kind === "ready" ? { kind: "ready", link } : opened;
      },
      close: () => conn.close(),
    };
  } catch (error) {
    return { kind: "unreached", failure: networkFailure(error) };
  }
}
