/**
 * Changes that wait: one's own as a difference with what is wrong, commit and abandon; those of others; and the commit that waits to be confirmed.
 *
 * A commit that changes how the page is reached is answered with a page of its own at once, since the next address may be another: its script
 * comes back over new connections until one carries the confirmation, and tells how long there is.
 *
 * @module
 */
import type { CommitResult, Pending } from "../../../config/stage.ts";
import type { Waiting } from "../../../config/stage_confirm.ts";
import { mayAct } from "../../identity.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, Difference, Empty, folded, TextField } from "../parts.tsx";
import { commentOf, editorText, faultLines, Refused } from "./shared.tsx";

const path = "/configuration/changes";

/** Adds the pages. */
export function mountChanges(desk: Desk): void {
  desk.page(path, (call) => Changes({ call }));
  desk.form("/configuration/commit", { action: "config.commit" }, async (call) => {
    const { world, identity, fields, words, note } = call;
    const again = (notice: View) => <Changes call={call} notice={notice} />;
    const { etag } = await world.staging.source(identity.user);
    // Another window of the same user staged more: nobody commits what he has not seen.
    if (fields.text("etag") !== etag) return { again: again(<Refused text={words("changes.other_candidate")} />) };
    const comment = commentOf(fields.text("comment"));
    if (comment !== undefined) note(comment);
    const wish = { comment, merge: fields.ticked("merge"), from: "page" } as const;
    return afterCommit(call, { result: await world.staging.commit(identity.user, wish), again });
  });
  desk.form("/configuration/abandon", { action: "config.abandon" }, async ({ world, identity, words }) => {
    const was = await world.staging.abandon(identity.user);
    return { go: path, notice: { kind: was ? "ok" : "warn", text: words(was ? "changes.abandoned" : "changes.none") } };
  });
  desk.form("/configuration/confirm", { action: "config.confirm" }, (call) => {
    const { world, fields, words, context } = call;
    const id = Number(fields.text("id"));
    const { kind } = world.staging.confirm(id, { openedAt: context.var.client.opened });
    switch (kind) {
      case "confirmed":
        return { go: path, notice: { kind: "ok", text: words("changes.confirmed") } };
      case "old connection": {
        // HTTP/1.1: the browser's next request opens a new one.
        context.header("Connection", "close");
        return { again: <Changes call={call} notice={<Refused text={words("changes.old_connection")} />} /> };
      }
      case "nothing waits":
        return { go: path, notice: { kind: "warn", text: words("changes.nothing_waits") } };
      default:
        return kind satisfies never;
    }
  });
}

/** What a form says after a commit or a roll back. `again`: its page with a notice above. */
export function afterCommit(
  call: FormCall,
  { result, again }: { result: CommitResult; again: (notice: View) => View },
): FormEnd {
  const { words } = call;
  switch (result.kind) {
    case "committed": {
      const { entry, warnings, confirm } = result;
      if (confirm !== undefined) return { show: <Confirm call={call} waiting={confirm} /> };
      const text = words(entry === undefined ? "changes.same" : "changes.committed");
      const told = folded(words, faultLines(warnings));
      return { go: "/configuration", notice: { kind: warnings.length > 0 ? "warn" : "ok", text, ...told } };
    }
    case "nothing":
      return { go: path, notice: { kind: "warn", text: words("changes.none") } };
    case "faults":
      return { again: again(<Refused text={words("changes.faults")} lines={faultLines(result.errors)} />) };
    case "changed":
      return { again: again(<ChangedMeanwhile call={call} result={result} />) };
    case "not applied":
      return { again: again(<Refused text={words("changes.not_applied")} lines={result.lines} />) };
    case "waiting":
      return { again: again(<Refused text={words("changes.other_waits", { who: result.confirm.who })} />) };
    default:
      return result satisfies never;
  }
}

async function Changes({ call, notice }: { call: PageCall; notice?: View }): Promise<View> {
  const { page, words, world, identity } = call;
  const { waiting } = world.staging;
  const all = await world.staging.pending();
  const own = all.find(({ editor }) => editor === identity.user);
  const others = all.filter(({ editor }) => editor !== identity.user);
  const { etag } = await world.staging.source(identity.user);
  const may = mayAct(identity.role, "administrator");
  return (
    <Page
      page={page}
      title={words("changes.title")}
      about={words("changes.about")}
      above={{ path: "/configuration", title: words("nav.configuration") }}
      scripts={waiting === undefined ? [] : ["confirm.js"]}
    >
      {notice}
      {waiting !== undefined && <WaitingCard call={call} waiting={waiting} />}
      {own === undefined
        ? (
          <Card>
            <Empty title={words("changes.none")}>
              <span>{words("changes.none_about")}</span>
            </Empty>
          </Card>
        )
        : (
          <Card title={words("changes.own")} tools={<Since pending={own} words={words} />}>
            <State pending={own} words={words} />
            <Difference text={own.difference} label={words("changes.own")} />
            {may && (
              <form method="post" action="/configuration/commit">
                <Csrf page={page} />
                <input type="hidden" name="etag" value={etag} />
                <TextField id="comment" label={words("changes.comment")} hint={words("changes.comment_hint")} />
                <div class="row">
                  <button type="submit" class="primary" disabled={own.errors.length > 0}>
                    {words("frame.commit")}
                  </button>
                  <button
                    type="submit"
                    class="danger"
                    formaction="/configuration/abandon"
                    data-confirm={words("changes.abandon_sure")}
                  >
                    {words("changes.abandon")}
                  </button>
                </div>
              </form>
            )}
          </Card>
        )}
      {others.map((pending) => (
        <Card
          title={words("changes.of", { who: pending.editor })}
          tools={<Since pending={pending} words={words} />}
        >
          <State pending={pending} words={words} />
          <Difference text={pending.difference} label={words("changes.of", { who: pending.editor })} />
        </Card>
      ))}
    </Page>
  );
}

