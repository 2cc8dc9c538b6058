/**
 * What a certificate is asked to say: whom it names, under which other names, for how long, with which kind of key.
 *
 * Words of an administrator become values here, bounded as RFC 5280 has it, so that no authority sends a request back for something
 * that could be told at once.
 *
 * @module
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { printable } from "../base/text.ts";
import { parseDomain } from "../config/values.ts";
import { ProfileError } from "./profile_names.ts";
import { tell } from "./texts.ts";
import type { Told } from "../base/told.ts";

/** Words for a subject and its names. */
export interface SubjectWords {
  commonName: string;
  organization?: string;
  organizationalUnit?: string;
  locality?: string;
  state?: string;
  /** Two letters. */
  country?: string;
  /** `mx1.example.test`, `192.0.2.1`, `DNS:…`, `IP:…`, `email:postmaster@example.test`. */
  names?: readonly string[];
}

/** A subject alternative name. */
export interface AlternativeName {
  type: "dns" | "ip" | "email";
  value: string;
}

/** A part of a distinguished name, in the order in which it is written. */
export interface SubjectPart {
  type: "C" | "ST" | "L" | "O" | "OU" | "CN";
  value: string;
}

/** What {@linkcode readSubject} makes of the words. */
export interface Subject {
  parts: SubjectPart[];
  names: AlternativeName[];
}

/** RFC 5280 appendix A.1: upper bounds. */
const parts = [
  { type: "C", of: "country", max: 2 },
  { type: "ST", of: "state", max: 128 },
  { type: "L", of: "locality", max: 128 },
  { type: "O", of: "organization", max: 64 },
  { type: "OU", of: "organizationalUnit", max: 64 },
  { type: "CN", of: "commonName", max: 64 },
] as const;

/** As the command line has them. */
const options: Readonly<Record<typeof parts[number]["of"], string>> = {
  country: "--country",
  state: "--state",
  locality: "--locality",
  organization: "--organization",
  organizationalUnit: "--organizational-unit",
  commonName: "--common-name",
};

const namesMax = 100;

/**
 * Reads the words. A common name that is a host name becomes an alternative name too, since nobody who verifies a host looks at
 * common names where there are others. Throws {@linkcode ProfileError}.
 */
export function readSubject(words: SubjectWords): Subject {
  const subject = parts.flatMap(({ type, of, max }): SubjectPart[] => {
    const value = words[of]?.trim();
    if (value === undefined) return [];
    const refuse = (why: Told): never => {
      throw new ProfileError(tell("fault.cert.field", { option: options[of], value: printable(value, 80), why }));
    };
    if (value === "") return refuse(tell("fault.empty"));
    // deno-lint-ignore no-control-regex
    if (/[\x00-\x1f\x7f-\x9f\ud800-\udfff]/u.test(value)) return refuse(tell("fault.controls"));
    if (of === "country" && !/^[A-Za-z]{2}$/.test(value)) return refuse(tell("fault.cert.country"));
    if ([...value].length > max) return refuse(tell("fault.too_long", { max }));
    return [{ type, value: of === "country" ? value.toUpperCase() : value }];
  });
  const names = (words.names ?? []).map(alternativeName);
  const own = hostName(words.commonName.trim());
  if (own !== undefined) names.unshift({ type: isIP(own) === 0 ? "dns" : "ip", value: own });
  const unlike = names.filter((name, at) =>
    names.findIndex(({ type, value }) => type === name.type && value === name.value) === at
  );
  if (unlike.length > namesMax) throw new ProfileError(tell("fault.cert.names", { max: namesMax }));
  return { parts: subject, names: unlike };
}

function alternativeName(word: string): AlternativeName {
  const [, kind, text] = /^(?:(dns|ip|email):)?(.*)$/is.exec(word.trim())!;
  const refuse = (why: Told): never => {
    throw new ProfileError(tell("fault.cert.field", { option: "--san", value: printable(word, 80), why }));
  };
  switch (kind?.toLowerCase() ?? (text.includes("@") ? "email" : isIP(text) === 0 ? "dns" : "ip")) {
    case "ip":
      return isIP(text) === 0 ? refuse(tell("fault.cert.no_ip")) : { type: "ip", value: text };
    case "email": {
      const [, local, domain] = /^([!-?A-~]{1,64})@([^@]+)$/.exec(text) ?? refuse(tell("fault.cert.no_mail"));
      const host = hostName(domain);
      return host === undefined ? refuse(tell("fault.cert.no_mail")) : { type: "email", value: `${local}@${host}` };
    }
    default: {
      const host = hostName(text);
      if (host === undefined || isIP(host) !== 0) return refuse(tell("fault.cert.no_host"));
      return { type: "dns", value: host };
    }
  }
}

/** A host name in its ASCII form, also with a `*` as its first label; or an address. `undefined`: it is neither. */
function hostName(text: string): string | undefined {
  if (isIP(text) !== 0) return text;
  const wildcard = text.startsWith("*.") ? "*." : "";
  const parsed = parseDomain(domainToASCII(text.slice(wildcard.length)));
  return parsed.ok ? wildcard + parsed.value : undefined;
}

const keyKindNames = ["rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384", "ed25519"] as const;

/** A kind of key, as the command line has it. */
export type KeyKind = typeof keyKindNames[number];

/** Every kind. */
export const keyKinds: readonly KeyKind[] = keyKindNames;

/** The kind that is nearest to a key that there is, as engines name it: `RSA 2048`, `EC P-256`. */
export function kindLike(key: string): KeyKind {
  const [family, size] = key.split(" ");
  switch (family) {
    case "EC":
      return size === "P-256" ? "ec:p256" : "ec:p384";
    case "ED25519":
    case "ED448":
      return "ed25519";
    default:
      return Number(size) > 3_072 ? "rsa:4096" : Number(size) > 2_048 ? "rsa:3072" : "rsa:2048";
  }
}

/** The kind of a word. Throws {@linkcode ProfileError}. */
export function readKeyKind(word: string): KeyKind {
  const found = keyKinds.find((kind) => kind === word.toLowerCase());
  if (found !== undefined) return found;
  throw new ProfileError(tell("fault.cert.key_kind", { kind: printable(word, 80), kinds: keyKinds.join(", ") }));
}
