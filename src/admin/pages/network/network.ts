/**
 * The pages of the section Network.
 *
 * @module
 */
import type { Desk } from "../desk.tsx";
import { mountCertificate } from "./certificate.tsx";
import { mountCertificateActs } from "./certificate_acts.ts";
import { mountCertificateCheck } from "./certificate_check.tsx";
import { mountCertificates } from "./certificates.tsx";

/** Adds the pages. */
export function mountNetwork(desk: Desk): void {
  mountCertificates(desk);
  mountCertificateCheck(desk);
  mountCertificateActs(desk);
  mountCertificate(desk);
}
