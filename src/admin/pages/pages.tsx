/**
 * The pages, and their files.
 *
 * @module
 */
import type { Context } from "hono";
import type { ApiApp } from "../api/operation.ts";
import { assetAnswer } from "../assets.ts";
import { formOf } from "../form.ts";
import { Problem } from "../problem.ts";
import type { AdminEnv, AdminWorld } from "../world.ts";
import { answer, Desk, themeFor, wordsFor } from "./desk.tsx";
import { mountEntrance } from "./entrance.tsx";
import { DoorPage } from "./frame.tsx";
import { isLanguage, languageCookie } from "./language.ts";
import { mountOverview } from "./monitor/overview.tsx";
import { mountDelivery } from "./monitor/delivery.tsx";
import { mountQueue } from "./monitor/queue.tsx";
import { mountTls } from "./monitor/tls.tsx";
import { mountTracking } from "./monitor/tracking.tsx";
import { mountNetwork } from "./network/network.ts";
import { mountDestinations } from "./policies/destinations.tsx";
import { mountChanges } from "./system/changes.tsx";
import { mountOwnAccount } from "./system/account.tsx";
import { mountUsers } from "./system/users.tsx";
import { mountAudit } from "./system/audit.tsx";
import { mountBackups } from "./system/backup.tsx";
import { mountAlerts } from "./system/alerts.tsx";
import { mountLog } from "./system/log.tsx";
import { mountLogs } from "./system/logs.tsx";
import { mountShutdown } from "./system/shutdown.tsx";
import { mountSsl } from "./system/ssl.tsx";
import { mountConfiguration } from "./system/configuration.tsx";
import { mountBounces } from "./policies/bounces.tsx";
import { mountFlow } from "./policies/flow.tsx";
import { mountHat } from "./policies/hat.tsx";
import { mountRecipients } from "./policies/rat.tsx";
import { mountTrace } from "./policies/trace.tsx";
import { setCookie } from "hono/cookie";

/** Answers a browser with a page that says what went wrong; programs get the document. */
export type ProblemPage = (context: Context<AdminEnv>, problem: Problem) => Promise<Response | undefined>;

/** Adds the pages. */
export function mountPages(app: ApiApp, world: AdminWorld): ProblemPage {
  app.get("/assets/:name", (context) => {
    const file = assetAnswer(context, context.req.param("name"));
    if (file === undefined) throw new Problem(404);
    return file;
  });
  const desk = new Desk(app, world);
  mountEntrance(app, world);
  mountOverview(desk);
  mountTls(desk);
  mountDelivery(desk);
  mountQueue(desk);
  mountTracking(desk);
  mountDestinations(desk);
  mountNetwork(desk);
  mountChanges(desk);
  mountConfiguration(desk);
  mountBackups(desk);
  mountAudit(desk);
  mountBounces(desk);
  mountFlow(desk);
  mountAlerts(desk);
  mountLog(desk);
  mountLogs(desk);
  mountShutdown(desk);
  mountSsl(desk);
  mountHat(desk);
  mountUsers(desk);
  mountOwnAccount(desk);
  mountRecipients(desk);
  mountTrace(desk);
  app.post("/language", async (context) => {
    const { language, back } = await formOf(context);
    if (typeof language === "string" && isLanguage(language)) {
      setCookie(context, languageCookie, language, { path: "/", secure: true, sameSite: "Strict", maxAge: 31_536_000 });
    }
    // A path of ours: `//elsewhere` and `/\elsewhere` lead away.
    return context.redirect(typeof back === "string" && /^\/(?![/\\])[\x21-\x7e]*$/.test(back) ? back : "/", 303);
  });
  return async (context, problem) => {
    if (!(context.req.header("Accept") ?? "").includes("text/html")) return undefined;
    if (problem.status === 401 && context.req.method === "GET") return context.redirect("/login", 303);
    const page = await desk.problem(context, problem);
    if (page !== undefined) return page;
    const { title, status, words: { detail, headers } } = problem;
    const words = wordsFor(context);
    const view = (
      <DoorPage page={{ words, theme: themeFor(context) }} title={title}>
        {detail !== undefined && <p class="break">{detail}</p>}
        <p>
          <a href="/login">{words("entrance.login")}</a>
        </p>
      </DoorPage>
    );
    const made = await answer(context, view, status);
    for (const [name, value] of Object.entries(headers ?? {})) made.headers.set(name, value);
    return made;
  };
}
