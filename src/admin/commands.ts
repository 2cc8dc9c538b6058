/**
 * Commands about the admin page: `setup-link`, `forget-second-factor`.
 *
 * They come over the control socket, so from whoever owns the storage, who could change the files as well.
 *
 * @module
 */
import { type Command, CommandError } from "../control/commands.ts";
import type { AdminWorld } from "./world.ts";

/** What `setup-link` gives. */
export interface SetupLinkFacts {
  url: string;
  /** Wall milliseconds. */
  expires: number;
}

/** See the module. */
export function adminCommands(
  { config, setup, factors, audit }: Pick<AdminWorld, "config" | "setup" | "factors" | "audit">,
): Command[] {
  return [
    {
      name: "setup-link",
      async run(): Promise<SetupLinkFacts> {
        if (!setup.needed) throw new CommandError("Cannot make a set-up link: admin.users has somebody already");
        if (config().admin.address === null) throw new CommandError("Cannot make a set-up link: admin.address is null");
        const { url, expires } = await setup.make();
        audit.note({ action: "setup-link", ok: true, via: "control" });
        return { url, expires };
      },
    },
    {
      name: "forget-second-factor",
      async run(args): Promise<{ user: string }> {
        const user = args.needed("user");
        if (!await factors.forget(user)) {
          throw new CommandError(`Cannot forget the second factor of ${user}: there is none`);
        }
        audit.note({ action: "forget-second-factor", ok: true, via: "control", target: user });
        return { user };
      },
    },
  ];
}
