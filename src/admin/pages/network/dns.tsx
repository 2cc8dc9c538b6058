/**
 * DNS: which servers are asked, and how long an answer may take.
 *
 * @module
 */
import type { FieldFault } from "../../problem.ts";
import { candidateOf, submit } from "../candidate.ts";
import type { Desk, FormFields, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, Facts } from "../parts.tsx";
import {
  blockOf,
  CandidateNotices,
  FormFaults,
  keyChanges,
  KeyField,
  type KeySpec,
  KeyValue,
  mayChange,
} from "../policies/keys.tsx";

const root = "dns";

const specs: readonly KeySpec[] = [
  { key: "servers", label: "net.dns.servers", hint: "net.dns.servers.hint", kind: "lines" },
  { key: "timeout", label: "net.dns.timeout", hint: "net.dns.timeout.hint", kind: "text" },
];

/** Adds the page. */
export function mountDns(desk: Desk): void {
  desk.page("/dns", (call) => dnsPage(call));
  desk.form("/dns", { action: "dns.edit" }, async (call) => {
    const { fields, words, world, identity } = call;
    const candidate = await candidateOf(world, identity.user);
    const block = blockOf(candidate, { path: [root], builtIn: {} });
    const ended = await submit(world, { user: identity.user, words, changes: keyChanges(specs, { block, fields }) });
    if (ended.ok) return { go: "/dns", notice: { kind: "ok", text: words("common.staged") } };
    return { again: await dnsPage(call, { typed: fields, errors: ended.errors }) };
  });
}

async function dnsPage(
  call: PageCall,
  state: { typed?: FormFields; errors: readonly FieldFault[] } = { errors: [] },
): Promise<View> {
  const { page, words, world, identity } = call;
  const candidate = await candidateOf(world, identity.user);
  const builtIn = { servers: words("net.dns.system"), timeout: "5s" };
  const block = blockOf(candidate, { path: [root], builtIn });
  const shown = specs.map(({ key }) => `${root}.${key}`);
  return (
    <Page page={page} title={words("nav.dns")} about={words("net.dns.about")}>
      <CandidateNotices {...{ words, candidate, path: root }} />
      <FormFaults {...{ words, errors: state.errors, shown }} />
      {mayChange(call)
        ? (
          <form class="card" method="post">
            <Csrf page={page} />
            {specs.map((spec) => <KeyField {...{ spec, block, state, words, candidate }} />)}
            <div class="row">
              <button type="submit" class="primary">{words("common.submit")}</button>
            </div>
          </form>
        )
        : (
          <Card>
            <Facts
              facts={specs.map((spec) =>
                [words(spec.label), <KeyValue {...{ spec, block, words, candidate }} />] as const
              )}
            />
          </Card>
        )}
    </Page>
  );
}
