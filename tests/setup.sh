#!/usr/bin/env bash
# Installs what the tests need on Debian 12: real mail peers and tools. As root; quick when all is there.
#
# Nothing is started and the machine's mail is left alone: Postfix comes without a configuration of its own, and
# each test runs it from a folder that the test wrote.
set -euo pipefail

# One line a package: its name, then a file or command that shows that it is there.
needed=(
  "ca-certificates /etc/ssl/certs/ca-certificates.crt"
  "libssl3 libssl.so.3"                       # TLS of the gateway itself when it runs from source
  "openssl openssl"                           # s_client, s_server, certificates of the tests
  "swaks swaks"                               # SMTP sessions
  "libnet-ssleay-perl /usr/share/doc/libnet-ssleay-perl"   # … over STARTTLS
  "libnet-dns-perl /usr/share/doc/libnet-dns-perl"         # … which swaks loads for MX
  "libio-socket-inet6-perl /usr/share/doc/libio-socket-inet6-perl"   # … over IPv6
  "postfix postmulti"                         # next hop and sender
  "unbound unbound"                           # a resolver with zones of our own
  "sqlite3 sqlite3"                           # the queue as an operator reads it
  "strace strace"                             # which files a program opens, which syncs it makes
  "libfaketime /usr/share/doc/libfaketime"    # certificates that run out
  "libfiu0 /usr/share/doc/libfiu0"            # disks that fill up, calls that fail
  "fiu-utils fiu-run"
  "openjdk-17-jre-headless keytool"           # PKCS#12 as Java writes and reads it
  "pebble pebble"                             # an ACME authority
  "gnutls-bin danetool"                       # TLSA records, computed by somebody else
  "chromium chromium"                         # the admin page as a person sees it
  "rsyslog rsyslogd"                          # a log host
  "rsyslog-openssl /usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so"   # … over TLS
  "slapd slapd"                               # a directory
  "ldap-utils ldapsearch"                     # … as others ask it
  "procps ps"
)

# Is a command, a file or a shared library there?
there() {
  case $1 in
    /*) [[ -e $1 ]] ;;
    *.so.*) ldconfig -p | grep -q "$1" ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

PATH=$PATH:/usr/sbin:/sbin
missing=()
for line in "${needed[@]}"; do
  read -r package sign <<<"$line"
  there "$sign" || missing+=("$package")
done
# Deno comes by ./denow: the one on the PATH, else through npx.
command -v deno >/dev/null || command -v npm >/dev/null || missing+=(npm)

if ((${#missing[@]})); then
  ((EUID == 0)) || { echo "Cannot install ${missing[*]}: run this as root" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  if [[ " ${missing[*]} " == *" postfix "* ]]; then
    # Installing Postfix would take the place of another mail server; that is its owner's decision.
    other=$(dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Provides}\n' | awk '/^ii.* mail-transport-agent/ {print $2; exit}')
    [[ -z $other ]] || { echo "Cannot install postfix: $other is this machine's mail server" >&2; exit 1; }
    command -v debconf-set-selections >/dev/null &&
      echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
  fi
  # A package that ships a service would start it; 101 is policy-rc.d's "no".
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap 'rm -f $policy' EXIT
  fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if ! command -v deno >/dev/null && ((EUID == 0)); then
  npm install --global --silent deno@2.7.11
fi
