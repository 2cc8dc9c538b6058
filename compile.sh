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
#
# Why it is bundled first: everything that is embedded is read into memory at the start of every process and stays there, and
# `deno compile` embeds each package whole, types, maps and unused languages included, and each source three times (as written,
# as JavaScript, as a map). A bundle has what is reached, once, and in ASCII, which costs V8 a byte a character: 107 MB instead of 127, a
# resident set that is 25 MB smaller, and the fewer modules start sooner. It is not minified, so that a stack trace has names.
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

fresh=$(dirname "$out")/.fresh.$$
trap 'rm -rf "$fresh"' EXIT
tree=$fresh/tree bundle=$fresh/bundle
mkdir -p "$tree" "$bundle/native/ossl-modules" "$bundle/config"
cp -R main.ts src deno.json deno.lock "$tree"

# The system's libraries, to where src/openssl looks for them.
libraries=${OPENSSL_LIBRARIES:-$(dirname "$(ldconfig -p | awk '/libcrypto\.so\.3 / && /x86-64|AArch64/ {print $NF; exit}')")}
for library in libcrypto.so.3 libssl.so.3 ossl-modules/legacy.so; do
  [[ -r $libraries/$library ]] || {
    echo "Cannot embed $library: $libraries has none; install libssl3 or set OPENSSL_LIBRARIES" >&2
    exit 1
  }
  cp -L "$libraries/$library" "$bundle/native/$library"
done
cp -R config/config.yaml config/schema.json config/postern.service config/presets "$bundle/config"

# All modules of the bundle lie in one folder, and what a source names beside itself has to be named from there. A worker is reached by its
# URL alone: each is an entry of its own. Prints the entries.
entries=$(./denow run --quiet --allow-read="$tree" --allow-write="$tree" - "$tree" <<'SCRIPT'
const [tree] = Deno.args;
const entries: string[] = ["main.ts"];
const convert = (folder: string) => {
  for (const { name, isDirectory } of Deno.readDirSync(`${tree}/${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) {
      convert(path);
      continue;
    }
    if (name.endsWith("worker.ts")) {
      if (entries.includes(name)) throw new Error(`Cannot bundle ${path}: another worker has its name`);
      Deno.writeTextFileSync(`${tree}/${name}`, `import "./${path}";\n`);
      entries.push(name);
    }
    if (!/\.tsx?$/.test(name)) continue;
    const text = Deno.readTextFileSync(`${tree}/${path}`);
    const moved = text.replaceAll(/new URL\("([^"]+)", import\.meta\.url\)/g, (_, to: string) => {
      const file = new URL(to, `file:///${path}`).pathname.slice(1);
      return `new URL("./${file.replace(/^.*\/([^/]*worker)\.ts$/, "$1.js")}", import.meta.url)`;
    });
    if (moved !== text) Deno.writeTextFileSync(`${tree}/${path}`, moved);
  }
};
convert("src");
console.log(entries.join(" "));
SCRIPT
)

read -ra names <<<"$entries"
./denow bundle --quiet --no-check --frozen --config "$tree/deno.json" --lock "$tree/deno.lock" --code-splitting --conditions module --outdir "$bundle" "${names[@]/#/$tree/}"
# What the packages' licences demand: their texts, beside the binary and in it (`postern licenses`).
terms=$(ls "$libraries"/../LICENSE.txt /usr/share/doc/libssl3*/copyright /usr/share/licenses/openssl*/LICENSE.txt 2>/dev/null | head -n 1 || true)
./denow run --quiet --allow-read --allow-write="$bundle" - "$bundle" "$bundle/config/THIRD-PARTY-NOTICES" "$terms" <<'SCRIPT'
import { writeNotices } from "./src/cli/notices.ts";
const [bundle, out, openssl] = Deno.args;
console.log(`THIRD-PARTY-NOTICES: ${writeNotices(bundle, { out, openssl })} packages`);
SCRIPT
include=(--include "$bundle/native" --include "$bundle/config")
for name in "${names[@]:1}"; do include+=(--include "$bundle/${name%.ts}.js"); done
# Packages are in the bundle: the compiler shall look for none.
echo '{ "unstable": ["net"], "nodeModulesDir": "none" }' >"$bundle/deno.json"

# Some dependency graphs overflow the compiler's stack (Deno 2.7.11).
export RUST_MIN_STACK=${RUST_MIN_STACK:-268435456}
# Made elsewhere and moved: a binary that runs cannot be written to, but it can be replaced.
# The young generation of the heap grows to 48 MB by default and never shrinks: 2 MB instead of 16 for each half costs no
# measurable speed and saves 21 MB with 1,000 idle TLS sessions (5 of them beside 4 MB).
./denow compile --quiet --no-check --no-npm --no-lock --config "$bundle/deno.json" --no-code-cache --no-prompt --v8-flags=--max-semi-space-size=2 \
  "${permissions[@]}" "${include[@]}" --output "$fresh/$(basename "$out")" "$bundle/main.js"
mv "$fresh/$(basename "$out")" "$out"
mv "$bundle/config/THIRD-PARTY-NOTICES" "$(dirname "$out")/THIRD-PARTY-NOTICES"

echo "$out: $(($(stat -c %s "$out") / 1000000)) MB, OpenSSL from $libraries"
echo "permissions: ${permissions[*]} --no-prompt"
