/**
 * Users and API tokens.
 *
 * They are no staged settings: who is shut out is shut out at once.
 *
 * @module
 */
import { limits } from "../../../base/limits.ts";
import type { Account } from "../../accounts.ts";
import { userName } from "../../api/schemas.ts";
import { type Role, roles } from "../../identity.ts";
import type { FieldFault } from "../../problem.ts";
import type { UserWish } from "../../users.ts";
import { known } from "../candidate.ts";
import type { Desk, FormCall, FormFields, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Badge, Card, CheckField, ChoiceField, type Column, Table, TextField } from "../parts.tsx";
import { attempt, fieldFault, otherLines, refuseField } from "./attempt.ts";
import { Refused } from "./shared.tsx";
import { mountTokens, Tokens } from "./tokens.tsx";
import { tell } from "../../texts.ts";

const administrator = { role: "administrator" } as const;

/** Adds the pages. */
export function mountUsers(desk: Desk): void {
  desk.page("/users", (call) => Users({ call }), administrator);
  desk.form("/users", { action: "users.create" }, (call) => {
    const { world, identity, fields, words, note } = call;
    const name = fields.text("name");
    note(`user ${name}`);
    return attempt(async () => {
      if (!userName.safeParse(name).success) refuseField("name", tell("fault.user.name"));
      const password = fields.exact("password");
      const certificate = fields.text("certificate");
      const wish = {
        role: roleOf(fields),
        ...(password === "" ? {} : { password }),
        ...(certificate === "" ? {} : { certificate }),
      };
      await world.users.create(name, wish, identity.user);
      return { go: "/users", notice: { kind: "ok", text: words("users.created", { name }) } };
    }, { words, again: (errors) => <Users {...{ call, errors, typed: fields }} /> });
  });
  desk.page("/users/:name", (call) => User({ call }), administrator);
  desk.form("/users/:name", { action: "users.change" }, (call) => {
    const { world, identity, fields, words, params: { name }, note } = call;
    return attempt(async () => {
      const wish: UserWish = { role: roleOf(fields), certificate: fields.text("certificate") || null };
      const password = fields.exact("password");
      if (password !== "") wish.password = password;
      else if (fields.ticked("no_password")) wish.password = null;
      wish.disabled = fields.ticked("disabled");
      note(`role ${wish.role}${wish.password === undefined ? "" : ", password"}${wish.disabled ? ", disabled" : ""}`);
      await world.users.update(name, wish, identity.user);
      return { go: "/users", notice: { kind: "ok", text: words("users.changed", { name }) } };
    }, { words, again: (errors) => <User {...{ call, errors }} /> });
  });
  desk.form("/users/:name/delete", { action: "users.remove" }, (call) => {
    const { world, identity, words, params: { name } } = call;
    return attempt(async () => {
      await world.users.remove(name, identity.user);
      return { go: "/users", notice: { kind: "ok", text: words("users.deleted", { name }) } };
    }, { words, again: (errors) => <User {...{ call, errors }} /> });
  });
  desk.form("/users/:name/second-factor", { action: "users.second_factor" }, async (call) => {
    const { world, words, params: { name } } = call;
    accountOf(call);
    await world.factors.forget(name);
    return { go: "/users", notice: { kind: "ok", text: words("users.reset_done", { name }) } };
  });
  mountTokens(desk, (call, shown) => <Users {...{ call, ...shown }} />);
}

function roleOf(fields: FormFields): Role {
  return known(roles.find((role) => role === fields.text("role")));
}

/** Roles to choose from, the weakest first. */
export function roleChoices(words: PageCall["words"]): [string, string][] {
  return roles.map((role) => [role, words(`role.${role}`)]);
}

function accountOf({ world, params }: PageCall): Account {
  return known(world.accounts.find(params.name));
}

interface UsersProps {
  call: PageCall;
  errors?: readonly FieldFault[];
  typed?: FormFields;
  /** A token that was made just now. */
  secret?: string;
}

const newUserFields = ["name", "password", "certificate", "token_name", "days"];

