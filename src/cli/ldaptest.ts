/**
 * `postern ldaptest`: asks a directory of the configuration about an address as a session would, over connections of its own.
 *
 * It reads the configuration and what it names, and takes nothing: no lock, no queue. So it runs beside the gateway. Nothing is remembered: each server is
 * asked until one answers.
 *
 * @module
 */
import { printable } from "../base/text.ts";
import { type Config, isLdaps, type LdapConfig, type LdapUrl, ldapUrlText } from "../config/config.ts";
import { acceptQuery } from "../config/directory_findings.ts";
import { faultText } from "../config/faults.ts";
import { fillLdapTemplate, type LdapFilter, parseLdapFilter } from "../config/ldap_filter.ts";
import { loadConfig } from "../config/load.ts";
import type { CommandArgs } from "../control/protocol.ts";
import { placesOf } from "../directory/address.ts";
import { openDirectory } from "../directory/link.ts";
import type { LinkWorld } from "../services/client_link.ts";
import type { PeerFacts } from "../tls/engine.ts";
import { clientLinks } from "./client_links.ts";
import type { HereWorld } from "./command.ts";
import type { LdapTestItem, LdapTry } from "./ldaptest_text.ts";

/** Words that cannot be understood. */
class Misused extends Error {
  override name = "Misused";
}

/** Runs the command. */
export async function ldapTestHere(args: CommandArgs, world: HereWorld): Promise<0 | 1 | 2> {
  const { file, err, item } = world;
  try {
    const [name, address] = [args.target ?? []].flat().map(String);
    const loaded = await loadConfig(file, { hostname: world.hostname, generation: 1 });
    if (!loaded.ok) {
      for (const fault of loaded.errors) err(faultText(fault));
      return 2;
    }
    const { config } = loaded;
    const settings = directoryOf(config, name);
    const { query, template } = templateOf(settings, args.query);
    // deno-lint-ignore no-control-regex
    if (!/^[^@\x00-\x1f\x7f][^\x00-\x1f\x7f]*@[^@\x00-\x1f\x7f]+$/.test(address) || address.length > 1_000) {
      throw new Misused(`Cannot ask about ${printable(address)}: it is no mail address`);
    }
    const text = fillLdapTemplate(template, placesOf(address));
    const filter = parseLdapFilter(text);
    if (!filter.ok) throw new Misused(`Cannot ask ${printable(text)}: it ${filter.what}`);
    const { certificate, base, urls, on_temporary_failure: onTemporaryFailure } = settings;
    await using links = await clientLinks(config, { certificates: [certificate], world });
    const tries: LdapTry[] = [];
    for (const url of urls) {
      const tried = await tryServer(links.world, { settings, url, filter: filter.value });
      tries.push(tried);
      if (tried.answer !== "failed") break;
    }
    const { answer } = tries.at(-1)!;
    item(
      {
        name,
        address,
        query,
        base,
        filter: text,
        certificate,
        tries,
        answer,
        onTemporaryFailure,
      } satisfies LdapTestItem,
    );
    return answer === "known" ? 0 : answer === "unknown" ? 1 : 2;
  } catch (error) {
    if (!(error instanceof Misused)) throw error;
    err(error.message);
    return 2;
  }
}

function directoryOf({ services: { ldap } }: Config, name: string): LdapConfig {
  const found = ldap.get(name);
  if (found !== undefined) return found;
  const known = ldap.size === 0 ? "services.ldap names none" : `there are ${[...ldap.keys()].join(", ")}`;
  throw new Misused(`Cannot ask the directory ${printable(name)}: ${known}`);
}

function templateOf({ name, queries }: LdapConfig, given: unknown): { query: string; template: string } {
  const query = typeof given === "string" ? given : acceptQuery;
  const template = queries.get(query);
  if (template !== undefined) return { query, template };
  const known = queries.size === 0 ? "it has none" : `it has ${[...queries.keys()].join(", ")}`;
  throw new Misused(`Cannot ask the query ${printable(query)} of ${name}: ${known}`);
}

async function tryServer(
  world: LinkWorld,
  { settings, url, filter }: { settings: LdapConfig; url: LdapUrl; filter: LdapFilter },
): Promise<LdapTry> {
  const { bind, base, timeout: ms } = settings;
  const began = world.clock.monotonic();
  const clear = !isLdaps(url) && !settings.starttls;
  const end = (rest: Omit<LdapTry, "server" | "clear" | "ms">): LdapTry => (
    { server: ldapUrlText(url), clear, ...rest, ms: Math.round(world.clock.monotonic() - began) }
  );
  const opened = await openDirectory(world, { settings, url, ms, signal: new AbortController().signal });
  if (opened.kind === "failed") return end({ answer: "failed", fault: opened.fault.text });
  const { link, facts } = opened;
  const reached = {
    ...facts === undefined ? {} : { tls: shown(facts) },
    bound: bind.kind === "simple" ? bind.dn : bind.kind === "external" ? "by certificate (EXTERNAL)" : "anonymous",
  };
  const found = await link.search({ base, filter, ms });
  link.close();
  switch (found.kind) {
    case "found":
      return end({ ...reached, answer: "known" });
    case "none":
      return end({ ...reached, answer: "unknown" });
    case "refused":
    case "broken":
      return end({ ...reached, answer: "failed", fault: found.text });
    default:
      return found satisfies never;
  }
}

function shown({ protocol, cipher, certificates }: PeerFacts): LdapTry["tls"] {
  const [{ subject, issuer, notAfter }] = certificates();
  return { protocol, cipher, subject, issuer, until: notAfter };
}
