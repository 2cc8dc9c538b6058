/**
 * A gateway under load, with its books: what every durability test begins and ends with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type ConfigObject, GatewayProcess } from "../support/gateway_process.ts";
import { type Ledger, type LedgerSink, type Shape } from "../support/ledger.ts";
import { gatewayConfig, until } from "../gateway/rig.ts";

/** How the gateway is started. */
export interface RigWish {
  sink: LedgerSink;
  /** `storage.directory`, where it is not beside config.yaml. */
  storage?: string;
  env?: Record<string, string>;
  before?: readonly string[];
  stillMs?: number;
  more?: ConfigObject;
}

/** A gateway that sends everything to the sink, tries again each second, and takes mail until the disk is full. */
export function startRig({ sink, storage, env, before, stillMs, more = {} }: RigWish): Promise<GatewayProcess> {
  return GatewayProcess.start({
    ports: ["inbound"],
    env,
    before,
    stillMs,
    config: ({ inbound }) =>
      gatewayConfig({
        inbound,
        nextHop: sink.port,
        more: {
          storage: { directory: storage ?? "./data" },
          smtp_routes: Object.fromEntries(
            ["one", "two", "three"].map((name) => [`${name}.example.test`, [`127.0.0.1:${sink.port}`]]),
          ),
          bounce_profiles: { default: { initial_retry: "1s", max_retry_interval: "1s", max_retries: 1000 } },
          limits: { min_free_disk: "0" },
          logs: { level: "warning" },
          ...more,
        },
      }),
  });
}

/** 5 KB, each eighth above 256 KiB; one to three recipients in one to three destinations. */
export function mixedShape(number: number): Shape {
  const recipients = ["a@one.example.test", "b@two.example.test", "c@two.example.test", "d@three.example.test"];
  return {
    octets: number % 8 === 7 ? 300_000 : 5_000,
    recipients: recipients.slice(number % 3, number % 3 + 1 + number % 4),
  };
}

/** Prints the books and holds them against the promise: nothing lost, nothing halved, nothing made up. */
export function settleBooks(ledger: Ledger, what: string, gateway: GatewayProcess): void {
  console.log(ledger.line(what));
  assert.deepEqual(ledger.faulty, [], "arrived, and not as it was sent");
  assert.deepEqual(ledger.missing(), [], `acknowledged, and never delivered\n${gateway.log.slice(-6000)}`);
}

/** Waits until a gateway that runs has nothing to deliver: what was stored and never acknowledged is delivered too, and no book waits for that. */
export async function emptied(storage: string): Promise<void> {
  const messages = () => {
    using db = new DatabaseSync(`${storage}/queue/queue.db`, { readOnly: true });
    return Number(db.prepare("SELECT count(*) AS n FROM message").get()!.n);
  };
  await until("an empty queue", () => messages() === 0, { ms: 60_000, every: 200 });
}

/** Nothing is left of any message: no row, no file; and the database is sound. The gateway must have stopped. */
export function assertEmptyQueue(storage: string): void {
  using db = new DatabaseSync(`${storage}/queue/queue.db`);
  for (const table of ["message", "body", "delivery"]) {
    assert.equal(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!.n, 0, `rows in ${table}`);
  }
  assert.equal(db.prepare("PRAGMA integrity_check").get()!.integrity_check, "ok");
  assert.deepEqual([...Deno.readDirSync(`${storage}/queue/bodies`)].map(({ name }) => name), [], "texts of no message");
}
