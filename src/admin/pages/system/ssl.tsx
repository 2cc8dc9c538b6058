/**
 * SSL configuration: methods, ciphers and renegotiation of the services, and what peers' certificates must be like.
 *
 * What a cipher string comes to is shown as it is typed; methods out of sequence cannot be ticked, and the server refuses them too.
 *
 * @module
 */
import { type ServiceRow, serviceTable, sslChanges, type SslWish } from "../../../config/ssl_settings.ts";
import type { TlsProfile } from "../../../tls/engine.ts";
import { TlsSetupError } from "../../../tls/engine.ts";
import { type Method, methods, methodsFault } from "../../../tls/method.ts";
import { type MethodService, type Selection, selectionOf, serves } from "../../../tls/selection.ts";
import type { FieldFault } from "../../problem.ts";
import { type Candidate, candidateOf, faultAt, known, submit } from "../candidate.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, CheckField, type Column, Field, fieldState, Table } from "../parts.tsx";
import { CandidateNotices, FormFaults, mayChange } from "../policies/keys.tsx";
import type { Words } from "../words.ts";

const ciphersMax = 4_000;

/** Adds the page, the piece that follows what is typed, and the forms. */
export function mountSsl(desk: Desk): void {
  desk.page("/ssl", (call) => Ssl({ call }));
  desk.piece("/ssl/suites", (call) => {
    const { query } = call;
    const row = known(serviceTable.find(({ name }) => name === query.get("service")));
    return Suites({ call, row, profile: { methods: methodsOf(query.getAll("method")), ciphers: ciphersOf(query) } });
  });
  desk.form("/ssl/peer", { action: "ssl.peer" }, async (call) => {
    const { fields } = call;
    const { config } = await candidateOf(call.world, call.identity.user);
    const changes = peerKeys.filter(({ key }) => fields.ticked(key) !== config.tls.peer_certificate[key])
      .map(({ key }) => ({ path: ["tls", "peer_certificate", key], value: fields.ticked(key) }));
    return await stage(call, { changes });
  });
  desk.form("/ssl/:service", { action: "ssl.set" }, async (call) => {
    const { fields, world, identity, params, note } = call;
    const row = known(serviceTable.find(({ name }) => name === params.service));
    const { config } = await candidateOf(world, identity.user);
    const wish: SslWish = { methods: methodsOf(fields.list(`${row.name}-method`)) };
    if (row.ciphers) wish.ciphers = fields.text(`${row.name}-ciphers`);
    if (row.renegotiation) wish.renegotiation = fields.ticked(`${row.name}-renegotiation`);
    const errors = faultsOf(call, { row, profile: { ...config.tls[row.key], ...wish } });
    if (errors.length > 0) return { again: <Ssl call={call} typed={{ row, wish }} errors={errors} /> };
    const { changes, differences } = sslChanges(config, { service: row, wish });
    note(differences.map(({ setting, after }) => `${setting} ${after}`).join(", "));
    return await stage(call, { changes, typed: { row, wish } });
  });
}

const peerKeys = [
  { key: "fqdn_validation", label: "ssl.fqdn", hint: "ssl.fqdn.hint" },
  { key: "x509_validation", label: "ssl.x509", hint: "ssl.x509.hint" },
] as const;

/** What somebody typed for a service. */
interface Typed {
  row: ServiceRow;
  wish: SslWish;
}

async function stage(
  call: FormCall,
  { changes, typed }: { changes: Parameters<typeof submit>[1]["changes"]; typed?: Typed },
): Promise<FormEnd> {
  const { words, world, identity } = call;
  if (changes.length === 0) return { go: "/ssl", notice: { kind: "ok", text: words("ssl.unchanged") } };
  const ended = await submit(world, { user: identity.user, words, changes });
  if (ended.ok) return { go: "/ssl", notice: { kind: "ok", text: words("common.staged") } };
  return { again: <Ssl call={call} typed={typed} errors={ended.errors} /> };
}

