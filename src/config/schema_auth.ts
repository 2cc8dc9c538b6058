/**
 * The part of the schema that says who may authenticate himself over SMTP.
 *
 * @module
 */
import { parseScryptHash } from "../base/scrypt_hash.ts";
import { listKey, namedKey, section, textKey, type TextSchema, withDefault } from "./keys.ts";
import { recipientPattern } from "./schema_recipients.ts";
import { fault } from "./values.ts";

const hashRight = "the text that `postern hash-password` prints, scrypt$…";

/** The hash of a password. It is never quoted. */
export function passwordHashKey(): TextSchema<string> {
  return textKey({
    noun: "a password hash",
    right: hashRight,
    secret: true,
    parse(text) {
      if (parseScryptHash(text) !== undefined) return { ok: true, value: text };
      return fault(
        text.startsWith("scrypt$") ? "is a scrypt hash that is cut off or out of bounds" : "is no scrypt hash",
        hashRight,
      );
    },
  });
}

const nameRight = "a name without blanks, as in printer or ann@example.test";

const userName = textKey({
  noun: "a user's name",
  right: nameRight,
  parse: (text) =>
    /^[^\s\p{C}]{1,255}$/u.test(text) ? { ok: true, value: text } : fault("cannot be a user's name", nameRight),
});

/** A name that stands on the certificate of one client, in lower case. */
export function certificateNameKey(): TextSchema<string> {
  const right = "a name on the client's certificate, as in printer.example.test";
  return textKey({
    noun: "a name",
    right,
    parse: (text) =>
      /^[^\p{C}]{1,255}$/u.test(text) && !text.includes("*")
        ? { ok: true, value: text.toLowerCase() }
        : fault("is no name of one client", right),
  });
}

const userShape = {
  password_hash: passwordHashKey().optional()
    .describe(
      "The hash of the password, for PLAIN and LOGIN: what `postern hash-password` prints. Default: no password.",
    ),
  certificate: certificateNameKey().optional()
    .describe(
      "A name (SAN, or CN where there is none) of the client certificate that stands for this user, for EXTERNAL. Default: none.",
    ),
  senders: listKey(recipientPattern, { right: "as in [ann@example.test, example.org]" }).optional()
    .describe(
      "Envelope senders that the user may use: address, domain, .domain, user@; the null sender is everybody's. Default: any.",
    ),
};

const user = section(userShape).superRefine(({ password_hash, certificate }, context) => {
  if (password_hash !== undefined || certificate !== undefined) return;
  context.addIssue({ code: "custom", message: "has no way to log in; password_hash, certificate, or both" });
});

const authKey = section({
  users: withDefault(
    namedKey({ name: userName, value: user, right: "as in ann: { password_hash: scrypt$… }" }),
    {},
    "Users by name.",
  ),
});

/** `smtp_auth`. */
export const smtpAuthKey: typeof authKey = authKey;
