/**
 * Log settings.
 *
 * @module
 */
import { logLevels } from "../../../base/log.ts";
import { candidateOf, submit } from "../candidate.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card } from "../parts.tsx";
import {
  blockOf,
  CandidateNotices,
  FormFaults,
  keyChanges,
  KeyField,
  type KeySpec,
  type KeyState,
  mayChange,
  plainChoices,
} from "../policies/keys.tsx";

// deno-fmt-ignore
const specs: readonly KeySpec[] = [
  { key: "level", label: "log.level", hint: "logs.level_hint", kind: "choice", choices: (words) => logLevels.map((level) => [level, words(`log.level.${level}`)]) },
  { key: "format", label: "logs.format", kind: "choice", choices: plainChoices(["text", "json"]) },
  { key: "rotate_size", label: "logs.rotate_size", hint: "logs.rotate_hint", kind: "text" },
  { key: "keep", label: "logs.keep", kind: "number" },
];
const builtIn = { level: "info", format: "text", rotate_size: "100M", keep: 10 };
const path = ["logs"] as const;

/** Adds the page. */
export function mountLogs(desk: Desk): void {
  desk.page("/logs", (call) => Logs({ call, state: { errors: [] } }));
  desk.form("/logs", { action: "logs.set" }, async (call) => {
    const { world, identity, fields, words } = call;
    const block = blockOf(await candidateOf(world, identity.user), { path, builtIn });
    const changes = keyChanges(specs, { block, fields });
    const ended = await submit(world, { user: identity.user, words, changes });
    if (ended.ok) return { go: "/logs", notice: { kind: "ok", text: words("common.staged") } };
    return { again: <Logs call={call} state={{ errors: ended.errors, typed: fields }} /> };
  });
}

async function Logs({ call, state }: { call: PageCall; state: KeyState }): Promise<View> {
  const { page, words, world, identity } = call;
  const candidate = await candidateOf(world, identity.user);
  const block = blockOf(candidate, { path, builtIn });
  const may = mayChange(call);
  return (
    <Page page={page} title={words("nav.logs")} about={words("logs.about")}>
      <CandidateNotices {...{ words, candidate, path: "logs" }} />
      <FormFaults {...{ words, errors: state.errors, shown: specs.map(({ key }) => `logs.${key}`) }} />
      <Card>
        <form method="post" action="/logs">
          <Csrf page={page} />
          <fieldset disabled={!may}>
            <legend class="sr-only">{words("nav.logs")}</legend>
            {specs.map((spec) => <KeyField {...{ spec, block, state, words, candidate }} />)}
          </fieldset>
          {may && (
            <div>
              <button type="submit" class="primary">{words("common.submit")}</button>
            </div>
          )}
        </form>
      </Card>
    </Page>
  );
}
