/**
 * One's own account: password, second factor, sessions.
 *
 * @module
 */
import encodeQr from "qr";
import { limits } from "../../../base/limits.ts";
import { beginOwnFactor, changeOwnPassword, confirmOwn, confirmOwnFactor, maySeeSessions } from "../../own_account.ts";
import { type FieldFault, Problem } from "../../problem.ts";
import type { Session } from "../../sessions.ts";
import { newPasswordFault } from "../../users.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { Csrf, NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Facts, Table, TextField } from "../parts.tsx";
import { attempt, fieldFault, otherLines, refuseField } from "./attempt.ts";
import { Refused } from "./shared.tsx";

const anybody = "read-only";

/** Adds the page. */
export function mountOwnAccount(desk: Desk): void {
  desk.page("/account", (call) => Own({ call }));
  desk.form("/account/password", { action: "account.password", role: anybody }, (call) => {
    const { fields, words } = call;
    return attempt(async () => {
      const fresh = fields.exact("fresh");
      if (fresh !== fields.exact("again")) refuseField("again", words("account.differs"));
      const wrong = newPasswordFault(fresh, call.identity.user);
      if (wrong !== undefined) refuseField("fresh", wrong);
      await changeOwnPassword(call, { password: fields.exact("password"), fresh });
      return { go: "/account", notice: { kind: "ok", text: words("account.changed") } };
    }, { words, again: (errors) => <Own {...{ call, errors, about: "password" }} /> });
  });
  desk.form("/account/second-factor", { action: "account.factor_begin", role: anybody }, (call) =>
    attempt(
      async () => ({ show: <Begun {...{ call, begun: await beginOwnFactor(call, call.fields.exact("password")) }} /> }),
      { words: call.words, again: (errors) => <Own {...{ call, errors, about: "factor" }} /> },
    ));
  desk.form("/account/second-factor/confirm", { action: "account.factor_confirm", role: anybody }, (call) =>
    attempt(
      async () => ({ show: <Codes {...{ call, codes: await confirmOwnFactor(call, call.fields.text("code")) }} /> }),
      { words: call.words, again: (errors) => <Begun {...{ call, errors }} /> },
    ));
  desk.form("/account/second-factor/remove", { action: "account.factor_remove", role: anybody }, (call) => {
    const { world, identity, words, fields } = call;
    return attempt(async () => {
      await confirmOwn(call, fields.exact("password"));
      await world.factors.forget(identity.user);
      return { go: "/account", notice: { kind: "ok", text: words("account.factor_removed") } };
    }, { words, again: (errors) => <Own {...{ call, errors, about: "factor" }} /> });
  });
  desk.form("/account/sessions/:handle/end", { action: "sessions.end", role: anybody }, (call) => {
    const { world, identity, params, words } = call;
    const ended = world.sessions.endWhere(({ handle, user }) =>
      handle === params.handle && maySeeSessions(identity, user)
    );
    if (ended === 0) throw new Problem(404);
    return { go: "/account", notice: { kind: "ok", text: words("account.ended") } };
  });
}

interface OwnProps {
  call: PageCall;
  errors?: readonly FieldFault[];
  /** The form that the errors are of. */
  about?: "password" | "factor";
}

async function Own({ call, errors = [], about }: OwnProps): Promise<View> {
  const { page, words, world, identity } = call;
  const fault = (form: OwnProps["about"], path: string) => form === about ? fieldFault(errors, path) : undefined;
  const lines = otherLines(errors, ["password", "fresh", "again"]);
  const factor = await world.factors.of(identity.user);
  return (
    <Page
      page={{ ...page, path: "/account" }}
      title={words("frame.account")}
      about={words("account.about", { user: identity.user, role: words(`role.${identity.role}`) })}
    >
      {lines.length > 0 && <Refused text={words("common.errors")} lines={lines} />}
      <div class="grid">
        <Card title={words("account.password")}>
          <form method="post" action="/account/password">
            <Csrf page={page} />
            <TextField
              id="password"
              type="password"
              label={words("account.present")}
              error={fault("password", "password")}
              autocomplete="current-password"
              required
            />
            <TextField
              id="fresh"
              type="password"
              label={words("account.fresh", { count: limits.adminPasswordCharactersMin })}
              error={fault("password", "fresh")}
              autocomplete="new-password"
              required
            />
            <TextField
              id="again"
              type="password"
              label={words("account.again")}
              error={fault("password", "again")}
              autocomplete="new-password"
              required
            />
            <div>
              <button type="submit" class="primary">{words("account.change")}</button>
            </div>
          </form>
        </Card>
        <Card title={words("account.factor")}>
          <p>
            {factor === undefined
              ? words("account.factor_off")
              : words("account.factor_on", { time: words.time(factor.since), count: factor.recoveryCodes })}
          </p>
          <form method="post" action={`/account/second-factor${factor === undefined ? "" : "/remove"}`}>
            <Csrf page={page} />
            <div class="field">
              <label for="factor-password">{words("account.present")}</label>
              <input
                id="factor-password"
                name="password"
                type="password"
                autocomplete="current-password"
                aria-invalid={fault("factor", "password") === undefined ? undefined : "true"}
                aria-describedby="factor-error"
              />
              <span class="error" id="factor-error">{fault("factor", "password")}</span>
            </div>
            <div>
              <button type="submit" class={factor === undefined ? "primary" : "danger"}>
                {words(factor === undefined ? "account.factor_begin" : "account.factor_remove")}
              </button>
            </div>
          </form>
        </Card>
      </div>
      <SessionList call={call} />
    </Page>
  );
}

