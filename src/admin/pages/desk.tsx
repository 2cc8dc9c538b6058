/**
 * From a request to a page, and from a form to what it does.
 *
 * Every page is added by {@linkcode Desk.page} and every form by {@linkcode Desk.form}: they see to the login, the role, the language, the audit log and
 * what was said last, so that a page is only its words and parts. The guard has refused forms from elsewhere before anything here runs.
 *
 * @module
 */
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { limits } from "../../base/limits.ts";
import { causeOf } from "../../base/text.ts";
import type { ApiApp } from "../api/operation.ts";
import { fullFormOf } from "../form.ts";
import { type Identity, mayAct, type Role } from "../identity.ts";
import { Problem } from "../problem.ts";
import type { AdminEnv, AdminWorld } from "../world.ts";
import { type Notice, Page, type PageFacts, type View } from "./frame.tsx";
import { languageCookie, languageFor } from "./language.ts";
import { type Words, wordsOf } from "./words.ts";
import { faultWords, problemWords } from "./faults.ts";

/** The cookie of the theme switch. */
export const themeCookie = "postern-theme";

/** What a page is made with. */
export interface PageCall {
  page: PageFacts;
  words: Words;
  world: AdminWorld;
  identity: Identity;
  /** Of the address. */
  query: URLSearchParams;
  /** Of the path: `:name`. */
  params: Record<string, string>;
  signal: AbortSignal;
  context: Context<AdminEnv>;
}

/** What a form does with what was typed. */
export interface FormCall extends PageCall {
  fields: FormFields;
  /** Says more of what is done in the audit log's line. */
  note(detail: string): void;
}

/** What became of a form. */
export type FormEnd =
  /** It is done: the browser goes there, where the notice is told. */
  | { go: string; notice?: Notice }
  /** It is done, and this is to be seen at once: what is shown a single time, or what another address could not show; or a file. */
  | { show: View | Response }
  /** It cannot be done: the same page again, with what was typed and what is wrong. */
  | { again: View };

/** A page: a view, or an answer of its own (a file, a stream). */
export type PageView = (call: PageCall) => View | Response | Promise<View | Response>;

/** What was typed into a form. */
export class FormFields {
  readonly #body: ReadonlyMap<string, readonly (string | File)[]>;

  constructor(body: Record<string, string | File | (string | File)[]>) {
    this.#body = new Map(Object.entries(body).map(([name, value]) => [name, Array.isArray(value) ? value : [value]]));
  }

  /** Every name that was sent. */
  get names(): string[] {
    return [...this.#body.keys()];
  }

  /** A text without spaces around it; empty where there is none. */
  text(name: string): string {
    const [value] = this.#body.get(name) ?? [];
    return typeof value === "string" ? value.trim() : "";
  }

  /** A text as it was typed: a password. */
  exact(name: string): string {
    const [value] = this.#body.get(name) ?? [];
    return typeof value === "string" ? value : "";
  }

  /** All texts of a name, as of several boxes. */
  list(name: string): string[] {
    return (this.#body.get(name) ?? []).filter((value): value is string => typeof value === "string");
  }

  /** The lines of a text field that are not empty. */
  lines(name: string): string[] {
    return this.exact(name).split(/\r\n|\r|\n/).map((line) => line.trim()).filter((line) => line !== "");
  }

  /** Whether a box was ticked. */
  ticked(name: string): boolean {
    return this.#body.has(name);
  }

  /** A file that was sent; `undefined`: none was chosen. */
  file(name: string): File | undefined {
    const [value] = this.#body.get(name) ?? [];
    return value instanceof File && value.size > 0 ? value : undefined;
  }
}

/** See the module. */
export class Desk {
  readonly #app: ApiApp;
  readonly #world: AdminWorld;
  /** What is to be told on somebody's next page, by his session. */
  readonly #notices = new Map<string, Notice>();

  constructor(app: ApiApp, world: AdminWorld) {
    this.#app = app;
    this.#world = world;
  }

  /** Adds a page. */
  page(path: string, view: PageView, { role = "read-only" }: { role?: Role } = {}): void {
    this.#app.get(path, async (context) => {
      const call = await this.#call(context);
      if (call instanceof Response) return call;
      if (!mayAct(call.identity.role, role)) return this.#forbidden(call, role);
      // Told once, and on a page that is seen whole: not to a piece that keeps itself fresh.
      const notice = this.#notices.get(call.identity.handle);
      if (notice !== undefined) call.page.notice = notice;
      this.#notices.delete(call.identity.handle);
      return answer(context, await view(call));
    });
  }

