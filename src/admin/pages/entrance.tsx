/**
 * The ways in: the set-up of the first administrator, login, logout.
 *
 * @module
 */
import type { Context } from "hono";
import { limits } from "../../base/limits.ts";
import { admit, setUp } from "../api/login.ts";
import type { ApiApp } from "../api/operation.ts";
import { formOf } from "../form.ts";
import { sessionIdOf, takeSession } from "../guard.ts";
import { type FieldFault, Problem, saying } from "../problem.ts";
import type { AdminEnv, AdminWorld } from "../world.ts";
import { answer, themeFor, wordsFor } from "./desk.tsx";
import { faultWords } from "./faults.ts";
import { DoorPage, NoticeBox, type PageFacts, type View } from "./frame.tsx";
import { TextField } from "./parts.tsx";
import type { Words } from "./words.ts";
import { tell } from "../texts.ts";
import { newPasswordFault } from "../users.ts";
import { userName } from "../api/schemas.ts";

/** What a page before the login knows. */
type Door = Pick<PageFacts, "words" | "theme">;

/** Adds the pages. */
export function mountEntrance(app: ApiApp, world: AdminWorld): void {
  const doorOf = (context: Context<AdminEnv>): Door => ({ words: wordsFor(context), theme: themeFor(context) });
  const login = (context: Context<AdminEnv>, state: { user?: string; problem?: Problem }) => {
    const { certificate } = context.var.client;
    return <Login {...{ door: doorOf(context), needed: world.setup.needed, certificate, ...state }} />;
  };
  app.get("/login", (context) => answer(context, login(context, {})));
  app.post("/login", async (context) => {
    const { user = "", password = "", code = "", by } = await fieldsOf(context);
    const { address, certificate } = context.var.client;
    const before = sessionIdOf(context);
    const end = by === "certificate" && certificate !== undefined
      ? world.login.byCertificate(certificate, { address, before })
      : await world.login.login({ user, password, code, address, before });
    return await orAgain(context, () => admit(context, end), (problem) => login(context, { user, problem }));
  });
  app.post("/logout", (context) => {
    const id = sessionIdOf(context);
    if (id !== undefined) world.sessions.end(id);
    takeSession(context);
    return context.redirect("/login", 303);
  });

  const setup = (context: Context<AdminEnv>, state: { token: string; user?: string; problem?: Problem }) => (
    <SetUp {...{ door: doorOf(context), needed: world.setup.needed, ...state }} />
  );
  app.get("/setup", (context) => answer(context, setup(context, { token: context.req.query("token") ?? "" })));
  app.post("/setup", async (context) => {
    const { token = "", user = "", password = "", again = "" } = await fieldsOf(context);
    return await orAgain(context, async () => {
      const errors = setUpFaults({ user, password, again });
      if (errors.length > 0) throw new Problem(422, { errors });
      admit(context, await setUp(world, { token, user, password }, context.var.client.address));
    }, (problem) => setup(context, { token, user, problem }));
  });
}

/** Everything that is wrong at once, each beside its field. */
function setUpFaults({ user, password, again }: Record<"user" | "password" | "again", string>): FieldFault[] {
  const short = newPasswordFault(password, user);
  return [
    ...(userName.safeParse(user).success ? [] : [{ path: "user", ...saying(tell("fault.user.name")) }]),
    ...(short === undefined ? [] : [{ path: "password", ...saying(short) }]),
    ...(password === again ? [] : [{ path: "again", ...saying(tell("fault.user.same")) }]),
  ];
}

/** The texts of a form. */
async function fieldsOf(context: Context<AdminEnv>): Promise<Record<string, string>> {
  const body = await formOf(context);
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Does it and goes to the first page, or shows the form again with what is wrong. */
async function orAgain(
  context: Context<AdminEnv>,
  act: () => unknown,
  again: (problem: Problem) => View,
): Promise<Response> {
  try {
    await act();
    return context.redirect("/", 303);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const made = await answer(context, again(error), error.status);
    for (const [name, value] of Object.entries(error.words.headers ?? {})) made.headers.set(name, value);
    return made;
  }
}

/** What is wrong with one field. */
function faultOf(
  { words, problem }: { words: Words; problem: Problem | undefined },
  field: string,
): string | undefined {
  const fault = problem?.words.errors?.find(({ path }) => path === field);
  return fault && faultWords(words, fault);
}

/** What is wrong with the whole. */
function Fault(
  { words, problem, fields }: { words: Words; problem: Problem | undefined; fields: readonly string[] },
): View {
  if (problem === undefined) return null;
  const { detail, told, errors = [] } = problem.words;
  const lines = errors.filter(({ path }) => !fields.includes(path))
    .map((fault) => `${fault.path} ${faultWords(words, fault)}`);
  const text = detail === undefined ? words("common.marked") : faultWords(words, { detail, told });
  return <NoticeBox notice={{ kind: "bad", text, lines }} />;
}

function Login(
  { door, user = "", problem, needed, certificate }: {
    door: Door;
    user?: string;
    problem?: Problem;
    needed: boolean;
    certificate?: readonly string[];
  },
): View {
  const { words } = door;
  return (
    <DoorPage page={door} title={words("entrance.login")} back="/login">
      {needed && <NoticeBox notice={{ kind: "warn", text: words("entrance.no_user") }} />}
      <Fault words={words} problem={problem} fields={[]} />
      {certificate !== undefined && (
        <form method="post" action="/login">
          <input type="hidden" name="by" value="certificate" />
          <button type="submit">{words("entrance.certificate")}</button>
        </form>
      )}
      <form method="post" action="/login">
        <TextField id="user" label={words("entrance.user")} value={user} autocomplete="username" required />
        <TextField
          id="password"
          type="password"
          label={words("entrance.password")}
          autocomplete="current-password"
          required
        />
        <TextField id="code" label={words("entrance.code")} autocomplete="one-time-code" />
        <button type="submit" class="primary">{words("entrance.login")}</button>
      </form>
    </DoorPage>
  );
}

function SetUp(
  { door, token, user = "", problem, needed }: {
    door: Door;
    token: string;
    user?: string;
    problem?: Problem;
    needed: boolean;
  },
): View {
  const { words } = door;
  const field = (id: string) => ({ id, error: faultOf({ words, problem }, id) });
  const count = limits.adminPasswordCharactersMin;
  if (!needed) {
    return (
      <DoorPage page={door} title={words("entrance.setup")}>
        <p>{words("entrance.there_is")}</p>
        <p>
          <a href="/login">{words("entrance.login")}</a>
        </p>
      </DoorPage>
    );
  }
  return (
    <DoorPage page={door} title={words("entrance.setup")} back={`/setup?${new URLSearchParams({ token })}`}>
      <p class="muted">{words("entrance.setup.about")}</p>
      <Fault words={words} problem={problem} fields={["user", "password", "again"]} />
      <form method="post" action="/setup">
        <input type="hidden" name="token" value={token} />
        <TextField {...field("user")} label={words("entrance.user")} value={user} autocomplete="username" required />
        <TextField
          {...field("password")}
          type="password"
          label={words("entrance.new_password", { count })}
          autocomplete="new-password"
          required
        />
        <TextField
          {...field("again")}
          type="password"
          label={words("entrance.again")}
          autocomplete="new-password"
          required
        />
        <button type="submit" class="primary">{words("entrance.make")}</button>
      </form>
    </DoorPage>
  );
}
