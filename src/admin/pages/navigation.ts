/**
 * The side bar: sections and pages in the order in which appliance gateways have them.
 *
 * @module
 */
import type { Role } from "../identity.ts";
import type { WordKey } from "./words.ts";

/** One page of the side bar. */
export interface NavigationEntry {
  /** `/queue`; the pages below it belong to it. */
  path: string;
  label: WordKey;
  /** Whom the page opens to; everybody where none is said. Others are not led to a refusal. */
  role?: Role;
}

/** One section. */
export interface NavigationSection {
  label: WordKey;
  entries: readonly NavigationEntry[];
}

// deno-fmt-ignore
/** See the module. */
export const navigation: readonly NavigationSection[] = [
  { label: "nav.monitor", entries: [
    { path: "/",             label: "nav.overview" },
    { path: "/tls",          label: "nav.tls" },
    { path: "/delivery",     label: "nav.delivery" },
    { path: "/queue",        label: "nav.queue" },
    { path: "/tracking",     label: "nav.tracking" },
    { path: "/log",          label: "nav.log" },
  ] },
  { label: "nav.policies", entries: [
    { path: "/hat",          label: "nav.hat" },
    { path: "/flow",         label: "nav.flow" },
    { path: "/rat",          label: "nav.rat" },
    { path: "/destinations", label: "nav.destinations" },
    { path: "/bounces",      label: "nav.bounces" },
    { path: "/trace",        label: "nav.trace" },
  ] },
  { label: "nav.network", entries: [
    { path: "/listeners",    label: "nav.listeners" },
    { path: "/certificates", label: "nav.certificates" },
    { path: "/authorities",  label: "nav.authorities" },
    { path: "/routes",       label: "nav.routes" },
    { path: "/dns",          label: "nav.dns" },
  ] },
  { label: "nav.system", entries: [
    { path: "/ssl",          label: "nav.ssl" },
    { path: "/alerts",       label: "nav.alerts" },
    { path: "/users",        label: "nav.users",   role: "administrator" },
    { path: "/configuration", label: "nav.configuration" },
    { path: "/backups",      label: "nav.backups", role: "administrator" },
    { path: "/audit",        label: "nav.audit",   role: "administrator" },
    { path: "/logs",         label: "nav.logs" },
    { path: "/shutdown",     label: "nav.shutdown" },
  ] },
];

/** Whether a page is the one that is seen, or has it below. */
export function isCurrent(entry: NavigationEntry, path: string): boolean {
  return path === entry.path || entry.path !== "/" && path.startsWith(`${entry.path}/`);
}
