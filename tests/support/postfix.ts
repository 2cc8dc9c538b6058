/**
 * Postfix in a folder of its own: a next hop that keeps mail in a Maildir, or a sender that passes mail on.
 *
 * The binaries are the system's; the system's own configuration, queue and log are not touched. Needs root, as Postfix does.
 *
 * @module
 */
import { freePort, isListening, pause } from "./gateway_process.ts";
import { needPeer, runCommand } from "./peers.ts";

/** What one instance is to do. */
export interface PostfixOptions {
  /** Lines of main.cf. */
  settings: Record<string, string>;
  /** Certificate and key, for STARTTLS as a server. */
  certificate?: { certificatePem: string; keyPem: string };
}

/** An instance that runs. */
export interface Postfix extends AsyncDisposable {
  port: number;
  /** Messages that were delivered here, as they were stored. */
  received(): string[];
  /** Waits until so many messages have come. */
  receivedAtLeast(count: number, ms?: number): Promise<string[]>;
  log(): string;
}

/** Processes of Postfix that a relay needs; without chroot, so that no files need copying. */
const master = (port: number) =>
  `
127.0.0.1:${port} inet n - n - 50 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`.trimStart();

/** Starts an instance and waits until it listens. */
export async function startPostfix({ settings, certificate }: PostfixOptions): Promise<Postfix> {
  needPeer("postfix");
  const folder = await Deno.makeTempDir({ prefix: "postern-postfix-" });
  const port = freePort();
  const at = (path: string) => `${folder}/${path}`;
  // Postfix's own user has to get through to its queue.
  await Deno.chmod(folder, 0o755);
  for (const path of ["etc", "spool", "data", "mail", "mail/inbox"]) await Deno.mkdir(at(path));
  await runCommand("chown", ["postfix", at("data")]);
  await runCommand("chown", ["-R", "nobody", at("mail")]);
  const tls: Record<string, string> = {};
  if (certificate) {
    await Deno.writeTextFile(at("etc/chain.pem"), `${certificate.keyPem}\n${certificate.certificatePem}\n`, {
      mode: 0o600,
    });
    tls.smtpd_tls_chain_files = at("etc/chain.pem");
    tls.smtpd_tls_security_level = "may";
    tls.smtpd_tls_received_header = "yes";
    tls.smtpd_tls_loglevel = "1";
  }
  const all: Record<string, string> = {
    compatibility_level: "3.6",
    queue_directory: at("spool"),
    data_directory: at("data"),
    maillog_file: at("log"),
    maillog_file_prefixes: folder,
    inet_interfaces: "127.0.0.1",
    inet_protocols: "ipv4",
    myhostname: "postfix.example.test",
    mydestination: "",
    alias_maps: "",
    alias_database: "",
    mynetworks: "127.0.0.0/8",
    smtp_host_lookup: "native",
    smtpd_relay_restrictions: "permit_mynetworks, reject",
    smtp_tls_loglevel: "1",
    // Absent, its default would be all domains.
    virtual_mailbox_domains: "",
    virtual_mailbox_base: at("mail"),
    virtual_mailbox_maps: "static:inbox/",
    virtual_uid_maps: "static:65534",
    virtual_gid_maps: "static:65534",
    ...tls,
    ...settings,
  };
  await Deno.writeTextFile(
    at("etc/main.cf"),
    Object.entries(all).map(([key, value]) => `${key} = ${value}\n`).join(""),
  );
  await Deno.writeTextFile(at("etc/master.cf"), master(port));
  const checked = await runCommand("postfix", ["-c", at("etc"), "check"]);
  if (checked.code !== 0) throw new Error(`Cannot start Postfix: ${checked.stderr}`);
  const daemons = (await runCommand("postconf", ["-c", at("etc"), "-h", "daemon_directory"])).stdout.trim();
  const child = new Deno.Command(`${daemons}/master`, {
    args: ["-c", at("etc"), "-d"],
    cwd: at("spool"),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const received = () =>
    ["new", "cur"].flatMap((part) => {
      try {
        return [...Deno.readDirSync(at(`mail/inbox/${part}`))].map(({ name }) =>
          Deno.readTextFileSync(at(`mail/inbox/${part}/${name}`))
        );
      } catch (thrown) {
        if (thrown instanceof Deno.errors.NotFound) return []; // made with the first message
        throw thrown;
      }
    });
  const log = () => {
    try {
      return Deno.readTextFileSync(at("log"));
    } catch {
      return "";
    }
  };
  const postfix: Postfix = {
    port,
    received,
    async receivedAtLeast(count, ms = 60_000) {
      for (const since = Date.now();; await pause(50)) {
        const messages = received();
        if (messages.length >= count) return messages;
        if (Date.now() - since > ms) {
          throw new Error(`Cannot wait for ${count} messages: ${messages.length} came\n${log()}`);
        }
      }
    },
    log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM"); // master ends its children
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
  for (const since = Date.now(); !isListening(port); await pause(50)) {
    if (Date.now() - since < 30_000) continue;
    await postfix[Symbol.asyncDispose]();
    throw new Error(`Cannot start Postfix: it does not listen\n${log()}`);
  }
  return postfix;
}
