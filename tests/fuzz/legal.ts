/**
 * What is legal, as arbitraries of fast-check: texts, addresses, envelopes, and ways to cut.
 *
 * @module
 */
import fc from "fast-check";
import type { Octets } from "../../src/base/octets.ts";
import type { Envelope, Notify } from "../../src/mail/envelope.ts";
import { encodeXtext } from "../../src/smtp/xtext.ts";
import { latin1, latin1Text } from "./bytes.ts";

const marks = ["\r\n", "\r\n", ".", "..", "\r\n.", "\r\n.\r\n", "\r\n..\r\n", " ", "\t", "a", "\r\n\r\n"];

/** Any octets but NUL, CR and LF. */
const plain = fc.uint8Array({ maxLength: 24 }).map((bytes) =>
  latin1Text(bytes.map((octet) => octet === 0 || octet === 10 || octet === 13 ? 0x61 : octet))
);

/** A text that may be sent: CRLF and nothing else ends lines, no NUL. It may end without a line end, which BDAT can carry. */
export const text: fc.Arbitrary<Octets> = fc.array(fc.oneof(fc.constantFrom(...marks), plain), { maxLength: 60 })
  .map((parts) => latin1(parts.join("")));

/** The same, so large that the queue streams it to a file at times. */
export const largeText: fc.Arbitrary<Octets> = fc.tuple(text, fc.integer({ min: 1, max: 20_000 })).map(
  ([part, times]) => {
    const line = `${latin1Text(part)}\r\n`;
    return latin1(line.repeat(Math.min(times, Math.floor(600_000 / line.length))));
  },
);

/** Sizes of pieces for `pieces`. */
export const cuts: fc.Arbitrary<number[]> = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 70_000 })),
  { minLength: 1, maxLength: 6 },
);

const atomText = [..."abzAZ019!#$%&'*+-/=?^_`{|}~", "ü", "日", "😀"];
const atom = fc.array(fc.constantFrom(...atomText), { minLength: 1, maxLength: 5 }).map((letters) => letters.join(""));
const dotString = fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => atoms.join("."));
const quotedString = fc.array(fc.constantFrom(" ", "@", "<", ">", ",", ".", "a", '\\"', "\\\\", "\\ ", "ü"), {
  maxLength: 8,
})
  .map((parts) => `"${parts.join("")}"`);
const label = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,20}[A-Za-z0-9])?$/);

/** A domain of one to four labels. */
export const domain: fc.Arbitrary<string> = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) =>
  labels.join(".")
);

/** An address literal. */
export const literal: fc.Arbitrary<string> = fc.oneof(
  fc.ipV4().map((address) => `[${address}]`),
  fc.ipV6().map((address) => `[IPv6:${address}]`),
);

const short = (local: string) => new TextEncoder().encode(local).length <= 64;

/** A mailbox. */
export const mailbox: fc.Arbitrary<string> = fc.tuple(
  fc.oneof(dotString, quotedString).filter(short),
  fc.oneof({ weight: 4, arbitrary: domain }, { weight: 1, arbitrary: literal }),
).map(([local, host]) => `${local}@${host}`);

const notify: fc.Arbitrary<Notify[]> = fc.oneof(
  fc.constant<Notify[]>(["NEVER"]),
  fc.uniqueArray(fc.constantFrom<Notify>("SUCCESS", "FAILURE", "DELAY"), { minLength: 1 }),
);
const xtext = fc.string({ minLength: 1, maxLength: 12 }).map(encodeXtext);

/** An envelope whose recipients are all in one domain, so that they are leased together; without its MID. */
export const envelope: fc.Arbitrary<Omit<Envelope, "mid">> = fc.record({
  sender: fc.oneof(fc.constant(""), mailbox),
  recipients: fc.array(
    fc.record({
      local: fc.oneof(dotString, quotedString),
      notify: fc.option(notify, { nil: undefined }),
      orcpt: fc.option(xtext.map((address) => `rfc822;${address}`), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  eightBit: fc.boolean(),
  smtputf8: fc.boolean(),
  ret: fc.option(fc.constantFrom("FULL" as const, "HDRS" as const), { nil: undefined }),
  envid: fc.option(xtext, { nil: undefined }),
  receivedAt: fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
}).map(({ recipients, ret, envid, ...rest }) => ({
  ...rest,
  ...ret === undefined ? {} : { ret },
  ...envid === undefined ? {} : { envid },
  recipients: recipients.map(({ local, notify, orcpt }, rid) => ({
    rid,
    address: `${local}@example.test`,
    ...notify === undefined ? {} : { notify },
    ...orcpt === undefined ? {} : { orcpt },
  })),
}));
