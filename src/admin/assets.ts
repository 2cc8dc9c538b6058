/**
 * The pages' own files: styles, scripts, fonts; inside the binary, served from memory.
 *
 * A page names a file by {@linkcode assetUrl}, which has the content's hash in it, so a browser keeps it for good and gets a new one with a
 * new release.
 *
 * @module
 */
import type { Context } from "hono";
import { type Octets, octets } from "../base/octets.ts";
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
// @ts-types="./assets/text.d.ts"
import uplot from "uplot/dist/uPlot.esm.js" with { type: "text" };
import app from "./assets/app.js" with { type: "text" };
import confirm from "./assets/confirm.js" with { type: "text" };
import chart from "./assets/chart.js" with { type: "text" };
import ssl from "./assets/ssl.js" with { type: "text" };
import order from "./assets/order.js" with { type: "text" };
import icon from "./assets/icon.svg" with { type: "text" };
import queue from "./assets/queue.js" with { type: "text" };
import style from "./assets/style.css" with { type: "text" };
import { hashOf } from "./secrets.ts";

interface Asset {
  type: string;
  content: Octets;
  hash: string;
}

const types = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  woff2: "font/woff2",
  json: "application/json",
} as const;

const assets = new Map<string, Asset>();

function add(name: `${string}.${keyof typeof types}`, text: string): void {
  const type = types[name.slice(name.lastIndexOf(".") + 1) as keyof typeof types];
  assets.set(name, { type, content: octets(text), hash: hashOf(text).slice(0, 16) });
}

add("style.css", style);
add("app.js", app);
add("icon.svg", icon);
add("chart.js", chart);
add("order.js", order);
add("confirm.js", confirm);
add("queue.js", queue);
add("ssl.js", ssl);
add("uplot.js", uplot);
add("uplot.css", uplotStyle);

/** The path of a file: `/assets/style.css?v=…`. A name that is not there is a mistake of the program. */
export function assetUrl(name: string): string {
  const asset = assets.get(name);
  if (asset === undefined) throw new Error(`Cannot name the asset ${name}: there is none`);
  return `/assets/${name}?v=${asset.hash}`;
}

/** Answers a request for a file; `undefined`: there is none. */
export function assetAnswer(context: Context, name: string): Response | undefined {
  const asset = assets.get(name);
  if (asset === undefined) return undefined;
  const { type, content, hash } = asset;
  const headers = {
    "Content-Type": type,
    "ETag": `"${hash}"`,
    "Cache-Control": context.req.query("v") === hash ? "public, max-age=31536000, immutable" : "no-cache",
  };
  // Weak, since the runtime compresses what it sends (RFC 9110 §13.1.2).
  const known = context.req.header("If-None-Match")?.split(",").some((tag) =>
    tag.trim().replace(/^W\//, "") === `"${hash}"`
  );
  if (known === true) return context.body(null, 304, headers);
  return context.body(content, 200, headers);
}
