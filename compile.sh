#!/usr/bin/env bash
# Builds dist/postern: one file that needs no Deno, no OpenSSL and no folder beside it.
#
#   ./compile.sh
#   DENORT_BIN=$(tests/tools/denort) ./compile.sh    where Deno's base binary cannot be downloaded
#   OPENSSL_LIBRARIES=/opt/openssl/lib ./compile.sh  embeds the libraries of that folder
#
# How the libraries travel (tried with Deno 2.7.11): `--include` puts them into the binary's own file system, and
# `Deno.dlopen(new URL(…, import.meta.url))` of such a file first writes it to $TMPDIR as
# <name of the executable><a hash that everybody can compute>.<last extension>, over a temporary name and a rename,
# on every start, and then opens it there. Two things follow. In a shared folder another user could put his library
# under that name, so `main.ts` sets TMPDIR to storage.directory/run (0700) by Deno.env.set before the first dlopen,
# which the extraction obeys, since it asks the environment each time. And libcrypto has to be opened before libssl:
# the new name is not the one that libssl asks the loader for, but a library that is loaded already is found by its soname.
# A code cache would be opened in TMPDIR before any line of ours runs: hence --no-code-cache.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

out=${1:-dist/postern}

# What the program may do; `postern` asks for nothing at run time (--no-prompt) and starts no other program (no --allow-run).
permissions=(
  --allow-net   # listens and connects wherever config.yaml says
  --allow-read  # certificates, keys and lists lie wherever config.yaml says
  --allow-write # storage.directory likewise
  # POSTERN_CONFIG: the configuration. TMPDIR: see above. SSL_CERT_FILE: the system's authorities.
  # LOG_*: read by the YAML parser, which fails where it may not look.
  --allow-env=POSTERN_CONFIG,TMPDIR,SSL_CERT_FILE,LOG_STREAM,LOG_TOKENS
  # The default of `hostname`; who owns storage.directory; which MX hosts are ourselves; how much of the disk is free.
  --allow-sys=hostname,uid,gid,networkInterfaces,statfs
  # Not limited to a path: a path is part of the binary's name, so a renamed binary would lose it,
  # and OpenSSL's callbacks need the right as a whole.
  --allow-ffi
)

# The system's libraries, copied to where src/openssl looks for them, native/ beside src/, for as long as the build takes:
# what stayed there would be used from source too, when the system's had long been updated.
libraries=${OPENSSL_LIBRARIES:-$(dirname "$(ldconfig -p | awk '/libcrypto\.so\.3 / && /x86-64|AArch64/ {print $NF; exit}')")}
fresh=$(dirname "$out")/.fresh
trap 'rm -rf "$fresh" native "$config"' EXIT
config=.compile.json # beside deno.json, so that its paths mean the same
rm -rf native
mkdir -p "$fresh" native/ossl-modules
for library in libcrypto.so.3 libssl.so.3 ossl-modules/legacy.so; do
  [[ -r $libraries/$library ]] || {
    echo "Cannot embed $library: $libraries has none; install libssl3 or set OPENSSL_LIBRARIES" >&2
    exit 1
  }
  cp -L "$libraries/$library" "native/$library"
done

include=(--include native)
for asset in config/config.yaml config/schema.json config/postern.service config/presets/*.yaml; do include+=(--include "$asset"); done
# A worker is reached by its URL alone, which the module graph does not see.
while read -r worker; do include+=(--include "$worker"); done < <(find src -name '*worker.ts' | sort)

# The compiler embeds every package that the configuration names, a browser's driver for the tests too: so it gets one that names
# those that the program imports. Types are the tests' business as well.
cp deno.lock "$fresh/deno.lock"
./denow run --quiet --allow-read=. --allow-write="$config" - "$config" <<'SCRIPT'
const sources: string[] = [Deno.readTextFileSync("main.ts")];
const read = (folder: string) => {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) read(`${folder}/${name}`);
    else if (/\.tsx?$/.test(name)) sources.push(Deno.readTextFileSync(`${folder}/${name}`));
  }
};
read("src");
const text = sources.join("\n");
const settings = JSON.parse(Deno.readTextFileSync("deno.json"));
for (const name of Object.keys(settings.imports)) {
  const imported = [`"${name}"`, `"${name}/`, ...name.endsWith("/") ? [`"${name}`] : []].some((word) => text.includes(word));
  if (!imported || name.startsWith("@types/")) delete settings.imports[name];
}
Deno.writeTextFileSync(Deno.args[0], JSON.stringify(settings));
SCRIPT

# Some dependency graphs overflow the compiler's stack (Deno 2.7.11).
export RUST_MIN_STACK=${RUST_MIN_STACK:-268435456}
# Made elsewhere and moved: a binary that runs cannot be written to, but it can be replaced.
# The young generation of the heap grows to 48 MB by default and never shrinks: 2 MB instead of 16 for each half costs no
# measurable speed and saves 21 MB with 1,000 idle TLS sessions (5 of them beside 4 MB).
./denow compile --quiet --no-check --config "$config" --lock "$fresh/deno.lock" --no-code-cache --no-prompt --v8-flags=--max-semi-space-size=2 "${permissions[@]}" "${include[@]}" \
  --output "$fresh/$(basename "$out")" main.ts
mv "$fresh/$(basename "$out")" "$out"

echo "$out: $(($(stat -c %s "$out") / 1000000)) MB, OpenSSL from $libraries"
echo "permissions: ${permissions[*]} --no-prompt"
