/**
 * The gateway as `main.ts` runs it, on a clock that a test sets forward: SIGUSR1 by two minutes and a second, SIGUSR2 by a day and a second.
 *
 * Time is a parameter of the gateway, so nothing in it is shortened: what it waits for two minutes for is waited for two minutes on its clock.
 *
 * @module
 */
import { type Clock, systemClock, type Timer } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { startGateway } from "../../src/gateway.ts";

interface Pending {
  due: number;
  fire: () => void;
  timer: Timer;
}

let ahead = 0;
const waiting = new Set<Pending>();

function arm(pending: Pending): void {
  pending.timer = systemClock.after(Math.max(pending.due - clock.monotonic(), 0), () => {
    waiting.delete(pending);
    pending.fire();
  });
}

/** The machine's clock, and some time more. */
const clock: Clock = {
  now: () => systemClock.now() + ahead,
  monotonic: () => systemClock.monotonic() + ahead,
  every: systemClock.every,
  after(ms, fire) {
    const pending: Pending = { due: clock.monotonic() + ms, fire, timer: { cancel: () => {} } };
    waiting.add(pending);
    arm(pending);
    return {
      cancel: () => {
        pending.timer.cancel();
        waiting.delete(pending);
      },
    };
  },
};

/** Sets it forward: what is due by then fires at once. */
function skip(ms: number): void {
  ahead += ms;
  for (const pending of waiting) {
    pending.timer.cancel();
    arm(pending);
  }
}

Deno.addSignalListener("SIGUSR1", () => skip(121_000));
Deno.addSignalListener("SIGUSR2", () => skip(86_401_000));
const stop = Promise.withResolvers<void>();
Deno.addSignalListener("SIGTERM", () => stop.resolve());
const [, , file] = Deno.args;
const gateway = await startGateway(file, { clock, random: systemRandom, hostname: "gw.example.test", version: "test" });
await stop.promise;
await gateway.stop();
Deno.exit(0);
