/**
 * The world is a parameter: time, chance, sockets and native code are touched in one place each.
 *
 * @module
 */
import { type Finding, syntaxFindings } from "./rule.ts";

const clock = "src/base/clock.ts";
const random = "src/base/random.ts";

/** What is confined → path prefixes where it may stand. */
export const confined: Readonly<Record<string, readonly string[]>> = {
  "Date.now": [clock],
  "performance.now": [clock],
  "setTimeout": [clock],
  "setInterval": [clock],
  // No time passes: group commit and wire gather what one turn of the event loop brings.
  "setImmediate": ["src/queue/", "src/workers/", "src/base/turns.ts"],
  "AbortSignal.timeout": [clock],
  "Math.random": [random],
  "crypto.getRandomValues": [random],
  "crypto.randomUUID": [random],
  "Deno.connect": ["src/net/"],
  "Deno.listen": ["src/net/"],
  "Deno.listenDatagram": ["src/net/"],
  "Deno.networkInterfaces": ["src/net/"],
  // Deno's own TLS is another engine than ours, with other rules.
  "Deno.connectTls": [],
  "Deno.startTls": [],
  "Deno.listenTls": [],
  "Deno.connectQuic": [],
  // It gives neither TTL nor AD flag: DESIGN of src/dns.
  "Deno.resolveDns": [],
  "Deno.serve": ["src/admin/"],
  "fetch": ["src/services/", "src/acme/http.ts"],
  "WebSocket": [],
  "Deno.dlopen": ["src/openssl/"],
  "Deno.UnsafePointer": ["src/openssl/"],
  "Deno.UnsafePointerView": ["src/openssl/"],
  "Deno.UnsafeCallback": ["src/openssl/"],
  "Deno.UnsafeFnPointer": ["src/openssl/"],
  // The binary has no right to start programs or to signal processes.
  "Deno.Command": [],
  "Deno.kill": [],
  "Deno.exit": ["main.ts"],
  "Deno.args": ["main.ts"],
  "Deno.addSignalListener": ["main.ts"],
  "eval": [],
  "Function": [],
  "console.log": ["main.ts", "src/cli/"],
  "console.error": ["main.ts", "src/cli/"],
  "console.warn": ["main.ts", "src/cli/"],
  "console.info": ["main.ts", "src/cli/"],
  "console.debug": [],
};

/** Objects whose members are confined; taking a member out by `const { now } = Date` is seen too. */
const owners = new Set(Object.keys(confined).filter((name) => name.includes(".")).map((name) => name.split(".")[0]));

/** `Date.now` of `Date.now`, `globalThis.Date.now` and `Date["now"]`; null for what is no plain chain of names. */
function nameOf(node: Deno.lint.Node): string | null {
  if (node.type === "Identifier") return node.name;
  if (node.type !== "MemberExpression") return null;
  const object = nameOf(node.object);
  const property = node.property.type === "Identifier" && !node.computed
    ? node.property.name
    : node.property.type === "Literal" && typeof node.property.value === "string"
    ? node.property.value
    : null;
  if (object === null || property === null) return null;
  return object === "globalThis" ? property : `${object}.${property}`;
}

/** Confined names stand in their places only. */
export function confinement(path: string, source: string): Finding[] {
  return syntaxFindings({ path, source }, (report) => {
    const judge = (node: Deno.lint.Node, name: string | null) => {
      if (name === null || !Object.hasOwn(confined, name)) return;
      const places = confined[name];
      if (places.some((place) => path.startsWith(place))) return;
      report(node, `Cannot use ${name} here: it belongs to ${places.join(" and ") || "nobody"}`);
    };
    return {
      MemberExpression: (node) => judge(node, nameOf(node)),
      CallExpression: (node) => {
        if (node.callee.type === "Identifier") judge(node, node.callee.name);
      },
      NewExpression: (node) => {
        if (node.callee.type !== "Identifier") return;
        judge(node, node.callee.name);
        if (node.callee.name === "Date" && node.arguments.length === 0 && path !== clock) {
          report(node, `Cannot ask for the time here: new Date() without a time belongs to ${clock}`);
        }
      },
      VariableDeclarator: (node) => {
        if (node.id.type !== "ObjectPattern" || node.init?.type !== "Identifier" || !owners.has(node.init.name)) return;
        for (const property of node.id.properties) {
          if (property.type === "Property" && property.key.type === "Identifier") {
            judge(node, `${node.init.name}.${property.key.name}`);
          }
        }
      },
    };
  });
}
