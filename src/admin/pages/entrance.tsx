/**
 * The ways in: the set-up of the first administrator, login, logout; and the first page.
 *
 * @module
 */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { admit, setUp } from "../api/login.ts";
import type { ApiApp } from "../api/operation.ts";
import { csrfField } from "../csrf.ts";
import { identityOf, sessionIdOf, takeSession } from "../guard.ts";
import { type FieldFault, Problem } from "../problem.ts";
import { limits } from "../../base/limits.ts";
import type { AdminEnv, AdminWorld } from "../world.ts";
import { Layout } from "./layout.tsx";

/** Adds the pages. */
export function mountEntrance(app: ApiApp, world: AdminWorld): void {
  app.get("/", (context) => {
    if (context.var.identity === undefined) return context.redirect(world.setup.needed ? "/setup" : "/login", 303);
    return context.html(<Home context={context} />);
  });
  app.get("/login", (context) => context.html(<Login needed={world.setup.needed} />));
  app.post("/login", async (context) => {
    const { user = "", password = "", code = "" } = await fieldsOf(context);
    const { address } = context.var.client;
    const end = await world.login.login({ user, password, code, address, before: sessionIdOf(context) });
    return await orAgain(
      context,
      () => admit(context, end),
      (problem) => <Login user={user} problem={problem} needed={false} />,
    );
  });
  app.post("/logout", (context) => {
    const id = sessionIdOf(context);
    if (id !== undefined) world.sessions.end(id);
    takeSession(context);
    return context.redirect("/login", 303);
  });
  app.get(
    "/setup",
    (context) => context.html(<SetUp token={context.req.query("token") ?? ""} needed={world.setup.needed} />),
  );
  app.post("/setup", async (context) => {
    const { token = "", user = "", password = "", again = "" } = await fieldsOf(context);
    return await orAgain(context, async () => {
      if (password !== again) throw new Problem(422, { errors: [{ path: "again", detail: "is not the same" }] });
      admit(context, await setUp(world, { token, user, password }, context.var.client.address));
    }, (problem) => <SetUp token={token} user={user} problem={problem} needed={world.setup.needed} />);
  });
}

/** The texts of a form. */
async function fieldsOf(context: Context<AdminEnv>): Promise<Record<string, string>> {
  const body = await context.req.parseBody();
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Does it and goes to the first page, or shows the form again with what is wrong. */
async function orAgain(
  context: Context<AdminEnv>,
  act: () => unknown,
  again: (problem: Problem) => Child,
): Promise<Response> {
  try {
    await act();
    return context.redirect("/", 303);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return await context.html(again(error) as string, error.status, error.words.headers);
  }
}

function Faults({ problem }: { problem?: Problem }): Child {
  if (problem === undefined) return null;
  const { detail, errors = [] } = problem.words;
  return (
    <div role="alert">
      <p>{detail ?? problem.title}</p>
      {errors.map(({ path, detail }: FieldFault) => <p>{path}: {detail}</p>)}
    </div>
  );
}

function Login({ user = "", problem, needed }: { user?: string; problem?: Problem; needed: boolean }): Child {
  return (
    <Layout title="Log in">
      <h1>Log in</h1>
      {needed && (
        <p>
          There is no user yet: open the set-up link, which <code>postern setup-link</code> prints.
        </p>
      )}
      <Faults problem={problem} />
      <form method="post" action="/login">
        <p>
          <label for="user">User</label> <input id="user" name="user" value={user} autocomplete="username" required />
        </p>
        <p>
          <label for="password">Password</label>{" "}
          <input id="password" name="password" type="password" autocomplete="current-password" required />
        </p>
        <p>
          <label for="code">Code, where a second factor is on</label>{" "}
          <input id="code" name="code" autocomplete="one-time-code" />
        </p>
        <button type="submit">Log in</button>
      </form>
    </Layout>
  );
}

function SetUp(
  { token, user = "", problem, needed }: { token: string; user?: string; problem?: Problem; needed: boolean },
): Child {
  return (
    <Layout title="Set-up">
      <h1>The first administrator</h1>
      <Faults problem={problem} />
      {needed
        ? (
          <form method="post" action="/setup">
            <input type="hidden" name="token" value={token} />
            <p>
              <label for="user">User</label>{" "}
              <input id="user" name="user" value={user} autocomplete="username" required />
            </p>
            <p>
              <label for="password">Password, at least {limits.adminPasswordCharactersMin} characters</label>{" "}
              <input id="password" name="password" type="password" autocomplete="new-password" required />
            </p>
            <p>
              <label for="again">The same again</label>{" "}
              <input id="again" name="again" type="password" autocomplete="new-password" required />
            </p>
            <button type="submit">Make the administrator</button>
          </form>
        )
        : (
          <p>
            There is an administrator already. <a href="/login">Log in</a>
          </p>
        )}
    </Layout>
  );
}

function Home({ context }: { context: Context<AdminEnv> }): Child {
  const { user, role, csrf } = identityOf(context);
  return (
    <Layout title="Postern">
      <h1>Postern</h1>
      <p>Logged in as {user}, {role}.</p>
      <form method="post" action="/logout">
        <input type="hidden" name={csrfField} value={csrf} />
        <button type="submit">Log out</button>
      </form>
    </Layout>
  );
}
