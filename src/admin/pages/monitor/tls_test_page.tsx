/**
 * "Test now": meets the hosts of a destination as delivery would, by the code of delivery itself, and shows what each TLS level would do.
 *
 * @module
 */
import { parseDomain } from "../../../config/values.ts";
import type { HostProbe, LevelEnd, Probe } from "../../../deliver/probe.ts";
import { literalAddress } from "../../../policy/route.ts";
import { levelTable } from "../../../tls/level.ts";
import { hopOf } from "../../api/explain.ts";
import type { Desk, FormCall, FormEnd, PageCall } from "../desk.tsx";
import { Csrf, type Notice, NoticeBox, Page, type View } from "../frame.tsx";
import { Badge, Card, ChoiceField, type Column, Facts, Table, TextField, type Tone } from "../parts.tsx";
import type { Words } from "../words.ts";

/** For one address; all together take ten times this at most. */
const addressMs = 15_000;
/** Tests at a time: each holds a connection to somebody else's host. */
const testsMax = 4;

/** Adds the page. */
export function mountTlsTest(desk: Desk): void {
  let running = 0;
  desk.page("/delivery/:domain/test", (asked) => testPage(asked, {}), { role: "operator" });
  desk.form("/delivery/:domain/test", { action: "tlsverify", role: "operator" }, async (asked): Promise<FormEnd> => {
    const { words } = asked;
    if (running >= testsMax) {
      return { again: testPage(asked, { fault: { kind: "warn", text: words("tracking.busy") } }) };
    }
    running++;
    try {
      return await test(asked);
    } finally {
      running--;
    }
  });
}

async function test(asked: FormCall): Promise<FormEnd> {
  const { fields, params: { domain }, world, note } = asked;
  const level = fields.text("level");
  const host = fields.text("host");
  const hop = host === "" ? undefined : hopOf(host);
  const parsed = parseDomain(domain);
  const address = literalAddress(domain) !== undefined;
  const wrong = host !== "" && hop === undefined ? `${host}: host:port` : undefined;
  if (wrong !== undefined || !parsed.ok && !address) {
    const text = wrong ?? (parsed.ok ? "" : `${domain} ${parsed.what}; ${parsed.right}`);
    return { again: testPage(asked, { level, host, fault: { kind: "bad", text } }) };
  }
  note([level, host].filter((each) => each !== "").join(" "));
  const probe = await world.probe({
    domain: parsed.ok && !address ? parsed.value : domain,
    host: hop,
    level: levelTable.find(({ name }) => name === level)?.name,
    ms: addressMs,
  });
  return { show: testPage(asked, { level, host, probe }) };
}

function testPage(
  { page, words, params: { domain } }: PageCall,
  { level = "", host = "", probe, fault }: { level?: string; host?: string; probe?: Probe; fault?: Notice },
): View {
  const at = `/delivery/${encodeURIComponent(domain)}`;
  const tried = levelTable.filter(({ tries }) => tries).map(({ name }) => [name, name] as const);
  return (
    <Page
      page={page}
      title={words("delivery.test", { domain })}
      about={words("delivery.test.about")}
      above={{ path: at, title: domain }}
    >
      {fault !== undefined && <NoticeBox notice={fault} />}
      <Card>
        <form class="inline" method="post" action={`${at}/test`}>
          <Csrf page={page} />
          <ChoiceField
            id="level"
            label={words("delivery.test.level")}
            value={level}
            choices={[["", words("delivery.test.own")], ...tried]}
          />
          <TextField id="host" label={words("delivery.test.host")} value={host} placeholder="mx.example.com:25" />
          <button type="submit" class="primary">{words("delivery.test.go")}</button>
        </form>
      </Card>
      {probe !== undefined && <Result {...{ probe, words }} />}
    </Page>
  );
}

function Result({ probe: { hosts, text }, words }: { probe: Probe; words: Words }): View {
  const answered = hosts.filter(({ met }) => met.kind !== "no_dialogue");
  const verdict: Notice = answered.length === 0
    ? { kind: "bad", text: words("delivery.test.no_answer") }
    : answered.every(({ verified }) => verified)
    ? { kind: "ok", text: words("delivery.test.verified") }
    : { kind: "warn", text: words("delivery.test.not_verified") };
  return (
    <>
      <NoticeBox notice={{ ...verdict, lines: text === undefined ? [] : [text] }} />
      {hosts.map((host) => <Host {...{ host, words }} />)}
    </>
  );
}

const endTones: Readonly<Record<LevelEnd["end"], Tone>> = { encrypted: "ok", clear: "warn", deferred: "bad" };

function Host(
  { host: { host: { name, address, port }, dialogue, met, levels }, words }: { host: HostProbe; words: Words },
): View {
  const columns: Column<LevelEnd>[] = [
    { title: words("delivery.test.level_column"), names: true, cell: ({ level }) => level },
    {
      title: words("delivery.test.end"),
      cell: ({ end }) => <Badge tone={endTones[end]}>{words(`delivery.end.${end}`)}</Badge>,
    },
    { title: words("delivery.test.why"), cell: ({ text }) => <div class="break">{text}</div> },
  ];
  return (
    <Card title={`${name} [${address}]:${port}`}>
      {met.kind === "encrypted" ? <Proven {...{ facts: met.facts, words }} /> : (
        <Facts
          facts={[[
            words("delivery.test.tls"),
            met.kind === "tls_failed" ? `${met.failure.error} (${met.failure.reason})` : `${met.text} (${met.reason})`,
          ]]}
        />
      )}
      <h3>{words("delivery.test.levels")}</h3>
      <Table columns={columns} rows={levels} caption={words("delivery.test.levels")} />
      <details>
        <summary>{words("delivery.test.dialogue")}</summary>
        <pre>{dialogue.map(({ by, text }) => `${by === "server" ? "S" : by === "client" ? "C" : "*"}: ${text}`).join("\n")}</pre>
      </details>
    </Card>
  );
}

function Proven(
  { facts: { protocol, cipher, bits, certificates, chain, names, unsound }, words }: {
    facts: Extract<HostProbe["met"], { kind: "encrypted" }>["facts"];
    words: Words;
  },
): View {
  const verdict = chain.trusted
    ? words("delivery.test.trusted")
    : words("delivery.test.untrusted", { text: `${chain.text} (${chain.reason})` });
  return (
    <>
      <Facts
        facts={[
          [words("delivery.test.tls"), `${protocol}, ${cipher}, ${bits} bits`],
          [
            words("delivery.test.chain"),
            <ul class="plain">
              {certificates.map(({ subject, issuer, notAfter, key }) => (
                <li class="break">
                  {subject} ← {issuer} · {key} · {words.day(notAfter)}
                </li>
              ))}
            </ul>,
          ],
        ]}
      />
      <ul class="plain">
        <li class={chain.trusted ? "ok" : "bad"}>{verdict}</li>
        {unsound !== undefined && <li class="bad break">{`${unsound.text} (${unsound.reason})`}</li>}
        {names.map(({ name, matches, counts }) => (
          <li class={matches && counts ? "ok" : "warn"}>
            {words(
              !matches ? "delivery.test.name_no" : counts ? "delivery.test.name_yes" : "delivery.test.name_ignored",
              { name },
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
