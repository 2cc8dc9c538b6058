/**
 * Questions to responders about certificates of our own, and what their answers are worth (RFC 6960, in the profile of RFC 5019:
 * SHA-1 names the certificate, and there is no nonce, so that responders may answer out of a cache).
 *
 * An answer counts where the certificate's issuer signed it, or somebody whom the issuer gave the right to (RFC 6960 §4.2.2.2). The issuer itself
 * is the anchor: whether clients trust it is not asked here.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import type { KeyPair } from "../tls/engine.ts";
import type { StatusAnswer, StatusQuestion } from "../tls/revocation.ts";
import { clearErrors, takeReasonText } from "./errors.ts";
import { Handle, type Pointer } from "./handle.ts";
import type { Native } from "./library.ts";
import { memoryBio, pointerIn, printed, stackMembers, textAt } from "./memory.ts";
import type { Trust } from "./verify.ts";
import { certificateFingerprint, loadPair, nameText, timeOf } from "./x509.ts";

const tlsFeature = 1020; // NID_tlsfeature
const statusRequest = 5; // RFC 7633 §4.1: the number of the extension that is promised
const partialChain = 0x80000n; // X509_V_FLAG_PARTIAL_CHAIN
const successful = 0; // OCSP_RESPONSE_STATUS_SUCCESSFUL

/** Addresses of the responders that a certificate names, http and https alone. */
export function respondersOf(native: Native, certificate: Pointer): string[] {
  const stack = native.X509_get1_ocsp(certificate);
  clearErrors(native);
  if (stack === null) return [];
  using owned = new Handle("addresses", { pointer: stack, free: native.X509_email_free });
  return stackMembers(native, owned.pointer).map((text) => textAt(native, text)).filter((url) =>
    /^https?:\/\//i.test(url)
  );
}

/** See `RevocationEngine.statusQuestion`. */
export function statusQuestion(native: Native, pair: KeyPair, trust: Trust): StatusQuestion {
  using stack = new DisposableStack();
  const certificates = stack.use(loadPair(native, pair)).certificates.map(({ pointer }) => pointer);
  const [leaf] = certificates;
  const question: StatusQuestion = {
    fingerprint: certificateFingerprint(native, leaf),
    subject: nameText(native, native.X509_get_subject_name(leaf)),
    responders: respondersOf(native, leaf),
    mustStaple: promisesStatus(native, leaf),
  };
  const issuer = question.responders.length === 0 ? undefined : issuerIn(native, { certificates, trust });
  if (issuer === undefined) return question;
  stack.use(issuer);
  const id = stack.use(certificateId(native, leaf, issuer));
  const request = stack.use(
    new Handle("a question", { pointer: native.OCSP_REQUEST_new(), free: native.OCSP_REQUEST_free }),
  );
  if (native.OCSP_request_add0_id(request.pointer, id.pointer) === null) {
    throw new Error("Cannot make a question: out of memory");
  }
  id.release();
  const der = printed(native, (bio) => native.ASN1_item_i2d_bio(native.OCSP_REQUEST_it(), bio, request.pointer));
  clearErrors(native);
  return { ...question, request: der };
}

/** See `RevocationEngine.readStatus`. */
export function readStatus(
  native: Native,
  pair: KeyPair,
  { response, trust, now }: { response: Octets; trust: Trust; now: number },
): StatusAnswer {
  using stack = new DisposableStack();
  const certificates = stack.use(loadPair(native, pair)).certificates.map(({ pointer }) => pointer);
  const issuer = issuerIn(native, { certificates, trust });
  if (issuer === undefined) return unusable("the certificate's issuer is not known");
  stack.use(issuer);
  clearErrors(native);
  const bio = stack.use(memoryBio(native, response));
  const whole = native.ASN1_item_d2i_bio(native.OCSP_RESPONSE_it(), bio.pointer, null);
  if (whole === null) return unusable(`it is no OCSP response (${takeReasonText(native)})`);
  stack.defer(() => native.OCSP_RESPONSE_free(whole));
  const status = native.OCSP_response_status(whole);
  if (status !== successful) {
    return unusable(`the responder says ${textAt(native, native.OCSP_response_status_str(BigInt(status)))}`);
  }
  const basic = native.OCSP_response_get1_basic(whole);
  if (basic === null) return unusable(`it is of another kind (${takeReasonText(native)})`);
  stack.defer(() => native.OCSP_BASICRESP_free(basic));
  const fault = signatureFault(native, basic, { issuer, now });
  if (fault !== undefined) return unusable(`its signature does not count (${fault})`);
  const id = stack.use(certificateId(native, certificates[0], issuer));
  return answerIn(native, { basic, id: id.pointer, now });
}

