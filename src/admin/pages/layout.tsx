/**
 * The frame of every page.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { raw } from "hono/html";
import { assetUrl } from "../assets.ts";

/** What a page is made of. */
export interface LayoutProps {
  title: string;
  children?: Child;
}

/** See the module. */
export function Layout({ title, children }: LayoutProps): Child {
  return (
    <>
      {raw("<!DOCTYPE html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{title} – Postern</title>
          <link rel="stylesheet" href={assetUrl("style.css")} />
        </head>
        <body>
          <main>{children}</main>
        </body>
      </html>
    </>
  );
}
