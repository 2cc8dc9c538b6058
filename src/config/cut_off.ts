/**
 * Whether a configuration cuts off the admin page that it is changed from.
 *
 * @module
 */
import type { Config } from "./config.ts";
import { type Path, pathText } from "./faults.ts";

/** The keys that change and that the page is reached by; none where the page stays where it is. */
export function cutOffKeys(before: Config, after: Config): string[] {
  const parts: readonly [path: Path, of: (config: Config) => unknown][] = [
    [["admin", "address"], ({ admin }) => admin.address],
    [
      ["admin", "certificate"],
      (config) => config.admin.certificate.map((name) => [name, config.certificates.get(name)]),
    ],
    [["tls", "gui_https", "methods"], ({ tls }) => tls.gui_https.methods],
    [["tls", "gui_https", "ciphers"], ({ tls }) => tls.gui_https.ciphers],
  ];
  return parts.filter(([, of]) => JSON.stringify(of(before)) !== JSON.stringify(of(after))).map(([path]) =>
    pathText(path)
  );
}
