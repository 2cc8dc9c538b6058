/**
 * Configurations and waits that the gateway's tests share.
 *
 * @module
 */
import { soa, startFakeDns } from "../support/fake_dns.ts";
import { type ConfigObject, pause } from "../support/gateway_process.ts";
import { relayConfig, type RelayWish } from "../support/relay.ts";

/** A name server on a port that nobody has: clients have no names, and nothing but loopback is asked. The first client waits for it. */
const noDns = { servers: ["127.0.0.1:9"], timeout: "1s" };

/** A name server that knows no name and says so at once: for tests that measure time. */
export function startEmptyDns(): { settings: ConfigObject } & AsyncDisposable {
  const dns = startFakeDns(() => ({ rcode: 3, authorities: [soa(60)] }));
  return {
    settings: { servers: [`127.0.0.1:${dns.server.port}`] },
    [Symbol.asyncDispose]: () => dns[Symbol.asyncDispose](),
  };
}

/** A relay for everybody, as {@linkcode relayConfig}, that asks no name server beyond loopback. */
export function gatewayConfig({ more = {}, ...wish }: RelayWish): ConfigObject {
  return relayConfig({ ...wish, more: { dns: noDns, ...more } });
}

/** A listener to put beside the others. */
export function listenerAt(address: string, more: ConfigObject = {}): ConfigObject {
  return {
    type: "private",
    address,
    certificate: "demo",
    sender_groups: [{ name: "ALL", policy: "RELAYED" }],
    ...more,
  };
}

/** Waits until something holds; the time it took in ms. Throws, with what was waited for, after `ms`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { ms = 30_000, every = 20 }: { ms?: number; every?: number } = {},
): Promise<number> {
  const since = performance.now();
  while (!await holds()) {
    if (performance.now() - since > ms) throw new Error(`Cannot wait any longer for ${what}: ${ms} ms have passed`);
    await pause(every);
  }
  return performance.now() - since;
}

/** What changed has to be in force after this. A second is promised; the rest is for a machine that other tests keep busy. */
export const inForceMs = 5_000;

/** How often a pattern is in a text. */
export function countOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(new RegExp(pattern, "g"))].length;
}

/** A test that needs a right of the machine's owner: a stated skip on a laptop, a failure in CI. */
export function ownersTest(right: string, has: boolean, test: { name: string; run: () => Promise<void> }): void {
  const skipped = !has && Deno.env.get("CI") === undefined;
  Deno.test({
    name: skipped ? `${test.name} (skipped: ${right})` : test.name,
    ignore: skipped,
    fn: async () => {
      if (!has) throw new Error(`Cannot test: ${right}`);
      await test.run();
    },
  });
}

/** Runs a gateway that is to end by itself, from source. */
export async function runGateway(config: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, "run", "--config", config],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
