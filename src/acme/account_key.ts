/**
 * The key of an ACME account: what every request is signed with (RFC 8555 §6.2), and what a challenge's answer is made of (§8.1).
 *
 * Signatures and thumbprints are `npm:jose`'s. The key is P-256, which every authority takes.
 *
 * @module
 */
import { calculateJwkThumbprint, exportJWK, exportPKCS8, FlattenedSign, generateKeyPair, importPKCS8 } from "jose";
import type { CryptoKey, JWK } from "jose";

/** A body that is sent as JSON: RFC 7515 §7.2.2. */
export interface SignedBody {
  protected?: string;
  payload: string;
  signature: string;
}

/** What a request is signed for. */
export interface Signing {
  url: string;
  nonce: string;
  /** The account's URL; absent: the key itself goes along, as for a new account. */
  account?: string;
}

const algorithm = "ES256";

/** See the module. */
export class AccountKey {
  readonly #key: CryptoKey;
  /** The public half. */
  readonly jwk: JWK;
  /** RFC 7638, SHA-256 in base64url. */
  readonly thumbprint: string;

  private constructor(key: CryptoKey, { jwk, thumbprint }: { jwk: JWK; thumbprint: string }) {
    this.#key = key;
    this.jwk = jwk;
    this.thumbprint = thumbprint;
  }

  /** A new key, and its PKCS#8 in PEM to be kept. */
  static async make(): Promise<{ key: AccountKey; pem: string }> {
    const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const pem = await exportPKCS8(privateKey);
    return { key: await AccountKey.read(pem), pem };
  }

  /** Reads a key that was kept. Rejects where it is none. */
  static async read(pem: string): Promise<AccountKey> {
    const key = await importPKCS8(pem, algorithm, { extractable: true });
    const { kty, crv, x, y } = await exportJWK(key);
    const jwk = { kty, crv, x, y } as JWK;
    return new AccountKey(key, { jwk, thumbprint: await calculateJwkThumbprint(jwk) });
  }

  /** Signs a request. `payload` absent: a POST-as-GET (RFC 8555 §6.3). */
  async sign(payload: unknown, { url, nonce, account }: Signing): Promise<SignedBody> {
    const who = account === undefined ? { jwk: this.jwk } : { kid: account };
    return await new FlattenedSign(payload === undefined ? new Uint8Array() : jsonBytes(payload))
      .setProtectedHeader({ alg: algorithm, url, nonce, ...who })
      .sign(this.#key);
  }

  /** Binds this key to an account that the authority knows: RFC 8555 §7.3.4. `secret`: the bytes of its HMAC key. */
  async bind({ keyId, secret, url }: { keyId: string; secret: Uint8Array; url: string }): Promise<SignedBody> {
    return await new FlattenedSign(jsonBytes(this.jwk)).setProtectedHeader({ alg: "HS256", kid: keyId, url }).sign(
      secret,
    );
  }

  /** The key authorization of a challenge's token: RFC 8555 §8.1. */
  authorizationOf(token: string): string {
    return `${token}.${this.thumbprint}`;
  }
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
