/**
 * Commands on certificate profiles: `certconfig list`, `show`, `new`, `csr`, `upload`, `import`, `export`, `renew`, `rename`, `delete`, `check`.
 *
 * @module
 */
import { type AcmeStatus, readStatus } from "../acme/status.ts";
import { agreementOf, type AgreementRow, type MailHosts } from "../certs/agreement.ts";
import { CertificateFileError } from "../certs/files.ts";
import { ProfileError } from "../certs/profile_names.ts";
import { CertificateStore, type Changed } from "../certs/profile_store.ts";
import {
  listProfiles,
  pemOf,
  type ProfileFacts,
  profileOf,
  type ProfileRow,
  readHeldPair,
  readRequest,
  reportOf,
  showProfile,
} from "../certs/profiles.ts";
import { readKeyKind, type SubjectWords } from "../certs/subject.ts";
import { StorageError } from "../config/storage.ts";
import { parseDomain } from "../config/values.ts";
import { findExchangers } from "../dns/exchangers.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { type Args, type Command, type CommandContext, CommandError } from "./commands.ts";
import { tellCommit } from "./config_ground.ts";
import type { FileGround } from "./file_commands.ts";
import { tellingOf } from "../base/told.ts";
import { tell } from "./texts.ts";
import { tell as check } from "../certs/texts.ts";
import type { ChainWarning } from "../certs/chain_warnings.ts";

/** PEM for whoever wants it: of a certificate, a chain, a request. */
export interface PemFacts {
  name: string;
  pem: string;
}

/** What `show` gives; with `acme` how that goes. */
export interface ShownProfile extends ProfileFacts {
  acme?: AcmeStatus;
}

/** What `export` gives besides the file. */
export interface ExportFacts {
  name: string;
  /** Certificates in it, the leaf included. */
  certificates: number;
  legacy: boolean;
}

/** What `check` gives, a row each. */
export interface AgreementFacts extends AgreementRow {
  name: string;
}

/** Days of a self-signed certificate: usual, and the most. */
const days = 365;
const daysMax = 3_650;

/** See the module. */
export function certificateCommands(ground: FileGround): Command[] {
  const { file, storage, staging, log } = ground;
  const note = (text: string) => log.info({ event: "note", reason: "certificate", text });
  const world = { ...ground, directory: storage.certificates, note };
  /** At once, in the shell too: a staged change would name files that are not there, or the wrong ones, until it is committed. */
  const storeFor = ({ caller, warn }: CommandContext) =>
    new CertificateStore({
      ...world,
      async commit(changes, wish) {
        tellCommit(await staging.write(changes, { who: caller.name, ...wish }), { file, warn });
      },
    });

  const command = (
    name: string,
    run: (args: Args, context: CommandContext & { store: CertificateStore }) => Promise<unknown>,
  ): Command => ({
    name: `certconfig ${name}`,
    run: (args, context) => run(args, { ...context, store: storeFor(context) }).catch(asCommandError),
  });
  const changing = (name: string, run: (args: Args, store: CertificateStore) => Promise<Changed>): Command =>
    command(name, async (args, { store, warn }) => {
      const changed = await run(args, store);
      for (const { text } of changed.warnings) warn(`Warning: ${text}`);
      return changed;
    });

  return [
    command(
      "list",
      async (_args, { store, warn }): Promise<ProfileRow[]> =>
        await listProfiles(await store.said(), { ...world, warn }),
    ),
    command("show", async (args, { store, warn }): Promise<ShownProfile | PemFacts> => {
      const name = args.needed("name");
      const said = await store.said();
      const [alone, whole] = [args.has("pem"), args.has("chain")];
      if (alone && whole) throw new CommandError("Cannot tell what is meant: --pem and --chain exclude each other");
      if (alone || whole) {
        profileOf(said, name);
        const pair = await readHeldPair(name, said, world);
        const { leaf, chain } = await reportOf(pair, said, world);
        return { name, pem: pemOf([leaf, ...chain], { whole }) };
      }
      const facts: ShownProfile = await showProfile(name, said, world);
      const profile = profileOf(said, name);
      if (profile.self_signed && profile.acme !== undefined) {
        const place = { name, acme: profile.acme, certificates: storage.certificates };
        facts.acme = await readStatus(place, { engine: ground.engine(), now: ground.clock.now() });
      }
      for (const { text } of facts.warnings) warn(`Warning: ${text}`);
      return facts;
    }),
    changing("new", (args, store) =>
      store.create(args.needed("name"), {
        subject: subjectOf(args),
        kind: readKeyKind(args.text("key") ?? "rsa:2048"),
        days: args.count("days", daysMax) ?? days,
      })),
    command("csr", async (args, { store }): Promise<PemFacts> => {
      const name = args.needed("name");
      const profile = profileOf(await store.said(), name);
      const pem = await readRequest(name, world);
      if (pem !== undefined) return { name, pem };
      const code = profile.self_signed ? "fault.cert.request_needless" : "fault.cert.no_request";
      throw new CommandError(tell(code, { name }));
    }),
    changing("upload", (args, store) =>
      store.upload(args.needed("name"), {
        certificate: args.neededFile("certificate"),
        intermediates: args.file("intermediates"),
      })),
    changing(
      "import",
      (args, store) => store.import(args.needed("name"), importOf(args), { replace: args.has("replace") }),
    ),
    command("export", async (args, { store, save }): Promise<ExportFacts> => {
      const name = args.needed("name");
      args.needed("pkcs12");
      const password = args.password("password-file");
      if (password === undefined) {
        throw new CommandError(
          "Cannot export a key unprotected: --password-file F names a file with a password, - asks for it",
        );
      }
      if (password === "") throw new CommandError(tell("fault.cert.export_empty"));
      const legacy = args.has("legacy");
      const { content, certificates } = await store.export(name, { password, legacy });
      save("pkcs12", content);
      note(`Certificate ${name} was exported with its key`);
      return { name, certificates: certificates.length, legacy };
    }),
    changing("renew", (args, store) => {
      const kind = args.text("key");
      if (kind !== undefined) return store.renew(args.needed("name"), { kind: readKeyKind(kind) });
      return store.renew(args.needed("name"), { newKey: args.has("new-key") });
    }),
    changing("rename", (args, store) => {
      const [from, to] = args.list("names");
      return store.rename(from, to);
    }),
    changing("delete", (args, store) => store.delete(args.needed("name"))),
    {
      name: "certconfig check",
      async *run(args, context): AsyncGenerator<AgreementFacts> {
        const { warn } = context;
        const name = args.needed("name");
        const rows = await agreement(name, { args, store: storeFor(context) }).catch(asCommandError);
        for (const { text, told } of rows.warnings) warn(`Warning: ${text}`, told);
        for (const row of rows.rows) yield { name, ...row };
        const missed = rows.rows.filter(({ agrees }) => !agrees).length;
        if (missed > 0) {
          throw new CommandError(tell("fault.cert.disagrees", { missed, count: rows.rows.length }));
        }
      },
    },
  ];

  async function agreement(
    name: string,
    { args, store }: { args: Args; store: CertificateStore },
  ): Promise<{ rows: AgreementRow[]; warnings: ChainWarning[] }> {
    const said = await store.said();
    profileOf(said, name);
    const report = await reportOf(await readHeldPair(name, said, world), said, world);
    const host = hostOf(args.text("for"));
    const rows = await agreementOf({
      name,
      leaf: report.leaf,
      config: said.config,
      host,
      mailHosts: mailHostsOf(ground),
    });
    return { rows, warnings: report.warnings };
  }
}