interface OnePending {
  pending: Pending;
  words: PageCall["words"];
}

function Since({ pending: { changed, outdated }, words }: OnePending): View {
  return (
    <>
      {outdated && <Badge tone="warn">{words("changes.outdated")}</Badge>}
      <span class="muted small">{words("changes.last", { time: words.time(changed) })}</span>
    </>
  );
}

/** What is wrong with a candidate. */
function State({ pending: { errors, warnings }, words }: OnePending): View {
  return (
    <>
      {errors.length > 0 && <Refused text={words("changes.faults")} lines={faultLines(errors)} />}
      {warnings.length > 0 && (
        <NoticeBox notice={{ kind: "warn", text: words("changes.warnings"), ...folded(words, faultLines(warnings)) }} />
      )}
    </>
  );
}

/** The file says something else than when the changes were begun: what, and by whom. */
function ChangedMeanwhile(
  { call: { page, words, fields }, result: { by, difference, conflicts } }: {
    call: FormCall;
    result: CommitResult & { kind: "changed" };
  },
): View {
  const lines = by.map(({ who, at, comment }) =>
    [words.time(at), editorText(who, words), comment].filter((part) => part !== "").join(" · ")
  );
  return (
    <Card title={words("changes.changed")}>
      <ul class="plain">{lines.map((line) => <li class="break">{line}</li>)}</ul>
      <Difference text={difference} label={words("changes.changed")} />
      {conflicts.length > 0
        ? (
          <Refused
            text={words("changes.conflicts")}
            lines={conflicts.map(({ path, text }) => `${path.join(".")}: ${text}`)}
          />
        )
        : (
          <form method="post" action="/configuration/commit">
            <Csrf page={page} />
            <input type="hidden" name="etag" value={fields.text("etag")} />
            <input type="hidden" name="comment" value={fields.text("comment")} />
            <input type="hidden" name="merge" value="on" />
            <p>{words("changes.merge_about")}</p>
            <div>
              <button type="submit" class="primary">{words("changes.merge")}</button>
            </div>
          </form>
        )}
    </Card>
  );
}

/** The page after a commit, or a restoration, that changes how it is reached. */
export function Confirm({ call, waiting }: { call: PageCall; waiting: Waiting }): View {
  const { page, words } = call;
  return (
    <Page
      page={{ ...page, pending: 0 }}
      title={words("changes.confirm_title")}
      above={{ path: "/configuration", title: words("nav.configuration") }}
      scripts={["confirm.js"]}
    >
      <WaitingCard call={call} waiting={waiting} />
    </Page>
  );
}

function WaitingCard({ call, waiting }: { call: PageCall; waiting: Waiting }): View {
  const { page, words, world, identity } = call;
  const { id, who, until, keys } = waiting;
  const seconds = Math.max(0, Math.ceil((until - world.clock.now()) / 1000));
  const elsewhere = keys.includes("admin.address") ? addressNow(call) : undefined;
  const may = mayAct(identity.role, "administrator");
  return (
    <Card title={words("changes.confirm_title")}>
      <p>{words("changes.confirm_about", { id: `${id}`, who, keys: keys.join(", ") })}</p>
      <div
        data-confirm-commit={may && who === identity.user ? `${id}` : undefined}
        data-seconds={seconds}
        data-left={words("changes.left", { seconds: "{seconds}" })}
        data-trying={words("changes.trying")}
        data-confirmed={words("changes.confirmed")}
        data-over={words("changes.over")}
        data-go={path}
      >
        <p>
          <strong role="timer" data-timer>{words("changes.left", { seconds })}</strong>
        </p>
        <p class="muted" role="status" data-state></p>
      </div>
      {elsewhere !== undefined && (
        <p>
          {words("changes.elsewhere")} <a href={`${elsewhere}${path}`}>{elsewhere}</a>
        </p>
      )}
      {may && (
        <form class="inline" method="post" action="/configuration/confirm">
          <Csrf page={page} />
          <input type="hidden" name="id" value={`${id}`} />
          <button type="submit" class="primary">{words("changes.confirm")}</button>
        </form>
      )}
    </Card>
  );
}

/** Where the page is now, as its reader would name it; `undefined`: where he is. */
function addressNow({ world, context }: PageCall): string | undefined {
  const { address } = world.config().admin;
  if (address === null) return undefined;
  const here = new URL(context.req.url);
  const there = new URL(here.origin);
  there.port = `${address.port}`;
  // Of all addresses of the machine the one that he came by is as good as any; so is a name.
  const everywhere = address.address === "0.0.0.0" || address.address === "::";
  if (!everywhere && /^[\d.]+$|^\[/.test(here.hostname)) {
    there.hostname = address.address.includes(":") ? `[${address.address}]` : address.address;
  }
  return there.origin === here.origin ? undefined : there.origin;
}
