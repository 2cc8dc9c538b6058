/**
 * Certificates: the list, and the two ways in which there comes to be another one.
 *
 * @module
 */
import type { Changed } from "../../../certs/profile_store.ts";
import type { ProfileRow, ProfileStatus } from "../../../certs/profiles.ts";
import { keyKinds } from "../../../certs/subject.ts";
import { callOne } from "../../api/bridge.ts";
import { mayAct } from "../../identity.ts";
import type { Desk, FormFields, PageCall } from "../desk.tsx";
import { Csrf, NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, CheckField, ChoiceField, type Column, Empty, Table, TextField, type Tone } from "../parts.tsx";
import type { Words } from "../words.ts";
import { act, argsOf, faultOf, type FieldFaults, filesOf, newsOf, passwordFile, restOf } from "./act.ts";
import { whereText } from "./certificate_uses.tsx";

/** How each state is coloured. */
const tones: Readonly<Record<ProfileStatus, Tone>> = {
  valid: "ok",
  expiring: "warn",
  expired: "bad",
  not_yet_valid: "bad",
  untrusted_chain: "bad",
  unusable: "bad",
  not_made: "",
};

/** The page of one certificate. */
export function certificatePath(name: string): string {
  return `/certificates/${encodeURIComponent(name)}`;
}

/** A state as a word. */
export function StatusBadge({ status, words }: { status: ProfileStatus; words: Words }): View {
  return <Badge tone={tones[status]}>{words(`cert.status.${status}`)}</Badge>;
}

/** Whether an authority has to answer a request yet. One on the key in service stays when it is answered: it can be sent again. */
export function isAwaited({ request, selfSigned }: Pick<ProfileRow, "request" | "selfSigned">): boolean {
  return request === "new_key" || request === "same_key" && selfSigned;
}

/** Adds the pages. */
export function mountCertificates(desk: Desk): void {
  desk.page("/certificates", listPage);
  desk.page("/certificates/add/self-signed", (call) => <NewPage call={call} />, { role: "administrator" });
  desk.page("/certificates/add/import", (call) => <ImportPage call={call} />, { role: "administrator" });
  desk.form("/certificates/add/self-signed", { action: "certificate.new" }, async (call) => {
    const { fields, words, note } = call;
    const name = fields.text("name");
    note(name);
    const san = fields.exact("san").split(/[\s,]+/).filter((word) => word !== "");
    const args = { name, ...argsOf(fields, newOptions), ...(san.length === 0 ? {} : { san }) };
    const acted = await act<Changed>(call, { name: "certconfig new", args });
    if (!acted.ok) return { again: <NewPage {...{ call, fields, faults: acted.faults }} /> };
    return { go: certificatePath(name), notice: { kind: "ok", text: words("cert.new.done", { name }) } };
  });
  desk.form("/certificates/add/import", { action: "certificate.import" }, async (call) => {
    const { fields, words, note } = call;
    const name = fields.text("name");
    note(name);
    const files = await filesOf(call, importFiles);
    const password = fields.exact("password");
    const args = {
      name,
      ...argsOf(fields, ["friendly-name"]),
      ...(files.intermediates === undefined ? {} : { intermediates: files.intermediates[0].name }),
      ...(fields.ticked("replace") ? { replace: true as const } : {}),
    };
    const acted = await act<Changed>(call, {
      name: "certconfig import",
      args,
      files: { ...files, ...(password === "" ? {} : { "password-file": [passwordFile(password)] }) },
    });
    if (!acted.ok) return { again: <ImportPage {...{ call, fields, faults: acted.faults }} /> };
    return {
      go: certificatePath(name),
      notice: {
        kind: "ok",
        text: words("cert.import.done", { name }),
        lines: [...acted.items[0].notes, ...newsOf(acted)],
      },
    };
  });
}

/** The common name of a distinguished name in the text of RFC 4514; the whole text where it has none. */
function shortName(name: string): string {
  const [, common] = /(?:^|[,+])CN=((?:\\.|[^,+\\])+)/.exec(name) ?? [];
  return common === undefined ? name : common.replaceAll(/\\([^0-9A-Fa-f])/g, "$1");
}

