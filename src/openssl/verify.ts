/**
 * Trust: a store of authorities with revocation lists, and the question whether a chain ends in it.
 *
 * A session's own verify result is not used: a resumed session reports the one of long ago, and with an untrusted chain
 * OpenSSL would stop at the first fault. So the peer's chain is verified here, on every connection, resumed or not, the same
 * way in both directions. Revocation is our own walk over the verified chain, since OpenSSL's flag makes a missing or an old
 * list a failure: a list counts where the issuer signed it and it is current; a missing one is no failure.
 *
 * @module
 */
import { type Octets, textOf } from "../base/octets.ts";
import { type BuiltChain, type PeerFacts, TlsSetupError, type TrustAnchors } from "../tls/engine.ts";
import type { CrlFacts } from "../tls/revocation.ts";
import { clearErrors, takeReasonText, verifyReason } from "./errors.ts";
import { Handle, type Pointer, Shared } from "./handle.ts";
import type { Native } from "./library.ts";
import { cString, memoryBio, pointerIn, stackMembers, textAt } from "./memory.ts";
import { certificateFacts, certificateFingerprint, isNoStartLine, nameText, readCertificates, timeOf } from "./x509.ts";

/** What is known of a chain. */
export type ChainFacts = PeerFacts["chain"];

/** What a chain is verified for. */
export interface ChainQuestion {
  leaf: Pointer;
  /** `STACK_OF(X509)` of the certificates that the peer sent. */
  sent: Deno.PointerValue;
  peer: "server" | "client";
  /** Wall milliseconds. */
  now: number;
}

interface Crl extends Omit<CrlFacts, "signature"> {
  handle: Handle;
  /** Whether the list is signed by an issuer, by the fingerprint of the issuer's certificate. */
  signedBy: Map<string, boolean>;
}

// A peer could show ever new issuers of one name; a list remembers this many answers.
const issuersRememberedMax = 16;

const authLevel = 1;
const chainDepthMax = 10;
const trustedFirst = 0x8000n; // X509_V_FLAG_TRUSTED_FIRST
const partialChain = 0x80000n; // X509_V_FLAG_PARTIAL_CHAIN: what the owner lists is an anchor, root or not
const trusted = 0; // X509_V_OK
const unspecified = 1; // X509_V_ERR_UNSPECIFIED
const certificateRevoked = 23; // X509_V_ERR_CERT_REVOKED

/** What anchors become when they are read. */
interface Store {
  store: Handle;
  /** Certificates in the bundles. */
  authorities: number;
  crls: Crl[];
}

/** A store of authorities, shared by the contexts that trust them. */
export class Trust extends Shared {
  readonly #native: Native;
  readonly #anchors: TrustAnchors;
  #read: Store | TlsSetupError | undefined;

