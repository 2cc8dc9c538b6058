/**
 * The form of one row of a recipient access table.
 *
 * @module
 */
import { pathText } from "../../../config/faults.ts";
import type { Change } from "../../../config/edit.ts";
import { Problem } from "../../problem.ts";
import { type Candidate, candidateOf, faultAt, submit } from "../candidate.ts";
import type { Desk, FormCall, FormEnd, FormFields, PageCall } from "../desk.tsx";
import { Csrf, Page, type View } from "../frame.tsx";
import { Card, CheckField, ChoiceField, TextField } from "../parts.tsx";
import { FormFaults, type KeyState } from "./keys.tsx";
import { listenerOf, placeOf } from "./order.tsx";
import { type Recipient, recipientsOf, recipientsPath } from "./recipients.ts";

const bypass = "bypass_recipient_validation";
const keys = ["address", "action", "code", "text", bypass, "comment"] as const;

/** Adds the pages. */
export function mountRecipientForm(desk: Desk): void {
  desk.page("/rat/edit", async (call) => {
    const candidate = await candidateOf(call.world, call.identity.user);
    const listener = listenerOf(candidate, call.query.get("listener"));
    if (listener === undefined) throw new Problem(404);
    const wished = call.query.get("row");
    const index = wished === null ? undefined : placeOf(wished, recipientsOf(candidate, listener)?.length ?? 0);
    if (wished !== null && index === undefined) throw new Problem(404);
    return <RowPage {...{ call, candidate, listener, index, state: { errors: [] } }} />;
  }, { role: "administrator" });
  desk.form("/rat/edit", { action: "rat.edit" }, editRow);
}

async function editRow(call: FormCall): Promise<FormEnd> {
  const { world, identity: { user }, fields, words, note } = call;
  const candidate = await candidateOf(world, user);
  const listener = fields.exact("listener");
  note(`${listener} ${fields.text("address")}`);
  if (listenerOf(candidate, listener) !== listener) throw new Problem(404);
  const table = recipientsOf(candidate, listener) ?? [];
  const existing = fields.ticked("row");
  const place = existing ? placeOf(fields.text("row"), table.length) : undefined;
  // Somebody may have moved it meanwhile.
  const index = place !== undefined && String(table[place].address) === fields.exact("was") ? place : undefined;
  const again = (errors: KeyState["errors"]): FormEnd => (
    { again: <RowPage {...{ call, candidate, listener, index, state: { typed: fields, errors } }} /> }
  );
  if (existing && index === undefined) return again([{ path: "", detail: words("order.changed") }]);
  const changes = index === undefined
    ? [{ path: recipientsPath(listener), value: table.toSpliced(newPlace(table), 0, rowOf(fields)) }]
    : rowChanges(fields, { before: table[index], listener, index });
  const ended = await submit(world, { user, words, changes });
  if (!ended.ok) return again(ended.errors);
  return { go: `/rat?${new URLSearchParams({ listener })}`, notice: { kind: "ok", text: words("common.staged") } };
}

/** Above the row for everybody, which would hide it. */
function newPlace(table: readonly Recipient[]): number {
  return table.at(-1)?.address === "ALL" ? table.length - 1 : table.length;
}

/** What was typed, as the file will say it; what is empty is left out. */
function rowOf(fields: FormFields): Recipient {
  const code = fields.text("code");
  const row: Recipient = {
    address: fields.text("address"),
    action: fields.text("action"),
    code: /^\d{1,9}$/.test(code) ? Number(code) : code,
    text: fields.text("text"),
    [bypass]: fields.ticked(bypass) ? true : "",
    comment: fields.text("comment"),
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== ""));
}

function rowChanges(
  fields: FormFields,
  { before, listener, index }: { before: Recipient; listener: string; index: number },
): Change[] {
  const after = rowOf(fields);
  return keys.flatMap((key): Change[] => {
    const [old, fresh] = [before[key], after[key]];
    const same = String(old ?? "") === String(fresh ?? "") || key === bypass && old === false && fresh === undefined;
    if (same) return [];
    return [{ path: [...recipientsPath(listener), index, key], ...(fresh === undefined ? {} : { value: fresh }) }];
  });
}

function RowPage(
  { call, candidate, listener, index, state: { typed, errors } }: {
    call: PageCall;
    candidate: Candidate;
    listener: string;
    index: number | undefined;
    state: KeyState;
  },
): View {
  const { page, words } = call;
  const table = recipientsOf(candidate, listener) ?? [];
  const own: Recipient = index === undefined ? {} : table[index];
  const shown = typed === undefined ? own : rowOf(typed);
  const at = (key: string) => pathText([...recipientsPath(listener), index ?? newPlace(table), key]);
  const text = (key: (typeof keys)[number]) => shown[key] === undefined ? "" : String(shown[key]);
  const field = (key: (typeof keys)[number]) => ({ id: key, value: text(key), error: faultAt(errors, at(key)) });
  const query = new URLSearchParams({ listener });
  const bypassFault = faultAt(errors, at(bypass));
  return (
    <Page
      page={page}
      title={index === undefined ? words("rat.add") : words("rat.one", { name: String(own.address) })}
      about={words("hat.of_listener", { listener })}
      above={{ path: `/rat?${query}`, title: words("nav.rat") }}
    >
      <FormFaults {...{ words, errors, shown: keys.map(at) }} />
      <form method="post" action="/rat/edit">
        <Csrf page={page} />
        <input type="hidden" name="listener" value={listener} />
        {index !== undefined && (
          <>
            <input type="hidden" name="row" value={String(index)} />
            <input type="hidden" name="was" value={String(own.address)} />
          </>
        )}
        <Card>
          <div class="two">
            <TextField
              {...field("address")}
              label={words("rat.address")}
              hint={words("rat.address.hint")}
              required
              autocomplete="off"
            />
            <ChoiceField
              {...field("action")}
              label={words("rat.action")}
              choices={[["accept", words("rat.accept")], ["reject", words("rat.reject")]]}
            />
          </div>
          <TextField {...field("comment")} label={words("order.comment")} />
        </Card>
        <Card title={words("rat.accepting")}>
          <CheckField
            id={bypass}
            label={words("rat.bypass")}
            hint={words("rat.bypass.hint")}
            checked={shown[bypass] === true}
          />
          {bypassFault !== undefined && <span class="error">{bypassFault}</span>}
        </Card>
        <Card title={words("rat.rejecting")}>
          <div class="two">
            <TextField
              {...field("code")}
              label={words("flow.reject_code")}
              hint={words("rat.code.hint")}
              inputmode="numeric"
            />
            <TextField {...field("text")} label={words("flow.reject_text")} hint={words("rat.text.hint")} />
          </div>
        </Card>
        <div class="row">
          <button type="submit" class="primary">{words("common.submit")}</button>
          <a class="button" href={`/rat?${query}`}>{words("common.cancel")}</a>
        </div>
      </form>
    </Page>
  );
}
