/**
 * Suspend and resume listeners and delivery; stop the gateway.
 *
 * @module
 */
import { mayAct } from "../../identity.ts";
import { Problem } from "../../problem.ts";
import { call as run } from "../../api/bridge.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, TextField } from "../parts.tsx";
import { attempt, otherLines } from "./attempt.ts";
import { Refused } from "./shared.tsx";

const answerMs = 500;

type Suspended = "all" | readonly string[];

/** Adds the page. */
export function mountShutdown(desk: Desk): void {
  desk.page("/shutdown", (call) => <Shutdown call={call} />);
  for (const name of ["suspend", "resume"] as const) {
    desk.form(`/shutdown/${name}`, { action: name, role: "operator" }, (call) => act(call, name));
  }
  desk.form("/shutdown/stop", { action: "stop" }, (call) => {
    const { world, page, words } = call;
    const { signal } = new AbortController();
    // The answer goes first: a gateway that stops closes the connection that it was asked over.
    world.clock.after(answerMs, () => {
      run(world.commands, { name: "stop", signal }).catch((error) => world.fault("Cannot stop", error));
    });
    return {
      show: (
        <Page page={{ ...page, path: "/shutdown" }} title={words("nav.shutdown")}>
          <NoticeBox notice={{ kind: "warn", text: words("shutdown.stopping") }} />
        </Page>
      ),
    };
  });
}

function act(call: FormCall, name: "suspend" | "resume"): Promise<FormEnd> {
  const { world, fields, words, signal, note } = call;
  const listener = fields.list("listener").filter((each) => each !== "");
  const domain = fields.text("domain").split(/[\s,;]+/).filter((each) => each !== "");
  const what = fields.text("what");
  note([what, ...listener, ...domain].join(" "));
  return attempt(async () => {
    const named = what === "listeners" ? listener : domain;
    if (fields.text("scope") === "named" && named.length === 0) {
      throw new Problem(422, { detail: words("shutdown.nothing_named") });
    }
    await run(world.commands, {
      name,
      signal,
      args: { what, ...(listener.length > 0 ? { listener } : {}), ...(domain.length > 0 ? { domain } : {}) },
    });
    const text = words(name === "suspend" ? "shutdown.suspended_now" : "shutdown.resumed_now");
    return { go: "/shutdown", notice: { kind: "ok", text } };
  }, { words, again: (errors) => <Shutdown call={call} lines={otherLines(errors, [])} /> });
}

function Shutdown({ call, lines = [] }: { call: PageCall; lines?: readonly string[] }): View {
  const { page, words, world, identity } = call;
  const { suspended, listeners, sessions, queue } = world.vitals();
  const may = mayAct(identity.role, "operator");
  const names = [...new Set(listeners.map(({ name }) => name))];
  return (
    <Page page={{ ...page, path: "/shutdown" }} title={words("nav.shutdown")} about={words("shutdown.about")}>
      {lines.length > 0 && <Refused text={words("common.errors")} lines={lines} />}
      <div class="grid">
        <Card title={words("shutdown.listeners")} tools={<State {...{ suspended: suspended.listeners, words }} />}>
          <p>{words("shutdown.listeners_about", { count: sessions })}</p>
          {may && (
            <>
              <Buttons {...{ call, what: "listeners", suspended: suspended.listeners }} />
              {names.length > 1 && (
                <form method="post" action="/shutdown/suspend">
                  <Csrf page={page} />
                  <input type="hidden" name="what" value="listeners" />
                  <input type="hidden" name="scope" value="named" />
                  <fieldset>
                    <legend>{words("shutdown.only_listeners")}</legend>
                    <div class="row">
                      {names.map((name) => (
                        <span class="check">
                          <input type="checkbox" id={`listener-${name}`} name="listener" value={name} />
                          <label for={`listener-${name}`}>{name}</label>
                        </span>
                      ))}
                    </div>
                  </fieldset>
                  <Both {...{ words, suspended: suspended.listeners }} />
                </form>
              )}
            </>
          )}
        </Card>
        <Card title={words("shutdown.delivery")} tools={<State {...{ suspended: suspended.delivery, words }} />}>
          <p>{words("shutdown.delivery_about", { count: queue.messages })}</p>
          {may && (
            <>
              <Buttons {...{ call, what: "delivery", suspended: suspended.delivery }} />
              <form method="post" action="/shutdown/suspend">
                <Csrf page={page} />
                <input type="hidden" name="what" value="delivery" />
                <input type="hidden" name="scope" value="named" />
                <TextField
                  id="domain"
                  label={words("shutdown.domains")}
                  hint={words("shutdown.domains_hint")}
                  autocomplete="off"
                />
                <Both {...{ words, suspended: suspended.delivery }} />
              </form>
            </>
          )}
        </Card>
        {mayAct(identity.role, "administrator") && (
          <Card title={words("shutdown.stop")}>
            <p>{words("shutdown.stop_about")}</p>
            <form method="post" action="/shutdown/stop" data-confirm={words("shutdown.stop_sure")}>
              <Csrf page={page} />
              <div>
                <button type="submit" class="danger">{words("shutdown.stop")}</button>
              </div>
            </form>
          </Card>
        )}
      </div>
    </Page>
  );
}

function State({ suspended, words }: { suspended: Suspended; words: PageCall["words"] }): View {
  if (suspended === "all") return <Badge tone="warn">{words("frame.suspended")}</Badge>;
  return suspended.length === 0
    ? <Badge tone="ok">{words("frame.serving")}</Badge>
    : <Badge tone="warn">{words("shutdown.some", { names: suspended.join(", ") })}</Badge>;
}

/** Everything of one kind, at once. */
function Buttons(
  { call: { page, words }, what, suspended }: {
    call: PageCall;
    what: "listeners" | "delivery";
    suspended: Suspended;
  },
): View {
  const some = suspended === "all" || suspended.length > 0;
  return (
    <form class="inline" method="post" action="/shutdown/suspend">
      <Csrf page={page} />
      <input type="hidden" name="what" value={what} />
      {suspended !== "all" && (
        <button type="submit" class="danger" data-confirm={words(`shutdown.sure.${what}`)}>
          {words("shutdown.suspend_all")}
        </button>
      )}
      {some && (
        <button type="submit" class="primary" formaction="/shutdown/resume">{words("shutdown.resume_all")}</button>
      )}
    </form>
  );
}

/** Suspend or resume what is named. */
function Both({ words, suspended }: { words: PageCall["words"]; suspended: Suspended }): View {
  return (
    <div class="row">
      <button type="submit">{words("shutdown.suspend")}</button>
      {suspended !== "all" && suspended.length > 0 && (
        <button type="submit" formaction="/shutdown/resume">{words("shutdown.resume")}</button>
      )}
    </div>
  );
}
