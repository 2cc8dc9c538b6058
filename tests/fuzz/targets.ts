/**
 * All fuzzers. A minute each and one at a time, beside the other tests: see `tests/suite.ts`.
 *
 * @module
 */
import type { Target } from "./target.ts";
import { acceptorTarget } from "./targets/acceptor.ts";
import { addressTarget } from "./targets/address.ts";
import { broken } from "./targets/broken.ts";
import { certificatesTarget } from "./targets/certificates.ts";
import { commandTarget } from "./targets/command.ts";
import { replyTarget } from "./targets/reply.ts";
import { helloTarget } from "./targets/hello.ts";
import { deliveryTarget } from "./targets/delivery.ts";
import { dnsTarget } from "./targets/dns.ts";
import { logTarget } from "./targets/log.ts";
import { configTarget } from "./targets/config.ts";
import { sessionTarget } from "./targets/session.ts";
import { textTarget } from "./targets/text.ts";

/** In the order in which they are begun. */
export const targets: readonly Target[] = [
  commandTarget,
  textTarget,
  replyTarget,
  addressTarget,
  helloTarget,
  dnsTarget,
  logTarget,
  configTarget,
  certificatesTarget,
  sessionTarget,
  acceptorTarget,
  deliveryTarget,
];

/** One of them, or of those that are broken on purpose. */
export function targetNamed(name: string): Target | undefined {
  return [...targets, ...broken].find((one) => one.name === name);
}
