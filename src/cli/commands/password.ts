/**
 * The command that makes password hashes for the configuration file. It needs neither a gateway nor a file.
 *
 * @module
 */
import { hashPassword, passwordFault } from "../../auth/passwords.ts";
import type { CliCommand, HereWorld } from "../command.ts";

/** See the module. */
export const passwordCommands: readonly CliCommand[] = [
  {
    name: "hash-password",
    usage: "",
    summary: "print the hash of a password for password_hash in the file",
    details: [
      "  The password is asked for twice, or read from a pipe: its first line. It is not shown, kept or logged.",
      "  Exit code: 0 the hash is printed, 1 there was no usable password.",
    ],
    here: (_args, world) => hashHere(world),
    view: (hash: string) => hash,
  },
];

async function hashHere({ secret, random, item, err }: HereWorld): Promise<0 | 1> {
  if (secret === undefined) {
    err("Cannot hash a password here: what is typed in this shell is shown; postern hash-password in another one");
    return 1;
  }
  const given = await secret();
  const fault = given.kind === "none" ? given.why : passwordFault(given.text)?.text;
  if (given.kind === "none" || fault !== undefined) {
    err(`Cannot hash the password: ${fault}`);
    return 1;
  }
  item(await hashPassword(given.text, random));
  return 0;
}
