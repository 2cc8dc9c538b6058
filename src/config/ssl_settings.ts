/**
 * The TLS settings of the four services as an operator names and changes them.
 *
 * Services have short names (gui, inbound, outbound, other), methods the numbers of a menu, best first, as appliances have it. Here a change is
 * only put into words of the file; whether the engine can do it is found out when it is written.
 *
 * @module
 */
import { type Method, methods, methodsFault } from "../tls/method.ts";
import type { Config, TlsService } from "./config.ts";
import { nearest, quoted } from "./faults.ts";
import type { Change } from "./plain.ts";
import { fault, type Parsed } from "./values.ts";

// deno-fmt-ignore
/** The services in the order of the file. `renegotiation`: it is a switch of theirs; `ciphers`: they have a string of their own. */
export const serviceTable = [
  { name: "gui",      key: "gui_https",             title: "HTTPS of the admin page",                 ciphers: true,  renegotiation: true },
  { name: "inbound",  key: "inbound_smtp",          title: "listeners",                               ciphers: true,  renegotiation: true },
  { name: "outbound", key: "outbound_smtp",         title: "deliveries",                              ciphers: true,  renegotiation: false },
  { name: "other",    key: "other_client_services", title: "LDAP, updater, call-ahead, remote syslog", ciphers: false, renegotiation: false },
] as const satisfies readonly { name: string; key: TlsService; title: string; ciphers: boolean; renegotiation: boolean }[];

/** A row of {@linkcode serviceTable}. */
export type ServiceRow = (typeof serviceTable)[number];

/** The numbers of the menu, from 1 on. */
export const methodMenu: readonly Method[] = methods.toReversed();

/** `1. TLS v1.3  2. TLS v1.2  3. TLS v1.1  4. TLS v1.0`. */
export const methodMenuText: string = methodMenu.map((name, at) => `${at + 1}. ${name.replace("TLSv", "TLS v")}`)
  .join("  ");

/** A service by its short name, or by its key in the file. */
export function parseService(text: string): Parsed<ServiceRow> {
  const word = text.toLowerCase();
  const found = serviceTable.find(({ name, key }) => name === word || key === word);
  if (found !== undefined) return { ok: true, value: found };
  const names = serviceTable.map(({ name }) => name);
  const meant = nearest(word, names);
  return fault("is no service", meant === undefined ? `one of ${names.join(", ")}` : `did you mean ${meant}?`);
}

const methodsRight = `numbers of the menu ${methodMenuText}, as in 2, 1-3 or 1,2,3, or names, as in TLSv1.2,TLSv1.3`;

/** Methods from `2`, `1-4`, `1,2,3` or `TLSv1.2,TLSv1.3`; oldest first, each once, without a gap. */
export function parseMethods(text: string): Parsed<Method[]> {
  const selected = new Set<Method>();
  for (const item of text.split(",").map((each) => each.trim())) {
    const numbers = /^(\d{1,9})(?:\s*-\s*(\d{1,9}))?$/.exec(item);
    if (numbers === null) {
      const named = methods.find((name) => name.toLowerCase() === item.toLowerCase());
      if (named === undefined) {
        return fault(item === "" ? "has an empty part" : `names no method: ${quoted(item)}`, methodsRight);
      }
      selected.add(named);
      continue;
    }
    const [from, to] = [Number(numbers[1]), Number(numbers[2] ?? numbers[1])];
    for (const number of [from, to]) {
      if (number < 1 || number > methodMenu.length) {
        return fault(`has the number ${number}, which the menu has not`, methodsRight);
      }
    }
    if (from > to) return fault(`goes backwards: ${item}`, `${to}-${from}`);
    for (const method of methodMenu.slice(from - 1, to)) selected.add(method);
  }
  const wrong = methodsFault([...selected]);
  if (wrong !== undefined) return fault(`selects ${[...selected].sort().join(", ")}: ${wrong}`, methodsRight);
  return { ok: true, value: methods.filter((method) => selected.has(method)) };
}

/** The settings of one service. `ciphers` of `other` are outbound's, and renegotiation is a matter of servers: null where there is none. */
export interface SslSettings {
  service: ServiceRow["name"];
  title: string;
  methods: readonly Method[];
  ciphers: string;
  renegotiation: boolean | null;
}

/** The settings that a configuration has, in the order of the menu. */
export function sslSettings({ tls }: Pick<Config, "tls">): SslSettings[] {
  return serviceTable.map(({ name: service, key, title, renegotiation }) => ({
    service,
    title,
    methods: tls[key].methods,
    ciphers: tls[key].ciphers,
    renegotiation: renegotiation ? tls[key].renegotiation : null,
  }));
}

/** What is to be set; what is left out stays. */
export interface SslWish {
  methods?: readonly Method[];
  ciphers?: string;
  renegotiation?: boolean;
}

/** One setting that will be another. */
export interface SslDifference {
  setting: "methods" | "ciphers" | "renegotiation";
  before: string;
  after: string;
}

/** What a wish changes of a service: in words, and in the file. Settings that are so already are left out. */
export function sslChanges(
  { tls }: Pick<Config, "tls">,
  { service: { key }, wish }: { service: ServiceRow; wish: SslWish },
): { differences: SslDifference[]; changes: Change[] } {
  const differences: SslDifference[] = [];
  const changes: Change[] = [];
  const now = tls[key];
  const words = {
    methods: (value: readonly Method[]) => value.join(", "),
    ciphers: (value: string) => value,
    renegotiation: (value: boolean) => value ? "on" : "off",
  };
  const compare = <S extends keyof SslWish>(setting: S, word: (value: NonNullable<SslWish[S]>) => string) => {
    const wished = wish[setting];
    if (wished === undefined) return;
    const [before, after] = [word(now[setting] as NonNullable<SslWish[S]>), word(wished)];
    if (before === after) return;
    differences.push({ setting, before, after });
    changes.push({ path: ["tls", key, setting], value: wished });
  };
  compare("methods", words.methods);
  compare("ciphers", words.ciphers);
  compare("renegotiation", words.renegotiation);
  return { differences, changes };
}
