#!/bin/sh
# Valkey as Debian packages it, for the user of the official image.
set -eu

groupadd --system --gid 999 valkey
useradd --system --uid 999 --gid valkey --no-create-home --home-dir /data valkey
apt-get update -qq
apt-get install -qq -y --no-install-recommends valkey-server valkey-tools
install -d -o valkey -g valkey -m 1777 /data /run/valkey
# The official image starts from a Debian without certificates, whose package brings the first, and compiles Valkey, whose
# package brings the others.
rm -f /usr/bin/openssl /usr/bin/c_rehash /usr/sbin/update-ca-certificates
rm -f /usr/sbin/adduser /usr/sbin/addgroup /usr/sbin/deluser /usr/sbin/delgroup
