/**
 * Every foreign function that Postern calls, each beside its C declaration (OpenSSL 3.0's headers).
 *
 * Two narrowings on purpose. `unsigned long` error codes are declared `u32`: OpenSSL 3 packs a code in 32 bits (err.h,
 * `ERR_SYSTEM_FLAG`), and a `u64` result would make a BigInt of each. `long` results of the `ctrl` functions are declared
 * `i32`: they are 0, 1 or a small count.
 *
 * @module
 */

// deno-fmt-ignore
/** libcrypto. */
export const cryptoSymbols = {
  // int OPENSSL_init_crypto(uint64_t opts, const OPENSSL_INIT_SETTINGS *settings);
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" },
  // const char *OpenSSL_version(int type);
  OpenSSL_version: { parameters: ["i32"], result: "pointer" },

  // void ERR_clear_error(void);
  ERR_clear_error: { parameters: [], result: "void" },
  // unsigned long ERR_get_error(void);
  ERR_get_error: { parameters: [], result: "u32" },
  // unsigned long ERR_peek_error(void);
  ERR_peek_error: { parameters: [], result: "u32" },
  // unsigned long ERR_peek_last_error(void);
  ERR_peek_last_error: { parameters: [], result: "u32" },
  // void ERR_error_string_n(unsigned long e, char *buf, size_t len);
  ERR_error_string_n: { parameters: ["u64", "buffer", "usize"], result: "void" },

  // BIO *BIO_new(const BIO_METHOD *type);
  BIO_new: { parameters: ["pointer"], result: "pointer" },
  // const BIO_METHOD *BIO_s_mem(void);
  BIO_s_mem: { parameters: [], result: "pointer" },
  // int BIO_free(BIO *a);
  BIO_free: { parameters: ["pointer"], result: "i32" },
  // int BIO_read(BIO *b, void *data, int dlen);
  BIO_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  // int BIO_write(BIO *b, const void *data, int dlen);
  BIO_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  // the same, from C's memory
  BIO_write_pointer: { name: "BIO_write", parameters: ["pointer", "pointer", "i32"], result: "i32" },
  // int BIO_puts(BIO *bp, const char *buf);
  BIO_puts: { parameters: ["pointer", "pointer"], result: "i32" },
  // size_t BIO_ctrl_pending(BIO *b);
  BIO_ctrl_pending: { parameters: ["pointer"], result: "u32" },

  // X509 *PEM_read_bio_X509(BIO *bp, X509 **x, pem_password_cb *cb, void *u);
  PEM_read_bio_X509: { parameters: ["pointer", "pointer", "pointer", "buffer"], result: "pointer" },
  // EVP_PKEY *PEM_read_bio_PrivateKey(BIO *bp, EVP_PKEY **x, pem_password_cb *cb, void *u);
  PEM_read_bio_PrivateKey: { parameters: ["pointer", "pointer", "pointer", "buffer"], result: "pointer" },
  // X509_CRL *PEM_read_bio_X509_CRL(BIO *bp, X509_CRL **x, pem_password_cb *cb, void *u);
  PEM_read_bio_X509_CRL: { parameters: ["pointer", "pointer", "pointer", "buffer"], result: "pointer" },
  // X509_CRL *d2i_X509_CRL_bio(BIO *bp, X509_CRL **crl);
  d2i_X509_CRL_bio: { parameters: ["pointer", "pointer"], result: "pointer" },

  // X509 *d2i_X509_bio(BIO *bp, X509 **x509);
  d2i_X509_bio: { parameters: ["pointer", "pointer"], result: "pointer" },
  // EVP_PKEY *d2i_PrivateKey_bio(BIO *bp, EVP_PKEY **a);
  d2i_PrivateKey_bio: { parameters: ["pointer", "pointer"], result: "pointer" },
  // int PEM_bytes_read_bio(unsigned char **pdata, long *plen, char **pnm, const char *name, BIO *bp, pem_password_cb *cb, void *u);
  PEM_bytes_read_bio: { parameters: ["buffer", "buffer", "pointer", "buffer", "pointer", "pointer", "buffer"], result: "i32" },
  // int PEM_write_bio_PKCS8PrivateKey(BIO *bp, const EVP_PKEY *x, const EVP_CIPHER *enc, const char *kstr, int klen,
  //   pem_password_cb *cb, void *u);
  PEM_write_bio_PKCS8PrivateKey: { parameters: ["pointer", "pointer", "pointer", "pointer", "i32", "pointer", "pointer"], result: "i32" },
  // void CRYPTO_clear_free(void *ptr, size_t num, const char *file, int line);
  CRYPTO_clear_free: { parameters: ["pointer", "usize", "pointer", "i32"], result: "void" },

  // OSSL_LIB_CTX *OSSL_LIB_CTX_new(void);
  OSSL_LIB_CTX_new: { parameters: [], result: "pointer" },
  // int OSSL_PROVIDER_add_builtin(OSSL_LIB_CTX *libctx, const char *name, OSSL_provider_init_fn *init_fn);
  OSSL_PROVIDER_add_builtin: { parameters: ["pointer", "buffer", "pointer"], result: "i32" },
  // OSSL_PROVIDER *OSSL_PROVIDER_load(OSSL_LIB_CTX *libctx, const char *name);
  OSSL_PROVIDER_load: { parameters: ["pointer", "buffer"], result: "pointer" },

  // X509_ALGOR *d2i_X509_ALGOR(X509_ALGOR **a, const unsigned char **in, long len);
  d2i_X509_ALGOR: { parameters: ["pointer", "buffer", "i64"], result: "pointer" },
  // void X509_ALGOR_free(X509_ALGOR *a);
  X509_ALGOR_free: { parameters: ["pointer"], result: "void" },
  // unsigned char *PKCS12_pbe_crypt_ex(const X509_ALGOR *algor, const char *pass, int passlen, const unsigned char *in, int inlen,
  //   unsigned char **data, int *datalen, int en_de, OSSL_LIB_CTX *libctx, const char *propq);
  PKCS12_pbe_crypt_ex: { parameters: ["pointer", "buffer", "i32", "buffer", "i32", "buffer", "buffer", "i32", "pointer", "pointer"], result: "pointer", nonblocking: true },
  // int PKCS12_key_gen_utf8_ex(const char *pass, int passlen, unsigned char *salt, int saltlen, int id, int iter, int n,
  //   unsigned char *out, const EVP_MD *md_type, OSSL_LIB_CTX *ctx, const char *propq);
  PKCS12_key_gen_utf8_ex: { parameters: ["buffer", "i32", "buffer", "i32", "i32", "i32", "i32", "buffer", "pointer", "pointer", "pointer"], result: "i32", nonblocking: true },
  // PKCS12 *PKCS12_create_ex(const char *pass, const char *name, EVP_PKEY *pkey, X509 *cert, STACK_OF(X509) *ca, int nid_key,
  //   int nid_cert, int iter, int mac_iter, int keytype, OSSL_LIB_CTX *ctx, const char *propq);
  PKCS12_create_ex: { parameters: ["buffer", "buffer", "pointer", "pointer", "pointer", "i32", "i32", "i32", "i32", "i32", "pointer", "pointer"], result: "pointer", nonblocking: true },
  // int PKCS12_set_mac(PKCS12 *p12, const char *pass, int passlen, unsigned char *salt, int saltlen, int iter, const EVP_MD *md_type);
  PKCS12_set_mac: { parameters: ["pointer", "buffer", "i32", "pointer", "i32", "i32", "pointer"], result: "i32", nonblocking: true },
  // int i2d_PKCS12_bio(BIO *bp, const PKCS12 *p12);
  i2d_PKCS12_bio: { parameters: ["pointer", "pointer"], result: "i32" },
  // void PKCS12_free(PKCS12 *a);
  PKCS12_free: { parameters: ["pointer"], result: "void" },

  // void X509_free(X509 *a);
  X509_free: { parameters: ["pointer"], result: "void" },
  // int X509_check_private_key(const X509 *x509, const EVP_PKEY *pkey);
  X509_check_private_key: { parameters: ["pointer", "pointer"], result: "i32" },
  // int X509_verify(X509 *a, EVP_PKEY *r);
  X509_verify: { parameters: ["pointer", "pointer"], result: "i32" },
  // EVP_PKEY *X509_get0_pubkey(const X509 *x);
  X509_get0_pubkey: { parameters: ["pointer"], result: "pointer" },
  // X509_NAME *X509_get_subject_name(const X509 *a);
  X509_get_subject_name: { parameters: ["pointer"], result: "pointer" },
  // X509_NAME *X509_get_issuer_name(const X509 *a);
  X509_get_issuer_name: { parameters: ["pointer"], result: "pointer" },
  // const ASN1_INTEGER *X509_get0_serialNumber(const X509 *x);
  X509_get0_serialNumber: { parameters: ["pointer"], result: "pointer" },
  // const ASN1_TIME *X509_get0_notBefore(const X509 *x);
  X509_get0_notBefore: { parameters: ["pointer"], result: "pointer" },
  // const ASN1_TIME *X509_get0_notAfter(const X509 *x);
  X509_get0_notAfter: { parameters: ["pointer"], result: "pointer" },
  // int X509_get_signature_nid(const X509 *x);
  X509_get_signature_nid: { parameters: ["pointer"], result: "i32" },
  // long X509_get_version(const X509 *x);
  X509_get_version: { parameters: ["pointer"], result: "i32" },
  // int X509_get_signature_info(X509 *x, int *mdnid, int *pknid, int *secbits, uint32_t *flags);
  X509_get_signature_info: { parameters: ["pointer", "pointer", "pointer", "buffer", "pointer"], result: "i32" },
  // uint32_t X509_get_extension_flags(X509 *x);
  X509_get_extension_flags: { parameters: ["pointer"], result: "u32" },
  // uint32_t X509_get_key_usage(X509 *x);
  X509_get_key_usage: { parameters: ["pointer"], result: "u32" },
  // uint32_t X509_get_extended_key_usage(X509 *x);
  X509_get_extended_key_usage: { parameters: ["pointer"], result: "u32" },
  // const char *OBJ_nid2ln(int n);
  OBJ_nid2ln: { parameters: ["i32"], result: "pointer" },
  // void *X509_get_ext_d2i(const X509 *x, int nid, int *crit, int *idx);
  X509_get_ext_d2i: { parameters: ["pointer", "i32", "pointer", "pointer"], result: "pointer" },
  // int X509_digest(const X509 *data, const EVP_MD *type, unsigned char *md, unsigned int *len);
  X509_digest: { parameters: ["pointer", "pointer", "buffer", "pointer"], result: "i32" },
  // int X509_check_host(X509 *x, const char *chk, size_t chklen, unsigned int flags, char **peername);
  X509_check_host: { parameters: ["pointer", "buffer", "usize", "u32", "pointer"], result: "i32" },
  // int X509_check_ip_asc(X509 *x, const char *ipasc, unsigned int flags);
  X509_check_ip_asc: { parameters: ["pointer", "buffer", "u32"], result: "i32" },

  // int X509_NAME_print_ex(BIO *out, const X509_NAME *nm, int indent, unsigned long flags);
  X509_NAME_print_ex: { parameters: ["pointer", "pointer", "i32", "u64"], result: "i32" },
  // int X509_NAME_cmp(const X509_NAME *a, const X509_NAME *b);
  X509_NAME_cmp: { parameters: ["pointer", "pointer"], result: "i32" },
  // int X509_NAME_get_index_by_NID(const X509_NAME *name, int nid, int lastpos);
  X509_NAME_get_index_by_NID: { parameters: ["pointer", "i32", "i32"], result: "i32" },
  // X509_NAME_ENTRY *X509_NAME_get_entry(const X509_NAME *name, int loc);
  X509_NAME_get_entry: { parameters: ["pointer", "i32"], result: "pointer" },
  // ASN1_STRING *X509_NAME_ENTRY_get_data(const X509_NAME_ENTRY *ne);
  X509_NAME_ENTRY_get_data: { parameters: ["pointer"], result: "pointer" },
  // void *GENERAL_NAME_get0_value(const GENERAL_NAME *a, int *ptype);
  GENERAL_NAME_get0_value: { parameters: ["pointer", "buffer"], result: "pointer" },
  // void GENERAL_NAMES_free(GENERAL_NAMES *a);
  GENERAL_NAMES_free: { parameters: ["pointer"], result: "void" },
  // int ASN1_STRING_print_ex(BIO *out, const ASN1_STRING *str, unsigned long flags);
  ASN1_STRING_print_ex: { parameters: ["pointer", "pointer", "u64"], result: "i32" },
  // int i2a_ASN1_INTEGER(BIO *bp, const ASN1_INTEGER *a);
  i2a_ASN1_INTEGER: { parameters: ["pointer", "pointer"], result: "i32" },
  // int ASN1_TIME_to_tm(const ASN1_TIME *s, struct tm *tm);
  ASN1_TIME_to_tm: { parameters: ["pointer", "buffer"], result: "i32" },

  // int OPENSSL_sk_num(const OPENSSL_STACK *);
  OPENSSL_sk_num: { parameters: ["pointer"], result: "i32" },
  // void *OPENSSL_sk_value(const OPENSSL_STACK *, int);
  OPENSSL_sk_value: { parameters: ["pointer", "i32"], result: "pointer" },
  // void OPENSSL_sk_free(OPENSSL_STACK *);
  OPENSSL_sk_free: { parameters: ["pointer"], result: "void" },

  // const EVP_MD *EVP_sha1(void);
  EVP_sha1: { parameters: [], result: "pointer" },
  // const EVP_MD *EVP_get_digestbyname(const char *name);
  EVP_get_digestbyname: { parameters: ["buffer"], result: "pointer" },
  // const EVP_MD *EVP_sha256(void);
  EVP_sha256: { parameters: [], result: "pointer" },
  // int EVP_Digest(const void *data, size_t count, unsigned char *md, unsigned int *size, const EVP_MD *type, ENGINE *impl);
  EVP_Digest: { parameters: ["buffer", "usize", "buffer", "pointer", "pointer", "pointer"], result: "i32" },
  // EVP_MD_CTX *EVP_MD_CTX_new(void);
  EVP_MD_CTX_new: { parameters: [], result: "pointer" },
  // void EVP_MD_CTX_free(EVP_MD_CTX *ctx);
  EVP_MD_CTX_free: { parameters: ["pointer"], result: "void" },
  // int EVP_DigestSignInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type, ENGINE *e, EVP_PKEY *pkey);
  EVP_DigestSignInit: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sigret, size_t *siglen, const unsigned char *tbs, size_t tbslen);
  EVP_DigestSign: { parameters: ["pointer", "buffer", "buffer", "buffer", "usize"], result: "i32" },
  // int EVP_DigestVerifyInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type, ENGINE *e, EVP_PKEY *pkey);
  EVP_DigestVerifyInit: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sigret, size_t siglen, const unsigned char *tbs, size_t tbslen);
  EVP_DigestVerify: { parameters: ["pointer", "buffer", "usize", "buffer", "usize"], result: "i32" },
  // void EVP_PKEY_free(EVP_PKEY *pkey);
  EVP_PKEY_free: { parameters: ["pointer"], result: "void" },
  // int EVP_PKEY_get_bits(const EVP_PKEY *pkey);
  EVP_PKEY_get_bits: { parameters: ["pointer"], result: "i32" },
  // int EVP_PKEY_get_security_bits(const EVP_PKEY *pkey);
  EVP_PKEY_get_security_bits: { parameters: ["pointer"], result: "i32" },
  // int EVP_PKEY_get_bn_param(const EVP_PKEY *pkey, const char *key_name, BIGNUM **bn);
  EVP_PKEY_get_bn_param: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  // int EVP_PKEY_get_int_param(const EVP_PKEY *pkey, const char *key_name, int *out);
  EVP_PKEY_get_int_param: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  // int BN_num_bits(const BIGNUM *a);
  BN_num_bits: { parameters: ["pointer"], result: "i32" },
  // int BN_is_odd(const BIGNUM *a);
  BN_is_odd: { parameters: ["pointer"], result: "i32" },
  // void BN_free(BIGNUM *a);
  BN_free: { parameters: ["pointer"], result: "void" },
  // int EVP_PKEY_get_base_id(const EVP_PKEY *pkey);
  EVP_PKEY_get_base_id: { parameters: ["pointer"], result: "i32" },
  // int EVP_PKEY_get_group_name(const EVP_PKEY *pkey, char *gname, size_t gname_sz, size_t *gname_len);
  EVP_PKEY_get_group_name: { parameters: ["pointer", "buffer", "usize", "buffer"], result: "i32" },
  // int i2d_PUBKEY_bio(BIO *bp, const EVP_PKEY *pkey);
  i2d_PUBKEY_bio: { parameters: ["pointer", "pointer"], result: "i32" },

  // X509_STORE *X509_STORE_new(void);
  X509_STORE_new: { parameters: [], result: "pointer" },
  // void X509_STORE_free(X509_STORE *xs);
  X509_STORE_free: { parameters: ["pointer"], result: "void" },
  // int X509_STORE_add_cert(X509_STORE *xs, X509 *x);
  X509_STORE_add_cert: { parameters: ["pointer", "pointer"], result: "i32" },
  // X509_STORE_CTX *X509_STORE_CTX_new(void);
  X509_STORE_CTX_new: { parameters: [], result: "pointer" },
  // void X509_STORE_CTX_free(X509_STORE_CTX *ctx);
  X509_STORE_CTX_free: { parameters: ["pointer"], result: "void" },
  // int X509_STORE_CTX_init(X509_STORE_CTX *ctx, X509_STORE *trust_store, X509 *target, STACK_OF(X509) *untrusted);
  X509_STORE_CTX_init: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
  // int X509_STORE_CTX_set_default(X509_STORE_CTX *ctx, const char *name);
  X509_STORE_CTX_set_default: { parameters: ["pointer", "buffer"], result: "i32" },
  // X509_VERIFY_PARAM *X509_STORE_CTX_get0_param(const X509_STORE_CTX *ctx);
  X509_STORE_CTX_get0_param: { parameters: ["pointer"], result: "pointer" },
  // int X509_STORE_CTX_get_error(const X509_STORE_CTX *ctx);
  X509_STORE_CTX_get_error: { parameters: ["pointer"], result: "i32" },
  // int X509_STORE_CTX_get_error_depth(const X509_STORE_CTX *ctx);
  X509_STORE_CTX_get_error_depth: { parameters: ["pointer"], result: "i32" },
  // STACK_OF(X509) *X509_STORE_CTX_get0_chain(const X509_STORE_CTX *ctx);
  X509_STORE_CTX_get0_chain: { parameters: ["pointer"], result: "pointer" },
  // void X509_VERIFY_PARAM_set_auth_level(X509_VERIFY_PARAM *param, int auth_level);
  X509_VERIFY_PARAM_set_auth_level: { parameters: ["pointer", "i32"], result: "void" },
  // void X509_VERIFY_PARAM_set_depth(X509_VERIFY_PARAM *param, int depth);
  X509_VERIFY_PARAM_set_depth: { parameters: ["pointer", "i32"], result: "void" },
  // void X509_VERIFY_PARAM_set_time(X509_VERIFY_PARAM *param, time_t t);
  X509_VERIFY_PARAM_set_time: { parameters: ["pointer", "i64"], result: "void" },
  // int X509_VERIFY_PARAM_set_flags(X509_VERIFY_PARAM *param, unsigned long flags);
  X509_VERIFY_PARAM_set_flags: { parameters: ["pointer", "u64"], result: "i32" },
  // int X509_verify_cert(X509_STORE_CTX *ctx);
  X509_verify_cert: { parameters: ["pointer"], result: "i32" },
  // const char *X509_verify_cert_error_string(long n);
  X509_verify_cert_error_string: { parameters: ["i64"], result: "pointer" },

  // void X509_CRL_free(X509_CRL *a);
  X509_CRL_free: { parameters: ["pointer"], result: "void" },
  // X509_NAME *X509_CRL_get_issuer(const X509_CRL *crl);
  X509_CRL_get_issuer: { parameters: ["pointer"], result: "pointer" },
  // const ASN1_TIME *X509_CRL_get0_lastUpdate(const X509_CRL *crl);
  X509_CRL_get0_lastUpdate: { parameters: ["pointer"], result: "pointer" },
  // const ASN1_TIME *X509_CRL_get0_nextUpdate(const X509_CRL *crl);
  X509_CRL_get0_nextUpdate: { parameters: ["pointer"], result: "pointer" },
  // int X509_CRL_verify(X509_CRL *a, EVP_PKEY *r);
  X509_CRL_verify: { parameters: ["pointer", "pointer"], result: "i32" },
  // int X509_CRL_get0_by_cert(X509_CRL *crl, X509_REVOKED **ret, X509 *x);
  X509_CRL_get0_by_cert: { parameters: ["pointer", "buffer", "pointer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The provider of outdated algorithms: the address of its `OSSL_provider_init_fn`, which is never called from here. */
export const legacySymbols = {
  OSSL_provider_init: { type: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

// deno-fmt-ignore
/** libssl. */
export const sslSymbols = {
  // const SSL_METHOD *TLS_server_method(void);
  TLS_server_method: { parameters: [], result: "pointer" },
  // const SSL_METHOD *TLS_client_method(void);
  TLS_client_method: { parameters: [], result: "pointer" },
  // SSL_CTX *SSL_CTX_new(const SSL_METHOD *meth);
  SSL_CTX_new: { parameters: ["pointer"], result: "pointer" },
  // void SSL_CTX_free(SSL_CTX *);
  SSL_CTX_free: { parameters: ["pointer"], result: "void" },
  // long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg);
  SSL_CTX_ctrl: { parameters: ["pointer", "i32", "i64", "pointer"], result: "i32" },
  // the same, with memory of ours
  SSL_CTX_ctrl_buffer: { name: "SSL_CTX_ctrl", parameters: ["pointer", "i32", "i64", "buffer"], result: "i32" },
  // uint64_t SSL_CTX_set_options(SSL_CTX *ctx, uint64_t op);
  SSL_CTX_set_options: { parameters: ["pointer", "u64"], result: "void" },
  // int SSL_CTX_set_cipher_list(SSL_CTX *, const char *str);
  SSL_CTX_set_cipher_list: { parameters: ["pointer", "buffer"], result: "i32" },
  // int SSL_CTX_set_ciphersuites(SSL_CTX *ctx, const char *str);
  SSL_CTX_set_ciphersuites: { parameters: ["pointer", "buffer"], result: "i32" },
  // void SSL_CTX_set_security_level(SSL_CTX *ctx, int level);
  SSL_CTX_set_security_level: { parameters: ["pointer", "i32"], result: "void" },
  // int SSL_CTX_get_security_level(const SSL_CTX *ctx);
  SSL_CTX_get_security_level: { parameters: ["pointer"], result: "i32" },
  // int SSL_CTX_use_certificate(SSL_CTX *ctx, X509 *x);
  SSL_CTX_use_certificate: { parameters: ["pointer", "pointer"], result: "i32" },
  // int SSL_CTX_use_PrivateKey(SSL_CTX *ctx, EVP_PKEY *pkey);
  SSL_CTX_use_PrivateKey: { parameters: ["pointer", "pointer"], result: "i32" },
  // void SSL_CTX_set_verify(SSL_CTX *ctx, int mode, SSL_verify_cb callback);
  SSL_CTX_set_verify: { parameters: ["pointer", "i32", "function"], result: "void" },
  // void SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, SSL_CTX_alpn_select_cb_func cb, void *arg);
  SSL_CTX_set_alpn_select_cb: { parameters: ["pointer", "function", "pointer"], result: "void" },
  // int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *sid_ctx, unsigned int sid_ctx_len);
  SSL_CTX_set_session_id_context: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  // int SSL_CTX_set_num_tickets(SSL_CTX *ctx, size_t num_tickets);
  SSL_CTX_set_num_tickets: { parameters: ["pointer", "usize"], result: "i32" },
  // int SSL_select_next_proto(unsigned char **out, unsigned char *outlen, const unsigned char *server,
  //   unsigned int server_len, const unsigned char *client, unsigned int client_len);
  SSL_select_next_proto: { parameters: ["pointer", "pointer", "buffer", "u32", "pointer", "u32"], result: "i32" },

  // SSL *SSL_new(SSL_CTX *ctx);
  SSL_new: { parameters: ["pointer"], result: "pointer" },
  // void SSL_free(SSL *ssl);
  SSL_free: { parameters: ["pointer"], result: "void" },
  // void SSL_set_bio(SSL *s, BIO *rbio, BIO *wbio);
  SSL_set_bio: { parameters: ["pointer", "pointer", "pointer"], result: "void" },
  // void SSL_set0_rbio(SSL *s, BIO *rbio);
  SSL_set0_rbio: { parameters: ["pointer", "pointer"], result: "void" },
  // void SSL_set0_wbio(SSL *s, BIO *wbio);
  SSL_set0_wbio: { parameters: ["pointer", "pointer"], result: "void" },
  // void SSL_set_accept_state(SSL *s);
  SSL_set_accept_state: { parameters: ["pointer"], result: "void" },
  // void SSL_set_connect_state(SSL *s);
  SSL_set_connect_state: { parameters: ["pointer"], result: "void" },
  // int SSL_do_handshake(SSL *s);
  SSL_do_handshake: { parameters: ["pointer"], result: "i32" },
  // int SSL_read(SSL *ssl, void *buf, int num);
  SSL_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  // int SSL_write(SSL *ssl, const void *buf, int num);
  SSL_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  // int SSL_shutdown(SSL *s);
  SSL_shutdown: { parameters: ["pointer"], result: "i32" },
  // void SSL_set_shutdown(SSL *ssl, int mode);
  SSL_set_shutdown: { parameters: ["pointer", "i32"], result: "void" },
  // int SSL_get_error(const SSL *s, int ret_code);
  SSL_get_error: { parameters: ["pointer", "i32"], result: "i32" },
  // long SSL_ctrl(SSL *ssl, int cmd, long larg, void *parg);
  SSL_ctrl_buffer: { name: "SSL_ctrl", parameters: ["pointer", "i32", "i64", "buffer"], result: "i32" },
  // int SSL_version(const SSL *ssl);
  SSL_version: { parameters: ["pointer"], result: "i32" },
  // int SSL_session_reused(const SSL *s);
  SSL_session_reused: { parameters: ["pointer"], result: "i32" },
  // size_t SSL_get_peer_finished(const SSL *s, void *buf, size_t count);
  SSL_get_peer_finished: { parameters: ["pointer", "buffer", "usize"], result: "u32" },
  // int SSL_set_alpn_protos(SSL *ssl, const unsigned char *protos, unsigned int protos_len);
  SSL_set_alpn_protos: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  // void SSL_get0_alpn_selected(const SSL *ssl, const unsigned char **data, unsigned int *len);
  SSL_get0_alpn_selected: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
  // X509 *SSL_get0_peer_certificate(const SSL *s);
  SSL_get0_peer_certificate: { parameters: ["pointer"], result: "pointer" },
  // STACK_OF(X509) *SSL_get_peer_cert_chain(const SSL *s);
  SSL_get_peer_cert_chain: { parameters: ["pointer"], result: "pointer" },

  // SSL_SESSION *SSL_get1_session(SSL *ssl);
  SSL_get1_session: { parameters: ["pointer"], result: "pointer" },
  // int SSL_set_session(SSL *to, SSL_SESSION *session);
  SSL_set_session: { parameters: ["pointer", "pointer"], result: "i32" },
  // void SSL_SESSION_free(SSL_SESSION *ses);
  SSL_SESSION_free: { parameters: ["pointer"], result: "void" },
  // int SSL_SESSION_is_resumable(const SSL_SESSION *s);
  SSL_SESSION_is_resumable: { parameters: ["pointer"], result: "i32" },

  // const SSL_CIPHER *SSL_get_current_cipher(const SSL *s);
  SSL_get_current_cipher: { parameters: ["pointer"], result: "pointer" },
  // STACK_OF(SSL_CIPHER) *SSL_get1_supported_ciphers(SSL *s);
  SSL_get1_supported_ciphers: { parameters: ["pointer"], result: "pointer" },
  // const char *SSL_CIPHER_get_name(const SSL_CIPHER *c);
  SSL_CIPHER_get_name: { parameters: ["pointer"], result: "pointer" },
  // const char *SSL_CIPHER_get_version(const SSL_CIPHER *c);
  SSL_CIPHER_get_version: { parameters: ["pointer"], result: "pointer" },
  // int SSL_CIPHER_get_bits(const SSL_CIPHER *c, int *alg_bits);
  SSL_CIPHER_get_bits: { parameters: ["pointer", "pointer"], result: "i32" },
  // char *SSL_CIPHER_description(const SSL_CIPHER *, char *buf, int size);
  SSL_CIPHER_description: { parameters: ["pointer", "buffer", "i32"], result: "pointer" },
  // int SSL_CIPHER_get_auth_nid(const SSL_CIPHER *c);
  SSL_CIPHER_get_auth_nid: { parameters: ["pointer"], result: "i32" },
  // int SSL_CIPHER_get_kx_nid(const SSL_CIPHER *c);
  SSL_CIPHER_get_kx_nid: { parameters: ["pointer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;
