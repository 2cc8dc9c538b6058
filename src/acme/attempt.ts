/**
 * One attempt to have a certificate: account, key, order, and the pair in its place. Everything that must not be lost on the way is
 * written down before it is used.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import { certificateRequest, isKey, newKey } from "../certs/acme_keys.ts";
import { readBounded } from "../certs/files.ts";
import { loadTrust } from "../certs/inventory.ts";
import { readIssued } from "../certs/issued.ts";
import type { AcmeConfig, Config } from "../config/config.ts";
import type { Listen } from "../net/net.ts";
import type { CertificateFacts, Engine } from "../tls/engine.ts";
import { AccountKey } from "./account_key.ts";
import { AcmeClient } from "./client.ts";
import type { ChallengeDoor } from "./door.ts";
import { type HttpsExchange, httpsExchange } from "./http.ts";
import { openHttpDoor } from "./http_door.ts";
import { runOrder } from "./order.ts";
import { AcmeError } from "./problem.ts";
import { renewalOf } from "./schedule.ts";
import type { AcmeStore } from "./store.ts";
import { openTlsDoor, type TlsChallenges } from "./tls_door.ts";

/** What an attempt is made with. */
export interface AttemptWorld {
  clock: Clock;
  random: Random;
  engine: Pick<Engine, "inspect" | "serverContext">;
  listen: Listen;
  /** `certificates` of the storage. */
  certificates: string;
  store: AcmeStore;
  challenges: TlsChallenges;
  /** The program's version. */
  version: string;
}

/** What is wanted. */
export interface AttemptWish {
  name: string;
  acme: AcmeConfig;
  config: Config;
  /** The attempt is given up. */
  signal: AbortSignal;
}

/** Has a certificate issued and puts the pair in its place: the leaf. Rejects with {@linkcode AcmeError} as a rule. */
export async function attempt(wish: AttemptWish, world: AttemptWorld): Promise<CertificateFacts> {
  const over = new AbortController();
  const late = world.clock.after(limits.acmeOrderMs, () => over.abort());
  try {
    using https = await exchangeFor(wish, world);
    // First of all: an address that cannot be had shall not cost an order.
    await using door = openDoor(wish.acme, world);
    const signal = AbortSignal.any([wish.signal, over.signal]);
    return await withAccount({ ...wish, signal, https, door }, world);
  } catch (thrown) {
    if (over.signal.aborted) {
      throw new AcmeError(`Cannot finish the order: it took longer than ${limits.acmeOrderMs / 60_000} min`);
    }
    throw thrown;
  } finally {
    late.cancel();
  }
}

async function exchangeFor({ acme, config }: AttemptWish, { clock, version }: AttemptWorld): Promise<HttpsExchange> {
  const { anchors } = await loadTrust(config);
  const own = acme.ca === undefined ? [] : [new TextDecoder().decode(await readBounded(acme.ca))];
  try {
    return httpsExchange({ clock, version, authorities: [...anchors.bundles, ...own] });
  } catch {
    throw new AcmeError(`Cannot use ${acme.ca ?? "the authorities"}: certificates of authorities in PEM`);
  }
}

function openDoor(acme: AcmeConfig, { listen, challenges }: AttemptWorld): ChallengeDoor {
  return acme.challenge === "http-01"
    ? openHttpDoor(listen, acme.http_address)
    : openTlsDoor(challenges, { listen, at: acme.tls_address });
}

interface Running extends AttemptWish {
  https: HttpsExchange;
  door: ChallengeDoor;
}