/** Names of methods, oldest first; what is no method is passed over. */
function methodsOf(names: readonly string[]): Method[] {
  return methods.filter((method) => names.includes(method));
}

function ciphersOf(query: URLSearchParams): string {
  return (query.get("ciphers") ?? "").slice(0, ciphersMax);
}

type Profile = Pick<TlsProfile, "methods" | "ciphers">;

/** What is wrong beside a field, before anything is staged. */
function faultsOf({ world }: PageCall, { row, profile }: { row: ServiceRow; profile: Profile }): FieldFault[] {
  const fault = methodsFault(profile.methods);
  if (fault !== undefined) return [{ path: `tls.${row.key}.methods`, detail: fault }];
  const refused = selected(world, profile);
  return typeof refused === "string" ? [{ path: `tls.${row.key}.ciphers`, detail: refused }] : [];
}

/** What a profile selects, or why it selects nothing. */
function selected({ engine }: PageCall["world"], profile: Profile): Selection | string {
  if (profile.ciphers.length > ciphersMax) return `has more than ${ciphersMax} characters`;
  try {
    return selectionOf(engine, { ...profile, keys: [] });
  } catch (error) {
    if (error instanceof TlsSetupError) return error.message;
    throw error;
  }
}

async function Ssl(
  { call, typed, errors = [] }: { call: PageCall; typed?: Typed; errors?: readonly FieldFault[] },
): Promise<View> {
  const { page, words, world, identity } = call;
  const candidate = await candidateOf(world, identity.user);
  const shown = serviceTable.flatMap(({ key }) => [`tls.${key}.methods`, `tls.${key}.ciphers`]);
  return (
    <Page page={{ ...page, path: "/ssl" }} title={words("nav.ssl")} about={words("ssl.about")} scripts={["ssl.js"]}>
      <CandidateNotices {...{ words, candidate, path: "tls" }} />
      <FormFaults {...{ words, errors, shown }} />
      <div class="grid">
        {serviceTable.map((row) => (
          <Service {...{ call, candidate, row, errors }} wish={typed?.row === row ? typed.wish : {}} />
        ))}
        <Peer {...{ call, candidate }} />
      </div>
    </Page>
  );
}

function Service(
  { call, candidate, row, wish, errors }: {
    call: PageCall;
    candidate: Candidate;
    row: ServiceRow;
    wish: SslWish;
    errors: readonly FieldFault[];
  },
): View {
  const { page, words } = call;
  const { name, key } = row;
  const now = { ...candidate.config.tls[key], ...wish };
  const may = mayChange(call);
  const methodsWrong = faultAt(errors, `tls.${key}.methods`);
  const ciphersWrong = faultAt(errors, `tls.${key}.ciphers`);
  const field = { id: `${name}-ciphers`, hint: words("ssl.ciphers.hint"), error: ciphersWrong };
  return (
    <Card title={words(`ssl.${name}`)} id={name}>
      <p class="muted">{words(`ssl.${name}.about`)}</p>
      <form method="post" action={`/ssl/${name}`} data-ssl={name}>
        <Csrf page={page} />
        <fieldset aria-describedby={methodsWrong === undefined ? `${name}-hint` : `${name}-error`}>
          <legend>{words("ssl.methods")}</legend>
          <div class="row">
            {methods.toReversed().map((method) => (
              <span class="check">
                <input
                  type="checkbox"
                  id={`${name}-${method}`}
                  name={`${name}-method`}
                  value={method}
                  checked={now.methods.includes(method)}
                  disabled={!may}
                />
                <label for={`${name}-${method}`}>{method.replace("TLSv", "TLS v")}</label>
              </span>
            ))}
          </div>
          <span class="hint" id={`${name}-hint`}>{words("ssl.methods.hint")}</span>
          {methodsWrong !== undefined && <span class="error" id={`${name}-error`}>{methodsWrong}</span>}
        </fieldset>
        {row.ciphers
          ? (
            <Field {...field} label={words("ssl.ciphers")}>
              <textarea
                class="low"
                {...fieldState(field)}
                rows={3}
                maxlength={ciphersMax}
                spellcheck={false}
                disabled={!may}
              >
                {now.ciphers}
              </textarea>
            </Field>
          )
          : <input type="hidden" id={field.id} value={now.ciphers} disabled />}
        <div data-suites aria-live="polite">{Suites({ call, row, profile: now })}</div>
        {row.renegotiation && (
          <CheckField
            id={`${name}-renegotiation`}
            label={words("ssl.renegotiation")}
            hint={words("ssl.renegotiation.hint")}
            checked={now.renegotiation}
            disabled={!may}
          />
        )}
        {may && (
          <div>
            <button type="submit" class="primary">{words("common.submit")}</button>
          </div>
        )}
      </form>
    </Card>
  );
}

