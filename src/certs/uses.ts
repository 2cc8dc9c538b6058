/**
 * Where certificate profiles are used.
 *
 * What the file says under any key `certificate` counts, also of parts that are switched off or come with a later release: whoever
 * switches them on would miss the profile. Names of client certificates, which users have under the same key, are no profiles.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import { type Path, pathText } from "../config/faults.ts";

/** A place that names a profile. */
export interface CertificateUse {
  profile: string;
  /** `listener inbound`, `delivery`, `destination example.test`, `admin`, `ldap staff`. */
  where: string;
  /** Of the name in the file; absent: nothing is said there, and this is what is taken then. */
  path?: Path;
}

/** Other things under a key of this name, or none of them. */
const apart = ["certificates", "smtp_auth", "mail_flow_policies", "tls"];
const depthMax = 6;

/** Every use, in the order of the file. `root` is the file as it was read. */
export function certificateUses(config: Config, root: unknown): CertificateUse[] {
  const uses = said(root, []).filter(({ path }) => !apart.includes(String(path![0])));
  const silent = (where: string) => !uses.some((use) => use.where === where);
  for (const { name, certificate } of config.listeners) {
    const where = `listener ${name}`;
    if (silent(where)) uses.push(...certificate.map((profile) => ({ profile, where })));
  }
  if (config.admin.address !== null && silent("admin")) {
    uses.push(...config.admin.certificate.map((profile) => ({ profile, where: "admin" })));
  }
  return uses;
}

/** The uses of one profile in words, each once. */
export function usesOf(uses: readonly CertificateUse[], profile: string): string[] {
  return [...new Set(uses.filter((use) => use.profile === profile).map(({ where }) => where))];
}

function said(value: unknown, path: Path): CertificateUse[] {
  if (typeof value !== "object" || value === null || path.length > depthMax) return [];
  return Object.entries(value).flatMap(([key, inner]): CertificateUse[] => {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    if (key !== "certificate") return said(inner, here);
    const names = (Array.isArray(inner) ? [...inner.entries()] : [[undefined, inner]]) as [number?, unknown?][];
    return names.flatMap(([index, profile]) =>
      typeof profile === "string"
        ? { profile, where: whereOf(path), path: index === undefined ? here : [...here, index] }
        : []
    );
  });
}

function whereOf(path: Path): string {
  const [block, kind, name] = path.map(String);
  if (block === "listeners") return `listener ${kind}`;
  if (block === "destination_controls") {
    if (kind === undefined) return "delivery";
    return kind === "default" ? "destination default" : `destination ${name}`;
  }
  if (block === "services") return name === undefined ? kind : `${kind} ${name}`;
  return pathText(path);
}
