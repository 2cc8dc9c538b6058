/**
 * Commands about alerts: `alerts test`.
 *
 * @module
 */
import { type Command, CommandError } from "./commands.ts";
import { tell } from "./texts.ts";

/** What became of a test for one recipient; `text` is safe to print. */
export interface AlertTestFacts {
  recipient: string;
  sent: boolean;
  text: string;
}

/** What these commands do it with. */
export interface AlertHands {
  /** Sends a test to every recipient; none: nobody is to be told. */
  test(): Promise<readonly AlertTestFacts[]>;
}

/** See the module. */
export function alertCommands({ test }: AlertHands): Command[] {
  return [
    {
      name: "alerts test",
      async *run(): AsyncGenerator<AlertTestFacts> {
        const facts = await test();
        if (facts.length === 0) throw new CommandError(tell("fault.alerts.nobody"));
        yield* facts;
        const missed = facts.filter(({ sent }) => !sent).length;
        if (missed > 0) throw new CommandError(tell("fault.alerts.missed", { missed, count: facts.length }));
      },
    },
  ];
}
