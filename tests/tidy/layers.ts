/**
 * Who may import whom: the picture in the README, kept by a test.
 *
 * The table says for each folder of `src/` which folders it may see. What is not in it may not be seen, so a new folder needs
 * a line here first. `gateway.ts` alone wires, and only `main.ts` starts it. Packages from outside are confined in the
 * same way: one folder each, so that replacing one means reading one folder.
 *
 * @module
 */
import { type Finding, syntaxFindings } from "./rule.ts";

/** Folder of `src/` → folders of `src/` that it may import from. Each may import from itself. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  mail: ["base"],
  smtp: ["base", "mail"],
  net: ["base"],
  rates: ["base"],
  tracking: ["base"],
  tls: ["base", "net"],
  openssl: ["base", "tls"],
  dns: ["base"],
  config: ["base", "mail", "tls"],
  certs: ["base", "tls", "config"],
  acme: ["base", "mail", "net", "tls", "config", "certs"],
  policy: ["base", "mail", "tls", "config"],
  queue: ["base", "mail"],
  auth: ["base", "config", "policy"],
  accept: ["base", "mail", "smtp", "net", "tls", "config", "policy", "queue", "rates", "auth"],
  // Sessions and connections in other threads: what they stand on, at both ends of a wire.
  workers: ["base", "mail", "net", "tls", "dns", "config", "queue", "rates", "auth", "accept", "deliver"],
  deliver: ["base", "mail", "smtp", "net", "tls", "config", "policy", "queue", "dns"],
  monitor: ["base", "mail", "tls"],
  services: ["base", "mail", "net", "tls", "dns", "config", "certs", "policy"],
  // Directories that know who is a recipient.
  directory: ["base", "mail", "net", "tls", "config", "certs", "services"],
  control: ["base", "mail", "net", "tls", "config", "certs", "queue", "dns", "monitor", "acme"],
  admin: [
    "base",
    "mail",
    "monitor",
    "net",
    "tls",
    "config",
    "certs",
    "policy",
    "queue",
    "dns",
    "deliver",
    "services",
    "auth",
    "control",
    "explain",
    "tracking",
  ],
  // Rehearses sessions and looks routes up with the gateway's own code, so it sees both ways.
  explain: [
    "base",
    "mail",
    "smtp",
    "net",
    "tls",
    "config",
    "policy",
    "queue",
    "dns",
    "rates",
    "auth",
    "accept",
    "deliver",
  ],
  cli: [
    "base",
    "mail",
    "net",
    "tls",
    "config",
    "certs",
    "policy",
    "queue",
    "dns",
    "deliver",
    "services",
    "directory",
    "control",
    "explain",
    "monitor",
    "auth",
    "tracking",
    "acme",
  ],
};

/** What comes from outside → where it may be imported. */
export const packages: Readonly<Record<string, readonly string[]>> = {
  "yaml": ["src/config/"],
  "zod": ["src/config/", "src/admin/"],
  "@peculiar/x509": ["src/certs/"],
  "reflect-metadata": ["src/certs/"],
  "diff": ["src/config/"],
  "dns-packet": ["src/dns/"],
  "nodemailer": ["src/queue/", "src/deliver/", "src/services/", "src/mail/"],
  "hono": ["src/admin/"],
  "@hono/zod-openapi": ["src/admin/"],
  "qr": ["src/admin/"],
  "jose": ["src/acme/"],
  "uplot": ["src/admin/"],
  "prom-client": ["src/monitor/"],
  "node:sqlite": ["src/queue/", "src/monitor/", "src/rates/"],
  "node:crypto": ["src/auth/", "src/certs/", "src/queue/", "src/admin/"],
  "node:net": ["src/net/"],
  "node:fs": ["src/queue/"],
  "node:timers": ["src/queue/", "src/workers/", "src/base/turns.ts"],
  "node:path": ["src/", "main.ts"],
  "node:buffer": ["src/"],
  "node:url": ["src/"],
  "node:util": ["src/"],
};

/** Names of confined packages that touch nothing of the world, and so may be imported everywhere. */
const pureNames: Readonly<Record<string, readonly string[]>> = {
  "node:net": ["isIP", "isIPv4", "isIPv6", "BlockList", "SocketAddress"],
  "node:crypto": ["timingSafeEqual", "createHash"],
};

/** `folder` of `src/folder/…`, `.` for a file in `src/` itself, null for anything else. */
function layerOf(path: string): string | null {
  const parts = path.split("/");
  if (parts[0] !== "src") return null;
  return parts.length > 2 ? parts[1] : ".";
}

/** The path that a relative specifier in `from` means. */
function resolved(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function relative(from: string, specifier: string): string | null {
  const to = resolved(from, specifier);
  const [mine, theirs] = [layerOf(from), layerOf(to)];
  if (mine === null) return null; // main.ts, which may import everything
  if (theirs === null) return to === "deno.json" ? null : `Cannot import ${to}: it is outside src/`;
  if (mine === theirs) return null;
  if (theirs === ".") return `Cannot import ${to}: only main.ts starts what is wired there`;
  if (mine === ".") return null;
  if (!(mine in layers)) return `Cannot import from src/${mine}/: the folder has no line in tests/tidy/layers.ts`;
  return layers[mine].includes(theirs) ? null : `Cannot import src/${theirs}/ from src/${mine}/: the layers forbid it`;
}

function outside(from: string, specifier: string, names: readonly string[]): string | null {
  if (/^(npm|jsr|https?|file|data):/.test(specifier)) {
    return `Cannot import ${specifier}: packages are named in deno.json alone`;
  }
  const name = Object.keys(packages).find((name) => specifier === name || specifier.startsWith(`${name}/`));
  if (name === undefined) return `Cannot import ${specifier}: it has no line in tests/tidy/layers.ts`;
  const pure = names.length > 0 && names.every((imported) => pureNames[name]?.includes(imported));
  return pure || packages[name].some((place) => from.startsWith(place))
    ? null
    : `Cannot import ${specifier} here: it belongs to ${packages[name].join(" and ")}`;
}

/** Imports go down the layers, packages stay in their folders. */
export function layering(path: string, source: string): Finding[] {
  return syntaxFindings({ path, source }, (report) => {
    const judge = (node: Deno.lint.Node, specifier: unknown, names: readonly string[] = []) => {
      if (typeof specifier !== "string") return report(node, "Cannot tell what is imported: name it by a literal");
      const message = specifier.startsWith(".") ? relative(path, specifier) : outside(path, specifier, names);
      if (message !== null) report(node, message);
    };
    return {
      ImportDeclaration: (node) =>
        judge(
          node,
          node.source.value,
          // The whole module under one name counts as everything in it.
          node.specifiers.map((one) =>
            one.type === "ImportSpecifier" && one.imported.type === "Identifier" ? one.imported.name : "*"
          ),
        ),
      ExportAllDeclaration: (node) => judge(node, node.source.value),
      ExportNamedDeclaration: (node) => {
        if (node.source) judge(node, node.source.value);
      },
      ImportExpression: (node) => judge(node, node.source.type === "Literal" ? node.source.value : undefined),
    };
  });
}
