/**
 * The names under which domains are counted: in ASCII and lower case.
 *
 * @module
 */
import { domainToASCII } from "node:url";
import { nullSender, unknownSender } from "./counts.ts";

/** A domain in the form in which it is counted; address literals keep their brackets. */
export function domainName(name: string): string {
  const lower = name.toLowerCase();
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(lower) ? lower : domainToASCII(lower) || lower;
}

/** The domain of an envelope address. */
export function domainOf(address: string): string {
  return address === "" ? nullSender : domainName(address.slice(address.lastIndexOf("@") + 1));
}

/** `example.test` of `mx.example.test`; a name of two labels is a domain already. Empty: the client has no proven name. */
export function domainOfHost(host: string): string {
  if (host === "") return unknownSender;
  const lower = host.toLowerCase();
  return lower.split(".").length > 2 ? lower.slice(lower.indexOf(".") + 1) : lower;
}
