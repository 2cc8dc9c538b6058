/**
 * Checks between the parts of a file that the schema finds nothing against.
 *
 * Each check is tolerant of parts that are missing because they are faulty themselves: one slip gives one line.
 *
 * @module
 */
import { parseAddress } from "./addresses.ts";
import { admissionFindings } from "./admission.ts";
import { authFindings } from "./auth_findings.ts";
import { type Finding, nearest, type Path, quoted } from "./faults.ts";
import type { Remains } from "./issues.ts";
import { directoryFindings } from "./directory_findings.ts";
import { reachFindings } from "./reach.ts";
import { wholeBounce, wholePolicy } from "./resolve.ts";
import type { FileConfig } from "./schema.ts";
import { tableFindings } from "./tables.ts";
import { parseDomainPattern } from "./values.ts";

/** Names that other keys may refer to, those of faulty blocks included. */
export interface Names {
  certificates: readonly string[];
  policies: readonly string[];
  bounceProfiles: readonly string[];
  /** Domains as written: two spellings may be one domain. */
  routes: readonly string[];
  destinations: readonly string[];
  directories: readonly string[];
  callAhead: readonly string[];
}

/** What a check works on. */
export interface Checked {
  parsed: FileConfig;
  remains: Remains;
  names: Names;
  /** The machine's name, for a file without `hostname`. */
  hostname: string;
  lineOf: (path: Path) => number;
  /** The schema took nothing out. */
  whole: boolean;
}

/** What was found; warnings do not keep a configuration from being applied. */
export interface Findings {
  errors: Finding[];
  warnings: Finding[];
}

/** All checks. */
export function crossFindings(checked: Checked): Findings {
  const found: Findings = { errors: [], warnings: [] };
  references(checked, found);
  sameDomains(checked, found);
  addresses(checked, found);
  routesToSelf(checked, found);
  alerts(checked, found);
  values(checked, found);
  challenges(checked, found);
  admissionFindings(checked, found);
  tableFindings(checked, found);
  authFindings(checked, found);
  reachFindings(checked, found);
  clientServices(checked, found);
  directoryFindings(checked, found);
  return found;
}

/** Every name that stands for a block is the name of one. */
function references({ parsed, names, remains }: Checked, { errors }: Findings): void {
  const refer = (path: Path, { name, noun, known }: { name: string; noun: string; known: readonly string[] }) => {
    if (known.includes(name)) return;
    const meant = nearest(name, known);
    const right = meant === undefined ? `one of ${known.join(", ")}` : `did you mean ${meant}?`;
    errors.push({ path, at: "value", text: `there is no ${noun} ${quoted(name)}; ${right}` });
  };
  const certificate = (path: Path, name: string | null | undefined) => {
    if (name !== null && name !== undefined) {
      refer(path, { name, noun: "certificate", known: names.certificates });
    }
  };
  for (const [name, listener] of Object.entries(parsed.listeners)) {
    const path = ["listeners", name];
    certificateList(remains, [...path, "certificate"], listener.certificate, certificate);
    for (const [index, group] of (listener.sender_groups ?? []).entries()) {
      const at = [...path, "sender_groups", index, "policy"];
      refer(at, { name: group.policy, noun: "mail flow policy", known: names.policies });
    }
  }
  const controls = parsed.destination_controls;
  certificate(["destination_controls", "certificate"], controls.certificate);
  certificate(["destination_controls", "default", "certificate"], controls.default.certificate);
  for (const [match, block] of Object.entries(controls.domains)) {
    certificate(["destination_controls", "domains", match, "certificate"], block.certificate);
  }
  const bounce = (path: Path, name: string | undefined) => {
    if (name !== undefined) {
      refer([...path, "bounce_profile"], { name, noun: "bounce profile", known: names.bounceProfiles });
    }
  };
  bounce(["destination_controls", "default"], controls.default.bounce_profile);
  for (const [match, block] of Object.entries(controls.domains)) {
    bounce(["destination_controls", "domains", match], block.bounce_profile);
  }
  certificateList(remains, ["admin", "certificate"], parsed.admin.certificate, certificate);
  for (const kind of ["ldap", "syslog"] as const) {
    for (const [name, block] of Object.entries(parsed.services[kind])) {
      certificate(["services", kind, name, "certificate"], block.certificate);
    }
  }
  certificate(["services", "updater", "certificate"], parsed.services.updater.certificate);
}

