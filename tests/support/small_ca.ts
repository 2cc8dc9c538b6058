/**
 * A small authority of OpenSSL's command: a root, and two intermediates below each other, of which the last signs requests.
 *
 * @module
 */
import { runCommand } from "./peers.ts";

/** As administrators run one: `openssl ca` with a database, which takes over what a request asks for. */
const settings = `[ca]
default_ca = small
[small]
database = index.txt
new_certs_dir = .
rand_serial = yes
certificate = int2.crt
private_key = int2.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
`;

/** What the certificate of a request is to say besides. */
export interface SignWish {
  /** PEM. */
  request: string;
  /** `DNS:mx.example.test`; absent: what the request asks for. */
  names?: readonly string[];
  days?: number;
}

/** An authority in a folder of its own. */
export class SmallCa implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes root, `int1` and `int2`. */
  static async make(): Promise<SmallCa> {
    const ca = new SmallCa(await Deno.makeTempDir({ prefix: "postern-ca-" }));
    await Deno.writeTextFile(
      `${ca.folder}/ca.ext`,
      "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n",
    );
    await Deno.writeTextFile(`${ca.folder}/ca.cnf`, settings);
    await Deno.writeTextFile(`${ca.folder}/index.txt`, "");
    const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    await ca.run(`openssl req -x509 ${key} -keyout root.key -out root.crt -days 900 -subj "/CN=Small Root"`);
    for (const [name, issuer] of [["int1", "root"], ["int2", "int1"]]) {
      await ca.run(`openssl req -new ${key} -keyout ${name}.key -out ${name}.csr -subj "/O=Small/CN=${name}"
openssl x509 -req -in ${name}.csr -CA ${issuer}.crt -CAkey ${issuer}.key -CAcreateserial -days 800 -extfile ca.ext -out ${name}.crt`);
    }
    return ca;
  }

  /** A path in the folder. */
  at(name: string): string {
    return `${this.folder}/${name}`;
  }

  async read(name: string): Promise<string> {
    return await Deno.readTextFile(this.at(name));
  }

  /** Checks the request's own signature and signs it; the certificate is written to `name`. */
  async sign(name: string, { request, names, days = 90 }: SignWish): Promise<string> {
    await Deno.writeTextFile(this.at("in.csr"), request);
    const verified = await this.run("openssl req -in in.csr -verify -noout 2>&1");
    if (!/verify OK/.test(verified)) throw new Error(`Cannot sign a request: ${verified}`);
    if (names === undefined) {
      await this.run(`openssl ca -config ca.cnf -batch -notext -in in.csr -days ${days} -out ${name} 2>&1`);
      return this.at(name);
    }
    await Deno.writeTextFile(this.at("leaf.ext"), `subjectAltName=${names.join(",")}\n`);
    await this.run(
      `openssl x509 -req -in in.csr -CA int2.crt -CAkey int2.key -CAcreateserial -days ${days} -extfile leaf.ext -out ${name}`,
    );
    return this.at(name);
  }

  /** Runs a shell script in the folder; what it printed. */
  async run(script: string): Promise<string> {
    const { code, stdout, stderr } = await runCommand("sh", ["-c", `set -e; cd "${this.folder}"; ${script}`]);
    if (code !== 0) throw new Error(`Cannot run ${script}: ${stderr}${stdout}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