function unusable(why: string): StatusAnswer {
  return { kind: "unusable", why };
}

/** The certificate's status, and whether the answer is of now. */
function answerIn(native: Native, { basic, id, now }: { basic: Pointer; id: Pointer; now: number }): StatusAnswer {
  const [status, reason] = [new Int32Array(1), new Int32Array(1)];
  const [revokedAt, from, until] = [new BigUint64Array(1), new BigUint64Array(1), new BigUint64Array(1)];
  const bytes = (cell: Int32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>) => new Uint8Array(cell.buffer);
  const found = native.OCSP_resp_find_status(
    basic,
    id,
    ...[status, reason, revokedAt, from, until].map(bytes) as [Octets, Octets, Octets, Octets, Octets],
  );
  clearErrors(native);
  if (found !== 1) return unusable("it is about other certificates");
  const time = (cell: BigUint64Array) => timeOf(native, pointerIn(cell));
  const begins = time(from);
  if (begins === undefined) return unusable("it does not say since when it counts");
  const ends = time(until) ?? begins + limits.ocspWithoutEndMs;
  if (begins > now + limits.ocspSkewMs) return unusable(`it counts from ${new Date(begins).toISOString()} on`);
  if (ends <= now) return unusable(`it is out of date since ${new Date(ends).toISOString()}`);
  switch (status[0]) {
    case 0: // V_OCSP_CERTSTATUS_GOOD
      return { kind: "good", from: begins, until: ends };
    case 1: { // V_OCSP_CERTSTATUS_REVOKED; the reason is -1 where none is given
      const why = reason[0] < 0 ? "no reason is given" : textAt(native, native.OCSP_crl_reason_str(BigInt(reason[0])));
      return { kind: "revoked", at: time(revokedAt) ?? begins, why };
    }
    default: // V_OCSP_CERTSTATUS_UNKNOWN
      return { kind: "unknown" };
  }
}

/** Why nobody who may has signed it. */
function signatureFault(
  native: Native,
  basic: Pointer,
  { issuer, now }: { issuer: Handle; now: number },
): string | undefined {
  using store = new Handle("a trust store", { pointer: native.X509_STORE_new(), free: native.X509_STORE_free });
  native.X509_STORE_add_cert(store.pointer, issuer.pointer);
  const parameters = native.X509_STORE_get0_param(store.pointer);
  native.X509_VERIFY_PARAM_set_flags(parameters, partialChain);
  native.X509_VERIFY_PARAM_set_time(parameters, BigInt(Math.floor(now / 1000)));
  using signers = new Handle("a list", { pointer: native.OPENSSL_sk_new_null(), free: native.OPENSSL_sk_free });
  native.OPENSSL_sk_push(signers.pointer, issuer.pointer);
  clearErrors(native);
  const sound = native.OCSP_basic_verify(basic, signers.pointer, store.pointer, 0n) === 1;
  if (!sound) return takeReasonText(native);
  clearErrors(native);
  return undefined;
}

/** A name for the certificate that responders know: SHA-1 over issuer and key, and the serial number. */
function certificateId(native: Native, leaf: Pointer, issuer: Handle): Handle {
  return new Handle("a certificate's name", {
    pointer: native.OCSP_cert_to_id(null, leaf, issuer.pointer),
    free: native.OCSP_CERTID_free,
  });
}

/** Whoever issued the first of these: one of the others, else an authority of ours. */
function issuerIn(
  native: Native,
  { certificates: [leaf, ...others], trust }: { certificates: Pointer[]; trust: Trust },
): Handle | undefined {
  const issuer = others.find((other) => native.X509_check_issued(other, leaf) === 0);
  clearErrors(native);
  if (issuer === undefined) return trust.issuerOf(leaf);
  native.X509_up_ref(issuer);
  return new Handle("an issuer", { pointer: issuer, free: native.X509_free });
}

function promisesStatus(native: Native, certificate: Pointer): boolean {
  const features = native.X509_get_ext_d2i(certificate, tlsFeature, null, null);
  clearErrors(native);
  if (features === null) return false;
  using owned = new Handle("features", { pointer: features, free: native.TLS_FEATURE_free });
  return stackMembers(native, owned.pointer).some((feature) => native.ASN1_INTEGER_get(feature) === statusRequest);
}