  /** Throws {@linkcode TlsSetupError}, unless the anchors are read late. `ended` runs when the last holder is gone. */
  constructor(native: Native, anchors: TrustAnchors, ended: () => void) {
    super(() => {
      if (this.#read !== undefined && !(this.#read instanceof TlsSetupError)) {
        this.#read.store[Symbol.dispose]();
        for (const crl of this.#read.crls) crl.handle[Symbol.dispose]();
      }
      ended();
    });
    this.#native = native;
    this.#anchors = anchors;
    if (anchors.late !== true) this.read();
  }

  /** Reads the anchors, once: how many certificates, and the lists, for warnings about old ones. Throws {@linkcode TlsSetupError}, each time the same. */
  read(): { authorities: number; crls: CrlFacts[] } {
    this.#read ??= readAnchors(this.#native, this.#anchors);
    if (this.#read instanceof TlsSetupError) throw this.#read;
    const { authorities, crls } = this.#read;
    return { authorities, crls: this.#told(crls) };
  }

  /** What lists that are not among the anchors say, held against them. Throws {@linkcode TlsSetupError}. */
  tell(list: Octets): CrlFacts[] {
    const crls = readCrlFile(this.#native, list, 1);
    try {
      return this.#told(crls);
    } finally {
      for (const crl of crls) crl.handle[Symbol.dispose]();
    }
  }

  /** The authority that issued this certificate: the caller's to free. */
  issuerOf(certificate: Pointer): Handle | undefined {
    const native = this.#native;
    const anchors = this.#read ??= readAnchors(native, this.#anchors);
    if (anchors instanceof TlsSetupError) return undefined;
    clearErrors(native);
    using context = new Handle("a search", {
      pointer: native.X509_STORE_CTX_new(),
      free: native.X509_STORE_CTX_free,
    });
    if (native.X509_STORE_CTX_init(context.pointer, anchors.store.pointer, certificate, null) !== 1) return undefined;
    const cell = new BigUint64Array(1);
    const found = native.X509_STORE_CTX_get1_issuer(new Uint8Array(cell.buffer), context.pointer, certificate);
    clearErrors(native);
    if (found !== 1) return undefined;
    return new Handle("an issuer", { pointer: pointerIn(cell), free: native.X509_free });
  }

  #told(crls: readonly Crl[]): CrlFacts[] {
    return crls.map((crl) => {
      const { issuer, from, until, entries } = crl;
      return { issuer, from, ...(until === undefined ? {} : { until }), entries, signature: this.#signature(crl) };
    });
  }

  /** Authorities of one name may have several keys: one that fits is enough. */
  #signature(crl: Crl): CrlFacts["signature"] {
    const native = this.#native;
    const anchors = this.#read ??= readAnchors(native, this.#anchors);
    if (anchors instanceof TlsSetupError) return "unproven";
    const issuer = native.X509_CRL_get_issuer(crl.handle.pointer);
    let signature: CrlFacts["signature"] = "unproven";
    for (const object of stackMembers(native, native.X509_STORE_get0_objects(anchors.store.pointer))) {
      const authority = native.X509_OBJECT_get0_X509(object);
      if (authority === null) continue;
      if (native.X509_NAME_cmp(native.X509_get_subject_name(authority), issuer) !== 0) continue;
      if (this.#signed(crl, authority)) return "proven";
      signature = "wrong";
    }
    return signature;
  }

  /** Whether a chain ends in a trusted authority, is in its time, strong enough, for this purpose and not revoked. */
  verify(question: ChainQuestion): ChainFacts {
    return this.#verified(question, ({ code }) => code === trusted ? { trusted: true } : this.#fault(code));
  }

  /** The chain that the answer of {@linkcode Trust.verify} is about. */
  build(question: ChainQuestion): BuiltChain {
    return this.#verified(question, ({ code, chain, depth }) => {
      const certificates = chain.map((certificate) => certificateFacts(this.#native, certificate));
      return code === trusted ? { certificates } : { certificates, faultAt: depth };
    });
  }

  /** Verifies, and gives what is found to `use` while it lives. */
  #verified<T>(question: ChainQuestion, use: (found: { code: number; depth: number; chain: Pointer[] }) => T): T {
    const native = this.#native;
    clearErrors(native);
    using context = new Handle("a verification", {
      pointer: native.X509_STORE_CTX_new(),
      free: native.X509_STORE_CTX_free,
    });
    const { pointer } = context;
    const anchors = this.#read ??= readAnchors(native, this.#anchors);
    if (
      anchors instanceof TlsSetupError ||
      native.X509_STORE_CTX_init(pointer, anchors.store.pointer, question.leaf, question.sent) !== 1
    ) {
      return use({ code: unspecified, depth: 0, chain: [] });
    }
    native.X509_STORE_CTX_set_default(pointer, question.peer === "server" ? sslServer : sslClient);
    const parameters = native.X509_STORE_CTX_get0_param(pointer);
    // At security level 0 an MD5-signed RSA-1024 certificate would verify: the level of TLS is not that of trust.
    native.X509_VERIFY_PARAM_set_auth_level(parameters, authLevel);
    native.X509_VERIFY_PARAM_set_depth(parameters, chainDepthMax);
    native.X509_VERIFY_PARAM_set_flags(parameters, trustedFirst | partialChain);
    native.X509_VERIFY_PARAM_set_time(parameters, BigInt(Math.floor(question.now / 1000)));
    const sound = native.X509_verify_cert(pointer) === 1;
    const chain = stackMembers(native, native.X509_STORE_CTX_get0_chain(pointer));
    if (!sound) {
      const code = native.X509_STORE_CTX_get_error(pointer);
      const depth = native.X509_STORE_CTX_get_error_depth(pointer);
      return use({ code: code === trusted ? unspecified : code, depth, chain });
    }
    const revoked = this.#revokedAt(chain, { crls: anchors.crls, now: question.now });
    clearErrors(native);
    return use({ code: revoked === undefined ? trusted : certificateRevoked, depth: revoked ?? 0, chain });
  }

  #fault(code: number): ChainFacts {
    clearErrors(this.#native);
    const text = textAt(this.#native, this.#native.X509_verify_cert_error_string(BigInt(code)));
    return { trusted: false, reason: verifyReason(code), code, text };
  }

  /** The first certificate of a verified chain that a list names. */
  #revokedAt(chain: readonly Pointer[], { crls, now }: { crls: readonly Crl[]; now: number }): number | undefined {
    if (crls.length === 0) return undefined;
    const native = this.#native;
    const found = new Uint8Array(8);
    // The last one is the anchor, which nobody above can revoke.
    for (let index = 0; index + 1 < chain.length; index++) {
      const issuer = native.X509_get_issuer_name(chain[index]);
      for (const crl of crls) {
        if (now < crl.from || (crl.until !== undefined && now >= crl.until)) continue;
        if (native.X509_NAME_cmp(native.X509_CRL_get_issuer(crl.handle.pointer), issuer) !== 0) continue;
        if (!this.#signed(crl, chain[index + 1])) continue;
        // 1: revoked; 2: taken off by a delta list.
        if (native.X509_CRL_get0_by_cert(crl.handle.pointer, found, chain[index]) === 1) return index;
      }
    }
    return undefined;
  }

  #signed(crl: Crl, issuer: Pointer): boolean {
    const key = certificateFingerprint(this.#native, issuer);
    let signed = crl.signedBy.get(key);
    if (signed === undefined) {
      signed = this.#native.X509_CRL_verify(crl.handle.pointer, this.#native.X509_get0_pubkey(issuer)) === 1;
      if (crl.signedBy.size >= issuersRememberedMax) crl.signedBy.clear();
      crl.signedBy.set(key, signed);
    }
    return signed;
  }
}

const sslServer = cString("ssl_server");
const sslClient = cString("ssl_client");

/** A fault is a value: it stands for as long as the anchors do. */
function readAnchors(native: Native, anchors: TrustAnchors): Store | TlsSetupError {
  try {
    const made = makeStore(native, anchors.bundles);
    try {
      return { ...made, crls: readCrls(native, anchors.crls) };
    } catch (thrown) {
      made.store[Symbol.dispose]();
      throw thrown;
    }
  } catch (thrown) {
    if (thrown instanceof TlsSetupError) return thrown;
    throw thrown;
  }
}

function makeStore(native: Native, bundles: readonly string[]): { store: Handle; authorities: number } {
  const store = new Handle("a trust store", { pointer: native.X509_STORE_new(), free: native.X509_STORE_free });
  try {
    let authorities = 0;
    for (const [index, bundle] of bundles.entries()) {
      authorities += addBundle(native, store, { bundle, number: index + 1 });
    }
    return { store, authorities };
  } catch (thrown) {
    store[Symbol.dispose]();
    throw thrown;
  }
}

function addBundle(native: Native, store: Handle, { bundle, number }: { bundle: string; number: number }): number {
  let certificates: Handle[];
  try {
    certificates = readCertificates(native, bundle);
  } catch (thrown) {
    throw new TlsSetupError("trust", `Cannot read bundle ${number} of authorities: ${(thrown as Error).message}`);
  }
  if (certificates.length === 0) {
    throw new TlsSetupError("trust", `Cannot read bundle ${number} of authorities: the PEM text holds no certificate`);
  }
  for (const certificate of certificates) {
    native.X509_STORE_add_cert(store.pointer, certificate.pointer); // takes a reference of its own
    certificate[Symbol.dispose]();
  }
  clearErrors(native);
  return certificates.length;
}

function readCrls(native: Native, lists: readonly Octets[]): Crl[] {
  const crls: Crl[] = [];
  try {
    for (const [index, list] of lists.entries()) crls.push(...readCrlFile(native, list, index + 1));
    return crls;
  } catch (thrown) {
    for (const crl of crls) crl.handle[Symbol.dispose]();
    throw thrown;
  }
}

/** The lists of one file: DER holds one, PEM any number. */
function readCrlFile(native: Native, list: Octets, number: number): Crl[] {
  const pem = textOf(list.subarray(0, 65_536)).includes("-----BEGIN X509 CRL-----");
  const crls: Crl[] = [];
  const password = cString("");
  using bio = memoryBio(native, list);
  clearErrors(native);
  while (true) {
    const pointer = pem
      ? native.PEM_read_bio_X509_CRL(bio.pointer, null, null, password)
      : crls.length === 0
      ? native.d2i_X509_CRL_bio(bio.pointer, null)
      : null;
    if (pointer === null) break;
    crls.push(describe(native, new Handle("a revocation list", { pointer, free: native.X509_CRL_free })));
  }
  const broken = pem && !isNoStartLine(native.ERR_peek_last_error());
  const cause = takeReasonText(native);
  if (crls.length > 0 && !broken) return crls;
  for (const crl of crls) crl.handle[Symbol.dispose]();
  const state = pem ? `list ${crls.length + 1} in it is broken` : "it is neither PEM nor DER";
  throw new TlsSetupError("crl", `Cannot read revocation list ${number}: ${state} (${cause})`);
}

function describe(native: Native, handle: Handle): Crl {
  return {
    handle,
    issuer: nameText(native, native.X509_CRL_get_issuer(handle.pointer)),
    from: timeOf(native, native.X509_CRL_get0_lastUpdate(handle.pointer)) ?? 0,
    until: timeOf(native, native.X509_CRL_get0_nextUpdate(handle.pointer)),
    // Of a list that names none it is NULL, whose length is -1.
    entries: Math.max(0, native.OPENSSL_sk_num(native.X509_CRL_get_REVOKED(handle.pointer))),
    signedBy: new Map(),
  };
}