function SessionList({ call: { page, words, world, identity } }: { call: PageCall }): View {
  const rows = world.sessions.list().filter(({ user }) => maySeeSessions(identity, user));
  const columns: Column<Session>[] = [
    {
      title: words("users.name"),
      names: true,
      cell: ({ user, handle }) => (
        <span class="row">
          {user}
          {handle === identity.handle && <Badge tone="accent">{words("account.this")}</Badge>}
        </span>
      ),
    },
    { title: words("account.from"), cell: ({ address }) => address },
    { title: words("account.began"), cell: ({ began }) => <span class="nowrap">{words.time(began)}</span> },
    { title: words("account.used"), cell: ({ used }) => <span class="nowrap">{words.time(used)}</span> },
    {
      title: words("common.actions"),
      cell: ({ handle, user, address }) => (
        <form class="inline" method="post" action={`/account/sessions/${handle}/end`}>
          <Csrf page={page} />
          <button type="submit" aria-label={`${words("account.end")}: ${user}, ${address}`}>
            {words("account.end")}
          </button>
        </form>
      ),
    },
  ];
  return (
    <Card title={words("account.sessions")} flush>
      <Table columns={columns} rows={rows} caption={words("account.sessions")} />
    </Card>
  );
}

/** The secret for the app, or only the field of its code where that was wrong. */
function Begun(
  { call: { page, words }, begun, errors = [] }: {
    call: PageCall;
    begun?: { secret: string; uri: string };
    errors?: readonly FieldFault[];
  },
): View {
  return (
    <Page
      page={{ ...page, path: "/account" }}
      title={words("account.factor")}
      above={{ path: "/account", title: words("frame.account") }}
    >
      <Card>
        {begun !== undefined && (
          <>
            <p>{words("account.scan")}</p>
            <QrCode text={begun.uri} label={words("account.qr")} />
            <Facts facts={[[words("account.secret"), <code class="break">{begun.secret}</code>]]} />
          </>
        )}
        <form method="post" action="/account/second-factor/confirm">
          <Csrf page={page} />
          <TextField
            id="code"
            label={words("account.code")}
            error={fieldFault(errors, "code")}
            autocomplete="one-time-code"
            inputmode="numeric"
            required
          />
          <div>
            <button type="submit" class="primary">{words("account.confirm")}</button>
          </div>
        </form>
      </Card>
    </Page>
  );
}

function Codes({ call: { page, words }, codes }: { call: PageCall; codes: readonly string[] }): View {
  return (
    <Page
      page={{ ...page, path: "/account" }}
      title={words("account.codes")}
      above={{ path: "/account", title: words("frame.account") }}
    >
      <NoticeBox notice={{ kind: "ok", text: words("account.done") }} />
      <Card>
        <p>{words("account.codes_about")}</p>
        <ul class="plain mono columns">{codes.map((code) => <li>{code}</li>)}</ul>
        <div>
          <a class="button" href="/account">{words("common.back")}</a>
        </div>
      </Card>
    </Page>
  );
}

/** A QR code as an image that follows no theme: black on white, with its margin. */
function QrCode({ text, label }: { text: string; label: string }): View {
  const rows = encodeQr(text, "raw", { border: 4 });
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => dark ? `M${x} ${y}h1v1h-1z` : [])).join("");
  return (
    <svg viewBox={`0 0 ${rows.length} ${rows.length}`} width="220" height="220" role="img" aria-label={label}>
      <rect width={rows.length} height={rows.length} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
