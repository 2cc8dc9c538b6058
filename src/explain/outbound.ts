/**
 * Where a recipient's mail goes and what is demanded on the way, decision by decision, by the code that delivers it.
 *
 * @module
 */
import type { Random } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import type { Path } from "../config/faults.ts";
import { bounceBuiltin, destinationBuiltin } from "../config/schema_mail.ts";
import { addressesOf, type Hop, hopsOf } from "../deliver/hops.ts";
import { isOwnListener, isOwnName } from "../deliver/own.ts";
import type { Resolver } from "../dns/records.ts";
import { destinationName, type TlsDemand } from "../mail/destination.ts";
import { endpointText } from "../net/net.ts";
import { type Route, routeOf } from "../policy/route.ts";
import { namesFor } from "../policy/trust.ts";
import type { LevelRow } from "../tls/level.ts";
import type { Decision } from "./inbound.ts";
import { keyNotes, type Note, noteAt, type Source } from "./source.ts";

/** What the outbound decisions are read from. */
export interface OutboundQuestion {
  domain: string;
  /** What the message itself demands. */
  demand?: TlsDemand;
  config: Config;
  source: Source;
  /** Absent: the DNS is not asked. */
  resolver?: Resolver;
  /** The addresses of this machine. */
  machine?: readonly string[];
  random: Random;
}

/** The decisions, and in one phrase what becomes of the mail. */
export interface Way {
  decisions: Decision[];
  end: string;
}

/** Hosts of which addresses are looked up. */
const hostsShown = 5;

/** All decisions from the route to the bounce profile. */
export async function outboundDecisions(question: OutboundQuestion): Promise<Way> {
  const { config, domain, demand, source } = question;
  const route = routeOf(destinationName(domain, demand), config);
  const hosts = await hostsDecision(route, question);
  const { control, level } = route;
  const domains: Path = ["destination_controls", "domains"];
  const fallback: Path = ["destination_controls", "default"];
  const own: Path = control.match === "default" ? fallback : [...domains, control.match];
  const destination: Decision = {
    step: "destination",
    ...noteAt(source, { text: control.match === "default" ? "default" : `entry ${control.match}`, path: own }),
    notes: keyNotes(source, { builtin: destinationBuiltin, blocks: [own, fallback] }),
  };
  const decisions: Decision[] = [
    routeDecision(route, question),
    hosts.decision,
    destination,
    { step: "level", text: levelText(level), notes: demandNotes(route) },
  ];
  if (level.tries) {
    decisions.push(namesDecision(route, hosts.hops));
    const { certificate } = route;
    const text = certificate === null ? "none is shown" : `${certificate} is shown to servers that ask for one`;
    const said = [own, fallback].find((block) => source([...block, "certificate"])?.value);
    decisions.push({
      step: "certificate",
      ...noteAt(source, { text, path: [...said ?? ["destination_controls"], "certificate"] }),
      notes: [],
    });
  }
  const profile: Path = ["bounce_profiles", route.bounce.name];
  decisions.push({
    step: "bounces",
    ...noteAt(source, { text: `profile ${route.bounce.name}`, path: profile }),
    notes: keyNotes(source, { builtin: bounceBuiltin, blocks: [profile, ["bounce_profiles", "default"]] }),
  });
  return { decisions, end: hosts.failure ?? `${hosts.goal} under TLS level ${level.name}` };
}

function routeDecision(route: Route, { config, source }: OutboundQuestion): Decision {
  if (route.hops.kind === "mx") {
    return { step: "route", text: `${route.destination} has no entry in smtp_routes, so it goes by MX`, notes: [] };
  }
  const { hosts } = route.hops;
  const list = hosts.map(({ host, port }) => endpointText({ address: host, port })).join(", ");
  const entry = [...config.smtp_routes].find(([, hops]) => hops === hosts)?.[0];
  if (entry === undefined) {
    return { step: "route", text: `${route.destination} is an address, so it goes to ${list}`, notes: [] };
  }
  const text = `${entry} goes to ${list}`;
  return { step: "route", ...noteAt(source, { text, path: ["smtp_routes", entry] }), notes: [] };
}