/** With the account that is known; where the authority has forgotten it, with a new one. */
async function withAccount(running: Running, world: AttemptWorld): Promise<CertificateFacts> {
  const { acme: { directory, email }, https: { exchange }, signal } = running;
  const { store, clock } = world;
  const { keyPem, account } = await store.account(directory);
  const key = keyPem === undefined ? await newAccountKey(directory, store) : await AccountKey.read(keyPem);
  const client = new AcmeClient({ directory, key, exchange, clock, signal });
  if (account !== undefined) {
    client.useAccount(account.url);
    try {
      if (account.email !== email) {
        await client.updateContact(email);
        await store.setAccount(directory, { url: account.url, email });
      }
      return await issue(client, running, world);
    } catch (thrown) {
      if (!(thrown instanceof AcmeError) || thrown.type !== "accountDoesNotExist") throw thrown;
    }
  }
  const url = await client.newAccount({ email, external: await externalOf(running.acme) });
  await store.setAccount(directory, { url, email });
  return await issue(client, running, world);
}

async function newAccountKey(directory: string, store: AcmeStore): Promise<AccountKey> {
  const { key, pem } = await AccountKey.make();
  await store.setAccountKey(directory, pem);
  return key;
}

async function externalOf({ external_account: external }: AcmeConfig) {
  if (external === undefined) return undefined;
  const text = new TextDecoder().decode(await readBounded(external.key_file)).trim();
  try {
    return { keyId: external.key_id, secret: Uint8Array.fromBase64(text, { alphabet: "base64url" }) };
  } catch {
    throw new AcmeError(`Cannot read ${external.key_file}: it is no key in base64url`);
  }
}

async function issue(
  client: AcmeClient,
  { name, acme, door, signal }: Running,
  world: AttemptWorld,
): Promise<CertificateFacts> {
  const { store, clock, random, engine } = world;
  const { names, challenge, directory, key: kind } = acme;
  const keyPem = await requestKey({ name, acme }, world);
  const { order } = await store.state(name);
  const begun = order?.directory === directory && order.names.join() === names.join() ? order.url : undefined;
  const chainPem = await runOrder({
    ...{ client, names, challenge, door, clock, signal, begun },
    request: () => certificateRequest({ kind, keyPem, names }),
    keep: async (url) =>
      void await store.change(name, { order: url === undefined ? undefined : { url, directory, names } }),
  });
  // It has given what it had: whatever is in it, the next attempt begins a new one.
  await store.change(name, { order: undefined });
  const leaf = soundLeaf(() => engine.inspect({ name, certificatePem: chainPem, keyPem }), { names, now: clock.now() });
  await store.setPair(name, { keyPem, chainPem });
  await store.setNextKey(name, acme.keep_key ? undefined : await newKey(kind));
  const at = renewalOf(leaf, random.fraction());
  await store.change(name, { renewal: { at, notAfter: leaf.notAfter, names } });
  return leaf;
}

/** The key of the request: the one in service where it is to be kept, else the next one, made where it is missing or of another kind. */
async function requestKey(
  { name, acme: { key: kind, keep_key } }: Pick<AttemptWish, "name" | "acme">,
  { store, certificates }: AttemptWorld,
): Promise<string> {
  const pem = keep_key ? (await readIssued({ directory: certificates, name }))?.keyPem : undefined;
  const kept = pem ?? await store.nextKey(name);
  if (kept !== undefined && await isKey(kind, kept)) return kept;
  const made = await newKey(kind);
  await store.setNextKey(name, made);
  return made;
}

/** The leaf, where the authority gave what it was asked for. */
function soundLeaf(
  inspect: () => CertificateFacts[],
  { names, now }: { names: readonly string[]; now: number },
): CertificateFacts {
  let leaf: CertificateFacts;
  try {
    [leaf] = inspect();
  } catch (thrown) {
    throw new AcmeError(`Cannot use what the authority issued: ${printable(causeOf(thrown), 300)}`);
  }
  const missing = names.find((name) => !leaf.names.includes(name));
  if (missing !== undefined) throw new AcmeError(`Cannot use what the authority issued: it is not for ${missing}`);
  if (leaf.notAfter <= now) throw new AcmeError("Cannot use what the authority issued: it has expired already");
  return leaf;
}
