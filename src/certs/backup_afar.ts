/**
 * What an archive may carry to and from somebody who does not have the machine, but a password of the admin page or a token.
 *
 * He names files in the configuration, and the gateway reads them for him: so an archive that he gets holds of a file what the gateway itself
 * takes out of it, certificates, keys and revocation lists, and nothing else. A mail in the queue, another administrator's second factor or
 * `/etc/shadow` is none of these. Keys are: whoever may set up a certificate may export it anyway.
 *
 * An archive that he loads was perhaps made by him, and `config.yaml` may lie in somebody's home: `.ssh/authorized_keys` beside it would be a way
 * into the machine. So what goes there has to be named as a certificate file, and is written as plain PEM, in which no line is of his choosing.
 *
 * @module
 */
import { type Octets, octets } from "../base/octets.ts";
import { kindOfBytes, kindOfLabel } from "./kinds.ts";
import { type PemBlock, readPem, writePem } from "./pem.ts";

/** The kinds that are carried, each with its label where the file was DER. */
const carried: ReadonlyMap<string, string> = new Map([
  ["certificate", "CERTIFICATE"],
  ["pkcs7", "PKCS7"],
  ["key", "PRIVATE KEY"],
  ["encrypted_key", "ENCRYPTED PRIVATE KEY"],
  ["request", "CERTIFICATE REQUEST"],
  ["crl", "X509 CRL"],
]);

/** Headers of encrypted keys: RFC 1421 §4.6. */
const usualHeaders = /^(Proc-Type: 4,ENCRYPTED|DEK-Info: [A-Z0-9-]{1,32},[0-9A-F]{1,64})$/;

/** What is carried of a file, in PEM: the whole, where it is nothing but PEM. `undefined`: nothing in it is. */
export function materialOf(content: Octets): Octets | undefined {
  const pem = readPem(content);
  switch (pem.kind) {
    case "broken":
      return undefined;
    case "none": {
      const { kind, element } = kindOfBytes(content);
      const label = carried.get(kind);
      const whole = label !== undefined && element?.whole.length === content.length;
      // A key in DER is PKCS#8, PKCS#1 or SEC 1, which one label does not tell.
      return whole && kind !== "key" ? octets(writePem(label, content)) : undefined;
    }
    case "blocks": {
      const blocks = pem.blocks.filter(isCarried).map(({ text }) => text).join("");
      return blocks === "" ? undefined : octets(blocks);
    }
    default:
      return pem satisfies never;
  }
}

/** Whether there is more in a file than is carried of it. Line ends and empty lines are nothing. */
export function isMore(content: Octets, material: Octets): boolean {
  const plain = (bytes: Octets) => new TextDecoder().decode(bytes).replaceAll(/\s+/g, "");
  return readPem(content).kind === "blocks" && plain(content) !== plain(material);
}

/** Whether a path below the folder of `config.yaml` is one of a certificate file: no part of it is hidden, and its name says what it is. */
export function isCertificatePath(path: string): boolean {
  return !path.split("/").some((part) => part.startsWith(".")) &&
    /[^/]\.(pem|crt|cer|cert|key|crl|csr|p7b)$/i.test(path);
}

function isCarried({ label, headers, der }: PemBlock): boolean {
  const kind = kindOfLabel(label);
  if (kind === "parameters") return true;
  if (!carried.has(kind)) return false;
  if ([...headers].some(([name, value]) => !usualHeaders.test(`${name}: ${value}`))) return false;
  // An encrypted key in its old form is no DER; all else is what its label says.
  return headers.size > 0 ? kind === "key" : carried.has(kindOfBytes(der).kind);
}
