/**
 * The words of OpenSSL's cipher strings, and those that it passes over in silence.
 *
 * A word that OpenSSL does not know selects nothing and is no fault to it: `!ECDSA` misspelt leaves ECDSA in. So each word is held against
 * what ciphers(1) lists, older releases included, since `!EXP` or `!SSLv2` stand in many a string and are right to have no effect.
 *
 * @module
 */

const keywords = new Set(
  ("ALL COMPLEMENTOFALL COMPLEMENTOFDEFAULT DEFAULT HIGH MEDIUM LOW FIPS NULL eNULL aNULL " +
    "RSA kRSA aRSA DH kDHE kEDH kDH kDHr kDHd DHE EDH ADH aDH ECDH kECDHE kEECDH kECDH kECDHr kECDHe ECDHE EECDH AECDH aECDH " +
    "ECDSA aECDSA DSS aDSS PSK kPSK kRSAPSK kECDHEPSK kDHEPSK aPSK SRP kSRP aSRP KRB5 kKRB5 aKRB5 FZA kFZA aFZA eFZA " +
    "GOST kGOST kGOST18 aGOST aGOST01 aGOST12 GOST89 GOST94 GOST89MAC GOST12 GOST2012 GOST2012256 MAGMA KUZNYECHIK " +
    "AES AES128 AES256 AESGCM AESCCM AESCCM8 CAMELLIA CAMELLIA128 CAMELLIA256 CHACHA20 ARIA ARIA128 ARIA256 ARIAGCM CBC " +
    "DES 3DES RC2 RC4 IDEA SEED MD5 SHA SHA1 SHA256 SHA384 SSLv2 SSLv3 TLSv1 TLSv1.0 TLSv1.2 EXP EXPORT EXPORT40 EXPORT56 " +
    "SUITEB128 SUITEB128ONLY SUITEB128C2 SUITEB192").split(" "),
);

/** What names of suites are put together of, those of older releases included. */
const parts = new Set(
  ("ECDHE ECDH DHE EDH DH ADH AECDH RSA DSS ECDSA PSK SRP KRB5 EXP EXP1024 DES 3DES CBC CBC3 RC2 RC4 IDEA SEED 40 56 64 EDE MD5 SHA SHA256 " +
    "SHA384 NULL CAMELLIA128 CAMELLIA256 AES AES128 AES256 GCM CCM CCM8 CHACHA20 POLY1305 ARIA128 ARIA256 GOST2012 GOST94 GOST89 GOST2001 " +
    "IANA KUZNYECHIK MAGMA CTR 128 256 3DES GOST8912 LEGACY").split(" "),
);

/** A string's words as OpenSSL parts them, commands (`@STRENGTH`) left out. */
function wordsOf(ciphers: string): string[] {
  return ciphers.split(/[:,; ]/).filter((word) => word !== "" && !word.startsWith("@"));
}

/** The words of a string that have no effect, as they stand there, each once: one part of `A+B` is enough. */
export function ignoredWords(ciphers: string): string[] {
  return [...new Set(wordsOf(ciphers))].filter((word) => !isKnown(word));
}

function isKnown(word: string): boolean {
  const bare = word.replace(/^[!+-]/, "").replace(/@SECLEVEL=\d+$/, "");
  return bare.split("+").every((part) => keywords.has(part) || part.split("-").every((each) => parts.has(each)));
}

/** A suite of TLS 1.3, which no string selects. */
export function isTls13Word(word: string): boolean {
  return /^[!+-]?TLS_/.test(word);
}

/** The level that an `@SECLEVEL=n` sets, the last one counts; `undefined` where there is none, since then the level is ours. */
export function securityLevelOf(ciphers: string): number | undefined {
  const given = [...ciphers.matchAll(/@SECLEVEL=(\d+)/g)].at(-1)?.[1];
  return given === undefined ? undefined : Number(given);
}
