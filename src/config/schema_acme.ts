/**
 * The part of the schema for certificates that an authority issues by itself: ACME, RFC 8555.
 *
 * @module
 */
import * as z from "zod";
import {
  choiceKey,
  domainKey,
  fileKey,
  flagKey,
  hostPortKey,
  listKey,
  mailAddressKey,
  plainKey,
  section,
  textKey,
  withDefault,
} from "./keys.ts";
import { fault } from "./values.ts";

/** What a key may be, as `certconfig new --key` has it too; an authority on the web signs no others. */
export const acmeKeys = ["ec:p256", "ec:p384", "rsa:2048", "rsa:3072", "rsa:4096"] as const;
/** How it is proven that a name is ours: RFC 8555 §8.3, RFC 8737. */
export const acmeChallenges = ["http-01", "tls-alpn-01"] as const;

const directoryRight = "a URL that begins with https://, as in https://acme-v02.api.letsencrypt.org/directory";

const directoryKey = textKey({
  noun: "a directory's URL",
  right: directoryRight,
  parse: (text) =>
    text.startsWith("https://") && URL.parse(text) !== null
      ? { ok: true, value: text }
      : fault("is no directory's URL", directoryRight),
  pattern: "^https://",
});

const nameRight = "a host's name with a dot in it, as in mx1.example.com";

/** RFC 8555 §7.1.3: a wildcard is proven by the DNS alone, which neither challenge here is. */
const hostKey = textKey({
  noun: "a host's name",
  right: nameRight,
  parse(text) {
    if (text.startsWith("*.")) return fault("is a wildcard, which needs a challenge in the DNS", nameRight);
    const parsed = domainKey().safeParse(text);
    if (!parsed.success || !parsed.data.includes(".")) return fault("is no host's name", nameRight);
    return { ok: true, value: parsed.data };
  },
});

const acmeBlock = section({
  directory: withDefault(
    directoryKey,
    "https://acme-v02.api.letsencrypt.org/directory",
    "The authority's directory, an https URL.",
  ),
  names: listKey(hostKey, { right: "as in [mx1.example.com]", max: 100 })
    .refine((names) => names.length > 0, { error: `is an empty list; ${nameRight}` })
    .describe("Host names of the certificate; the first is its common name."),
  email: mailAddressKey().optional().describe("Where the authority reaches the owner. Default: none."),
  challenge: withDefault(
    choiceKey(acmeChallenges),
    "http-01",
    "How the names are proven: http-01 needs port 80 of each name, tls-alpn-01 port 443.",
  ),
  http_address: withDefault(
    hostPortKey({ addressOnly: true, usualPort: 80 }),
    "0.0.0.0:80",
    "Where http-01 is answered while an order runs; what the world sees has to be port 80.",
  ),
  tls_address: withDefault(
    hostPortKey({ addressOnly: true, usualPort: 443 }).nullable(),
    null,
    "Where tls-alpn-01 is answered while an order runs; none: on the admin address. What the world sees has to be port 443.",
  ),
  key: withDefault(choiceKey(acmeKeys), "ec:p256", "The key of the certificate."),
  keep_key: withDefault(
    flagKey(),
    false,
    "Whether a renewal keeps the key, so that TLSA records stay as they are; else each has a new one.",
  ),
  terms_agreed: withDefault(
    flagKey(),
    false,
    "true: you agree to the authority's terms of service. It has to be said.",
  ),
  ca: fileKey().optional()
    .describe("PEM file of the root that signs the directory's own certificate. Default: the system's authorities."),
  external_account: section({
    key_id: plainKey({ right: "the name of the key, from the authority" }).describe("Its name, from the authority."),
    key_file: fileKey().describe("The file with the key in base64url, as the authority gave it."),
  }).optional().describe("What binds the ACME account to one that the authority knows. Default: none."),
}).superRefine((acme, context) => {
  if (acme.terms_agreed) return;
  const message = "has to be true: no authority issues without; read its terms of service";
  context.addIssue({ code: "custom", path: ["terms_agreed"], message });
});

/** `acme` of a certificate profile. */
export const acmeKey: typeof acmeBlock = acmeBlock;

/** What {@linkcode acmeKey} gives. */
export type FileAcme = z.output<typeof acmeKey>;
