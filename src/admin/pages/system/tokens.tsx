/**
 * API tokens on the users' page: made with an end, shown once, revoked.
 *
 * @module
 */
import { limits } from "../../../base/limits.ts";
import { roles } from "../../identity.ts";
import { type FieldFault, Problem, saying } from "../../problem.ts";
import type { TokenFacts } from "../../tokens.ts";
import { known } from "../candidate.ts";
import type { Desk, FormFields, PageCall } from "../desk.tsx";
import { Csrf, NoticeBox, type View } from "../frame.tsx";
import { Badge, Card, ChoiceField, type Column, Empty, Table, TextField } from "../parts.tsx";
import { attempt, fieldFault, refuseField } from "./attempt.ts";
import { tell } from "../../texts.ts";

const dayMs = 86_400_000;

/** What the page with the tokens is drawn with. */
export interface TokensShown {
  errors?: readonly FieldFault[];
  typed?: FormFields;
  secret?: string;
}

/** Adds the forms. `again`: the page that they are on. */
export function mountTokens(desk: Desk, again: (call: PageCall, shown: TokensShown) => View): void {
  desk.form("/tokens", { action: "tokens.create" }, (call) => {
    const { world, identity, fields, words, note } = call;
    // Else a token that was stolen would outlive its end.
    if (identity.via === "token") throw new Problem(403, saying(tell("fault.token.tokens")));
    return attempt(async () => {
      const name = fields.text("token_name");
      if (!/^[^\p{C}]{1,100}$/u.test(name)) refuseField("token_name", words("users.token_name_wrong"));
      const days = /^\d{1,5}$/.test(fields.text("days")) ? Number(fields.text("days")) : 0;
      const max = limits.apiTokenDaysMax;
      if (days < 1 || days > max) refuseField("days", words("users.token_days_wrong", { max }));
      const role = known(roles.find((each) => each === fields.text("token_role")));
      const made = await world.tokens.make({ name, role, user: identity.user, life: days * dayMs });
      if (made === undefined) {
        throw new Problem(409, saying(tell("fault.token.many", { max: limits.apiTokensMax })));
      }
      note(`token ${made.token.id}, ${name}, role ${role}, ${days} days`);
      return { show: again(call, { secret: made.secret }) };
    }, { words, again: (errors) => again(call, { errors, typed: fields }) });
  });
  desk.form("/tokens/:id/revoke", { action: "tokens.revoke" }, async ({ world, params, words }) => {
    const gone = await world.tokens.revoke(({ id }) => id === params.id);
    if (gone.length === 0) throw new Problem(404);
    return { go: "/users", notice: { kind: "ok", text: words("users.revoked") } };
  });
}

/** The cards. */
export async function Tokens(
  { call, errors = [], typed, secret }: TokensShown & { call: PageCall },
): Promise<View> {
  const { page, words, world } = call;
  const now = world.clock.now();
  const max = limits.apiTokenDaysMax;
  const columns: Column<TokenFacts>[] = [
    { title: words("users.token_name"), names: true, cell: ({ name }) => <span class="break">{name}</span> },
    { title: words("users.role"), cell: ({ role }) => words(`role.${role}`) },
    { title: words("users.token_owner"), cell: ({ user }) => user },
    { title: words("users.token_created"), cell: ({ created }) => words.day(created) },
    {
      title: words("users.token_expires"),
      cell: ({ expires }) =>
        expires <= now ? <Badge tone="warn">{words("users.token_expired")}</Badge> : words.day(expires),
    },
    { title: words("users.token_used"), cell: ({ used }) => used === null ? words("common.never") : words.time(used) },
    {
      title: words("common.actions"),
      cell: ({ id, name }) => (
        <form
          class="inline"
          method="post"
          action={`/tokens/${id}/revoke`}
          data-confirm={words("users.revoke_sure", { name })}
        >
          <Csrf page={page} />
          <button type="submit" class="danger" aria-label={`${words("users.revoke")}: ${name}`}>
            {words("users.revoke")}
          </button>
        </form>
      ),
    },
  ];
  return (
    <>
      {secret !== undefined && (
        <Card title={words("users.token_new")}>
          <NoticeBox notice={{ kind: "ok", text: words("users.token_made") }} />
          <pre class="break once" tabindex={0} aria-label={words("users.token_new")}>{secret}</pre>
        </Card>
      )}
      <Card title={words("users.tokens")} flush>
        <Table
          columns={columns}
          rows={await world.tokens.list()}
          caption={words("users.tokens")}
          empty={
            <Empty title={words("users.tokens_none")}>
              <p>{words("users.tokens_none_hint")}</p>
            </Empty>
          }
        />
      </Card>
      <Card title={words("users.token_new")}>
        <form method="post" action="/tokens">
          <Csrf page={page} />
          <div class="two">
            <TextField
              id="token_name"
              label={words("users.token_name")}
              value={typed?.text("token_name") ?? ""}
              error={fieldFault(errors, "token_name")}
              autocomplete="off"
              required
            />
            <ChoiceField
              id="token_role"
              label={words("users.role")}
              value={typed?.text("token_role") || "read-only"}
              choices={roles.map((role) => [role, words(`role.${role}`)])}
            />
            <TextField
              id="days"
              label={words("users.token_days", { max })}
              value={typed?.text("days") || "90"}
              error={fieldFault(errors, "days")}
              inputmode="numeric"
              required
            />
          </div>
          <div>
            <button type="submit" class="primary">{words("users.create")}</button>
          </div>
        </form>
      </Card>
    </>
  );
}
