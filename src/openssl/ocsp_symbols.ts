/**
 * The foreign functions for revocation, each beside its C declaration: the rest of the table in `symbols.ts`.
 *
 * @module
 */

// deno-fmt-ignore
/** libcrypto, for OCSP and for what lists say. */
export const ocspSymbols = {
  // void *CRYPTO_memdup(const void *str, size_t siz, const char *file, int line);
  CRYPTO_memdup: { parameters: ["buffer", "usize", "pointer", "i32"], result: "pointer" },
  // int ASN1_item_i2d_bio(const ASN1_ITEM *it, BIO *out, const void *x);
  ASN1_item_i2d_bio: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  // void *ASN1_item_d2i_bio(const ASN1_ITEM *it, BIO *in, void *x);
  ASN1_item_d2i_bio: { parameters: ["pointer", "pointer", "pointer"], result: "pointer" },
  // long ASN1_INTEGER_get(const ASN1_INTEGER *a);
  ASN1_INTEGER_get: { parameters: ["pointer"], result: "i32" },
  // OPENSSL_STACK *OPENSSL_sk_new_null(void);
  OPENSSL_sk_new_null: { parameters: [], result: "pointer" },
  // int OPENSSL_sk_push(OPENSSL_STACK *st, const void *data);
  OPENSSL_sk_push: { parameters: ["pointer", "pointer"], result: "i32" },

  // int X509_check_issued(X509 *issuer, X509 *subject);
  X509_check_issued: { parameters: ["pointer", "pointer"], result: "i32" },
  // int X509_up_ref(X509 *a);
  X509_up_ref: { parameters: ["pointer"], result: "i32" },
  // STACK_OF(OPENSSL_STRING) *X509_get1_ocsp(X509 *x);
  X509_get1_ocsp: { parameters: ["pointer"], result: "pointer" },
  // void X509_email_free(STACK_OF(OPENSSL_STRING) *sk);
  X509_email_free: { parameters: ["pointer"], result: "void" },
  // void TLS_FEATURE_free(TLS_FEATURE *a);
  TLS_FEATURE_free: { parameters: ["pointer"], result: "void" },
  // int X509_STORE_CTX_get1_issuer(X509 **issuer, X509_STORE_CTX *ctx, X509 *x);
  X509_STORE_CTX_get1_issuer: { parameters: ["buffer", "pointer", "pointer"], result: "i32" },
  // X509_VERIFY_PARAM *X509_STORE_get0_param(const X509_STORE *xs);
  X509_STORE_get0_param: { parameters: ["pointer"], result: "pointer" },
  // STACK_OF(X509_OBJECT) *X509_STORE_get0_objects(const X509_STORE *xs);
  X509_STORE_get0_objects: { parameters: ["pointer"], result: "pointer" },
  // X509 *X509_OBJECT_get0_X509(const X509_OBJECT *a);
  X509_OBJECT_get0_X509: { parameters: ["pointer"], result: "pointer" },
  // STACK_OF(X509_REVOKED) *X509_CRL_get_REVOKED(X509_CRL *crl);
  X509_CRL_get_REVOKED: { parameters: ["pointer"], result: "pointer" },

  // const ASN1_ITEM *OCSP_REQUEST_it(void);
  OCSP_REQUEST_it: { parameters: [], result: "pointer" },
  // const ASN1_ITEM *OCSP_RESPONSE_it(void);
  OCSP_RESPONSE_it: { parameters: [], result: "pointer" },
  // OCSP_REQUEST *OCSP_REQUEST_new(void);
  OCSP_REQUEST_new: { parameters: [], result: "pointer" },
  // void OCSP_REQUEST_free(OCSP_REQUEST *a);
  OCSP_REQUEST_free: { parameters: ["pointer"], result: "void" },
  // OCSP_CERTID *OCSP_cert_to_id(const EVP_MD *dgst, const X509 *subject, const X509 *issuer);
  OCSP_cert_to_id: { parameters: ["pointer", "pointer", "pointer"], result: "pointer" },
  // void OCSP_CERTID_free(OCSP_CERTID *a);
  OCSP_CERTID_free: { parameters: ["pointer"], result: "void" },
  // OCSP_ONEREQ *OCSP_request_add0_id(OCSP_REQUEST *req, OCSP_CERTID *cid);
  OCSP_request_add0_id: { parameters: ["pointer", "pointer"], result: "pointer" },
  // void OCSP_RESPONSE_free(OCSP_RESPONSE *a);
  OCSP_RESPONSE_free: { parameters: ["pointer"], result: "void" },
  // int OCSP_response_status(OCSP_RESPONSE *resp);
  OCSP_response_status: { parameters: ["pointer"], result: "i32" },
  // const char *OCSP_response_status_str(long s);
  OCSP_response_status_str: { parameters: ["i64"], result: "pointer" },
  // OCSP_BASICRESP *OCSP_response_get1_basic(OCSP_RESPONSE *resp);
  OCSP_response_get1_basic: { parameters: ["pointer"], result: "pointer" },
  // void OCSP_BASICRESP_free(OCSP_BASICRESP *a);
  OCSP_BASICRESP_free: { parameters: ["pointer"], result: "void" },
  // int OCSP_basic_verify(OCSP_BASICRESP *bs, STACK_OF(X509) *certs, X509_STORE *st, unsigned long flags);
  OCSP_basic_verify: { parameters: ["pointer", "pointer", "pointer", "u64"], result: "i32" },
  // int OCSP_resp_find_status(OCSP_BASICRESP *bs, OCSP_CERTID *id, int *status, int *reason,
  //   ASN1_GENERALIZEDTIME **revtime, ASN1_GENERALIZEDTIME **thisupd, ASN1_GENERALIZEDTIME **nextupd);
  OCSP_resp_find_status: {
    parameters: ["pointer", "pointer", "buffer", "buffer", "buffer", "buffer", "buffer"], result: "i32",
  },
  // const char *OCSP_crl_reason_str(long s);
  OCSP_crl_reason_str: { parameters: ["i64"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

// deno-fmt-ignore
/** libssl, for the answer that a server shows. */
export const stapleSymbols = {
  // long SSL_CTX_callback_ctrl(SSL_CTX *, int, void (*)(void));
  SSL_CTX_callback_ctrl: { parameters: ["pointer", "i32", "function"], result: "i32" },
  // long SSL_ctrl(SSL *ssl, int cmd, long larg, void *parg);
  SSL_ctrl_pointer: { name: "SSL_ctrl", parameters: ["pointer", "i32", "i64", "pointer"], result: "i32" },
  // X509 *SSL_get_certificate(const SSL *ssl);
  SSL_get_certificate: { parameters: ["pointer"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;
