/**
 * Which methods a path has, for 405 and OPTIONS: the router itself knows only whether one pair of both is there.
 *
 * @module
 */

/** What is asked of a route. */
export interface Route {
  method: string;
  path: string;
}

/** Makes what tells the methods of a path, from all routes; none: there is no such path. */
export function methodsOf(routes: readonly Route[]): (path: string) => string[] {
  const table = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  for (const { method, path } of routes) {
    // Middleware is for every method.
    if (method === "ALL") continue;
    const entry = table.get(path) ?? { pattern: patternOf(path), methods: new Set<string>() };
    entry.methods.add(method);
    if (method === "GET") entry.methods.add("HEAD");
    table.set(path, entry);
  }
  return (path) =>
    [
      ...new Set([...table.values()].flatMap(({ pattern, methods }) => pattern.test(path) ? [...methods] : [])),
    ].sort();
}

/** `/queue/:mid` as an expression. */
function patternOf(path: string): RegExp {
  const parts = path.split("/").map((part) => {
    const constraint = /^:[^{]+\{(.+)\}$/.exec(part)?.[1];
    return constraint ?? (part.startsWith(":") ? "[^/]+" : part === "*" ? ".*" : RegExp.escape(part));
  });
  return new RegExp(`^${parts.join("/")}$`);
}
