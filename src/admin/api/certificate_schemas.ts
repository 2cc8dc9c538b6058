/**
 * What the API says of certificates.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { CertificateRecord } from "../../certs/record.ts";
import { moment } from "./schemas.ts";
import { profileName, warnings } from "./run.ts";

/** Which certificate. */
export const nameParams: z.ZodObject<{ name: typeof profileName }, z.core.$strict> = z.strictObject({
  name: profileName,
});

const rowShape = {
  name: z.string(),
  kind: z.enum(["files", "self_signed", "acme"]).openapi({
    description: "files: an owner's; the others the gateway makes or has issued, and renews",
  }),
  status: z.enum(["valid", "expiring", "expired", "not_yet_valid", "untrusted_chain", "unusable", "not_made"]).openapi({
    description: "untrusted_chain: in its time, and it does not verify as it is sent; warnings say why",
  }),
  commonName: z.string().nullable(),
  issuer: z.string().nullable(),
  selfSigned: z.boolean(),
  key: z.string().nullable().openapi({ example: "RSA 2048" }),
  notAfter: moment.nullable(),
  daysLeft: z.int().nullable(),
  request: z.enum(["same_key", "new_key"]).nullable().openapi({
    description: "A signing request waits for its answer",
  }),
  uses: z.array(z.string()).openapi({ example: ["listener inbound", "admin"] }),
  fault: z.string().nullable().openapi({ description: "Why it cannot be used" }),
};

/** One line of the list. */
export const certificateRowSchema: z.ZodObject<typeof rowShape, z.core.$strict> = z.strictObject(rowShape)
  .openapi("CertificateRow");

const acmeShape = {
  profile: z.string(),
  directory: z.string(),
  names: z.array(z.string()),
  challenge: z.enum(["http-01", "tls-alpn-01"]),
  ordering: z.boolean(),
  notAfter: moment.optional(),
  next: z.strictObject({ at: moment, why: z.string() }),
  failures: z.int(),
  last: z.strictObject({ at: moment, ok: z.boolean(), text: z.string() }).optional(),
};

/** How ordering goes. */
export const acmeSchema: z.ZodObject<typeof acmeShape, z.core.$strict> = z.strictObject(acmeShape).openapi(
  "AcmeStatus",
);

const recordShape = {
  subject: z.string(),
  issuer: z.string(),
  serial: z.string(),
  notBefore: moment,
  notAfter: moment,
  dnsNames: z.array(z.string()),
  addresses: z.array(z.string()),
  key: z.string(),
  signature: z.string(),
  fingerprint: z.string().openapi({ description: "SHA-256" }),
  selfSigned: z.boolean(),
  pem: z.string(),
};

/** What is shown of a certificate. */
export type ShownRecord = Pick<CertificateRecord, keyof typeof recordShape>;

/** A certificate without what is shown nowhere. */
export function shownRecord(record: CertificateRecord): ShownRecord {
  const names = Object.keys(recordShape) as (keyof ShownRecord)[];
  return Object.fromEntries(names.map((name) => [name, record[name]])) as unknown as ShownRecord;
}

const shownShape = {
  ...rowShape,
  files: z.strictObject({ certificate: z.string(), key: z.string(), intermediates: z.string().nullable() }).nullable(),
  certificates: z.array(z.strictObject(recordShape)).openapi({
    description: "The certificate first, then what is sent behind it",
  }),
  notes: z.array(z.string()),
  warnings,
  pendingRequest: z.strictObject({ subject: z.string(), names: z.array(z.string()) }).nullable(),
  acme: acmeSchema.optional(),
};

/** All of one. */
export const certificateSchema: z.ZodObject<typeof shownShape, z.core.$strict> = z.strictObject(shownShape)
  .openapi("Certificate");

const place = z.string().min(1).max(255).optional();
const flag = z.literal(true).optional();

/** Where a certificate can be shown. */
export const placeShape = {
  listener: place.openapi({ example: "inbound" }),
  destination: place,
  ldap: place,
  syslog: place,
  delivery: flag,
  https: flag,
  updater: flag,
} as const;

const assignedShape = {
  where: z.string(),
  before: z.array(z.string()),
  now: z.array(z.string()),
  state: z.enum(["staged", "in force", "written"]),
};

/** What an assignment came to. */
export const assignedSchema: z.ZodObject<typeof assignedShape, z.core.$strict> = z.strictObject(assignedShape);

const tlsaShape = {
  profile: z.string(),
  host: z.string(),
  port: z.int(),
  owner: z.string().openapi({ example: "_25._tcp.mx1.example.com" }),
  records: z.array(z.strictObject({ digest: z.string(), of: z.enum(["service", "next"]) })),
  dns: z.union([
    z.strictObject({ kind: z.literal("failed"), reason: z.string() }),
    z.strictObject({
      kind: z.literal("answered"),
      authentic: z.boolean(),
      ttl: z.int().optional(),
      present: z.array(z.string()),
      missing: z.array(z.string()),
      others: z.array(z.string()),
    }),
  ]),
  change: z.enum(["acme", "kept", "operator"]).openapi({ description: "How the key comes to be changed" }),
};

/** The records of one host. */
export const tlsaSchema: z.ZodObject<typeof tlsaShape, z.core.$strict> = z.strictObject(tlsaShape).openapi("Tlsa");