  /** Adds a piece of a page that keeps itself fresh (`data-live`): no frame. A session that has ended gets 401, and the script loads the page again. */
  piece(path: string, view: PageView): void {
    this.#app.get(path, async (context) => {
      const call = await this.#call(context);
      if (call instanceof Response) return context.body(null, 401);
      const made = await view(call);
      return made instanceof Response ? made : context.html(await rendered(made));
    });
  }

  /** Adds a form. `action` is its word in the audit log: `queue.delete`. */
  form(
    path: string,
    { action, role = "administrator" }: { action: string; role?: Role },
    act: (call: FormCall) => FormEnd | Promise<FormEnd>,
  ): void {
    this.#app.post(path, async (context) => {
      const call = await this.#call(context);
      if (call instanceof Response) return call;
      const { identity, params } = call;
      const details: string[] = [];
      const audit = (ok: boolean, detail?: string) =>
        this.#world.audit.note({
          action,
          ok,
          user: identity.user,
          via: identity.via,
          address: context.var.client.address,
          target: Object.values(params).join(" ") || undefined,
          detail: [...details, detail ?? []].flat().join("; ") || undefined,
        });
      if (!mayAct(identity.role, role)) {
        audit(false, `it takes the role ${role}`);
        return this.#forbidden(call, role);
      }
      try {
        const fields = new FormFields(await fullFormOf(context));
        const end = await act({ ...call, fields, note: (detail) => void details.push(detail) });
        audit(!("again" in end));
        if ("show" in end) return answer(context, end.show);
        if ("again" in end) return answer(context, end.again, 422);
        if (end.notice !== undefined) this.#tell(identity, end.notice);
        return context.redirect(end.go, 303);
      } catch (error) {
        audit(false, causeOf(error));
        throw error;
      }
    });
  }

  /** A page that says what went wrong. `undefined`: nobody is logged in, or it cannot be made. */
  async problem(context: Context<AdminEnv>, problem: Problem): Promise<Response | undefined> {
    const call = await this.#call(context);
    if (call instanceof Response) return undefined;
    const { words, page } = call;
    const { status, words: { detail, errors = [] } } = problem;
    const known = status === 404 ? "not_found" : status === 500 ? "failed" : undefined;
    const shown = known === undefined ? words(`problem.${status}`) : words(`error.${known}.title`);
    const lines = [
      detail === undefined ? [] : problemWords(words, problem),
      ...errors.map((fault) => [fault.path, faultWords(words, fault)].filter((part) => part !== "").join(": ")),
    ];
    const view = (
      <Page page={page} title={shown}>
        {known !== undefined && <p>{words(`error.${known}.text`)}</p>}
        {lines.flat().map((line) => <p class="break">{line}</p>)}
      </Page>
    );
    return await answer(context, view, status);
  }

  #forbidden({ page, words, context }: PageCall, role: Role): Promise<Response> {
    const view = (
      <Page page={page} title={words("error.forbidden.title")}>
        <p>{words("error.forbidden.text", { role: words(`role.${role}`) })}</p>
      </Page>
    );
    return answer(context, view, 403);
  }

  #tell(identity: Identity, notice: Notice): void {
    this.#notices.delete(identity.handle);
    this.#notices.set(identity.handle, notice);
    // Whoever never comes back for his notice leaves it here.
    if (this.#notices.size > limits.adminSessionsMax) this.#notices.delete(this.#notices.keys().next().value!);
  }

  /** What a page is made with, or the way to the login. */
  async #call(context: Context<AdminEnv>): Promise<PageCall | Response> {
    const world = this.#world;
    const { identity } = context.var;
    if (identity === undefined) return context.redirect(world.setup.needed ? "/setup" : "/login", 303);
    const words = wordsFor(context);
    const { pressure, suspended, hostname } = world.vitals();
    const isSuspended = suspended.listeners === "all" || suspended.listeners.length > 0 ||
      suspended.delivery === "all" || suspended.delivery.length > 0;
    const url = new URL(context.req.url);
    const page: PageFacts = {
      words,
      identity,
      theme: themeFor(context),
      path: url.pathname,
      hostname,
      condition: !pressure.healthy ? "trouble" : isSuspended ? "suspended" : "serving",
      pending: await world.staging.changed(identity.user),
    };
    return {
      page,
      words,
      world,
      identity,
      query: url.searchParams,
      params: context.req.param() as Record<string, string>,
      signal: context.req.raw.signal,
      context,
    };
  }
}

/** The words for a browser, logged in or not. */
export function wordsFor(context: Context): Words {
  return wordsOf(languageFor({
    chosen: getCookie(context, languageCookie),
    accepted: context.req.header("Accept-Language"),
  }));
}

/** The theme that the switch was set to. */
export function themeFor(context: Context): "light" | "dark" | undefined {
  const theme = getCookie(context, themeCookie);
  return theme === "light" || theme === "dark" ? theme : undefined;
}

/** A view as a whole document. */
export async function answer(
  context: Context,
  view: View | Response,
  status: 200 | Problem["status"] = 200,
): Promise<Response> {
  if (view instanceof Response) return view;
  return context.html(`<!doctype html>${await rendered(view)}`, status);
}

async function rendered(view: View): Promise<string> {
  // A tree of JSX is a string, or the promise of one where a part of it waits for something.
  return String(await <>{view}</>);
}
