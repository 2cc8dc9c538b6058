/**
 * The frame and the parts of pages, as text.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Csrf, Page, type PageFacts } from "../../../src/admin/pages/frame.tsx";
import { languages } from "../../../src/admin/pages/language.ts";
import { navigation } from "../../../src/admin/pages/navigation.ts";
import { addressWith, type Column, Difference, Pager, Table, TextField } from "../../../src/admin/pages/parts.tsx";
import { wordsOf } from "../../../src/admin/pages/words.ts";

const page: PageFacts = {
  words: wordsOf("en"),
  identity: { user: "ann", role: "administrator", via: "session", csrf: "w0rd", handle: "1" },
  theme: undefined,
  path: "/queue/7",
  hostname: "mx1.example.com",
  condition: "serving",
  pending: 2,
};
const hostile = `"><script>alert(1)</script><img src=x onerror='alert(1)'>`;
const text = (view: unknown) => String(view);

Deno.test("Page marks where its reader is, has the word of his session in each form, and nothing inline", () => {
  const html = text(<Page page={page} title="Message 7">here</Page>);
  assert.match(html, /<html lang="en">/);
  assert.match(html, /<a href="\/queue" aria-current="page">/);
  assert.equal(html.match(/aria-current/g)?.length, 1);
  assert.match(html, /Commit changes · 2/);
  assert.equal(html.match(/<form[^>]*method="post"/g)?.length, html.match(/name="csrf" value="w0rd"/g)?.length);
  assert.doesNotMatch(html, /\sstyle=|<style|\son\w+=|javascript:|https?:/i);
  assert.doesNotMatch(html, /<script(?![^>]*src=)/);
  for (const name of Object.values(languages)) assert.ok(html.includes(name));
  for (const { entries } of navigation) {
    for (const { path } of entries) assert.ok(html.includes(`href="${path}"`), path);
  }
});

Deno.test("Page leads nobody to pages that refuse him", () => {
  const html = text(<Page page={{ ...page, identity: { ...page.identity, role: "read-only" } }} title="x" />);
  const linked = navigation.flatMap(({ entries }) => entries).filter(({ path }) => html.includes(`href="${path}"`));
  assert.ok(linked.length > 15);
  assert.deepEqual(linked.filter(({ role }) => role !== undefined), []);
});

Deno.test("Page keeps to the theme that was chosen, and to the browser's where none was", () => {
  assert.match(text(<Page page={{ ...page, theme: "dark" }} title="x" />), /<html lang="en" data-theme="dark">/);
  assert.doesNotMatch(text(<Page page={page} title="x" />), /data-theme=/);
});

Deno.test("attack: HTML in whatever is shown stays text", () => {
  const columns: Column<string>[] = [{ title: hostile, sort: hostile, names: true, cell: (row) => row }];
  const at = { path: "/queue", query: new URLSearchParams({ q: hostile, cursor: hostile }) };
  const views = [
    <Page
      page={{
        ...page,
        hostname: hostile,
        path: hostile,
        identity: { ...page.identity, user: hostile, csrf: hostile },
        notice: { kind: "bad", text: hostile, lines: [hostile] },
      }}
      title={hostile}
      about={hostile}
      above={{ path: `/queue?${new URLSearchParams({ hostile })}`, title: hostile }}
    >
      {hostile}
    </Page>,
    <Table columns={columns} rows={[hostile]} caption={hostile} at={at} id="t" />,
    <Pager words={page.words} at={at} shown={1} next={hostile} />,
    <TextField id="sender" label={hostile} value={hostile} hint={hostile} error={hostile} placeholder={hostile} />,
    <Difference text={`+${hostile}`} label={hostile} />,
    <Csrf page={{ identity: { ...page.identity, csrf: hostile } }} />,
  ];
  for (const view of views) {
    assert.doesNotMatch(text(view), /<script>|<img/);
    assert.match(text(view), /&quot;&gt;&lt;script&gt;|%22%3E%3Cscript/);
  }
});

Deno.test("Table sorts by links: names from A on, figures from the largest down, a second click turns round", () => {
  const columns: Column<number>[] = [
    { title: "Name", sort: "name", cell: String },
    { title: "Size", sort: "size", number: true, cell: String },
    { title: "Text", cell: String },
  ];
  const table = (sort?: string) =>
    text(
      <Table
        columns={columns}
        rows={[1]}
        caption="c"
        at={{
          path: "/q",
          query: new URLSearchParams({ ...(sort === undefined ? {} : { sort }), f: "a b", cursor: "9" }),
        }}
      />,
    ).replaceAll("&amp;", "&");
  assert.match(table(), /href="\/q\?f=a\+b&sort=name"/);
  assert.match(table(), /href="\/q\?f=a\+b&sort=-size"/);
  assert.doesNotMatch(table(), /aria-sort/);
  assert.match(table("-size"), /aria-sort="descending"><a href="\/q\?sort=size&f=a\+b"/);
  assert.match(table("name"), /aria-sort="ascending"><a href="\/q\?sort=-name&f=a\+b"/);
  const empty = <Table columns={columns} rows={[]} caption="c" empty={<p>nothing yet</p>} />;
  assert.equal(text(empty), "<p>nothing yet</p>");
});

Deno.test("addressWith changes wishes and takes them away", () => {
  const at = { path: "/q", query: new URLSearchParams("a=1&b=2") };
  assert.equal(addressWith(at, { a: undefined, c: "x&y" }), "/q?b=2&c=x%26y");
  assert.equal(addressWith(at, { a: undefined, b: undefined }), "/q");
  assert.equal(at.query.toString(), "a=1&b=2");
});

Deno.test("TextField tells what is wrong beside the field, and to those who hear the page", () => {
  const html = text(<TextField id="host" label="Host" hint="a name" error="is no name" value="-" />);
  assert.match(html, /aria-invalid="true"/);
  assert.match(html, /aria-describedby="host-error host-hint"/);
  assert.match(html, /<span class="error" id="host-error">is no name<\/span>/);
  assert.doesNotMatch(text(<TextField id="host" label="Host" />), /aria-/);
});
