/**
 * One message straight to a next hop, without the queue: for alerts, which must not wait in what they warn about.
 *
 * Hosts, TLS level and dialogue are delivery's own code; what is left out is everything that lasts: no lease, no lane, no memory of hosts that
 * failed. The caller decides about another attempt.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import type { Config } from "../config/config.ts";
import type { MailEvent, MailLog } from "../mail/events.ts";
import type { Failure, Outcome } from "../mail/outcome.ts";
import type { Conn, Dialer } from "../net/net.ts";
import type { Route } from "../policy/route.ts";
import type { Lease } from "../queue/spool.ts";
import { connect, type ConnectWorld } from "./connect.ts";
import { deferredFor, endFor } from "./ends.ts";
import { HostMemory } from "./host_memory.ts";

/** What is sent. Its envelope sender is the null one. */
export interface DirectMail {
  recipients: readonly string[];
  text: Octets;
  /** An address is not ASCII: RFC 6531 §3.2. */
  smtputf8: boolean;
}

/** One attempt. */
export interface DirectAttempt {
  route: Route;
  config: Config;
  mail: DirectMail;
  /** Ends it: what is open is closed. */
  signal: AbortSignal;
}

const cutOff: Failure = { reason: "timeout", enhanced: "4.4.1", text: "The attempt took too long" };

/**
 * Sends a message over a connection of its own. The RID of an outcome is the recipient's place. Never rejects, and ends within
 * `limits.directAttemptMs`.
 */
export async function deliverDirectly(world: ConnectWorld, attempt: DirectAttempt): Promise<Outcome[]> {
  const { clock } = world;
  const end = new AbortController();
  const ended = Promise.withResolvers<Outcome[]>();
  const cut = () => {
    end.abort();
    ended.resolve(endFor(deferredFor(cutOff), ridsOf(attempt.mail)));
  };
  if (attempt.signal.aborted) cut();
  attempt.signal.addEventListener("abort", cut);
  const timer = clock.after(limits.directAttemptMs, cut);
  try {
    return await Promise.race([send(world, { ...attempt, signal: end.signal }), ended.promise]);
  } finally {
    timer.cancel();
    attempt.signal.removeEventListener("abort", cut);
  }
}

async function send(world: ConnectWorld, { route, config, mail, signal }: DirectAttempt): Promise<Outcome[]> {
  const rids = ridsOf(mail);
  try {
    const connected = await connect(
      // In this thread: the dialer is its own.
      { ...world, caller: undefined, dialer: endedBy(signal, world.dialer), log: withoutDemands(world.log) },
      {
        route,
        config,
        memory: new HostMemory(world),
        connectMs: limits.directConnectMs,
        isSpare: () => true,
        waiting: () => 0,
      },
    );
    // No limit was given that could be full.
    if (connected.kind === "full") return endFor(deferredFor(cutOff), rids);
    if (connected.kind === "none") return endFor(connected.end, rids);
    const { channel } = connected;
    const lease = leaseOf(mail, { route, now: world.clock.now() });
    const transacted = await channel.offer({ lease, recipients: lease.recipients });
    await channel.quit();
    world.log.info({ event: "dcid_close", dcid: channel.dcid });
    // Nothing was served over this connection before, so it is not stale.
    return transacted.kind === "done" ? transacted.outcomes : endFor(deferredFor(cutOff), rids);
  } catch (thrown) {
    return endFor(deferredFor({ reason: "internal", enhanced: "4.3.0", text: causeOf(thrown) }), rids);
  }
}

function ridsOf({ recipients }: DirectMail): number[] {
  return [...recipients.keys()];
}

/** As delivery knows a message; it has no MID, since it never was in the queue. */
function leaseOf({ recipients, text, smtputf8 }: DirectMail, { route, now }: { route: Route; now: number }): Lease {
  const eightBit = text.some((octet) => octet > 127);
  return {
    id: 0,
    envelope: { mid: 0, sender: "", eightBit, smtputf8, receivedAt: now },
    recipients: recipients.map((address, rid) => ({ rid, address })),
    destination: route.destination,
    attempts: 0,
    octets: text.length,
    async *text() {
      yield await Promise.resolve(text);
    },
    held: text,
  };
}

/** Connections that end with `signal`. */
function endedBy(signal: AbortSignal, dialer: Dialer): Dialer {
  return {
    async dial(to, options): Promise<Conn> {
      signal.throwIfAborted();
      const conn = await dialer.dial(to, options);
      if (signal.aborted) conn.close();
      else signal.addEventListener("abort", () => conn.close());
      return conn;
    },
  };
}

/** A required connection that failed is told by an alert, and an alert must not cause the next one; its other lines say what happened. */
function withoutDemands(log: MailLog): MailLog {
  const pass = (level: keyof MailLog) => (event: MailEvent) => {
    if (event.event !== "required_tls_failed") log[level](event);
  };
  return {
    critical: pass("critical"),
    warning: pass("warning"),
    info: pass("info"),
    debug: pass("debug"),
    trace: pass("trace"),
  };
}