function Peer({ call, candidate }: { call: PageCall; candidate: Candidate }): View {
  const { page, words } = call;
  const may = mayChange(call);
  return (
    <Card title={words("ssl.peer")} id="peer">
      <p class="muted">{words("ssl.peer.about")}</p>
      <form method="post" action="/ssl/peer">
        <Csrf page={page} />
        {peerKeys.map(({ key, label, hint }) => (
          <CheckField
            id={key}
            label={words(label)}
            hint={words(hint)}
            checked={candidate.config.tls.peer_certificate[key]}
            disabled={!may}
          />
        ))}
        {may && (
          <div>
            <button type="submit" class="primary">{words("common.submit")}</button>
          </div>
        )}
      </form>
    </Card>
  );
}

/** What methods and ciphers come to. */
function Suites(
  { call: { words, world }, row: { ciphers: own }, profile }: { call: PageCall; row: ServiceRow; profile: Profile },
): View {
  const fault = methodsFault(profile.methods);
  const selection = fault ?? selected(world, profile);
  if (typeof selection === "string") return <NoticeBox notice={{ kind: "bad", text: selection }} />;
  const { suites, methods: services, kinds, ignored, weaknesses } = selection;
  const warnings = [...ignored, ...weaknesses];
  return (
    <div class="stack">
      <div class="row">
        <strong>{words("ssl.selected", { count: suites.length })}</strong>
        {services.map((service) => <MethodBadge {...{ service, words }} />)}
      </div>
      {own && (
        <ul class="plain small muted">
          {kinds.map(({ name: kind, methods: usable }) => (
            <li>
              {usable.length === 0
                ? words("ssl.key_none", { kind })
                : words("ssl.key", { kind, methods: usable.join(", ") })}
            </li>
          ))}
        </ul>
      )}
      {warnings.length > 0 && <NoticeBox notice={{ kind: "warn", text: words("ssl.warnings"), lines: warnings }} />}
      <details>
        <summary>{words("ssl.list")}</summary>
        <Table columns={columns(words)} rows={suites} caption={words("ssl.list")} />
      </details>
    </div>
  );
}

function MethodBadge(
  { service: { method, suites: count, why }, words }: { service: MethodService; words: Words },
): View {
  return why === undefined
    ? <Badge tone="ok">{words("ssl.method_suites", { method, count })}</Badge>
    : <Badge tone="warn">{words(`ssl.method_${why}`, { method })}</Badge>;
}

function columns(words: Words): Column<Selection["suites"][number]>[] {
  return [
    { title: words("ssl.suite"), names: true, cell: ({ name }) => <code>{name}</code> },
    {
      title: words("ssl.methods"),
      cell: (suite) => methods.filter((method) => serves(suite, method)).join(", "),
    },
    { title: words("ssl.exchange"), cell: ({ keyExchange }) => keyExchange },
    { title: words("ssl.authentication"), cell: ({ authentication }) => authentication },
    { title: words("ssl.encryption"), cell: ({ encryption }) => encryption },
    { title: "MAC", cell: ({ mac }) => mac },
  ];
}
