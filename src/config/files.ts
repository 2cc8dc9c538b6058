/**
 * The files that a configuration is made of besides its own.
 *
 * @module
 */
import type { Config } from "./config.ts";
import { isUrl } from "./sources.ts";

/** Every file whose change makes a new configuration: itself, certificates, keys, authorities, revocation lists, passwords of directories; absolute, each once. */
export function configFiles(config: Config): string[] {
  const { custom, crls } = config.certificate_authorities;
  const files = [config.file, ...custom, ...crls.filter((source) => !isUrl(source))];
  for (const profile of config.certificates.values()) {
    if (profile.self_signed) continue;
    files.push(profile.certificate, profile.key);
    if (profile.intermediates !== undefined) files.push(profile.intermediates);
  }
  for (const { bind } of config.services.ldap.values()) if (bind.kind === "simple") files.push(bind.passwordFile);
  if (config.admin.client_ca !== null) files.push(config.admin.client_ca);
  return [...new Set(files)];
}
