/**
 * Opens libcrypto and libssl, once a process.
 *
 * Both come from one place: the directory that the caller names, else `native/` beside `src/` (the compiled binary embeds
 * the two there: `compile.sh`), else the system's. A libssl over another build's libcrypto would not do.
 * libcrypto is opened first, so that libssl's need of `libcrypto.so.3` is met by name.
 *
 * Callbacks are made here, once, and are never closed: OpenSSL may call them as long as a context lives.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { textAt } from "./memory.ts";
import { ocspSymbols, stapleSymbols } from "./ocsp_symbols.ts";
import { cryptoSymbols, legacySymbols, sslSymbols } from "./symbols.ts";

/** Every function of both libraries. */
export type Native =
  & Deno.StaticForeignLibraryInterface<typeof cryptoSymbols>
  & Deno.StaticForeignLibraryInterface<typeof ocspSymbols>
  & Deno.StaticForeignLibraryInterface<typeof sslSymbols>
  & Deno.StaticForeignLibraryInterface<typeof stapleSymbols>;

const modulesDirectory = 8; // OPENSSL_MODULES_DIR of crypto.h

const names = { crypto: "libcrypto.so.3", ssl: "libssl.so.3" } as const;

// crypto.h. NO_ATEXIT: OpenSSL's exit handler races with threads that Deno still runs. NO_LOAD_CONFIG: the system's
// openssl.cnf may set protocols and levels behind the configuration's back.
const initOptions = 0x00080000n | 0x00000080n;

let opened: Native | undefined;
/** Where the libraries were found: a prefix, empty for the system's. */
let home = "";

/**
 * Both libraries, opened at the first call. Throws {@linkcode TlsSetupError} that names what to install.
 * `directory` counts for the first call only: a process has one OpenSSL.
 */
export function openLibrary(directory?: string): Native {
  return opened ??= open(directory);
}

function open(directory: string | undefined): Native {
  const faults: string[] = [];
  for (const place of places(directory)) {
    try {
      const native = openAt(place);
      if (native.OPENSSL_init_crypto(initOptions, null) !== 1) throw new Error("OPENSSL_init_crypto failed");
      home = place;
      return native;
    } catch (thrown) {
      faults.push(causeOf(thrown));
    }
  }
  throw new TlsSetupError(
    "library",
    `Cannot open OpenSSL 3 (${names.ssl}, ${names.crypto}): ${faults.join("; ")}; install it (Debian, Ubuntu: ` +
      `apt-get install libssl3; Fedora, RHEL: dnf install openssl-libs; Alpine: apk add libssl3)`,
  );
}

/**
 * The entry of the provider of outdated algorithms, from where the libraries came. It is opened as they are, and not by OpenSSL, which needs a
 * real file: an embedded one is unpacked to a private folder first, and finds libcrypto loaded already. `null`: this OpenSSL has none.
 */
export function openLegacy(native: Native): Deno.PointerValue {
  const folder = home === ""
    ? /"(.*)"/.exec(textAt(native, native.OpenSSL_version(modulesDirectory)))?.[1]
    : `${home}ossl-modules`;
  if (folder === undefined) return null;
  try {
    return Deno.dlopen(`${folder}/legacy.so`, legacySymbols).symbols.OSSL_provider_init;
  } catch {
    return null;
  }
}

/** Prefixes to try, in order. A named directory is the only one: a slip must not end in another library. */
function places(directory: string | undefined): string[] {
  if (directory !== undefined) return [directory.endsWith("/") ? directory : directory + "/"];
  const embedded = new URL("../../native/", import.meta.url);
  return exists(new URL(names.ssl, embedded)) ? [decodeURIComponent(embedded.pathname)] : [""];
}

function exists(file: URL): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}

function openAt(place: string): Native {
  const crypto = Deno.dlopen(place + names.crypto, { ...cryptoSymbols, ...ocspSymbols });
  try {
    const ssl = Deno.dlopen(place + names.ssl, { ...sslSymbols, ...stapleSymbols });
    return { ...crypto.symbols, ...ssl.symbols };
  } catch (thrown) {
    crypto.close();
    throw thrown;
  }
}
