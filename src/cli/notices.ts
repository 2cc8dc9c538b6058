/**
 * Writes `THIRD-PARTY-NOTICES`: whose work is in the binary, and under which licences. `compile.sh` calls it on the bundle.
 *
 * The bundler names the file above each module that it took, so the packages that are in the bundle are those that stand there: a dependency that
 * is not reached is not told, and one that comes with an update cannot be missed. A package without a licence text ends the build.
 *
 * @module
 */
import { resolve } from "node:path";

/** A package of the bundle. */
export interface BundledPackage {
  name: string;
  version: string;
  /** Its folder in the cache, absolute. */
  folder: string;
}

/** One work with its licence. */
export interface Notice {
  name: string;
  version: string;
  /** `MIT`, as the package says. */
  licence: string;
  text: string;
}

/** `// ../../home/me/.cache/deno/npm/registry.example.org/hono/4.13.19/dist/hono.js` */
const moduleLine = /^\s*\/\/ (?:[a-z-]+:)?(\S*\/npm\/[^\s/]+\/((?:@[^\s/]+\/)?[^\s/]+)\/(\d[^\s/]*))\/\S+$/gm;

/** The packages of which modules are in a bundle, by name and version. `from`: the folder that the bundler ran in. */
export function packagesIn(bundled: Iterable<string>, from: string): BundledPackage[] {
  const found = new Map<string, BundledPackage>();
  for (const text of bundled) {
    for (const [, folder, name, version] of text.matchAll(moduleLine)) {
      found.set(`${name} ${version}`, { name, version: version.replace(/_\d+$/, ""), folder: resolve(from, folder) });
    }
  }
  const order = ({ name, version }: BundledPackage) => `${name.toLowerCase()} ${version}`;
  return [...found.values()].sort((a, b) => order(a) < order(b) ? -1 : 1);
}

/** Packages whose text is that of another one by the same authors, since they are published without it. */
const withoutText: Readonly<Record<string, string>> = {
  "@hono/zod-openapi": "hono",
  "@hono/zod-validator": "hono",
};

/** What a package says of itself. Throws where it has no licence text. */
export function noticeOf(
  { name, version, folder }: BundledPackage,
  others: readonly BundledPackage[],
): Notice {
  const { license } = JSON.parse(Deno.readTextFileSync(`${folder}/package.json`));
  const lender = others.find((other) => other.name === withoutText[name]);
  const texts = textsIn(folder) || (lender === undefined ? "" : textsIn(lender.folder));
  if (typeof license !== "string" || texts === "") {
    throw new Error(`Cannot name the licence of ${name} ${version}: ${folder} has no text of it`);
  }
  return { name, version, licence: license, text: texts };
}

/** All texts about rights that lie in a folder. */
function textsIn(folder: string): string {
  const names = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name)
    .filter((name) => /^(licen[cs]e|copying|notice|copyrightnotice)/i.test(name)).sort();
  return names.map((name) => Deno.readTextFileSync(`${folder}/${name}`).replaceAll("\r\n", "\n").trim()).join("\n\n");
}

const line = "=".repeat(80);

/** The file. Works with the same text stand together above it. */
export function noticesText(notices: readonly Notice[]): string {
  const byText = Map.groupBy(notices, ({ text }) => text);
  const parts = [...byText].map(([text, works]) => {
    const titles = works.map(({ name, version, licence }) => `${name} ${version} (${licence})`);
    return `${line}\n${titles.join("\n")}\n${line}\n\n${text}\n`;
  });
  return `Postern contains the works of others, under the licences below.\n\n${parts.join("\n")}`;
}

/** The runtime that the binary is made of, and OpenSSL's libraries with what this machine says of them. */
function foundations(openssl: string | undefined, notices: readonly Notice[]): Notice[] {
  const { deno, v8 } = Deno.version;
  const mit = noticeText.replace("YEAR HOLDER", "2018-2026 the Deno authors");
  const runtime = { name: "Deno", version: `${deno}, with V8 ${v8}`, licence: "MIT", text: mit };
  const said = openssl === undefined
    ? "Copyright (c) the OpenSSL Project Authors. Licensed under the Apache License 2.0."
    : Deno.readTextFileSync(openssl).trim();
  // Debian's word names a file of Debian's for the licence itself.
  const apache = notices.find(({ licence }) => licence === "Apache-2.0");
  if (apache === undefined) {
    throw new Error("Cannot name the licence of OpenSSL: no package has the text of Apache-2.0");
  }
  return [runtime, { name: "OpenSSL", version: "3", licence: "Apache-2.0", text: `${said}\n\n${apache.text}` }];
}

const noticeText = `MIT License

Copyright YEAR HOLDER

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Writes the file for the modules of a folder: how many packages they come from. `openssl`: a file with OpenSSL's terms; empty where there is none. */
export function writeNotices(bundle: string, { out, openssl }: { out: string; openssl: string }): number {
  const scripts = [...Deno.readDirSync(bundle)].filter(({ name }) => name.endsWith(".js"));
  const texts = scripts.map(({ name }) => Deno.readTextFileSync(`${bundle}/${name}`));
  const packages = packagesIn(texts, Deno.cwd());
  if (packages.length === 0) throw new Error(`Cannot find a package in ${bundle}: the bundler names no files`);
  const notices = packages.map((each) => noticeOf(each, packages));
  Deno.writeTextFileSync(out, noticesText([...foundations(openssl || undefined, notices), ...notices]));
  return packages.length;
}