/** The hosts in the order of trial, with their addresses; or why there are none. */
async function hostsDecision(
  route: Route,
  { config, resolver, machine = [], random }: OutboundQuestion,
): Promise<{ decision: Decision; hops: Hop[]; goal: string; failure?: string }> {
  if (resolver === undefined && route.hops.kind === "mx") {
    const text = "not looked up: the DNS is not asked";
    return { decision: { step: "hosts", text, notes: [] }, hops: [], goal: `goes to the MX of ${route.destination}` };
  }
  const found = await hopsOf(route, { resolver: resolver!, random, isOwn: (host) => isOwnName(host, config) });
  if (found.kind === "end") {
    const { kind, failure } = found.end;
    const text = `${failure?.text}`;
    const failed = kind === "refused" ? `cannot be delivered: ${text}` : `waits: ${text}`;
    return { decision: { step: "hosts", text, notes: [] }, hops: [], goal: "", failure: failed };
  }
  const { hops } = found;
  const notes: Note[] = [];
  let loop: string | undefined;
  for (const hop of hops.slice(0, hostsShown)) {
    if (resolver === undefined) break;
    const addresses = await addressesOf(hop, { route, resolver, random });
    if (addresses.kind !== "found") {
      notes.push({ text: `${hop.host}: ${addresses.failure.text}` });
      continue;
    }
    const own = addresses.addresses.some((address) => isOwnListener({ address, port: hop.port }, { config, machine }));
    if (own && hop.byMx) loop ??= `Mail for ${route.destination} loops back to myself`;
    const list = addresses.addresses.map((address) => endpointText({ address, port: hop.port })).join(", ");
    notes.push({ text: `${hop.host}: ${list}${own ? " (a listener of this gateway)" : ""}` });
  }
  const names = hops.map(({ host, port }) => endpointText({ address: host, port }));
  const first = names[0];
  const by = route.hops.kind === "mx" ? "by MX, best first" : "in the order of the route";
  return {
    decision: { step: "hosts", text: `${names.join(", ")}, ${by}`, notes },
    hops,
    goal: `goes to ${first}${names.length > 1 ? ` first, of ${names.length} hosts` : ""}`,
    ...(loop === undefined ? {} : { failure: `cannot be delivered: ${loop}` }),
  };
}

function demandNotes({ demand, control }: Route): Note[] {
  if (demand === undefined) return [];
  const by = demand === "requiretls" ? "REQUIRETLS, which each host has to offer" : "X-Postern-TLS: required";
  return [{ text: `the destination says ${control.tls}, and the message demands TLS by ${by}` }];
}

function levelText(level: LevelRow): string {
  if (!level.tries) return `${level.name}: clear text, STARTTLS is not tried`;
  const without = level.withoutStarttls === "clear" ? "clear text" : "deferred";
  const unproven = level.unverified === "defer"
    ? "deferred"
    : `delivered, encrypted${level.verifies ? ", logged" : ""}`;
  return `${level.name}: without STARTTLS ${without}; a failed handshake: deferred; an unverified certificate: ${unproven}`;
}

/** For which names the certificate may be. */
function namesDecision(route: Route, hops: readonly Hop[]): Decision {
  const { control: { verify_names: rule }, destination, level } = route;
  const names = new Set(hops.flatMap((hop) => namesFor(route, hop.names)));
  if (names.size === 0) {
    for (const name of namesFor(route, { domain: destination })) names.add(name);
    if (rule !== "domain") names.add("the name of the MX host");
  }
  const counts = level.verifies ? "" : ", which this level does not ask for";
  return { step: "names", text: `verify_names ${rule}: ${[...names].join(" or ")}${counts}`, notes: [] };
}
