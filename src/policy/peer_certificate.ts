/**
 * `tls.peer_certificate`: what a server's certificate has to be beyond trusted, current and for the right name. Pure judgement over facts.
 *
 * The checks come behind the chain's own and before the names: a certificate that fails one is not verified, whatever it is for. They are about
 * the chain that verification built. Its last certificate is in our own list of authorities and is taken as it is.
 *
 * `fqdn_validation`, {@linkcode fqdnFault}: each common name and each DNS name of the server's certificate is a fully qualified name. A
 * certificate with neither, as one for an address alone, passes: there is no name to judge.
 *
 * `x509_validation`, {@linkcode x509Fault}: version 3; a signature of at least 112 bits, SHA-224's strength; an RSA key from 2048 bits on, a
 * key on a named curve or EdDSA, of 112 bits too; extensions that can be read. The server's certificate is no authority, and its key usage, where it has
 * one, allows what its key did in the handshake; every other certificate is an authority, critically so, and may sign certificates.
 *
 * @module
 */
import type { PeerCertificateRules } from "../config/config.ts";
import { printable } from "../base/text.ts";
import type { CertificateFacts, PeerFacts, TlsReason } from "../tls/engine.ts";

/** Why a certificate that is trusted does not count. `code` stands beside it in the log: OpenSSL's for an unnamed failure. */
export interface PeerCertificateFault {
  reason: Extract<TlsReason, "fqdn_invalid" | "x509_invalid">;
  code: number;
  text: string;
}

const unspecified = 1; // X509_V_ERR_UNSPECIFIED

/** What the rules have against a server's certificate, whose chain is trusted. */
export function peerCertificateFault(
  facts: Pick<PeerFacts, "builtChain" | "cipher">,
  rules: PeerCertificateRules,
): PeerCertificateFault | undefined {
  if (!rules.fqdn_validation && !rules.x509_validation) return undefined;
  const { certificates } = facts.builtChain();
  if (rules.x509_validation) {
    const text = x509Fault(certificates, facts.cipher);
    if (text !== undefined) return { reason: "x509_invalid", code: unspecified, text };
  }
  if (rules.fqdn_validation) {
    const text = fqdnFault(certificates);
    if (text !== undefined) return { reason: "fqdn_invalid", code: unspecified, text };
  }
  return undefined;
}

/** The first name of the leaf that is not fully qualified. */
export function fqdnFault([leaf]: readonly CertificateFacts[]): string | undefined {
  if (leaf === undefined) return "the chain cannot be read again";
  // `names` are the DNS names, or the common names where there is none.
  for (const name of new Set([...leaf.commonNames, ...leaf.names])) {
    const fault = nameFault(name);
    if (fault !== undefined) {
      return `the name ${printable(name, 80)} of the certificate is not fully qualified: ${fault}`;
    }
  }
  return undefined;
}

/**
 * What is wrong with a name: RFC 1035 §2.3.1 and RFC 1123 §2.1, in ASCII as RFC 5280 §7.2 has it; a wildcard is the whole first label, RFC 6125
 * §6.4.3, and stands above two others.
 */
export function nameFault(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > 253) return `it has ${name.length} characters, more than 253`;
  if (name.endsWith(".")) return "it ends with a dot";
  const labels = name.split(".");
  const wildcard = labels[0] === "*";
  const own = wildcard ? labels.slice(1) : labels;
  if (own.length < 2) return wildcard ? "its wildcard takes a whole top-level domain" : "it has one label";
  for (const label of own) {
    if (label === "") return "it has an empty label";
    if (label.length > 63) return `its label ${printable(label, 20)} has ${label.length} characters, more than 63`;
    if (label.includes("*")) return "its wildcard is not the whole first label";
    if (!/^[a-z0-9-]+$/i.test(label)) {
      return `its label ${printable(label, 40)} has other characters than letters, digits, -`;
    }
    if (label.startsWith("-") || label.endsWith("-")) return `its label ${label} begins or ends with -`;
  }
  // RFC 1123 §2.1: a top-level domain is not all digits, so addresses are none.
  return /^\d+$/.test(own.at(-1)!) ? "its last label is a number" : undefined;
}

/** What is unsound in a chain, leaf first, authority of ours last. */
export function x509Fault(chain: readonly CertificateFacts[], cipher: string): string | undefined {
  if (chain.length === 0) return "the chain cannot be read again";
  // A leaf that is listed itself is trusted for what it is, and still has to be fit for a server.
  const judged = chain.length === 1 ? chain : chain.slice(0, -1);
  for (const [place, certificate] of judged.entries()) {
    const fault = formFault(certificate) ??
      (place === 0 ? leafFault(certificate, cipher) : authorityFault(certificate));
    if (fault === undefined) continue;
    return place === 0
      ? `the certificate ${fault}`
      : `certificate ${place} of the chain (${printable(certificate.subject, 80)}) ${fault}`;
  }
  return undefined;
}

/** Security bits of RSA 2048 and of SHA-224: NIST SP 800-57 part 1, table 2. */
const bitsMin = 112;

function formFault({ form, key, signature }: CertificateFacts): string | undefined {
  if (form.version !== 3) return `has version ${form.version} and not 3`;
  if (form.brokenExtensions) return "has an extension that is broken or stands there twice";
  if (form.signatureBits < bitsMin) return `has a weak signature: ${printable(signature, 40)}`;
  if (form.keyFault !== undefined) return `has an unsound key: ${form.keyFault}`;
  return form.keyBits < bitsMin ? `has a weak key: ${printable(key, 40)}` : undefined;
}

function leafFault({ form: { basicConstraints, keyUsage } }: CertificateFacts, cipher: string): string | undefined {
  if (basicConstraints?.authority) return "is for an authority by its basic constraints";
  if (keyUsage === undefined) return undefined;
  // RFC 5280 §4.2.1.9: keyCertSign goes with CA:TRUE only.
  if (keyUsage.includes("keyCertSign")) return "may sign certificates by its key usage, and is for no authority";
  const needed = signs(cipher) ? "digitalSignature" : "keyEncipherment";
  return keyUsage.includes(needed) ? undefined : `has a key usage without ${needed}`;
}

/** Whether the server's key signed in the handshake; with RSA key exchange it decrypted. */
function signs(cipher: string): boolean {
  return /^(?:TLS_|ECDHE-|DHE-)/.test(cipher);
}

function authorityFault({ form: { basicConstraints, keyUsage } }: CertificateFacts): string | undefined {
  if (basicConstraints === undefined) return "has no basic constraints";
  if (!basicConstraints.authority) return "is for no authority by its basic constraints";
  // RFC 5280 §4.2.1.9 and §4.2.1.3: an authority's certificate has both, the first one critical.
  if (!basicConstraints.critical) return "has basic constraints that are not critical";
  if (keyUsage === undefined) return "has no key usage";
  return keyUsage.includes("keyCertSign") ? undefined : "may not sign certificates by its key usage";
}