async function Users({ call, errors = [], typed, secret }: UsersProps): Promise<View> {
  const { page, words, world, identity } = call;
  const rows = await Promise.all(
    world.accounts.list().map(async (account) => ({ account, factor: await world.factors.of(account.name) })),
  );
  const columns: Column<typeof rows[number]>[] = [
    {
      title: words("users.name"),
      names: true,
      cell: ({ account: { name } }) => (
        <span class="row">
          <a href={`/users/${encodeURIComponent(name)}`}>{name}</a>
          {name === identity.user && <Badge tone="accent">{words("users.you")}</Badge>}
        </span>
      ),
    },
    { title: words("users.role"), cell: ({ account: { role } }) => words(`role.${role}`) },
    { title: words("users.login"), cell: ({ account }) => loginText(account, words) },
    {
      title: words("users.factor"),
      cell: ({ factor }) => factor === undefined ? words("common.off") : <Badge tone="ok">{words("common.on")}</Badge>,
    },
  ];
  const lines = otherLines(errors, newUserFields);
  const field = (id: string) => ({ id, value: typed?.text(id) ?? "", error: fieldFault(errors, id) });
  return (
    <Page page={{ ...page, path: "/users" }} title={words("nav.users")} about={words("users.about")}>
      {lines.length > 0 && <Refused text={words("common.errors")} lines={lines} />}
      <Card title={words("users.list")} flush>
        <Table columns={columns} rows={rows} caption={words("users.list")} />
      </Card>
      <Card title={words("users.new")}>
        <p class="muted">{words("users.at_once")}</p>
        <form method="post" action="/users">
          <Csrf page={page} />
          <div class="two">
            <TextField {...field("name")} label={words("users.name")} autocomplete="off" required />
            <ChoiceField
              id="role"
              label={words("users.role")}
              value={typed?.text("role") ?? "read-only"}
              choices={roleChoices(words)}
            />
            <TextField
              {...field("password")}
              value=""
              type="password"
              label={words("users.new_password", { count: limits.adminPasswordCharactersMin })}
              hint={words("users.password_hint")}
              autocomplete="new-password"
            />
            <TextField
              {...field("certificate")}
              label={words("users.certificate_name")}
              hint={words("users.certificate_hint")}
              autocomplete="off"
            />
          </div>
          <div>
            <button type="submit" class="primary">{words("users.create")}</button>
          </div>
        </form>
      </Card>
      <Tokens {...{ call, errors, typed, secret }} />
    </Page>
  );
}

function loginText({ password_hash, certificate, disabled }: Account, words: PageCall["words"]): string {
  if (disabled) return words("users.disabled");
  const ways = [
    password_hash === undefined ? [] : words("users.password"),
    certificate === undefined ? [] : `${words("users.certificate")} (${certificate})`,
  ].flat();
  return ways.join(", ") || words("users.nothing");
}

async function User(
  { call, errors = [] }: { call: FormCall | PageCall; errors?: readonly FieldFault[] },
): Promise<View> {
  const { page, words, world } = call;
  const typed = "fields" in call ? call.fields : undefined;
  const { name, role, password_hash, certificate, disabled = false } = accountOf(call);
  const factor = await world.factors.of(name);
  const at = `/users/${encodeURIComponent(name)}`;
  const lines = otherLines(errors, ["password", "certificate"]);
  return (
    <Page
      page={{ ...page, path: at }}
      title={name}
      about={words(`role.${role}`)}
      above={{ path: "/users", title: words("nav.users") }}
    >
      {lines.length > 0 && <Refused text={words("common.errors")} lines={lines} />}
      <Card>
        <form method="post" action={at}>
          <Csrf page={page} />
          <ChoiceField
            id="role"
            label={words("users.role")}
            value={typed?.text("role") || role}
            choices={roleChoices(words)}
          />
          <TextField
            id="password"
            type="password"
            label={words("users.other_password")}
            hint={words("users.other_password_hint")}
            error={fieldFault(errors, "password")}
            autocomplete="new-password"
          />
          {password_hash !== undefined && (
            <CheckField id="no_password" label={words("users.no_password")} checked={false} />
          )}
          <TextField
            id="certificate"
            label={words("users.certificate_name")}
            hint={words("users.certificate_hint")}
            value={typed?.text("certificate") ?? certificate ?? ""}
            error={fieldFault(errors, "certificate")}
            autocomplete="off"
          />
          <CheckField
            id="disabled"
            label={words("users.disable")}
            hint={words("users.disable_hint")}
            checked={typed?.ticked("disabled") ?? disabled}
          />
          <div class="row">
            <button type="submit" class="primary">{words("common.save")}</button>
            <button
              type="submit"
              class="danger"
              formaction={`${at}/delete`}
              data-confirm={words("users.delete_sure", { name })}
            >
              {words("common.delete")}
            </button>
          </div>
        </form>
      </Card>
      {factor !== undefined && (
        <Card title={words("users.factor")}>
          <p>{words("users.reset_about")}</p>
          <form method="post" action={`${at}/second-factor`}>
            <Csrf page={page} />
            <div>
              <button type="submit" class="danger">{words("users.reset_factor")}</button>
            </div>
          </form>
        </Card>
      )}
    </Page>
  );
}