async function listPage({ page, words, world, identity, signal }: PageCall): Promise<View> {
  const rows = await callOne<ProfileRow[]>(world.commands, { name: "certconfig list", signal });
  const may = mayAct(identity.role, "administrator");
  const columns: Column<ProfileRow>[] = [
    { title: words("common.name"), names: true, cell: ({ name }) => <a href={certificatePath(name)}>{name}</a> },
    { title: words("cert.common_name"), cell: ({ commonName }) => <span class="break">{commonName ?? "–"}</span> },
    {
      title: words("cert.issuer"),
      cell: ({ issuer, selfSigned }) => (
        <span class="break">{selfSigned ? words("cert.self_signed") : issuer === null ? "–" : shortName(issuer)}</span>
      ),
    },
    {
      title: words("cert.status"),
      cell: ({ status, fault, ...row }) => (
        <>
          <StatusBadge {...{ status, words }} />
          {isAwaited(row) && <Badge tone="accent">{words("cert.request_waits")}</Badge>}
          {fault !== null && <div class="small bad break">{fault}</div>}
        </>
      ),
    },
    {
      title: words("cert.days_left"),
      number: true,
      cell: ({ daysLeft }) => daysLeft === null ? "–" : words.number(daysLeft),
    },
    { title: words("cert.key"), cell: ({ key }) => <span class="nowrap">{key ?? "–"}</span> },
    {
      title: words("cert.used_by"),
      cell: ({ uses }) =>
        uses.length === 0
          ? <span class="muted">{words("cert.unused")}</span>
          : <span class="break">{uses.map((where) => whereText(where, words)).join(words("common.comma"))}</span>,
    },
  ];
  const title = words("nav.certificates");
  return (
    <Page
      page={page}
      title={title}
      about={words("cert.about")}
      tools={may && (
        <>
          <a class="button primary" href="/certificates/add/self-signed">{words("cert.new")}</a>
          <a class="button" href="/certificates/add/import">{words("cert.import")}</a>
        </>
      )}
    >
      <Card
        title={words("cert.list")}
        flush
        tools={
          <>
            <label class="sr-only" for="filter">{words("common.filter")}</label>
            <input type="search" id="filter" data-filter="#certificates" placeholder={words("common.filter")} />
          </>
        }
      >
        <Table id="certificates" columns={columns} rows={rows} caption={title} empty={<Empty title={title} />} />
      </Card>
    </Page>
  );
}

/** Fields of the form that are options of `certconfig new`, besides the names. */
const newOptions = [
  "common-name",
  "organization",
  "organizational-unit",
  "locality",
  "state",
  "country",
  "key",
  "days",
] as const;

interface FormProps {
  call: PageCall;
  /** What was typed, where the form is shown again. */
  fields?: FormFields;
  /** What is wrong with it. */
  faults?: FieldFaults;
}

/** What is wrong, where no field is to blame. */
export function Trouble(
  { words, faults, options }: { words: Words; faults: FieldFaults | undefined; options: readonly string[] },
): View {
  if (faults === undefined) return null;
  const rest = restOf(faults, options);
  return rest.length > 0 && <NoticeBox notice={{ kind: "bad", text: words("common.errors"), lines: rest }} />;
}

