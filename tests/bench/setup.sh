#!/bin/bash
# Installs the peers of the benchmark under /opt/peers (nothing is started, nothing system-wide is configured except
# the system users the packages would create), builds the tools, makes the certificates.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
apt-get update -qq
apt-get install -y -qq --no-install-recommends gcc libc6-dev libssl-dev patchelf libidn12 libdb5.3 libicu72 libnsl2 libsasl2-2 libgnutls-dane0 libgnutls30 libpcre2-8-0 libevent-2.1-7 openssl strace >/dev/null
mkdir -p /opt/peers/debs /opt/peers/{postfix,exim,opensmtpd,haraka}
cd /opt/peers/debs; chown _apt . || true
[ -n "$(ls postfix_*.deb 2>/dev/null)" ] || apt-get download postfix exim4-daemon-light exim4-base opensmtpd
dpkg -x postfix_*.deb ../postfix
dpkg -x exim4-base_*.deb ../exim; dpkg -x exim4-daemon-light_*.deb ../exim
dpkg -x opensmtpd_*.deb ../opensmtpd
# Postfix's binaries look for their libraries in /usr/lib/postfix: point them at this tree
for f in ../postfix/usr/sbin/* ../postfix/usr/lib/postfix/sbin/* ../postfix/usr/lib/postfix/*.so; do
  if readelf -d "$f" 2>/dev/null | grep -q 'RUNPATH.*/usr/lib/postfix'; then patchelf --set-rpath /opt/peers/postfix/usr/lib/postfix "$f"; fi
done
getent group postdrop >/dev/null || groupadd --system postdrop
u() { getent passwd "$1" >/dev/null || useradd --system --user-group --no-create-home --home-dir "$2" --shell /usr/sbin/nologin "$1"; }
u postfix /opt/peers/postfix/spool; u Debian-exim /opt/peers/exim/spool; u opensmtpd /var/lib/opensmtpd/empty; u opensmtpq /var/lib/opensmtpd/empty
mkdir -p /var/lib/opensmtpd/empty && chown root:root /var/lib/opensmtpd/empty && chmod 755 /var/lib/opensmtpd/empty
mkdir -p /etc/exim4; echo /opt/peers/exim/exim.conf > /etc/exim4/trusted_configs   # lets exim -C keep root
# Haraka; libmime pinned
cd /opt/peers/haraka
[ -d node_modules/Haraka ] || { echo '{"name":"haraka-bench","version":"1.0.0","private":true,"dependencies":{"Haraka":"3.3.4"},"overrides":{"libmime":"5.4.3"}}' > package.json; npm install --omit=dev --no-audit --no-fund >/dev/null; }
cd "$HERE"
make -s -C tools
mkdir -p certs; cd certs
san='subjectAltName=DNS:localhost,IP:127.0.0.1'
[ -f ecdsa.crt ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ecdsa.key -out ecdsa.crt -days 3650 -subj /CN=localhost -addext $san 2>/dev/null
[ -f rsa.crt ] || openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.crt -days 3650 -subj /CN=localhost -addext $san 2>/dev/null
chmod 600 *.key
echo setup done
