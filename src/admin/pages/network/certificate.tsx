/**
 * One certificate: what it says, its chain, what a peer will make of it, where it is used, and what can be done with it.
 *
 * @module
 */
import type { ProfileFacts } from "../../../certs/profiles.ts";
import type { CertificateRecord } from "../../../certs/record.ts";
import type { PemFacts, ShownProfile } from "../../../control/certificate_commands.ts";
import { callOne } from "../../api/bridge.ts";
import { mayAct } from "../../identity.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Facts, Table } from "../parts.tsx";
import type { Words } from "../words.ts";
import { certificatePath, StatusBadge } from "./certificates.tsx";
import { DeleteCard, ExportCard, OrderCard, RenameCard, RequestCard, UploadCard } from "./certificate_forms.tsx";
import { type Assignment, assignmentsOf, UsesCard } from "./certificate_uses.tsx";
import { toldWords } from "../faults.ts";
import type { FieldFaults } from "./act.ts";

/** A form of the page that could not be done. */
export interface FormTrouble {
  /** The word of the form. */
  form: string;
  lines: readonly string[];
  faults?: FieldFaults;
}

/** Adds the page and its downloads. */
export function mountCertificate(desk: Desk): void {
  desk.page("/certificates/:name", (call) => certificatePage(call));
  const download = (file: string, ask: (call: PageCall, name: string) => Promise<PemFacts>) =>
    desk.page(`/certificates/:name/${file}`, async (call) => {
      const { name } = call.params;
      const { pem } = await ask(call, name);
      return fileAnswer(pem, { name: `${name}.${file}`, type: "application/x-pem-file" });
    });
  const show = (option: "pem" | "chain") => ({ world, signal }: PageCall, name: string) =>
    callOne<PemFacts>(world.commands, {
      name: "certconfig show",
      args: { name, [option]: true },
      signal,
      refused: 404,
    });
  download("certificate.pem", show("pem"));
  download("chain.pem", show("chain"));
  download(
    "request.csr",
    ({ world, signal }, name) =>
      callOne<PemFacts>(world.commands, { name: "certconfig csr", args: { name }, signal, refused: 404 }),
  );
}

/** A file for the browser to keep. */
export function fileAnswer(
  content: string | Uint8Array<ArrayBuffer>,
  { name, type }: { name: string; type: string },
): Response {
  // Names of profiles have no other characters; a header takes none.
  const safe = name.replaceAll(/[^A-Za-z0-9_.-]/g, "_");
  return new Response(content, {
    headers: {
      "Content-Type": type,
      "Content-Disposition": `attachment; filename="${safe}"`,
      "Cache-Control": "no-store",
    },
  });
}

/** The page; with what is wrong with one of its forms. Rejects with a 404 where there is no such certificate. */
export async function certificatePage(call: PageCall, trouble?: FormTrouble): Promise<View> {
  const { page, words, world, params: { name }, identity, signal } = call;
  const facts = await callOne<ShownProfile>(world.commands, {
    name: "certconfig show",
    args: { name },
    signal,
    refused: 404,
  });
  const assignments: Assignment[] = await assignmentsOf(call, facts.name);
  const path = certificatePath(facts.name);
  const may = mayAct(identity.role, "administrator");
  const own = facts.kind === "files";
  const linesOf = (form: string) => trouble?.form === form ? trouble.lines : undefined;
  const parts = { call, facts, path };
  return (
    <Page
      page={page}
      title={facts.name}
      above={{ path: "/certificates", title: words("nav.certificates") }}
      tools={
        <>
          <a class="button" href={`${path}/check`}>{words("cert.check")}</a>
          {facts.certificates.length > 0 && (
            <>
              <a class="button" href={`${path}/certificate.pem`} download>{words("cert.download")}</a>
              <a class="button" href={`${path}/chain.pem`} download>{words("cert.download.chain")}</a>
            </>
          )}
        </>
      }
    >
      {trouble !== undefined && (
        <NoticeBox notice={{ kind: "bad", text: words("common.errors"), lines: trouble.lines }} />
      )}
      {facts.fault !== null && <NoticeBox notice={{ kind: "bad", text: facts.fault }} />}
      {facts.warnings.length > 0 && (
        <NoticeBox
          notice={{
            kind: "warn",
            text: words("cert.peers_see"),
            lines: facts.warnings.map(({ told }) => toldWords(words, told)),
          }}
        />
      )}
      <Summary {...{ facts, words }} />
      <Chain {...{ facts, words }} />
      <UsesCard {...{ call, name: facts.name, path, assignments, may }} />
      {own && <RequestCard {...parts} may={may} />}
      {may && own && <UploadCard {...parts} faults={trouble?.form === "upload" ? trouble.faults : undefined} />}
      {facts.acme !== undefined && <OrderCard {...{ call, acme: facts.acme, path, may }} />}
      {may && facts.certificates.length > 0 && <ExportCard {...parts} lines={linesOf("export")} />}
      {may && own && (
        <div class="grid">
          <RenameCard {...parts} lines={linesOf("rename")} />
          <DeleteCard {...parts} />
        </div>
      )}
      {may && facts.kind === "acme" && <DeleteCard {...parts} />}
    </Page>
  );
}

