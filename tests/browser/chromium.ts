/**
 * Debian's Chromium, driven by Playwright: what a person at the admin page sees, and what the browser complains of meanwhile.
 *
 * A {@linkcode Visitor} notes everything that must not happen on any page: errors in the console, scripts that throw, violations of the content
 * security policy, dialogs of scripts that were smuggled in, requests to another host. Tests ask {@linkcode Visitor.calm} at their ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import axe from "axe-core";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { needPeer, peerTest } from "../support/peers.ts";

/** How long a page may take to come, on a machine that does other things too. */
const waitMs = 20_000;

/** A test with a browser, of steps. Playwright keeps timers and pipes of its own while the browser runs. */
export function browserTest(name: string, run: (t: Deno.TestContext) => Promise<void>): void {
  peerTest(["chromium", "openssl"], name, run);
}

/** A running browser. */
export class Chromium implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts it, with flags of its command line. */
  static async start(...flags: string[]): Promise<Chromium> {
    const browser = await chromium.launch({
      executablePath: needPeer("chromium"),
      // Its sandbox refuses to be set up by root, which CI is.
      chromiumSandbox: Deno.uid() !== 0,
      // Nothing of the browser's own goes out to the world while tests run.
      args: ["--disable-component-update", "--disable-background-networking", "--no-first-run", ...flags],
      timeout: 60_000,
    });
    return new Chromium(browser);
  }

  /** Somebody who sits down at a gateway's page: cookies of his own, one window. */
  async visitor(base: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await this.#browser.newContext({
      ignoreHTTPSErrors: true,
      locale: "en-US",
      viewport: { width: 1280, height: 900 },
      reducedMotion: "reduce",
      baseURL: base,
      ...options,
    });
    context.setDefaultTimeout(waitMs);
    return await Visitor.open(context, base);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** What axe thinks of a page. */
interface AxeFinding {
  id: string;
  impact: string;
  help: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** See the module. */
export class Visitor implements AsyncDisposable {
  /** What must not happen, and did. */
  readonly complaints: string[] = [];
  readonly page: Page;
  readonly context: BrowserContext;
  readonly #base: string;

  private constructor(page: Page, base: string) {
    this.page = page;
    this.context = page.context();
    this.#base = base;
  }

  static async open(context: BrowserContext, base: string): Promise<Visitor> {
    const visitor = new Visitor(await context.newPage(), base);
    await visitor.#listen();
    return visitor;
  }

  async #listen(): Promise<void> {
    const { page, complaints } = this;
    const note = (text: string) => void complaints.push(`${new URL(page.url()).pathname}: ${text}`);
    page.on("console", (message) => message.type() === "error" && note(`console: ${message.text()}`));
    page.on("pageerror", (error) => note(`script: ${error.message}`));
    page.on("dialog", (dialog) => {
      note(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {}); // the page is gone already
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${this.#base}/`)) note(`request to ${request.url()}`);
    });
    await page.addInitScript({
      content: `addEventListener("securitypolicyviolation", (event) =>
        console.error("policy: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample));`,
    });
  }

  /** Fails if anything was complained of since it was asked last. */
  calm(where: string): void {
    assert.deepEqual(this.complaints.splice(0), [], where);
  }

  /** Takes the complaints that refusals bring: the browser notes every answer of 400 and above, and lost connections, in its console. */
  refused(...causes: (number | `net::${string}`)[]): void {
    const expected = causes.map((cause) =>
      typeof cause === "string"
        ? `Failed to load resource: ${cause}`
        : `Failed to load resource: the server responded with a status of ${cause} `
    );
    const left = this.complaints.splice(0).filter((text) => !expected.some((part) => text.includes(part)));
    assert.deepEqual(left, []);
  }

  /** Opens a page, and its status. */
  async open(path: string): Promise<number> {
    const answer = await this.page.goto(path);
    assert.ok(answer !== null, `no answer for ${path}`);
    return answer.status();
  }

  /** The path that is seen now. */
  get path(): string {
    return new URL(this.page.url()).pathname;
  }

  /** Waits until the browser is at a path. */
  async at(path: string): Promise<void> {
    await this.page.waitForURL((url) => url.pathname === path);
  }

  /** The text that a reader sees. */
  text(): Promise<string> {
    return this.page.innerText("body");
  }

  /** Types a name and a password into the login, and goes in. */
  async logIn(user: string, password: string): Promise<void> {
    await this.open("/login");
    await this.page.fill("#user", user);
    await this.page.fill("#password", password);
    await this.page.click("button.primary");
    await this.at("/");
  }

  /** Clicks a button by its words and says yes where the page asks again. */
  async press(name: string | RegExp, { sure = false }: { sure?: boolean } = {}): Promise<void> {
    await this.page.locator("main").getByRole("button", { name, exact: typeof name === "string" }).first().click();
    if (sure) await this.page.locator("dialog button[value=yes]").click();
  }

  /** Chooses a file in the browser's own dialog, which the field opens. */
  async choose(field: string, path: string): Promise<void> {
    const opened = this.page.waitForEvent("filechooser");
    await this.page.click(field);
    await (await opened).setFiles(path);
  }

  /** Clicks what hands out a file, and saves that as `path`. Its name. */
  async download(link: string, path: string): Promise<string> {
    const begun = this.page.waitForEvent("download");
    await this.page.locator(link).first().click();
    const file = await begun;
    await file.saveAs(path);
    return file.suggestedFilename();
  }

  /** Waits for what became of a form. */
  async told(text: string | RegExp): Promise<void> {
    await this.page.locator("main .notice").filter({ hasText: text }).first().waitFor();
  }

  /** How much wider than its window the page is, in pixels. */
  sideways(): Promise<number> {
    return this.page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  }

  /** What axe finds serious or critical, a line for each place. `rules`: these alone. */
  async unreachable(rules?: readonly string[]): Promise<string[]> {
    if (!await this.page.evaluate<boolean>("'axe' in globalThis")) await this.page.evaluate(`${axe.source};0`);
    const options = { resultTypes: ["violations"], ...(rules === undefined ? {} : { runOnly: rules }) };
    const found = await this.page.evaluate<AxeFinding[]>(
      `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
    );
    return found.filter(({ impact }) => impact === "serious" || impact === "critical").flatMap((
      { id, impact, nodes },
    ) => nodes.map(({ target, failureSummary }) => `${impact} ${id} at ${target.join(" ")}: ${failureSummary}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}
