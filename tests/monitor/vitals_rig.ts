/**
 * The state of a gateway that some things are wrong with.
 *
 * @module
 */
import type { Vitals } from "../../src/monitor/vitals.ts";

/** A gateway with a listener that is down, a disk that is short and a certificate that has expired; changed at will. */
export function vitalsAt(now: number, changes: Partial<Vitals> = {}): Vitals {
  return {
    version: "1.2.3",
    hostname: "gw.example.test",
    now,
    generation: 4,
    listeners: [
      { name: "inbound", address: "127.0.0.1:25", listening: true, sessions: 3 },
      { name: "second", address: "[::1]:25", listening: false, sessions: 0 },
    ],
    sessions: 3,
    connections: 5,
    failingHosts: 1,
    suspended: { listeners: [], delivery: [] },
    queue: { messages: 7, destinations: 2, oldest: now - 61_000 },
    pressure: {
      healthy: false,
      pressures: [{ kind: "disk", since: now, refused: 9, text: "too little disk space free" }],
      readings: { sessions: 3, memory: 1, lag: 12, queue: 7, disk: 1000, inodes: 2000 },
    },
    memory: { rss: 4, heapUsed: 1, heapTotal: 2, external: 3 },
    certificates: [
      { profile: "demo", key: "RSA 2048", subject: "CN=demo", notAfter: now + 86_400_000 },
      { profile: "demo", key: "EC P-256", subject: "CN=demo", notAfter: now - 2 * 86_400_000 },
      { profile: "demo", key: "EC P-256", subject: "CN=demo", notAfter: now + 86_400_000 },
      { profile: 'we"ird\\', key: "RSA 2048", subject: "CN=w", notAfter: now + 86_400_000 },
    ],
    directories: [
      { name: "staff", known: 5, unknown: 3, failed: 1, remembered: 2, searches: 7, answers: true },
    ],
    ...changes,
  };
}
