/**
 * Whether senders that verify can come in with a certificate: the listener's name, the MX record and the certificate; and its TLSA records.
 *
 * @module
 */
import type { AgreementFacts } from "../../../control/certificate_commands.ts";
import type { TlsaFacts } from "../../../control/tlsa_commands.ts";
import { call as ask } from "../../api/bridge.ts";
import { Problem } from "../../problem.ts";
import type { Desk, PageCall } from "../desk.tsx";
import { NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, type Column, Table } from "../parts.tsx";
import type { Words } from "../words.ts";
import { certificatePath } from "./certificates.tsx";
import { refusalOf } from "./act.ts";
import { faultWords, toldWords } from "../faults.ts";

/** Adds the page. */
export function mountCertificateCheck(desk: Desk): void {
  desk.page("/certificates/:name/check", async (call) => {
    const { page, words, params: { name }, query } = call;
    const host = (query.get("for") ?? "").trim();
    const args = { name, ...(host === "" ? {} : { for: host }) };
    const [checked, records] = await Promise.all([
      asked<AgreementFacts>(call, { name: "certconfig check", args }),
      asked<TlsaFacts>(call, { name: "certconfig tlsa", args: { profile: name } }),
    ]);
    return (
      <Page
        page={page}
        title={words("cert.check.title", { name })}
        about={words("cert.check.about")}
        above={{ path: certificatePath(name), title: name }}
      >
        <form class="inline" method="get">
          <div class="field">
            <label for="for">{words("cert.check.for")}</label>
            <input type="search" id="for" name="for" value={host} autocomplete="off" aria-describedby="for-hint" />
            <span class="hint" id="for-hint">{words("cert.check.for.hint")}</span>
          </div>
          <button type="submit">{words("cert.check")}</button>
        </form>
        <Agreement {...{ words, ...checked }} />
        <Card title={words("cert.tlsa")}>
          <p class="muted">{words("cert.tlsa.about")}</p>
          {records.lines.length > 0 && (
            <NoticeBox notice={{ kind: "bad", text: words("common.errors"), lines: records.lines }} />
          )}
          {records.items.map((facts) => <Records {...{ facts, words }} />)}
        </Card>
      </Page>
    );
  });
}

interface Asked<T> {
  items: readonly T[];
  lines: readonly string[];
}

/** What a command gives, and what it says at last. */
async function asked<T>(
  { world, signal, words }: PageCall,
  { name, args }: { name: string; args: Record<string, string> },
): Promise<Asked<T>> {
  try {
    const { items, warnings, told } = await ask<T>(world.commands, { name, args, signal, keep: true });
    const lines = warnings.map((text) => text.replace(/^Warning: /, ""))
      .map((line) => faultWords(words, { detail: line, told: told.find(({ text }) => text === line) }));
    return { items, lines };
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return { items: [], lines: refusalOf(words, thrown).lines };
  }
}

function Agreement({ words, items, lines }: Asked<AgreementFacts> & { words: Words }): View {
  const columns: Column<AgreementFacts>[] = [
    {
      title: words("cert.check.result"),
      cell: ({ agrees }) => (
        <Badge tone={agrees ? "ok" : "bad"}>{words(agrees ? "cert.check.agrees" : "cert.check.differs")}</Badge>
      ),
    },
    { title: words("cert.check.of"), names: true, cell: ({ about }) => words(`cert.check.${about}`) },
    { title: words("cert.check.found"), cell: ({ told }) => <span class="break">{toldWords(words, told)}</span> },
  ];
  const all = items.length > 0 && items.every(({ agrees }) => agrees);
  return (
    <>
      {all && <NoticeBox notice={{ kind: "ok", text: words("cert.check.all_well") }} />}
      {lines.length > 0 && <NoticeBox notice={{ kind: "warn", text: words("cert.check.look"), lines }} />}
      {items.length > 0 && (
        <Card title={words("cert.check.names")} flush>
          <Table columns={columns} rows={items} caption={words("cert.check.names")} />
        </Card>
      )}
    </>
  );
}

function Records({ facts: { owner, records, dns, change }, words }: { facts: TlsaFacts; words: Words }): View {
  const isThere = (digest: string) => dns.kind === "answered" && dns.present.includes(digest);
  const columns: Column<TlsaFacts["records"][number]>[] = [
    {
      title: words("cert.tlsa.record"),
      names: true,
      cell: ({ digest }) => <code class="break">{`${owner}. IN TLSA 3 1 1 ${digest}`}</code>,
    },
    { title: words("cert.tlsa.key"), cell: ({ of }) => words(`cert.tlsa.${of}`) },
    {
      title: words("cert.tlsa.dns"),
      cell: ({ digest }) =>
        dns.kind === "failed"
          ? <Badge tone="warn">{words("cert.tlsa.failed", { reason: dns.reason })}</Badge>
          : (
            <Badge tone={isThere(digest) ? "ok" : ""}>
              {words(isThere(digest) ? "cert.tlsa.present" : "cert.tlsa.missing")}
            </Badge>
          ),
    },
  ];
  return (
    <>
      <h3>{owner}</h3>
      <Table columns={columns} rows={records} caption={owner} />
      {dns.kind === "answered" && dns.others.length > 0 && (
        <p class="bad break">{words("cert.tlsa.others", { records: dns.others.join(", ") })}</p>
      )}
      {dns.kind === "answered" && dns.present.length > 0 && !dns.authentic && (
        <p class="warn">{words("cert.tlsa.unproven")}</p>
      )}
      <p class="muted small">{words(`cert.tlsa.change.${change}`)}</p>
    </>
  );
}