function mailHostsOf({ resolver, random }: FileGround): (domain: string) => Promise<MailHosts> {
  const asked = resolver();
  return async (domain) => {
    const found = await findExchangers(domain, { resolver: asked, random, isOwn: () => false });
    switch (found.kind) {
      case "hosts":
        return { kind: "hosts", hosts: found.hosts.map(({ name }) => name), implicit: found.implicit };
      case "null_mx":
        return { kind: "none", why: check("check.null_mx") };
      case "no_such_domain":
        return { kind: "none", why: check("check.no_such_domain") };
      case "loop":
        return { kind: "none", why: check("check.loop") };
      case "failed":
        return { kind: "failed", why: check("check.no_answer", { reason: found.reason }) };
      default:
        return found satisfies never;
    }
  };
}

function hostOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parsed = parseDomain(text);
  if (parsed.ok) return parsed.value;
  throw new CommandError(
    tell("fault.form.option", { option: "for", value: text, what: parsed.what, right: parsed.right }),
  );
}

function subjectOf(args: Args): SubjectWords {
  const commonName = args.text("common-name");
  if (commonName === undefined) {
    throw new CommandError(tell("fault.cert.nobody"));
  }
  return {
    commonName,
    organization: args.text("organization"),
    organizationalUnit: args.text("organizational-unit"),
    locality: args.text("locality"),
    state: args.text("state"),
    country: args.text("country"),
    names: args.list("san").flatMap((word) => word.split(",")),
  };
}

function importOf(args: Args): Parameters<CertificateStore["import"]>[1] {
  const password = args.password("password-file");
  const file = args.file("pkcs12");
  const [certificate, key] = [args.file("certificate"), args.file("key")];
  if (file !== undefined && certificate === undefined && key === undefined && !args.has("intermediates")) {
    return { kind: "pkcs12", file, password, friendlyName: args.text("friendly-name") };
  }
  if (file === undefined && certificate !== undefined && key !== undefined) {
    return { kind: "pem", certificate, key, password, intermediates: args.file("intermediates") };
  }
  throw new CommandError(tell("fault.cert.what_to_import"));
}

function asCommandError(thrown: unknown): never {
  const known = [ProfileError, CertificateFileError, TlsSetupError, StorageError].some((kind) =>
    thrown instanceof kind
  );
  throw known ? new CommandError(tellingOf(thrown as Error)) : thrown;
}
