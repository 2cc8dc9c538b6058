/**
 * Where a certificate is shown, in the reader's candidate and in force, and the form that assigns it.
 *
 * @module
 */
import { certificateUses, usesOf } from "../../../certs/uses.ts";
import { type Candidate, candidateOf, namesUnder } from "../candidate.ts";
import type { PageCall } from "../desk.tsx";
import { Csrf, type View } from "../frame.tsx";
import { Badge, Card, CheckField, ChoiceField, type Column, Empty, Table } from "../parts.tsx";
import type { Words } from "../words.ts";

/** A place that shows the certificate, or will, or will not any more. */
export interface Assignment {
  /** As on the command line: `listener inbound`, `delivery`, `admin`. */
  where: string;
  state: "in force" | "staged" | "taken away";
  /** The word of the place for `certconfig unassign`; absent: nothing is said there that could be taken out. */
  place?: string;
}

/** Every place of a certificate. */
export async function assignmentsOf({ world, identity }: PageCall, name: string): Promise<Assignment[]> {
  const candidate = await candidateOf(world, identity.user);
  const { text } = await world.staging.source();
  const uses = certificateUses(candidate.config, candidate.said([])).filter(({ profile }) => profile === name);
  const inForce = new Set(
    usesOf(certificateUses(world.config(), await world.staging.texts.run("plain", { text })), name),
  );
  const wanted = [...new Set(uses.map(({ where }) => where))];
  const shown = wanted.map((where): Assignment => {
    const said = uses.some((use) => use.where === where && use.path !== undefined);
    return {
      where,
      state: inForce.has(where) ? "in force" : "staged",
      ...(said && placeWord(where) !== undefined ? { place: where } : {}),
    };
  });
  const gone = [...inForce].filter((where) => !wanted.includes(where));
  return [...shown, ...gone.map((where): Assignment => ({ where, state: "taken away" }))];
}

/** The option of `certconfig assign` for a place, and its value. */
export function placeWord(where: string): Record<string, string | true> | undefined {
  if (where === "admin" || where === "https") return { https: true };
  if (where === "delivery" || where === "updater") return { [where]: true };
  const [, kind, name] = /^(listener|destination|ldap|syslog) (.+)$/.exec(where) ?? [];
  return kind === undefined ? undefined : { [kind]: name };
}

/** Destinations that the form offers; where there are more, theirs is set where they are. */
const destinationsMax = 100;

/** Places that can show a certificate, as the form has them. */
function placesOf(candidate: Candidate): string[] {
  const { config } = candidate;
  const under = (kind: string, path: readonly string[]) => namesUnder(candidate, path).map((name) => `${kind} ${name}`);
  return [
    ...config.listeners.map(({ name }) => `listener ${name}`),
    "admin",
    "delivery",
    "destination default",
    ...under("destination", ["destination_controls", "domains"]).slice(0, destinationsMax),
    ...under("ldap", ["services", "ldap"]),
    ...under("syslog", ["services", "syslog"]),
    "updater",
  ];
}

const stateTones = { "in force": "ok", staged: "accent", "taken away": "warn" } as const;
const stateKeys = {
  "in force": "cert.use.in_force",
  staged: "cert.use.staged",
  "taken away": "cert.use.gone",
} as const;

/** The card with the table and the form. */
export async function UsesCard({ call, name, path, assignments, may }: {
  call: PageCall;
  name: string;
  path: string;
  assignments: readonly Assignment[];
  may: boolean;
}): Promise<View> {
  const { page, words, world, identity } = call;
  const columns: Column<Assignment>[] = [
    {
      title: words("cert.use"),
      names: true,
      cell: ({ where }) => <span class="break">{whereText(where, words)}</span>,
    },
    {
      title: words("cert.use.state"),
      cell: ({ state }) => <Badge tone={stateTones[state]}>{words(stateKeys[state])}</Badge>,
    },
  ];
  if (may) {
    columns.push({
      title: words("common.actions"),
      cell: ({ where, place }) =>
        place !== undefined && (
          <form class="inline" method="post" action={`${path}/unassign`}>
            <Csrf page={page} />
            <input type="hidden" name="place" value={place} />
            <button type="submit" aria-label={words("cert.unassign.from", { where: whereText(where, words) })}>
              {words("cert.unassign")}
            </button>
          </form>
        ),
    });
  }
  const places = may ? placesOf(await candidateOf(world, identity.user)) : [];
  return (
    <>
      <Card title={words("cert.uses")} flush id="uses">
        <Table
          columns={columns}
          rows={assignments}
          caption={words("cert.uses")}
          empty={
            <Empty title={words("cert.unused")}>
              <p>{words("cert.uses.hint")}</p>
            </Empty>
          }
        />
      </Card>
      {may && (
        <Card title={words("cert.assign")}>
          <form method="post" action={`${path}/assign`}>
            <Csrf page={page} />
            <p class="muted">{words("cert.assign.about", { name })}</p>
            <ChoiceField
              id="place"
              label={words("cert.use")}
              choices={places.map((where) => [where, whereText(where, words)] as const)}
            />
            <CheckField
              id="add"
              label={words("cert.assign.add")}
              checked={false}
              hint={words("cert.assign.add.hint")}
            />
            <div class="row">
              <button type="submit" class="primary">{words("cert.assign.submit")}</button>
            </div>
          </form>
        </Card>
      )}
    </>
  );
}

/** A place in the reader's language. */
export function whereText(where: string, words: Words): string {
  if (where === "admin") return words("cert.where.admin");
  if (where === "delivery") return words("cert.where.delivery");
  if (where === "destination default") return words("cert.where.default");
  const [, kind, name] = /^(listener|destination) (.+)$/.exec(where) ?? [];
  if (kind === "listener") return words("cert.where.listener", { name });
  return kind === "destination" ? words("cert.where.destination", { name }) : where;
}
