/**
 * Certificates, TLS settings and backup by the words of the command line: one operation for a whole family of commands.
 *
 * A command means here what `postern COMMAND --help` says. Files come and go in base64. What is not in the list below is no command of this
 * operation: there are others for it, or it is nobody's business from afar.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { CommandArgs } from "../../control/protocol.ts";
import { identityOf } from "../guard.ts";
import type { Role } from "../identity.ts";
import { Problem } from "../problem.ts";
import { call, originOf } from "./bridge.ts";
import { editorOf } from "./config.ts";
import { type ApiApp, serve } from "./operation.ts";

/** Commands, and what it takes to run them. */
const roles = {
  "certconfig list": "read-only",
  "certconfig show": "read-only",
  "certconfig check": "read-only",
  "certconfig tlsa": "read-only",
  "certconfig authorities list": "read-only",
  "certconfig crls list": "read-only",
  "certconfig ocsp list": "read-only",
  "sslconfig show": "read-only",
  "services": "read-only",
  "certconfig new": "administrator",
  "certconfig csr": "administrator",
  "certconfig upload": "administrator",
  "certconfig import": "administrator",
  "certconfig export": "administrator",
  "certconfig renew": "administrator",
  "certconfig rename": "administrator",
  "certconfig delete": "administrator",
  "certconfig assign": "administrator",
  "certconfig unassign": "administrator",
  "certconfig acme": "administrator",
  "certconfig authorities add": "administrator",
  "certconfig authorities export": "administrator",
  "certconfig authorities remove": "administrator",
  "certconfig authorities system": "administrator",
  "certconfig crls add": "administrator",
  "certconfig crls refresh": "administrator",
  "certconfig crls remove": "administrator",
  "certconfig ocsp refresh": "administrator",
  "sslconfig set": "administrator",
  "updatenow": "administrator",
  "saveconfig": "administrator",
  "loadconfig": "administrator",
} as const satisfies Record<string, Role>;

type Name = keyof typeof roles;
const names = Object.keys(roles) as [Name, ...Name[]];

const name = z.string().min(1).max(64);
const word = z.string().max(10_000);

/** Adds the operation. */
export function mountCommands(app: ApiApp): void {
  serve(app, {
    method: "post",
    path: "/commands",
    id: "runCommand",
    tag: "commands",
    summary: "Run a command on certificates, TLS settings or the whole configuration",
    description: "Those that only show need `read-only`, the others `administrator`. `saveconfig` makes a backup, " +
      "`loadconfig` reads one, and says in `confirm` what `confirmConfig` has to confirm. Over the network an archive carries " +
      "certificates, keys and revocation lists beside the configuration, and no other files that it names.",
    role: "read-only",
    // Looking is not written down; see below for the others.
    unaudited: true,
    body: z.strictObject({
      command: z.enum(names),
      args: z.record(name, z.union([word, z.array(word).max(1_000), z.literal(true)])).optional()
        .openapi({ description: "Options and operands by name; `true` for an option without a value" }),
      files: z.record(
        name,
        z.array(z.strictObject({ name: z.string().max(255), content: z.string().openapi({ format: "byte" }) })).max(20),
      ).optional().openapi({ description: "What is in the files that an option names" }),
      stage: z.boolean().optional().openapi({ description: "A change of the configuration waits for a commit" }),
    }),
    answer: z.strictObject({
      items: z.array(z.unknown()).openapi({ description: "What the command gave, as `--json` shows it" }),
      warnings: z.array(z.string()),
      files: z.array(z.strictObject({ option: z.string(), content: z.string().openapi({ format: "byte" }) })),
    }).openapi("CommandAnswer"),
  }, async ({ world, body: { command, args = {}, files, stage = false }, context }) => {
    const identity = identityOf(context, roles[command]);
    // Whoever has the machine may put files anywhere; whoever has a password of the page may not.
    if (command === "loadconfig" && Object.hasOwn(args, "outside")) {
      throw new Problem(403, { detail: "Files outside storage and configuration are restored on the machine itself" });
    }
    const caller = { name: editorOf(identity), stages: stage, from: originOf(identity) };
    let ok = false;
    try {
      const asked = { name: command, args, files, caller, signal: context.req.raw.signal };
      const answer = await call(world.commands, asked);
      ok = true;
      return answer;
    } finally {
      const { user, via } = identity;
      const { address } = context.var.client;
      if (roles[command] !== "read-only") {
        world.audit.note({ action: command, ok, user, via, address, target: targetOf(args) });
      }
    }
  });
}

/** What a command is about: its words, without what a file or a value may hold. */
function targetOf(args: CommandArgs): string | undefined {
  const named = ["name", "profile", "names", "target"].flatMap((key) => args[key] ?? []);
  return named.filter((each) => typeof each === "string").join(" ") || undefined;
}