/** A list of names, or one that stands alone: then its path has no index. */
function certificateList(
  remains: Remains,
  path: Path,
  names: readonly string[],
  check: (path: Path, name: string) => void,
): void {
  const alone = !remains.isList(path);
  for (const [index, name] of names.entries()) check(alone ? path : [...path, index], name);
}

/** `Example.test` and `example.test` are one domain. */
function sameDomains({ names }: Checked, { errors }: Findings): void {
  for (
    const [block, keys] of [
      [["smtp_routes"], names.routes],
      [["destination_controls", "domains"], names.destinations],
    ] as const
  ) {
    const seen = new Map<string, string>();
    for (const key of keys) {
      const domain = parseDomainPattern(key);
      if (!domain.ok) continue;
      const first = seen.get(domain.value);
      if (first === undefined) seen.set(domain.value, key);
      else {errors.push({
          path: [...block, key],
          at: "key",
          text: `is the same domain as ${quoted(first)}; one of them`,
        });}
    }
  }
}

/** No two listeners want the same port of the same address. The front that does is told, and mail goes on without it. */
function addresses({ parsed, remains, lineOf }: Checked, { errors, warnings }: Findings): void {
  const taken: { host: string; port: number; name: string; path: Path }[] = [];
  const clashOf = ({ host, port }: { host: string; port: number }) => {
    const clash = port === 0 ? undefined : taken.find((other) => other.port === port && overlap(other.host, host));
    return clash && `is taken by ${clash.name} in line ${lineOf(clash.path)}`;
  };
  for (const [name, { address }] of Object.entries(parsed.listeners)) {
    const path = ["listeners", name, "address"];
    const clash = clashOf(address);
    if (clash !== undefined) errors.push({ path, at: "value", text: `${clash}; another address or port` });
    taken.push({ ...address, name: `listener ${name}`, path });
  }
  for (const block of ["metrics", "admin"] as const) {
    const { address } = parsed[block];
    if (address === null || !remains.keys([block]).includes("address")) continue;
    const path = [block, "address"];
    const clash = clashOf(address);
    const text = `${clash}, so nothing is served there; another address or port`;
    if (clash !== undefined) warnings.push({ path, at: "value", text });
    taken.push({ ...address, name: `${block}.address`, path });
  }
}

/** `::` takes the IPv4 addresses too, as Linux does unless told otherwise. */
function overlap(a: string, b: string): boolean {
  const [first, second] = [parseAddress(a), parseAddress(b)];
  if (first === undefined || second === undefined) return a === b;
  if (first.bits === second.bits && first.value === second.value) return true;
  const takes = (any: typeof first, other: typeof first) => any.value === 0n && (any.bits === 128 || other.bits === 32);
  return takes(first, second) || takes(second, first);
}

/** An address of this machine for sure; a listener on every address is reached there. */
function loopback(host: string): boolean {
  return /^127\.\d|^::1$/.test(host);
}

/** A route that ends at one of our own listeners turns mail in a circle; a blackhole is an end. */
function routesToSelf(checked: Checked, { warnings }: Findings): void {
  for (const [domain, hops] of Object.entries(checked.parsed.smtp_routes)) {
    for (const [index, hop] of hops.entries()) {
      const target = ownListener(hop, checked);
      if (target === undefined) continue;
      const text = `leads back to listener ${target}: mail would go in a circle; the next hop's address`;
      warnings.push({ path: ["smtp_routes", domain, index], at: "value", text });
    }
  }
}

/** The name of the listener that a next hop surely is, blackholes left out. */
function ownListener(hop: { host: string; port: number }, { parsed, hostname }: Checked): string | undefined {
  const own = new Set(["localhost", parsed.hostname ?? hostname]);
  const target = Object.entries(parsed.listeners).find(([, { address, hostname: name, type }]) =>
    type !== "blackhole" && address.port === hop.port &&
    (own.has(hop.host) || name === hop.host ||
      (loopback(hop.host) ? overlap(address.host, hop.host) : address.host === hop.host))
  );
  return target?.[0];
}

