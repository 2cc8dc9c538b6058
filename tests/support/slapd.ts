/**
 * Debian's slapd as a directory: ldap:// with StartTLS, ldaps://, simple binds and SASL EXTERNAL.
 *
 * Entries are loaded before it listens. Who asks without a name sees the base and nothing below it.
 *
 * @module
 */
import { freePorts, isListening, pause } from "./gateway_process.ts";
import { needPeer, runCommand } from "./peers.ts";

/** Files in PEM: whose clients' certificates count, and who the server is. */
export interface SlapdFiles {
  ca: string;
  certificate: string;
  key: string;
}

/** Who may read. */
export const reader = { dn: "cn=reader,dc=example,dc=test", password: "open sesame" } as const;
/** Where people are. */
export const base = "ou=people,dc=example,dc=test";

/** One person. */
export interface Person {
  uid: string;
  mail: string;
}

/** A directory that runs. */
export class Slapd implements AsyncDisposable {
  readonly folder: string;
  readonly ports: Readonly<Record<"ldap" | "ldaps", number>>;
  #child: Deno.ChildProcess | undefined;
  #said: Promise<string> = Promise.resolve("");

  private constructor(folder: string, ports: Record<"ldap" | "ldaps", number>) {
    this.folder = folder;
    this.ports = ports;
  }

  /** Starts one with these people, and waits until it listens. */
  static async start(tls: SlapdFiles, people: readonly Person[]): Promise<Slapd> {
    const ports = freePorts(["ldap", "ldaps"]) as Record<"ldap" | "ldaps", number>;
    const slapd = new Slapd(await Deno.makeTempDir({ prefix: "postern-slapd-" }), ports);
    const { folder } = slapd;
    await Deno.mkdir(`${folder}/db`);
    const config = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/pid
TLSCACertificateFile ${tls.ca}
TLSCertificateFile ${tls.certificate}
TLSCertificateKeyFile ${tls.key}
TLSVerifyClient try
authz-regexp "^cn=gw\\.example\\.test$" "${reader.dn}"
database mdb
maxsize 16777216
suffix "dc=example,dc=test"
rootdn "cn=root,dc=example,dc=test"
directory ${folder}/db
index objectClass,uid,mail eq
access to attrs=userPassword by anonymous auth
access to dn.subtree="${base}" by dn.exact="${reader.dn}" read by * none
access to * by * read
`;
    await Deno.writeTextFile(`${folder}/slapd.conf`, config);
    const entries = [
      "dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example",
      `dn: ${base}\nobjectClass: organizationalUnit\nou: people`,
      `dn: ${reader.dn}\nobjectClass: person\nsn: reader\ncn: reader\nuserPassword: ${reader.password}`,
      ...people.map(({ uid, mail }) => {
        const sixtyFour = (text: string) => new TextEncoder().encode(text).toBase64();
        return `dn:: ${sixtyFour(`uid=${uid},${base}`)}\nobjectClass: inetOrgPerson\ncn: x\nsn: x\n` +
          `uid:: ${sixtyFour(uid)}\nmail:: ${sixtyFour(mail)}`;
      }),
    ];
    await Deno.writeTextFile(`${folder}/entries.ldif`, `${entries.join("\n\n")}\n`);
    const loaded = await runCommand("slapadd", ["-q", "-f", `${folder}/slapd.conf`, "-l", `${folder}/entries.ldif`]);
    if (loaded.code !== 0) throw new Error(`Cannot fill the directory: ${loaded.stderr}`);
    await slapd.launch();
    return slapd;
  }

  /** Starts it, again after {@linkcode stop}. */
  async launch(): Promise<void> {
    const { folder, ports } = this;
    const child = this.#child = new Deno.Command(needPeer("slapd"), {
      // Above 0 it stays in front.
      args: [
        "-d",
        "256",
        "-f",
        `${folder}/slapd.conf`,
        "-h",
        `ldap://127.0.0.1:${ports.ldap} ldaps://127.0.0.1:${ports.ldaps}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const said = this.#said = new Response(child.stderr).text();
    for (const since = performance.now(); !isListening(ports.ldap) || !isListening(ports.ldaps);) {
      if (performance.now() - since > 20_000) {
        await this.stop();
        throw new Error(`Cannot start slapd: it does not listen\n${await said}`);
      }
      await pause(20);
    }
  }

  /** Ends it; its entries stay. What it said. */
  async stop(): Promise<string> {
    const child = this.#child;
    if (child === undefined) return "";
    this.#child = undefined;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await child.status;
    clearTimeout(timer);
    return await this.#said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}
