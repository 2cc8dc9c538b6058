/**
 * Whether a configuration cuts off the admin page that it is changed from.
 *
 * @module
 */
import type { Config } from "./config.ts";
import { type Path, pathText } from "./faults.ts";
import { loadSource, type LoadWorld } from "./load.ts";
import { EditError } from "./plain.ts";

/** The texts of a change, and the files that change with them. */
export interface CutOffQuestion {
  before: string;
  after: string;
  /** Absolute. */
  files?: readonly string[];
}

/**
 * The keys that a change from the page changes, or whose files it does, and that the page is reached by; none where it stays where it is.
 * Rejects with {@linkcode EditError} where it would switch the page off, which nobody could confirm.
 */
export async function cutOffBetween(
  { before, after, files = [] }: CutOffQuestion,
  world: Pick<LoadWorld, "hostname"> & { file: string },
): Promise<string[]> {
  const plain = { hostname: world.hostname, generation: 1, file: world.file };
  const [old, fresh] = [await loadSource(before, plain), await loadSource(after, plain)];
  if (!old.ok || !fresh.ok) return [];
  if (old.config.admin.address !== null && fresh.config.admin.address === null) {
    throw new EditError(
      ["admin", "address"],
      "the page cannot be switched off by itself; postern config set admin.address null",
    );
  }
  return cutOffKeys(old.config, fresh.config, files);
}

function cutOffKeys(before: Config, after: Config, files: readonly string[]): string[] {
  const parts: readonly [path: Path, of: (config: Config) => unknown][] = [
    [["admin", "address"], ({ admin }) => admin.address],
    [
      ["admin", "certificate"],
      (config) => config.admin.certificate.map((name) => [name, config.certificates.get(name)]),
    ],
    // Who logs in by a certificate has no password.
    [["admin", "client_ca"], ({ admin }) => admin.client_ca],
    [["tls", "gui_https", "methods"], ({ tls }) => tls.gui_https.methods],
    [["tls", "gui_https", "ciphers"], ({ tls }) => tls.gui_https.ciphers],
  ];
  const changed = parts.filter(([, of]) => JSON.stringify(of(before)) !== JSON.stringify(of(after)));
  const keys = changed.map(([path]) => pathText(path));
  const [certificate, clientCa] = [pathText(["admin", "certificate"]), pathText(["admin", "client_ca"])];
  // A roll back to the time before the first one, say: nobody gets in any more who could undo it.
  if (hasAdministrator(before) && !hasAdministrator(after)) keys.push(pathText(["admin", "users"]));
  if (!keys.includes(certificate) && files.some((path) => isOfPage(path, after))) keys.push(certificate);
  if (!keys.includes(clientCa) && files.some((path) => path === after.admin.client_ca)) keys.push(clientCa);
  return keys;
}

function hasAdministrator({ admin }: Config): boolean {
  return [...admin.users.values()].some(({ role, disabled }) => role === "administrator" && !disabled);
}

/** Whether a file belongs to a certificate that the page shows. */
function isOfPage(path: string, { admin, certificates, storage }: Config): boolean {
  return admin.certificate.some((name) => {
    const profile = certificates.get(name);
    if (profile === undefined) return false;
    if (profile.self_signed) return path.startsWith(`${storage.directory}/certificates/${name}.`);
    return [profile.certificate, profile.key, profile.intermediates].includes(path);
  });
}
