/**
 * The parts of the authorities' page about revocation: lists, and the status of our own certificates.
 *
 * @module
 */
import type { ListsItem, StatusItem } from "../../../control/revocation_commands.ts";
import { mayAct } from "../../identity.ts";
import type { PageCall } from "../desk.tsx";
import { Csrf, type View } from "../frame.tsx";
import { Badge, Card, type Column, Empty, Table, TextField } from "../parts.tsx";
import { mayChange } from "../policies/keys.tsx";

type ListRow = ListsItem["lists"][number];
type StatusRow = StatusItem["certificates"][number];

/** Sources of revocation lists, and what each holds. */
export function ListsCard({ call, lists }: { call: PageCall; lists: ListsItem | undefined }): View {
  const { page, words, identity } = call;
  const now = lists?.now ?? 0;
  const columns: Column<ListRow>[] = [
    { title: words("net.crl.source"), names: true, cell: ({ source }) => <span class="break">{source}</span> },
    {
      title: words("net.crl.holds"),
      cell: ({ lists: held, fault }) => (
        <>
          {fault !== undefined && <span class="bad break">{fault}</span>}
          <ul class="plain">
            {held.map(({ issuer, until, entries, signature }) => (
              <li>
                <span class="break">{issuer}</span>{" "}
                <Badge tone={signature === "proven" ? "ok" : signature === "wrong" ? "bad" : "warn"}>
                  {words(`net.crl.${signature}`)}
                </Badge>{" "}
                {until !== undefined && (
                  <Badge tone={until <= now ? "bad" : ""}>{words("net.crl.until", { time: words.time(until) })}</Badge>
                )}
                <div class="small muted">{words("net.crl.entries", { count: entries })}</div>
              </li>
            ))}
          </ul>
        </>
      ),
    },
    {
      title: words("net.fetched"),
      cell: ({ fetching }) =>
        fetching === undefined ? "–" : (
          <>
            <span class="nowrap">
              {fetching.fetched === undefined ? words("common.never") : words.time(fetching.fetched)}
            </span>
            {fetching.failure !== undefined && <div class="small bad break">{fetching.failure}</div>}
          </>
        ),
    },
  ];
  if (mayAct(identity.role, "operator")) {
    columns.push({
      title: words("common.actions"),
      cell: ({ source, kind }) => (
        <div class="actions">
          {kind === "url" && (
            <form class="inline" method="post" action="/authorities/crl-refresh">
              <Csrf page={page} />
              <input type="hidden" name="url" value={source} />
              <button type="submit" aria-label={`${words("net.refresh")} ${source}`}>{words("net.refresh")}</button>
            </form>
          )}
          {mayChange(call) && (
            <form class="inline" method="post" action="/authorities/crl-remove">
              <Csrf page={page} />
              <input type="hidden" name="source" value={source} />
              <button type="submit" class="danger" aria-label={`${words("common.delete")} ${source}`}>
                {words("common.delete")}
              </button>
            </form>
          )}
        </div>
      ),
    });
  }
  const title = words("net.crls");
  return (
    <>
      <Card title={title} flush id="crls">
        <Table
          columns={columns}
          rows={lists?.lists ?? []}
          caption={title}
          empty={
            <Empty title={words("net.crls.empty")}>
              <p>{words("net.crls.empty.hint")}</p>
            </Empty>
          }
        />
      </Card>
      {mayChange(call) && (
        <form class="card" method="post" action="/authorities/crl-add">
          <Csrf page={page} />
          <TextField
            id="source"
            label={words("net.crl.add")}
            hint={words("net.crl.add.hint")}
            placeholder="http://crl.example.com/root.crl"
            autocomplete="off"
            required
          />
          <div class="row">
            <button type="submit">{words("common.add")}</button>
          </div>
        </form>
      )}
    </>
  );
}

const statusTones = { good: "ok", revoked: "bad", unknown: "warn", none: "" } as const;

/** What responders say of certificates in use. */
export function StatusesCard({ call, statuses }: { call: PageCall; statuses: StatusItem | undefined }): View {
  const { page, words, identity } = call;
  const rows = statuses?.certificates ?? [];
  const columns: Column<StatusRow>[] = [
    {
      title: words("net.ocsp.certificate"),
      names: true,
      cell: ({ profiles, subject }) => (
        <>
          {profiles.join(", ")}
          <div class="small muted break">{subject}</div>
        </>
      ),
    },
    {
      title: words("net.ocsp.status"),
      cell: ({ status, mustStaple }) => (
        <>
          <Badge tone={statusTones[status]}>{words(`net.ocsp.${status}`)}</Badge>
          {mustStaple && <Badge tone="accent">{words("net.ocsp.must_staple")}</Badge>}
        </>
      ),
    },
    { title: words("net.ocsp.stapled"), cell: ({ stapled }) => words(stapled ? "common.yes" : "common.no") },
    { title: words("net.ocsp.until"), cell: ({ until }) => until === undefined ? "–" : words.time(until) },
    {
      title: words("net.ocsp.responder"),
      cell: ({ responders, fetching }) => (
        <>
          <span class="break">{responders.join(", ")}</span>
          {fetching?.failure !== undefined && <div class="small bad break">{fetching.failure}</div>}
        </>
      ),
    },
  ];
  const title = words("net.ocsp");
  return (
    <Card
      title={title}
      flush
      tools={rows.length > 0 && mayAct(identity.role, "operator") && (
        <form class="inline" method="post" action="/authorities/ocsp-refresh">
          <Csrf page={page} />
          <button type="submit">{words("net.refresh")}</button>
        </form>
      )}
    >
      <Table
        columns={columns}
        rows={rows}
        caption={title}
        empty={
          <Empty title={words("net.ocsp.empty")}>
            <p>{words("net.ocsp.empty.hint")}</p>
          </Empty>
        }
      />
    </Card>
  );
}