function Summary({ facts, words }: { facts: ProfileFacts; words: Words }): View {
  const [leaf] = facts.certificates as (CertificateRecord | undefined)[];
  const mono = (text: string | undefined) => text === undefined ? undefined : <span class="mono break">{text}</span>;
  return (
    <Card title={words("cert.certificate")}>
      <Facts
        facts={[
          [words("cert.status"), <StatusBadge {...{ status: facts.status, words }} />],
          [words("cert.kind"), words(`cert.kind.${facts.kind}`)],
          ...(leaf === undefined ? [] : [
            [words("cert.subject"), <span class="break">{leaf.subject}</span>],
            [words("cert.names"), <span class="break">{leaf.names.join(", ")}</span>],
            [
              words("cert.issuer"),
              <span class="break">{leaf.selfSigned ? words("cert.self_signed") : leaf.issuer}</span>,
            ],
            [words("cert.valid_from"), words.time(leaf.notBefore)],
            [
              words("cert.valid_until"),
              <>
                {words.time(leaf.notAfter)}{" "}
                <span class="muted">({words("common.days", { count: facts.daysLeft ?? 0 })})</span>
              </>,
            ],
            [words("cert.key"), leaf.key],
            [words("cert.serial"), mono(leaf.serial)],
            [words("cert.signature"), leaf.signature],
            [words("cert.usage"), (leaf.purposes ?? leaf.keyUsage)?.join(", ")],
            [words("cert.fingerprint"), mono(leaf.fingerprint)],
            [words("cert.fingerprint_sha1"), mono(leaf.fingerprintSha1)],
          ] as const),
          [words("cert.file"), mono(facts.files?.certificate)],
        ]}
      />
      {facts.notes.length > 0 && <ul class="muted small">{facts.notes.map((note) => <li class="break">{note}</li>)}
      </ul>}
    </Card>
  );
}

function Chain({ facts: { certificates }, words }: { facts: ProfileFacts; words: Words }): View {
  if (certificates.length === 0) return null;
  const rows = certificates.map((record, at) => ({ record, at }));
  const columns: Column<typeof rows[number]>[] = [
    { title: words("cert.chain.position"), number: true, cell: ({ at }) => words.number(at + 1) },
    {
      title: words("cert.subject"),
      names: true,
      cell: ({ record, at }) => (
        <>
          <span class="break">{record.subject}</span>{" "}
          <Badge tone={at === 0 ? "accent" : ""}>
            {words(at === 0 ? "cert.chain.leaf" : "cert.chain.intermediate")}
          </Badge>
        </>
      ),
    },
    {
      title: words("cert.issuer"),
      cell: ({ record }) => <span class="break">{record.selfSigned ? words("cert.self_signed") : record.issuer}</span>,
    },
    {
      title: words("cert.valid_until"),
      cell: ({ record }) => <span class="nowrap">{words.day(record.notAfter)}</span>,
    },
    { title: words("cert.key"), cell: ({ record }) => <span class="nowrap">{record.key}</span> },
    {
      title: words("cert.fingerprint"),
      cell: ({ record }) => <span class="mono small break">{record.fingerprint}</span>,
    },
  ];
  return (
    <Card title={words("cert.chain")} flush>
      <Table columns={columns} rows={rows} caption={words("cert.chain.about")} />
    </Card>
  );
}
