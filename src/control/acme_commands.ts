/**
 * Commands about certificates that an authority issues by itself: `certconfig acme`.
 *
 * @module
 */
import type { AcmeStatus } from "../acme/status.ts";
import { AcmeError } from "../acme/problem.ts";
import { type Command, CommandError } from "./commands.ts";

/** What these commands do it with. */
export interface AcmeHands {
  /** Orders a certificate for a profile now. Rejects with `AcmeError`. */
  order(name: string): Promise<AcmeStatus>;
}

/** See the module. */
export function acmeCommands({ order }: AcmeHands): Command[] {
  return [
    {
      name: "certconfig acme",
      async run(args): Promise<AcmeStatus> {
        try {
          return await order(args.needed("profile"));
        } catch (thrown) {
          if (thrown instanceof AcmeError) throw new CommandError(thrown.message);
          throw thrown;
        }
      },
    },
  ];
}
