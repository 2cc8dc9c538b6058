/**
 * The pages of the section Network.
 *
 * @module
 */
import type { Desk } from "../desk.tsx";
import { mountAuthorities } from "./authorities.tsx";
import { mountCertificate } from "./certificate.tsx";
import { mountCertificateActs } from "./certificate_acts.ts";
import { mountCertificateCheck } from "./certificate_check.tsx";
import { mountCertificates } from "./certificates.tsx";
import { mountDns } from "./dns.tsx";
import { mountListeners } from "./listeners.tsx";
import { mountRoutes } from "./routes.tsx";

/** Adds the pages. */
export function mountNetwork(desk: Desk): void {
  mountListeners(desk);
  mountCertificates(desk);
  mountCertificateCheck(desk);
  mountCertificateActs(desk);
  mountCertificate(desk);
  mountAuthorities(desk);
  mountRoutes(desk);
  mountDns(desk);
}
