/**
 * The form of one sender group.
 *
 * @module
 */
import { type Path, pathText } from "../../../config/faults.ts";
import type { Change } from "../../../config/edit.ts";
import { ptrConditions } from "../../../config/schema_senders.ts";
import { Problem } from "../../problem.ts";
import { type Candidate, candidateOf, faultAt, submit } from "../candidate.ts";
import type { Desk, FormCall, FormEnd, FormFields, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, ChoiceField, Field, fieldState, TextField } from "../parts.tsx";
import { type Group, groupsOf, groupsPath, sendersOf, senderText } from "./groups.ts";
import { FormFaults, type KeyState, policyChoices } from "./keys.tsx";
import { listenerOf } from "./order.tsx";

/** Adds the pages. */
export function mountHatGroup(desk: Desk): void {
  desk.page("/hat/edit", async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    const listener = listenerOf(candidate, call.query.get("listener"));
    const name = call.query.get("group") ?? undefined;
    if (listener === undefined || name !== undefined && placeOf(candidate, { listener, name }) < 0) {
      throw new Problem(404);
    }
    return <GroupPage {...{ call, candidate, listener, name, state: { errors: [] } }} />;
  }, { role: "administrator" });
  desk.form("/hat/edit", { action: "hat.edit" }, editGroup);
}

function placeOf(candidate: Candidate, { listener, name }: { listener: string; name: string }): number {
  return (groupsOf(candidate, listener) ?? []).findIndex((group) => String(group.name) === name);
}

async function editGroup(call: FormCall): Promise<FormEnd> {
  const { world, identity: { user }, fields, words, note } = call;
  const candidate = await candidateOf(world, user);
  const listener = fields.exact("listener");
  const existing = fields.ticked("group");
  const name = existing ? fields.exact("group") : undefined;
  note(`${listener} ${name ?? fields.text("name")}`);
  if (listenerOf(candidate, listener) !== listener) throw new Problem(404);
  const place = name === undefined ? -1 : placeOf(candidate, { listener, name });
  const again = (errors: KeyState["errors"]): FormEnd => {
    const here = place < 0 ? undefined : name;
    return { again: <GroupPage {...{ call, candidate, listener, name: here, state: { typed: fields, errors } }} /> };
  };
  if (existing && place < 0) return again([{ path: "", detail: words("order.changed") }]);
  const changes = place < 0 ? added(candidate, { listener, fields }) : changed(candidate, { listener, place, fields });
  const ended = await submit(world, { user, words, changes });
  if (!ended.ok) return again(ended.errors);
  return { go: `/hat?${new URLSearchParams({ listener })}`, notice: { kind: "ok", text: words("common.staged") } };
}

/** What was typed, as the file will say it. */
function groupOf(fields: FormFields, { senders }: Group = {}): Required<Group> {
  const lines = fields.lines("senders");
  const conditions = ptrConditions.filter((condition) => fields.list("conditions").includes(condition));
  return {
    name: fields.text("name"),
    senders: sendersOf(lines, senders),
    conditions,
    comment: fields.text("comment"),
    policy: fields.text("policy"),
  };
}

/** Whether a key is left out: nothing was typed for it. */
function isEmpty(value: unknown): boolean {
  return value === "" || Array.isArray(value) && value.length === 0;
}

/** A group more, above the one that ends the table. */
function added(candidate: Candidate, { listener, fields }: { listener: string; fields: FormFields }): Change[] {
  const group = Object.fromEntries(Object.entries(groupOf(fields)).filter(([, value]) => !isEmpty(value)));
  const table = groupsOf(candidate, listener) ?? [{ name: "ALL", policy: "default" }];
  const end = Math.max(table.length - 1, 0);
  return [{ path: groupsPath(listener), value: table.toSpliced(end, 0, group) }];
}

function changed(
  candidate: Candidate,
  { listener, place, fields }: { listener: string; place: number; fields: FormFields },
): Change[] {
  const before: Group = groupsOf(candidate, listener)![place];
  const path: Path = [...groupsPath(listener), place];
  const after = groupOf(fields, before);
  const changes: Change[] = [];
  for (const key of ["name", "comment", "senders", "conditions", "policy"] as const) {
    const [old, fresh] = [before[key], after[key]];
    if (old === undefined && isEmpty(fresh)) continue;
    if (same(old, fresh)) continue;
    changes.push({ path: [...path, key], ...(isEmpty(fresh) ? {} : { value: fresh }) });
  }
  return changes;
}

