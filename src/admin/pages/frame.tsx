/**
 * What stands around every page: head, side bar, the bar at the top, notices.
 *
 * Pages are text made on the server; scripts only add comfort. Everything that is shown passes through JSX, which escapes it; nothing here
 * takes HTML as it comes.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { assetUrl } from "../assets.ts";
import { type Identity, mayAct } from "../identity.ts";
import { languages } from "./language.ts";
import { isCurrent, navigation } from "./navigation.ts";
import type { Words } from "./words.ts";

/** Rendered JSX. */
export type View = Child;

/** How the gateway does, for the bar at the top. */
export type Condition = "serving" | "suspended" | "trouble";

/** What every page knows of its reader and of the gateway. */
export interface PageFacts {
  words: Words;
  identity: Identity;
  /** `light`, `dark`; `undefined`: as the browser wishes. */
  theme: "light" | "dark" | undefined;
  /** The path of the page, without its query. */
  path: string;
  /** The gateway's name. */
  hostname: string;
  condition: Condition;
  /** Changes of this reader that wait to be committed. */
  pending: number;
  /** What was done, told once on the next page. */
  notice?: Notice;
}

/** What became of a request, in the reader's language. */
export interface Notice {
  kind: "ok" | "warn" | "bad";
  text: string;
  /** Lines below it: warnings, faults. */
  lines?: readonly string[];
  /** Further lines, folded below a line that says so. */
  rest?: { text: string; lines: readonly string[] };
}

/** One page. */
export interface PageProps {
  page: PageFacts;
  title: string;
  /** A sentence below the title. */
  about?: string;
  /** The page above this one. */
  above?: { path: string; title: string };
  /** Links and buttons beside the title. */
  tools?: View;
  /** Names of scripts in the assets besides `app.js`. */
  scripts?: readonly string[];
  /** Names of style sheets besides `style.css`. */
  styles?: readonly string[];
  children?: View;
}

/** A whole page with the frame around it. */
export function Page(
  { page, title, about, above, tools, scripts = [], styles = [], children }: PageProps,
): View {
  const { words, hostname, notice } = page;
  return (
    <Shell {...{ page, title: `${title} · ${hostname}`, scripts: ["app.js", ...scripts], styles }}>
      <a class="skip" href="#main">{words("frame.skip")}</a>
      <div class="frame">
        <SideBar page={page} />
        <div>
          <TopBar page={page} />
          <main id="main" tabindex={-1}>
            <div class="page-head">
              <div>
                {above !== undefined && (
                  <div class="crumbs">
                    <a href={above.path}>{above.title}</a> /
                  </div>
                )}
                <h1>{title}</h1>
                {about !== undefined && <p>{about}</p>}
              </div>
              {tools !== undefined && <div class="row">{tools}</div>}
            </div>
            {notice !== undefined && <NoticeBox notice={notice} />}
            {children}
          </main>
        </div>
      </div>
    </Shell>
  );
}

/** A page without side bar: login, set-up. */
export function DoorPage(
  { page, title, back, children }: {
    page: Pick<PageFacts, "words" | "theme">;
    title: string;
    /** Where the switch of the language leads: the page itself. */
    back?: string;
    children?: View;
  },
): View {
  return (
    <Shell {...{ page, title: `${title} · Postern`, scripts: ["app.js"], styles: [] }}>
      <main class="door" id="main">
        <div class="card">
          <div class="brand">
            <Mark />Postern
          </div>
          <h1>{title}</h1>
          {children}
        </div>
        {back !== undefined && <LanguageSwitch {...{ words: page.words, back }} />}
      </main>
    </Shell>
  );
}

function Shell(
  { page: { words, theme }, title, scripts, styles, children }: {
    page: Pick<PageFacts, "words" | "theme">;
    title: string;
    scripts: readonly string[];
    styles: readonly string[];
    children?: View;
  },
): View {
  return (
    <html lang={words.language} {...(theme === undefined ? {} : { "data-theme": theme })}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="icon" href={assetUrl("icon.svg")} type="image/svg+xml" />
        {["style.css", ...styles].map((name) => <link rel="stylesheet" href={assetUrl(name)} />)}
        {scripts.map((name) => <script type="module" src={assetUrl(name)}></script>)}
      </head>
      <body data-yes={words("frame.yes")} data-no={words("frame.no")}>{children}</body>
    </html>
  );
}

