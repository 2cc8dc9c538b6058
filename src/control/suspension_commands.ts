/**
 * The commands `suspend` and `resume`.
 *
 * @module
 */
import type { Args, Command } from "./commands.ts";
import { CommandError } from "./commands.ts";
import { type Suspended, type Suspension, suspensionDomain, type SuspensionFacts } from "./suspension.ts";
import { tell as toldOf } from "./texts.ts";

/** What the commands work with. */
export interface SuspensionHands {
  suspension: Suspension;
  /** The listeners of the configuration in force; absent where no gateway runs. */
  listeners?: () => readonly string[];
  /** Says that something was resumed; what is suspended now is told by the suspension. */
  tell(text: string): void;
}

/** What is meant: `undefined` for what is left alone. */
type Wish = Partial<SuspensionFacts>;

/** See the module. */
export function suspensionCommands({ suspension, listeners, tell }: SuspensionHands): Command[] {
  return [
    {
      name: "suspend",
      run(args): SuspensionFacts {
        const wish = wishOf(args);
        const known = listeners?.();
        for (const name of named(wish.listeners)) {
          if (known === undefined || known.includes(name)) continue;
          throw new CommandError(toldOf("fault.suspend.listener", { name, known: known.join(", ") }));
        }
        const { facts } = suspension;
        suspension.set({
          listeners: more(facts.listeners, wish.listeners),
          delivery: more(facts.delivery, wish.delivery),
        });
        return suspension.facts;
      },
    },
    {
      name: "resume",
      run(args): SuspensionFacts {
        const wish = wishOf(args);
        const { facts } = suspension;
        suspension.set({
          listeners: less(facts.listeners, { wish: wish.listeners, what: "listeners" }),
          delivery: less(facts.delivery, { wish: wish.delivery, what: "delivery" }),
        });
        tell(`Resumed by the operator: ${wishText(wish)}`);
        return suspension.facts;
      },
    },
  ];
}

function wishOf(args: Args): Wish {
  const what = args.text("what");
  const names = args.list("listener");
  const domains = args.list("domain").map((domain) => {
    const ascii = suspensionDomain(domain);
    if (ascii === undefined) throw new CommandError(toldOf("fault.suspend.domain", { domain }));
    return ascii;
  });
  if (what !== undefined && what !== "listeners" && what !== "delivery") {
    throw new CommandError(`Cannot suspend or resume ${what}: there are listeners and delivery`);
  }
  if (what === "listeners" && domains.length > 0 || what === "delivery" && names.length > 0) {
    throw new CommandError("Cannot tell what is meant: --listener goes with listeners, --domain with delivery");
  }
  const some = names.length + domains.length > 0;
  const part = (own: readonly string[], word: string): Suspended | undefined =>
    own.length > 0 ? own : some || what !== undefined && what !== word ? undefined : "all";
  const [listeners, delivery] = [part(names, "listeners"), part(domains, "delivery")];
  return { ...(listeners === undefined ? {} : { listeners }), ...(delivery === undefined ? {} : { delivery }) };
}

function more(now: Suspended, wish: Suspended | undefined): Suspended {
  if (wish === undefined) return now;
  return now === "all" || wish === "all" ? "all" : [...new Set([...now, ...wish])].sort();
}

function less(now: Suspended, { wish, what }: { wish: Suspended | undefined; what: string }): Suspended {
  if (wish === undefined) return now;
  if (wish === "all") return [];
  if (now === "all") {
    throw new CommandError(toldOf("fault.suspend.all", { names: wish.join(", "), what }));
  }
  const missing = wish.find((name) => !now.includes(name));
  if (missing !== undefined) throw new CommandError(toldOf("fault.suspend.not", { name: missing }));
  return now.filter((name) => !wish.includes(name));
}

function named(wish: Suspended | undefined): readonly string[] {
  return wish === undefined || wish === "all" ? [] : wish;
}

function wishText({ listeners, delivery }: Wish): string {
  const parts: string[] = [];
  if (listeners !== undefined) parts.push(listeners === "all" ? "all listeners" : `listener ${listeners.join(", ")}`);
  if (delivery !== undefined) parts.push(delivery === "all" ? "delivery" : `delivery to ${delivery.join(", ")}`);
  return parts.join(", ");
}
