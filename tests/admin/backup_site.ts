/**
 * A gateway's files, its API and page in memory, with the commands that save and load its configuration.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Octets, octets } from "../../src/base/octets.ts";
import { systemRandom } from "../../src/base/random.ts";
import { type Backup, decodeBackup, encodeBackup } from "../../src/certs/backup.ts";
import { seal, unseal } from "../../src/certs/backup_seal.ts";
import { backupCommands } from "../../src/control/backup_commands.ts";
import { Commands } from "../../src/control/commands.ts";
import type { FileGround } from "../../src/control/file_commands.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { type Answer, userOf, WebRig } from "./web_rig.ts";

/** The password of every archive. */
export const password = "correct horse";
/** Two pairs. */
export const pair = await makeCertificate({ names: ["DNS:gw.example.test"] });
/** The other one. */
export const other = await makeCertificate({ names: ["DNS:other.example.test"] });

/** A gateway's files and its API; the storage is `data` beside the configuration. */
export class Site implements AsyncDisposable {
  readonly rig: WebRig;
  readonly headers: Record<string, string>;

  private constructor(rig: WebRig, headers: Record<string, string>) {
    this.rig = rig;
    this.headers = headers;
  }

  static async open(): Promise<Site> {
    const commands = new Commands();
    const users = [userOf("ann", "administrator"), userOf("oli", "operator")];
    const rig = await WebRig.open({ users, commands });
    const directory = `${rig.folder}/data`;
    Deno.mkdirSync(directory);
    const ground: Partial<FileGround> = {
      file: `${rig.folder}/config.yaml`,
      storage: { directory } as FileGround["storage"],
      clock: rig.clock,
      random: systemRandom,
      hostname: "gw.example.test",
      staging: rig.world.staging,
      alone: (work) => work(rig.world.apply),
      apply: () => Promise.resolve([]),
      log: { info: () => {} } as unknown as FileGround["log"],
    };
    commands.add(...backupCommands(ground as FileGround));
    return new Site(rig, await rig.loggedIn("ann"));
  }

  path(name: string): string {
    return `${this.rig.folder}/${name}`;
  }

  async commit(changes: { path: string[]; value: unknown }[]): Promise<void> {
    assert.ok((await this.rig.world.staging.stage("ann", { changes })).ok);
    assert.equal((await this.rig.world.staging.commit("ann")).kind, "committed");
  }

  /** Restores an archive over the API. */
  async restored(archive: Uint8Array, headers: Record<string, string> = this.headers): Promise<Answer> {
    const body = { archive: archive.toBase64(), password, restore: true };
    return await this.rig.ask("/api/v1/backup/restore", { method: "POST", headers, body });
  }

  /** What an archive over the API holds, and what was said of it. */
  async saved(): Promise<{ backup: Backup; warnings: string[] }> {
    const { status, body } = await this.rig.ask("/api/v1/backup", {
      method: "POST",
      headers: this.headers,
      body: { password },
    });
    assert.equal(status, 200, JSON.stringify(body));
    const content = await unseal(Uint8Array.fromBase64(body.archive), { password, what: "it" });
    return { backup: decodeBackup(content, "it"), warnings: body.warnings };
  }

  /** An archive that somebody made himself. */
  async forged(files: Partial<Backup["files"][number]>[], config?: string): Promise<Octets> {
    const { rig } = this;
    return await seal(
      encodeBackup({
        made: 1,
        hostname: "gw",
        folders: { config: rig.folder, storage: `${rig.folder}/data` },
        config: config ?? (await rig.world.staging.source()).text,
        files: files.map((file) => ({
          base: "config" as const,
          path: "a",
          mode: 0o600,
          content: octets("x"),
          ...file,
        })),
      }),
      { password, random: systemRandom, power: 10 },
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rig[Symbol.asyncDispose]();
  }
}
