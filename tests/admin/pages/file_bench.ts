/**
 * A browser over a configuration file with its certificates, and the commands that work on them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { systemRandom } from "../../../src/base/random.ts";
import type { Role } from "../../../src/admin/identity.ts";
import { fileCommands } from "../../../src/control/file_commands.ts";
import type { Resolver } from "../../../src/dns/records.ts";
import { engine } from "../../support/tls_world.ts";
import { type Answer, userOf, WebRig } from "../web_rig.ts";

/** What a form sends: texts, and files by name and content. */
export type Fields = Readonly<Record<string, string | { file: string; content: string }>>;

/** See the module. */
export class FileBench implements AsyncDisposable {
  readonly rig: WebRig;
  readonly #headers: Record<string, string>;
  readonly #csrf: string;

  private constructor(rig: WebRig, headers: { Cookie: string; "X-CSRF-Token": string }) {
    this.rig = rig;
    this.#headers = { Cookie: headers.Cookie, Accept: "text/html" };
    this.#csrf = headers["X-CSRF-Token"];
  }

  /** `source` stands behind the lines that name the user. */
  static async open(source: string, role: Role = "administrator"): Promise<FileBench> {
    const rig = await WebRig.open({ users: [userOf("ann", role)] });
    const file = `${rig.folder}/config.yaml`;
    Deno.writeTextFileSync(file, Deno.readTextFileSync(file) + source);
    const directory = `${rig.folder}/data`;
    const path = (name: string) => `${directory}/${name}`;
    for (const name of ["certificates", "logs", "state", "run", "queue"]) {
      Deno.mkdirSync(path(name), { recursive: true, mode: 0o700 });
    }
    const quiet = () => {};
    const resolver: Resolver = { resolve: () => Promise.resolve({ kind: "failed", reason: "timeout" }) } as never;
    rig.world.commands.add(...fileCommands({
      file,
      storage: {
        directory,
        queue: path("queue"),
        certificates: path("certificates"),
        logs: path("logs"),
        state: path("state"),
        run: path("run"),
        [Symbol.dispose]: quiet,
      },
      clock: systemClock,
      random: systemRandom,
      hostname: "gw.example.test",
      log: { critical: quiet, warning: quiet, info: quiet, debug: quiet } as never,
      staging: rig.world.staging,
      engine: () => engine,
      resolver: () => resolver,
      alone: (work) => work(rig.world.apply),
      running: true,
      apply: () => Promise.resolve([]),
    }));
    return new FileBench(rig, await rig.loggedIn("ann"));
  }

  page(path: string): Promise<Answer> {
    return this.rig.ask(path, { headers: this.#headers });
  }

  /** Sends a form. */
  async post(path: string, fields: Fields = {}): Promise<Answer> {
    const form = new FormData();
    form.set("csrf", this.#csrf);
    for (const [name, value] of Object.entries(fields)) {
      if (typeof value === "string") form.set(name, value);
      else form.set(name, new File([value.content], value.file));
    }
    const sent = new Response(form);
    const headers = { ...this.#headers, "Content-Type": sent.headers.get("Content-Type")! };
    return await this.rig.ask(path, { method: "POST", body: await sent.text(), headers });
  }

  /** Sends a form that is to be done: the next page, with its notice. */
  async done(path: string, fields: Fields = {}): Promise<Answer> {
    const { status, headers, body } = await this.post(path, fields);
    assert.equal(status, 303, body);
    return await this.page(headers.get("Location")!.replace(/#.*/, ""));
  }

  /** Sends a form that is to be refused: the page again. */
  async refused(path: string, fields: Fields = {}): Promise<string> {
    const { status, body } = await this.post(path, fields);
    assert.equal(status, 422, body);
    return body;
  }

  /** The text of the file, and of the candidate. */
  async texts(): Promise<{ file: string; candidate: string }> {
    const { staging } = this.rig.world;
    return { file: (await staging.source()).text, candidate: (await staging.source("ann")).text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
  }
}