function same(old: unknown, fresh: unknown): boolean {
  if (Array.isArray(old) && Array.isArray(fresh)) {
    const sorted = (list: unknown[]) =>
      list.every((each) => (ptrConditions as readonly unknown[]).includes(each)) ? list.toSorted() : list;
    return JSON.stringify(sorted(old)) === JSON.stringify(sorted(fresh));
  }
  return String(old) === String(fresh);
}

function GroupPage(
  { call, candidate, listener, name, state: { typed, errors } }: {
    call: PageCall;
    candidate: Candidate;
    listener: string;
    name: string | undefined;
    state: KeyState;
  },
): View {
  const { page, words } = call;
  const table = groupsOf(candidate, listener) ?? [{ name: "ALL", policy: "default" }];
  const place = name === undefined ? Math.max(table.length - 1, 0) : placeOf(candidate, { listener, name });
  const group: Group = name === undefined ? {} : table[place];
  const shown: Group = typed === undefined ? group : groupOf(typed, group);
  const at = (key: string) => pathText([...groupsPath(listener), place, key]);
  const fault = (key: string) => faultAt(errors, at(key));
  const policies = policyChoices(candidate);
  const policy = shown.policy === undefined ? "default" : String(shown.policy);
  const title = name === undefined ? words("hat.add") : words("hat.one", { name });
  const query = new URLSearchParams({ listener });
  const sendersHint = words("hat.senders.hint");
  return (
    <Page
      page={page}
      title={title}
      about={words("hat.of_listener", { listener })}
      above={{ path: `/hat?${query}`, title: words("nav.hat") }}
    >
      <FormFaults {...{ words, errors, shown: ["name", "comment", "senders", "conditions", "policy"].map(at) }} />
      <form method="post" action="/hat/edit">
        <Csrf page={page} />
        <input type="hidden" name="listener" value={listener} />
        {name !== undefined && <input type="hidden" name="group" value={name} />}
        <Card>
          <div class="two">
            <TextField
              id="name"
              label={words("common.name")}
              hint={words("named.name.hint")}
              value={shown.name === undefined ? "" : String(shown.name)}
              error={fault("name")}
              required
              autocomplete="off"
            />
            <ChoiceField
              id="policy"
              label={words("hat.policy")}
              value={policy}
              choices={policies.some(([known]) => known === policy) ? policies : [...policies, [policy, policy]]}
              error={fault("policy")}
            />
          </div>
          <TextField
            id="comment"
            label={words("order.comment")}
            value={shown.comment === undefined ? "" : String(shown.comment)}
            error={fault("comment")}
          />
        </Card>
        <Card title={words("hat.members")}>
          <Field id="senders" label={words("hat.senders")} hint={sendersHint} error={fault("senders")}>
            <textarea {...fieldState({ id: "senders", hint: sendersHint, error: fault("senders") })} spellcheck={false}>
              {(shown.senders ?? []).map(senderText).join("\n")}
            </textarea>
          </Field>
          <Conditions {...{ call, chosen: shown.conditions ?? [], error: fault("conditions") }} />
        </Card>
        <div class="row">
          <button type="submit" class="primary">{words("common.submit")}</button>
          <a class="button" href={`/hat?${query}`}>{words("common.cancel")}</a>
        </div>
      </form>
    </Page>
  );
}

function Conditions(
  { call: { words }, chosen, error }: { call: PageCall; chosen: readonly unknown[]; error: string | undefined },
): View {
  return (
    <fieldset>
      <legend>{words("hat.conditions")}</legend>
      {ptrConditions.map((condition) => (
        <span class="check">
          <input
            type="checkbox"
            id={`conditions-${condition}`}
            name="conditions"
            value={condition}
            checked={chosen.includes(condition)}
          />
          <label for={`conditions-${condition}`}>{words(`hat.condition.${condition}`)}</label>
        </span>
      ))}
      {error !== undefined && <span class="error">{error}</span>}
    </fieldset>
  );
}
