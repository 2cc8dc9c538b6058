/**
 * A folder in which a shell makes files of every format, and the engine that reads them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Octets } from "../../src/base/octets.ts";
import { FormatError, type FormatFault } from "../../src/certs/format_error.ts";
import { engine as tls } from "../support/tls_world.ts";
import { runCommand } from "../support/peers.ts";

/** What reads. */
export const engine = tls.certificates;

// The library of outdated algorithms is opened once a process: inside a test it would look like a leak to Deno.
await engine.macKey({ digest: "SHA1", password: null, salt: new Uint8Array(8), rounds: 1 });

/** A folder below the system's, removed at the end of the process. */
export class Workshop {
  readonly folder: string = Deno.makeTempDirSync();

  constructor() {
    globalThis.addEventListener("unload", () => Deno.removeSync(this.folder, { recursive: true }));
  }

  /** Runs a shell script in the folder; what it printed. */
  async run(script: string): Promise<string> {
    const { code, stdout, stderr } = await runCommand("sh", ["-c", `set -e; cd "${this.folder}"; ${script}`]);
    assert.equal(code, 0, `${script}\n${stderr}`);
    return stdout;
  }

  /** A file's bytes. */
  read(name: string): Octets {
    return Deno.readFileSync(`${this.folder}/${name}`);
  }

  /** Writes a file. */
  write(name: string, bytes: Octets): void {
    Deno.writeFileSync(`${this.folder}/${name}`, bytes);
  }
}

/** What was thrown, which has to be one clear line without a secret in it. */
export async function fault(
  attempt: () => unknown,
  { secrets = [] }: { secrets?: readonly string[] } = {},
): Promise<{ fault: FormatFault; message: string }> {
  try {
    await attempt();
  } catch (thrown) {
    assert.ok(thrown instanceof FormatError, `${thrown instanceof Error ? thrown.stack : thrown}`);
    assert.match(thrown.message, /^Cannot [^\n]{10,400}[^.]$/);
    for (const secret of secrets) assert.ok(!thrown.message.includes(secret), thrown.message);
    assert.doesNotMatch(thrown.message, /BEGIN [A-Z ]*PRIVATE KEY|undefined|\[object/);
    return { fault: thrown.fault, message: thrown.message };
  }
  assert.fail("nothing was thrown");
}