function NewPage({ call: { page, words, world }, fields, faults }: FormProps): View {
  const text = (id: string, label: string, more: { hint?: string; required?: boolean; value?: string } = {}) => (
    <TextField {...{ id, label, value: fields?.text(id), error: faultOf(faults, id), autocomplete: "off", ...more }} />
  );
  return (
    <Page
      page={page}
      title={words("cert.new")}
      about={words("cert.new.about")}
      above={{ path: "/certificates", title: words("nav.certificates") }}
    >
      <Trouble {...{ words, faults, options: ["name", "san", ...newOptions] }} />
      <form class="card" method="post">
        <Csrf page={page} />
        {text("name", words("cert.profile_name"), { required: true, hint: words("cert.profile_name.hint") })}
        {text("common-name", words("cert.common_name"), {
          required: true,
          hint: words("cert.common_name.hint", { host: world.config().hostname }),
        })}
        {text("san", words("cert.names"), { hint: words("cert.names.hint") })}
        <fieldset>
          <legend>{words("cert.organization.all")}</legend>
          <div class="two">
            {text("organization", words("cert.organization"))}
            {text("organizational-unit", words("cert.organizational_unit"))}
            {text("locality", words("cert.locality"))}
            {text("state", words("cert.state"))}
            {text("country", words("cert.country"), { hint: words("cert.country.hint") })}
          </div>
        </fieldset>
        <div class="two">
          <ChoiceField
            id="key"
            label={words("cert.key")}
            value={fields?.text("key") ?? "rsa:2048"}
            choices={keyKinds.map((kind) => [kind, kind] as const)}
            hint={words("cert.key.hint")}
            error={faultOf(faults, "key")}
          />
          <TextField
            id="days"
            type="number"
            inputmode="numeric"
            label={words("cert.days")}
            value={fields?.text("days") ?? "365"}
            hint={words("cert.days.hint")}
            error={faultOf(faults, "days")}
          />
        </div>
        <AtOnce words={words} />
        <div class="row">
          <button type="submit" class="primary">{words("cert.new.submit")}</button>
          <a class="button" href="/certificates">{words("common.cancel")}</a>
        </div>
      </form>
    </Page>
  );
}

/** Says that an action is not staged. */
export function AtOnce({ words }: { words: Words }): View {
  return <p class="muted small">{words("cert.at_once")}</p>;
}

/** Files of the form that are options of `certconfig import`. */
const importFiles = ["pkcs12", "certificate", "key", "intermediates"] as const;

function ImportPage({ call: { page, words, query }, fields, faults }: FormProps): View {
  const file = (id: string, label: string, more: { hint?: string; accept?: string } = {}) => (
    <TextField {...{ id, label, type: "file" as const, error: faultOf(faults, id), ...more }} />
  );
  const replaced = query.get("replace") ?? "";
  return (
    <Page
      page={page}
      title={words("cert.import")}
      about={words("cert.import.about")}
      above={{ path: "/certificates", title: words("nav.certificates") }}
    >
      <Trouble {...{ words, faults, options: ["name", "password-file", "friendly-name", ...importFiles] }} />
      <form class="card" method="post" enctype="multipart/form-data">
        <Csrf page={page} />
        <TextField
          id="name"
          label={words("cert.profile_name")}
          value={fields?.text("name") ?? replaced}
          hint={words("cert.profile_name.hint")}
          error={faultOf(faults, "name")}
          autocomplete="off"
          required
        />
        <fieldset>
          <legend>{words("cert.import.pkcs12")}</legend>
          {file("pkcs12", words("cert.import.file"), { hint: words("cert.import.file.hint"), accept: ".p12,.pfx" })}
          <TextField
            id="friendly-name"
            label={words("cert.friendly_name")}
            value={fields?.text("friendly-name")}
            hint={words("cert.friendly_name.hint")}
            error={faultOf(faults, "friendly-name")}
            autocomplete="off"
          />
        </fieldset>
        <fieldset>
          <legend>{words("cert.import.pem")}</legend>
          {file("certificate", words("cert.certificate_file"))}
          {file("key", words("cert.key_file"))}
          {file("intermediates", words("cert.intermediates_file"), { hint: words("cert.intermediates.hint") })}
        </fieldset>
        <TextField
          id="password"
          type="password"
          label={words("cert.password")}
          hint={words("cert.import.password.hint")}
          error={faultOf(faults, "password-file")}
          autocomplete="off"
        />
        <CheckField
          id="replace"
          label={words("cert.replace")}
          checked={fields?.ticked("replace") ?? replaced !== ""}
          hint={words("cert.replace.hint")}
        />
        <AtOnce words={words} />
        <div class="row">
          <button type="submit" class="primary">{words("cert.import.submit")}</button>
          <a class="button" href="/certificates">{words("common.cancel")}</a>
        </div>
      </form>
    </Page>
  );
}
