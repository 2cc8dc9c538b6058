/**
 * Which certificate profile is named where, and how that is changed in the file.
 *
 * Listeners and the admin page may name several, chosen by SNI and kind of key; the others name one.
 *
 * @module
 */
import type { Config, TlsService } from "./config.ts";
import { nearest, quoted } from "./faults.ts";
import { valueAt } from "./issues.ts";
import type { Change } from "./plain.ts";
import { fault, type Parsed, parseDomainPattern } from "./values.ts";

/** A place that names certificates. */
export interface AssignmentPlace {
  /** `listener inbound`, `delivery`, `destination example.com`, `https`, `ldap staff`. */
  where: string;
  path: readonly string[];
  /** What it names now: what the file says, or what is taken where it says nothing. */
  names: readonly string[];
  /** Several can be named. */
  list: boolean;
  /** Whose settings it is used with. */
  service: TlsService;
}

/** How an operator names a place. */
export type PlaceWord =
  | { kind: "listener" | "destination" | "ldap" | "syslog"; name: string }
  | { kind: "delivery" | "https" | "updater" };

/** The place in the file. `root` is the file as it was read. */
export function placeOf(word: PlaceWord, { config, root }: { config: Config; root: unknown }): Parsed<AssignmentPlace> {
  switch (word.kind) {
    case "listener":
      return listenerPlace(word.name, config);
    case "delivery":
      return single("delivery", ["destination_controls"], { root, service: "outbound_smtp" });
    case "destination":
      return destinationPlace(word.name, root);
    case "https":
      return {
        ok: true,
        value: {
          where: "https",
          path: ["admin", "certificate"],
          names: config.admin.certificate,
          list: true,
          service: "gui_https",
        },
      };
    case "updater":
      return single("updater", ["services", "updater"], { root, service: "other_client_services" });
    case "ldap":
    case "syslog":
      return servicePlace(word.kind, word.name, root);
    default:
      return word satisfies never;
  }
}

function listenerPlace(name: string, { listeners }: Config): Parsed<AssignmentPlace> {
  const listener = listeners.find((each) => each.name === name);
  if (listener === undefined) return unknown("listener", name, listeners.map((each) => each.name));
  return {
    ok: true,
    value: {
      where: `listener ${name}`,
      path: ["listeners", name, "certificate"],
      names: listener.certificate,
      list: true,
      service: "inbound_smtp",
    },
  };
}

function destinationPlace(name: string, root: unknown): Parsed<AssignmentPlace> {
  const how = { root, service: "outbound_smtp" } as const;
  if (name === "default") return single("destination default", ["destination_controls", "default"], how);
  const parsed = parseDomainPattern(name);
  if (!parsed.ok) return parsed;
  // The file may write it in another case.
  const written = keysAt(root, ["destination_controls", "domains"]).find((key) => {
    const other = parseDomainPattern(key);
    return other.ok && other.value === parsed.value;
  });
  return single(`destination ${parsed.value}`, ["destination_controls", "domains", written ?? parsed.value], how);
}

function servicePlace(kind: "ldap" | "syslog", name: string, root: unknown): Parsed<AssignmentPlace> {
  const known = keysAt(root, ["services", kind]);
  if (!known.includes(name)) return unknown(`${kind} service`, name, known);
  return single(`${kind} ${name}`, ["services", kind, name], { root, service: "other_client_services" });
}

function single(
  where: string,
  block: readonly string[],
  { root, service }: { root: unknown; service: TlsService },
): Parsed<AssignmentPlace> {
  const path = [...block, "certificate"];
  const value = valueAt(root, path);
  return { ok: true, value: { where, path, names: typeof value === "string" ? [value] : [], list: false, service } };
}

function keysAt(root: unknown, path: readonly string[]): string[] {
  const value = valueAt(root, [...path]);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

function unknown(noun: string, name: string, known: readonly string[]): Parsed<never> {
  const meant = nearest(name, known);
  const list = known.length === 0 ? "there is none" : `there are ${known.join(", ")}`;
  return fault(`is no ${noun}: ${quoted(name)}`, meant === undefined ? list : `did you mean ${meant}?`);
}

/** The change that makes a place name these; none of them takes its key out. */
export function assignmentChange({ path }: AssignmentPlace, names: readonly string[]): Change {
  return { path, value: names.length === 0 ? undefined : names.length === 1 ? names[0] : [...names] };
}