/** Alerts that nobody gets, or that go the way they warn about. */
function alerts(checked: Checked, { warnings }: Findings): void {
  const { alerts: { recipients, server, repeat_after, max_repeat }, destination_controls } = checked.parsed;
  const warn = (path: Path, text: string) => warnings.push({ path, at: "value", text });
  if (destination_controls.alert_on_required_tls_failure && recipients.length === 0) {
    const text = "nobody is told; who, under alerts.recipients";
    warn(["destination_controls", "alert_on_required_tls_failure"], text);
  }
  const target = server === null ? undefined : ownListener(server, checked);
  if (target !== undefined) {
    warn(["alerts", "server"], `is listener ${target}: alerts would wait in the queue they warn about; another server`);
  }
  if (repeat_after > max_repeat) {
    warn(["alerts", "repeat_after"], "is above max_repeat, so the pauses do not grow; at most max_repeat");
  }
}

/** What is said to client services and changes nothing. */
function clientServices({ parsed: { services: { syslog, updater } }, whole }: Checked, { warnings }: Findings): void {
  const warn = (path: Path, text: string) => warnings.push({ path: ["services", ...path], at: "value", text });
  for (const [name, { transport, certificate }] of Object.entries(syslog)) {
    if (certificate === undefined || transport === "tls") continue;
    warn(["syslog", name, "certificate"], `is shown to nobody over ${transport}; transport: tls`);
  }
  if (updater.url !== undefined && updater.items.length === 0) {
    warn(["updater", "url"], "nothing is fetched from there; what, under services.updater.items");
  }
  if (whole && updater.url === undefined && updater.items.length > 0) {
    warn(["updater", "items"], "are not fetched; from where, under services.updater.url");
  }
}

/** Every challenge has a door that an authority can knock at. */
function challenges({ parsed }: Checked, { errors }: Findings): void {
  for (const [name, { acme }] of Object.entries(parsed.certificates)) {
    if (acme?.challenge !== "tls-alpn-01" || acme.tls_address !== null || parsed.admin.address !== null) continue;
    const path = ["certificates", name, "acme", "challenge"];
    errors.push({ path, at: "value", text: "has no address: admin.address is none; tls_address, or http-01" });
  }
}

/** Values that are sound alone and not together. */
function values({ parsed }: Checked, { errors, warnings }: Findings): void {
  for (const name of new Set(["default", ...Object.keys(parsed.mail_flow_policies)])) {
    const { reject_code: code, reject_text: text } = wholePolicy(parsed.mail_flow_policies, name);
    const enhanced = /^([245])(\.\d{1,3}\.\d{1,3})(?: |$)/.exec(text);
    // RFC 3463 §3: the class follows the basic code.
    if (enhanced === null || enhanced[1] === String(code)[0]) continue;
    const own = parsed.mail_flow_policies[name]?.reject_text === undefined ? "reject_code" : "reject_text";
    const right = `${String(code)[0]}${enhanced[2]} in reject_text, or another code`;
    errors.push({
      path: ["mail_flow_policies", name, own],
      at: "value",
      text: `does not fit: the code is ${code} and the text begins with ${enhanced[1]}${enhanced[2]}; ${right}`,
    });
  }
  for (const name of Object.keys(parsed.bounce_profiles)) {
    const whole = wholeBounce(parsed.bounce_profiles, name);
    const warn = (key: string, text: string) =>
      warnings.push({ path: ["bounce_profiles", name, key], at: "value", text });
    if (whole.initial_retry > whole.max_retry_interval) {
      warn("initial_retry", "is above max_retry_interval, which counts; at most max_retry_interval");
    }
    if (whole.send_delay_warning && whole.delay_warning_after >= whole.max_queue_time) {
      const block = parsed.bounce_profiles[name];
      const keys = ["delay_warning_after", "max_queue_time", "send_delay_warning"] as const;
      warn(
        keys.find((key) => block[key] !== undefined) ?? keys[0],
        "warns nobody: the message bounces first; delay_warning_after below max_queue_time",
      );
    }
  }
  const metrics = parsed.metrics.address;
  if (metrics !== null && !loopback(metrics.host)) {
    errors.push({
      path: ["metrics", "address"],
      at: "value",
      text: "is not on loopback, and metrics have no TLS; 127.0.0.1:9090",
    });
  }
}