function SideBar({ page }: { page: PageFacts }): View {
  const { words, path, identity } = page;
  return (
    <nav class="side" id="side" aria-label={words("frame.main")}>
      <a class="brand" href="/">
        <Mark />Postern
      </a>
      {navigation.map(({ label, entries }) => (
        <>
          <h2>{words(label)}</h2>
          <ul>
            {entries.filter(({ role = "read-only" }) => mayAct(identity.role, role)).map((entry) => (
              <li>
                <a href={entry.path} aria-current={isCurrent(entry, path) ? "page" : undefined}>{words(entry.label)}</a>
              </li>
            ))}
          </ul>
        </>
      ))}
      <Preferences page={page} />
    </nav>
  );
}

/** Theme and language. */
function Preferences({ page }: { page: PageFacts }): View {
  const { words, theme, path } = page;
  return (
    <div class="preferences">
      <select data-theme-switch aria-label={words("frame.theme")} autocomplete="off">
        <option value="system" selected={theme === undefined}>{words("frame.theme.system")}</option>
        <option value="light" selected={theme === "light"}>{words("frame.theme.light")}</option>
        <option value="dark" selected={theme === "dark"}>{words("frame.theme.dark")}</option>
      </select>
      <LanguageSwitch words={words} back={path}>
        <Csrf page={page} />
      </LanguageSwitch>
    </div>
  );
}

function LanguageSwitch({ words, back, children }: { words: Words; back: string; children?: View }): View {
  return (
    <form class="inline language" method="post" action="/language">
      {children}
      <input type="hidden" name="back" value={back} />
      <select name="language" aria-label={words("frame.language")} data-submit-on-change autocomplete="off">
        {Object.entries(languages).map(([tag, name]) => (
          <option value={tag} lang={tag} selected={tag === words.language}>{name}</option>
        ))}
      </select>
      <noscript>
        <button type="submit">{words("frame.switch")}</button>
      </noscript>
    </form>
  );
}

const conditionClass = { serving: "ok", suspended: "warn", trouble: "bad" } as const;

function TopBar({ page }: { page: PageFacts }): View {
  const { words, hostname, condition, pending, identity } = page;
  return (
    <header class="top">
      <button type="button" class="menu-button" data-menu aria-expanded="false" aria-controls="side">
        {words("frame.menu")}
      </button>
      <span class="host">{hostname}</span>
      <a class={`badge ${conditionClass[condition]}`} href="/">{words(`frame.${condition}`)}</a>
      <span class="grow"></span>
      <a class={pending > 0 ? "button primary" : "button none-pending"} href="/configuration/changes">
        {pending > 0 ? `${words("frame.commit")} · ${words.number(pending)}` : words("frame.no_pending")}
      </a>
      <a class="button quiet" href="/account" title={words("frame.account")}>{identity.user}</a>
      <form class="inline" method="post" action="/logout">
        <Csrf page={page} />
        <button type="submit" class="quiet">{words("frame.logout")}</button>
      </form>
    </header>
  );
}

/** The word that shows that a form is ours; every form that changes something has it. */
export function Csrf({ page: { identity } }: { page: Pick<PageFacts, "identity"> }): View {
  return <input type="hidden" name="csrf" value={identity.csrf} />;
}

/** What became of a request. */
export function NoticeBox({ notice: { kind, text, lines = [], rest } }: { notice: Notice }): View {
  const list = (shown: readonly string[]) => <ul>{shown.map((line) => <li class="break">{line}</li>)}</ul>;
  return (
    <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      <strong>{text}</strong>
      {lines.length > 0 && list(lines)}
      {rest !== undefined && (
        <details>
          <summary>{rest.text}</summary>
          {list(rest.lines)}
        </details>
      )}
    </div>
  );
}

function Mark(): View {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
      <path d="M4 21V9a8 8 0 0 1 16 0v12Z" />
      <path d="M9 21v-8a3 3 0 0 1 6 0v8" />
    </svg>
  );
}
