/**
 * The forms of a certificate's page: request, upload, export, ACME order, rename, delete.
 *
 * @module
 */
import type { ProfileFacts } from "../../../certs/profiles.ts";
import { keyKinds } from "../../../certs/subject.ts";
import type { ShownProfile } from "../../../control/certificate_commands.ts";
import type { PageCall } from "../desk.tsx";
import { Csrf, type View } from "../frame.tsx";
import { Badge, Card, CheckField, ChoiceField, Facts, Field, fieldState, TextField } from "../parts.tsx";
import { faultOf, type FieldFaults } from "./act.ts";
import { AtOnce, isAwaited } from "./certificates.tsx";
import { whereText } from "./certificate_uses.tsx";

/** What every form is made with. */
export interface FormParts {
  call: PageCall;
  facts: ProfileFacts;
  /** Of the page. */
  path: string;
  /** What was wrong when it was sent. */
  lines?: readonly string[];
}

/** The signing request, and how to ask for another one. */
export function RequestCard({ call: { page, words }, facts, path, may }: FormParts & { may: boolean }): View {
  const { request, pendingRequest } = facts;
  return (
    <Card
      title={words("cert.request")}
      tools={request !== null && (
        <a class="button primary" href={`${path}/request.csr`} download>{words("cert.request.download")}</a>
      )}
    >
      {request === null ? <p class="muted">{words("cert.request.none")}</p> : (
        <>
          <p>{words(isAwaited(facts) ? `cert.request.${request}` : "cert.request.answered")}</p>
          <Facts
            facts={[
              [words("cert.subject"), <span class="break">{pendingRequest?.subject ?? "–"}</span>],
              [words("cert.names"), <span class="break">{pendingRequest?.names.join(", ") ?? "–"}</span>],
            ]}
          />
        </>
      )}
      {may && (
        <details>
          <summary>{words("cert.renew")}</summary>
          <form method="post" action={`${path}/renew`}>
            <Csrf page={page} />
            <p class="muted">{words("cert.renew.about")}</p>
            <ChoiceField
              id="renew-key"
              label={words("cert.key")}
              value="same"
              choices={[
                ["same", words("cert.renew.same")],
                ["new", words("cert.renew.new")],
                ...keyKinds.map((kind) => [kind, words("cert.renew.kind", { kind })] as const),
              ]}
            />
            <div class="row">
              <button type="submit">{words("cert.renew.submit")}</button>
            </div>
          </form>
        </details>
      )}
    </Card>
  );
}

/** The answer of an authority. */
export function UploadCard({ call: { page, words }, path, faults }: FormParts & { faults?: FieldFaults }): View {
  const given = (id: "certificate" | "intermediates", label: string, hint: string) => (
    <div class="stack">
      <TextField {...{ id, label, hint, type: "file" as const, error: faultOf(faults, id) }} />
      <Field id={`${id}-text`} label={words("cert.pasted", { what: label })}>
        <textarea {...fieldState({ id: `${id}-text` })} spellcheck={false} rows={4}></textarea>
      </Field>
    </div>
  );
  return (
    <Card title={words("cert.upload")} id="upload">
      <form method="post" action={`${path}/upload`} enctype="multipart/form-data">
        <Csrf page={page} />
        <p class="muted">{words("cert.upload.about")}</p>
        <div class="two">
          {given("certificate", words("cert.certificate_file"), words("cert.certificate.hint"))}
          {given("intermediates", words("cert.intermediates_file"), words("cert.intermediates.hint"))}
        </div>
        <AtOnce words={words} />
        <div class="row">
          <button type="submit" class="primary">{words("cert.upload.submit")}</button>
        </div>
      </form>
    </Card>
  );
}

/** Key, certificate and chain as a file. */
export function ExportCard({ call: { page, words }, path, lines }: FormParts): View {
  return (
    <Card title={words("cert.export")} id="export">
      <form method="post" action={`${path}/export`}>
        <Csrf page={page} />
        <p class="muted">{words("cert.export.about")}</p>
        <div class="two">
          <TextField
            id="export-password"
            type="password"
            label={words("cert.password")}
            error={lines?.[0]}
            autocomplete="new-password"
            required
          />
          <TextField
            id="export-again"
            type="password"
            label={words("cert.password.again")}
            autocomplete="new-password"
            required
          />
        </div>
        <CheckField id="legacy" label={words("cert.legacy")} checked={false} hint={words("cert.legacy.hint")} />
        <div class="row">
          <button type="submit">{words("cert.export.submit")}</button>
        </div>
      </form>
    </Card>
  );
}

/** How it goes with an authority that issues by itself. */
export function OrderCard({ call: { page, words }, acme, path, may }: {
  call: PageCall;
  acme: NonNullable<ShownProfile["acme"]>;
  path: string;
  may: boolean;
}): View {
  const { directory, names, challenge, next, failures, last } = acme;
  return (
    <Card title={words("cert.acme")}>
      <Facts
        facts={[
          [words("cert.acme.directory"), <span class="break">{directory}</span>],
          [words("cert.names"), <span class="break">{names.join(", ")}</span>],
          [words("cert.acme.challenge"), challenge],
          [words("cert.acme.next"), `${words.time(next.at)} (${next.why})`],
          [
            words("cert.acme.last"),
            last && (
              <>
                <Badge tone={last.ok ? "ok" : "bad"}>{words(last.ok ? "cert.acme.ok" : "cert.acme.failed")}</Badge>{" "}
                <span class="break">{words.time(last.at)}: {last.text}</span>
              </>
            ),
          ],
          [words("cert.acme.failures"), failures > 0 ? words.number(failures) : undefined],
        ]}
      />
      {may && (
        <form method="post" action={`${path}/order`}>
          <Csrf page={page} />
          <p class="muted">{words("cert.acme.about")}</p>
          <div class="row">
            <button type="submit">{words("cert.acme.order")}</button>
          </div>
        </form>
      )}
    </Card>
  );
}

/** Another name. */
export function RenameCard({ call: { page, words }, facts, path, lines }: FormParts): View {
  return (
    <Card title={words("cert.rename")}>
      <form method="post" action={`${path}/rename`}>
        <Csrf page={page} />
        <TextField
          id="new-name"
          label={words("cert.rename.to")}
          value={facts.name}
          hint={words("cert.rename.hint")}
          error={lines?.[0]}
          autocomplete="off"
          required
        />
        <div class="row">
          <button type="submit">{words("cert.rename.submit")}</button>
        </div>
      </form>
    </Card>
  );
}

/** The end of it; refused while something uses it. */
export function DeleteCard({ call: { page, words }, facts, path }: FormParts): View {
  const { name, uses } = facts;
  return (
    <Card title={words("cert.delete")}>
      <form method="post" action={`${path}/delete`} data-confirm={words("cert.delete.sure", { name })}>
        <Csrf page={page} />
        <p class="muted">
          {uses.length === 0 ? words("cert.delete.about") : words("cert.delete.used", {
            uses: uses.map((where) => whereText(where, words)).join(words("common.comma")),
          })}
        </p>
        <div class="row">
          <button type="submit" class="danger" disabled={uses.length > 0}>{words("common.delete")}</button>
        </div>
      </form>
    </Card>
  );
}
